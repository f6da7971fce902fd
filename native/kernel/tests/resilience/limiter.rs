//! The limiter on a paused clock: each test is a conversation with it.

use std::time::Duration;

use graphbit_kernel::clock::Time;
use graphbit_kernel::resilience::{Admission, EnqueueError, Limiter, Limits, Rate, Ticket};

/// A limiter and the time it is told.
struct Talk {
    limiter: Limiter,
    now: Time,
}

impl Talk {
    fn with(limits: Limits) -> Talk {
        Talk { limiter: Limiter::new(limits), now: Time::from_secs_f64(500.0) }
    }

    fn wait(&mut self, secs: f64) {
        self.now = self.now + Duration::from_secs_f64(secs);
    }

    fn join(&mut self, tokens: u64) -> Ticket {
        self.limiter.enqueue(tokens, self.now).expect("the queue has room")
    }

    fn poll(&mut self, ticket: Ticket) -> Admission {
        self.limiter.poll(ticket, self.now)
    }

    /// Joins, polls and leaves again, admitted or not.
    fn try_call(&mut self, tokens: u64) -> Admission {
        let ticket = self.join(tokens);
        let answer = self.poll(ticket);
        self.limiter.cancel(ticket);
        answer
    }

    /// Joins and polls at once.
    fn call(&mut self, tokens: u64) -> Admission {
        let ticket = self.join(tokens);
        self.poll(ticket)
    }

    fn settle(&mut self, reserved: u64, actual: u64) {
        self.limiter.settle(reserved, actual, self.now);
    }

    fn after(&self, secs: f64) -> Admission {
        Admission::WaitUntil(self.now + Duration::from_secs_f64(secs))
    }

    fn admit(&mut self, calls: usize, tokens: u64) {
        (0..calls).for_each(|_| assert_eq!(self.call(tokens), Admission::Admitted));
    }
}

pub(crate) fn rate(per_minute: f64) -> Option<Rate> {
    Some(Rate::per_minute(per_minute).expect("in range"))
}

fn requests(per_minute: f64) -> Limits {
    Limits { requests: rate(per_minute), ..Limits::default() }
}

fn tokens(per_minute: f64) -> Limits {
    Limits { tokens: rate(per_minute), ..Limits::default() }
}

#[test]
fn without_limits_everything_up_to_the_permits_starts_at_once() {
    let mut talk = Talk::with(Limits::default());
    talk.admit(256, u64::MAX / 512);
    assert_eq!(talk.call(0), Admission::Behind);
    assert_eq!((talk.limiter.in_flight(), talk.limiter.queued()), (256, 1));
}

#[test]
fn a_burst_is_a_minute_of_requests_and_then_one_comes_per_interval() {
    let mut talk = Talk::with(requests(7.0));
    talk.admit(7, 0);
    let next = talk.join(0);
    let Admission::WaitUntil(at) = talk.poll(next) else { panic!("the burst is used up") };
    let wait = at.since(talk.now).as_secs_f64();
    assert!((wait - 60.0 / 7.0).abs() < 1e-8, "{wait}");
    talk.now = at;
    assert_eq!(talk.poll(next), Admission::Admitted);
    assert!(matches!(talk.call(0), Admission::WaitUntil(_)));
}

#[test]
fn a_smaller_burst_can_be_asked_for() {
    let limits = Limits { requests: rate(60.0).map(|rate| rate.with_burst(2)), ..Limits::default() };
    let mut talk = Talk::with(limits);
    talk.admit(2, 0);
    assert_eq!(talk.call(0), talk.after(1.0));
}

#[test]
fn idle_time_gives_back_the_burst_and_no_more() {
    let mut talk = Talk::with(requests(6.0));
    talk.admit(6, 0);
    talk.wait(3600.0);
    talk.admit(6, 0);
    assert_eq!(talk.call(0), talk.after(10.0));
}

#[test]
fn less_than_one_request_a_minute_is_a_rate_too() {
    let mut talk = Talk::with(requests(0.5));
    talk.admit(1, 0);
    assert_eq!(talk.call(0), talk.after(120.0));
}

#[test]
fn rates_that_nobody_can_keep_are_refused() {
    for per_minute in [0.0, -1.0, 0.0001, 1e13, f64::NAN, f64::INFINITY] {
        let error = Rate::per_minute(per_minute).expect_err("out of range");
        assert!(error.to_string().contains("0.001 to 1e12"), "{error}");
    }
}

#[test]
fn tokens_wait_for_the_tokens_they_cost() {
    let mut talk = Talk::with(tokens(6000.0));
    talk.admit(1, 5500);
    assert_eq!(talk.call(700), talk.after(2.0));
}

