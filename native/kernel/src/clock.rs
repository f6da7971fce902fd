//! The only file that reads the machine's clocks. Every policy of the kernel takes `now`.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point on the monotonic clock, as the time since an origin that is fixed for the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub Duration);

impl Time {
    /// The origin of the monotonic clock.
    pub const ZERO: Time = Time(Duration::ZERO);

    /// A time `secs` seconds after the origin; negative and non-finite input counts as the origin.
    pub fn from_secs_f64(secs: f64) -> Time {
        Time(Duration::try_from_secs_f64(secs).unwrap_or_default())
    }

    /// Seconds since the origin.
    pub fn as_secs_f64(self) -> f64 {
        self.0.as_secs_f64()
    }

    /// Time from `earlier` until `self`, zero if `earlier` is later.
    pub fn since(self, earlier: Time) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl std::ops::Add<Duration> for Time {
    type Output = Time;
    fn add(self, rhs: Duration) -> Time {
        Time(self.0.saturating_add(rhs))
    }
}

/// Where the engine gets `now` from. Tests use a paused clock instead of [`SystemClock`].
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Monotonic time.
    fn now(&self) -> Time;
    /// Wall time as the duration since the Unix epoch; for seeds, and for dates that a server names.
    fn wall(&self) -> Duration;
}

/// The machine's clocks. The origin is the moment the value was made.
#[derive(Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// A clock whose origin is now.
    #[allow(clippy::disallowed_methods)]
    pub fn new() -> Self {
        SystemClock { origin: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> Time {
        Time(self.origin.elapsed())
    }

    #[allow(clippy::disallowed_methods)]
    fn wall(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}
