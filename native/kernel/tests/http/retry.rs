//! Who is asked again, how often, and when no more.

use graphbit_kernel::error::{Error, Phase};
use graphbit_kernel::http::{CallSpec, Event, Kind};
use graphbit_kernel::resilience::{State, StopReason};

use crate::rig::{Rig, millis, post};
use crate::server::{Peer, Server};

async fn reply_to_all(mut peer: Peer, status: u16) {
    while peer.request().await.is_some() {
        peer.reply(status, "").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_500s_and_a_200_make_one_answer_in_three_attempts() {
    let server = Server::start(|mut peer| async move {
        for status in [500, 500, 200] {
            peer.request().await;
            peer.reply(status, "").await;
        }
        peer.closed().await;
    })
    .await;
    let rig = Rig::new();
    let call = rig.start(post(&server.url()));
    for expected in 1..=2 {
        assert_eq!(rig.reply().await.1, 500);
        assert_eq!(rig.engine.retry(call, Kind::Unavailable, None).unwrap(), (expected, None, None));
        assert!(matches!(rig.next().await.1, Event::Restart { attempt } if attempt == expected + 1));
    }
    assert_eq!(rig.reply().await, (3, 200, bytes::Bytes::new()));
    rig.engine.ok(call, 1).unwrap();
    let stats = rig.engine.stats("model");
    assert_eq!((stats.calls, stats.failures, stats.retries), (1, 2, 2));
    assert_eq!(server.connections(), 1);
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_twice_is_retried_by_the_kernel_itself() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        if peer.number == 2 {
            peer.reply(200, "third").await;
            peer.closed().await;
        }
    })
    .await;
    let rig = Rig::new();
    let call = rig.start(post(&server.url()));
    assert!(matches!(rig.next().await.1, Event::Restart { attempt: 2 }));
    assert!(matches!(rig.next().await.1, Event::Restart { attempt: 3 }));
    assert_eq!(rig.reply().await.2, "third");
    rig.engine.ok(call, 1).unwrap();
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_sent_twice_is_sent_once() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
    })
    .await;
    let rig = Rig::new();
    rig.start(CallSpec { idempotent: false, ..post(&server.url()) });
    let (error, attempts) = rig.failure().await;
    assert!(matches!(error, Error::Transport { phase: Phase::FirstByte, .. }), "{error:?}");
    assert_eq!((attempts, server.connections()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_is_refused_with_the_reason_and_the_call_is_over() {
    let server = Server::start(|peer| reply_to_all(peer, 500)).await;
    let rig = Rig::new();
    let mut once = post(&server.url());
    once.policy.max_attempts = 1;
    let cases = [
        (once, None, StopReason::Attempts),
        (CallSpec { idempotent: false, ..post(&server.url()) }, None, StopReason::NotIdempotent),
        (post(&server.url()), Some(121_000), StopReason::RetryAfter),
    ];
    for (spec, wait, reason) in cases {
        let call = rig.start(spec);
        rig.reply().await;
        let answer = rig.engine.retry(call, Kind::Unavailable, wait.map(millis)).unwrap();
        assert_eq!(answer, (1, Some(reason), None));
        rig.assert_idle("model").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_failures_in_a_row_open_the_breaker_and_nothing_more_is_sent() {
    let server = Server::start(|peer| reply_to_all(peer, 500)).await;
    let rig = Rig::new();
    for _ in 0..5 {
        let call = rig.start(post(&server.url()));
        rig.reply().await;
        rig.engine.fail(call, Kind::Unavailable, None).unwrap();
    }
    assert_eq!(rig.engine.stats("model").breaker, State::Open);
    let sent = server.connections();
    rig.start(post(&server.url()));
    let (error, attempts) = rig.failure().await;
    let Error::CircuitOpen { resource, retry_after } = error else { panic!("{error:?}") };
    assert_eq!((resource.as_str(), attempts, server.connections()), ("model", 0, sent));
    assert!(retry_after > millis(3500) && retry_after <= millis(6000), "{retry_after:?}");
    let other = rig.start(CallSpec { resource: "other".into(), ..post(&server.url()) });
    rig.reply().await;
    rig.engine.fail(other, Kind::Rejected, None).unwrap();
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_rejections_leave_the_breaker_closed() {
    let server = Server::start(|peer| reply_to_all(peer, 400)).await;
    let rig = Rig::new();
    for _ in 0..100 {
        let call = rig.start(post(&server.url()));
        rig.reply().await;
        rig.engine.fail(call, Kind::Rejected, None).unwrap();
    }
    let stats = rig.engine.stats("model");
    assert_eq!((stats.breaker, stats.failures), (State::Closed, 0));
}
