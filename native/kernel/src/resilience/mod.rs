//! What keeps one sick provider from taking the process with it: breaker, retries and limits.
//!
//! Nothing here waits, locks or reads a clock. The engine keeps one [`Breaker`], one [`RetryBudget`] and
//! one [`Limiter`] per resource behind a lock and says what time it is.

mod breaker;
mod jitter;
mod limiter;
mod rate;
mod retry;
mod rolling;

pub use breaker::{Breaker, BreakerConfig, Outcome, Permit, Refused, State};
pub use jitter::Jitter;
pub use limiter::{Admission, EnqueueError, Limiter, Limits, Ticket};
pub use rate::{InvalidRate, Rate};
pub use retry::{Backoff, Decision, RetryBudget, RetryInput, StopReason, decide};
