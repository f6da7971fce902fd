//! The scenarios that finished software has to pass, as far as they are the engine's: B4, B5, B6 and B13.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream as streams};
use graphbit_kernel::error::{Error, Phase};
use graphbit_kernel::http::{CallSpec, Event, Kind, Policy, Protection, Reply, Request, Transport};
use graphbit_kernel::resilience::{Limits, Rate, State, StopReason};

use crate::rig::{Rig, millis, post, stream};
use crate::script::spec;
use crate::server::Server;

/// A server that is up or down, takes 100 ms, and remembers what it was asked.
#[derive(Debug, Default)]
struct Upstream {
    up: AtomicBool,
    asked: Mutex<Vec<String>>,
}

impl Upstream {
    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Transport for Upstream {
    fn send(&self, request: Request, _policy: &Policy) -> BoxFuture<'static, Result<Reply, Error>> {
        self.asked.lock().unwrap().push(request.url.path().to_owned());
        let up = self.up.load(Ordering::SeqCst);
        async move {
            tokio::time::sleep(millis(100)).await;
            if up {
                return Ok(Reply { status: 200, headers: Vec::new(), body: streams::empty().boxed() });
            }
            Err(Error::Transport { phase: Phase::Connect, detail: "refused".into() })
        }
        .boxed()
    }
}

fn rig() -> (Rig, Arc<Upstream>) {
    let upstream = Arc::new(Upstream::default());
    (Rig::scripted(Arc::clone(&upstream) as Arc<dyn Transport>), upstream)
}

/// Starts `count` calls and lets all of them end; returns how many were answered and how many refused.
async fn crowd(rig: &Rig, count: usize) -> (usize, usize) {
    for _ in 0..count {
        rig.start(spec());
    }
    let (mut answered, mut refused, mut failed) = (0, 0, 0);
    while answered + refused + failed < count {
        match rig.next().await {
            (call, Event::Reply { .. }) => {
                rig.engine.ok(call, 1).unwrap();
                answered += 1;
            }
            (_, Event::Failed { error: Error::CircuitOpen { .. }, .. }) => refused += 1,
            (_, Event::Failed { error: Error::Transport { .. }, .. }) => failed += 1,
            (_, Event::Restart { .. }) => {}
            (_, other) => panic!("{other:?}"),
        }
    }
    rig.assert_idle("model").await;
    (answered, refused)
}

#[tokio::test(start_paused = true)]
async fn b4_fifty_callers_at_a_dead_upstream_send_55_requests_at_most_and_then_none() {
    let (rig, upstream) = rig();
    assert_eq!(crowd(&rig, 50).await.0, 0);
    let sent = upstream.asked();
    assert!(sent <= 55, "{sent} requests");
    assert_eq!(rig.engine.stats("model").breaker, State::Open);
    assert_eq!(crowd(&rig, 50).await, (0, 50));
    assert_eq!(upstream.asked(), sent);
}

#[tokio::test(start_paused = true)]
async fn b4_a_thousand_callers_at_half_open_send_three_probes_at_most_and_it_is_never_stuck() {
    let (rig, upstream) = rig();
    crowd(&rig, 50).await;
    // Four times its probes fail, and it waits longer each time.
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(80)).await;
        let before = upstream.asked();
        assert_eq!(crowd(&rig, 1000).await.0, 0);
        let probes = upstream.asked() - before;
        assert!((1..=3).contains(&probes), "{probes} probes");
    }
    upstream.up.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(80)).await;
    assert_eq!(crowd(&rig, 1000).await, (3, 997));
    assert_eq!(rig.engine.stats("model").breaker, State::Closed);
    assert_eq!(crowd(&rig, 1000).await, (1000, 0));
}

#[tokio::test(start_paused = true)]
async fn b4_a_thousand_callers_who_give_up_their_probes_leave_it_able_to_probe() {
    let (rig, upstream) = rig();
    crowd(&rig, 50).await;
    upstream.up.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(80)).await;
    for _ in 0..1000 {
        let call = rig.start(spec());
        tokio::time::sleep(millis(2)).await;
        rig.engine.cancel(call);
    }
    assert_eq!(crowd(&rig, 3).await, (3, 0));
    assert_eq!(rig.engine.stats("model").breaker, State::Closed);
}

