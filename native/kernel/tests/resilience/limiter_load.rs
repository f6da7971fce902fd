//! The limiter under a simulated load: calls that join, run, settle and give up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use graphbit_kernel::clock::Time;
use graphbit_kernel::resilience::{Admission, Limiter, Limits, Ticket};
use proptest::prelude::*;

use crate::limiter::rate;

/// A call as the simulation makes it.
#[derive(Clone, Debug)]
struct Call {
    gap_ms: u64,
    reserved: u64,
    actual: u64,
    runs_ms: u64,
    gives_up_after_ms: Option<u64>,
}

#[derive(Debug)]
struct Start {
    at: Time,
    ticket: Ticket,
    actual: u64,
}

const REQUESTS_PER_MINUTE: f64 = 300.0;
const TOKENS_PER_MINUTE: f64 = 3000.0;
const PERMITS: usize = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    Ends(usize),
    Joins(usize),
    GivesUp(usize),
    Poll,
}

/// Calls on their way through a limiter, which is asked only when it said so or something changed.
struct Simulation<'a> {
    calls: &'a [Call],
    limiter: Limiter,
    agenda: BTreeSet<(Time, Happens)>,
    waiting: BTreeMap<usize, Ticket>,
    starts: Vec<Start>,
}

fn simulate(calls: &[Call]) -> (Vec<Start>, Limiter) {
    let limits = Limits {
        max_concurrency: PERMITS,
        requests: rate(REQUESTS_PER_MINUTE).map(|rate| rate.with_burst(8)),
        tokens: rate(TOKENS_PER_MINUTE).map(|rate| rate.with_burst(500)),
        queue: usize::MAX,
        ..Limits::default()
    };
    let (limiter, agenda) = (Limiter::new(limits), BTreeSet::new());
    let mut run = Simulation { calls, limiter, agenda, waiting: BTreeMap::new(), starts: Vec::new() };
    let mut joins = Time::ZERO;
    for (index, call) in calls.iter().enumerate() {
        joins = joins + Duration::from_millis(call.gap_ms);
        run.agenda.insert((joins, Happens::Joins(index)));
    }
    while let Some((now, what)) = run.agenda.pop_first() {
        run.happens(what, now);
        while run.starts_head(now) {}
    }
    assert!(run.waiting.is_empty(), "{} calls never started", run.waiting.len());
    (run.starts, run.limiter)
}

impl Simulation<'_> {
    fn later(&mut self, now: Time, millis: u64, what: Happens) {
        self.agenda.insert((now + Duration::from_millis(millis), what));
    }

    fn happens(&mut self, what: Happens, now: Time) {
        match what {
            Happens::Ends(index) => {
                self.limiter.release();
                self.limiter.settle(self.calls[index].reserved, self.calls[index].actual, now);
            }
            Happens::Joins(index) => {
                let ticket = self.limiter.enqueue(self.calls[index].reserved, now).expect("below the burst");
                self.waiting.insert(index, ticket);
                if let Some(patience) = self.calls[index].gives_up_after_ms {
                    self.later(now, patience, Happens::GivesUp(index));
                }
            }
            Happens::GivesUp(index) => {
                if let Some(ticket) = self.waiting.remove(&index) {
                    self.limiter.cancel(ticket);
                }
            }
            Happens::Poll => {}
        }
    }

    /// Whether the head of the queue could start.
    fn starts_head(&mut self, now: Time) -> bool {
        let Some(ticket) = self.limiter.head() else { return false };
        match self.limiter.poll(ticket, now) {
            Admission::Behind | Admission::Shed { .. } => false,
            Admission::WaitUntil(at) => {
                assert!(at > now, "a wait that is no wait would spin");
                self.agenda.insert((at, Happens::Poll));
                false
            }
            Admission::Admitted => {
                assert!(self.limiter.in_flight() <= PERMITS);
                let mut waiting = self.waiting.iter();
                let found = waiting.find(|(_, waits)| **waits == ticket).map(|(index, _)| *index);
                let index = found.expect("each ticket is admitted once");
                self.waiting.remove(&index);
                self.starts.push(Start { at: now, ticket, actual: self.calls[index].actual });
                self.later(now, self.calls[index].runs_ms, Happens::Ends(index));
                true
            }
        }
    }
}

/// The most that `cost` summed up above `burst + rate * t`, over every stretch of time.
fn excess(starts: &[Start], cost: impl Fn(&Start) -> f64, per_minute: f64, burst: f64) -> f64 {
    let mut worst = f64::MIN;
    for (index, first) in starts.iter().enumerate() {
        let mut sum = 0.0;
        for last in &starts[index..] {
            sum += cost(last);
            let allowed = burst + per_minute / 60.0 * last.at.since(first.at).as_secs_f64();
            worst = worst.max(sum - allowed);
        }
    }
    worst
}

fn call() -> impl Strategy<Value = Call> {
    let gap_ms = prop_oneof![3 => Just(0u64), 3 => 0u64..300, 1 => 0u64..20_000];
    let runs_ms = prop_oneof![3 => 0u64..500, 1 => 0u64..30_000];
    (gap_ms, 0u64..=500, 0.0..=1.0f64, runs_ms, prop::option::weighted(0.2, 0u64..5000)).prop_map(
        |(gap_ms, reserved, used, runs_ms, gives_up_after_ms)| Call {
            gap_ms,
            reserved,
            actual: (reserved as f64 * used) as u64,
            runs_ms,
            gives_up_after_ms,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn whatever_comes_it_keeps_the_order_and_stays_below_burst_plus_rate(
        calls in prop::collection::vec(call(), 1..120)
    ) {
        let (starts, limiter) = simulate(&calls);
        prop_assert!(starts.is_sorted_by_key(|start| start.ticket));
        let by_request = excess(&starts, |_| 1.0, REQUESTS_PER_MINUTE, 8.0);
        let by_token = excess(&starts, |start| start.actual as f64, TOKENS_PER_MINUTE, 500.0);
        prop_assert!(by_request < 1e-6, "{by_request} requests too many");
        prop_assert!(by_token < 1e-6, "{by_token} tokens too many");
        prop_assert_eq!((limiter.in_flight(), limiter.queued()), (0, 0));
    }
}

#[test]
fn under_constant_demand_it_uses_the_rate() {
    let demand =
        |reserved, actual| Call { gap_ms: 5, reserved, actual, runs_ms: 100, gives_up_after_ms: None };
    for (reserved, actual) in [(0, 0), (100, 100), (100, 25)] {
        let (starts, _) = simulate(&vec![demand(reserved, actual); 400]);
        let time = starts[starts.len() - 1].at.since(starts[0].at).as_secs_f64();
        let by_request = 400.0 / (8.0 + REQUESTS_PER_MINUTE / 60.0 * time);
        let by_token = 400.0 * actual as f64 / (500.0 + TOKENS_PER_MINUTE / 60.0 * time);
        let used = by_request.max(by_token);
        assert!(used >= 0.95, "{used:.3} of the rate used with {actual} of {reserved} tokens");
    }
}
