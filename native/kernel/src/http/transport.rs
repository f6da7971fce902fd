//! The edge of the engine: how one request becomes one reply. [`client`](super::client) is the real
//! one; tests on a paused clock script their own, as sockets and a paused clock do not mix.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use super::event::Headers;
use super::policy::Policy;
use super::request::Request;
use crate::error::Error;

/// Sends requests.
pub trait Transport: Send + Sync + std::fmt::Debug {
    /// Sends `request` once and waits for the head of the reply, no longer than the connect and first-byte
    /// timeouts of `policy`. Dropping the future, or the body, closes the connection.
    fn send(&self, request: Request, policy: &Policy) -> BoxFuture<'static, Result<Reply, Error>>;
}

/// The head of a reply, and its body to come.
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Headers,
    /// The body, decompressed, in pieces.
    pub body: BoxStream<'static, Result<Bytes, Error>>,
}
