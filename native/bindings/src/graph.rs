//! `check_graph`, `Plan` and `Run`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use graphbit_kernel::clock::Time;
use graphbit_kernel::error::Error;
use graphbit_kernel::graph::{
    self as kernel, Activation, EdgeSpec, Event, GraphError, Limits, NodeSpec, Settled, Settlement, What,
};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::guard::{Home, guarded};

type PlanNode = (String, String, Option<f64>);
type PlanEdge = (usize, usize, Option<String>);
type PySettlement = (usize, String, Option<Vec<String>>, Option<String>);
type PyEvent<'py> = (u64, f64, &'static str, Option<usize>, Bound<'py, PyDict>);
type PyFinding = (&'static str, Option<usize>, String);
type PyReport = (&'static str, Option<f64>, Option<f64>, Option<&'static str>);

fn specs(nodes: Vec<PlanNode>, edges: Vec<PlanEdge>) -> (Vec<NodeSpec>, Vec<EdgeSpec>) {
    let nodes = nodes.into_iter().map(|(id, kind, delay)| NodeSpec { id, kind, delay });
    let edges = edges.into_iter().map(|(from, to, label)| EdgeSpec { from, to, label });
    (nodes.collect(), edges.collect())
}

/// Every structural fault, in order of node; an empty list means that Plan() will succeed.
#[pyfunction]
pub fn check_graph(py: Python<'_>, nodes: Vec<PlanNode>, edges: Vec<PlanEdge>) -> PyResult<Vec<PyFinding>> {
    let (nodes, edges) = specs(nodes, edges);
    let findings = guarded(py, || Ok(kernel::check(&nodes, &edges)))?.into_iter();
    Ok(findings.map(|finding| (finding.code.as_str(), finding.node, finding.detail)).collect())
}

/// A validated graph, shared by any number of runs. ValidationError if check_graph finds faults.
#[pyclass(frozen, module = "graphbit_core._native")]
pub struct Plan {
    inner: Arc<kernel::Plan>,
    home: Home,
}

impl Plan {
    fn enter<T>(&self, py: Python<'_>, work: impl FnOnce(&kernel::Plan) -> Result<T, Error>) -> PyResult<T> {
        self.home.enter(py, "Plan", || work(&self.inner))
    }
}

#[pymethods]
impl Plan {
    #[new]
    fn new(py: Python<'_>, nodes: Vec<PlanNode>, edges: Vec<PlanEdge>) -> PyResult<Self> {
        let (nodes, edges) = specs(nodes, edges);
        let plan = guarded(py, || Ok(kernel::Plan::new(nodes, edges)?))?;
        Ok(Plan { inner: Arc::new(plan), home: Home::here() })
    }

    /// Indexes in topological order, ties by declaration.
    fn order(&self, py: Python<'_>) -> PyResult<Vec<usize>> {
        self.enter(py, |plan| Ok(plan.order().to_vec()))
    }

    /// All nodes from which ``node`` can be reached, in topological order.
    fn ancestors(&self, py: Python<'_>, node: usize) -> PyResult<Vec<usize>> {
        self.enter(py, |plan| Ok(plan.ancestors(node)?))
    }
}

/// The state machine of one run: counters, edges, timers, permits. It never calls Python.
#[pyclass(frozen, module = "graphbit_core._native")]
pub struct Run {
    inner: Mutex<kernel::Run>,
    home: Home,
}

impl Run {
    /// Locked for one call into the kernel, which never attaches to Python: it cannot wait for itself.
    fn enter<T>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut kernel::Run) -> Result<T, Error>,
    ) -> PyResult<T> {
        let lock = || self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        self.home.enter(py, "Run", || work(&mut lock()))
    }
}

#[pymethods]
impl Run {
    #[new]
    fn new(
        py: Python<'_>,
        plan: &Bound<'_, Plan>,
        max_concurrency: usize,
        type_limits: HashMap<String, usize>,
        on_error: &str,
    ) -> PyResult<Self> {
        let plan = plan.get();
        let limits = Limits { run: max_concurrency, kinds: type_limits };
        let run = plan.home.enter(py, "Plan", || {
            Ok(kernel::Run::new(Arc::clone(&plan.inner), &limits, on_error.parse()?)?)
        })?;
        Ok(Run { inner: Mutex::new(run), home: Home::here() })
    }

    /// Makes the first nodes ready.
    fn start(&self, py: Python<'_>, now: f64) -> PyResult<()> {
        self.enter(py, |run| {
            run.start(Time::from_secs_f64(now));
            Ok(())
        })
    }

    /// Activations with a Python body that start now, in order of admission.
    fn take(&self, py: Python<'_>, now: f64) -> PyResult<Vec<usize>> {
        self.enter(py, |run| Ok(indexes(run.take(Time::from_secs_f64(now)))))
    }

    /// Ends activations, once each; returns those whose choice was impossible, with the error.
    fn settle(
        &self,
        py: Python<'_>,
        settlements: Vec<PySettlement>,
        now: f64,
    ) -> PyResult<Vec<(usize, String)>> {
        self.enter(py, |run| {
            let settlements = settlements.into_iter().map(settlement).collect::<Result<Vec<_>, _>>()?;
            let misled = run.settle(settlements, Time::from_secs_f64(now))?;
            Ok(misled.into_iter().map(|(activation, error)| (activation.0, error)).collect())
        })
    }

