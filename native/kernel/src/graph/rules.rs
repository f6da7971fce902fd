//! What a node asks beyond the defaults.

use std::str::FromStr;
use std::time::Duration;

use super::error::GraphError;

/// When a node with incoming edges runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JoinRule {
    /// Once every edge is resolved: if each required port has a live one and none brings a failure.
    #[default]
    All,
    /// As soon as so many edges are live. It fails as soon as that cannot be reached any more.
    Quorum(u32),
    /// Once every edge is resolved, if one is live and at most so many bring a failure.
    Tolerate(u32),
    /// Once every edge is resolved, whatever they bring.
    AllSettled,
}

impl JoinRule {
    /// The rule called `name`; `count` is the k of a quorum and the n of `tolerate`.
    pub fn named(name: &str, count: Option<u32>) -> Result<JoinRule, GraphError> {
        match name {
            "all" => Ok(JoinRule::All),
            "first" => Ok(JoinRule::Quorum(1)),
            "quorum" => Ok(JoinRule::Quorum(count.unwrap_or(1))),
            "tolerate" => Ok(JoinRule::Tolerate(count.unwrap_or(0))),
            "all_settled" => Ok(JoinRule::AllSettled),
            other => Err(GraphError::unknown(
                "join",
                "\"all\", \"first\", \"quorum\", \"tolerate\" or \"all_settled\"",
                other,
            )),
        }
    }

    /// Whether a failure above may be of no consequence below this join.
    pub fn is_tolerant(self) -> bool {
        self != JoinRule::All
    }
}

/// What becomes of branches that a join needs no more. The later one wins where several joins disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rest {
    /// They are cancelled at once.
    #[default]
    Cancel,
    /// They go on, and are cancelled when nothing else is left in their frame.
    Ignore,
    /// They go on, and the frame waits for them.
    Drain,
}

impl FromStr for Rest {
    type Err = GraphError;

    fn from_str(name: &str) -> Result<Self, GraphError> {
        match name {
            "cancel" => Ok(Rest::Cancel),
            "ignore" => Ok(Rest::Ignore),
            "drain" => Ok(Rest::Drain),
            other => Err(GraphError::unknown("rest", "\"cancel\", \"ignore\" or \"drain\"", other)),
        }
    }
}

/// What the final failure of a node means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// Its frame fails, unless every path below meets a tolerant join.
    #[default]
    Fail,
    /// Its error edges go live instead of the others.
    Route,
    /// The host puts a value in its place; the node counts as succeeded, degraded.
    Value,
    /// What depends on it is skipped.
    Skip,
    /// The body of another node of the scope takes over.
    Fallback(usize),
}

impl OnFailure {
    /// The treatment called `name`; `fallback` is the node that takes over.
    pub fn named(name: &str, fallback: Option<usize>) -> Result<OnFailure, GraphError> {
        match (name, fallback) {
            ("fail", _) => Ok(OnFailure::Fail),
            ("route", _) => Ok(OnFailure::Route),
            ("value", _) => Ok(OnFailure::Value),
            ("skip", _) => Ok(OnFailure::Skip),
            ("fallback", Some(node)) => Ok(OnFailure::Fallback(node)),
            ("fallback", None) => Err(GraphError::unknown("fallback", "the index of a node", "None")),
            (other, _) => Err(GraphError::unknown(
                "on_error",
                "\"fail\", \"route\", \"value\", \"skip\" or \"fallback\"",
                other,
            )),
        }
    }
}

/// Waits between attempts: uniform in `[0, min(cap, base * factor ^ (attempt - 1))]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// Seconds after the first attempt.
    pub base: f64,
    /// By how much each further wait is longer.
    pub factor: f64,
    /// Longest wait in seconds.
    pub cap: f64,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff { base: 0.5, factor: 2.0, cap: 30.0 }
    }
}

/// How the frames of a container are named in paths and events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// `each[17]`, from 0.
    #[default]
    Map,
    /// `improve#3`, from 1.
    Loop,
    /// `sub`.
    Subworkflow,
}

impl FromStr for Style {
    type Err = GraphError;

    fn from_str(name: &str) -> Result<Self, GraphError> {
        match name {
            "map" => Ok(Style::Map),
            "loop" => Ok(Style::Loop),
            "subworkflow" => Ok(Style::Subworkflow),
            other => Err(GraphError::unknown("style", "\"map\", \"loop\" or \"subworkflow\"", other)),
        }
    }
}

/// What a node asks; seconds where times are meant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// The kernel runs the node by itself: it waits so long and passes on what it got.
    pub delay: Option<f64>,
    /// The kernel runs the node by itself: it succeeds at once.
    pub pass_on: bool,
    /// When it runs.
    pub join: JoinRule,
    /// What becomes of branches its join needs no more.
    pub rest: Rest,
    /// Ports that need no live edge.
    pub optional_ports: Vec<String>,
    /// What its failure means.
    pub on_failure: OnFailure,
    /// Number of attempts, the first included, at least 1; None: 1.
    pub max_attempts: Option<u32>,
    /// Waits between attempts.
    pub backoff: Backoff,
    /// Longest time of an attempt; for a container with all its frames.
    pub timeout: Option<f64>,
    /// Longest time from the first start over all attempts and waits.
    pub deadline: Option<f64>,
    /// Higher starts first.
    pub priority: i64,
    /// Name of the admission limit that it shares with others.
    pub resource: Option<String>,
    /// Whether the host undoes it when its frame fails or is cancelled.
    pub compensate: bool,
    /// The scope that is this container's body.
    pub body: Option<usize>,
    /// How its frames are named.
    pub style: Style,
    /// Frames open at once; None: no limit of its own.
    pub max_concurrency: Option<usize>,
    /// Whether a frame that failed leaves its siblings alone.
    pub keep_going: bool,
}

impl Rules {
    /// Whether the kernel runs it without the host, and so without a permit.
    pub fn is_kernel_operation(&self) -> bool {
        self.pass_on || self.delay.is_some()
    }

    /// How long a delay node waits.
    pub(super) fn delay(&self) -> Option<Duration> {
        self.delay.map(seconds)
    }

    /// Attempts that may be made.
    pub(super) fn attempts(&self) -> u32 {
        self.max_attempts.unwrap_or(1)
    }
}

/// A time that was checked with the plan; what is too long for a timer lasts for ever.
pub(super) fn seconds(secs: f64) -> Duration {
    Duration::try_from_secs_f64(secs).unwrap_or(Duration::MAX)
}
