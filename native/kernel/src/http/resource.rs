//! What all calls to one resource share: its breaker, its queue, its retry budget and its counters.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::{Clock, Time};
use crate::error::{Error, Phase};
use crate::resilience::{
    Admission, Breaker, BreakerConfig, Decision, EnqueueError, Jitter, Limiter, Limits, Outcome, Permit,
    RetryBudget, RetryInput, State, Ticket, decide,
};

/// Counters of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// State of the breaker.
    pub breaker: State,
    /// Calls begun.
    pub calls: u64,
    /// Attempts that failed by fault of the resource.
    pub failures: u64,
    /// Attempts beyond the first of a call.
    pub retries: u64,
    /// Attempts under way.
    pub in_flight: usize,
    /// Calls that wait for admission.
    pub queued: usize,
}

#[derive(Debug)]
pub(super) struct Resource {
    name: String,
    clock: Arc<dyn Clock>,
    core: Mutex<Core>,
}

#[derive(Debug)]
struct Core {
    breaker: Breaker,
    limiter: Limiter,
    budget: RetryBudget,
    jitter: Jitter,
    waiters: HashMap<Ticket, Arc<Notify>>,
    calls: u64,
    failures: u64,
    retries: u64,
}

impl Core {
    fn wake_head(&self) {
        if let Some(waiter) = self.limiter.head().and_then(|head| self.waiters.get(&head)) {
            waiter.notify_one();
        }
    }
}

impl Resource {
    pub(super) fn new(name: &str, clock: Arc<dyn Clock>, seed: u64) -> Self {
        let mut jitter = Jitter::new(seed);
        let breaker_seed = (jitter.fraction() * u64::MAX as f64) as u64;
        let core = Core {
            breaker: Breaker::new(BreakerConfig::default(), breaker_seed),
            limiter: Limiter::new(Limits::default()),
            budget: RetryBudget::default(),
            jitter,
            waiters: HashMap::new(),
            calls: 0,
            failures: 0,
            retries: 0,
        };
        Resource { name: name.to_owned(), clock, core: Mutex::new(core) }
    }

    pub(super) fn set_limits(&self, limits: Limits) {
        let mut core = self.core();
        core.limiter.set_limits(limits, self.clock.now());
        core.wake_head();
    }

    pub(super) fn stats(&self) -> Stats {
        let core = self.core();
        Stats {
            breaker: core.breaker.state(self.clock.now()),
            calls: core.calls,
            failures: core.failures,
            retries: core.retries,
            in_flight: core.limiter.in_flight(),
            queued: core.limiter.queued(),
        }
    }

    pub(super) fn count_call(&self) {
        let mut core = self.core();
        core.calls += 1;
        core.budget.record_call(self.clock.now());
    }

    /// Waits for a place: breaker first, then the queue, then the breaker again, as it may have opened.
    pub(super) async fn admit(
        self: &Arc<Self>,
        tokens: u64,
        deadline: Option<Time>,
        allowed: Duration,
    ) -> Result<Held, Error> {
        let mut place = self.enqueue(tokens, deadline, allowed)?;
        loop {
            match place.poll()? {
                Turn::Admitted(held) => return Ok(held),
                Turn::Behind => place.wake.notified().await,
                Turn::WaitUntil(at) => tokio::select! {
                    () = place.wake.notified() => {}
                    () = tokio::time::sleep(at.since(self.clock.now())) => {}
                },
            }
        }
    }

    fn enqueue(
        self: &Arc<Self>,
        tokens: u64,
        deadline: Option<Time>,
        allowed: Duration,
    ) -> Result<Place, Error> {
        let now = self.clock.now();
        let mut core = self.core();
        if deadline.is_some_and(|deadline| core.limiter.earliest(now) >= deadline) {
            return Err(Error::Deadline { phase: Phase::Queue, timeout: allowed });
        }
        let permit = core.breaker.try_acquire(now).map_err(|refused| self.open(refused.retry_after))?;
        let ticket = match core.limiter.enqueue(tokens, now) {
            Ok(ticket) => ticket,
            Err(error) => {
                core.breaker.record(permit, Outcome::Neutral, None, now);
                return Err(queue_error(&error));
            }
        };
        let wake = Arc::new(Notify::new());
        core.waiters.insert(ticket, Arc::clone(&wake));
        drop(core);
        Ok(Place { resource: Arc::clone(self), ticket: Some(ticket), permit, tokens, wake })
    }

