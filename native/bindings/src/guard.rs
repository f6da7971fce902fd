//! What stands around every entry into the kernel: a panic becomes InternalError, an error of the kernel
//! its Python exception, and an object of the parent process ForkError.

use std::panic::{AssertUnwindSafe, catch_unwind};

use graphbit_kernel::error::Error;
use graphbit_kernel::runtime::generation;
use pyo3::prelude::*;

use crate::errors::to_py;

/// Runs `work`, which may fail or panic.
pub fn guarded<T>(py: Python<'_>, work: impl FnOnce() -> Result<T, Error>) -> PyResult<T> {
    let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(Error::from_panic(&*panic)));
    result.map_err(|error| to_py(py, &error, None))
}

/// The process in which an object was made; the object is of no use in a forked child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Home(u32);

impl Home {
    /// The calling process.
    pub fn here() -> Home {
        Home(generation())
    }

    /// Whether the calling process is this one.
    pub fn is_here(self) -> bool {
        self == Home::here()
    }

    /// Runs `work` as [`guarded`] does, or raises ForkError naming `object`.
    pub fn enter<T>(
        self,
        py: Python<'_>,
        object: &'static str,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> PyResult<T> {
        guarded(py, || if self.is_here() { work() } else { Err(Error::Fork { object }) })
    }
}
