//! The one place where kernel errors become Python exceptions.

use graphbit_kernel::error::Error;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The exception for `error`. `attempts`: how many a call made, where there was one.
pub fn to_py(py: Python<'_>, error: &Error, attempts: Option<u32>) -> PyErr {
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
        Error::Fork { .. } => "ForkError",
        Error::Internal(_) => "InternalError",
    })
}

fn knows_attempts(error: &Error) -> bool {
    use Error::{Config, Fork, Internal, Validation};
    !matches!(error, Config { .. } | Validation { .. } | Fork { .. } | Internal(_))
}