#[test]
fn requests_and_tokens_are_taken_together_or_not_at_all() {
    let mut talk = Talk::with(Limits { requests: rate(2.0), tokens: rate(600.0), ..Limits::default() });
    talk.admit(1, 600);
    let waiting = talk.join(100);
    assert_eq!(talk.poll(waiting), talk.after(10.0), "for tokens");
    talk.limiter.cancel(waiting);
    talk.wait(1.0);
    talk.admit(1, 0);
    assert_eq!(talk.call(0), talk.after(29.0), "the one that waited for tokens took no request");
}

#[test]
fn a_call_above_the_burst_is_refused_at_once() {
    let mut talk = Talk::with(tokens(1000.0));
    let refused = talk.limiter.enqueue(1001, talk.now);
    assert_eq!(refused, Err(EnqueueError::TooLarge { cost: 1001, burst: 1000 }));
    assert!(refused.expect_err("too large").to_string().contains("1001"));
    talk.admit(1, 1000);
}

#[test]
fn tokens_that_were_reserved_and_not_used_come_back() {
    let mut talk = Talk::with(tokens(600.0));
    talk.admit(1, 600);
    let waiting = talk.join(500);
    assert_eq!(talk.poll(waiting), talk.after(50.0));
    talk.settle(600, 100);
    assert_eq!(talk.poll(waiting), Admission::Admitted);
}

#[test]
fn tokens_used_beyond_the_reservation_are_paid_later() {
    let mut talk = Talk::with(tokens(600.0));
    talk.admit(1, 100);
    talk.settle(100, 700);
    assert_eq!(talk.call(100), talk.after(20.0));
}

#[test]
fn a_refund_gives_nothing_back_that_has_worn_off_already() {
    let mut talk = Talk::with(tokens(600.0));
    talk.admit(1, 600);
    talk.wait(90.0);
    talk.admit(1, 600);
    talk.settle(600, 0);
    assert!(matches!(talk.call(1), Admission::WaitUntil(_)), "the second call uses the whole burst");
}

#[test]
fn a_call_that_never_ends_slows_the_others_to_the_rate_but_does_not_stop_them() {
    let mut talk = Talk::with(tokens(600.0));
    talk.admit(1, 600);
    for _ in 0..20 {
        talk.wait(10.0);
        talk.admit(1, 100);
        assert!(matches!(talk.try_call(100), Admission::WaitUntil(_)));
        talk.settle(100, 100);
    }
}

#[test]
fn who_comes_first_goes_first_even_if_a_later_one_would_fit() {
    let mut talk = Talk::with(tokens(600.0));
    talk.admit(1, 300);
    let large = talk.join(600);
    let small = talk.join(1);
    assert_eq!(talk.poll(small), Admission::Behind);
    assert_eq!(talk.poll(large), talk.after(30.0));
    assert_eq!(talk.limiter.head(), Some(large));
}

#[test]
fn a_cancelled_waiter_leaves_no_hole() {
    let mut talk = Talk::with(requests(1.0));
    talk.admit(1, 0);
    let [first, second, third] = [talk.join(0), talk.join(0), talk.join(0)];
    talk.limiter.cancel(second);
    talk.limiter.cancel(first);
    assert_eq!(talk.limiter.head(), Some(third));
    assert_eq!(talk.poll(third), talk.after(60.0), "not 120 or 180");
    talk.limiter.cancel(third);
    assert_eq!((talk.limiter.head(), talk.limiter.queued()), (None, 0));
}

#[test]
fn cancelling_an_admitted_ticket_does_nothing() {
    let mut talk = Talk::with(Limits { max_concurrency: 1, ..Limits::default() });
    let ticket = talk.join(0);
    assert_eq!(talk.poll(ticket), Admission::Admitted);
    talk.limiter.cancel(ticket);
    assert_eq!(talk.limiter.in_flight(), 1);
}

#[test]
fn permits_go_to_the_head_as_they_come_back() {
    let mut talk = Talk::with(Limits { max_concurrency: 2, ..Limits::default() });
    talk.admit(2, 0);
    let [first, second] = [talk.join(0), talk.join(0)];
    assert_eq!((talk.poll(first), talk.poll(second)), (Admission::Behind, Admission::Behind));
    talk.limiter.release();
    assert_eq!((talk.poll(second), talk.poll(first)), (Admission::Behind, Admission::Admitted));
    assert_eq!(talk.poll(second), Admission::Behind);
    talk.limiter.release();
    assert_eq!(talk.poll(second), Admission::Admitted);
}