#[tokio::test(start_paused = true)]
async fn b4_a_hundred_4xx_and_429_leave_it_closed() {
    let (rig, upstream) = rig();
    upstream.up.store(true, Ordering::SeqCst);
    for kind in [Kind::Rejected, Kind::RateLimited] {
        for _ in 0..100 {
            let call = rig.start(spec());
            rig.reply().await;
            rig.engine.fail(call, kind, None).unwrap();
        }
        assert_eq!(rig.engine.stats("model").breaker, State::Closed);
    }
}

/// Asks for a retry after every reply. Returns the attempts made, why it ended, and the gap before each retry.
async fn insist(rig: &Rig, spec: CallSpec, kind: Kind, wait: Option<f64>) -> (u32, StopReason, Vec<f64>) {
    let call = rig.start(spec);
    let mut gaps = Vec::new();
    loop {
        rig.reply().await;
        let judged = rig.clock.now();
        let (attempts, reason, _) = rig.engine.retry(call, kind, wait.map(Duration::from_secs_f64)).unwrap();
        if let Some(reason) = reason {
            return (attempts, reason, gaps);
        }
        assert!(matches!(rig.next().await.1, Event::Restart { .. }));
        gaps.push(rig.clock.now().since(judged).as_secs_f64());
    }
}

fn unlimited(rig: &Rig) {
    let mut protection = Protection { retry_floor: u32::MAX, ..Protection::default() };
    protection.breaker.consecutive = u32::MAX;
    protection.breaker.min_calls = u32::MAX;
    rig.engine.protect("model", protection);
}

