//! A queue that stands is told from one that absorbs a burst, on a paused clock.

use std::time::Duration;

use graphbit_kernel::clock::Time;
use graphbit_kernel::resilience::{Admission, Limiter, Limits, Load, QueueDelay, Rate, Ticket};
use proptest::prelude::*;

const TARGET: Duration = Duration::from_millis(500);
const INTERVAL: Duration = Duration::from_secs(2);

fn at(millis: u64) -> Time {
    Time::ZERO + Duration::from_millis(1_000_000 + millis)
}

fn limits() -> Limits {
    let queue_delay = Some(QueueDelay { target: TARGET, interval: INTERVAL });
    Limits { max_concurrency: 1, queue_delay, ..Limits::default() }
}

/// What became of calls, in order: admitted after so many milliseconds, or shed after so many.
#[derive(Debug, Default)]
struct Fates {
    admitted: Vec<(Ticket, u64)>,
    shed: Vec<(Ticket, u64)>,
}

/// One call every `gap` ms for `count` calls, each running for `runs` ms, with one permit.
fn load(limits: Limits, count: u64, gap: u64, runs: u64) -> Fates {
    let mut limiter = Limiter::new(limits);
    let (mut fates, mut joined, mut busy_until, mut came) = (Fates::default(), Vec::new(), 0, 0);
    for now in 0..count * gap.max(1) + 600_000 {
        if came < count && now >= came * gap {
            joined.push((limiter.enqueue(0, at(now)).expect("room"), now));
            came += 1;
        }
        if busy_until == now && limiter.in_flight() == 1 {
            limiter.release();
        }
        while let Some(head) = limiter.head() {
            let since = joined.iter().find(|(ticket, _)| *ticket == head).expect("it joined").1;
            match limiter.poll(head, at(now)) {
                Admission::Admitted => {
                    fates.admitted.push((head, now - since));
                    busy_until = now + runs;
                }
                Admission::Shed { waited, .. } => {
                    assert_eq!(waited, Duration::from_millis(now - since));
                    fates.shed.push((head, now - since));
                }
                Admission::WaitUntil(then) => {
                    assert!(then > at(now), "a wait that is no wait would spin");
                    break;
                }
                Admission::Behind => break,
            }
        }
    }
    assert_eq!(fates.admitted.len() + fates.shed.len(), count as usize);
    fates
}

#[test]
fn a_burst_that_wears_off_is_served_whole_and_in_order() {
    // Fifteen calls of 100 ms at once: the last one waits 1.4 s, but within an interval the queue is gone.
    let fates = load(limits(), 15, 0, 100);
    assert!(fates.shed.is_empty(), "{fates:?}");
    assert!(fates.admitted.is_sorted());
}

#[test]
fn under_twice_the_load_that_it_bears_those_who_are_served_wait_briefly_and_the_server_stays_busy() {
    let fates = load(limits(), 1000, 50, 100);
    let late = &fates.admitted[60..];
    let worst = late.iter().map(|(_, waited)| *waited).max().unwrap();
    assert!(worst <= 1000, "{worst} ms");
    assert!(fates.admitted.len() >= 490, "{} of 500 that fit", fates.admitted.len());
    assert!(fates.shed.iter().all(|(_, waited)| *waited >= 1000), "nobody is turned away early");
    assert!(fates.admitted.is_sorted_by_key(|(ticket, _)| *ticket));
}

#[test]
fn without_a_target_everybody_waits() {
    let fates = load(Limits { queue_delay: None, ..limits() }, 300, 50, 100);
    assert!(fates.shed.is_empty());
}

#[test]
fn a_server_that_never_ends_a_call_has_the_others_turned_away_in_time() {
    let mut limiter = Limiter::new(limits());
    let first = limiter.enqueue(0, at(0)).unwrap();
    assert_eq!(limiter.poll(first, at(0)), Admission::Admitted);
    let (ticket, mut now) = (limiter.enqueue(0, at(0)).unwrap(), at(0));
    let waited = loop {
        match limiter.poll(ticket, now) {
            Admission::WaitUntil(then) => now = then,
            Admission::Shed { waited, queued: 0 } => break waited,
            other => panic!("{other:?}"),
        }
    };
    assert!(waited <= 2 * INTERVAL + 2 * TARGET, "{waited:?}");
}

