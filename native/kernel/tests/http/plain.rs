//! Whole replies: what arrives, from which connection, and how much of it.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use graphbit_kernel::error::{Error, Phase};
use graphbit_kernel::http::{Event, Request};
use graphbit_kernel::resilience::Limits;

use crate::rig::{Rig, millis, post};
use crate::server::{Peer, Server};

async fn answer_all(mut peer: Peer) {
    while let Some(request) = peer.request().await {
        let body = request.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned();
        peer.reply(200, &body).await;
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Sends these bytes to whoever asks, compressed.
pub async fn gzip_server(plain: Vec<u8>) -> Server {
    let packed = gzip(&plain);
    Server::start(move |mut peer| {
        let packed = packed.clone();
        async move {
            peer.request().await;
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
                packed.len()
            );
            peer.send(head).await;
            peer.send(&packed).await;
            peer.closed().await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_arrives_whole_and_waits_for_a_verdict() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 418 X\r\nX-Name: v\r\nX-Name: w\r\ncontent-length: 2\r\n\r\nok").await;
        peer.closed().await;
    })
    .await;
    let rig = Rig::new();
    let call = rig.start(post(&server.url()));
    let (id, event) = rig.next().await;
    let Event::Reply { attempt: 1, status: 418, headers, body } = event else { panic!("{event:?}") };
    assert_eq!((id, &body[..]), (call, &b"ok"[..]));
    let named: Vec<_> =
        headers.iter().filter(|(name, _)| name == "x-name").map(|(_, v)| v.as_str()).collect();
    assert_eq!(named, ["v", "w"]);
    assert_eq!((rig.engine.in_flight(), rig.engine.stats("model").in_flight), (1, 1));
    rig.engine.ok(call, 5).unwrap();
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_one_after_another_share_a_connection() {
    let server = Server::start(answer_all).await;
    let rig = Rig::new();
    for _ in 0..5 {
        let call = rig.start(post(&server.url()));
        assert_eq!(rig.reply().await, (1, 200, Bytes::from("{}")));
        rig.engine.ok(call, 1).unwrap();
    }
    assert_eq!(server.connections(), 1);
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooled_connection_that_the_server_closed_costs_no_call() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        peer.reply(200, "once").await;
    })
    .await;
    let rig = Rig::new();
    for _ in 0..20 {
        let call = rig.start(post(&server.url()));
        assert_eq!(rig.reply().await.1, 200);
        rig.engine.ok(call, 1).unwrap();
    }
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_closes_under_a_request_is_retried() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        if peer.number == 0 {
            peer.reply(200, "first").await;
            peer.request().await;
        } else {
            peer.reply(200, "second").await;
            peer.closed().await;
        }
    })
    .await;
    let rig = Rig::new();
    for expected in ["first", "second"] {
        let call = rig.start(post(&server.url()));
        let mut event = rig.next().await.1;
        if let Event::Restart { .. } = event {
            event = rig.next().await.1;
        }
        assert!(matches!(event, Event::Reply { body, .. } if body == expected));
        rig.engine.ok(call, 1).unwrap();
    }
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_a_reply_like_any_other() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 302 X\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n").await;
        peer.closed().await;
    })
    .await;
    let rig = Rig::new();
    let call = rig.start(post(&server.url()));
    assert_eq!(rig.reply().await.1, 302);
    rig.engine.fail(call, graphbit_kernel::http::Kind::Rejected, None).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_body_arrives_plain() {
    let server = gzip_server(b"plain text".to_vec()).await;
    let rig = Rig::new();
    let call = rig.start(post(&server.url()));
    assert_eq!(rig.reply().await.2, "plain text");
    rig.engine.ok(call, 1).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_capped_by_its_size_after_decompression() {
    let server = gzip_server(vec![0; 50 << 20]).await;
    let rig = Rig::new();
    rig.start(post(&server.url()));
    let (error, attempts) = rig.failure().await;
    assert!(matches!(error, Error::Exhausted { resource: "body", limit: 0x200_0000, .. }), "{error}");
    assert_eq!(attempts, 1);
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_announces_too_much_is_refused_before_it_is_read() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n").await;
        peer.closed().await;
    })
    .await;
    let rig = Rig::new();
    rig.start(post(&server.url()));
    assert!(matches!(rig.failure().await.0, Error::Exhausted { resource: "body", .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_cut_short_is_a_failure_and_never_a_reply() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
    })
    .await;
    let rig = Rig::new();
    rig.start(post(&server.url()));
    let (error, attempts) = rig.failure().await;
    assert!(matches!(error, Error::Transport { phase: Phase::Read, .. }), "{error:?}");
    assert_eq!((attempts, server.connections()), (3, 3));
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_text_never_holds_the_url() {
    let rig = Rig::new();
    rig.start(post("http://127.0.0.1:1/path?key=canary"));
    let (error, _) = rig.failure().await;
    assert!(matches!(error, Error::Transport { phase: Phase::Connect, .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_post_says_that_it_is_empty() {
    let server = Server::start(|mut peer| async move {
        let request = peer.request().await.unwrap();
        peer.reply(200, &request).await;
        peer.closed().await;
    })
    .await;
    let rig = Rig::new();
    let mut spec = post(&server.url());
    spec.request = Request::new("POST", &server.url(), [], Bytes::new()).unwrap();
    let call = rig.start(spec);
    let body = String::from_utf8(rig.reply().await.2.to_vec()).unwrap();
    assert!(body.contains("\r\ncontent-length: 0\r\n"), "{body}");
    rig.engine.ok(call, 1).unwrap();
}

#[test]
fn only_http_and_https_urls_are_sent() {
    for url in ["ftp://host/", "file:///etc/passwd", "relative", ""] {
        let refused = Request::new("GET", url, [], Bytes::new()).unwrap_err();
        assert!(matches!(refused, Error::Validation { field: "url", .. }), "{url}: {refused}");
    }
    let refused = Request::new("GET", "http://h/", [("a\n", "b")], Bytes::new()).unwrap_err();
    assert!(matches!(refused, Error::Validation { field: "headers", .. }));
    let request = Request::new("GET", "http://h/", [("authorization", "canary")], Bytes::new()).unwrap();
    assert!(!format!("{request:?}").contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_at_once_keep_to_the_limit_and_leave_nothing() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let server = Server::start(move |mut peer| {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        async move {
            while peer.request().await.is_some() {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(millis(1)).await;
                now.fetch_sub(1, Ordering::SeqCst);
                peer.reply(200, "").await;
            }
        }
    })
    .await;
    let rig = Rig::new();
    rig.engine.limit("model", Limits { max_concurrency: 16, ..Limits::default() });
    for _ in 0..500 {
        rig.start(post(&server.url()));
    }
    for _ in 0..500 {
        let (call, event) = rig.next().await;
        assert!(matches!(event, Event::Reply { status: 200, .. }), "{event:?}");
        rig.engine.ok(call, 1).unwrap();
    }
    let most = seen.load(Ordering::SeqCst);
    assert!((2..=16).contains(&most), "{most} at a time");
    rig.assert_idle("model").await;
    assert!(rig.mailbox.drain().is_empty());
}