    /// Admits nothing to this resource before `until`.
    pub(super) fn pause_until(&self, until: Time) {
        let mut core = self.core();
        core.limiter.pause_until(until);
        core.wake_head();
    }

    /// Decides on another attempt, and takes it from the budget.
    pub(super) fn decide(&self, mut input: RetryInput, now: Time) -> Decision {
        let mut core = self.core();
        let Core { breaker, budget, jitter, .. } = &mut *core;
        input.circuit_open = breaker.state(now) == State::Open;
        let decision = decide(&input, budget, jitter, now);
        if matches!(decision, Decision::Retry { .. }) {
            core.retries += 1;
        }
        decision
    }

    fn open(&self, retry_after: Duration) -> Error {
        Error::CircuitOpen { resource: self.name.clone(), retry_after }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn queue_error(error: &EnqueueError) -> Error {
    let (resource, limit) = match error {
        EnqueueError::Full { queued } => ("queue", *queued as u64),
        EnqueueError::TooLarge { burst, .. } => ("tokens_per_minute", *burst),
    };
    Error::Exhausted { resource, limit, detail: error.to_string() }
}

enum Turn {
    Admitted(Held),
    Behind,
    WaitUntil(Time),
}

/// A place in the queue; dropping it leaves the queue.
struct Place {
    resource: Arc<Resource>,
    ticket: Option<Ticket>,
    permit: Permit,
    tokens: u64,
    wake: Arc<Notify>,
}

impl Place {
    fn poll(&mut self) -> Result<Turn, Error> {
        let Some(ticket) = self.ticket else { return Ok(Turn::Behind) };
        let now = self.resource.clock.now();
        let mut core = self.resource.core();
        if core.limiter.head() == Some(ticket) {
            // Before the limiter is asked: a refusal must cost neither a request nor a token of the rate.
            let renewed = core.breaker.renew(self.permit, now);
            self.permit = renewed.map_err(|refused| self.resource.open(refused.retry_after))?;
        }
        match core.limiter.poll(ticket, now) {
            Admission::Behind => return Ok(Turn::Behind),
            Admission::WaitUntil(at) => return Ok(Turn::WaitUntil(at)),
            Admission::Admitted => {}
        }
        self.ticket = None;
        core.waiters.remove(&ticket);
        core.wake_head();
        drop(core);
        let (resource, tokens) = (Arc::clone(&self.resource), self.tokens);
        Ok(Turn::Admitted(Held { resource, permit: self.permit, tokens, first_byte: None, settled: false }))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let now = self.resource.clock.now();
        let mut core = self.resource.core();
        core.limiter.cancel(ticket);
        core.waiters.remove(&ticket);
        core.breaker.record(self.permit, Outcome::Neutral, None, now);
        core.wake_head();
    }
}

/// What an attempt holds of its resource. Dropped without a word it counts as neutral, and its tokens as used.
#[derive(Debug)]
pub(super) struct Held {
    resource: Arc<Resource>,
    permit: Permit,
    tokens: u64,
    first_byte: Option<Duration>,
    settled: bool,
}

impl Held {
    pub(super) fn first_byte(&mut self, took: Duration) {
        self.first_byte = Some(took);
    }

    /// Gives everything back. `used`: tokens really used, None if nobody knows.
    pub(super) fn settle(mut self, outcome: Outcome, used: Option<u64>, now: Time) {
        self.give_back(outcome, used, now);
    }

    fn give_back(&mut self, outcome: Outcome, used: Option<u64>, now: Time) {
        self.settled = true;
        let mut core = self.resource.core();
        core.failures += u64::from(outcome == Outcome::Failure);
        core.breaker.record(self.permit, outcome, self.first_byte, now);
        core.limiter.release();
        core.limiter.settle(self.tokens, used.unwrap_or(self.tokens), now);
        core.wake_head();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.settled {
            let now = self.resource.clock.now();
            self.give_back(Outcome::Neutral, None, now);
        }
    }
}
