//! One call: its task, and the verdicts of the host on it.
//!
//! While an attempt runs, what it holds (breaker permit, reservation, a place at the resource) lies in
//! `held`. Whoever ends the attempt takes it out: the task when the attempt failed, the host with a
//! verdict, or a cancellation. Exactly one of them finds it.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::attempt;
use super::engine::Shared;
use super::event::{Event, Notice};
use super::gate::{Asking, Ending, Gate, Held};
use super::request::CallSpec;
use super::resource::Resource;
use super::verdict::Kind;
use crate::clock::Time;
use crate::error::{Error, Phase};
use crate::mailbox::{Mailbox, Outbox};
use crate::resilience::{Backoff, Decision, Load, Outcome, RetryInput, State, StopReason};

/// A shorter wait is the time that admission itself takes.
const NOTABLE: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(super) struct Call {
    pub(super) spec: CallSpec,
    pub(super) outbox: Arc<Outbox>,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) task: OnceLock<AbortHandle>,
    resource: Arc<Resource>,
    gate: Arc<Gate>,
    started: Time,
    attempts: AtomicU32,
    delivered: AtomicBool,
    /// A verdict is due.
    due: AtomicBool,
    held: Mutex<Option<Held>>,
    again: mpsc::UnboundedSender<Time>,
}

impl Call {
    /// A call that has not begun, and where its task hears of verdicts to try again.
    pub(super) fn new(
        outbox: Outbox,
        spec: CallSpec,
        mailbox: Arc<Mailbox>,
        (resource, gate): (Arc<Resource>, Arc<Gate>),
        started: Time,
    ) -> (Arc<Call>, mpsc::UnboundedReceiver<Time>) {
        let (again, verdicts) = mpsc::unbounded_channel();
        let call = Call {
            spec,
            outbox: Arc::new(outbox),
            mailbox,
            task: OnceLock::new(),
            resource,
            gate,
            started,
            attempts: AtomicU32::new(0),
            delivered: AtomicBool::new(false),
            due: AtomicBool::new(false),
            held: Mutex::new(None),
            again,
        };
        (Arc::new(call), verdicts)
    }

