//! What a call that asks is told of its way.

use std::time::Duration;

use graphbit_kernel::error::Error;
use graphbit_kernel::http::{CallSpec, Event, Kind, Notice};
use graphbit_kernel::resilience::{Limits, Rate, State, StopReason, Why};

use crate::rig::Rig;
use crate::script::{Step, rig, spec};

fn curious() -> CallSpec {
    CallSpec { notices: true, ..spec() }
}

async fn notice(rig: &Rig) -> Notice {
    match rig.next().await.1 {
        Event::Notice(notice) => notice,
        other => panic!("not a notice: {other:?}"),
    }
}

/// What a call was told that is due to be admitted now.
async fn limited(rig: &Rig, expected: Why) -> f64 {
    let Notice::Limited { limiter, waited, why } = notice(rig).await else { panic!() };
    assert_eq!((limiter.as_str(), why), ("model", expected));
    assert_eq!(rig.reply().await.1, 200);
    waited.as_secs_f64()
}

#[tokio::test(start_paused = true)]
async fn a_call_that_had_to_wait_hears_how_long_and_why() {
    let rig = rig(&[Step::Reply(200)]);
    let rate = Some(Rate::per_minute(60.0).unwrap().with_burst(1));
    rig.engine.limit("model", Limits { requests: rate, ..Limits::default() });
    let first = rig.start(curious());
    assert_eq!(rig.reply().await.1, 200);
    rig.engine.fail(first, Kind::RateLimited, None).unwrap();
    let second = rig.start(curious());
    assert!((0.9..1.1).contains(&limited(&rig, Why::Rate).await));
    rig.engine.fail(second, Kind::RateLimited, Some(Duration::from_secs(7))).unwrap();
    rig.engine.limit("model", Limits { max_concurrency: 1, ..Limits::default() });
    let third = rig.start(curious());
    assert!((6.9..7.1).contains(&limited(&rig, Why::Paused).await));
    let fourth = rig.start(curious());
    tokio::time::sleep(Duration::from_secs(3)).await;
    rig.engine.ok(third, 1).unwrap();
    assert!((2.9..3.1).contains(&limited(&rig, Why::Permits).await));
    rig.engine.ok(fourth, 1).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_hears_of_the_breaker_that_it_opens_meets_and_probes() {
    let rig = rig(&[Step::Refuse, Step::Refuse, Step::Refuse, Step::Refuse, Step::Refuse, Step::Reply(200)]);
    rig.start(spec());
    rig.failure().await;
    rig.start(curious());
    assert!(matches!(rig.next().await.1, Event::Restart { .. }));
    let opened = notice(&rig).await;
    assert!(matches!(&opened, Notice::Breaker { resource, state: State::Open, .. } if resource == "model"));
    rig.failure().await;
    rig.start(curious());
    let Notice::Breaker { state: State::Open, retry_after: Some(wait), .. } = notice(&rig).await else {
        panic!()
    };
    assert!(matches!(rig.failure().await.0, Error::CircuitOpen { .. }));
    tokio::time::sleep(wait).await;
    for expected in [None, None, Some(State::Closed)] {
        let probe = rig.start(curious());
        assert!(matches!(notice(&rig).await, Notice::Breaker { state: State::HalfOpen, .. }));
        assert_eq!(rig.reply().await.1, 200);
        assert_eq!(rig.engine.ok(probe, 1).unwrap(), expected);
    }
    rig.assert_idle("model").await;
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_opens_the_breaker_is_refused_for_that_reason() {
    let rig = rig(&[Step::Reply(500)]);
    for attempt in 1..=5 {
        let mut once = curious();
        once.policy.max_attempts = 1;
        let call = rig.start(once);
        assert_eq!(rig.reply().await.1, 500);
        let (reason, changed) =
            if attempt < 5 { (StopReason::Attempts, None) } else { (StopReason::Circuit, Some(State::Open)) };
        assert_eq!(rig.engine.retry(call, Kind::Unavailable, None).unwrap(), (1, Some(reason), changed));
    }
    assert!(rig.engine.stats("model").retry_after > Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_last_verdict_says_that_it_opened_the_breaker() {
    let rig = rig(&[Step::Reply(500)]);
    for attempt in 1..=5 {
        let call = rig.start(curious());
        assert_eq!(rig.reply().await.1, 500);
        let expected = (attempt == 5).then_some(State::Open);
        assert_eq!(rig.engine.fail(call, Kind::Unavailable, None).unwrap(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_does_not_ask_hears_nothing() {
    let rig = rig(&[Step::Reply(200)]);
    rig.engine.limit("model", Limits { max_concurrency: 1, ..Limits::default() });
    let first = rig.start(spec());
    let second = rig.start(spec());
    for call in [first, second] {
        assert_eq!(rig.reply().await.1, 200);
        tokio::time::sleep(Duration::from_secs(1)).await;
        rig.engine.ok(call, 1).unwrap();
    }
}
