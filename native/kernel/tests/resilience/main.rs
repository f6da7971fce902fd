//! Breaker, limiter and retries, tried on a paused clock.

mod breaker;
mod breaker_properties;
mod codel;
mod limiter;
mod limiter_load;
mod retry;