    /// Attempts begun.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Acquire)
    }

    /// The time from the start of the call to its deadline.
    pub(super) fn allowed(&self) -> Duration {
        self.spec.deadline.map_or(Duration::MAX, |deadline| deadline.since(self.started))
    }

    /// Whether it cannot go on without the host: a verdict is due, or room for more frames.
    pub(super) fn waits_for_host(&self) -> bool {
        self.due.load(Ordering::Acquire) || !self.outbox.has_room()
    }

    /// Tells the host what an attempt brought, unless a verdict has ended that attempt meanwhile. Frames
    /// count as delivered: from here on nothing is retried.
    pub(super) fn report(&self, event: Event) {
        let held = self.held();
        if held.is_some() {
            if matches!(event, Event::Frames(_)) {
                self.delivered.store(true, Ordering::Release);
            }
            if matches!(event, Event::Reply { .. } | Event::End { .. }) {
                self.due.store(true, Ordering::Release);
            }
            self.mailbox.push(&self.outbox, event);
        }
    }

    pub(super) fn head_arrived(&self, took: Duration) {
        if let Some(held) = self.held().as_mut() {
            held.first_byte(took);
        }
    }

    /// The server said that nothing is left until `wait` is over.
    pub(super) fn used_up(&self, wait: Duration, now: Time) {
        self.gate.pause_until(now + wait.min(self.spec.policy.max_retry_after));
    }

    /// What a broken read means once frames were delivered.
    pub(super) fn interrupted(&self, error: Error) -> Error {
        match error {
            Error::Transport { phase, detail } if self.delivered.load(Ordering::Acquire) => {
                Error::Interrupted { phase, detail }
            }
            other => other,
        }
    }

    /// Takes what the attempt holds; None if there is none, or someone else ended the attempt.
    pub(super) fn take_held(&self) -> Option<Held> {
        self.held().take()
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The host's wish to try again: settles the attempt and says why not, if not, and the state that the
    /// breaker came into by it, if it changed.
    pub(super) fn retry(
        &self,
        held: Held,
        kind: Kind,
        retry_after: Option<Duration>,
        now: Time,
    ) -> (Option<StopReason>, Option<State>) {
        self.due.store(false, Ordering::Release);
        let changed = self.judged(held, kind, retry_after, now);
        let decision = self.decide(retry_after, now);
        if let (Kind::RateLimited, Decision::Retry { at }) = (kind, decision) {
            self.gate.pause_until(at);
        }
        match decision {
            Decision::Stop(reason) => (Some(reason), changed),
            Decision::Retry { at } => {
                // The task is gone only if the call was cancelled at this moment; then nobody waits.
                let _ = self.again.send(at);
                (None, changed)
            }
        }
    }

    /// Settles an attempt whose reply was not good. A 429 that says how long concerns every call through the
    /// limiter, whatever becomes of this one. Returns the state that the breaker came into by it.
    pub(super) fn judged(
        &self,
        held: Held,
        kind: Kind,
        retry_after: Option<Duration>,
        now: Time,
    ) -> Option<State> {
        let changed = self.settle(held, kind.ending(), now);
        if let (Kind::RateLimited, Some(wait)) = (kind, retry_after) {
            self.used_up(wait, now);
        }
        changed
    }

    fn decide(&self, retry_after: Option<Duration>, now: Time) -> Decision {
        let input = RetryInput {
            attempts: self.attempts(),
            max_attempts: self.spec.policy.max_attempts,
            idempotent: self.spec.idempotent,
            delivered: self.delivered.load(Ordering::Acquire) && !self.spec.policy.restart_streams,
            circuit_open: false,
            retry_after,
            max_retry_after: self.spec.policy.max_retry_after,
            backoff: self.backoff(),
            deadline: self.spec.deadline,
        };
        self.resource.decide(input, now)
    }

    fn backoff(&self) -> Backoff {
        let policy = &self.spec.policy;
        Backoff { base: policy.backoff_base, cap: policy.backoff_cap, ..Backoff::default() }
    }

    /// What follows from a failed attempt: the time of the next one, or the end.
    fn after_failure(&self, held: Held, error: Error, now: Time) -> Result<Time, Error> {
        tracing::debug!(call = self.outbox.id(), attempt = self.attempts(), %error, "attempt failed");
        let (outcome, load, retryable) = judge(&error);
        let unsent = matches!(
            error,
            Error::Transport { phase: Phase::Connect, .. } | Error::Deadline { phase: Phase::Connect, .. }
        );
        self.settle(held, Ending { outcome, load, used: unsent.then_some(0) }, now);
        if !retryable {
            return Err(error);
        }
        match self.decide(None, now) {
            Decision::Retry { at } => Ok(at),
            Decision::Stop(_) => Err(error),
        }
    }

    async fn run(
        self: &Arc<Self>,
        shared: &Shared,
        verdicts: &mut mpsc::UnboundedReceiver<Time>,
    ) -> Result<(), Error> {
        self.resource.count_call();
        loop {
            let held = self.admit(shared).await?;
            let attempt = self.attempts.fetch_add(1, Ordering::AcqRel) + 1;
            if attempt > 1 {
                self.delivered.store(false, Ordering::Release);
                self.mailbox.push(&self.outbox, Event::Restart { attempt });
            }
            *self.held() = Some(held);
            let verdict = tokio::select! {
                biased;
                verdict = verdicts.recv() => verdict,
                error = failure(attempt::run(shared, self, attempt)) => match self.take_held() {
                    Some(held) => Some(self.after_failure(held, error, shared.clock().now())?),
                    None => verdicts.recv().await,
                }
            };
            let Some(at) = verdict else { return Ok(()) };
            tokio::time::sleep(at.since(shared.clock().now())).await;
        }
    }

    async fn admit(&self, shared: &Shared) -> Result<Held, Error> {
        let (resource, tokens, deadline) = (&self.resource, self.spec.tokens, self.spec.deadline);
        let admission = self.gate.admit(Asking { resource, tokens, deadline, allowed: self.allowed() });
        let admitted = match self.spec.deadline {
            None => admission.await,
            Some(deadline) => {
                let overdue = Error::Deadline { phase: Phase::Queue, timeout: self.allowed() };
                let left = deadline.since(shared.clock().now());
                tokio::time::timeout(left, admission).await.unwrap_or(Err(overdue))
            }
        };
        if self.spec.notices {
            self.tell_admission(&admitted, shared.clock().now());
        }
        admitted
    }

    fn settle(&self, held: Held, ending: Ending, now: Time) -> Option<State> {
        let changed = held.settle(ending, now);
        if changed.is_some() && self.spec.notices {
            self.tell_breaker(now);
        }
        changed
    }

    fn tell_admission(&self, admitted: &Result<Held, Error>, now: Time) {
        let limiter = || self.gate.name.clone();
        match admitted {
            Ok(held) => {
                if let Some((waited, why)) = held.waited.filter(|(waited, _)| *waited >= NOTABLE) {
                    self.tell(Notice::Limited { limiter: limiter(), waited, why });
                }
                let (state, _) = self.resource.breaker(now);
                if state == State::HalfOpen {
                    let resource = self.resource.name.clone();
                    self.tell(Notice::Breaker { resource, state, retry_after: None });
                }
            }
            Err(Error::CircuitOpen { .. }) => self.tell_breaker(now),
            Err(Error::Shed { waited, queued, .. }) => {
                self.tell(Notice::Shed { limiter: limiter(), waited: *waited, queued: *queued });
            }
            Err(_) => {}
        }
    }

    fn tell_breaker(&self, now: Time) {
        let (state, retry_after) = self.resource.breaker(now);
        self.tell(Notice::Breaker { resource: self.resource.name.clone(), state, retry_after });
    }

    fn tell(&self, notice: Notice) {
        self.mailbox.push(&self.outbox, Event::Notice(notice));
    }
}

