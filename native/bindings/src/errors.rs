//! The one place where kernel errors become Python exceptions.

use graphbit_kernel::error::Error;
use graphbit_kernel::graph::GraphError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The exception for `error`. `attempts`: how many a call made, where there was one.
pub fn to_py(py: Python<'_>, error: &Error, attempts: Option<u32>) -> PyErr {
    if let Error::Graph(error) = error {
        return graph_error(py, error);
    }
    build(py, error, attempts).unwrap_or_else(|broken| broken)
}

fn build(py: Python<'_>, error: &Error, attempts: Option<u32>) -> PyResult<PyErr> {
    let facts = PyDict::new(py);
    let class = facts_of(error, &facts)?;
    if let Some(attempts) = attempts.filter(|_| knows_attempts(error)) {
        facts.set_item("attempts", attempts)?;
    }
    let class = py.import("graphbit_core.errors")?.getattr(class)?;
    Ok(PyErr::from_value(class.call((error.to_string(),), Some(&facts))?))
}

/// Names the class and fills in its facts.
fn facts_of(error: &Error, facts: &Bound<'_, PyDict>) -> PyResult<&'static str> {
    Ok(match error {
        Error::Config { setting, .. } => {
            facts.set_item("setting", setting)?;
            "ConfigError"
        }
        Error::Validation { field, .. } => {
            facts.set_item("field", field)?;
            "ValidationError"
        }
        Error::Transport { phase, .. } => {
            facts.set_item("phase", phase.as_str())?;
            "TransportError"
        }
        Error::Interrupted { phase, .. } => {
            facts.set_item("phase", phase.as_str())?;
            "StreamInterruptedError"
        }
        Error::Deadline { phase, timeout } => {
            facts.set_item("phase", phase.as_str())?;
            facts.set_item("timeout", timeout.as_secs_f64())?;
            "DeadlineError"
        }
        Error::CircuitOpen { retry_after, .. } => {
            facts.set_item("retry_after", retry_after.as_secs_f64())?;
            "CircuitOpenError"
        }
        Error::Decode { status, .. } => {
            facts.set_item("status", status)?;
            "DecodeError"
        }
        Error::Exhausted { resource, limit, .. } => {
            facts.set_item("resource", resource)?;
            facts.set_item("limit", *limit as f64)?;
            "ResourceExhaustedError"
        }
        Error::Shed { limit, .. } => {
            facts.set_item("resource", "queue_delay")?;
            facts.set_item("limit", limit.as_secs_f64())?;
            "ResourceExhaustedError"
        }
        Error::Egress { host, reason, .. } => {
            facts.set_item("host", host)?;
            facts.set_item("reason", reason)?;
            "EgressError"
        }
        Error::Graph(_) => "ValidationError",
        Error::Fork { .. } => "ForkError",
        Error::Internal(_) => "InternalError",
    })
}

fn knows_attempts(error: &Error) -> bool {
    use Error::{Config, Fork, Graph, Internal, Validation};
    !matches!(error, Config { .. } | Validation { .. } | Graph(_) | Fork { .. } | Internal(_))
}

/// One entry of `ValidationError.findings`: code, message, fix, node.
type Finding = (&'static str, String, &'static str, Option<String>);

/// `graphbit_core.errors.ValidationError`; if it cannot be built, the reason for that.
fn validation_error(py: Python<'_>, message: &str, field: Option<&str>, findings: Vec<Finding>) -> PyErr {
    let build = || -> PyResult<Bound<'_, PyAny>> {
        let errors = py.import("graphbit_core.errors")?;
        let facts = PyDict::new(py);
        facts.set_item("field", field)?;
        if !findings.is_empty() {
            let finding = errors.getattr("Finding")?;
            let all: PyResult<Vec<_>> = findings.into_iter().map(|facts| finding.call1(facts)).collect();
            facts.set_item("findings", all?)?;
        }
        errors.getattr("ValidationError")?.call((message,), Some(&facts))
    };
    build().map_or_else(|error| error, PyErr::from_value)
}

/// A wrong graph or a wrong argument to a run.
fn graph_error(py: Python<'_>, error: &GraphError) -> PyErr {
    let message = error.to_string();
    let field = error.field();
    let findings = match error {
        GraphError::Invalid(findings) => {
            findings.iter().map(|one| (one.code.as_str(), one.message(), one.fix(), one.id.clone())).collect()
        }
        _ => Vec::new(),
    };
    validation_error(py, &message, field, findings)
}
