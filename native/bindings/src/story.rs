//! Events of a run for Python.

use graphbit_kernel::graph::{self as kernel, Event, Handled, Subject, What};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// `seq`, `now`, type, activation, its path, attempt, data.
pub type PyEvent<'py> = (u64, f64, &'static str, Option<u64>, Option<String>, u32, Bound<'py, PyDict>);

/// The events as Python sees them; names of nodes come from the plan.
pub fn py_events<'py>(
    py: Python<'py>,
    plan: &kernel::Plan,
    events: Vec<Event>,
) -> PyResult<Vec<PyEvent<'py>>> {
    events.into_iter().map(|event| py_event(py, plan, event)).collect()
}

fn py_event<'py>(py: Python<'py>, plan: &kernel::Plan, event: Event) -> PyResult<PyEvent<'py>> {
    let data = PyDict::new(py);
    let name = event.what.name();
    let scope = event.subject.as_ref().map(|subject| plan.scope(subject.scope));
    fill(&data, scope, event.what)?;
    let (mut activation, mut path, mut attempt) = (None, None, 0);
    if let Some((subject, scope)) = event.subject.zip(scope) {
        let Subject { activation: one, frame_path, attempt: number, .. } = subject;
        let id = &scope.node(one.node()).id;
        path = Some(if frame_path.is_empty() { id.clone() } else { format!("{frame_path}/{id}") });
        (activation, attempt) = (Some(one.0), number);
    }
    Ok((event.seq, event.at.as_secs_f64(), name, activation, path, attempt, data))
}

fn fill(data: &Bound<'_, PyDict>, scope: Option<&kernel::Scope>, what: What) -> PyResult<()> {
    let py = data.py();
    let id = |node: usize| scope.map(|scope| scope.node(node).id.as_str());
    match what {
        What::RunEnded(outcome, reason) => {
            if let Some(reason) = reason {
                data.set_item(intern!(py, "reason"), reason)?;
            }
            if outcome == kernel::Outcome::SucceededDegraded {
                data.set_item(intern!(py, "degraded"), true)?;
            }
        }
        What::NodeStarted(Some(node)) => data.set_item(intern!(py, "fallback"), id(node))?,
        What::NodeRetrying { attempt, delay, error, fallback } => {
            data.set_item(intern!(py, "attempt"), attempt)?;
            data.set_item(intern!(py, "delay"), delay.as_secs_f64())?;
            data.set_item(intern!(py, "error"), error)?;
            if let Some(node) = fallback {
                data.set_item(intern!(py, "fallback"), id(node))?;
            }
        }
        What::NodeDegraded(Some((error, handled))) | What::NodeFailed(error, handled) => {
            data.set_item(intern!(py, "error"), error)?;
            if handled != Handled::Failed {
                data.set_item(intern!(py, "handled"), handled.as_str())?;
            }
        }
        What::NodeSkipped(reason) => data.set_item(intern!(py, "reason"), reason.as_str())?,
        What::NodeCompensated(Some(error)) => data.set_item(intern!(py, "error"), error)?,
        What::EdgeLive(edge) => fill_edge(data, scope, edge)?,
        What::EdgeDead(edge, reason) => {
            data.set_item(intern!(py, "reason"), reason.as_str())?;
            fill_edge(data, scope, edge)?;
        }
        What::MapStarted(count, more) => {
            data.set_item(intern!(py, "count"), count)?;
            data.set_item(intern!(py, "more"), more)?;
        }
        What::MapItem(index, outcome) => {
            data.set_item(intern!(py, "index"), index)?;
            data.set_item(intern!(py, "state"), outcome.as_str())?;
        }
        What::MapCompleted(count) => data.set_item(intern!(py, "count"), count)?,
        What::LoopIteration(iteration) => data.set_item(intern!(py, "iteration"), iteration)?,
        What::TimerStarted(delay) => data.set_item(intern!(py, "seconds"), delay.as_secs_f64())?,
        _ => {}
    }
    Ok(())
}

/// Names both ends of an edge.
fn fill_edge(data: &Bound<'_, PyDict>, scope: Option<&kernel::Scope>, edge: usize) -> PyResult<()> {
    let py = data.py();
    let Some((scope, edge)) = scope.map(|scope| (scope, scope.edge(edge))) else { return Ok(()) };
    data.set_item(intern!(py, "source"), &scope.node(edge.from).id)?;
    data.set_item(intern!(py, "target"), &scope.node(edge.to).id)?;
    if let Some(label) = &edge.label {
        data.set_item(intern!(py, "label"), label)?;
    }
    Ok(())
}