#[test]
fn waiting_for_a_permit_takes_nothing_from_the_rates() {
    let mut talk = Talk::with(Limits { max_concurrency: 1, requests: rate(2.0), ..Limits::default() });
    talk.admit(1, 0);
    let waiting = talk.join(0);
    assert_eq!(talk.poll(waiting), Admission::Behind);
    talk.limiter.cancel(waiting);
    talk.limiter.release();
    talk.admit(1, 0);
}

#[test]
fn the_queue_is_bounded() {
    let mut talk = Talk::with(Limits { max_concurrency: 1, queue: 2, ..Limits::default() });
    talk.admit(1, 0);
    let first = talk.join(0);
    talk.join(0);
    assert_eq!(talk.limiter.enqueue(0, talk.now), Err(EnqueueError::Full { queued: 2 }));
    talk.limiter.cancel(first);
    talk.join(0);
}

#[test]
fn with_no_queue_a_call_starts_at_once_or_not_at_all() {
    let mut talk = Talk::with(Limits { max_concurrency: 1, queue: 0, ..Limits::default() });
    talk.admit(1, 0);
    assert_eq!(talk.limiter.enqueue(0, talk.now), Err(EnqueueError::Full { queued: 0 }));
    talk.limiter.release();
    talk.admit(1, 0);
}

#[test]
fn a_pause_holds_all_calls_until_it_is_over() {
    let mut talk = Talk::with(Limits::default());
    let until = talk.now + Duration::from_secs(9);
    talk.limiter.pause_until(until);
    let waiting = talk.join(0);
    assert_eq!(talk.poll(waiting), Admission::WaitUntil(until));
    talk.now = until;
    assert_eq!(talk.poll(waiting), Admission::Admitted);
}

#[test]
fn a_second_pause_never_shortens_the_first() {
    let mut talk = Talk::with(Limits::default());
    let long = talk.now + Duration::from_secs(9);
    talk.limiter.pause_until(long);
    talk.limiter.pause_until(talk.now);
    assert_eq!(talk.call(0), Admission::WaitUntil(long));
}

#[test]
fn setting_the_same_limits_again_gives_no_second_burst() {
    let mut talk = Talk::with(requests(60.0));
    talk.admit(60, 0);
    talk.limiter.set_limits(requests(60.0), talk.now);
    assert_eq!(talk.call(0), talk.after(1.0));
}

#[test]
fn a_wider_limit_helps_those_who_wait() {
    let mut talk = Talk::with(requests(1.0));
    talk.admit(1, 0);
    let waiting = talk.join(0);
    assert_eq!(talk.poll(waiting), talk.after(60.0));
    talk.limiter.set_limits(requests(2.0), talk.now);
    assert_eq!(talk.poll(waiting), Admission::Admitted);
}

#[test]
fn a_tighter_limit_cancels_nobody() {
    let mut talk = Talk::with(Limits { max_concurrency: 3, ..tokens(600.0) });
    talk.admit(2, 50);
    let large = talk.join(500);
    talk.limiter.set_limits(Limits { max_concurrency: 1, ..tokens(60.0) }, talk.now);
    assert_eq!((talk.limiter.in_flight(), talk.poll(large)), (2, Admission::Behind));
    (0..2).for_each(|_| talk.limiter.release());
    assert_eq!(talk.poll(large), talk.after(100.0), "above the new burst: it waits for a full one");
    talk.wait(100.0);
    assert_eq!(talk.poll(large), Admission::Admitted);
}

#[test]
fn the_earliest_start_of_a_newcomer_waits_for_tokens_that_are_surely_used() {
    let mut talk = Talk::with(tokens(60.0));
    talk.admit(1, 60);
    assert_eq!(talk.limiter.earliest(30, talk.now), talk.now);
    talk.limiter.settle(60, 45, talk.now);
    assert_eq!(Admission::WaitUntil(talk.limiter.earliest(30, talk.now)), talk.after(15.0));
    assert_eq!(talk.limiter.earliest(61, talk.now), talk.now);
}

#[test]
fn the_earliest_start_of_a_newcomer_counts_those_ahead() {
    let mut talk = Talk::with(requests(60.0));
    assert_eq!(talk.limiter.earliest(0, talk.now), talk.now);
    talk.admit(60, 0);
    (0..9).for_each(|_| assert!(talk.limiter.enqueue(0, talk.now).is_ok()));
    assert_eq!(Admission::WaitUntil(talk.limiter.earliest(0, talk.now)), talk.after(10.0));
    talk.limiter.pause_until(talk.now + Duration::from_secs(30));
    assert_eq!(Admission::WaitUntil(talk.limiter.earliest(0, talk.now)), talk.after(30.0));
}
