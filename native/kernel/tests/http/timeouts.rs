//! Every wait ends, and says which it was.

use std::time::Duration;

use graphbit_kernel::error::{Error, Phase};
use graphbit_kernel::http::{CallSpec, Policy};

use crate::rig::{Rig, millis, post, stream};
use crate::server::Server;
use crate::tls::authority;

fn patient_but(change: impl FnOnce(&mut Policy)) -> Policy {
    let mut policy = Policy { max_attempts: 1, ..Policy::default() };
    change(&mut policy);
    policy
}

async fn timed_out(rig: &Rig, spec: CallSpec) -> (Phase, Duration) {
    let begun = rig.clock.now();
    rig.start(spec);
    let (error, _) = rig.failure().await;
    let took = rig.clock.now().since(begun);
    let Error::Deadline { phase, timeout } = error else { panic!("not a timeout: {error:?}") };
    assert!(took >= timeout && took < timeout + millis(1000), "took {took:?} for {timeout:?}");
    rig.assert_idle("model").await;
    (phase, timeout)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_never_stands_is_a_connect_timeout() {
    // It accepts and says nothing, so the TLS handshake never ends.
    let server = Server::start(|mut peer| async move { peer.closed().await }).await;
    let rig = Rig::new();
    rig.engine.add_root_certificate(authority().pem.as_bytes()).unwrap();
    let policy = patient_but(|policy| {
        policy.connect_timeout = millis(80);
        policy.first_byte_timeout = millis(30);
    });
    let spec = CallSpec { policy, ..post(&server.https_url()) };
    assert_eq!(timed_out(&rig, spec).await, (Phase::Connect, millis(80)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_is_a_first_byte_timeout() {
    let server = Server::start(|mut peer| async move { peer.closed().await }).await;
    let policy = patient_but(|policy| policy.first_byte_timeout = millis(80));
    let spec = CallSpec { policy, ..post(&server.url()) };
    assert_eq!(timed_out(&Rig::new(), spec).await, (Phase::FirstByte, millis(80)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_trickles_is_a_first_byte_timeout() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        for byte in "HTTP/1.1 200 OK\r\nx: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".bytes() {
            peer.send([byte]).await;
            tokio::time::sleep(millis(10)).await;
        }
    })
    .await;
    let policy = patient_but(|policy| policy.first_byte_timeout = millis(80));
    let spec = CallSpec { policy, ..post(&server.url()) };
    assert_eq!(timed_out(&Rig::new(), spec).await.0, Phase::FirstByte);
}

async fn half_a_body() -> Server {
    Server::start(|mut peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
        peer.send("x").await;
        peer.closed().await;
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stalls_is_an_idle_timeout() {
    let server = half_a_body().await;
    let policy = patient_but(|policy| policy.idle_timeout = millis(80));
    let spec = CallSpec { policy, ..post(&server.url()) };
    assert_eq!(timed_out(&Rig::new(), spec).await, (Phase::Idle, millis(80)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_is_an_attempt_timeout() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await;
        while peer.send("x").await {
            tokio::time::sleep(millis(10)).await;
        }
    })
    .await;
    let policy = patient_but(|policy| {
        policy.idle_timeout = millis(400);
        policy.attempt_timeout = millis(500);
    });
    let spec = CallSpec { policy, ..post(&server.url()) };
    assert_eq!(timed_out(&Rig::new(), spec).await, (Phase::Attempt, millis(500)));
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_keep_a_stream_from_being_idle_but_are_no_progress() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        peer.open_stream().await;
        while peer.chunk(": ping\n\n").await {
            tokio::time::sleep(millis(10)).await;
        }
    })
    .await;
    let policy = patient_but(|policy| {
        policy.idle_timeout = millis(400);
        policy.progress_timeout = millis(500);
    });
    let spec = CallSpec { policy, ..stream(&server.url()) };
    assert_eq!(timed_out(&Rig::new(), spec).await, (Phase::Progress, millis(500)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_ends_a_call_whatever_it_waits_for() {
    let rig = Rig::new();
    let silent = Server::start(|mut peer| async move { peer.closed().await }).await;
    let stalled = half_a_body().await;
    for url in [silent.url(), stalled.url()] {
        let begun = rig.clock.now();
        rig.start(CallSpec { deadline: rig.after(0.1), ..post(&url) });
        let (error, attempts) = rig.failure().await;
        assert!(matches!(error, Error::Deadline { phase: Phase::Total, .. }), "{error:?}");
        assert_eq!(attempts, 1);
        assert!(rig.clock.now().since(begun) < millis(1000));
    }
    assert_eq!(rig.engine.stats("model").failures, 0, "the caller's haste is not the server's fault");
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_ends_a_call_in_the_queue() {
    let rig = Rig::new();
    let server = Server::start(|mut peer| async move { peer.closed().await }).await;
    let limits = graphbit_kernel::resilience::Limits { max_concurrency: 1, ..Default::default() };
    rig.engine.limit("model", limits);
    let first = rig.start(post(&server.url()));
    while rig.engine.stats("model").in_flight < 1 {
        tokio::time::sleep(millis(1)).await;
    }
    rig.start(CallSpec { deadline: rig.after(0.1), ..post(&server.url()) });
    let (error, attempts) = rig.failure().await;
    assert!(matches!(error, Error::Deadline { phase: Phase::Queue, .. }), "{error:?}");
    assert_eq!((attempts, server.connections()), (0, 1));
    rig.engine.cancel(first);
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_of_one_attempt_is_retried() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        if peer.number == 1 {
            peer.reply(200, "late").await;
        }
        peer.closed().await;
    })
    .await;
    let rig = Rig::new();
    let mut spec = post(&server.url());
    spec.policy.first_byte_timeout = millis(50);
    let call = rig.start(spec);
    rig.next().await;
    assert_eq!(rig.reply().await.0, 2);
    rig.engine.ok(call, 1).unwrap();
}
