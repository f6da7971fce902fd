//! JSON Schema. A text that takes a while is read with the GIL released.

use graphbit_kernel::schema::{self as kernel, Fault};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::guard::guarded;

/// Up to so many bytes are done sooner than another thread would have the GIL.
const BRIEF: usize = 8 * 1024;

/// A compiled JSON Schema. It holds nothing of the process, so a forked child may go on using it.
#[pyclass(name = "Schema", module = "graphbit_core._native", frozen)]
pub struct PySchema(kernel::Schema);

#[pymethods]
impl PySchema {
    /// Compiles a schema given as JSON.
    #[new]
    fn new(py: Python<'_>, schema_json: &str) -> PyResult<PySchema> {
        guarded(py, || kernel::Schema::new(schema_json).map(PySchema))
    }

    /// What is wrong with a text.
    fn check(&self, py: Python<'_>, instance_json: &Bound<'_, PyString>) -> PyResult<Vec<Fault>> {
        let Ok(text) = instance_json.to_str() else {
            return Ok(vec![(String::new(), "is not JSON: it holds half of a surrogate pair".to_owned())]);
        };
        let work = || Ok(self.0.check(text));
        guarded(py, || if text.len() > BRIEF { py.detach(work) } else { work() })
    }
}
