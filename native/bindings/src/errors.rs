//! The one place where kernel errors become Python exceptions.

use graphbit_kernel::graph::GraphError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// One entry of `ValidationError.findings`: code, message, fix, node.
pub type Finding = (&'static str, String, &'static str, Option<String>);

/// `graphbit_core.errors.ValidationError`; if it cannot be built, the reason for that.
pub fn validation_error(py: Python<'_>, message: &str, field: Option<&str>, findings: Vec<Finding>) -> PyErr {
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
pub fn graph_error(py: Python<'_>, error: GraphError) -> PyErr {
    let message = error.to_string();
    let field = error.field();
    let findings = match error {
        GraphError::Invalid(findings) => {
            findings.into_iter().map(|one| (one.code.as_str(), one.message(), one.fix(), one.id)).collect()
        }
        _ => Vec::new(),
    };
    validation_error(py, &message, field, findings)
}
