//! The HTTP engine. A call is one task: queue › attempt › verdict of the host, until it is over.

mod attempt;
mod call;
mod client;
mod connect;
mod engine;
mod event;
mod policy;
mod request;
mod resource;
mod transport;
mod verdict;

pub use engine::Engine;
pub use event::{CallId, Event, Headers};
pub use policy::{Policy, set_limit};
pub use request::{CallSpec, Request, parse_framing};
pub use resource::Stats;
pub use transport::{Reply, Transport};
pub use verdict::Kind;
