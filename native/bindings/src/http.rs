//! `Engine`: arguments in, kernel calls, results out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use graphbit_kernel::clock::Time;
use graphbit_kernel::error::Error;
use graphbit_kernel::http::{
    CallId, CallSpec, Egress, Engine, Kind, Policy, Protection, RequestMaker, parse_framing, set_limit,
};
use graphbit_kernel::resilience::{Limits, State};
use graphbit_kernel::runtime::Process;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::errors::to_py;
use crate::guard::{Home, guarded};
use crate::mailbox::PyMailbox;

/// Where a call may go, and what it does about redirects.
#[pyclass(frozen, name = "Egress", module = "graphbit_core._native")]
pub struct PyEgress {
    inner: Arc<Egress>,
}

#[pymethods]
impl PyEgress {
    #[new]
    #[pyo3(signature = (allow=Vec::new(), *, only=false, secret_headers=Vec::new(), max_redirects=5, proxy=false))]
    fn new(
        py: Python<'_>,
        allow: Vec<PyBackedStr>,
        only: bool,
        secret_headers: Vec<PyBackedStr>,
        max_redirects: u32,
        proxy: bool,
    ) -> PyResult<Self> {
        guarded(py, || {
            let allow = allow.iter().map(|entry| &**entry);
            let secrets = secret_headers.iter().map(|name| &**name);
            Ok(PyEgress { inner: Arc::new(Egress::new(allow, only, secrets, max_redirects, proxy)?) })
        })
    }
}

/// The HTTP engine of this process; cheap to make, the runtime starts with the first call.
#[pyclass(frozen, name = "Engine", module = "graphbit_core._native")]
pub struct PyEngine {
    home: Home,
    requests: RequestMaker,
    /// That of a rehearsal; else the process's.
    own: Option<Engine>,
}

#[pymethods]
impl PyEngine {
    #[new]
    fn new() -> Self {
        PyEngine { home: Home::here(), requests: RequestMaker::default(), own: None }
    }

    /// Trusts one more CA; before the first call, else ConfigError.
    fn add_root_certificate(&self, py: Python<'_>, pem: &[u8]) -> PyResult<()> {
        self.enter(py, |engine| engine.add_root_certificate(pem))
    }

    /// Sets the limits of a limiter; tightening them never cancels a call.
    fn limit(&self, py: Python<'_>, limiter: &str, limits: &Bound<'_, PyDict>) -> PyResult<()> {
        let given = numbers("limits", limits)?;
        self.enter(py, |engine| {
            let mut limits = Limits::default();
            for (key, value) in &given {
                set_limit(&mut limits, key, *value)?;
            }
            engine.limit(limiter, limits);
            Ok(())
        })
    }

    /// Sets the breaker and the retry budget of a resource; what they have counted stays.
    fn protect(&self, py: Python<'_>, resource: &str, settings: &Bound<'_, PyDict>) -> PyResult<()> {
        let given = numbers("protection", settings)?;
        self.enter(py, |engine| {
            let mut protection = Protection::default();
            for (key, value) in &given {
                protection.set(key, *value)?;
            }
            engine.protect(resource, protection);
            Ok(())
        })
    }

