//! The circuit breaker of one resource.

use std::time::Duration;

use thiserror::Error;

use super::{jitter::Jitter, rolling::Rolling};
use crate::clock::Time;

/// When a breaker trips and how it comes back.
#[derive(Clone, Debug)]
pub struct BreakerConfig {
    /// How far back calls count.
    pub window: Duration,
    /// In how many steps the window moves on.
    pub buckets: usize,
    /// Calls in the window below which no ratio is looked at.
    pub min_calls: u32,
    /// Trips when this share of the calls failed, 0 to 1.
    pub failure_ratio: f64,
    /// Trips at this many failures in a row, whatever the ratio.
    pub consecutive: u32,
    /// A first byte later than this makes a call slow. None, the default: an LLM may think long.
    pub slow_after: Option<Duration>,
    /// Trips when this share of the calls was slow, 0 to 1.
    pub slow_ratio: f64,
    /// How long it stays open the first time; doubles with every failed probe.
    pub open_for: Duration,
    /// Where the doubling ends (the jitter comes on top).
    pub open_max: Duration,
    /// The open time is spread by this share either way, so that processes do not probe in step.
    pub jitter: f64,
    /// Calls let through in half-open; as many successes close it.
    pub probes: u32,
    /// When a probe that never reported counts as returned: twice the default attempt timeout. Guards return
    /// theirs, so this is for what no guard holds.
    pub permit_ttl: Duration,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        BreakerConfig {
            window: Duration::from_secs(30),
            buckets: 10,
            min_calls: 10,
            failure_ratio: 0.5,
            consecutive: 5,
            slow_after: None,
            slow_ratio: 0.8,
            open_for: Duration::from_secs(5),
            open_max: Duration::from_secs(60),
            jitter: 0.2,
            probes: 3,
            permit_ttl: Duration::from_secs(1200),
        }
    }
}

/// What a call says about the health of its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The resource answered as it should.
    Success,
    /// Connect or read error, timeout, 408, 5xx, or a 2xx that nobody can read.
    Failure,
    /// Says nothing: any other 4xx, 429, the caller's cancellation, a refusal of our own.
    Neutral,
}

/// Whether calls pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All pass.
    Closed,
    /// None pass.
    Open,
    /// A few probes pass.
    HalfOpen,
}

impl State {
    /// `closed`, `open` or `half_open`.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Closed => "closed",
            State::Open => "open",
            State::HalfOpen => "half_open",
        }
    }
}

/// The right to make one call. Hold it in a guard that records [`Outcome::Neutral`] when dropped, and record it
/// once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    generation: u64,
    id: u64,
}

/// The breaker lets no call through now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the circuit is open; it may let a call through in {:.1} s", retry_after.as_secs_f64())]
pub struct Refused {
    /// When asking again makes sense. In half-open a guess: probes end when they end.
    pub retry_after: Duration,
}

/// Counts what happens to a resource and stops calling it while it is down.
#[derive(Debug)]
pub struct Breaker {
    config: BreakerConfig,
    jitter: Jitter,
    phase: Phase,
    /// Grows with every change of phase; results of older permits change nothing.
    generation: u64,
    issued: u64,
    /// Times opened since it was last closed.
    trips: u32,
}

#[derive(Debug)]
enum Phase {
    /// Calls, failures and slow calls of the window; failures in a row.
    Closed {
        window: Rolling<3>,
        consecutive: u32,
    },
    Open {
        until: Time,
    },
    HalfOpen {
        probes: Vec<Probe>,
        successes: u32,
    },
}

#[derive(Debug)]
struct Probe {
    id: u64,
    expires: Time,
}

impl Breaker {
    /// A closed breaker. The seed drives the jitter of the open time.
    pub fn new(config: BreakerConfig, seed: u64) -> Breaker {
        let phase = closed(&config);
        Breaker { config, jitter: Jitter::new(seed), phase, generation: 0, issued: 0, trips: 0 }
    }

    /// Changes when it trips and how it comes back. It keeps its state, and what it counted unless the window is
    /// another one.
    pub fn set_config(&mut self, config: BreakerConfig) {
        let (window, buckets) = (self.config.window, self.config.buckets);
        self.config = config;
        if matches!(self.phase, Phase::Closed { .. })
            && (window, buckets) != (self.config.window, self.config.buckets)
        {
            self.phase = closed(&self.config);
        }
    }

