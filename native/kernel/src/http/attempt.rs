//! One attempt: send, wait for the head, read the body or its frames, within every timeout.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, ReadyChunks};
use reqwest::Method;

use super::call::Call;
use super::engine::Shared;
use super::event::{Event, Headers};
use super::quota;
use super::redirect;
use super::transport::Reply;
use crate::clock::Time;
use crate::error::{Error, Phase};
use crate::framing::{Framer, Framing, FramingError};

type Body = BoxStream<'static, Result<Bytes, Error>>;
type Pieces = Vec<Result<Bytes, Error>>;

/// Most pieces of a stream that are read before the host hears of the first.
const READY_PIECES: usize = 64;

/// Runs attempt number `attempt` until a verdict is due, or it failed.
pub(super) async fn run(shared: &Shared, call: &Call, attempt: u32) -> Result<(), Error> {
    let whole = exchange(shared, call, attempt);
    let Some(deadline) = call.spec.deadline else { return whole.await };
    let left = deadline.since(shared.clock().now());
    match tokio::time::timeout(left, whole).await {
        Ok(result) => result,
        Err(_) => Err(Error::Deadline { phase: Phase::Total, timeout: call.allowed() }),
    }
}

async fn exchange(shared: &Shared, call: &Call, attempt: u32) -> Result<(), Error> {
    let limit = call.spec.policy.attempt_timeout;
    let sent = shared.clock().now();
    let reply = within(limit, Phase::Attempt, redirect::send(shared, call, attempt)).await?;
    let now = shared.clock().now();
    call.head_arrived(now.since(sent));
    let Reply { status, headers, body } = reply;
    if (200..300).contains(&status) {
        let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        if let Some(wait) = quota::used_up(pairs, shared.clock().wall()) {
            call.used_up(wait, now);
        }
    }
    match call.spec.framing {
        Some(framing) if (200..300).contains(&status) && !is_whole(&headers, framing) => {
            call.report(Event::Open { attempt, status, headers });
            read_frames(shared, call, framing, status, body, sent + limit).await?;
            call.report(Event::End { attempt });
        }
        _ => {
            let left = (sent + limit).since(now);
            let overdue = Error::Deadline { phase: Phase::Attempt, timeout: limit };
            let body = tokio::time::timeout(left, whole_body(call, &headers, body)).await;
            let body = body.unwrap_or(Err(overdue))?;
            call.report(Event::Reply { attempt, status, headers, body });
        }
    }
    Ok(())
}

/// Whether a server answered a request for a stream with one JSON text: an error, or a server that does not
/// stream. Lines of JSON cannot be told from it by their type.
fn is_whole(headers: &Headers, framing: Framing) -> bool {
    let media_type = headers.iter().find(|(name, _)| name == "content-type").map_or("", |(_, value)| value);
    framing == Framing::Sse && media_type.trim_start().to_ascii_lowercase().starts_with("application/json")
}

async fn whole_body(call: &Call, headers: &Headers, mut body: Body) -> Result<Bytes, Error> {
    let limit = call.spec.policy.max_body;
    let too_large = || Error::Exhausted {
        resource: "body",
        limit: limit as u64,
        detail: format!("the body is larger than {limit} bytes; raise `max_body` if that is right"),
    };
    let idle = call.spec.policy.idle_timeout;
    // The reply to HEAD announces a body that does not come.
    let announced = if call.spec.request.method == Method::HEAD { 0 } else { announced_length(headers) };
    if announced > limit {
        return Err(too_large());
    }
    let (mut pieces, mut length) = (Vec::new(), 0);
    while let Some(piece) = within(idle, Phase::Idle, next(&mut body)).await? {
        length += piece.len();
        if length > limit {
            return Err(too_large());
        }
        pieces.push(piece);
    }
    Ok(if pieces.len() == 1 { pieces.remove(0) } else { pieces.concat().into() })
}

fn announced_length(headers: &Headers) -> usize {
    let length = headers.iter().find(|(name, _)| name == "content-length");
    length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
}

async fn read_frames(
    shared: &Shared,
    call: &Call,
    framing: Framing,
    status: u16,
    body: Body,
    mut until: Time,
) -> Result<(), Error> {
    let mut framer = Framer::new(framing, call.spec.policy.max_frame);
    // What came in one read of the socket goes to the host in one event.
    let mut body = body.ready_chunks(READY_PIECES);
    let mut last_frame = shared.clock().now();
    let mut bytes = 0;
    loop {
        let pieces = next_pieces(shared, call, (last_frame, until), &mut body).await?;
        let mut frames = Vec::new();
        let parse = |parsed: Result<(), FramingError>| parsed.map_err(|error| framing_error(error, status));
        let read = match &pieces {
            Some(pieces) => pieces.iter().try_for_each(|piece| match piece {
                Ok(piece) => {
                    count(&mut bytes, piece.len(), call.spec.policy.max_stream)?;
                    parse(framer.push(piece, &mut frames))
                }
                Err(error) => Err(error.clone()),
            }),
            None => parse(framer.finish(&mut frames)),
        };
        if !frames.is_empty() {
            call.report(Event::Frames(frames));
            let full = shared.clock().now();
            call.outbox.room().await;
            // The time that the host takes to read is not the server's.
            last_frame = shared.clock().now();
            until = until + last_frame.since(full);
        }
        read.map_err(|error| call.interrupted(error))?;
        if pieces.is_none() {
            return Ok(());
        }
    }
}

fn count(bytes: &mut usize, more: usize, limit: usize) -> Result<(), Error> {
    *bytes += more;
    if *bytes <= limit {
        return Ok(());
    }
    Err(Error::Exhausted {
        resource: "stream",
        limit: limit as u64,
        detail: format!("the stream is longer than {limit} bytes; raise `max_stream` if that is right"),
    })
}

fn framing_error(error: FramingError, status: u16) -> Error {
    let detail = error.to_string();
    match error {
        FramingError::InvalidUtf8 => Error::Decode { detail, status },
        FramingError::TooLarge { limit } => {
            Error::Exhausted { resource: "frame", limit: limit as u64, detail }
        }
    }
}

/// The next pieces of a stream, within the idle timeout, what is left of the progress timeout since the last
/// frame, and `until`, when the attempt has to be over.
async fn next_pieces(
    shared: &Shared,
    call: &Call,
    (last_frame, until): (Time, Time),
    body: &mut ReadyChunks<Body>,
) -> Result<Option<Pieces>, Error> {
    let now = shared.clock().now();
    let policy = &call.spec.policy;
    let (idle, progress) = (policy.idle_timeout, policy.progress_timeout);
    let limits = [
        (idle, Phase::Idle, idle),
        (progress.saturating_sub(now.since(last_frame)), Phase::Progress, progress),
        (until.since(now), Phase::Attempt, policy.attempt_timeout),
    ];
    let (left, phase, timeout) = limits.into_iter().min_by_key(|(left, ..)| *left).unwrap_or(limits[0]);
    let next = tokio::time::timeout(left, body.next()).await;
    next.map_err(|_| Error::Deadline { phase, timeout })
}

async fn next(body: &mut Body) -> Result<Option<Bytes>, Error> {
    body.next().await.transpose()
}

async fn within<T>(
    limit: Duration,
    phase: Phase,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(Error::Deadline { phase, timeout: limit }))
}
