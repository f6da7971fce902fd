//! What the graph and its runs refuse to do.

use super::check::Finding;

/// A wrong graph, or a wrong argument to a run.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GraphError {
    /// The graph has structural faults, in order of node.
    #[error("the graph cannot run: {}", join(.0))]
    Invalid(Vec<Finding>),
    /// A limit below one would stop the run for ever.
    #[error("{field} must be at least 1, got {got} for {subject:?}")]
    Limit {
        /// The argument.
        field: &'static str,
        /// The node type, or `run` for the limit of the whole run.
        subject: String,
        /// The limit that was given.
        got: usize,
    },
    /// Not a way to treat failures.
    #[error("on_error must be fail_fast, drain or continue, got {0:?}")]
    UnknownOnError(String),
    /// Not a way to end an activation.
    #[error("an activation ends as succeeded, failed, cancelled or opened, got {0:?}")]
    UnknownOutcome(String),
    /// A word that a rule of a node does not have.
    #[error("{field} is {expected}, got {got:?}")]
    UnknownWord {
        /// The rule.
        field: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What was given.
        got: String,
    },
    /// A scope past the last one.
    #[error("there is no scope {index}; the plan has {count} scopes, counted from 0")]
    UnknownScope {
        /// The index that was given.
        index: usize,
        /// Number of scopes.
        count: usize,
    },
    /// A frame that was never opened, or was forgotten after it had been told as ended.
    #[error("there is no frame {0}; a frame is forgotten after ended_frames() has told of it")]
    UnknownFrame(u64),
    /// Frames of a node that has no body to open them of, or at a stage that opens none.
    #[error("node {id:?} cannot open frames at stage {stage:?}")]
    NotContainer {
        /// Id of the node.
        id: String,
        /// The stage it was handed out with.
        stage: &'static str,
    },
    /// An index past the last node.
    #[error("there is no node {index}; the scope has {count} nodes, counted from 0")]
    UnknownNode {
        /// The index that was given.
        index: usize,
        /// Number of nodes.
        count: usize,
    },
    /// A settlement of something that `take` has not handed out.
    #[error("node {id:?} has not started, so it cannot be settled; settle only what take() returned")]
    NotStarted {
        /// Id of the node.
        id: String,
    },
}

impl GraphError {
    /// Shorthand for [`GraphError::UnknownWord`].
    pub(super) fn unknown(field: &'static str, expected: &'static str, got: &str) -> GraphError {
        GraphError::UnknownWord { field, expected, got: got.to_owned() }
    }

    /// The argument at fault.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            GraphError::Invalid(_) => None,
            GraphError::Limit { field, .. } => Some(field),
            GraphError::UnknownOnError(_) => Some("on_error"),
            GraphError::UnknownOutcome(_)
            | GraphError::NotStarted { .. }
            | GraphError::NotContainer { .. } => Some("settlements"),
            GraphError::UnknownWord { field, .. } => Some(field),
            GraphError::UnknownScope { .. } => Some("scope"),
            GraphError::UnknownFrame(_) => Some("frame"),
            GraphError::UnknownNode { .. } => Some("node"),
        }
    }
}

fn join(findings: &[Finding]) -> String {
    findings.iter().map(Finding::message).collect::<Vec<_>>().join("; ")
}
