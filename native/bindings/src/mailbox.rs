//! `Mailbox`: completions as Python objects, converted in one go.

use std::sync::Arc;
use std::time::Duration;

use graphbit_kernel::error::Error;
use graphbit_kernel::framing::Frame;
use graphbit_kernel::http::{CallId, Engine, Event, Headers, Notice};
use graphbit_kernel::mailbox::{MAX_WAIT, Mailbox};
use graphbit_kernel::runtime::Process;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use crate::errors::to_py;
use crate::guard::Home;

/// Where completions arrive: one per event loop or blocking caller.
#[pyclass(frozen, name = "Mailbox", module = "graphbit_core._native")]
pub struct PyMailbox {
    home: Home,
    pub(crate) inner: Arc<Mailbox>,
    /// That of a rehearsal; else the process's.
    engine: Option<Engine>,
}

#[pymethods]
impl PyMailbox {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(PyMailbox { home: Home::here(), inner: Arc::new(Mailbox::new()?), engine: None })
    }

    /// Readable while something waits; for ``loop.add_reader``.
    fn fileno(&self, py: Python<'_>) -> PyResult<i32> {
        self.enter(py, |mailbox| Ok(mailbox.fd()))
    }

    /// Blocks with the GIL released until something arrives or ``timeout`` (at most 0.1) is over.
    fn wait(&self, py: Python<'_>, timeout: f64) -> PyResult<bool> {
        let timeout = Duration::try_from_secs_f64(timeout.clamp(0.0, MAX_WAIT.as_secs_f64()))
            .map_err(|_| to_py(py, &Error::validation("timeout", "must be a number of seconds"), None))?;
        let arrived = self.enter(py, |mailbox| Ok(py.detach(|| mailbox.wait(timeout))))?;
        py.check_signals()?;
        Ok(arrived)
    }

    /// All that has arrived, in order, and clears the descriptor; events of the ``full`` calls stay.
    #[pyo3(signature = (full=None))]
    fn drain<'py>(&self, py: Python<'py>, full: Option<Vec<CallId>>) -> PyResult<Bound<'py, PyList>> {
        let full = full.unwrap_or_default();
        let events = self.enter(py, |mailbox| Ok(mailbox.drain_except(&full)))?;
        let list = PyList::empty(py);
        for (call, event) in events {
            let (kind, payload) = convert(py, event)?;
            list.append((call, kind, payload))?;
        }
        Ok(list)
    }

    /// Cancels every call that reports here.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.enter(py, |mailbox| {
            self.engine().close(mailbox);
            Ok(())
        })
    }
}

impl PyMailbox {
    /// One for the calls of an engine that is not the process's.
    pub(crate) fn of(engine: Engine, inner: Arc<Mailbox>) -> Self {
        PyMailbox { home: Home::here(), inner, engine: Some(engine) }
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap_or_else(|| &Process::current().engine)
    }

    fn enter<T>(&self, py: Python<'_>, work: impl FnOnce(&Arc<Mailbox>) -> Result<T, Error>) -> PyResult<T> {
        self.home.enter(py, "Mailbox", || work(&self.inner))
    }
}

impl Drop for PyMailbox {
    fn drop(&mut self) {
        // In a forked child the calls belong to the parent, and its locks may be held for ever.
        if self.home.is_here() {
            self.engine().close(&self.inner);
        }
    }
}

fn convert(py: Python<'_>, event: Event) -> PyResult<(&'static str, Bound<'_, PyAny>)> {
    Ok(match event {
        Event::Reply { attempt, status, headers, body } => {
            let payload = (attempt, status, pairs(py, &headers)?, PyBytes::new(py, &body));
            ("reply", payload.into_pyobject(py)?.into_any())
        }
        Event::Open { attempt, status, headers } => {
            ("open", (attempt, status, pairs(py, &headers)?).into_pyobject(py)?.into_any())
        }
        Event::Frames(frames) => ("frames", frame_list(py, frames)?.into_any()),
        Event::End { attempt } => ("end", PyTuple::new(py, [attempt])?.into_any()),
        Event::Restart { attempt } => ("restart", PyTuple::new(py, [attempt])?.into_any()),
        Event::Redirect { attempt, status, url } => {
            ("redirect", (attempt, status, url).into_pyobject(py)?.into_any())
        }
        Event::Notice(notice) => ("notice", notice_pair(py, &notice)?.into_any()),
        Event::Failed { error, attempts } => {
            ("failed", to_py(py, &error, Some(attempts)).into_value(py).into_bound(py).into_any())
        }
    })
}

fn notice_pair<'py>(py: Python<'py>, notice: &Notice) -> PyResult<Bound<'py, PyTuple>> {
    let facts = PyDict::new(py);
    let (kind, resource) = match notice {
        Notice::Limited { limiter, waited, why } => {
            facts.set_item("seconds", waited.as_secs_f64())?;
            facts.set_item("reason", why.as_str())?;
            ("resource.limited", limiter)
        }
        Notice::Breaker { resource, state, retry_after } => {
            facts.set_item("state", state.as_str())?;
            facts.set_item("retry_after", retry_after.map(|wait| wait.as_secs_f64()))?;
            ("resource.breaker", resource)
        }
        Notice::Shed { limiter, waited, queued } => {
            facts.set_item("seconds", waited.as_secs_f64())?;
            facts.set_item("queued", queued)?;
            ("resource.shed", limiter)
        }
    };
    facts.set_item("resource", resource)?;
    (kind, facts).into_pyobject(py)
}

fn pairs<'py>(py: Python<'py>, headers: &Headers) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

fn frame_list(py: Python<'_>, frames: Vec<Frame>) -> PyResult<Bound<'_, PyList>> {
    PyList::new(py, frames.into_iter().map(|frame| (frame.event, frame.data)))
}
