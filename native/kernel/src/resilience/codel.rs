//! Controlled delay: tells a queue that stands from one that only absorbs a burst.
//!
//! A queue whose head was never younger than the target for a whole interval stands: more comes in than goes
//! out, and waiting longer helps nobody. While it stands, calls older than twice the target are turned away
//! (the form that servers use, as in Facebook's folly, rather than the paced drops of RFC 8289: what sends
//! here is no TCP that slows down when it loses a packet).

use std::time::Duration;

use crate::clock::Time;

/// Which delay a queue may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueDelay {
    /// The delay that a queue may keep up.
    pub target: Duration,
    /// For how long it may be above.
    pub interval: Duration,
}

/// What is known of the queue's delay.
#[derive(Debug)]
pub(super) struct Codel {
    limits: QueueDelay,
    /// The smallest age of the head in the interval that ends at `ends`.
    least: Duration,
    ends: Time,
    stands: bool,
}

impl Codel {
    pub(super) fn new(limits: QueueDelay) -> Codel {
        Codel { limits, least: Duration::ZERO, ends: Time::ZERO, stands: false }
    }

    /// Notes that the head of the queue is `age` old; whether it is to be turned away.
    pub(super) fn sheds(&mut self, age: Duration, now: Time) -> bool {
        if now >= self.ends {
            self.stands = self.least > self.limits.target;
            self.ends = now + self.limits.interval;
            self.least = age;
        }
        self.least = self.least.min(age);
        self.stands && age >= self.patience()
    }

    /// Notes that nobody waits.
    pub(super) fn empty(&mut self) {
        self.least = Duration::ZERO;
        self.stands = false;
    }

    /// When the head, which joined at `since`, has to be looked at again.
    pub(super) fn look_again(&self, since: Time) -> Time {
        if self.stands { self.ends.min(since + self.patience()) } else { self.ends }
    }

    /// How old a call may get while the queue stands.
    pub(super) fn patience(&self) -> Duration {
        self.limits.target.saturating_mul(2)
    }
}