#[tokio::test(start_paused = true)]
async fn b5_each_kind_of_failure_is_attempted_exactly_as_often_as_allowed_and_never_before_the_server_said() {
    let (rig, upstream) = rig();
    upstream.up.store(true, Ordering::SeqCst);
    unlimited(&rig);
    for kind in [Kind::RateLimited, Kind::Unavailable, Kind::Malformed] {
        for max_attempts in 1..=5 {
            for wait in [None, Some(0.0), Some(0.25), Some(7.0)] {
                let policy = Policy { max_attempts, ..Policy::default() };
                let before = upstream.asked();
                let (attempts, reason, gaps) = insist(&rig, CallSpec { policy, ..spec() }, kind, wait).await;
                assert_eq!((attempts, reason), (max_attempts, StopReason::Attempts));
                assert_eq!(upstream.asked() - before, max_attempts as usize);
                for (retry, gap) in gaps.into_iter().enumerate() {
                    match wait {
                        Some(wait) => assert!(gap >= wait && gap < wait + 0.01, "{gap} for {wait}"),
                        None => {
                            assert!(gap < 0.5 * f64::from(1 << retry) + 0.01, "{gap} before retry {retry}")
                        }
                    }
                }
                tokio::time::sleep(Duration::from_secs(8)).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn b5_waits_that_nobody_asked_for_are_spread_evenly() {
    let (rig, upstream) = rig();
    upstream.up.store(true, Ordering::SeqCst);
    unlimited(&rig);
    let mut tenths = [0; 10];
    for _ in 0..600 {
        let policy = Policy { max_attempts: 2, ..Policy::default() };
        let (_, _, gaps) = insist(&rig, CallSpec { policy, ..spec() }, Kind::Unavailable, None).await;
        // The rig looks once in a millisecond, so a gap is up to two too long.
        tenths[(((gaps[0] - 0.001) / 0.05) as usize).min(9)] += 1;
    }
    assert!(tenths.iter().all(|count| (35..90).contains(count)), "{tenths:?}");
}

#[tokio::test(start_paused = true)]
async fn b5_however_many_calls_fail_a_fifth_of_them_at_most_is_retried() {
    let (rig, upstream) = rig();
    upstream.up.store(true, Ordering::SeqCst);
    let mut protection = Protection::default();
    protection.breaker.consecutive = u32::MAX;
    protection.breaker.min_calls = u32::MAX;
    rig.engine.protect("model", protection);
    for _ in 0..200 {
        rig.start(spec());
    }
    let (mut over, mut refused) = (0, 0);
    while over < 200 {
        let (call, event) = rig.next().await;
        if matches!(event, Event::Reply { .. }) {
            let answer = rig.engine.retry(call, Kind::Unavailable, Some(millis(500))).unwrap();
            over += usize::from(answer.1.is_some());
            refused += usize::from(answer.1 == Some(StopReason::Budget));
        }
    }
    let stats = rig.engine.stats("model");
    assert_eq!((stats.calls, stats.retries), (200, 40));
    assert_eq!((upstream.asked(), refused), (240, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn b6_whatever_a_call_waits_for_its_deadline_of_two_seconds_ends_it_within_2200_ms() {
    let hang = Server::start(|mut peer| async move { peer.closed().await }).await;
    let header = Server::start(|mut peer| async move {
        peer.request().await;
        for byte in b"HTTP/1.1 200 OK\r\n".iter() {
            peer.send([*byte]).await;
            tokio::time::sleep(millis(1000)).await;
        }
    })
    .await;
    let body = Server::start(|mut peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
        while peer.send("x").await {
            tokio::time::sleep(millis(1000)).await;
        }
    })
    .await;
    let stalled = Server::start(|mut peer| async move {
        peer.request().await;
        peer.open_stream().await;
        peer.chunk("data: one\n\n").await;
        peer.closed().await;
    })
    .await;
    let rig = Rig::new();
    let named = |name: &str, spec: CallSpec| CallSpec { resource: name.into(), ..spec };
    rig.engine.limit("bulkhead", Limits { max_concurrency: 1, ..Limits::default() });
    let slow = Rate::per_minute(1.0).unwrap();
    rig.engine.limit("limiter", Limits { requests: Some(slow), ..Limits::default() });
    let holders = ["bulkhead", "limiter"].map(|name| rig.start(named(name, post(&hang.url()))));
    while ["bulkhead", "limiter"].iter().any(|name| rig.engine.stats(name).in_flight < 1) {
        tokio::time::sleep(millis(1)).await;
    }
    let begun = rig.clock.now();
    let waits = [
        ("hang", post(&hang.url())),
        ("header", post(&header.url())),
        ("body", post(&body.url())),
        ("stalled", stream(&stalled.url())),
        ("limiter", post(&hang.url())),
        ("bulkhead", post(&hang.url())),
    ];
    let count = waits.len();
    for (name, spec) in waits {
        rig.start(named(name, CallSpec { deadline: rig.after(2.0), ..spec }));
    }
    let mut over = 0;
    while over < count {
        if let Event::Failed { error, .. } = rig.next().await.1 {
            let took = rig.clock.now().since(begun);
            assert!(matches!(error, Error::Deadline { .. }), "{error:?}");
            assert!(took < millis(2200), "{error}: {took:?}");
            over += 1;
        }
    }
    holders.into_iter().for_each(|call| rig.engine.cancel(call));
    assert_eq!(rig.engine.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn b13_the_limiter_stays_below_burst_plus_rate_uses_95_percent_and_keeps_the_order() {
    const CALLS: usize = 400;
    let (rig, upstream) = rig();
    upstream.up.store(true, Ordering::SeqCst);
    let requests = Some(Rate::per_minute(600.0).unwrap().with_burst(20));
    rig.engine.limit("model", Limits { requests, max_concurrency: 50, ..Limits::default() });
    let begun = rig.clock.now();
    for number in 0..CALLS {
        rig.start(CallSpec { policy: Policy::default(), ..post(&format!("http://scripted/{number}")) });
    }
    let mut answered = Vec::new();
    while answered.len() < CALLS {
        let (call, event) = rig.next().await;
        assert!(matches!(event, Event::Reply { .. }), "{event:?}");
        rig.engine.ok(call, 1).unwrap();
        answered.push(rig.clock.now().since(begun).as_secs_f64());
    }
    let order: Vec<String> = (0..CALLS).map(|number| format!("/{number}")).collect();
    assert_eq!(*upstream.asked.lock().unwrap(), order);
    for (first, from) in answered.iter().enumerate() {
        for (last, to) in answered.iter().enumerate().skip(first) {
            let allowed = 20.0 + 10.0 * (to - from + 0.002);
            assert!((last - first + 1) as f64 <= allowed + 1e-6, "{first}..={last}");
        }
    }
    let used = CALLS as f64 / (20.0 + 10.0 * (answered[CALLS - 1] - 0.1));
    assert!(used >= 0.95, "{used:.3} of the rate");
}
