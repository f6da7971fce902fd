//! One run of a plan: what is ready, what runs, what waits, and how it ended.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::admission::Admission;
use super::error::GraphError;
use super::events::{Event, EventLog, What};
use super::join::Join;
use super::plan::Plan;
use super::state::{DeadReason, EdgeState, OnError, Outcome, State};
use crate::clock::Time;

/// One execution of a node within a run. While a run has one scope its number is that of its node;
/// [`Run::node_of`] and [`Run::activation_of`] are the only places that know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Activation(pub usize);

/// How many bodies may run at once.
#[derive(Clone, Debug)]
pub struct Limits {
    /// In the whole run; at least 1.
    pub run: usize,
    /// Per node type, each at least 1; a type that is not named has no limit of its own.
    pub kinds: HashMap<String, usize>,
}

/// Where an activation stands, and since when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActivationReport {
    /// Its state.
    pub state: State,
    /// When its body was handed out or its delay began.
    pub started: Option<Time>,
    /// When it settled.
    pub settled: Option<Time>,
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

#[derive(Debug)]
pub(super) struct Slot {
    pub report: ActivationReport,
    pub join: Join,
}

/// The state machine of one run. Every method that lets time pass takes `now`.
#[derive(Debug)]
pub struct Run {
    pub(super) plan: Arc<Plan>,
    pub(super) on_error: OnError,
    pub(super) slots: Vec<Slot>,
    pub(super) edges: Vec<EdgeState>,
    pub(super) admission: Admission,
    /// Delay nodes that are ready; they need no permit.
    pub(super) delays: VecDeque<Activation>,
    pub(super) timers: BinaryHeap<Reverse<(Time, Activation)>>,
    pub(super) log: EventLog,
    pub(super) unsettled: usize,
    /// Settled without a body; their out-edges are resolved next, one hop at a time.
    pub(super) hops: VecDeque<Activation>,
    /// Set when nothing new may start.
    pub(super) stopped: bool,
    /// The first failure or cancellation decides how the run ends.
    pub(super) ending: Outcome,
    pub(super) cancel_reason: Option<String>,
    pub(super) to_cancel: Vec<Activation>,
    started: bool,
    ended: bool,
}

impl Run {
    /// A run that has not started.
    pub fn new(plan: Arc<Plan>, limits: &Limits, on_error: OnError) -> Result<Run, GraphError> {
        check_limits(limits)?;
        let kind_limits =
            plan.kinds().iter().map(|kind| limits.kinds.get(kind).copied().unwrap_or(usize::MAX));
        let admission = Admission::new(limits.run, kind_limits);
        let report = ActivationReport { state: State::Pending, started: None, settled: None };
        let slots = (0..plan.len()).map(|node| Slot { report, join: Join::new(plan.in_edges(node).len()) });
        Ok(Run {
            slots: slots.collect(),
            edges: vec![EdgeState::Unresolved; plan.edge_count()],
            unsettled: plan.len(),
            plan,
            on_error,
            admission,
            delays: VecDeque::new(),
            timers: BinaryHeap::new(),
            log: EventLog::default(),
            hops: VecDeque::new(),
            stopped: false,
            ending: Outcome::Succeeded,
            cancel_reason: None,
            to_cancel: Vec::new(),
            started: false,
            ended: false,
        })
    }

