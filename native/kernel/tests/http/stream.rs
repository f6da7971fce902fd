//! Streamed bodies: frames in batches, no more than the host can take, and an honest end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use graphbit_kernel::error::{Error, Phase};
use graphbit_kernel::framing::Framing;
use graphbit_kernel::http::{CallSpec, Event, Kind};
use graphbit_kernel::resilience::StopReason;

use crate::plain::gzip_server;
use crate::rig::{Rig, millis, stream};
use crate::server::Server;

fn frame(event: &str, data: &str) -> (String, String) {
    (event.to_owned(), data.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_survive_writes_of_one_byte() {
    let server = Server::start(|mut peer| async move {
        peer.stream.set_nodelay(true).unwrap();
        peer.request().await;
        peer.open_stream().await;
        for byte in "event: delta\ndata: Größe 🦀\n\n: ping\r\n\r\ndata: [DONE]\n\n".bytes() {
            peer.chunk([byte]).await;
        }
        peer.send("0\r\n\r\n").await;
        peer.closed().await;
    })
    .await;
    let rig = Rig::new();
    let call = rig.start(stream(&server.url()));
    assert!(matches!(rig.next().await.1, Event::Open { attempt: 1, status: 200, .. }));
    let (frames, end) = rig.stream().await;
    assert_eq!(frames, [frame("delta", "Größe 🦀"), frame("", "[DONE]")]);
    assert_eq!(end, Ok(()));
    rig.engine.ok(call, 2).unwrap();
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_json_are_frames_and_the_last_needs_no_newline() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        peer.open_stream().await;
        peer.chunk("{\"a\":1}\n{\"b\"").await;
        peer.chunk(":2}").await;
        peer.send("0\r\n\r\n").await;
        peer.closed().await;
    })
    .await;
    let rig = Rig::new();
    let call = rig.start(CallSpec { framing: Some(Framing::Ndjson), ..stream(&server.url()) });
    assert_eq!(rig.stream().await.0, [frame("", "{\"a\":1}"), frame("", "{\"b\":2}")]);
    rig.engine.ok(call, 2).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_streaming_call_that_is_refused_gets_a_whole_reply() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        peer.reply(503, "down").await;
        peer.closed().await;
    })
    .await;
    let rig = Rig::new();
    let call = rig.start(stream(&server.url()));
    assert_eq!(rig.reply().await, (1, 503, "down".into()));
    rig.engine.fail(call, Kind::Unavailable, None).unwrap();
}

