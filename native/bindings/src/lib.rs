//! `graphbit_core._native`: conversion between the kernel and Python, and nothing else.

mod errors;
mod graph;
mod guard;
mod http;
mod mailbox;
mod pattern;
mod plan;
mod rehearsal;
mod runtime;
mod schema;
mod settlement;
mod story;
mod text;

use pyo3::prelude::*;

// What a call needs is made on one thread and freed on another, over which the system's allocator has its
// threads wait for each other: a fifth of a call.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn return_free() {
    // SAFETY: looks after free memory only; any thread may call it at any time. 4096 stands for all arenas.
    unsafe {
        tikv_jemalloc_sys::mallctl(
            c"arena.4096.purge".as_ptr(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            0,
        );
    }
}

#[pymodule(gil_used = true)]
mod _native {
    use super::*;

    #[pymodule_export]
    use super::graph::{Plan, Run, check_graph};
    #[pymodule_export]
    use super::http::{PyEgress, PyEngine, check_policy, retry_after};
    #[pymodule_export]
    use super::mailbox::PyMailbox;
    #[pymodule_export]
    use super::pattern::PyPattern;
    #[pymodule_export]
    use super::rehearsal::PyRehearsal;
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
        graphbit_kernel::memory::set_return(return_free);
        Ok(())
    }
}
