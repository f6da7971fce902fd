//! Regular expressions in linear time. A text that takes a while is searched with the GIL released.

use graphbit_kernel::pattern as kernel;
use pyo3::prelude::*;

use crate::guard::guarded;

/// Up to so many bytes are done sooner than another thread would have the GIL.
const BRIEF: usize = 8 * 1024;

/// A compiled pattern. It holds nothing of the process, so a forked child may go on using it.
#[pyclass(name = "Pattern", module = "graphbit_core._native", frozen)]
pub struct PyPattern(kernel::Pattern);

#[pymethods]
impl PyPattern {
    /// Compiles a pattern.
    #[new]
    fn new(py: Python<'_>, pattern: &str) -> PyResult<PyPattern> {
        guarded(py, || kernel::Pattern::new(pattern).map(PyPattern))
    }

    /// States of its program.
    #[getter]
    fn states(&self) -> usize {
        self.0.states()
    }

    /// Whether it is found anywhere in a text.
    fn is_match(&self, py: Python<'_>, text: &str) -> PyResult<bool> {
        let work = || self.0.is_match(text);
        guarded(py, || if text.len() > BRIEF { py.detach(work) } else { work() })
    }
}
