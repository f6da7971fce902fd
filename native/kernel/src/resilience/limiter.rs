//! One queue per resource for its permits and its rate limits.

use std::collections::BTreeMap;
use std::time::Duration;

use thiserror::Error;

use super::aimd::{Aimd, Load};
use super::codel::{Codel, QueueDelay};
use super::rate::{Meter, Rate, TokenMeter};
use crate::clock::Time;

/// What a resource bears.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Calls that run at the same time; 0 counts as 1.
    pub max_concurrency: usize,
    /// Calls started.
    pub requests: Option<Rate>,
    /// Tokens of the calls started, as reserved at first and as used once that is known.
    pub tokens: Option<Rate>,
    /// Calls that wait.
    pub queue: usize,
    /// Which delay the queue may have. None, the default: a caller's own backlog may take as long as its
    /// deadlines say; who serves others wants a target.
    pub queue_delay: Option<QueueDelay>,
    /// Whether to find out how many calls may run, up to `max_concurrency`.
    pub adaptive: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_concurrency: 256,
            requests: None,
            tokens: None,
            queue: 10_000,
            queue_delay: None,
            adaptive: false,
        }
    }
}

/// A place in the queue. Lower tickets go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

/// The call cannot even wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EnqueueError {
    /// As many calls wait as may.
    #[error("{queued} calls wait for this resource already; raise `queue` or send fewer at a time")]
    Full {
        /// Calls that wait.
        queued: usize,
    },
    /// The call costs more than the limiter ever admits at once.
    #[error(
        "the call needs {cost} tokens but the limit admits {burst} at once; shorten it or raise `tokens_per_minute`"
    )]
    TooLarge {
        /// Tokens of the call.
        cost: u64,
        /// The most that is admitted at once.
        burst: u64,
    },
}

/// What a ticket may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Start. The ticket is used up; a permit and the tokens are taken, both to be given back.
    Admitted,
    /// First in the queue; ask again at this time, or earlier if woken.
    WaitUntil(Time),
    /// Others are first or no permit is free; ask again when woken.
    Behind,
    /// Turned away: the queue stands, and it waited too long. The ticket is used up.
    Shed {
        /// How long it waited.
        waited: Duration,
        /// Calls that wait behind it.
        queued: usize,
    },
}

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A call to end.
    Permits,
    /// The rate to allow more.
    Rate,
    /// The end of a pause that the server asked for.
    Paused,
}

impl Why {
    /// `permits`, `rate` or `paused`.
    pub fn as_str(self) -> &'static str {
        match self {
            Why::Permits => "permits",
            Why::Rate => "rate",
            Why::Paused => "paused",
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    tokens: u64,
    since: Time,
}

/// Admits calls in the order they came, when a permit is free and both rates allow it.
///
/// After any call that changes the limiter, wake whoever holds [`Limiter::head`]. Each admitted call ends with one
/// [`Limiter::release`] and one [`Limiter::settle`], in any order.
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    requests: Meter,
    tokens: TokenMeter,
    paused_until: Time,
    in_flight: usize,
    /// In order of their tickets; a call that gives up leaves no hole.
    queue: BTreeMap<Ticket, Waiting>,
    next: u64,
    codel: Option<Codel>,
    aimd: Option<Aimd>,
}

impl Limiter {
    /// An idle limiter, both bursts unused.
    pub fn new(limits: Limits) -> Limiter {
        Limiter {
            requests: Meter::new(limits.requests),
            tokens: TokenMeter::new(limits.tokens),
            codel: limits.queue_delay.map(Codel::new),
            aimd: limits.adaptive.then(|| Aimd::new(limits.max_concurrency.max(1))),
            limits,
            paused_until: Time::ZERO,
            in_flight: 0,
            queue: BTreeMap::new(),
            next: 0,
        }
    }

    /// Changes the limits. No call is cancelled, and what is in use stays in use.
    pub fn set_limits(&mut self, limits: Limits, now: Time) {
        self.requests.set_rate(limits.requests, now);
        self.tokens.set_rate(limits.tokens, now);
        if limits.queue_delay != self.limits.queue_delay {
            self.codel = limits.queue_delay.map(Codel::new);
        }
        let learned = self.aimd.take().unwrap_or_else(|| Aimd::new(limits.max_concurrency.max(1)));
        self.aimd = limits.adaptive.then_some(learned);
        self.limits = limits;
    }

    /// Takes a place at the end of the queue for a call that reserves `tokens`; poll it at once. The queue is not
    /// full for a call that would not have to wait.
    pub fn enqueue(&mut self, tokens: u64, now: Time) -> Result<Ticket, EnqueueError> {
        if let Some(burst) = self.limits.tokens.map(|rate| rate.burst()).filter(|burst| tokens > *burst) {
            return Err(EnqueueError::TooLarge { cost: tokens, burst });
        }
        let queued = self.queue.len();
        let at_once = queued == 0 && self.permit_free() && self.ready_at(tokens, now) <= now;
        if queued >= self.limits.queue && !at_once {
            return Err(EnqueueError::Full { queued });
        }
        let ticket = Ticket(self.next);
        self.next += 1;
        self.queue.insert(ticket, Waiting { tokens, since: now });
        Ok(ticket)
    }