/// The task of a call. A panic in it becomes the call's error, so that nobody waits in vain.
pub(super) async fn drive(shared: Arc<Shared>, call: Arc<Call>, mut verdicts: mpsc::UnboundedReceiver<Time>) {
    let run = AssertUnwindSafe(call.run(&shared, &mut verdicts)).catch_unwind();
    let result = run.await.unwrap_or_else(|panic| Err(Error::from_panic(&*panic)));
    if let Err(error) = result
        && shared.forget(call.outbox.id())
    {
        drop(call.take_held());
        call.mailbox.push(&call.outbox, Event::Failed { error, attempts: call.attempts() });
    }
}

/// The error of an attempt; never returns if it succeeded, as then the host has the word.
async fn failure(attempt: impl Future<Output = Result<(), Error>>) -> Error {
    match attempt.await {
        Err(error) => error,
        Ok(()) => std::future::pending().await,
    }
}

/// What a failure says of the resource and of its load, and whether another attempt may mend it.
fn judge(error: &Error) -> (Outcome, Load, bool) {
    match error {
        Error::Transport { .. } | Error::Decode { .. } | Error::Interrupted { .. } => {
            (Outcome::Failure, Load::Unknown, true)
        }
        // The caller's own deadline may be shorter than any server could meet.
        Error::Deadline { phase: Phase::Total, .. } => (Outcome::Neutral, Load::Unknown, false),
        Error::Deadline { .. } => (Outcome::Failure, Load::Heavy, true),
        _ => (Outcome::Neutral, Load::Unknown, false),
    }
}
