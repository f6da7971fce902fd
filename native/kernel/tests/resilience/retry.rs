//! Back-off, Retry-After, the decision and the budget.

use std::time::Duration;

use graphbit_kernel::clock::Time;
use graphbit_kernel::resilience::{Backoff, Decision, Jitter, RetryBudget, RetryInput, StopReason, decide};

const NOW: Time = Time(Duration::from_secs(100));

fn secs(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

/// A call that may be tried again; tests change one thing about it.
fn first_failure() -> RetryInput {
    RetryInput {
        attempts: 1,
        max_attempts: 3,
        idempotent: true,
        delivered: false,
        circuit_open: false,
        retry_after: None,
        max_retry_after: secs(120.0),
        backoff: Backoff::default(),
        deadline: None,
    }
}

fn ask(input: RetryInput) -> Decision {
    decide(&input, &mut RetryBudget::default(), &mut Jitter::new(1), NOW)
}

#[test]
fn ceilings_double_from_half_a_second_to_thirty() {
    let ceilings: Vec<f64> = (1..=9).map(|n| Backoff::default().ceiling(n).as_secs_f64()).collect();
    assert_eq!(ceilings, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]);
    assert_eq!(Backoff::default().ceiling(u32::MAX), secs(30.0));
}

#[test]
fn waits_are_spread_evenly_between_nothing_and_the_ceiling() {
    let mut jitter = Jitter::new(42);
    let mut tenths = [0u32; 10];
    for _ in 0..10_000 {
        let wait = Backoff::default().delay(3, &mut jitter).as_secs_f64();
        assert!((0.0..2.0).contains(&wait));
        tenths[(wait / 0.2) as usize] += 1;
    }
    assert!(tenths.iter().all(|count| (850..1150).contains(count)), "{tenths:?}");
}

#[test]
fn the_same_seed_waits_the_same() {
    let waits = |seed| {
        let mut jitter = Jitter::new(seed);
        (1..20).map(|n| Backoff::default().delay(n, &mut jitter)).collect::<Vec<_>>()
    };
    assert_eq!(waits(5), waits(5));
    assert_ne!(waits(5), waits(6));
}

#[test]
fn a_failed_attempt_is_made_again_within_the_back_off() {
    for seed in 0..200 {
        let decision = decide(&first_failure(), &mut RetryBudget::default(), &mut Jitter::new(seed), NOW);
        let Decision::Retry { at } = decision else { panic!("{decision:?}") };
        assert!(at >= NOW && at < NOW + secs(0.5), "{at:?}");
    }
}

#[test]
fn three_attempts_are_all() {
    assert!(matches!(ask(RetryInput { attempts: 2, ..first_failure() }), Decision::Retry { .. }));
    assert_eq!(ask(RetryInput { attempts: 3, ..first_failure() }), Decision::Stop(StopReason::Attempts));
}

#[test]
fn what_the_server_asks_is_waited_for_exactly() {
    for wait in [0.0, 3.0, 119.0, 120.0] {
        let input = RetryInput { retry_after: Some(secs(wait)), ..first_failure() };
        assert_eq!(ask(input), Decision::Retry { at: NOW + secs(wait) });
    }
}

#[test]
fn a_server_that_asks_for_more_than_two_minutes_ends_the_call() {
    for wait in [secs(120.001), Duration::MAX] {
        let input = RetryInput { retry_after: Some(wait), ..first_failure() };
        assert_eq!(ask(input), Decision::Stop(StopReason::RetryAfter));
    }
}

#[test]
fn a_server_that_asks_for_more_than_the_deadline_leaves_ends_the_call_now() {
    let deadline = Some(NOW + secs(10.0));
    let input = RetryInput { retry_after: Some(secs(10.0)), deadline, ..first_failure() };
    assert_eq!(ask(input), Decision::Stop(StopReason::RetryAfter));
    let input = RetryInput { retry_after: Some(secs(9.0)), ..input };
    assert_eq!(ask(input), Decision::Retry { at: NOW + secs(9.0) });
}

#[test]
fn a_back_off_that_passes_the_deadline_ends_the_call_now() {
    assert_eq!(
        ask(RetryInput { deadline: Some(NOW), ..first_failure() }),
        Decision::Stop(StopReason::Deadline)
    );
}

#[test]
fn a_call_that_may_not_repeat_is_made_once() {
    assert_eq!(
        ask(RetryInput { idempotent: false, ..first_failure() }),
        Decision::Stop(StopReason::NotIdempotent)
    );
}

#[test]
fn nothing_is_retried_once_a_part_was_delivered() {
    assert_eq!(ask(RetryInput { delivered: true, ..first_failure() }), Decision::Stop(StopReason::Delivered));
}

#[test]
fn an_open_breaker_ends_the_retries_at_once() {
    assert_eq!(
        ask(RetryInput { circuit_open: true, ..first_failure() }),
        Decision::Stop(StopReason::Circuit)
    );
}

#[test]
fn a_call_that_is_not_retried_takes_nothing_from_the_budget() {
    let mut budget = RetryBudget::default();
    let last = RetryInput { attempts: 3, ..first_failure() };
    for _ in 0..10 {
        decide(&last, &mut budget, &mut Jitter::new(1), NOW);
    }
    for _ in 0..3 {
        assert!(matches!(
            decide(&first_failure(), &mut budget, &mut Jitter::new(1), NOW),
            Decision::Retry { .. }
        ));
    }
    let fourth = decide(&first_failure(), &mut budget, &mut Jitter::new(1), NOW);
    assert_eq!(fourth, Decision::Stop(StopReason::Budget));
}

#[test]
fn three_retries_are_always_there() {
    let mut budget = RetryBudget::default();
    budget.record_call(NOW);
    let taken = (0..10).filter(|_| budget.try_take(NOW)).count();
    assert_eq!(taken, 3);
}

#[test]
fn retries_are_at_most_a_fifth_of_the_calls() {
    let mut budget = RetryBudget::default();
    (0..104).for_each(|_| budget.record_call(NOW));
    let taken = (0..200).filter(|_| budget.try_take(NOW)).count();
    assert_eq!(taken, 20);
}

#[test]
fn the_budget_comes_back_as_the_window_rolls_on() {
    let mut budget = RetryBudget::default();
    assert_eq!((0..5).filter(|_| budget.try_take(NOW)).count(), 3);
    let later = NOW + secs(54.0);
    assert!(!budget.try_take(later));
    assert!(budget.try_take(NOW + secs(60.0)));
}

#[test]
fn reasons_have_the_names_that_python_documents() {
    let stub = include_str!("../../../../graphbit_core/_native.pyi");
    let reasons = [
        StopReason::Attempts,
        StopReason::Budget,
        StopReason::Deadline,
        StopReason::RetryAfter,
        StopReason::NotIdempotent,
        StopReason::Delivered,
        StopReason::Circuit,
    ];
    for reason in reasons {
        assert!(stub.contains(&format!("``{}``", reason.as_str())), "{reason:?}");
    }
}
