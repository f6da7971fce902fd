//! Where calls wait for a limiter, and what an attempt holds of it and of its resource.
//!
//! A limiter and a resource have names of their own: the models of one account share a breaker and have
//! limits each. Where both are locked, the gate is locked first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::resource::Resource;
use crate::clock::{Clock, Time};
use crate::error::{Error, Phase};
use crate::resilience::{
    Admission, EnqueueError, Limiter, Limits, Load, Outcome, Permit, State, Ticket, Why,
};

/// What a limiter is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimiterStats {
    /// Attempts under way.
    pub in_flight: usize,
    /// Calls that wait for admission.
    pub queued: usize,
    /// For how long nothing is admitted, as the server asked.
    pub paused: Duration,
    /// Calls that may run at the same time now.
    pub concurrency: usize,
    /// Calls turned away because the queue stood.
    pub shed: u64,
}

/// A limiter and those who wait for it.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) name: String,
    clock: Arc<dyn Clock>,
    core: Mutex<Core>,
}

#[derive(Debug)]
struct Core {
    limiter: Limiter,
    waiters: HashMap<Ticket, Arc<Notify>>,
    shed: u64,
}

impl Core {
    fn wake_head(&self) {
        if let Some(waiter) = self.limiter.head().and_then(|head| self.waiters.get(&head)) {
            waiter.notify_one();
        }
    }
}

/// A call that asks for a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking<'a> {
    pub(super) resource: &'a Arc<Resource>,
    pub(super) tokens: u64,
    pub(super) deadline: Option<Time>,
    /// From the start of the call to its deadline.
    pub(super) allowed: Duration,
}

impl Gate {
    pub(super) fn new(name: &str, clock: Arc<dyn Clock>) -> Self {
        let core = Core { limiter: Limiter::new(Limits::default()), waiters: HashMap::new(), shed: 0 };
        Gate { name: name.to_owned(), clock, core: Mutex::new(core) }
    }

    pub(super) fn set_limits(&self, limits: Limits) {
        let mut core = self.core();
        core.limiter.set_limits(limits, self.clock.now());
        core.wake_head();
    }

    pub(super) fn stats(&self) -> LimiterStats {
        let core = self.core();
        LimiterStats {
            in_flight: core.limiter.in_flight(),
            queued: core.limiter.queued(),
            concurrency: core.limiter.concurrency(),
            shed: core.shed,
            paused: core.limiter.paused_until().since(self.clock.now()),
        }
    }

    /// Waits for a place: breaker first, then the queue, then the breaker again, as it may have opened.
    pub(super) async fn admit(self: &Arc<Self>, asking: Asking<'_>) -> Result<Held, Error> {
        let mut place = self.enqueue(asking)?;
        loop {
            // Before the look: an opening in between is not missed.
            let opened = asking.resource.opened.notified();
            match place.poll()? {
                Turn::Admitted(held) => return Ok(held),
                Turn::Behind => tokio::select! {
                    () = place.wake.notified() => {}
                    () = opened => {}
                },
                Turn::WaitUntil(at) => tokio::select! {
                    () = place.wake.notified() => {}
                    () = opened => {}
                    () = tokio::time::sleep(at.since(self.clock.now())) => {}
                },
            }
        }
    }

    fn enqueue(self: &Arc<Self>, asking: Asking<'_>) -> Result<Place, Error> {
        let Asking { resource, tokens, deadline, allowed } = asking;
        let now = self.clock.now();
        let mut core = self.core();
        if deadline.is_some_and(|deadline| core.limiter.earliest(tokens, now) >= deadline) {
            return Err(Error::Deadline { phase: Phase::Queue, timeout: allowed });
        }
        let permit = resource.enter(now)?;
        let ticket = core.limiter.enqueue(tokens, now).map_err(|error| {
            resource.left(permit, now);
            queue_error(&error)
        })?;
        let wake = Arc::new(Notify::new());
        core.waiters.insert(ticket, Arc::clone(&wake));
        drop(core);
        let (gate, resource) = (Arc::clone(self), Arc::clone(resource));
        Ok(Place { gate, resource, ticket: Some(ticket), permit, tokens, wake, since: now, why: None })
    }

