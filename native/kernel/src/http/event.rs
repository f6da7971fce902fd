//! What a call tells the host.

use bytes::Bytes;

use crate::error::Error;
use crate::framing::Frame;

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
    /// Frames since the last drain; nothing is retried from here on.
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
    /// The call is over.
    Failed {
        /// Why.
        error: Error,
        /// Attempts made.
        attempts: u32,
    },
}
