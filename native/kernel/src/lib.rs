//! The GraphBit kernel. It decides which step of a workflow may run next, does the network I/O and
//! the heavy text work, and knows nothing about any provider, nor about Python.
//!
//! Two rules hold everywhere: policies take `now` as an argument, and nothing here calls back into
//! the host; it leaves completions in a [`mailbox`] that the host drains.

pub mod clock;
pub mod error;
pub mod framing;
pub mod graph;
pub mod http;
pub mod log;
pub mod mailbox;
pub mod memory;
mod nearest;
pub mod pattern;
pub mod resilience;
pub mod runtime;
pub mod schema;
pub mod text;
