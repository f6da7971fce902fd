//! `Rehearsal`: an engine that sends nothing, whose requests and whose time Python has in hand.

use bytes::Bytes;
use graphbit_kernel::error::Error;
use graphbit_kernel::http::{Answer, Last, Rehearsal, Request, Script};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::guard::{Home, guarded};
use crate::http::{PyEngine, seconds};
use crate::mailbox::PyMailbox;

/// The HTTP engine over scripted connections, on a clock that jumps; see `graphbit_core.testing.FakeKernel`.
#[pyclass(frozen, name = "Rehearsal", module = "graphbit_core._native")]
pub struct PyRehearsal {
    home: Home,
    inner: Rehearsal,
}

#[pymethods]
impl PyRehearsal {
    /// ``wall`` is the time since 1970 at which its clock begins.
    #[new]
    fn new(py: Python<'_>, seed: u64, wall: f64) -> PyResult<Self> {
        guarded(py, || {
            Ok(PyRehearsal { home: Home::here(), inner: Rehearsal::new(seed, seconds("wall", wall)?)? })
        })
    }

    /// Its engine.
    fn engine(&self) -> PyEngine {
        PyEngine::over(self.inner.engine().clone())
    }

    /// A mailbox for calls of its engine.
    fn mailbox(&self) -> PyResult<PyMailbox> {
        Ok(PyMailbox::of(self.inner.engine().clone(), self.inner.mailbox()?))
    }

    /// Seconds since it was made.
    fn now(&self, py: Python<'_>) -> PyResult<f64> {
        self.enter(py, |inner| Ok(inner.engine().clock().now().as_secs_f64()))
    }

    /// Lets time pass until there is something for the host, at most ``limit`` seconds; returns how much did.
    fn run(&self, py: Python<'_>, limit: f64) -> PyResult<f64> {
        let limit = guarded(py, || seconds("limit", limit))?;
        let passed = self.enter(py, |inner| Ok(py.detach(|| inner.run(limit))))?;
        py.check_signals()?;
        Ok(passed.as_secs_f64())
    }

    /// Calls that are not over, and how many of them cannot go on before the host has done something.
    fn calls(&self, py: Python<'_>) -> PyResult<(usize, usize)> {
        self.enter(py, |inner| Ok((inner.engine().in_flight(), inner.engine().waiting_for_host())))
    }

    /// Requests that came since the last call: number, method, URL, headers and body.
    fn requests<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for (number, request) in self.enter(py, |inner| Ok(inner.requests()))? {
            let (method, url) = (request.method.as_str(), request.url.as_str());
            list.append((number, method, url, headers(&request), PyBytes::new(py, &request.body)))?;
        }
        Ok(list)
    }

    /// Answers a request with these bytes. ``stop``: the byte from which on nothing is sent; ``last``: ``close``,
    /// ``reset`` or ``hang``.
    #[allow(clippy::too_many_arguments)]
    fn reply(
        &self,
        py: Python<'_>,
        number: u64,
        head: &[u8],
        body: &[u8],
        repeat: u64,
        piece: usize,
        pause: f64,
        stop: Option<usize>,
        last: &str,
    ) -> PyResult<()> {
        self.enter(py, |inner| {
            let script = Script {
                head: Bytes::copy_from_slice(head),
                body: Bytes::copy_from_slice(body),
                repeat,
                piece,
                pause: seconds("pause", pause)?,
                stop,
                last: parse_last(last)?,
            };
            inner.answer(number, Answer::Bytes(script));
            Ok(())
        })
    }

    /// Refuses the connection for a request.
    fn refuse(&self, py: Python<'_>, number: u64) -> PyResult<()> {
        self.enter(py, |inner| {
            inner.answer(number, Answer::Refused);
            Ok(())
        })
    }

    /// Fails the call of a request with a ValidationError, because the script has no answer.
    fn fault(&self, py: Python<'_>, number: u64, message: String) -> PyResult<()> {
        self.enter(py, |inner| {
            inner.answer(number, Answer::Fault(message));
            Ok(())
        })
    }
}

impl PyRehearsal {
    fn enter<T>(&self, py: Python<'_>, work: impl FnOnce(&Rehearsal) -> Result<T, Error>) -> PyResult<T> {
        self.home.enter(py, "Rehearsal", || work(&self.inner))
    }
}

fn headers(request: &Request) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    request.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
}

fn parse_last(name: &str) -> Result<Last, Error> {
    match name {
        "close" => Ok(Last::Close),
        "reset" => Ok(Last::Reset),
        "hang" => Ok(Last::Hang),
        other => Err(Error::validation("last", format!("must be close, reset or hang, not {other:?}"))),
    }
}
