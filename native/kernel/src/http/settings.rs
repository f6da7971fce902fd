//! The settings of a limiter and of a resource by their names, and the ranges of all settings.

use std::time::Duration;

use crate::error::Error;
use crate::nearest::nearest;
use crate::resilience::{BreakerConfig, Limits, QueueDelay, Rate};

/// The names that [`set_limit`] knows.
pub const LIMIT_KEYS: &[&str] = &[
    "max_concurrency",
    "requests_per_minute",
    "tokens_per_minute",
    "queue",
    "queue_target",
    "queue_interval",
    "adaptive",
];

/// The names that [`Protection::set`] knows.
pub const PROTECTION_KEYS: &[&str] = &[
    "breaker_window",
    "breaker_min_calls",
    "breaker_ratio",
    "breaker_consecutive",
    "breaker_open",
    "breaker_open_max",
    "breaker_probes",
    "slow_after",
    "slow_ratio",
    "retry_ratio",
    "retry_floor",
];

/// Sets one limit of a limiter by its name.
pub fn set_limit(limits: &mut Limits, key: &str, value: f64) -> Result<(), Error> {
    match key {
        "max_concurrency" => limits.max_concurrency = count("limits.max_concurrency", value)? as usize,
        "requests_per_minute" => limits.requests = Some(rate("limits.requests_per_minute", value)?),
        "tokens_per_minute" => limits.tokens = Some(rate("limits.tokens_per_minute", value)?),
        "queue" => limits.queue = count("limits.queue", value)? as usize,
        "queue_target" => delay(limits).target = seconds("limits.queue_target", value)?,
        "queue_interval" => delay(limits).interval = seconds("limits.queue_interval", value)?,
        "adaptive" => limits.adaptive = flag("limits.adaptive", value)?,
        other => return Err(unknown("limits", "limit", other, LIMIT_KEYS)),
    }
    Ok(())
}

/// Naming either of the two turns shedding on; a call takes seconds, so an interval has to hold a few.
fn delay(limits: &mut Limits) -> &mut QueueDelay {
    let (target, interval) = (Duration::from_secs(5), Duration::from_secs(10));
    limits.queue_delay.get_or_insert(QueueDelay { target, interval })
}

/// How a resource is kept from harm: its breaker and its retry budget.
#[derive(Clone, Debug)]
pub struct Protection {
    /// When the breaker trips and how it comes back.
    pub breaker: BreakerConfig,
    /// Retries as a share of the calls of the last minute, 0 to 1.
    pub retry_ratio: f64,
    /// Retries that are granted at any rate.
    pub retry_floor: u32,
}

impl Default for Protection {
    fn default() -> Self {
        Protection { breaker: BreakerConfig::default(), retry_ratio: 0.2, retry_floor: 3 }
    }
}

impl Protection {
    /// Sets one value by its name; seconds, a share or a count.
    pub fn set(&mut self, key: &str, value: f64) -> Result<(), Error> {
        let breaker = &mut self.breaker;
        match key {
            "breaker_window" => breaker.window = seconds("settings.breaker_window", value)?,
            "breaker_min_calls" => breaker.min_calls = count("settings.breaker_min_calls", value)?,
            "breaker_ratio" => breaker.failure_ratio = positive_share("settings.breaker_ratio", value)?,
            "breaker_consecutive" => breaker.consecutive = count("settings.breaker_consecutive", value)?,
            "breaker_open" => breaker.open_for = seconds("settings.breaker_open", value)?,
            "breaker_open_max" => breaker.open_max = seconds("settings.breaker_open_max", value)?,
            "breaker_probes" => breaker.probes = count("settings.breaker_probes", value)?,
            "slow_after" => breaker.slow_after = Some(seconds("settings.slow_after", value)?),
            "slow_ratio" => breaker.slow_ratio = positive_share("settings.slow_ratio", value)?,
            "retry_ratio" => self.retry_ratio = share("settings.retry_ratio", value)?,
            "retry_floor" => self.retry_floor = count_or_none("settings.retry_floor", value)?,
            other => return Err(unknown("settings", "setting", other, PROTECTION_KEYS)),
        }
        Ok(())
    }
}

/// The error of a name that does not exist.
pub(super) fn unknown(field: &'static str, what: &str, name: &str, known: &[&str]) -> Error {
    let hint = match nearest(name, known) {
        hint if hint.is_empty() => format!("; it has {}", known.join(", ")),
        hint => hint,
    };
    Error::validation(field, format!("there is no {what} {name:?}{hint}"))
}

pub(super) fn seconds(field: &'static str, value: f64) -> Result<Duration, Error> {
    match Duration::try_from_secs_f64(value) {
        Ok(duration) if value > 0.0 => Ok(duration),
        _ => Err(Error::validation(field, format!("must be a number of seconds above 0, not {value}"))),
    }
}

pub(super) fn flag(field: &'static str, value: f64) -> Result<bool, Error> {
    match value {
        0.0 => Ok(false),
        1.0 => Ok(true),
        _ => Err(Error::validation(field, format!("must be 0 or 1, not {value}"))),
    }
}

pub(super) fn count(field: &'static str, value: f64) -> Result<u32, Error> {
    whole(field, value, 1)
}

fn count_or_none(field: &'static str, value: f64) -> Result<u32, Error> {
    whole(field, value, 0)
}

fn whole(field: &'static str, value: f64, least: u32) -> Result<u32, Error> {
    if value >= f64::from(least) && value <= f64::from(u32::MAX) && value.fract() == 0.0 {
        return Ok(value as u32);
    }
    Err(Error::validation(field, format!("must be a whole number from {least} to {}, not {value}", u32::MAX)))
}

fn share(field: &'static str, value: f64) -> Result<f64, Error> {
    if (0.0..=1.0).contains(&value) {
        return Ok(value);
    }
    Err(Error::validation(field, format!("must be a share from 0 to 1, not {value}")))
}

fn positive_share(field: &'static str, value: f64) -> Result<f64, Error> {
    match share(field, value)? {
        0.0 => Err(Error::validation(field, "must be a share above 0, or every call would trip the breaker")),
        share => Ok(share),
    }
}

fn rate(field: &'static str, value: f64) -> Result<Rate, Error> {
    Rate::per_minute(value).map_err(|error| Error::validation(field, error.to_string()))
}
