//! The engine against real sockets on the loopback, and its policies on a paused clock.

// In a test a panic is the report.
#![allow(clippy::unwrap_used)]

mod addresses;
mod battery;
mod cancel;
mod chaos;
mod egress;
mod limits;
mod notices;
mod plain;
mod policy;
mod quota;
mod redirect;
mod rehearsal;
mod retry;
mod rig;
mod script;
mod server;
mod settings;
mod stream;
mod timeouts;
mod tls;
