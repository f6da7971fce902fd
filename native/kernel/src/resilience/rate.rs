//! GCRA in its continuous form: what was used and has not yet worn off, in whole numbers.

use std::time::Duration;

use thiserror::Error;

use crate::clock::Time;

/// Work of one unit. With rates in thousandths of a unit per minute, each nanosecond wears off a whole number,
/// so nothing is rounded.
const UNIT: u128 = 60_000_000_000 * 1000;

/// A rate that no limiter can keep.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("a rate of {0} per minute is out of range: use 0.001 to 1e12, or leave the limit out")]
pub struct InvalidRate(pub f64);

/// So many units a minute, of which a burst may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    per_minute_milli: u128,
    burst: u64,
}

impl Rate {
    /// `units` a minute (0.001 to 1e12), with a burst of a minute's worth, at least one unit.
    pub fn per_minute(units: f64) -> Result<Rate, InvalidRate> {
        if !(0.001..=1e12).contains(&units) {
            return Err(InvalidRate(units));
        }
        Ok(Rate { per_minute_milli: (units * 1000.0).round() as u128, burst: (units as u64).max(1) })
    }

    /// The same rate with another burst, at least one unit.
    pub fn with_burst(self, units: u64) -> Rate {
        Rate { burst: units.max(1), ..self }
    }

    /// The most units that can come at once.
    pub fn burst(&self) -> u64 {
        self.burst
    }
}

/// How much of a rate is in use; without a rate, never anything.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    rate: Option<Rate>,
    work: u128,
    at: Time,
}

impl Meter {
    pub(super) fn new(rate: Option<Rate>) -> Meter {
        Meter { rate, work: 0, at: Time::ZERO }
    }

    /// Changes the rate. What is in use stays in use, so setting a limit again gives no second burst.
    pub(super) fn set_rate(&mut self, rate: Option<Rate>, now: Time) {
        self.advance(now);
        self.rate = rate;
        if rate.is_none() {
            self.work = 0;
        }
    }

    pub(super) fn rate(&self) -> Option<Rate> {
        self.rate
    }

    /// When the last of `units` more fits, if they come as early as they can and nothing else comes.
    pub(super) fn ready_at(&self, units: u64, now: Time) -> Time {
        let Some(rate) = self.rate else { return now };
        let excess = (self.work_at(now) + work(units)).saturating_sub(work(rate.burst));
        if excess == 0 {
            return now;
        }
        let nanos = u64::try_from(excess.div_ceil(rate.per_minute_milli)).unwrap_or(u64::MAX);
        now.max(self.at) + Duration::from_nanos(nanos)
    }

    /// Uses `units`, whether they fit or not.
    pub(super) fn add(&mut self, units: u64, now: Time) {
        self.advance(now);
        if self.rate.is_some() {
            self.work += work(units);
        }
    }

    fn work_at(&self, now: Time) -> u128 {
        let worn_off = self.rate.map_or(0, |rate| now.since(self.at).as_nanos() * rate.per_minute_milli);
        self.work.saturating_sub(worn_off)
    }

    fn advance(&mut self, now: Time) {
        self.work = self.work_at(now);
        self.at = self.at.max(now);
    }
}

fn work(units: u64) -> u128 {
    u128::from(units) * UNIT
}

/// A meter for calls whose cost is known only when they end.
///
/// `paid` takes the whole reservation when a call starts and gets the rest back when it ends. How much of it may
/// come back? Part may have worn off already, and giving it back twice would let more through than the rate. The
/// bound is `settled`, which takes real use as calls end: what it has left, less what is still reserved, is safe.
#[derive(Clone, Debug)]
pub(super) struct TokenMeter {
    paid: Meter,
    settled: Meter,
    reserved: u64,
}

impl TokenMeter {
    pub(super) fn new(rate: Option<Rate>) -> TokenMeter {
        TokenMeter { paid: Meter::new(rate), settled: Meter::new(rate), reserved: 0 }
    }

    pub(super) fn set_rate(&mut self, rate: Option<Rate>, now: Time) {
        self.paid.set_rate(rate, now);
        self.settled.set_rate(rate, now);
    }

    pub(super) fn rate(&self) -> Option<Rate> {
        self.paid.rate()
    }

    pub(super) fn ready_at(&self, units: u64, now: Time) -> Time {
        self.paid.ready_at(units, now)
    }

    /// When `units` fit, if calls in flight turn out to use nothing. More than the burst never fits, and is
    /// refused for that.
    pub(super) fn earliest(&self, units: u64, now: Time) -> Time {
        if self.rate().is_some_and(|rate| units > rate.burst) {
            now
        } else {
            self.settled.ready_at(units, now)
        }
    }

    pub(super) fn reserve(&mut self, units: u64, now: Time) {
        self.paid.add(units, now);
        self.reserved = self.reserved.saturating_add(units);
    }

    pub(super) fn settle(&mut self, reserved: u64, actual: u64, now: Time) {
        self.reserved = self.reserved.saturating_sub(reserved);
        self.settled.add(actual, now);
        self.paid.add(actual.saturating_sub(reserved), now);
        let refunded = self.paid.work.saturating_sub(work(reserved.saturating_sub(actual)));
        let safe = self.settled.work + work(self.reserved);
        self.paid.work = self.paid.work.min(refunded.max(safe));
    }
}
