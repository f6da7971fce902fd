//! Whether a failed attempt is made again, and when.

use std::time::Duration;

use super::{jitter::Jitter, rolling::Rolling};
use crate::clock::Time;

/// Exponential back-off with full jitter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// Longest wait after the first attempt.
    pub base: Duration,
    /// What it is multiplied by with each further attempt.
    pub factor: f64,
    /// Longest wait of all.
    pub cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff { base: Duration::from_millis(500), factor: 2.0, cap: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// The longest wait after `attempts` attempts.
    pub fn ceiling(&self, attempts: u32) -> Duration {
        let exponent = i32::try_from(attempts.saturating_sub(1)).unwrap_or(i32::MAX);
        let secs = self.base.as_secs_f64() * self.factor.powi(exponent);
        Duration::try_from_secs_f64(secs).unwrap_or(self.cap).min(self.cap)
    }

    /// A wait between nothing and the ceiling, each as likely: callers that failed together come back apart.
    pub fn delay(&self, attempts: u32, jitter: &mut Jitter) -> Duration {
        self.ceiling(attempts).mul_f64(jitter.fraction())
    }
}

/// Why a call is not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// All attempts are used up.
    Attempts,
    /// The resource's calls had their share of retries.
    Budget,
    /// The wait would not end before the deadline.
    Deadline,
    /// The server asks for a longer wait than the caller accepts.
    RetryAfter,
    /// Doing it twice could do harm.
    NotIdempotent,
    /// A part of the answer was handed out.
    Delivered,
    /// The breaker is open.
    Circuit,
}

impl StopReason {
    /// The reason as Python sees it.
    pub fn as_str(self) -> &'static str {
        match self {
            StopReason::Attempts => "attempts",
            StopReason::Budget => "budget",
            StopReason::Deadline => "deadline",
            StopReason::RetryAfter => "retry_after",
            StopReason::NotIdempotent => "not_idempotent",
            StopReason::Delivered => "delivered",
            StopReason::Circuit => "circuit",
        }
    }
}

/// All that [`decide`] looks at, of a call whose attempt failed in a way that may pass.
#[derive(Clone, Copy, Debug)]
pub struct RetryInput {
    /// Attempts made, the failed one included.
    pub attempts: u32,
    /// Attempts allowed, the first included.
    pub max_attempts: u32,
    /// Whether the call may be made twice.
    pub idempotent: bool,
    /// Whether a part of the answer was handed out.
    pub delivered: bool,
    /// Whether the resource's breaker is open.
    pub circuit_open: bool,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// The longest such wait that is accepted.
    pub max_retry_after: Duration,
    /// How long to wait when the server says nothing.
    pub backoff: Backoff,
    /// When the call has to be over.
    pub deadline: Option<Time>,
}

/// What to do with a call whose attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try again.
    Retry {
        /// Not before.
        at: Time,
    },
    /// The call is over.
    Stop(StopReason),
}

/// Decides, and takes the retry from the budget if the answer is yes. What the server asks is waited for exactly;
/// otherwise the back-off says how long.
pub fn decide(input: &RetryInput, budget: &mut RetryBudget, jitter: &mut Jitter, now: Time) -> Decision {
    let too_late = |at: Time| input.deadline.is_some_and(|deadline| at >= deadline);
    let asked = input.retry_after.map(|wait| now + wait);
    let reason = if input.circuit_open {
        StopReason::Circuit
    } else if input.delivered {
        StopReason::Delivered
    } else if !input.idempotent {
        StopReason::NotIdempotent
    } else if input.attempts >= input.max_attempts {
        StopReason::Attempts
    } else if input.retry_after > Some(input.max_retry_after) || asked.is_some_and(too_late) {
        StopReason::RetryAfter
    } else {
        let at = asked.unwrap_or_else(|| now + input.backoff.delay(input.attempts, jitter));
        if too_late(at) {
            StopReason::Deadline
        } else if budget.try_take(now) {
            return Decision::Retry { at };
        } else {
            StopReason::Budget
        }
    };
    Decision::Stop(reason)
}

/// Keeps retries from multiplying the load on a resource that is in trouble.
#[derive(Debug)]
pub struct RetryBudget {
    ratio: f64,
    floor: u32,
    /// Calls and retries.
    window: Rolling<2>,
}

impl RetryBudget {
    /// Retries may be `ratio` of the calls in the last `window`, and `floor` at any rate.
    pub fn new(ratio: f64, floor: u32, window: Duration) -> RetryBudget {
        RetryBudget { ratio, floor, window: Rolling::new(window, 10) }
    }

    /// Changes the share and the floor; what was taken stays taken.
    pub fn set(&mut self, ratio: f64, floor: u32) {
        (self.ratio, self.floor) = (ratio, floor);
    }

    /// Counts a call; its first attempt only.
    pub fn record_call(&mut self, now: Time) {
        self.window.add([1, 0], now);
    }

    /// Takes one retry if there is one; check and take are one step.
    pub fn try_take(&mut self, now: Time) -> bool {
        let [calls, retries] = self.window.sum(now);
        let share = (f64::from(calls) * self.ratio) as u32;
        let granted = retries < share.max(self.floor);
        if granted {
            self.window.add([0, 1], now);
        }
        granted
    }
}

impl Default for RetryBudget {
    /// 20 % of the calls of the last minute, at least 3.
    fn default() -> Self {
        RetryBudget::new(0.2, 3, Duration::from_secs(60))
    }
}
