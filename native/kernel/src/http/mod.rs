//! The HTTP engine. A call is one task: queue › attempt › verdict of the host, until it is over.

mod addresses;
mod attempt;
mod call;
mod client;
mod connect;
mod dates;
mod egress;
mod engine;
mod event;
mod gate;
mod lookup;
mod maker;
mod policy;
mod quota;
mod redirect;
mod request;
mod resource;
mod settings;
mod transport;
mod verdict;

pub use addresses::not_public;
pub use client::HttpClient;
pub use egress::{Egress, MAX_REDIRECTS};
pub use engine::Engine;
pub use event::{CallId, Event, Headers, Notice};
pub use gate::LimiterStats;
pub use lookup::{Lookup, SystemLookup};
pub use maker::RequestMaker;
pub use policy::{MAX_GUARDED_BODY, POLICY_KEYS, Policy};
pub use quota::{retry_after, used_up};
pub use request::{CallSpec, Request, parse_framing};
pub use resource::Stats;
pub use settings::{LIMIT_KEYS, PROTECTION_KEYS, Protection, set_limit};
pub use transport::{Reply, Transport};
pub use verdict::Kind;
