//! What all calls to one resource share: its breaker, its retry budget and its counters.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::settings::Protection;
use crate::clock::{Clock, Time};
use crate::error::Error;
use crate::resilience::{
    Breaker, BreakerConfig, Decision, Jitter, Outcome, Permit, Refused, RetryBudget, RetryInput, State,
    decide,
};

/// Counters of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// State of the breaker.
    pub breaker: State,
    /// For how long an open breaker will refuse calls; zero if it is not open.
    pub retry_after: Duration,
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
    pub(super) name: String,
    clock: Arc<dyn Clock>,
    core: Mutex<Core>,
    /// Rung when the breaker opens, for the calls that wait at any limiter.
    pub(super) opened: Notify,
}

#[derive(Debug)]
struct Core {
    breaker: Breaker,
    budget: RetryBudget,
    jitter: Jitter,
    calls: u64,
    failures: u64,
    retries: u64,
    in_flight: usize,
    queued: usize,
}

impl Resource {
    pub(super) fn new(name: &str, clock: Arc<dyn Clock>, seed: u64) -> Self {
        let mut jitter = Jitter::new(seed);
        let breaker_seed = (jitter.fraction() * u64::MAX as f64) as u64;
        let core = Core {
            breaker: Breaker::new(BreakerConfig::default(), breaker_seed),
            budget: RetryBudget::default(),
            jitter,
            calls: 0,
            failures: 0,
            retries: 0,
            in_flight: 0,
            queued: 0,
        };
        Resource { name: name.to_owned(), clock, core: Mutex::new(core), opened: Notify::new() }
    }

    /// Changes how it is protected; what is counted stays counted.
    pub(super) fn protect(&self, protection: Protection) {
        let mut core = self.core();
        core.budget.set(protection.retry_ratio, protection.retry_floor);
        core.breaker.set_config(protection.breaker);
    }

    pub(super) fn stats(&self) -> Stats {
        let (breaker, retry_after) = self.breaker(self.clock.now());
        let core = self.core();
        Stats {
            breaker,
            retry_after: retry_after.filter(|_| breaker == State::Open).unwrap_or_default(),
            calls: core.calls,
            failures: core.failures,
            retries: core.retries,
            in_flight: core.in_flight,
            queued: core.queued,
        }
    }

    pub(super) fn count_call(&self) {
        let mut core = self.core();
        core.calls += 1;
        core.budget.record_call(self.clock.now());
    }

    /// The first look at the breaker, before the queue; counts the call as queued.
    pub(super) fn enter(&self, now: Time) -> Result<Permit, Error> {
        let mut core = self.core();
        let permit = core.breaker.try_acquire(now).map_err(|refused| self.refused(refused))?;
        core.queued += 1;
        Ok(permit)
    }

    /// The second look, when the call is at the head of the queue.
    pub(super) fn renew(&self, permit: Permit, now: Time) -> Result<Permit, Error> {
        self.core().breaker.renew(permit, now).map_err(|refused| self.refused(refused))
    }

    /// Whether a call further back need not wait, as its breaker has opened.
    pub(super) fn check_open(&self, now: Time) -> Result<(), Error> {
        let mut core = self.core();
        match core.breaker.state(now) {
            State::Open => core.breaker.check(now).map_err(|refused| self.refused(refused)),
            State::Closed | State::HalfOpen => Ok(()),
        }
    }

    /// A call that was queued begins an attempt.
    pub(super) fn admitted(&self) {
        let mut core = self.core();
        core.queued -= 1;
        core.in_flight += 1;
    }

    /// A call that was queued leaves.
    pub(super) fn left(&self, permit: Permit, now: Time) {
        let mut core = self.core();
        core.queued -= 1;
        core.breaker.record(permit, Outcome::Neutral, None, now);
    }

    /// An attempt is over. Returns the state that the breaker came into by it, if it changed.
    pub(super) fn settle(
        &self,
        permit: Permit,
        outcome: Outcome,
        first_byte: Option<Duration>,
        now: Time,
    ) -> Option<State> {
        let mut core = self.core();
        core.in_flight -= 1;
        core.failures += u64::from(outcome == Outcome::Failure);
        let before = core.breaker.state(now);
        core.breaker.record(permit, outcome, first_byte, now);
        let after = core.breaker.state(now);
        drop(core);
        if after == State::Open && before != State::Open {
            self.opened.notify_waiters();
        }
        (after != before).then_some(after)
    }

    /// The state of the breaker, and when asking again makes sense if it refuses.
    pub(super) fn breaker(&self, now: Time) -> (State, Option<Duration>) {
        let mut core = self.core();
        let retry_after = core.breaker.check(now).err().map(|refused| refused.retry_after);
        (core.breaker.state(now), retry_after)
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

    fn refused(&self, refused: Refused) -> Error {
        Error::CircuitOpen { resource: self.name.clone(), retry_after: refused.retry_after }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