    /// Queues a call and returns its id at once. ``framing`` None: one whole reply.
    /// ``egress`` guards where it goes; ``limiter`` None: the one that has the resource's name.
    #[allow(clippy::too_many_arguments)]
    #[pyo3(signature = (mailbox, resource, method, url, headers, body, framing, idempotent, tokens, deadline, policy, egress=None, limiter=None, notices=false))]
    fn start(
        &self,
        py: Python<'_>,
        mailbox: &PyMailbox,
        resource: &str,
        method: &str,
        url: &str,
        headers: Vec<(PyBackedStr, PyBackedStr)>,
        body: &[u8],
        framing: Option<&str>,
        idempotent: bool,
        tokens: i64,
        deadline: Option<f64>,
        policy: &Bound<'_, PyDict>,
        egress: Option<&PyEgress>,
        limiter: Option<&str>,
        notices: bool,
    ) -> PyResult<CallId> {
        let settings = numbers("policy", policy)?;
        let left = deadline.map(|deadline| seconds_until(py, deadline)).transpose()?;
        self.enter(py, |engine| {
            let pairs: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
            let mut policy =
                egress.map_or_else(Policy::default, |egress| Policy::guarded(Arc::clone(&egress.inner)));
            for (key, value) in &settings {
                policy.set(key, *value)?;
            }
            let spec = CallSpec {
                resource: resource.to_owned(),
                limiter: limiter.map(str::to_owned),
                request: self.requests.make(method, url, &pairs, Bytes::copy_from_slice(body))?,
                framing: framing.map(parse_framing).transpose()?,
                idempotent,
                tokens: token_count(tokens)?,
                deadline: left.map(|left| engine_deadline(engine, left)).transpose()?,
                notices,
                policy,
            };
            engine.start(&mailbox.inner, spec)
        })
    }

    /// Verdict: the reply is good; ``tokens`` were really used. Returns the breaker's new state, if it changed.
    fn ok(&self, py: Python<'_>, call: CallId, tokens: i64) -> PyResult<Option<&'static str>> {
        let changed = self.enter(py, |engine| engine.ok(call, token_count(tokens)?))?;
        Ok(changed.map(State::as_str))
    }

    /// Verdict: try again. Returns attempts made and None, or why the kernel will not; then the breaker's new state.
    fn retry(
        &self,
        py: Python<'_>,
        call: CallId,
        kind: &str,
        retry_after: Option<f64>,
    ) -> PyResult<(u32, Option<&'static str>, Option<&'static str>)> {
        self.enter(py, |engine| {
            let wait = retry_after.map(|wait| seconds("retry_after", wait)).transpose()?;
            let (attempts, reason, changed) = engine.retry(call, Kind::parse(kind)?, wait)?;
            Ok((attempts, reason.map(|reason| reason.as_str()), changed.map(State::as_str)))
        })
    }

    /// Verdict: over. Returns the breaker's new state, if it changed.
    #[pyo3(signature = (call, kind, retry_after=None))]
    fn fail(
        &self,
        py: Python<'_>,
        call: CallId,
        kind: &str,
        retry_after: Option<f64>,
    ) -> PyResult<Option<&'static str>> {
        let changed = self.enter(py, |engine| {
            let wait = retry_after.map(|wait| seconds("retry_after", wait)).transpose()?;
            engine.fail(call, Kind::parse(kind)?, wait)
        })?;
        Ok(changed.map(State::as_str))
    }

    /// Ends a call, whatever its state, and closes its socket; no event follows.
    fn cancel(&self, py: Python<'_>, call: CallId) -> PyResult<()> {
        self.enter(py, |engine| {
            engine.cancel(call);
            Ok(())
        })
    }

    /// ``breaker``, ``retry_after``, ``calls``, ``failures``, ``retries``, ``in_flight``, ``queued``.
    fn stats<'py>(&self, py: Python<'py>, resource: &str) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.enter(py, |engine| Ok(engine.stats(resource)))?;
        let dict = PyDict::new(py);
        dict.set_item("breaker", stats.breaker.as_str())?;
        dict.set_item("retry_after", stats.retry_after.as_secs_f64())?;
        dict.set_item("calls", stats.calls)?;
        dict.set_item("failures", stats.failures)?;
        dict.set_item("retries", stats.retries)?;
        dict.set_item("in_flight", stats.in_flight)?;
        dict.set_item("queued", stats.queued)?;
        Ok(dict)
    }

    /// ``in_flight``, ``queued``, ``concurrency``, ``paused``, ``shed``.
    fn limiter_stats<'py>(&self, py: Python<'py>, limiter: &str) -> PyResult<Bound<'py, PyDict>> {
        let stats = self.enter(py, |engine| Ok(engine.limiter_stats(limiter)))?;
        let dict = PyDict::new(py);
        dict.set_item("in_flight", stats.in_flight)?;
        dict.set_item("queued", stats.queued)?;
        dict.set_item("concurrency", stats.concurrency)?;
        dict.set_item("shed", stats.shed)?;
        dict.set_item("paused", stats.paused.as_secs_f64())?;
        Ok(dict)
    }

    /// Calls that are not over.
    fn in_flight(&self, py: Python<'_>) -> PyResult<usize> {
        self.enter(py, |engine| Ok(engine.in_flight()))
    }
}

