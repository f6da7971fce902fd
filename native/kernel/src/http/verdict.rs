//! What the host thinks of a reply.

use super::gate::Ending;
use crate::error::Error;
use crate::resilience::{Load, Outcome};

/// The ways in which a reply is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 429: the resource is well, but wants to be asked less.
    RateLimited,
    /// 5xx, 408, or an error inside a stream.
    Unavailable,
    /// A 2xx that is not what its API promises.
    Malformed,
    /// Any other 4xx: says nothing about the resource's health.
    Rejected,
}

impl Kind {
    /// The kind that the host calls `name`.
    pub fn parse(name: &str) -> Result<Kind, Error> {
        match name {
            "rate_limited" => Ok(Kind::RateLimited),
            "unavailable" => Ok(Kind::Unavailable),
            "malformed" => Ok(Kind::Malformed),
            "rejected" => Ok(Kind::Rejected),
            other => Err(Error::validation(
                "kind",
                format!("must be rate_limited, unavailable, malformed or rejected, not {other:?}"),
            )),
        }
    }

    /// What such a reply means for what the attempt holds. It cost nothing if the server did no work.
    pub(super) fn ending(self) -> Ending {
        let (outcome, load, used) = match self {
            Kind::RateLimited => (Outcome::Neutral, Load::Heavy, Some(0)),
            Kind::Unavailable => (Outcome::Failure, Load::Heavy, None),
            Kind::Malformed => (Outcome::Failure, Load::Unknown, None),
            Kind::Rejected => (Outcome::Neutral, Load::Unknown, Some(0)),
        };
        Ending { outcome, load, used }
    }
}
