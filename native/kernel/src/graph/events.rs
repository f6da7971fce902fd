//! What happened in a run, in order, without gaps.

use super::run::Activation;
use super::state::{DeadReason, Outcome};
use crate::clock::Time;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The run began.
    RunStarted,
    /// The run ended; the text is the reason given to `cancel`, if that ended it.
    RunEnded(Outcome, Option<String>),
    /// A join said yes.
    NodeReady(Activation),
    /// A body was handed out, or a delay began.
    NodeStarted(Activation),
    /// An activation produced its output.
    NodeSucceeded(Activation),
    /// An activation failed, with the text of its error.
    NodeFailed(Activation, String),
    /// A join said no.
    NodeSkipped(Activation, DeadReason),
    /// An activation was stopped or not admitted.
    NodeCancelled(Activation),
    /// An edge (by index in the plan) carries a value.
    EdgeLive(usize),
    /// An edge carries nothing.
    EdgeDead(usize, DeadReason),
    /// A delay will be over at this time.
    TimerStarted(Activation, Time),
    /// A delay is over.
    TimerFired(Activation),
}

impl What {
    /// The name as users see it.
    pub fn name(&self) -> &'static str {
        match self {
            What::RunStarted => "run.started",
            What::RunEnded(Outcome::Succeeded, _) => "run.succeeded",
            What::RunEnded(Outcome::Failed, _) => "run.failed",
            What::RunEnded(Outcome::Cancelled, _) => "run.cancelled",
            What::NodeReady(_) => "node.ready",
            What::NodeStarted(_) => "node.started",
            What::NodeSucceeded(_) => "node.succeeded",
            What::NodeFailed(..) => "node.failed",
            What::NodeSkipped(..) => "node.skipped",
            What::NodeCancelled(_) => "node.cancelled",
            What::EdgeLive(_) => "edge.live",
            What::EdgeDead(..) => "edge.dead",
            What::TimerStarted(..) => "timer.started",
            What::TimerFired(_) => "timer.fired",
        }
    }
}

/// An entry of a run's log.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Position in the run's stream, from 0, without gaps.
    pub seq: u64,
    /// The `now` of the call in which it happened.
    pub at: Time,
    /// What happened.
    pub what: What,
}

/// Numbers events and keeps them until they are read.
#[derive(Debug, Default)]
pub(super) struct EventLog {
    next: u64,
    unread: Vec<Event>,
}

impl EventLog {
    pub fn push(&mut self, at: Time, what: What) {
        let seq = self.take_seq();
        self.unread.push(Event { seq, at, what });
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