/// One frame, then the connection goes.
async fn cut_after(text: &'static str) -> Server {
    Server::start(move |mut peer| async move {
        peer.request().await;
        peer.open_stream().await;
        if !text.is_empty() {
            peer.chunk(text).await;
            tokio::time::sleep(millis(20)).await;
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_cut_after_frames_is_interrupted_and_not_retried() {
    let server = cut_after("data: one\n\n").await;
    let rig = Rig::new();
    rig.start(stream(&server.url()));
    let (frames, end) = rig.stream().await;
    assert_eq!(frames, [frame("", "one")]);
    assert!(matches!(end, Err(Error::Interrupted { phase: Phase::Read, .. })), "{end:?}");
    assert_eq!(server.connections(), 1);
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_cut_before_its_first_frame_is_retried() {
    let server = cut_after("").await;
    let rig = Rig::new();
    rig.start(stream(&server.url()));
    let (error, attempts) = rig.failure().await;
    assert!(matches!(error, Error::Transport { phase: Phase::Read, .. }), "{error:?}");
    assert_eq!((attempts, server.connections()), (3, 3));
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_text_are_a_decode_error() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        peer.open_stream().await;
        peer.chunk(b"data: one\n\ndata: \xff\xfe\n\n").await;
        peer.closed().await;
    })
    .await;
    let rig = Rig::new();
    rig.start(stream(&server.url()));
    let (frames, end) = rig.stream().await;
    assert_eq!(frames, [frame("", "one")]);
    assert!(matches!(end, Err(Error::Decode { status: 200, .. })), "{end:?}");
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_above_its_limit_is_refused() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        peer.open_stream().await;
        while peer.chunk([b'x'; 1024]).await {}
    })
    .await;
    let rig = Rig::new();
    let mut spec = stream(&server.url());
    spec.policy.max_frame = 10_000;
    rig.start(spec);
    assert!(matches!(rig.failure().await.0, Error::Exhausted { resource: "frame", limit: 10_000, .. }));
}

/// What is wrong with a stream of a few kilobytes on the wire that is `plain`.
async fn unpacked(plain: Vec<u8>) -> (usize, Error) {
    let server = gzip_server(plain).await;
    let rig = Rig::new();
    let mut spec = stream(&server.url());
    (spec.policy.max_frame, spec.policy.max_stream) = (100_000, 1 << 20);
    rig.start(spec);
    let (frames, end) = rig.stream().await;
    rig.assert_idle("model").await;
    (frames.len(), end.unwrap_err())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_capped_by_its_size_after_decompression() {
    let whole = |line: &str| line.repeat((20 << 20) / line.len()).into_bytes();
    let (frames, error) = unpacked(whole("data: aaaaaaaa\n\n")).await;
    assert!(matches!(error, Error::Exhausted { resource: "stream", limit: 0x10_0000, .. }), "{error}");
    assert!((1..=65_536).contains(&frames), "{frames} frames of a megabyte");
    let (frames, error) = unpacked(whole(": a comment\n")).await;
    assert!(matches!(error, Error::Exhausted { resource: "stream", .. }), "{error}");
    assert_eq!(frames, 0);
    let (frames, error) = unpacked([b"data: ".to_vec(), vec![b'a'; 20 << 20]].concat()).await;
    assert!(matches!(error, Error::Exhausted { resource: "frame", limit: 100_000, .. }), "{error}");
    assert_eq!(frames, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_verdict_after_frames_is_refused_as_delivered() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        peer.open_stream().await;
        peer.chunk("event: error\ndata: overloaded\n\n").await;
        peer.closed().await;
    })
    .await;
    let rig = Rig::new();
    let call = rig.start(stream(&server.url()));
    while !matches!(rig.next().await.1, Event::Frames(_)) {}
    let answer = rig.engine.retry(call, Kind::Unavailable, None).unwrap();
    assert_eq!(answer, (1, Some(StopReason::Delivered), None));
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_drain_stops_the_reading_and_loses_nothing() {
    const FRAMES: usize = 20_000;
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let server = Server::start(move |mut peer| {
        let count = Arc::clone(&count);
        async move {
            peer.request().await;
            peer.open_stream().await;
            for number in 0..FRAMES {
                peer.chunk(format!("data: {number} {}\n\n", "x".repeat(1000))).await;
                count.fetch_add(1, Ordering::SeqCst);
            }
            peer.send("0\r\n\r\n").await;
            peer.closed().await;
        }
    })
    .await;
    let rig = Rig::new();
    let call = rig.start(stream(&server.url()));
    let mut before = usize::MAX;
    while before != sent.load(Ordering::SeqCst) {
        before = sent.load(Ordering::SeqCst);
        tokio::time::sleep(millis(150)).await;
    }
    assert!(before < FRAMES, "the server could send all of it although nobody drained");
    let waiting = rig.mailbox.drain();
    assert_eq!(waiting.len(), 2, "the head, and all frames in one event");
    let Event::Frames(first) = &waiting[1].1 else { panic!("{:?}", waiting[1]) };
    assert!((256..600).contains(&first.len()), "{} frames were held", first.len());
    let (rest, end) = rig.stream().await;
    assert_eq!(end, Ok(()));
    let all: Vec<&str> = first
        .iter()
        .map(|frame| frame.data.as_str())
        .chain(rest.iter().map(|(_, data)| data.as_str()))
        .collect();
    assert_eq!(all.len(), FRAMES);
    assert!(all.iter().enumerate().all(|(at, data)| data.starts_with(&format!("{at} "))));
    rig.engine.ok(call, 1).unwrap();
    rig.assert_idle("model").await;
}

/// Two frames and a cut at first, a whole stream then. Returns the events' kinds and what was read since the last
/// restart, and how it ended.
async fn restarted(change: impl FnOnce(&mut CallSpec)) -> (Vec<String>, usize, Option<Error>) {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        peer.open_stream().await;
        if peer.number == 0 {
            peer.chunk("data: lost\n\ndata: lost\n\n").await;
            tokio::time::sleep(millis(20)).await;
            return;
        }
        peer.chunk("data: kept\n\n").await;
        peer.send("0\r\n\r\n").await;
        peer.closed().await;
    })
    .await;
    let rig = Rig::new();
    let mut spec = stream(&server.url());
    spec.policy.restart_streams = true;
    change(&mut spec);
    let call = rig.start(spec);
    // Nothing is drained until all has arrived, so that both attempts wait in one mailbox.
    tokio::time::sleep(millis(200)).await;
    let mut read = Vec::new();
    let (mut restarts, mut failure) = (0, None);
    loop {
        match rig.next().await.1 {
            Event::Frames(frames) => read.extend(frames.into_iter().map(|frame| frame.data)),
            Event::Restart { .. } => {
                assert_eq!(read, ["lost", "lost"]);
                (read, restarts) = (Vec::new(), restarts + 1);
            }
            Event::End { .. } => break rig.engine.ok(call, 1).map(drop).unwrap(),
            Event::Failed { error, .. } => break failure = Some(error),
            _ => {}
        }
    }
    rig.assert_idle("model").await;
    (read, restarts, failure)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_cut_after_frames_begins_anew_where_that_is_wanted() {
    assert_eq!(restarted(|_| {}).await, (vec!["kept".into()], 1, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_may_not_be_asked_for_twice_does_not_begin_anew() {
    let (read, restarts, failure) = restarted(|spec| spec.idempotent = false).await;
    assert_eq!((read.len(), restarts), (2, 0));
    assert!(matches!(failure, Some(Error::Interrupted { .. })), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_verdict_after_frames_is_accepted_where_streams_begin_anew() {
    let server = Server::start(|mut peer| async move {
        peer.request().await;
        peer.open_stream().await;
        peer.chunk("event: error\ndata: overloaded\n\n").await;
        peer.closed().await;
    })
    .await;
    let rig = Rig::new();
    let mut spec = stream(&server.url());
    spec.policy.restart_streams = true;
    let call = rig.start(spec);
    while !matches!(rig.next().await.1, Event::Frames(_)) {}
    assert_eq!(rig.engine.retry(call, Kind::Unavailable, None).unwrap(), (1, None, None));
    while !matches!(rig.next().await.1, Event::Restart { attempt: 2 }) {}
    rig.engine.cancel(call);
}
