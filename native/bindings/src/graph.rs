//! `check_graph`, `Plan` and `Run`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use graphbit_kernel::clock::Time;
use graphbit_kernel::error::Error;
use graphbit_kernel::graph::{self as kernel, Activation, FrameReport, Limits, Options, Stage};
use pyo3::prelude::*;

use crate::guard::{Home, guarded};
use crate::plan::{PyScope, scope_specs};
use crate::settlement::{PySettlement, settlements};
use crate::story::{PyEvent, py_events};

type PyFinding = (&'static str, usize, Option<usize>, String);
type PyReport = (&'static str, Option<f64>, Option<f64>, Option<&'static str>, u32);
type PyTaken = (u64, usize, &'static str, u32);
type PyDisposition = (u64, &'static str, Option<String>);

/// Every structural fault, in order of scope and node; an empty list means that Plan() will succeed.
#[pyfunction]
pub fn check_graph(py: Python<'_>, scopes: Vec<PyScope>) -> PyResult<Vec<PyFinding>> {
    let findings = guarded(py, || Ok(kernel::check(&scope_specs(scopes)?)))?.into_iter();
    Ok(findings.map(|one| (one.code.as_str(), one.scope, one.node, one.detail)).collect())
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
    fn new(py: Python<'_>, scopes: Vec<PyScope>) -> PyResult<Self> {
        let plan = guarded(py, || Ok(kernel::Plan::new(scope_specs(scopes)?)?))?;
        Ok(Plan { inner: Arc::new(plan), home: Home::here() })
    }

    /// Indexes of a scope's nodes in topological order, ties by declaration.
    fn order(&self, py: Python<'_>, scope: usize) -> PyResult<Vec<usize>> {
        self.enter(py, |plan| Ok(plan.checked_scope(scope)?.order().to_vec()))
    }

    /// All nodes of a scope from which ``node`` can be reached, in topological order.
    fn ancestors(&self, py: Python<'_>, scope: usize, node: usize) -> PyResult<Vec<usize>> {
        self.enter(py, |plan| Ok(plan.checked_scope(scope)?.ancestors(node)?))
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
    #[pyo3(signature = (plan, *, max_concurrency, type_limits, resource_limits, on_error, deadline, seed, record_events))]
    #[expect(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        plan: &Bound<'_, Plan>,
        max_concurrency: usize,
        type_limits: HashMap<String, usize>,
        resource_limits: HashMap<String, usize>,
        on_error: &str,
        deadline: Option<f64>,
        seed: u64,
        record_events: bool,
    ) -> PyResult<Self> {
        let plan = plan.get();
        let limits = Limits { run: max_concurrency, kinds: type_limits, resources: resource_limits };
        let deadline = deadline.map(Time::from_secs_f64);
        let run = plan.home.enter(py, "Plan", || {
            let options = Options { limits, on_error: on_error.parse()?, deadline, seed, record_events };
            Ok(kernel::Run::new(Arc::clone(&plan.inner), &options)?)
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

    /// All that starts now, in order of admission.
    fn take(&self, py: Python<'_>, now: f64) -> PyResult<Vec<PyTaken>> {
        let taken = self.enter(py, |run| Ok(run.take(Time::from_secs_f64(now))))?;
        let one = |one: kernel::Taken| (one.activation.0, one.body, Stage::as_str(one.stage), one.attempt);
        Ok(taken.into_iter().map(one).collect())
    }

    /// Ends stages, once each; returns what became of each failure.
    fn settle(&self, py: Python<'_>, settled: Vec<PySettlement>, now: f64) -> PyResult<Vec<PyDisposition>> {
        let settled = settlements(settled)?;
        self.enter(py, |run| {
            let told = run.settle(settled?, Time::from_secs_f64(now))?.into_iter();
            Ok(told.map(|one| (one.activation.0, one.handled.as_str(), one.text)).collect())
        })
    }

    /// Frames that ended since the last call, in the order they did.
    fn ended_frames(&self, py: Python<'_>) -> PyResult<Vec<(u64, u64, u64, &'static str)>> {
        let one = |one: FrameReport| {
            let container = one.container.map_or(0, |container| container.0);
            (one.number, container, one.index, one.outcome.as_str())
        };
        self.enter(py, |run| Ok(run.ended_frames().into_iter().map(one).collect()))
    }

    /// The container's activation (-1 for the root), index, scope and path of a frame.
    fn frame(&self, py: Python<'_>, frame: u64) -> PyResult<(i64, u64, usize, String)> {
        self.enter(py, |run| {
            let (one, path) = run.frame(frame)?;
            let container = one.container.map_or(-1, |container| container.0 as i64);
            Ok((container, one.index, one.scope, path.to_string()))
        })
    }

    /// Live in-edges, as indexes of the scope's edges, in order of declaration.
    fn live_edges(&self, py: Python<'_>, activation: u64) -> PyResult<Vec<usize>> {
        self.enter(py, |run| Ok(run.live_edges(Activation(activation))?))
    }

    /// All in-edges with what became of them.
    fn in_edges(&self, py: Python<'_>, activation: u64) -> PyResult<Vec<(usize, &'static str)>> {
        self.enter(py, |run| {
            let edges = run.in_edges(Activation(activation))?;
            Ok(edges.map(|(edge, state)| (edge, state.as_str())).collect())
        })
    }

    /// Stops admission, cancels what is ready and all timers; returns what still runs, in all frames.
    fn cancel(&self, py: Python<'_>, reason: &str, now: f64) -> PyResult<Vec<u64>> {
        let running = self.enter(py, |run| Ok(run.cancel(reason, Time::from_secs_f64(now))))?;
        Ok(running.into_iter().map(|activation| activation.0).collect())
    }

    /// Lets nothing new begin, and waits end; what runs may end.
    fn drain(&self, py: Python<'_>, reason: &str, now: f64) -> PyResult<()> {
        self.enter(py, |run| {
            run.drain(reason, Time::from_secs_f64(now));
            Ok(())
        })
    }

    /// Activations to stop, and why; each is told once.
    fn to_cancel(&self, py: Python<'_>) -> PyResult<Vec<(u64, &'static str)>> {
        let asked = self.enter(py, |run| Ok(run.take_to_cancel()))?.into_iter();
        Ok(asked.map(|(activation, ask)| (activation.0, ask.as_str())).collect())
    }

    /// When ``take`` should be called again although nothing settled.
    fn next_timer(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        self.enter(py, |run| Ok(run.next_timer().map(Time::as_secs_f64)))
    }

    /// None while anything is unsettled, else how the run ended.
    fn status(&self, py: Python<'_>) -> PyResult<Option<&'static str>> {
        self.enter(py, |run| Ok(run.status().map(kernel::Outcome::as_str)))
    }

    /// The state of one activation.
    fn state(&self, py: Python<'_>, activation: u64) -> PyResult<&'static str> {
        self.enter(py, |run| Ok(run.state_of(Activation(activation))?.as_str()))
    }

    /// Per node of the root frame: state, started, settled, skip reason, attempts.
    fn states(&self, py: Python<'_>) -> PyResult<Vec<PyReport>> {
        let report = |report: kernel::ActivationReport| {
            let reason = report.skip_reason().map(kernel::DeadReason::as_str);
            let [started, settled] = [report.started, report.settled].map(|at| at.map(Time::as_secs_f64));
            (report.state.as_str(), started, settled, reason, report.attempts)
        };
        self.enter(py, |run| Ok(run.reports().map(report).collect()))
    }

    /// The events since the last call.
    fn events<'py>(&self, py: Python<'py>) -> PyResult<Vec<PyEvent<'py>>> {
        let (events, plan) = self.enter(py, |run| Ok((run.events(), Arc::clone(run.plan()))))?;
        py_events(py, &plan, events)
    }

    /// The next ``seq``, for an event that the driver adds itself after publishing ``events()``.
    fn take_seq(&self, py: Python<'_>) -> PyResult<u64> {
        self.enter(py, |run| Ok(run.take_seq()))
    }
}