    /// Admits the ticket or says when to ask again. Not for a ticket that was admitted or cancelled.
    pub fn poll(&mut self, ticket: Ticket, now: Time) -> Admission {
        debug_assert!(self.queue.contains_key(&ticket), "{ticket:?} was admitted or cancelled before");
        let head = self.queue.first_key_value().filter(|(head, _)| **head == ticket);
        let Some(Waiting { tokens, since }) = head.map(|(_, waiting)| *waiting) else {
            return Admission::Behind;
        };
        let waited = now.since(since);
        if self.codel.as_mut().is_some_and(|codel| codel.sheds(waited, now)) {
            self.cancel(ticket);
            return Admission::Shed { waited, queued: self.queue.len() };
        }
        let look_again = self.codel.as_ref().map(|codel| codel.look_again(since));
        if !self.permit_free() {
            return look_again.map_or(Admission::Behind, Admission::WaitUntil);
        }
        let at = self.ready_at(tokens, now);
        if at > now {
            return Admission::WaitUntil(look_again.map_or(at, |look| look.min(at)));
        }
        self.cancel(ticket);
        self.in_flight += 1;
        self.requests.add(1, now);
        self.tokens.reserve(tokens, now);
        Admission::Admitted
    }

    /// Gives up a place. Nothing happens if the ticket was admitted already.
    pub fn cancel(&mut self, ticket: Ticket) {
        self.queue.remove(&ticket);
        if let Some(codel) = self.codel.as_mut().filter(|_| self.queue.is_empty()) {
            codel.empty();
        }
    }

    /// What a call that is not admitted now waits for.
    pub fn why(&self, now: Time) -> Why {
        if self.paused_until > now {
            Why::Paused
        } else if self.permit_free() {
            Why::Rate
        } else {
            Why::Permits
        }
    }

    /// Belongs to calls that are admitted now; for [`Limiter::learn`].
    pub fn round(&self) -> u64 {
        self.aimd.as_ref().map_or(0, Aimd::round)
    }

    /// Adapts the limit to how a call ended that was admitted in `round`; before its permit comes back.
    pub fn learn(&mut self, load: Load, round: u64) {
        if let Some(aimd) = &mut self.aimd {
            aimd.learn(load, round, self.in_flight, self.limits.max_concurrency.max(1));
        }
    }

    /// How long a call may wait while the queue stands.
    pub fn patience(&self) -> Duration {
        self.codel.as_ref().map_or(Duration::MAX, Codel::patience)
    }

    /// Calls that may run at the same time now.
    pub fn concurrency(&self) -> usize {
        let most = self.limits.max_concurrency.max(1);
        self.aimd.as_ref().map_or(most, |aimd| aimd.limit(most))
    }

    /// Gives a permit back, when the attempt is over.
    pub fn release(&mut self) {
        debug_assert!(self.in_flight > 0, "more permits came back than were given out");
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Replaces a reservation by what was really used. `actual` is `reserved` where nobody knows, and 0 where the
    /// server did no work.
    pub fn settle(&mut self, reserved: u64, actual: u64, now: Time) {
        self.tokens.settle(reserved, actual, now);
    }

    /// Admits nothing before `until`, as a 429 asks. Never shortens a pause.
    pub fn pause_until(&mut self, until: Time) {
        self.paused_until = self.paused_until.max(until);
    }

    /// Until when nothing is admitted.
    pub fn paused_until(&self) -> Time {
        self.paused_until
    }

    /// No call that joins the queue now starts before this time, unless others give up. A call whose deadline
    /// comes first need not wait for it. Of the tokens, what calls in flight have reserved may all come back.
    pub fn earliest(&self, tokens: u64, now: Time) -> Time {
        let calls = self.queue.len() as u64 + 1;
        let by_rate = self.requests.ready_at(calls, now).max(self.tokens.earliest(tokens, now));
        by_rate.max(self.paused_until).max(now)
    }

    /// The ticket whose turn is next.
    pub fn head(&self) -> Option<Ticket> {
        self.queue.first_key_value().map(|(ticket, _)| *ticket)
    }

    /// Calls that run.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Calls that wait.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    fn permit_free(&self) -> bool {
        self.in_flight < self.concurrency()
    }

    /// When the head of the queue may start, as far as rates and pauses go. A call that was enqueued under a wider
    /// limit and is above the burst now waits for a full burst.
    fn ready_at(&self, tokens: u64, now: Time) -> Time {
        let tokens = self.tokens.rate().map_or(tokens, |rate| tokens.min(rate.burst()));
        let by_rate = self.requests.ready_at(1, now).max(self.tokens.ready_at(tokens, now));
        by_rate.max(self.paused_until)
    }
}
