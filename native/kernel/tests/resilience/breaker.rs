//! The breaker on a paused clock: each test is a conversation with it.

use std::time::Duration;

use graphbit_kernel::clock::Time;
use graphbit_kernel::resilience::{Breaker, BreakerConfig, Outcome, Permit, Refused, State};

/// A breaker and the time it is told. Without jitter unless a test asks for it.
pub(crate) struct Talk {
    pub(crate) breaker: Breaker,
    pub(crate) now: Time,
}

impl Talk {
    pub(crate) fn with(config: BreakerConfig) -> Talk {
        Talk { breaker: Breaker::new(config, 7), now: Time::from_secs_f64(1000.0) }
    }

    fn start() -> Talk {
        Talk::with(steady())
    }

    /// A breaker that five failures opened just now.
    fn opened() -> Talk {
        let mut talk = Talk::start();
        talk.calls(5, Outcome::Failure);
        assert_eq!(talk.state(), State::Open);
        talk
    }

    /// A breaker whose open time is just over.
    fn half_open() -> Talk {
        let mut talk = Talk::opened();
        talk.wait(5.0);
        assert_eq!(talk.state(), State::HalfOpen);
        talk
    }

    pub(crate) fn wait(&mut self, secs: f64) {
        self.now = self.now + Duration::from_secs_f64(secs);
    }

    pub(crate) fn state(&self) -> State {
        self.breaker.state(self.now)
    }

    pub(crate) fn ask(&mut self) -> Result<Permit, Refused> {
        self.breaker.try_acquire(self.now)
    }

    fn permit(&mut self) -> Permit {
        self.ask().expect("the breaker should let this call through")
    }

    fn refusal(&mut self) -> f64 {
        self.ask().expect_err("the breaker should refuse this call").retry_after.as_secs_f64()
    }

    pub(crate) fn end(&mut self, permit: Permit, outcome: Outcome) {
        self.breaker.record(permit, outcome, None, self.now);
    }

    fn calls(&mut self, count: usize, outcome: Outcome) {
        for _ in 0..count {
            let permit = self.permit();
            self.end(permit, outcome);
        }
    }

    fn slow_call(&mut self, first_byte_secs: u64) {
        let permit = self.permit();
        let took = Some(Duration::from_secs(first_byte_secs));
        self.breaker.record(permit, Outcome::Success, took, self.now);
    }
}

fn steady() -> BreakerConfig {
    BreakerConfig { jitter: 0.0, ..BreakerConfig::default() }
}

#[test]
fn five_failures_in_a_row_open_it() {
    let mut talk = Talk::start();
    talk.calls(4, Outcome::Failure);
    assert_eq!(talk.state(), State::Closed);
    talk.calls(1, Outcome::Failure);
    assert_eq!(talk.state(), State::Open);
}

#[test]
fn a_success_breaks_a_row_of_failures() {
    let mut talk = Talk::start();
    talk.calls(4, Outcome::Failure);
    talk.calls(1, Outcome::Success);
    talk.calls(4, Outcome::Failure);
    assert_eq!(talk.state(), State::Closed, "nine calls are too few for a ratio");
}

#[test]
fn a_neutral_call_does_not_break_a_row_of_failures() {
    let mut talk = Talk::start();
    talk.calls(4, Outcome::Failure);
    talk.calls(3, Outcome::Neutral);
    talk.calls(1, Outcome::Failure);
    assert_eq!(talk.state(), State::Open);
}

#[test]
fn half_of_ten_calls_failing_open_it() {
    let mut talk = Talk::start();
    for _ in 0..4 {
        talk.calls(1, Outcome::Failure);
        talk.calls(1, Outcome::Success);
    }
    talk.calls(1, Outcome::Failure);
    assert_eq!(talk.state(), State::Closed, "nine calls are too few");
    talk.calls(1, Outcome::Success);
    assert_eq!(talk.state(), State::Open, "the tenth call makes it 5 of 10");
}

#[test]
fn four_of_ten_calls_failing_leave_it_closed() {
    let mut talk = Talk::start();
    talk.calls(6, Outcome::Success);
    talk.calls(4, Outcome::Failure);
    assert_eq!(talk.state(), State::Closed);
}

#[test]
fn failures_older_than_the_window_are_forgotten() {
    let mut talk = Talk::start();
    talk.calls(1, Outcome::Success);
    talk.calls(4, Outcome::Failure);
    talk.wait(31.0);
    talk.calls(1, Outcome::Success);
    talk.calls(4, Outcome::Failure);
    assert_eq!(talk.state(), State::Closed, "8 of 10 failed, but not within 30 s");
}

