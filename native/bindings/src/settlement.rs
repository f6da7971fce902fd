//! Settlements from Python.

use graphbit_kernel::graph::{Activation, Choice, Failure, GraphError, Settled, Settlement};
use pyo3::prelude::*;
use pyo3::types::PyAny;

/// Activation, outcome, detail.
pub type PySettlement<'py> = (u64, String, Bound<'py, PyAny>);

/// The settlements as the kernel has them. The outer error: a detail has the wrong type.
pub fn settlements(settled: Vec<PySettlement<'_>>) -> PyResult<Result<Vec<Settlement>, GraphError>> {
    let mut all = Vec::with_capacity(settled.len());
    for (activation, outcome, detail) in settled {
        let settled = match outcome.as_str() {
            "succeeded" => Settled::Succeeded(choice(&detail)?),
            "failed" => {
                let (text, retryable, retry_after) = detail.extract()?;
                Settled::Failed(Failure { text, retryable, retry_after })
            }
            "cancelled" => Settled::Cancelled,
            "opened" => {
                let (count, more) = detail.extract()?;
                Settled::Opened { count, more }
            }
            _ => return Ok(Err(GraphError::UnknownOutcome(outcome))),
        };
        all.push(Settlement { activation: Activation(activation), settled });
    }
    Ok(Ok(all))
}

fn choice(detail: &Bound<'_, PyAny>) -> PyResult<Choice> {
    if detail.is_none() {
        return Ok(Choice::All);
    }
    if let Ok(positions) = detail.extract::<Vec<usize>>() {
        return Ok(Choice::Positions(positions));
    }
    Ok(Choice::Names(detail.extract()?))
}
