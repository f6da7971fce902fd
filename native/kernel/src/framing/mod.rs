//! Cuts a streamed body into frames, wherever the network cut it before.

mod ndjson;
mod sse;

use thiserror::Error;

pub use ndjson::NdjsonParser;
pub use sse::SseParser;

/// One event of a streamed body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Name of the event, empty where there is none.
    pub event: String,
    /// Its data.
    pub data: String,
}

/// The body cannot be read. The parser is of no use afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FramingError {
    /// Not UTF-8.
    #[error("the stream is not valid UTF-8")]
    InvalidUtf8,
    /// Larger than agreed, and not over yet.
    #[error("a frame of the stream is larger than {limit} bytes; raise `max_frame` if that is right")]
    TooLarge {
        /// The largest size allowed, in bytes.
        limit: usize,
    },
}

/// How a body is cut into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON text a line.
    Ndjson,
}

/// A parser for either framing.
#[derive(Debug)]
pub enum Framer {
    /// Server-sent events.
    Sse(SseParser),
    /// One JSON text a line.
    Ndjson(NdjsonParser),
}

impl Framer {
    /// A parser that refuses frames over `max_frame` bytes.
    pub fn new(framing: Framing, max_frame: usize) -> Framer {
        match framing {
            Framing::Sse => Framer::Sse(SseParser::new(max_frame)),
            Framing::Ndjson => Framer::Ndjson(NdjsonParser::new(max_frame)),
        }
    }

    /// Reads more of the body and appends the frames that are complete now.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Frame>) -> Result<(), FramingError> {
        match self {
            Framer::Sse(parser) => parser.push(bytes, out),
            Framer::Ndjson(parser) => parser.push(bytes, out),
        }
    }

    /// The body is over: appends the frame that only its end completes.
    pub fn finish(&mut self, out: &mut Vec<Frame>) -> Result<(), FramingError> {
        match self {
            Framer::Sse(parser) => parser.finish(out),
            Framer::Ndjson(parser) => parser.finish(out),
        }
    }

    /// Whether a frame has begun that is not complete; after the end it never will be.
    pub fn has_partial(&self) -> bool {
        match self {
            Framer::Sse(parser) => parser.has_partial(),
            Framer::Ndjson(parser) => parser.has_partial(),
        }
    }
}