#[test]
fn the_window_forgets_one_bucket_at_a_time() {
    let mut talk = Talk::start();
    talk.calls(6, Outcome::Success);
    talk.wait(15.0);
    talk.calls(4, Outcome::Failure);
    talk.wait(16.0);
    talk.calls(1, Outcome::Success);
    talk.calls(4, Outcome::Failure);
    assert_eq!(talk.state(), State::Closed, "the six successes dropped out: 8 of 9 failed");
    talk.calls(1, Outcome::Success);
    assert_eq!(talk.state(), State::Open, "8 of 10 failed");
}

#[test]
fn a_hundred_4xx_leave_it_closed() {
    let mut talk = Talk::start();
    talk.calls(100, Outcome::Neutral);
    assert_eq!(talk.state(), State::Closed);
}

#[test]
fn neutral_calls_do_not_dilute_the_ratio() {
    let mut talk = Talk::start();
    for _ in 0..5 {
        talk.calls(20, Outcome::Neutral);
        talk.calls(1, Outcome::Success);
        talk.calls(1, Outcome::Failure);
    }
    assert_eq!(talk.state(), State::Open);
}

#[test]
fn slow_first_bytes_are_no_fault_by_default() {
    let mut talk = Talk::start();
    (0..50).for_each(|_| talk.slow_call(3600));
    assert_eq!(talk.state(), State::Closed);
}

#[test]
fn eight_of_ten_calls_slow_open_it_when_asked() {
    let mut talk = Talk::with(BreakerConfig { slow_after: Some(Duration::from_secs(2)), ..steady() });
    (0..2).for_each(|_| talk.slow_call(2));
    (0..7).for_each(|_| talk.slow_call(3));
    assert_eq!(talk.state(), State::Closed);
    talk.slow_call(3);
    assert_eq!(talk.state(), State::Open);
}

#[test]
fn open_refuses_for_five_seconds_and_says_how_long() {
    let mut talk = Talk::opened();
    assert_eq!(talk.refusal(), 5.0);
    talk.wait(4.5);
    assert_eq!(talk.refusal(), 0.5);
    talk.wait(0.5);
    talk.permit();
}

#[test]
fn looking_takes_nothing() {
    let mut talk = Talk::half_open();
    for _ in 0..10 {
        talk.breaker.check(talk.now).expect("three probes are free");
    }
    let _probes = [talk.permit(), talk.permit(), talk.permit()];
    assert!(talk.breaker.check(talk.now).is_err());
}

#[test]
fn half_open_lets_three_of_a_thousand_callers_through() {
    let mut talk = Talk::half_open();
    let admitted = (0..1000).filter(|_| talk.ask().is_ok()).count();
    assert_eq!(admitted, 3);
}

#[test]
fn probes_that_succeeded_make_no_room_for_more() {
    let mut talk = Talk::half_open();
    talk.calls(2, Outcome::Success);
    let _third = talk.permit();
    talk.refusal();
}

#[test]
fn three_successes_close_it() {
    let mut talk = Talk::half_open();
    talk.calls(2, Outcome::Success);
    assert_eq!(talk.state(), State::HalfOpen);
    talk.calls(1, Outcome::Success);
    assert_eq!(talk.state(), State::Closed);
}

#[test]
fn it_closes_with_an_empty_window() {
    let mut talk = Talk::half_open();
    talk.calls(3, Outcome::Success);
    talk.calls(4, Outcome::Failure);
    assert_eq!(talk.state(), State::Closed, "what was before does not count");
}

#[test]
fn one_failed_probe_opens_it_for_twice_as_long() {
    let mut talk = Talk::half_open();
    let (first, second) = (talk.permit(), talk.permit());
    talk.end(first, Outcome::Success);
    talk.end(second, Outcome::Failure);
    assert_eq!(talk.state(), State::Open);
    assert_eq!(talk.refusal(), 10.0);
}

#[test]
fn open_time_doubles_up_to_a_minute_and_starts_anew_after_a_recovery() {
    let mut talk = Talk::opened();
    let mut open_times = Vec::new();
    for _ in 0..6 {
        let open_for = talk.refusal();
        open_times.push(open_for);
        talk.wait(open_for);
        talk.calls(1, Outcome::Failure);
    }
    assert_eq!(open_times, [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]);
    talk.wait(60.0);
    talk.calls(3, Outcome::Success);
    talk.calls(5, Outcome::Failure);
    assert_eq!(talk.refusal(), 5.0);
}

