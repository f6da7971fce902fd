//! How many calls a server bears at the same time, found out by trying: one more after a round of successes,
//! half as many after a sign of overload.

/// What the end of a call says about how much its server can bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// It answered in time.
    Fine,
    /// It was too slow, refused with a 429, or failed with a 5xx.
    Heavy,
    /// Says nothing: the call was cancelled, or wrong.
    Unknown,
}

/// Calls admitted and not over, as a limit that moves between 1 and a bound.
#[derive(Debug)]
pub(super) struct Aimd {
    limit: f64,
    /// Grows with each decrease; calls from before it say nothing new about it.
    round: u64,
}

impl Aimd {
    /// Begins at `most`: until something goes wrong, nothing is held back.
    pub(super) fn new(most: usize) -> Aimd {
        Aimd { limit: most as f64, round: 0 }
    }

    pub(super) fn limit(&self, most: usize) -> usize {
        (self.limit as usize).clamp(1, most)
    }

    /// Belongs to a call that is admitted now.
    pub(super) fn round(&self) -> u64 {
        self.round
    }

    /// Learns from the end of a call that was admitted in `round`, while `in_flight` ran.
    pub(super) fn learn(&mut self, load: Load, round: u64, in_flight: usize, most: usize) {
        self.limit = self.limit.clamp(1.0, most as f64);
        match load {
            // A limit that is not used is no news when it is kept.
            Load::Fine if in_flight * 2 >= self.limit as usize => {
                self.limit = (self.limit + 1.0 / self.limit).min(most as f64);
            }
            // One decrease for all that were under way together.
            Load::Heavy if round == self.round => {
                self.limit = (self.limit / 2.0).max(1.0);
                self.round += 1;
            }
            _ => {}
        }
    }
}