impl PyEngine {
    /// One that is not the process's.
    pub(crate) fn over(own: Engine) -> Self {
        PyEngine { own: Some(own), ..PyEngine::new() }
    }

    fn enter<T>(&self, py: Python<'_>, work: impl FnOnce(&Engine) -> Result<T, Error>) -> PyResult<T> {
        self.home
            .enter(py, "Engine", || work(self.own.as_ref().unwrap_or_else(|| &Process::current().engine)))
    }
}

/// Whether the settings of a policy are known and in range, as `Engine.start` will want them.
#[pyfunction]
pub fn check_policy(py: Python<'_>, policy: &Bound<'_, PyDict>) -> PyResult<()> {
    let settings = numbers("policy", policy)?;
    guarded(py, || {
        let mut policy = Policy::default();
        settings.iter().try_for_each(|(key, value)| policy.set(key, *value))
    })
}

/// Seconds to wait that the headers of a failed reply ask for; None if they say nothing.
#[pyfunction]
pub fn retry_after(
    py: Python<'_>,
    headers: Vec<(PyBackedStr, PyBackedStr)>,
    now: f64,
) -> PyResult<Option<f64>> {
    guarded(py, || {
        let pairs = headers.iter().map(|(name, value)| (&**name, &**value));
        let wait = graphbit_kernel::http::retry_after(pairs, seconds("now", now)?);
        Ok(wait.map(|wait| wait.as_secs_f64()))
    })
}

fn numbers(of: &'static str, dict: &Bound<'_, PyDict>) -> PyResult<Vec<(PyBackedStr, f64)>> {
    let number = |(key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
        let Ok(found) = value.extract() else {
            let message = format!("{} must be a number, not {}", key.str()?, value.repr()?);
            return Err(to_py(dict.py(), &Error::validation(of, message), None));
        };
        Ok((key.extract()?, found))
    };
    dict.iter().map(number).collect()
}

/// The engine counts from an origin of its own, so a point on Python's monotonic clock is converted by
/// the time that is left.
fn seconds_until(py: Python<'_>, deadline: f64) -> PyResult<f64> {
    static MONOTONIC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let now: f64 = MONOTONIC.import(py, "time", "monotonic")?.call0()?.extract()?;
    if deadline.is_finite() {
        return Ok(deadline - now);
    }
    let error = Error::validation("deadline", format!("must be a time.monotonic() value, not {deadline}"));
    Err(to_py(py, &error, None))
}

fn engine_deadline(engine: &Engine, left: f64) -> Result<Time, Error> {
    Ok(engine.clock().now() + seconds("deadline", left.max(0.0))?)
}

pub(crate) fn seconds(field: &'static str, value: f64) -> Result<Duration, Error> {
    if value.is_nan() || value < 0.0 {
        return Err(Error::validation(field, format!("must be a number of seconds from 0, not {value}")));
    }
    Ok(Duration::try_from_secs_f64(value).unwrap_or(Duration::MAX))
}

fn token_count(tokens: i64) -> Result<u64, Error> {
    u64::try_from(tokens).map_err(|_| Error::validation("tokens", format!("must not be negative: {tokens}")))
}
