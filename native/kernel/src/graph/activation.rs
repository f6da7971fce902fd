//! Names of what runs: activations, stages of their bodies, and what the host is told about them.

use super::state::{DeadReason, State};
use crate::clock::Time;

/// Bits of an activation's number that hold the node.
const NODE_BITS: u32 = 24;

/// Nodes a scope may have.
pub const MAX_NODES: usize = 1 << NODE_BITS;

/// One execution of a node within a frame: `frame << 24 | node`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Activation(pub u64);

impl Activation {
    /// The activation of `node` in `frame`.
    pub fn new(frame: u64, node: usize) -> Self {
        Activation(frame << NODE_BITS | node as u64)
    }

    /// Number of its frame.
    pub fn frame(self) -> u64 {
        self.0 >> NODE_BITS
    }

    /// Index of its node in the scope of the frame.
    pub fn node(self) -> usize {
        (self.0 & (MAX_NODES as u64 - 1)) as usize
    }
}

/// What the host is to do for an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Run the body.
    Run,
    /// Say what else the container opens: its list is not complete.
    Feed,
    /// Every frame the container opened has ended: say what comes of it.
    Resume,
    /// Undo what the body did.
    Compensate,
}

impl Stage {
    /// The name as users see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Run => "run",
            Stage::Feed => "feed",
            Stage::Resume => "resume",
            Stage::Compensate => "compensate",
        }
    }
}

/// Something for the host to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// For which activation.
    pub activation: Activation,
    /// Node whose body runs; another one than the activation's when a fallback took over.
    pub body: usize,
    /// What to do.
    pub stage: Stage,
    /// Attempt of that body, from 1.
    pub attempt: u32,
}

/// Why an activation is to be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// Its frame was stopped, or nobody needs it any more.
    Stopped,
    /// The time of the attempt is over.
    Timeout,
    /// The time of all attempts is over.
    Deadline,
}

impl Ask {
    /// The name as users see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Ask::Stopped => "stopped",
            Ask::Timeout => "timeout",
            Ask::Deadline => "deadline",
        }
    }
}

/// What became of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Handled {
    /// Nobody handles it: the frame fails.
    Failed,
    /// A tolerant join below takes it, or nobody needs the branch any more.
    Absorbed,
    /// Another attempt follows.
    Retrying,
    /// The body of another node takes over.
    Fallback,
    /// The host puts a value in its place.
    Value,
    /// The error edges went live.
    Route,
    /// What depends on it is skipped.
    Skip,
}

impl Handled {
    /// The name as users see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Handled::Failed => "failed",
            Handled::Absorbed => "absorbed",
            Handled::Retrying => "retrying",
            Handled::Fallback => "fallback",
            Handled::Value => "value",
            Handled::Route => "route",
            Handled::Skip => "skip",
        }
    }
}

/// What became of one failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// What failed.
    pub activation: Activation,
    /// What follows.
    pub handled: Handled,
    /// The error, where the kernel made it: an impossible choice, an unreachable join, a deadline.
    pub text: Option<String>,
}

/// Where an activation stands, and since when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActivationReport {
    /// Its state.
    pub state: State,
    /// When its body was handed out first or its delay began.
    pub started: Option<Time>,
    /// When it settled.
    pub settled: Option<Time>,
    /// Attempts of its own body.
    pub attempts: u32,
}

impl ActivationReport {
    /// Why it was skipped, if it was.
    pub fn skip_reason(&self) -> Option<DeadReason> {
        match self.state {
            State::Skipped(reason) => Some(reason),
            _ => None,
        }
    }
}
