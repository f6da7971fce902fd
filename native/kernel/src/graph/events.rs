//! What happened in a run, in order, without gaps.

use std::sync::Arc;
use std::time::Duration;

use super::activation::{Activation, Handled};
use super::state::{DeadReason, Outcome};
use crate::clock::Time;

/// One thing that happened; to which activation is said by [`Event`].
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The run began.
    RunStarted,
    /// The run ended; the text is the reason given to `cancel`, if that ended it.
    RunEnded(Outcome, Option<String>),
    /// A join said yes, or the next attempt may begin.
    NodeReady,
    /// A body was handed out, or a delay began. The node is the one whose body runs instead.
    NodeStarted(Option<usize>),
    /// An attempt failed and another follows.
    NodeRetrying {
        /// Number of the next attempt.
        attempt: u32,
        /// Time until then.
        delay: Duration,
        /// What failed.
        error: String,
        /// The node whose body takes over, if it is not one more attempt of the same.
        fallback: Option<usize>,
    },
    /// An activation produced its output.
    NodeSucceeded,
    /// It has an output although something failed: its own body (with the error), or inside.
    NodeDegraded(Option<(String, Handled)>),
    /// An activation failed for good, with the text of its error, and who handles it.
    NodeFailed(String, Handled),
    /// A join said no.
    NodeSkipped(DeadReason),
    /// An activation was stopped or not admitted.
    NodeCancelled,
    /// An activation is being undone.
    NodeCompensating,
    /// It was undone, or that failed.
    NodeCompensated(Option<String>),
    /// An edge (by index in the scope) carries a value.
    EdgeLive(usize),
    /// An edge carries nothing.
    EdgeDead(usize, DeadReason),
    /// A map has its first items; more may come.
    MapStarted(u64, bool),
    /// An item of a map has ended.
    MapItem(u64, Outcome),
    /// So many items of a map have ended, and that is all.
    MapCompleted(u64),
    /// A loop begins an iteration, from 1.
    LoopIteration(u64),
    /// A delay will be over after this time.
    TimerStarted(Duration),
    /// A delay is over.
    TimerFired,
}

impl What {
    /// The name as users see it.
    pub fn name(&self) -> &'static str {
        match self {
            What::RunStarted => "run.started",
            What::RunEnded(Outcome::Succeeded | Outcome::SucceededDegraded, _) => "run.succeeded",
            What::RunEnded(Outcome::Failed, _) => "run.failed",
            What::RunEnded(Outcome::Cancelled, _) => "run.cancelled",
            What::NodeReady => "node.ready",
            What::NodeStarted(_) => "node.started",
            What::NodeRetrying { .. } => "node.retrying",
            What::NodeSucceeded => "node.succeeded",
            What::NodeDegraded(_) => "node.degraded",
            What::NodeFailed(..) => "node.failed",
            What::NodeSkipped(_) => "node.skipped",
            What::NodeCancelled => "node.cancelled",
            What::NodeCompensating => "node.compensating",
            What::NodeCompensated(_) => "node.compensated",
            What::EdgeLive(_) => "edge.live",
            What::EdgeDead(..) => "edge.dead",
            What::MapStarted(..) => "map.started",
            What::MapItem(..) => "map.item",
            What::MapCompleted(_) => "map.completed",
            What::LoopIteration(_) => "loop.iteration",
            What::TimerStarted(_) => "timer.started",
            What::TimerFired => "timer.fired",
        }
    }
}

/// To what something happened. For an edge: the activation it leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// The activation.
    pub activation: Activation,
    /// The scope of its frame.
    pub scope: usize,
    /// The path of its frame.
    pub frame_path: Arc<str>,
    /// Attempt of the body that runs; 0 before the first.
    pub attempt: u32,
}

/// An entry of a run's log.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Position in the run's stream, from 0, without gaps.
    pub seq: u64,
    /// The `now` of the call in which it happened.
    pub at: Time,
    /// To what it happened; None for the run itself.
    pub subject: Option<Subject>,
    /// What happened.
    pub what: What,
}

/// Numbers events and keeps them until they are read, if anybody will.
#[derive(Debug)]
pub(super) struct EventLog {
    pub on: bool,
    next: u64,
    unread: Vec<Event>,
}

impl EventLog {
    pub fn new(on: bool) -> EventLog {
        EventLog { on, next: 0, unread: Vec::new() }
    }

    pub fn push(&mut self, at: Time, subject: Option<Subject>, what: What) {
        let seq = self.take_seq();
        self.unread.push(Event { seq, at, subject, what });
    }

    pub fn take_seq(&mut self) -> u64 {
        let seq = self.next;
        self.next += 1;
        seq
    }

    pub fn drain(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.unread)
    }
}