#[test]
fn jitter_spreads_the_open_time_by_a_fifth_either_way() {
    let open_for = |seed| {
        let mut breaker = Breaker::new(BreakerConfig::default(), seed);
        for _ in 0..5 {
            let permit = breaker.try_acquire(Time::ZERO).expect("closed");
            breaker.record(permit, Outcome::Failure, None, Time::ZERO);
        }
        breaker.check(Time::ZERO).expect_err("open").retry_after.as_secs_f64()
    };
    let times: Vec<f64> = (0..1000).map(open_for).collect();
    assert!(times.iter().all(|time| (4.0..=6.0).contains(time)));
    assert!(times.iter().any(|time| *time < 4.1) && times.iter().any(|time| *time > 5.9));
    assert_eq!(open_for(3), open_for(3), "the same seed says the same");
}

#[test]
fn a_probe_that_ends_neutral_gives_its_permit_back() {
    let mut talk = Talk::half_open();
    let probes = [talk.permit(), talk.permit(), talk.permit()];
    talk.refusal();
    talk.end(probes[1], Outcome::Neutral);
    talk.permit();
    talk.refusal();
}

#[test]
fn a_probe_that_never_reports_expires() {
    let mut talk = Talk::half_open();
    let lost = [talk.permit(), talk.permit(), talk.permit()];
    talk.wait(1199.0);
    talk.refusal();
    talk.wait(1.0);
    talk.calls(2, Outcome::Success);
    talk.end(lost[0], Outcome::Failure);
    assert_eq!(talk.state(), State::HalfOpen, "it counts as returned, so its late result says nothing");
    talk.calls(1, Outcome::Success);
    assert_eq!(talk.state(), State::Closed);
}

#[test]
fn a_probe_counts_once_even_if_it_is_recorded_twice() {
    let mut talk = Talk::half_open();
    let probe = talk.permit();
    (0..3).for_each(|_| talk.end(probe, Outcome::Success));
    assert_eq!(talk.state(), State::HalfOpen);
}

#[test]
fn results_from_before_it_opened_change_nothing() {
    let mut talk = Talk::start();
    let old: Vec<Permit> = (0..20).map(|_| talk.permit()).collect();
    talk.calls(5, Outcome::Failure);
    old[..5].iter().for_each(|permit| talk.end(*permit, Outcome::Success));
    assert_eq!(talk.state(), State::Open);
    talk.wait(5.0);
    talk.calls(1, Outcome::Success);
    old[5..10].iter().for_each(|permit| talk.end(*permit, Outcome::Success));
    assert_eq!(talk.state(), State::HalfOpen, "late successes are no probes");
    talk.calls(2, Outcome::Success);
    old[10..].iter().for_each(|permit| talk.end(*permit, Outcome::Failure));
    assert_eq!(talk.state(), State::Closed, "late failures are of another time");
}

#[test]
fn a_waiting_call_keeps_its_permit_while_nothing_changed() {
    let mut talk = Talk::start();
    let permit = talk.permit();
    talk.wait(60.0);
    assert_eq!(talk.breaker.renew(permit, talk.now), Ok(permit));
}

#[test]
fn a_waiting_call_is_refused_if_it_opened_meanwhile() {
    let mut talk = Talk::start();
    let waiting = talk.permit();
    talk.calls(5, Outcome::Failure);
    let refused = talk.breaker.renew(waiting, talk.now).expect_err("open");
    assert_eq!(refused.retry_after, Duration::from_secs(5));
}

#[test]
fn a_waiting_call_of_old_must_become_a_probe() {
    let mut talk = Talk::start();
    let waiting = [talk.permit(), talk.permit(), talk.permit(), talk.permit()];
    talk.calls(5, Outcome::Failure);
    talk.wait(5.0);
    let renewed: Vec<_> =
        waiting.iter().map(|permit| talk.breaker.renew(*permit, talk.now).is_ok()).collect();
    assert_eq!(renewed, [true, true, true, false]);
}

#[test]
fn a_waiting_probe_stays_one_of_the_three_and_its_time_starts_anew() {
    let mut talk = Talk::half_open();
    let probes = [talk.permit(), talk.permit(), talk.permit()];
    talk.wait(1000.0);
    assert_eq!(talk.breaker.renew(probes[0], talk.now), Ok(probes[0]));
    talk.wait(1000.0);
    talk.end(probes[0], Outcome::Failure);
    assert_eq!(talk.state(), State::Open, "a result within the renewed time counts");
}

#[test]
fn fifty_callers_at_a_dead_server_send_at_most_fifty_five_requests() {
    let mut talk = Talk::start();
    let mut sent = 0;
    for _ in 0..100 {
        let permits: Vec<Permit> = (0..50).filter_map(|_| talk.ask().ok()).collect();
        sent += permits.len();
        talk.wait(0.01);
        permits.into_iter().for_each(|permit| talk.end(permit, Outcome::Failure));
    }
    assert!(sent <= 55, "{sent} requests");
}