    /// Makes the first nodes ready. Starting twice changes nothing.
    pub fn start(&mut self, now: Time) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        self.log.push(now, What::RunStarted);
        for node in 0..self.plan.len() {
            if self.plan.in_edges(node).is_empty() {
                self.make_ready(self.activation_of(node), now);
            }
        }
        self.end_if_done(now);
    }

    /// Activations whose body starts now, in order of admission. Due delays settle, and those that
    /// are ready begin.
    pub fn take(&mut self, now: Time) -> Vec<Activation> {
        loop {
            self.begin_delays(now);
            self.fire_timers(now);
            if self.delays.is_empty() {
                break;
            }
        }
        let mut taken = Vec::new();
        while let Some(activation) = self.admission.pop() {
            self.begin(activation, State::Running, now);
            taken.push(activation);
        }
        taken
    }

    /// Stops admission and cancels what is ready or waits for a timer; what depends on it is skipped.
    /// Returns what still runs. The first reason is kept; a run that ended stays as it is.
    pub fn cancel(&mut self, reason: &str, now: Time) -> Vec<Activation> {
        self.start(now);
        if self.ended {
            return Vec::new();
        }
        if self.ending == Outcome::Succeeded {
            self.ending = Outcome::Cancelled;
            self.cancel_reason = Some(reason.to_owned());
        }
        self.stop(now);
        self.cancel_timers(now);
        self.follow_hops(now);
        self.to_cancel.clear();
        self.running()
    }

    /// Running activations that a failure under fail_fast asks to cancel; each is told once.
    pub fn take_to_cancel(&mut self) -> Vec<Activation> {
        let mut asked = std::mem::take(&mut self.to_cancel);
        asked.retain(|&activation| self.state(activation) == State::Running);
        asked
    }

    /// When `take` should be called again although nothing settled.
    pub fn next_timer(&self) -> Option<Time> {
        self.timers.peek().map(|Reverse((due, _))| *due)
    }

    /// How the run ended; None while anything is unsettled.
    pub fn status(&self) -> Option<Outcome> {
        self.ended.then_some(self.ending)
    }

    /// Nodes whose edge to `node` is live, in edge order, each once.
    pub fn live_parents(&self, node: usize) -> Result<Vec<usize>, GraphError> {
        self.check_node(node)?;
        let live = self.plan.in_edges(node).iter().filter(|&&edge| self.edges[edge] == EdgeState::Live);
        let mut parents: Vec<usize> = live.map(|&edge| self.plan.edge(edge).from).collect();
        if parents.len() > 1 {
            let mut seen = HashSet::with_capacity(parents.len());
            parents.retain(|&parent| seen.insert(parent));
        }
        Ok(parents)
    }

    /// The state of one node.
    pub fn state_of(&self, node: usize) -> Result<State, GraphError> {
        self.check_node(node)?;
        Ok(self.state(self.activation_of(node)))
    }

    fn check_node(&self, index: usize) -> Result<(), GraphError> {
        let count = self.plan.len();
        if index < count { Ok(()) } else { Err(GraphError::UnknownNode { index, count }) }
    }

    /// Where each node stands, in order of declaration.
    pub fn reports(&self) -> impl ExactSizeIterator<Item = ActivationReport> + '_ {
        (0..self.plan.len()).map(|node| self.slots[self.activation_of(node).0].report)
    }

    /// The events since the last call.
    pub fn events(&mut self) -> Vec<Event> {
        self.log.drain()
    }

    /// Reserves the next event number for an event of the host.
    pub fn take_seq(&mut self) -> u64 {
        self.log.take_seq()
    }

    /// The plan of this run.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The node that an activation executes.
    pub fn node_of(&self, activation: Activation) -> usize {
        activation.0
    }

    /// The activation of a node.
    pub fn activation_of(&self, node: usize) -> Activation {
        Activation(node)
    }

    pub(super) fn state(&self, activation: Activation) -> State {
        self.slots[activation.0].report.state
    }

    pub(super) fn running(&self) -> Vec<Activation> {
        (0..self.slots.len()).map(Activation).filter(|&one| self.state(one) == State::Running).collect()
    }

    pub(super) fn make_ready(&mut self, activation: Activation, now: Time) {
        self.slots[activation.0].report.state = State::Ready;
        self.log.push(now, What::NodeReady(activation));
        let node = self.node_of(activation);
        if self.plan.delay(node).is_some() {
            self.delays.push_back(activation);
        } else {
            self.admission.push(self.plan.rank(node), activation, self.plan.kind_of(node));
        }
    }

    pub(super) fn end_if_done(&mut self, now: Time) {
        if self.unsettled == 0 && !self.ended {
            self.ended = true;
            let reason = self.cancel_reason.take();
            self.log.push(now, What::RunEnded(self.ending, reason));
        }
    }

    fn begin(&mut self, activation: Activation, state: State, now: Time) {
        let report = &mut self.slots[activation.0].report;
        report.state = state;
        report.started = Some(now);
        self.log.push(now, What::NodeStarted(activation));
    }

    fn begin_delays(&mut self, now: Time) {
        while let Some(activation) = self.delays.pop_front() {
            let due = now + self.plan.delay(self.node_of(activation)).unwrap_or_default();
            self.begin(activation, State::Waiting, now);
            self.timers.push(Reverse((due, activation)));
            self.log.push(now, What::TimerStarted(activation, due));
        }
    }

    fn fire_timers(&mut self, now: Time) {
        while self.next_timer().is_some_and(|due| due <= now) {
            let Some(Reverse((_, activation))) = self.timers.pop() else { return };
            self.log.push(now, What::TimerFired(activation));
            self.finish(activation, State::Succeeded, now);
            self.follow_hops(now);
        }
    }
}

fn check_limits(limits: &Limits) -> Result<(), GraphError> {
    if limits.run == 0 {
        return Err(GraphError::Limit { field: "max_concurrency", subject: "run".to_owned(), got: 0 });
    }
    match limits.kinds.iter().filter(|(_, limit)| **limit == 0).map(|(kind, _)| kind).min() {
        Some(kind) => Err(GraphError::Limit { field: "type_limits", subject: kind.clone(), got: 0 }),
        None => Ok(()),
    }
}
