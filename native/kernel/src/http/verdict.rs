//! What the host thinks of a reply.

use crate::error::Error;
use crate::resilience::Outcome;

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

    pub(super) fn outcome(self) -> Outcome {
        match self {
            Kind::RateLimited | Kind::Rejected => Outcome::Neutral,
            Kind::Unavailable | Kind::Malformed => Outcome::Failure,
        }
    }

    /// Tokens that such a reply cost; None if nobody knows.
    pub(super) fn tokens_used(self) -> Option<u64> {
        match self {
            Kind::RateLimited | Kind::Rejected => Some(0),
            Kind::Unavailable | Kind::Malformed => None,
        }
    }
}