#[test]
fn a_call_that_is_turned_away_uses_up_no_rate() {
    let requests = Some(Rate::per_minute(60.0).unwrap().with_burst(1));
    let fates = load(Limits { requests, max_concurrency: 100, ..limits() }, 400, 100, 0);
    assert!(fates.shed.len() > 100);
    assert!(fates.admitted.len() >= 39, "one a second for 40 s: {}", fates.admitted.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_the_load_it_keeps_the_order_and_sheds_nobody_who_waited_less_than_twice_the_target(
        count in 1u64..80, gap in 0u64..300, runs in 1u64..300
    ) {
        let fates = load(limits(), count, gap, runs);
        prop_assert!(fates.admitted.is_sorted_by_key(|(ticket, _)| *ticket));
        prop_assert!(fates.shed.is_sorted_by_key(|(ticket, _)| *ticket));
        prop_assert!(fates.shed.iter().all(|(_, waited)| *waited >= 1000));
        if runs <= gap {
            prop_assert!(fates.shed.is_empty());
        }
    }
}

/// A limiter that adapts, and the calls it has under way.
struct Adaptive(Limiter, Vec<u64>);

impl Adaptive {
    fn up_to(max_concurrency: usize) -> Adaptive {
        let limits = Limits { max_concurrency, adaptive: true, ..Limits::default() };
        Adaptive(Limiter::new(limits), Vec::new())
    }

    /// Admits as many as may run.
    fn fill(&mut self) {
        while self.0.in_flight() < self.0.concurrency() {
            let ticket = self.0.enqueue(0, at(0)).expect("room");
            assert_eq!(self.0.poll(ticket, at(0)), Admission::Admitted);
            self.1.push(self.0.round());
        }
    }

    fn end(&mut self, load: Load) {
        let round = self.1.remove(0);
        self.0.learn(load, round);
        self.0.release();
    }
}

#[test]
fn calls_that_fail_together_halve_the_limit_once() {
    let mut adaptive = Adaptive::up_to(64);
    adaptive.fill();
    (0..64).for_each(|_| adaptive.end(Load::Heavy));
    assert_eq!(adaptive.0.concurrency(), 32);
    for expected in [16, 8, 4, 2, 1, 1] {
        adaptive.fill();
        (0..adaptive.1.len()).for_each(|_| adaptive.end(Load::Heavy));
        assert_eq!(adaptive.0.concurrency(), expected);
    }
}

#[test]
fn a_round_of_successes_adds_one_up_to_the_bound() {
    let mut adaptive = Adaptive::up_to(12);
    adaptive.fill();
    adaptive.end(Load::Heavy);
    (0..11).for_each(|_| adaptive.end(Load::Unknown));
    assert_eq!(adaptive.0.concurrency(), 6);
    let mut rounds = 0;
    while adaptive.0.concurrency() < 12 {
        adaptive.fill();
        (0..adaptive.1.len()).for_each(|_| adaptive.end(Load::Fine));
        rounds += 1;
    }
    assert!((6..=13).contains(&rounds), "{rounds} rounds");
    adaptive.fill();
    (0..12).for_each(|_| adaptive.end(Load::Fine));
    assert_eq!(adaptive.0.concurrency(), 12);
}

#[test]
fn a_limit_that_is_not_used_does_not_grow() {
    let mut adaptive = Adaptive::up_to(64);
    adaptive.fill();
    (0..64).for_each(|_| adaptive.end(Load::Heavy));
    for _ in 0..1000 {
        let ticket = adaptive.0.enqueue(0, at(0)).expect("room");
        adaptive.0.poll(ticket, at(0));
        adaptive.1.push(adaptive.0.round());
        adaptive.end(Load::Fine);
    }
    assert_eq!(adaptive.0.concurrency(), 32);
}

#[test]
fn a_limit_that_does_not_adapt_stays() {
    let mut fixed = Adaptive(Limiter::new(Limits { max_concurrency: 8, ..Limits::default() }), Vec::new());
    fixed.fill();
    (0..8).for_each(|_| fixed.end(Load::Heavy));
    assert_eq!(fixed.0.concurrency(), 8);
}