    /// Predecessors whose edge to ``node`` is live, in edge order.
    fn live_parents(&self, py: Python<'_>, node: usize) -> PyResult<Vec<usize>> {
        self.enter(py, |run| Ok(run.live_parents(node)?))
    }

    /// Stops admission, cancels what is ready and all delays; returns what still runs.
    fn cancel(&self, py: Python<'_>, reason: &str, now: f64) -> PyResult<Vec<usize>> {
        self.enter(py, |run| Ok(indexes(run.cancel(reason, Time::from_secs_f64(now)))))
    }

    /// Running activations that a failure under ``fail_fast`` asks to cancel; each is told once.
    fn to_cancel(&self, py: Python<'_>) -> PyResult<Vec<usize>> {
        self.enter(py, |run| Ok(indexes(run.take_to_cancel())))
    }

    /// When ``take`` should be called again although nothing settled.
    fn next_timer(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        self.enter(py, |run| Ok(run.next_timer().map(Time::as_secs_f64)))
    }

    /// None while anything is unsettled, else ``succeeded``, ``failed`` or ``cancelled``.
    fn status(&self, py: Python<'_>) -> PyResult<Option<&'static str>> {
        self.enter(py, |run| Ok(run.status().map(kernel::Outcome::as_str)))
    }

    /// The state of one node.
    fn state(&self, py: Python<'_>, node: usize) -> PyResult<&'static str> {
        self.enter(py, |run| Ok(run.state_of(node)?.as_str()))
    }

    /// Per node: state, time it started, time it settled, and for ``skipped`` the edge's reason.
    fn states(&self, py: Python<'_>) -> PyResult<Vec<PyReport>> {
        let report = |report: kernel::ActivationReport| {
            let reason = report.skip_reason().map(kernel::DeadReason::as_str);
            let [started, settled] = [report.started, report.settled].map(|at| at.map(Time::as_secs_f64));
            (report.state.as_str(), started, settled, reason)
        };
        self.enter(py, |run| Ok(run.reports().map(report).collect()))
    }

    /// The events since the last call.
    fn events<'py>(&self, py: Python<'py>) -> PyResult<Vec<PyEvent<'py>>> {
        let (events, plan) = self.enter(py, |run| Ok((run.events(), Arc::clone(run.plan()))))?;
        events.into_iter().map(|event| py_event(py, &plan, event)).collect()
    }

    /// The next ``seq``, for an event that the driver adds itself after publishing ``events()``.
    fn take_seq(&self, py: Python<'_>) -> PyResult<u64> {
        self.enter(py, |run| Ok(run.take_seq()))
    }
}

fn indexes(activations: Vec<Activation>) -> Vec<usize> {
    activations.into_iter().map(|activation| activation.0).collect()
}

fn settlement((activation, outcome, chosen, error): PySettlement) -> Result<Settlement, GraphError> {
    let settled = match outcome.as_str() {
        "succeeded" => Settled::Succeeded(chosen),
        "failed" => Settled::Failed(error.unwrap_or_default()),
        "cancelled" => Settled::Cancelled,
        _ => return Err(GraphError::UnknownOutcome(outcome)),
    };
    Ok(Settlement { activation: Activation(activation), settled })
}

fn py_event<'py>(py: Python<'py>, plan: &kernel::Plan, event: Event) -> PyResult<PyEvent<'py>> {
    let data = PyDict::new(py);
    let name = event.what.name();
    let node = match event.what {
        What::RunStarted => None,
        What::RunEnded(_, reason) => {
            if let Some(reason) = reason {
                data.set_item(intern!(py, "reason"), reason)?;
            }
            None
        }
        What::NodeReady(one) | What::NodeStarted(one) | What::NodeSucceeded(one) => Some(one.0),
        What::NodeCancelled(one) | What::TimerFired(one) => Some(one.0),
        What::NodeFailed(one, error) => {
            data.set_item(intern!(py, "error"), error)?;
            Some(one.0)
        }
        What::NodeSkipped(one, reason) => {
            data.set_item(intern!(py, "reason"), reason.as_str())?;
            Some(one.0)
        }
        What::TimerStarted(one, due) => {
            data.set_item(intern!(py, "seconds"), due.since(event.at).as_secs_f64())?;
            Some(one.0)
        }
        What::EdgeLive(edge) => Some(describe_edge(&data, plan, edge)?),
        What::EdgeDead(edge, reason) => {
            data.set_item(intern!(py, "reason"), reason.as_str())?;
            Some(describe_edge(&data, plan, edge)?)
        }
    };
    Ok((event.seq, event.at.as_secs_f64(), name, node, data))
}

/// Names both ends of an edge; returns the node it leaves.
fn describe_edge(data: &Bound<'_, PyDict>, plan: &kernel::Plan, edge: usize) -> PyResult<usize> {
    let py = data.py();
    let edge = plan.edge(edge);
    data.set_item(intern!(py, "source"), &plan.node(edge.from).id)?;
    data.set_item(intern!(py, "target"), &plan.node(edge.to).id)?;
    if let Some(label) = &edge.label {
        data.set_item(intern!(py, "label"), label)?;
    }
    Ok(edge.from)
}
