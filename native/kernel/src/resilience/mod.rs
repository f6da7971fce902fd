//! What keeps one sick provider from taking the process with it: breaker, retries and limits.
//!
//! Nothing here waits, locks or reads a clock. The engine keeps one [`Breaker`], one [`RetryBudget`] and
//! one [`Limiter`] per resource behind a lock and says what time it is.

mod aimd;
mod breaker;
mod codel;
mod jitter;
mod limiter;
mod rate;
mod retry;
mod rolling;

pub use aimd::Load;
pub use breaker::{Breaker, BreakerConfig, Outcome, Permit, Refused, State};
pub use codel::QueueDelay;
pub use jitter::Jitter;
pub use limiter::{Admission, EnqueueError, Limiter, Limits, Ticket, Why};
pub use rate::{InvalidRate, Rate};
pub use retry::{Backoff, Decision, RetryBudget, RetryInput, StopReason, decide};
