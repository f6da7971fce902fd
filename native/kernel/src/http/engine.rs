//! The engine: the calls in flight, the resources they share, and what the host can do with them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::call::{Call, drive};
use super::client::HttpClient;
use super::event::CallId;
use super::gate::{Ending, Gate, Held, LimiterStats};
use super::request::CallSpec;
use super::resource::{Resource, Stats};
use super::settings::Protection;
use super::transport::Transport;
use super::verdict::Kind;
use crate::clock::Clock;
use crate::error::Error;
use crate::mailbox::{Mailbox, Outbox};
use crate::memory::{CROWD, return_soon};
use crate::resilience::{Limits, Load, Outcome, State, StopReason};
use crate::runtime::Runtime;

/// What the tasks of all calls share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) transport: Arc<dyn Transport>,
    runtime: Arc<Runtime>,
    calls: Mutex<HashMap<CallId, Arc<Call>>>,
    resources: Mutex<HashMap<String, Arc<Resource>>>,
    gates: Mutex<HashMap<String, Arc<Gate>>>,
    last_id: AtomicU64,
    seed: u64,
}

impl Shared {
    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        self.runtime.clock()
    }

    /// Ends the books on a call; false if someone else did.
    pub(super) fn forget(&self, id: CallId) -> bool {
        let mut calls = self.calls();
        let known = calls.remove(&id).is_some();
        if calls.is_empty() && calls.capacity() >= CROWD {
            calls.shrink_to_fit();
            drop(calls);
            if let Ok(handle) = self.runtime.handle() {
                handle.spawn(return_soon());
            }
        }
        known
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<CallId, Arc<Call>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn resource(&self, name: &str) -> Arc<Resource> {
        let mut resources = self.resources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(resource) = resources.get(name) {
            return Arc::clone(resource);
        }
        let seed = self.seed.wrapping_add(resources.len() as u64);
        let resource = Arc::new(Resource::new(name, Arc::clone(self.clock()), seed));
        resources.insert(name.to_owned(), Arc::clone(&resource));
        resource
    }

    fn gate(&self, name: &str) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(name) {
            return Arc::clone(gate);
        }
        let gate = Arc::new(Gate::new(name, Arc::clone(self.clock())));
        gates.insert(name.to_owned(), Arc::clone(&gate));
        gate
    }
}

/// Sends calls and keeps their resources from harm.
#[derive(Clone, Debug)]
pub struct Engine {
    shared: Arc<Shared>,
    http: Arc<HttpClient>,
}

impl Engine {
    /// An engine over real sockets. The seed drives all jitter.
    pub fn new(runtime: Arc<Runtime>, seed: u64) -> Engine {
        let http = Arc::new(HttpClient::default());
        Engine { shared: Self::shared(runtime, http.clone(), seed), http }
    }

    /// An engine over another transport.
    pub fn with_transport(runtime: Arc<Runtime>, transport: Arc<dyn Transport>, seed: u64) -> Engine {
        Engine { shared: Self::shared(runtime, transport, seed), http: Arc::default() }
    }

    fn shared(runtime: Arc<Runtime>, transport: Arc<dyn Transport>, seed: u64) -> Arc<Shared> {
        let (calls, resources, gates, last_id) = Default::default();
        Arc::new(Shared { transport, runtime, calls, resources, gates, last_id, seed })
    }

    /// Trusts one more CA (or several, in PEM); refused once a call was made.
    pub fn add_root_certificate(&self, pem: &[u8]) -> Result<(), Error> {
        self.http.add_roots(pem)
    }

    /// Sets the limits of a limiter; calls in flight go on.
    pub fn limit(&self, limiter: &str, limits: Limits) {
        self.shared.gate(limiter).set_limits(limits);
    }

    /// Sets how a resource is protected; calls in flight go on.
    pub fn protect(&self, resource: &str, protection: Protection) {
        self.shared.resource(resource).protect(protection);
    }

