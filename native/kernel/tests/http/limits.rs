//! A call names two things: its resource, which may be down, and its limiter, which may be full or paused.

use std::time::Duration;

use graphbit_kernel::error::Error;
use graphbit_kernel::http::{CallSpec, Event, Kind, Notice};
use graphbit_kernel::resilience::{Limits, QueueDelay, State, StopReason};

use crate::rig::Rig;
use crate::script::{Step, rig, seconds, spec};

fn of_model(model: &str) -> CallSpec {
    CallSpec { resource: "account".into(), limiter: Some(model.into()), ..spec() }
}

async fn answered(rig: &Rig, spec: CallSpec) -> f64 {
    let begun = rig.clock.now();
    let call = rig.start(spec);
    assert_eq!(rig.reply().await.1, 200);
    rig.engine.ok(call, 1).unwrap();
    seconds(begun, rig)
}

#[tokio::test(start_paused = true)]
async fn a_429_pauses_its_model_and_no_other_of_the_account() {
    let rig = rig(&[Step::Reply(429), Step::Reply(200)]);
    let call = rig.start(of_model("large"));
    rig.reply().await;
    rig.engine.retry(call, Kind::RateLimited, Some(Duration::from_secs(7))).unwrap();
    assert_eq!(rig.engine.limiter_stats("large").paused, Duration::from_secs(7));
    assert_eq!(rig.engine.limiter_stats("small").paused, Duration::ZERO);
    assert!(answered(&rig, of_model("small")).await < 0.1);
    rig.engine.cancel(call);
    assert!((6.9..7.1).contains(&answered(&rig, of_model("large")).await));
    assert_eq!(rig.engine.stats("account").calls, 3);
    rig.assert_idle("account").await;
}

