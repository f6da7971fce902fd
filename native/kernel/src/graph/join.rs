//! When a node with several incoming edges runs: once all are resolved, if one is live and none
//! brings a failure or a cancellation.

use super::state::{DeadReason, EdgeState};

/// What a join decides when its last edge is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The node runs on the outputs of its live edges.
    Run,
    /// It is skipped.
    Skip(DeadReason),
}

/// The incoming edges of one activation, counted.
#[derive(Clone, Copy, Debug)]
pub struct Join {
    unresolved: usize,
    live: bool,
    dead: Option<DeadReason>,
}

impl Join {
    /// A join of `edges` edges.
    pub fn new(edges: usize) -> Self {
        Join { unresolved: edges, live: false, dead: None }
    }

    /// Counts one edge; the last one brings the verdict.
    pub fn resolve(&mut self, edge: EdgeState) -> Option<Verdict> {
        match edge {
            EdgeState::Unresolved => return None,
            EdgeState::Live => self.live = true,
            EdgeState::Dead(reason) => {
                self.dead = Some(self.dead.map_or(reason, |known| graver(known, reason)));
            }
        }
        self.unresolved -= 1;
        (self.unresolved == 0).then(|| self.verdict())
    }

    fn verdict(self) -> Verdict {
        match self.dead {
            Some(reason @ (DeadReason::UpstreamFailed | DeadReason::Cancelled)) => Verdict::Skip(reason),
            Some(reason) if !self.live => Verdict::Skip(reason),
            _ => Verdict::Run,
        }
    }
}

/// The reason that is told when edges are dead for several, whatever the order they died in.
fn graver(one: DeadReason, other: DeadReason) -> DeadReason {
    let weight = |reason| match reason {
        DeadReason::UpstreamFailed => 3,
        DeadReason::Cancelled => 2,
        DeadReason::NotChosen => 1,
        DeadReason::UpstreamSkipped => 0,
    };
    if weight(other) > weight(one) { other } else { one }
}
