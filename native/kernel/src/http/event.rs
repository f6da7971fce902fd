//! What a call tells the host.

use std::time::Duration;

use bytes::Bytes;

use crate::error::Error;
use crate::framing::Frame;
use crate::resilience::{State, Why};

/// Identifies a call within its engine; never used twice.
pub type CallId = u64;

/// Header names, in lower case, and values, in the order received.
pub type Headers = Vec<(String, String)>;

/// One event of one call.
#[derive(Clone, Debug)]
pub enum Event {
    /// A whole reply; a verdict is due.
    Reply {
        /// Number of the attempt, from 1.
        attempt: u32,
        /// HTTP status.
        status: u16,
        /// Headers.
        headers: Headers,
        /// The whole body, decompressed.
        body: Bytes,
    },
    /// A streaming call has a 2xx head.
    Open {
        /// Number of the attempt, from 1.
        attempt: u32,
        /// HTTP status.
        status: u16,
        /// Headers.
        headers: Headers,
    },
    /// Frames since the last drain; from here on nothing is retried unless the policy restarts streams.
    Frames(Vec<Frame>),
    /// The streamed body ended as HTTP says it should; a verdict is due.
    End {
        /// Number of the attempt, from 1.
        attempt: u32,
    },
    /// The kernel starts a further attempt; what an earlier one delivered is void.
    Restart {
        /// Number of the attempt, from 2.
        attempt: u32,
    },
    /// A guarded call follows a redirect.
    Redirect {
        /// Number of the attempt, from 1.
        attempt: u32,
        /// HTTP status of the reply that redirects.
        status: u16,
        /// Where the call goes now.
        url: String,
    },
    /// What happened to the call on its way; only if it asked.
    Notice(Notice),
    /// The call is over.
    Failed {
        /// Why.
        error: Error,
        /// Attempts made.
        attempts: u32,
    },
}

/// What a call meets on its way to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It had to wait for its limiter.
    Limited {
        /// The limiter.
        limiter: String,
        /// How long.
        waited: Duration,
        /// What for, when it came.
        why: Why,
    },
    /// The breaker refused it, let it through as a probe, or changed by it.
    Breaker {
        /// The resource.
        resource: String,
        /// State of the breaker now.
        state: State,
        /// When asking again makes sense, if it refuses.
        retry_after: Option<Duration>,
    },
    /// It was turned away from a queue that stands.
    Shed {
        /// The limiter.
        limiter: String,
        /// How long it waited.
        waited: Duration,
        /// Calls that wait behind it.
        queued: usize,
    },
}
