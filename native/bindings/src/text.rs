//! Text functions. A text that takes a while is read with the GIL released.

use graphbit_kernel::error::Error;
use graphbit_kernel::text::{self as kernel, Span};
use pyo3::prelude::*;

use crate::guard::guarded;

/// Up to so many bytes are done sooner than another thread would have the GIL.
const BRIEF: usize = 64 * 1024;

fn on<T: Send>(py: Python<'_>, amount: usize, work: impl FnOnce() -> Result<T, Error> + Send) -> PyResult<T> {
    guarded(py, || if amount > BRIEF { py.detach(work) } else { work() })
}

/// Sizes arrive signed, so that a negative one is refused by name like any other wrong one.
fn count(field: &'static str, value: i64, least: usize) -> Result<usize, Error> {
    let refusal = || Error::validation(field, format!("must be at least {least}, got {value}"));
    usize::try_from(value).map_err(|_| refusal())
}

fn sizes(size: i64, overlap: i64) -> Result<(usize, usize), Error> {
    Ok((count("size", size, 1)?, count("overlap", overlap, 0)?))
}

/// Windows of ``size`` characters; each starts ``overlap`` before the end of the one before it.
#[pyfunction]
pub fn split_characters(py: Python<'_>, text: &str, size: i64, overlap: i64) -> PyResult<Vec<Span>> {
    on(py, text.len(), || {
        let (size, overlap) = sizes(size, overlap)?;
        kernel::split_characters(text, size, overlap)
    })
}

/// Pieces between the coarsest separators that make them fit, merged up to ``size``.
#[pyfunction]
pub fn split_recursive(
    py: Python<'_>,
    text: &str,
    size: i64,
    overlap: i64,
    separators: Vec<String>,
) -> PyResult<Vec<Span>> {
    on(py, text.len(), || {
        let (size, overlap) = sizes(size, overlap)?;
        let separators: Vec<&str> = separators.iter().map(String::as_str).collect();
        kernel::split_recursive(text, size, overlap, &separators)
    })
}

/// Sentences by UAX 29, without the white space around them.
#[pyfunction]
pub fn sentences(py: Python<'_>, text: &str) -> PyResult<Vec<Span>> {
    on(py, text.len(), || Ok(kernel::sentences(text)))
}

/// Words by UAX 29.
#[pyfunction]
pub fn words(py: Python<'_>, text: &str) -> PyResult<Vec<Span>> {
    on(py, text.len(), || Ok(kernel::words(text)))
}

/// A regular expression that is searched in time linear in the text.
#[pyclass(name = "Pattern", module = "graphbit_core._native", frozen)]
pub struct PyPattern(kernel::Pattern);

#[pymethods]
impl PyPattern {
    #[new]
    fn new(py: Python<'_>, pattern: &str) -> PyResult<PyPattern> {
        guarded(py, || kernel::Pattern::new(pattern).map(PyPattern))
    }

    /// Whether it is found anywhere in the text.
    fn is_match(&self, py: Python<'_>, text: &str) -> PyResult<bool> {
        on(py, text.len(), || Ok(self.0.is_match(text)))
    }
}
