//! HTTP/1.1 over bytes that a host has written, read by the parser that also reads what sockets bring.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use http_body_util::{BodyExt, Full};
use hyper::rt::{Read, ReadBufCursor, Write};
use reqwest::header::{HOST, HeaderValue};

use super::event::Headers;
use super::request::Request;
use super::transport::Reply;
use crate::error::{Error, Phase};

/// What happens to the connection after the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// It is closed.
    Close,
    /// It breaks.
    Reset,
    /// Nothing.
    Hang,
}

/// The bytes of a reply, and how they come.
#[derive(Clone, Debug)]
pub struct Script {
    /// Status line and headers.
    pub head: Bytes,
    /// What follows, as it is on the wire.
    pub body: Bytes,
    /// How often the body is sent.
    pub repeat: u64,
    /// Bytes at a time; 0: all.
    pub piece: usize,
    /// Time between two pieces.
    pub pause: Duration,
    /// Nothing is sent from this byte on.
    pub stop: Option<usize>,
    /// What happens then.
    pub last: Last,
}

impl Script {
    fn pieces(self) -> BoxStream<'static, io::Result<Bytes>> {
        let first: Bytes = [&self.head[..], &self.body[..]].concat().into();
        let (piece, pause, last) = (self.piece, self.pause, self.last);
        let rounds = std::iter::once(first).chain((1..self.repeat).map(move |_| self.body.clone()));
        let mut left = self.stop.unwrap_or(usize::MAX);
        let cut = rounds.map_while(move |mut round| {
            if left == 0 {
                return None;
            }
            round.truncate(left);
            left -= round.len();
            Some(round)
        });
        let pieces = cut.flat_map(move |round| {
            let size = if piece == 0 { round.len().max(1) } else { piece };
            (0..round.len())
                .step_by(size)
                .map(move |at| round.slice(at..round.len().min(at + size)))
                .collect::<Vec<_>>()
        });
        let paced = stream::iter(pieces.enumerate()).then(move |(number, piece)| async move {
            if number > 0 && !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            Ok(piece)
        });
        match last {
            Last::Close => paced.boxed(),
            Last::Reset => paced.chain(stream::iter([Err(io::ErrorKind::ConnectionReset.into())])).boxed(),
            Last::Hang => paced.chain(stream::pending()).boxed(),
        }
    }
}

/// Sends `request` to whom it may concern, and reads the head of the reply.
pub(super) async fn exchange(request: Request, script: Script) -> Result<Reply, Error> {
    let wire = Wire { pieces: script.pieces(), arrived: Bytes::new(), asked: false, reader: None };
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(wire).await.map_err(|error| failed(Phase::Connect, &error))?;
    tokio::spawn(connection);
    let head =
        sender.send_request(outgoing(request)?).await.map_err(|error| failed(Phase::FirstByte, &error))?;
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers: Headers =
        head.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let status = head.status().as_u16();
    let body = head.into_body().into_data_stream();
    let body = body.map(|piece| piece.map_err(|error| failed(Phase::Read, &error))).boxed();
    Ok(Reply { status, headers, body })
}

fn outgoing(request: Request) -> Result<hyper::Request<Full<Bytes>>, Error> {
    let url = &request.url;
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let host = url.host_str().unwrap_or_default().to_owned();
    let mut sent = hyper::Request::builder()
        .method(request.method)
        .uri(path)
        .header(HOST, host)
        .body(Full::new(request.body))
        .map_err(|error| Error::Internal(format!("the request cannot be written: {error}")))?;
    sent.headers_mut().extend((*request.headers).clone());
    Ok(sent)
}

fn failed(phase: Phase, error: &hyper::Error) -> Error {
    let mut detail = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        detail = format!("{detail}: {inner}");
        cause = inner.source();
    }
    Error::Transport { phase, detail }
}

/// A connection that takes every byte and gives those of a script once it was asked.
struct Wire {
    pieces: BoxStream<'static, io::Result<Bytes>>,
    arrived: Bytes,
    asked: bool,
    reader: Option<Waker>,
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.asked {
            self.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        while self.arrived.is_empty() {
            match ready!(Pin::new(&mut self.pieces).poll_next(context)) {
                Some(piece) => self.arrived = piece?,
                None => return Poll::Ready(Ok(())),
            }
        }
        let some = self.arrived.len().min(into.remaining());
        into.put_slice(&self.arrived[..some]);
        self.arrived.advance(some);
        Poll::Ready(Ok(()))
    }
}

impl Write for Wire {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.asked = true;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
