//! The states of activations, edges and runs.

use std::str::FromStr;

use super::error::GraphError;
use super::plan::EdgeKind;

/// Why an edge carries nothing, and so why a node was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeadReason {
    /// The node it leaves chose other edges.
    NotChosen,
    /// The node it leaves was skipped because of a choice.
    UpstreamSkipped,
    /// A node above failed.
    UpstreamFailed,
    /// A node above was cancelled.
    Cancelled,
}

impl DeadReason {
    /// The name as users see it.
    pub fn as_str(self) -> &'static str {
        match self {
            DeadReason::NotChosen => "not_chosen",
            DeadReason::UpstreamSkipped => "upstream_skipped",
            DeadReason::UpstreamFailed => "upstream_failed",
            DeadReason::Cancelled => "cancelled",
        }
    }

    /// Whether something above went wrong, as opposed to a choice.
    pub fn is_failure(self) -> bool {
        matches!(self, DeadReason::UpstreamFailed | DeadReason::Cancelled)
    }

    /// The reason on the out-edges of a node that was skipped for `self`. Failure and cancellation
    /// keep their name: below them a join must not run on its other edges.
    pub(super) fn inherited(self) -> DeadReason {
        match self {
            DeadReason::NotChosen | DeadReason::UpstreamSkipped => DeadReason::UpstreamSkipped,
            other => other,
        }
    }
}

/// An edge is resolved once, when the node it leaves settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EdgeState {
    /// The node it leaves has not settled.
    Unresolved,
    /// It carries the output of the node it leaves.
    Live,
    /// As live, but it came when its join had decided already: the node runs without it.
    Late,
    /// It carries nothing.
    Dead(DeadReason),
}

impl EdgeState {
    /// The name as users see it.
    pub fn as_str(self) -> &'static str {
        match self {
            EdgeState::Unresolved => "unresolved",
            EdgeState::Live | EdgeState::Late => "live",
            EdgeState::Dead(reason) => reason.as_str(),
        }
    }
}

/// What an activation that settled makes of its out-edges, choices aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// It succeeded: data and control edges carry its output.
    Live,
    /// It failed, and its error edges carry the error.
    Routed,
    /// Nothing goes on from here.
    Dead(DeadReason),
}

impl Flow {
    /// What becomes of an edge.
    pub fn through(self, kind: EdgeKind) -> EdgeState {
        match (self, kind) {
            (Flow::Dead(reason), _) => EdgeState::Dead(reason),
            (Flow::Live, EdgeKind::Error) => EdgeState::Dead(DeadReason::NotChosen),
            (Flow::Live, _) | (Flow::Routed, EdgeKind::Error) => EdgeState::Live,
            (Flow::Routed, _) => EdgeState::Dead(DeadReason::NotChosen),
        }
    }
}

/// Where an activation stands; the last four are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// An incoming edge is unresolved.
    Pending,
    /// Its join said yes; it waits for a permit.
    Ready,
    /// The host runs its body.
    Running,
    /// Its timer runs, or its frames; it holds no permit.
    Waiting,
    /// It produced an output.
    Succeeded,
    /// It ended with an error.
    Failed,
    /// Its join said no.
    Skipped(DeadReason),
    /// It was stopped, or never admitted because the run was stopping.
    Cancelled,
}

impl State {
    /// The name as users see it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Ready => "ready",
            State::Running => "running",
            State::Waiting => "waiting",
            State::Succeeded => "succeeded",
            State::Failed => "failed",
            State::Skipped(_) => "skipped",
            State::Cancelled => "cancelled",
        }
    }

    /// Whether it is final.
    pub fn is_settled(self) -> bool {
        matches!(self, State::Succeeded | State::Failed | State::Skipped(_) | State::Cancelled)
    }
}

/// How a run or a frame ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Every activation succeeded or was skipped by choice.
    Succeeded,
    /// Something failed, and the workflow said what to do instead. Only runs end so.
    SucceededDegraded,
    /// An activation failed before the run was cancelled, if it was.
    Failed,
    /// The run, or an activation of it, was cancelled before anything failed.
    Cancelled,
}

impl Outcome {
    /// The name as users see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Succeeded => "succeeded",
            Outcome::SucceededDegraded => "succeeded_degraded",
            Outcome::Failed => "failed",
            Outcome::Cancelled => "cancelled",
        }
    }
}

/// What a failure that nobody handles does to the rest of its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnError {
    /// Nothing new starts, delays end, and the host is asked to cancel what runs.
    FailFast,
    /// Nothing new starts; bodies and delays that run may end.
    Drain,
    /// Only what depends on the failed node is skipped.
    Continue,
}

impl FromStr for OnError {
    type Err = GraphError;

    fn from_str(name: &str) -> Result<Self, GraphError> {
        match name {
            "fail_fast" => Ok(OnError::FailFast),
            "drain" => Ok(OnError::Drain),
            "continue" => Ok(OnError::Continue),
            other => Err(GraphError::UnknownOnError(other.to_owned())),
        }
    }
}