    /// Admits nothing before `until`.
    pub(super) fn pause_until(&self, until: Time) {
        let mut core = self.core();
        core.limiter.pause_until(until);
        core.wake_head();
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
    gate: Arc<Gate>,
    resource: Arc<Resource>,
    ticket: Option<Ticket>,
    permit: Permit,
    tokens: u64,
    wake: Arc<Notify>,
    since: Time,
    /// What it waited for when it came; None if it did not wait.
    why: Option<Why>,
}

impl Place {
    fn poll(&mut self) -> Result<Turn, Error> {
        let Some(ticket) = self.ticket else { return Ok(Turn::Behind) };
        let now = self.gate.clock.now();
        let mut core = self.gate.core();
        if core.limiter.head() == Some(ticket) {
            // Before the limiter is asked: a refusal must cost neither a request nor a token of the rate.
            self.permit = self.resource.renew(self.permit, now)?;
        } else {
            self.resource.check_open(now)?;
        }
        let why = core.limiter.why(now);
        let wait = match core.limiter.poll(ticket, now) {
            Admission::Behind => Some(Turn::Behind),
            Admission::WaitUntil(at) => Some(Turn::WaitUntil(at)),
            Admission::Shed { waited, queued } => {
                core.shed += 1;
                let limit = core.limiter.patience();
                return Err(Error::Shed { waited, limit, queued });
            }
            Admission::Admitted => None,
        };
        if let Some(wait) = wait {
            self.why.get_or_insert(why);
            return Ok(wait);
        }
        let round = core.limiter.round();
        self.ticket = None;
        core.waiters.remove(&ticket);
        core.wake_head();
        drop(core);
        self.resource.admitted();
        let (gate, resource) = (Arc::clone(&self.gate), Arc::clone(&self.resource));
        let (permit, tokens) = (self.permit, self.tokens);
        let waited = self.why.map(|why| (now.since(self.since), why));
        let (first_byte, settled) = (None, false);
        Ok(Turn::Admitted(Held { gate, resource, permit, tokens, round, waited, first_byte, settled }))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let mut core = self.gate.core();
        core.limiter.cancel(ticket);
        core.waiters.remove(&ticket);
        self.resource.left(self.permit, self.gate.clock.now());
        core.wake_head();
    }
}

/// What an attempt holds. Dropped without a word it counts as neutral, and its tokens as used.
#[derive(Debug)]
pub(super) struct Held {
    gate: Arc<Gate>,
    resource: Arc<Resource>,
    permit: Permit,
    tokens: u64,
    round: u64,
    /// How long it waited and what for, if it did.
    pub(super) waited: Option<(Duration, Why)>,
    first_byte: Option<Duration>,
    settled: bool,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub(super) outcome: Outcome,
    pub(super) load: Load,
    /// Tokens really used, None if nobody knows.
    pub(super) used: Option<u64>,
}

impl Ending {
    /// Nothing is known.
    const UNKNOWN: Ending = Ending { outcome: Outcome::Neutral, load: Load::Unknown, used: None };
}

impl Held {
    pub(super) fn first_byte(&mut self, took: Duration) {
        self.first_byte = Some(took);
    }

    /// Gives everything back. Returns the state that the breaker came into by it, if it changed.
    pub(super) fn settle(mut self, ending: Ending, now: Time) -> Option<State> {
        self.give_back(ending, now)
    }

    fn give_back(&mut self, ending: Ending, now: Time) -> Option<State> {
        self.settled = true;
        let changed = self.resource.settle(self.permit, ending.outcome, self.first_byte, now);
        let mut core = self.gate.core();
        core.limiter.learn(ending.load, self.round);
        core.limiter.release();
        core.limiter.settle(self.tokens, ending.used.unwrap_or(self.tokens), now);
        core.wake_head();
        changed
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.settled {
            let now = self.gate.clock.now();
            self.give_back(Ending::UNKNOWN, now);
        }
    }
}