    /// The state at `now`.
    pub fn state(&self, now: Time) -> State {
        match &self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open { until } if now < *until => State::Open,
            Phase::Open { .. } | Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// Would [`Breaker::try_acquire`] succeed? Takes nothing; a caller that holds a permit wants
    /// [`Breaker::renew`].
    pub fn check(&mut self, now: Time) -> Result<(), Refused> {
        self.advance(now);
        let retry_after = match &self.phase {
            Phase::Closed { .. } => return Ok(()),
            Phase::Open { until } => until.since(now),
            Phase::HalfOpen { probes, successes } => {
                if probes.len() as u32 + successes < self.config.probes.max(1) {
                    return Ok(());
                }
                let expiry = probes.iter().map(|probe| probe.expires.since(now)).min();
                expiry.unwrap_or_default().min(self.config.open_for)
            }
        };
        Err(Refused { retry_after })
    }

    /// Lets one call through, or says when to ask again.
    pub fn try_acquire(&mut self, now: Time) -> Result<Permit, Refused> {
        self.check(now)?;
        self.issued += 1;
        if let Phase::HalfOpen { probes, .. } = &mut self.phase {
            probes.push(Probe { id: self.issued, expires: now + self.config.permit_ttl });
        }
        Ok(Permit { generation: self.generation, id: self.issued })
    }

    /// The second look, when a call that waited is at the head of the queue: keeps a permit that still holds (a
    /// probe's time starts anew), trades one from before a change of state for a new one, or refuses. Look
    /// before asking the limiter: then a queue before a dead server empties at once, and its calls use up no rate.
    pub fn renew(&mut self, permit: Permit, now: Time) -> Result<Permit, Refused> {
        self.advance(now);
        if permit.generation == self.generation {
            match &mut self.phase {
                Phase::HalfOpen { probes, .. } => {
                    if let Some(probe) = probes.iter_mut().find(|probe| probe.id == permit.id) {
                        probe.expires = now + self.config.permit_ttl;
                        return Ok(permit);
                    }
                }
                Phase::Closed { .. } | Phase::Open { .. } => return Ok(permit),
            }
        }
        self.try_acquire(now)
    }

    /// Ends a permit. `first_byte`: how long the first byte took, if one came.
    pub fn record(&mut self, permit: Permit, outcome: Outcome, first_byte: Option<Duration>, now: Time) {
        self.advance(now);
        if permit.generation != self.generation {
            return;
        }
        match &mut self.phase {
            Phase::Closed { .. } => self.record_closed(outcome, first_byte, now),
            Phase::Open { .. } => {}
            Phase::HalfOpen { probes, successes } => {
                let Some(index) = probes.iter().position(|probe| probe.id == permit.id) else { return };
                probes.swap_remove(index);
                match outcome {
                    Outcome::Neutral => {}
                    Outcome::Failure => self.open(now),
                    Outcome::Success => {
                        *successes += 1;
                        if *successes >= self.config.probes {
                            self.close();
                        }
                    }
                }
            }
        }
    }

    fn record_closed(&mut self, outcome: Outcome, first_byte: Option<Duration>, now: Time) {
        let Phase::Closed { window, consecutive } = &mut self.phase else { return };
        let failed = match outcome {
            Outcome::Neutral => return,
            Outcome::Success => false,
            Outcome::Failure => true,
        };
        let slow = matches!((first_byte, self.config.slow_after), (Some(took), Some(limit)) if took > limit);
        window.add([1, u32::from(failed), u32::from(slow)], now);
        *consecutive = if failed { *consecutive + 1 } else { 0 };
        let [calls, failures, slow_calls] = window.sum(now);
        let reached = |count: u32, ratio: f64| count > 0 && f64::from(count) >= ratio * f64::from(calls);
        let by_ratio = calls >= self.config.min_calls
            && (reached(failures, self.config.failure_ratio) || reached(slow_calls, self.config.slow_ratio));
        if by_ratio || *consecutive >= self.config.consecutive {
            self.open(now);
        }
    }

    /// Brings time-driven changes up to date: the end of the open time, probes that never reported.
    fn advance(&mut self, now: Time) {
        match &mut self.phase {
            Phase::Closed { .. } => {}
            Phase::Open { until } if now < *until => {}
            Phase::Open { .. } => self.enter(Phase::HalfOpen { probes: Vec::new(), successes: 0 }),
            Phase::HalfOpen { probes, .. } => probes.retain(|probe| now < probe.expires),
        }
    }

    fn open(&mut self, now: Time) {
        let doubled = self.config.open_for.saturating_mul(2u32.saturating_pow(self.trips));
        let spread = 1.0 + self.config.jitter * (2.0 * self.jitter.fraction() - 1.0);
        let secs = doubled.min(self.config.open_max).as_secs_f64() * spread;
        self.trips = self.trips.saturating_add(1);
        self.enter(Phase::Open { until: now + Duration::try_from_secs_f64(secs).unwrap_or_default() });
    }

    fn close(&mut self) {
        self.trips = 0;
        self.enter(closed(&self.config));
    }

    fn enter(&mut self, phase: Phase) {
        self.generation += 1;
        self.phase = phase;
    }
}

fn closed(config: &BreakerConfig) -> Phase {
    Phase::Closed { window: Rolling::new(config.window, config.buckets), consecutive: 0 }
}
