//! `graphbit_core._native`: conversion between the kernel and Python, and nothing else.

mod errors;
mod graph;
mod guard;
mod http;
mod mailbox;
mod pattern;
mod plan;
mod runtime;
mod schema;
mod settlement;
mod story;
mod text;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    use super::*;

    #[pymodule_export]
    use super::graph::{Plan, Run, check_graph};
    #[pymodule_export]
    use super::http::{PyEgress, PyEngine, retry_after};
    #[pymodule_export]
    use super::mailbox::PyMailbox;
    #[pymodule_export]
    use super::pattern::PyPattern;
    #[pymodule_export]
    use super::runtime::{configure_runtime, runtime_info, take_log};
    #[pymodule_export]
    use super::schema::PySchema;
    #[pymodule_export]
    use super::text::{sentences, split_characters, split_recursive, words};

    /// Version of the native library; equals the version of graphbit-core.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_init]
    fn init(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        Ok(())
    }
}