    /// The clock of this engine; deadlines are points on it.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        self.shared.clock()
    }

    /// Queues a call. All that happens to it arrives in `mailbox`.
    pub fn start(&self, mailbox: &Arc<Mailbox>, spec: CallSpec) -> Result<CallId, Error> {
        if mailbox.is_closed() {
            return Err(Error::validation("mailbox", "is closed"));
        }
        let handle = self.shared.runtime.handle()?;
        let id = self.shared.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let resource = self.shared.resource(&spec.resource);
        let gate = self.shared.gate(spec.limiter.as_deref().unwrap_or(&spec.resource));
        let now = self.clock().now();
        let (call, verdicts) = Call::new(Outbox::new(id), spec, Arc::clone(mailbox), (resource, gate), now);
        {
            // Locked until the task is known: whoever finds the call can end it.
            let mut calls = self.shared.calls();
            let task = handle.spawn(drive(Arc::clone(&self.shared), Arc::clone(&call), verdicts));
            let _ = call.task.set(task.abort_handle());
            calls.insert(id, call);
        }
        if mailbox.is_closed() {
            // It was closed after the look above and may not have seen this call.
            self.cancel(id);
        }
        Ok(id)
    }

    /// Verdict: the reply is good and cost `tokens`. Returns the state that the breaker came into by it, if it
    /// changed.
    pub fn ok(&self, id: CallId, tokens: u64) -> Result<Option<State>, Error> {
        let (call, held) = self.judged(id)?;
        let good = Ending { outcome: Outcome::Success, load: Load::Fine, used: Some(tokens) };
        let changed = held.settle(good, self.clock().now());
        self.end(id, &call);
        Ok(changed)
    }

    /// Verdict: try again. Returns the attempts made and, if it will not, why not and the state that the
    /// breaker came into by it; if it will, a notice tells of that.
    pub fn retry(
        &self,
        id: CallId,
        kind: Kind,
        retry_after: Option<Duration>,
    ) -> Result<(u32, Option<StopReason>, Option<State>), Error> {
        let (call, held) = self.judged(id)?;
        let (reason, changed) = call.retry(held, kind, retry_after, self.clock().now());
        if reason.is_some() {
            self.end(id, &call);
        }
        Ok((call.attempts(), reason, changed.filter(|_| reason.is_some())))
    }

    /// Verdict: over. Returns the state that the breaker came into by it, if it changed.
    pub fn fail(
        &self,
        id: CallId,
        kind: Kind,
        retry_after: Option<Duration>,
    ) -> Result<Option<State>, Error> {
        let (call, held) = self.judged(id)?;
        let changed = call.judged(held, kind, retry_after, self.clock().now());
        self.end(id, &call);
        Ok(changed)
    }

    /// Ends a call, whatever its state; nothing of it arrives any more. No fault if it is over.
    pub fn cancel(&self, id: CallId) {
        let call = self.shared.calls().get(&id).map(Arc::clone);
        if let Some(call) = call {
            drop(call.take_held());
            self.end(id, &call);
        }
    }

    /// Cancels every call that reports to `mailbox`, and closes it.
    pub fn close(&self, mailbox: &Arc<Mailbox>) {
        mailbox.close();
        let reports_here = |call: &Arc<Call>| Arc::ptr_eq(&call.mailbox, mailbox);
        let ids: Vec<CallId> = {
            let calls = self.shared.calls();
            calls.iter().filter(|(_, call)| reports_here(call)).map(|(id, _)| *id).collect()
        };
        for id in ids {
            self.cancel(id);
        }
    }

    /// Counters of a resource.
    pub fn stats(&self, resource: &str) -> Stats {
        self.shared.resource(resource).stats()
    }

    /// What a limiter is doing.
    pub fn limiter_stats(&self, limiter: &str) -> LimiterStats {
        self.shared.gate(limiter).stats()
    }

    /// Calls that are not over.
    pub fn in_flight(&self) -> usize {
        self.shared.calls().len()
    }

    /// Those of them that cannot go on without the host.
    pub fn waiting_for_host(&self) -> usize {
        self.shared.calls().values().filter(|call| call.waits_for_host()).count()
    }

    fn judged(&self, id: CallId) -> Result<(Arc<Call>, Held), Error> {
        let call = self.shared.calls().get(&id).map(Arc::clone);
        let held = call.as_ref().and_then(|call| call.take_held());
        match (call, held) {
            (Some(call), Some(held)) => Ok((call, held)),
            _ => {
                Err(Error::validation("call", format!("no verdict is due on call {id}; it waits or is over")))
            }
        }
    }

    /// Takes the call off the books, drops what it delivered, and drops its task with its socket.
    fn end(&self, id: CallId, call: &Call) {
        self.shared.forget(id);
        call.mailbox.void(&call.outbox);
        if let Some(task) = call.task.get() {
            task.abort();
        }
    }
}
