//! A cancelled call closes its socket at once and is heard of no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use graphbit_kernel::clock::{Clock, SystemClock, Time};
use graphbit_kernel::error::Error;
use graphbit_kernel::http::{Event, Kind};
use graphbit_kernel::resilience::{Jitter, Limits};
use tokio::sync::mpsc;

use crate::rig::{Rig, millis, post, stream};
use crate::server::Server;

/// Says when a request came and when its connection closed.
async fn watched(streaming: bool) -> (Server, mpsc::UnboundedReceiver<Time>, Arc<SystemClock>) {
    let clock = Arc::new(SystemClock::new());
    let (told, seen) = mpsc::unbounded_channel();
    let times = Arc::clone(&clock);
    let server = Server::start(move |mut peer| {
        let (told, times) = (told.clone(), Arc::clone(&times));
        async move {
            peer.request().await;
            if streaming {
                peer.open_stream().await;
                peer.chunk("data: one\n\n").await;
            }
            told.send(times.now()).unwrap();
            peer.closed().await;
            told.send(times.now()).unwrap();
        }
    })
    .await;
    (server, seen, clock)
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_call_that_waits_closes_its_socket_at_once() {
    let (server, mut seen, clock) = watched(false).await;
    let rig = Rig::new();
    let call = rig.start(post(&server.url()));
    seen.recv().await.unwrap();
    let cancelled = clock.now();
    rig.engine.cancel(call);
    assert!(seen.recv().await.unwrap().since(cancelled) < millis(200));
    rig.assert_idle("model").await;
    assert!(rig.mailbox.drain().is_empty());
    rig.engine.cancel(call);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_stream_closes_its_socket_and_voids_what_waits() {
    let (server, mut seen, clock) = watched(true).await;
    let rig = Rig::new();
    let call = rig.start(stream(&server.url()));
    seen.recv().await.unwrap();
    while !rig.mailbox.wait(millis(100)) {}
    let cancelled = clock.now();
    rig.engine.cancel(call);
    assert!(rig.mailbox.drain().is_empty());
    assert!(seen.recv().await.unwrap().since(cancelled) < millis(200));
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_a_mailbox_cancels_all_its_calls_and_no_others() {
    let (server, mut seen, clock) = watched(false).await;
    let rig = Rig::new();
    let other = Arc::new(graphbit_kernel::mailbox::Mailbox::new().unwrap());
    let kept = rig.engine.start(&other, post(&server.url())).unwrap();
    for _ in 0..3 {
        rig.start(post(&server.url()));
    }
    for _ in 0..4 {
        seen.recv().await.unwrap();
    }
    let closed = clock.now();
    rig.engine.close(&rig.mailbox);
    for _ in 0..3 {
        assert!(seen.recv().await.unwrap().since(closed) < millis(200));
    }
    assert_eq!(rig.engine.in_flight(), 1);
    rig.engine.cancel(kept);
    rig.assert_idle("model").await;
    let refused = rig.engine.start(&rig.mailbox, post(&server.url())).unwrap_err();
    assert!(matches!(refused, Error::Validation { field: "mailbox", .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_at_any_moment_leaves_nothing_behind() {
    let open = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&open);
    let server = Server::start(move |mut peer| {
        let count = Arc::clone(&count);
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            if peer.request().await.is_some() {
                tokio::time::sleep(millis(2)).await;
                peer.open_stream().await;
                while peer.chunk("data: more\n\n").await {
                    tokio::time::sleep(millis(1)).await;
                }
            }
            count.fetch_sub(1, Ordering::SeqCst);
        }
    })
    .await;
    let rig = Rig::new();
    rig.engine.limit("model", Limits { max_concurrency: 4, ..Limits::default() });
    let mut moments = Jitter::new(7);
    for _ in 0..200 {
        let call = rig.start(stream(&server.url()));
        let waiting = rig.start(stream(&server.url()));
        tokio::time::sleep(Duration::from_micros((moments.fraction() * 8000.0) as u64)).await;
        rig.engine.cancel(call);
        rig.engine.cancel(waiting);
        assert!(rig.mailbox.drain().is_empty());
    }
    rig.assert_idle("model").await;
    let cancelled = rig.clock.now();
    while open.load(Ordering::SeqCst) > 0 {
        tokio::time::sleep(millis(1)).await;
        assert!(rig.clock.now().since(cancelled) < millis(500), "{open:?} connections are still open");
    }
    assert!(server.connections() > 100, "{} connections", server.connections());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_in_mid_stream_ends_the_call() {
    let (server, mut seen, clock) = watched(true).await;
    let rig = Rig::new();
    let call = rig.start(stream(&server.url()));
    while !matches!(rig.next().await.1, Event::Frames(_)) {}
    seen.recv().await.unwrap();
    let judged = clock.now();
    assert_eq!(rig.engine.fail(call, Kind::Unavailable, None).unwrap(), None);
    assert!(seen.recv().await.unwrap().since(judged) < millis(200));
    assert_eq!(rig.engine.stats("model").failures, 1);
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_on_a_call_that_is_over_is_refused() {
    let rig = Rig::new();
    for refused in [rig.engine.ok(7, 1).unwrap_err(), rig.engine.fail(7, Kind::Rejected, None).unwrap_err()] {
        assert!(matches!(refused, Error::Validation { field: "call", .. }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_closed_while_a_call_starts_ends_that_call() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        peer.closed().await;
    })
    .await;
    let rig = Rig::new();
    for _ in 0..2000 {
        let mailbox = Arc::new(graphbit_kernel::mailbox::Mailbox::new().unwrap());
        let (engine, closed) = (rig.engine.clone(), Arc::clone(&mailbox));
        let closing = std::thread::spawn(move || engine.close(&closed));
        // Refused or ended, as the case may be.
        let _ = rig.engine.start(&mailbox, post(&server.url()));
        closing.join().unwrap();
    }
    for _ in 0..200 {
        if rig.engine.stats("model").in_flight == 0 {
            break;
        }
        tokio::time::sleep(millis(10)).await;
    }
    rig.assert_idle("model").await;
}