#[tokio::test(start_paused = true)]
async fn a_full_limiter_leaves_the_other_models_alone() {
    let rig = rig(&[Step::Silence, Step::Reply(200)]);
    rig.engine.limit("large", Limits { max_concurrency: 1, ..Limits::default() });
    let first = rig.start(of_model("large"));
    tokio::time::sleep(Duration::from_millis(2)).await;
    let second = rig.start(of_model("large"));
    assert!(answered(&rig, of_model("small")).await < 0.1);
    let (large, account) = (rig.engine.limiter_stats("large"), rig.engine.stats("account"));
    assert_eq!((large.in_flight, large.queued), (1, 1));
    assert_eq!((account.in_flight, account.queued), (1, 1));
    rig.engine.cancel(first);
    rig.engine.cancel(second);
    tokio::time::sleep(Duration::from_millis(2)).await;
    rig.assert_idle("account").await;
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_opens_refuses_those_who_wait_at_any_limiter() {
    let rig = rig(&[Step::Silence, Step::Reply(500)]);
    rig.engine.limit("large", Limits { max_concurrency: 1, ..Limits::default() });
    let silent = rig.start(of_model("large"));
    tokio::time::sleep(Duration::from_millis(2)).await;
    for _ in 0..3 {
        rig.start(of_model("large"));
    }
    for _ in 0..5 {
        let call = rig.start(of_model("small"));
        assert_eq!(rig.reply().await.1, 500);
        rig.engine.fail(call, Kind::Unavailable, None).unwrap();
    }
    let opened = rig.clock.now();
    assert_eq!(rig.engine.stats("account").breaker, State::Open);
    for _ in 0..3 {
        assert!(matches!(
            rig.next().await.1,
            Event::Failed { error: Error::CircuitOpen { .. }, attempts: 0 }
        ));
    }
    assert!(seconds(opened, &rig) < 0.1, "they waited for a permit that a dead server holds");
    rig.engine.cancel(silent);
    tokio::time::sleep(Duration::from_millis(2)).await;
    rig.assert_idle("account").await;
}

#[tokio::test(start_paused = true)]
async fn a_429_that_is_not_retried_pauses_its_limiter_when_it_says_how_long() {
    let rig = rig(&[Step::Reply(429), Step::Reply(429), Step::Reply(200)]);
    let silent = rig.start(spec());
    rig.reply().await;
    rig.engine.fail(silent, Kind::RateLimited, None).unwrap();
    assert_eq!(rig.engine.limiter_stats("model").paused, Duration::ZERO, "it did not say how long");
    let call = rig.start(spec());
    rig.reply().await;
    rig.engine.fail(call, Kind::RateLimited, Some(Duration::from_secs(7))).unwrap();
    assert!((7.0..7.1).contains(&answered(&rig, spec()).await));
    rig.assert_idle("model").await;
}

#[tokio::test(start_paused = true)]
async fn a_429_that_asks_for_a_day_pauses_no_longer_than_the_policy_waits() {
    let rig = rig(&[Step::Reply(429), Step::Reply(200)]);
    let call = rig.start(spec());
    rig.reply().await;
    let day = Some(Duration::from_secs(86_400));
    assert_eq!(
        rig.engine.retry(call, Kind::RateLimited, day).unwrap(),
        (1, Some(StopReason::RetryAfter), None)
    );
    assert_eq!(rig.engine.limiter_stats("model").paused, Duration::from_secs(120));
}

#[tokio::test(start_paused = true)]
async fn a_good_reply_that_says_nothing_is_left_makes_the_next_call_wait_for_the_reset() {
    const LAST: &[(&str, &str)] =
        &[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "6s")];
    const MORE: &[(&str, &str)] =
        &[("x-ratelimit-remaining-requests", "1"), ("x-ratelimit-reset-requests", "6s")];
    let rig = rig(&[Step::With(MORE), Step::With(LAST), Step::With(MORE), Step::Reply(200)]);
    assert!(answered(&rig, spec()).await < 0.1);
    assert!(answered(&rig, spec()).await < 0.1);
    assert!((5.9..6.1).contains(&answered(&rig, spec()).await));
    assert!(answered(&rig, spec()).await < 0.1);
    rig.assert_idle("model").await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_too_long_in_a_queue_that_stands_is_turned_away_before_any_work() {
    let rig = rig(&[Step::Silence]);
    let queue_delay = Some(QueueDelay { target: Duration::from_secs(1), interval: Duration::from_secs(3) });
    rig.engine.limit("model", Limits { max_concurrency: 1, queue_delay, ..Limits::default() });
    let first = rig.start(spec());
    tokio::time::sleep(Duration::from_millis(2)).await;
    let begun = rig.clock.now();
    for _ in 0..3 {
        rig.start(CallSpec { notices: true, ..spec() });
    }
    for left in [2, 1, 0] {
        let Event::Notice(Notice::Shed { limiter, waited, queued }) = rig.next().await.1 else { panic!() };
        assert_eq!((limiter.as_str(), queued), ("model", left));
        let Event::Failed { error: Error::Shed { limit, .. }, attempts: 0 } = rig.next().await.1 else {
            panic!()
        };
        assert!(limit == Duration::from_secs(2) && waited >= limit);
    }
    assert!(seconds(begun, &rig) < 8.1, "two intervals and twice the target");
    assert_eq!(rig.engine.limiter_stats("model").shed, 3);
    rig.engine.cancel(first);
    tokio::time::sleep(Duration::from_millis(2)).await;
    rig.assert_idle("model").await;
}

#[tokio::test(start_paused = true)]
async fn an_adaptive_limiter_lets_fewer_calls_run_after_429s_and_more_after_successes() {
    let mut steps = vec![Step::Reply(429); 8];
    steps.push(Step::Reply(200));
    let rig = rig(&steps);
    rig.engine.limit("model", Limits { max_concurrency: 8, adaptive: true, ..Limits::default() });
    for _ in 0..8 {
        rig.start(spec());
    }
    let mut refused = Vec::new();
    while refused.len() < 8 {
        refused.push(rig.next().await.0);
    }
    for call in refused {
        rig.engine.fail(call, Kind::RateLimited, None).unwrap();
    }
    assert_eq!(rig.engine.limiter_stats("model").concurrency, 4);
    for _ in 0..8 {
        for _ in 0..4 {
            rig.start(spec());
        }
        for _ in 0..4 {
            let (call, _) = rig.next().await;
            rig.engine.ok(call, 1).unwrap();
        }
    }
    assert!(rig.engine.limiter_stats("model").concurrency > 4);
}
