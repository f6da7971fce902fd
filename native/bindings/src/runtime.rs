//! `configure_runtime`, `runtime_info` and `take_log`.

use graphbit_kernel::runtime::{Process, RuntimeConfig};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tracing::Level;

use crate::guard::guarded;

/// Sizes the thread pool; ConfigError if it runs already, ValidationError below 1 thread or 64 KiB.
#[pyfunction]
pub fn configure_runtime(
    py: Python<'_>,
    worker_threads: i64,
    blocking_threads: i64,
    stack_bytes: i64,
) -> PyResult<()> {
    // A negative size is as wrong as 0 and gets the same message.
    let size = |value: i64| usize::try_from(value).unwrap_or(0);
    let config = RuntimeConfig {
        worker_threads: size(worker_threads),
        blocking_threads: size(blocking_threads),
        stack_bytes: size(stack_bytes),
    };
    guarded(py, || Process::current().runtime.configure(config))
}

/// ``running``, ``worker_threads``, ``blocking_threads``, ``stack_bytes``, ``uptime_seconds``.
#[pyfunction]
pub fn runtime_info(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let (config, uptime) = guarded(py, || {
        let runtime = &Process::current().runtime;
        Ok((runtime.config(), runtime.uptime()))
    })?;
    let info = PyDict::new(py);
    info.set_item("running", uptime.is_some())?;
    info.set_item("worker_threads", config.worker_threads)?;
    info.set_item("blocking_threads", config.blocking_threads)?;
    info.set_item("stack_bytes", config.stack_bytes)?;
    info.set_item("uptime_seconds", uptime.unwrap_or_default().as_secs_f64())?;
    Ok(info)
}

/// What the kernel has logged since the last call: levels as ``logging`` has them (trace: 5), and texts.
#[pyfunction]
pub fn take_log(py: Python<'_>) -> PyResult<Vec<(u8, String)>> {
    let lines = guarded(py, || Ok(Process::current().log.take()))?;
    Ok(lines.into_iter().map(|line| (number(line.level), line.text)).collect())
}

fn number(level: Level) -> u8 {
    match level {
        Level::ERROR => 40,
        Level::WARN => 30,
        Level::INFO => 20,
        Level::DEBUG => 10,
        Level::TRACE => 5,
    }
}
