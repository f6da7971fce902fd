//! When a node with incoming edges runs: its edges, counted.

use super::rules::JoinRule;
use super::state::{DeadReason, EdgeState};

/// What a join decides, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The node runs on the outputs of its live edges.
    Run,
    /// It is skipped.
    Skip(DeadReason),
    /// What it asks for cannot be had any more.
    Fail(String),
}

/// The incoming edges of one activation, counted.
#[derive(Clone, Copy, Debug)]
pub struct Join {
    edges: u32,
    unresolved: u32,
    live: u32,
    failed: u32,
    dead: Option<DeadReason>,
    /// Further edges change nothing: it has decided, or its activation has settled without it.
    pub decided: bool,
}

impl Join {
    /// A join of `edges` edges.
    pub fn new(edges: usize) -> Self {
        let edges = u32::try_from(edges).unwrap_or(u32::MAX);
        Join { edges, unresolved: edges, live: 0, failed: 0, dead: None, decided: false }
    }

    /// The gravest reason among the dead edges.
    pub fn dead(&self) -> Option<DeadReason> {
        self.dead
    }

    /// Counts one edge; the one that decides brings the verdict. For a node whose rule is
    /// [`JoinRule::All`] it is only about failures and edges as a whole; ports are not looked at.
    pub fn resolve(&mut self, rule: JoinRule, edge: EdgeState) -> Option<Verdict> {
        self.unresolved -= 1;
        match edge {
            EdgeState::Dead(reason) => {
                self.failed += u32::from(reason.is_failure());
                self.dead = Some(self.dead.map_or(reason, |known| graver(known, reason)));
            }
            _ => self.live += 1,
        }
        if self.decided {
            return None;
        }
        let verdict = self.verdict(rule);
        self.decided = verdict.is_some();
        verdict
    }

    fn verdict(&self, rule: JoinRule) -> Option<Verdict> {
        let all = self.unresolved == 0;
        let reason = self.dead.unwrap_or(DeadReason::NotChosen);
        match rule {
            JoinRule::All if !all => None,
            JoinRule::All if self.failed > 0 || self.live == 0 => Some(Verdict::Skip(reason)),
            JoinRule::All => Some(Verdict::Run),
            JoinRule::AllSettled => all.then_some(Verdict::Run),
            JoinRule::Quorum(count) if self.live >= count => Some(Verdict::Run),
            JoinRule::Quorum(count) if self.live + self.unresolved >= count => None,
            JoinRule::Quorum(count) if self.failed > 0 => Some(Verdict::Fail(self.unreachable(count))),
            // By choices alone; the edges that are open may still bring a failure.
            JoinRule::Quorum(_) => all.then_some(Verdict::Skip(reason)),
            JoinRule::Tolerate(count) if self.failed > count => {
                Some(Verdict::Fail(format!("tolerates {count} failed branches, but {} failed", self.failed)))
            }
            JoinRule::Tolerate(_) if !all => None,
            JoinRule::Tolerate(_) if self.live == 0 => Some(Verdict::Skip(reason)),
            JoinRule::Tolerate(_) => Some(Verdict::Run),
        }
    }

    fn unreachable(&self, count: u32) -> String {
        let (possible, edges, failed) = (self.live + self.unresolved, self.edges, self.failed);
        format!("needs {count} of {edges} branches, but only {possible} can still arrive ({failed} failed)")
    }
}

/// The reason that is told when edges are dead for several, whatever the order they died in.
pub(super) fn graver(one: DeadReason, other: DeadReason) -> DeadReason {
    let weight = |reason| match reason {
        DeadReason::UpstreamFailed => 3,
        DeadReason::Cancelled => 2,
        DeadReason::NotChosen => 1,
        DeadReason::UpstreamSkipped => 0,
    };
    if weight(other) > weight(one) { other } else { one }
}
