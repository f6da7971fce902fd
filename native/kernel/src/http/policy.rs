//! The settings of a call, with their defaults and ranges.

use std::sync::Arc;
use std::time::Duration;

use super::egress::Egress;
use super::settings::{count, flag, seconds, unknown};
use crate::error::Error;

/// Largest `max_body` and `max_stream` of a guarded call.
pub const MAX_GUARDED_BODY: usize = 100 << 20;
/// What a guarded call reads unless it is told otherwise.
const GUARDED_BODY: usize = 10 << 20;

/// The names that [`Policy::set`] knows.
pub const POLICY_KEYS: &[&str] = &[
    "connect_timeout",
    "first_byte_timeout",
    "idle_timeout",
    "progress_timeout",
    "attempt_timeout",
    "max_attempts",
    "backoff_base",
    "backoff_cap",
    "max_retry_after",
    "max_body",
    "max_frame",
    "max_stream",
    "restart_streams",
];

/// How one call may use time, memory and attempts.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Name lookup, TCP and TLS.
    pub connect_timeout: Duration,
    /// From the connection to the head of the reply.
    pub first_byte_timeout: Duration,
    /// Between two pieces of the body.
    pub idle_timeout: Duration,
    /// Between two frames of a streamed body; comments are not frames.
    pub progress_timeout: Duration,
    /// One attempt as a whole.
    pub attempt_timeout: Duration,
    /// Attempts in all, the first one counted.
    pub max_attempts: u32,
    /// First back-off; doubles with each retry.
    pub backoff_base: Duration,
    /// Longest back-off.
    pub backoff_cap: Duration,
    /// Longest `Retry-After` that is waited for.
    pub max_retry_after: Duration,
    /// Bytes of a whole body, after decompression.
    pub max_body: usize,
    /// Bytes of one frame.
    pub max_frame: usize,
    /// Bytes of a streamed body, after decompression.
    pub max_stream: usize,
    /// Whether a stream that breaks after frames were delivered may be begun anew; the host is told to forget them.
    pub restart_streams: bool,
    /// Where the call may go; None: wherever its URL says, without following redirects.
    pub egress: Option<Arc<Egress>>,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(60),
            progress_timeout: Duration::from_secs(120),
            attempt_timeout: Duration::from_secs(600),
            max_attempts: 3,
            backoff_base: Duration::from_millis(500),
            backoff_cap: Duration::from_secs(30),
            max_retry_after: Duration::from_secs(120),
            max_body: 32 << 20,
            max_frame: 4 << 20,
            max_stream: 64 << 20,
            restart_streams: false,
            egress: None,
        }
    }
}

impl Policy {
    /// The defaults of a call that `egress` guards: a smaller body, as nobody knows who answers.
    pub fn guarded(egress: Arc<Egress>) -> Policy {
        Policy { max_body: GUARDED_BODY, max_stream: GUARDED_BODY, egress: Some(egress), ..Policy::default() }
    }

    /// Sets one value by its name; seconds, bytes or a count.
    pub fn set(&mut self, key: &str, value: f64) -> Result<(), Error> {
        match key {
            "connect_timeout" => self.connect_timeout = seconds("policy.connect_timeout", value)?,
            "first_byte_timeout" => self.first_byte_timeout = seconds("policy.first_byte_timeout", value)?,
            "idle_timeout" => self.idle_timeout = seconds("policy.idle_timeout", value)?,
            "progress_timeout" => self.progress_timeout = seconds("policy.progress_timeout", value)?,
            "attempt_timeout" => self.attempt_timeout = seconds("policy.attempt_timeout", value)?,
            "max_attempts" => self.max_attempts = count("policy.max_attempts", value)?,
            "backoff_base" => self.backoff_base = seconds("policy.backoff_base", value)?,
            "backoff_cap" => self.backoff_cap = seconds("policy.backoff_cap", value)?,
            "max_retry_after" => self.max_retry_after = seconds("policy.max_retry_after", value)?,
            "max_body" => self.max_body = self.body_limit("policy.max_body", value)?,
            "max_frame" => self.max_frame = count("policy.max_frame", value)? as usize,
            "max_stream" => self.max_stream = self.body_limit("policy.max_stream", value)?,
            "restart_streams" => self.restart_streams = flag("policy.restart_streams", value)?,
            other => return Err(unknown("policy", "setting", other, POLICY_KEYS)),
        }
        Ok(())
    }

    fn body_limit(&self, field: &'static str, value: f64) -> Result<usize, Error> {
        let limit = count(field, value)? as usize;
        if self.egress.is_some() && limit > MAX_GUARDED_BODY {
            return Err(Error::validation(
                field,
                format!("must be at most {MAX_GUARDED_BODY} bytes for a guarded call, not {limit}"),
            ));
        }
        Ok(limit)
    }
}
