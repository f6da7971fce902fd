//! What takes minutes in life, on a paused clock.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use graphbit_kernel::error::{Error, Phase};
use graphbit_kernel::framing::Framing;
use graphbit_kernel::http::{CallSpec, Event, Kind, Policy, Reply, Request, Transport};
use graphbit_kernel::resilience::{Limits, Rate, State, StopReason};

use crate::rig::Rig;
use crate::script::{Step, rig, seconds, spec};

#[tokio::test(start_paused = true)]
async fn the_defaults_end_a_silent_body_and_a_stream_of_comments() {
    for (step, phase, limit) in [(Step::Silence, Phase::Idle, 60.0), (Step::Comments, Phase::Progress, 120.0)]
    {
        let rig = rig(&[step]);
        let begun = rig.clock.now();
        let mut spec = CallSpec { framing: Some(Framing::Sse), ..spec() };
        spec.policy.max_attempts = 1;
        rig.start(spec);
        let (error, _) = rig.failure().await;
        assert!(matches!(error, Error::Deadline { phase: found, .. } if found == phase), "{error:?}");
        assert!((limit..limit + 0.1).contains(&seconds(begun, &rig)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_comes_exactly_when_the_server_asked() {
    let rig = rig(&[Step::Reply(429), Step::Reply(200)]);
    let call = rig.start(spec());
    rig.reply().await;
    let asked = rig.clock.now();
    let wait = Some(Duration::from_secs(7));
    assert_eq!(rig.engine.retry(call, Kind::RateLimited, wait).unwrap(), (1, None, None));
    assert!(matches!(rig.next().await.1, Event::Restart { attempt: 2 }));
    assert!((7.0..7.1).contains(&seconds(asked, &rig)));
    assert_eq!(rig.reply().await.1, 200);
    rig.engine.ok(call, 1).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_429_makes_the_other_calls_to_the_resource_wait_too() {
    let rig = rig(&[Step::Reply(429), Step::Reply(200)]);
    let call = rig.start(spec());
    rig.reply().await;
    let asked = rig.clock.now();
    rig.engine.retry(call, Kind::RateLimited, Some(Duration::from_secs(7))).unwrap();
    let late = rig.start(spec());
    let hasty = rig.start(CallSpec { deadline: rig.after(6.0), ..spec() });
    let (id, event) = rig.next().await;
    assert!(id == hasty && seconds(asked, &rig) < 0.1, "a wait that cannot end in time is refused at once");
    assert!(matches!(
        event,
        Event::Failed { error: Error::Deadline { phase: Phase::Queue, .. }, attempts: 0 }
    ));
    let (mut replies, stats) = (0, rig.engine.stats("model"));
    assert_eq!((stats.in_flight, stats.failures), (0, 0));
    while replies < 2 {
        replies += usize::from(matches!(rig.next().await.1, Event::Reply { .. }));
    }
    assert!((7.0..7.1).contains(&seconds(asked, &rig)));
    rig.engine.ok(call, 1).unwrap();
    rig.engine.ok(late, 1).unwrap();
    rig.assert_idle("model").await;
}

#[tokio::test(start_paused = true)]
async fn a_back_off_holds_no_place() {
    let rig = rig(&[Step::Reply(503), Step::Reply(200)]);
    rig.engine.limit("model", Limits { max_concurrency: 1, ..Limits::default() });
    let first = rig.start(spec());
    rig.reply().await;
    let second = rig.start(spec());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(rig.engine.stats("model").queued, 1, "the reply's verdict is due, so its place is taken");
    let wait = Some(Duration::from_secs(100));
    assert_eq!(rig.engine.retry(first, Kind::Unavailable, wait).unwrap(), (1, None, None));
    let asked = rig.clock.now();
    assert!(matches!(rig.next().await, (id, Event::Reply { .. }) if id == second));
    assert!(seconds(asked, &rig) < 0.1);
    rig.engine.ok(second, 1).unwrap();
    rig.next().await;
    assert!((100.0..100.1).contains(&seconds(asked, &rig)));
    rig.engine.cancel(first);
    rig.assert_idle("model").await;
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_ends_the_call_now() {
    let rig = rig(&[Step::Reply(429)]);
    let call = rig.start(CallSpec { deadline: rig.after(10.0), ..spec() });
    rig.reply().await;
    let answer = rig.engine.retry(call, Kind::RateLimited, Some(Duration::from_secs(11))).unwrap();
    assert_eq!(answer, (1, Some(StopReason::RetryAfter), None));
    rig.assert_idle("model").await;
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_ends_retries_and_lets_probes_through_later() {
    let rig = rig(&[Step::Refuse, Step::Refuse, Step::Refuse, Step::Refuse, Step::Refuse, Step::Reply(200)]);
    rig.start(spec());
    assert_eq!(rig.failure().await.1, 3);
    rig.start(spec());
    let (error, attempts) = rig.failure().await;
    assert!(matches!(error, Error::Transport { .. }), "the cause, not its consequence: {error:?}");
    assert_eq!((attempts, rig.engine.stats("model").breaker), (2, State::Open));
    rig.start(spec());
    let Error::CircuitOpen { retry_after, .. } = rig.failure().await.0 else { panic!() };
    tokio::time::sleep(retry_after).await;
    for _ in 0..3 {
        let call = rig.start(spec());
        assert_eq!(rig.reply().await.1, 200);
        rig.engine.ok(call, 1).unwrap();
    }
    assert_eq!(rig.engine.stats("model").breaker, State::Closed);
    rig.assert_idle("model").await;
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_opens_refuses_those_who_wait_already() {
    let rig = rig(&[Step::Reply(500)]);
    rig.engine.limit("model", Limits { max_concurrency: 1, ..Limits::default() });
    for _ in 0..7 {
        rig.start(spec());
    }
    for _ in 0..5 {
        let (call, event) = rig.next().await;
        assert!(matches!(event, Event::Reply { .. }), "{event:?}");
        rig.engine.fail(call, Kind::Unavailable, None).unwrap();
    }
    for _ in 0..2 {
        let (error, attempts) = rig.failure().await;
        assert!(matches!(error, Error::CircuitOpen { .. }), "{error:?}");
        assert_eq!(attempts, 0);
    }
    rig.assert_idle("model").await;
}

#[tokio::test(start_paused = true)]
async fn one_retry_is_granted_for_five_calls() {
    let rig = rig(&[Step::Reply(200)]);
    for _ in 0..50 {
        let call = rig.start(spec());
        rig.reply().await;
        rig.engine.ok(call, 1).unwrap();
    }
    let mut granted = 0;
    loop {
        let call = rig.start(spec());
        rig.reply().await;
        match rig.engine.retry(call, Kind::RateLimited, Some(Duration::ZERO)).unwrap().1 {
            None => granted += 1,
            Some(reason) => break assert_eq!(reason, StopReason::Budget),
        }
        rig.next().await;
        rig.reply().await;
        rig.engine.ok(call, 1).unwrap();
    }
    let stats = rig.engine.stats("model");
    assert_eq!((granted, stats.calls, stats.retries), (12, 63, 12));
    rig.assert_idle("model").await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_probe_gives_its_place_to_the_next() {
    let rig = rig(&[Step::Refuse, Step::Refuse, Step::Refuse, Step::Refuse, Step::Refuse, Step::Silence]);
    for _ in 0..2 {
        rig.start(spec());
        rig.failure().await;
    }
    tokio::time::sleep(Duration::from_secs(7)).await;
    for _ in 0..20 {
        let call = rig.start(spec());
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(rig.engine.stats("model").in_flight, 1, "the breaker refused a probe");
        rig.engine.cancel(call);
    }
    rig.assert_idle("model").await;
}

#[tokio::test(start_paused = true)]
async fn requests_are_spread_over_the_minute_in_the_order_they_came() {
    let rig = rig(&[Step::Reply(200)]);
    let limits =
        Limits { requests: Some(Rate::per_minute(60.0).unwrap().with_burst(1)), ..Limits::default() };
    rig.engine.limit("model", limits);
    let begun = rig.clock.now();
    let calls: Vec<_> = (0..5).map(|_| rig.start(spec())).collect();
    for (turn, call) in calls.into_iter().enumerate() {
        assert_eq!(rig.next().await.0, call);
        assert!((turn as f64..turn as f64 + 0.1).contains(&seconds(begun, &rig)));
        rig.engine.ok(call, 1).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_and_a_cost_above_the_burst_are_refused_at_once() {
    let rig = rig(&[Step::Silence]);
    let tokens = Some(Rate::per_minute(1000.0).unwrap());
    rig.engine.limit("model", Limits { max_concurrency: 1, queue: 1, tokens, ..Limits::default() });
    for _ in 0..3 {
        rig.start(spec());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let (error, _) = rig.failure().await;
    assert!(matches!(error, Error::Exhausted { resource: "queue", limit: 1, .. }), "{error:?}");
    rig.start(CallSpec { tokens: 1001, ..spec() });
    let (error, _) = rig.failure().await;
    assert!(matches!(error, Error::Exhausted { resource: "tokens_per_minute", limit: 1000, .. }));
    rig.engine.close(&rig.mailbox);
    tokio::time::sleep(Duration::from_millis(2)).await;
    rig.assert_idle("model").await;
}

/// Panics when asked to send.
#[derive(Debug)]
struct Broken;

impl Transport for Broken {
    fn send(&self, _request: Request, _policy: &Policy) -> BoxFuture<'static, Result<Reply, Error>> {
        panic!("broken on purpose")
    }
}

#[tokio::test]
async fn a_panic_in_a_call_becomes_its_error() {
    let rig = Rig::scripted(Arc::new(Broken));
    rig.start(spec());
    assert_eq!(rig.failure().await.0, Error::Internal("broken on purpose".into()));
    rig.assert_idle("model").await;
}

/// Starts a stream with one limit of five seconds, whose host does not read until a minute later. Returns what it
/// then ends with, and after how many seconds.
async fn read_late(five_seconds: &str) -> (Error, f64) {
    let rig = rig(&[Step::Frames(1000)]);
    let mut spec = CallSpec { framing: Some(Framing::Sse), ..spec() };
    spec.policy.set(five_seconds, 5.0).unwrap();
    rig.start(spec);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let (begun, mut read) = (rig.clock.now(), 0);
    loop {
        match rig.next().await.1 {
            Event::Frames(frames) => read += frames.len(),
            Event::Failed { error, .. } => {
                assert_eq!(read, 1000);
                return (error, seconds(begun, &rig));
            }
            other => assert!(matches!(other, Event::Open { .. }), "{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_that_a_slow_reader_takes_is_nobodys_timeout() {
    for (setting, expected) in [
        ("attempt_timeout", Phase::Attempt),
        ("idle_timeout", Phase::Idle),
        ("progress_timeout", Phase::Progress),
    ] {
        let (error, took) = read_late(setting).await;
        assert!(matches!(error, Error::Deadline { phase, .. } if phase == expected), "{error:?}");
        assert!((4.9..5.1).contains(&took), "{expected}: {took} s after it was read");
    }
}
