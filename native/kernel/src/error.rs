//! What can go wrong in the kernel, as facts. The bindings turn each variant into one Python class.

use std::time::Duration;

use crate::graph::GraphError;

/// The part of a call in which it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Waiting for the limiter.
    Queue,
    /// Name lookup, TCP and TLS.
    Connect,
    /// Between the connection and the head of the reply.
    FirstByte,
    /// Reading the body.
    Read,
    /// Between two pieces of the body.
    Idle,
    /// Between two frames of a streamed body.
    Progress,
    /// One attempt as a whole.
    Attempt,
    /// The deadline of the caller.
    Total,
}

impl Phase {
    /// The name that users see as the `phase` of an error.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Queue => "queue",
            Phase::Connect => "connect",
            Phase::FirstByte => "first_byte",
            Phase::Read => "read",
            Phase::Idle => "idle",
            Phase::Progress => "progress",
            Phase::Attempt => "attempt",
            Phase::Total => "total",
        }
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An error of the kernel.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A setting that cannot be used, or cannot be changed any more.
    #[error("{message}")]
    Config {
        /// The setting concerned.
        setting: &'static str,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// An argument that is wrong.
    #[error("{field}: {message}")]
    Validation {
        /// The argument concerned.
        field: &'static str,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// The connection could not be made, or broke.
    #[error("no usable answer arrived ({phase}): {detail}")]
    Transport {
        /// Where it broke.
        phase: Phase,
        /// What the transport said; never holds the URL, which may carry a credential.
        detail: String,
    },
    /// A stream broke after frames of it had been delivered.
    #[error("the stream ended before its end ({phase}): {detail}")]
    Interrupted {
        /// Where it broke.
        phase: Phase,
        /// What the transport said.
        detail: String,
    },
    /// Time ran out.
    #[error("time ran out ({phase}) after {timeout:.1?}")]
    Deadline {
        /// What took too long.
        phase: Phase,
        /// The limit that was reached.
        timeout: Duration,
    },
    /// A graph, or an argument to a run, is wrong.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The breaker of the resource is open.
    #[error("not sent: {resource:?} failed too often just now; it is tried again in {retry_after:.1?}")]
    CircuitOpen {
        /// Name of the resource.
        resource: String,
        /// Time until the next probe.
        retry_after: Duration,
    },
    /// The body is not what its framing promises.
    #[error("the reply cannot be read: {detail}")]
    Decode {
        /// What is wrong.
        detail: String,
        /// HTTP status of the reply.
        status: u16,
    },
    /// A limit on size or count was reached.
    #[error("{detail}")]
    Exhausted {
        /// What is limited: `body`, `frame`, `stream`, `queue` or `tokens_per_minute`.
        resource: &'static str,
        /// The limit.
        limit: u64,
        /// What happened and what to do.
        detail: String,
    },
    /// Too many calls wait for a limiter, and for too long.
    #[error(
        "not sent: it waited {waited:.1?} for its turn, and {queued} calls wait behind it; send less at a time, or \
         raise `queue_target` (calls are turned away after {limit:?})"
    )]
    Shed {
        /// How long it waited.
        waited: Duration,
        /// How long it may wait while the queue stands.
        limit: Duration,
        /// Calls that wait behind it.
        queued: usize,
    },
    /// The egress guard refused where a call, or a redirect of it, was to go.
    #[error("not sent to {host:?}: {detail}")]
    Egress {
        /// The host, as the URL names it.
        host: String,
        /// Which rule: a kind of address, `not_listed`, `scheme`, `user_info`, `downgrade`, `redirects` or
        /// `location`.
        reason: &'static str,
        /// What is wrong and how to mend it; never holds a resolved address.
        detail: String,
    },
    /// The object was made before a fork and is used in the child.
    #[error("this {object} was made before the process forked; make a new one in the child")]
    Fork {
        /// Name of the object.
        object: &'static str,
    },
    /// A fault of the kernel.
    #[error("fault in the GraphBit kernel, please report it: {0}")]
    Internal(String),
}

impl Error {
    /// Shorthand for [`Error::Validation`].
    pub fn validation(field: &'static str, message: impl Into<String>) -> Error {
        Error::Validation { field, message: message.into() }
    }

    /// What a caught panic is to a user.
    pub fn from_panic(panic: &(dyn std::any::Any + Send)) -> Error {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Error::Internal(text.unwrap_or_else(|| "panic".to_owned()))
    }
}
