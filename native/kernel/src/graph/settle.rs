//! How an activation ends and what follows from it: cost O(out-degree), no barrier.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::error::GraphError;
use super::events::What;
use super::join::Verdict;
use super::plan::Plan;
use super::run::{Activation, Run};
use super::state::{DeadReason, EdgeState, OnError, Outcome, State};
use crate::clock::Time;

/// An error names this many possible choices at most.
const NAMED_CHOICES: usize = 20;

/// What the body of an activation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It produced an output. With names, only edges with such a label or target go live.
    Succeeded(Option<Vec<String>>),
    /// It failed, with the text of its error.
    Failed(String),
    /// It was stopped.
    Cancelled,
}

/// The end of one activation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// What ended.
    pub activation: Activation,
    /// How.
    pub settled: Settled,
}

impl Run {
    /// Ends activations, in the order given. One that has settled already is left as it is (an
    /// abandoned body that comes late). Returns those that failed because they chose an edge that
    /// does not exist, with the text of the error. If one is unknown or has not started, none is ended.
    pub fn settle(
        &mut self,
        settlements: Vec<Settlement>,
        now: Time,
    ) -> Result<Vec<(Activation, String)>, GraphError> {
        self.check_started(&settlements)?;
        let mut misled = Vec::new();
        for Settlement { activation, settled } in settlements {
            if self.state(activation) != State::Running {
                continue;
            }
            self.admission.release(self.plan.kind_of(self.node_of(activation)));
            match settled {
                Settled::Succeeded(None) => self.finish(activation, State::Succeeded, now),
                Settled::Succeeded(Some(chosen)) => misled.extend(self.choose(activation, &chosen, now)),
                Settled::Failed(error) => self.fail(activation, error, now),
                Settled::Cancelled => self.finish(activation, State::Cancelled, now),
            }
            self.follow_hops(now);
        }
        Ok(misled)
    }

    fn check_started(&self, settlements: &[Settlement]) -> Result<(), GraphError> {
        for Settlement { activation, .. } in settlements {
            let Some(slot) = self.slots.get(activation.0) else {
                return Err(GraphError::UnknownNode { index: activation.0, count: self.plan.len() });
            };
            if matches!(slot.report.state, State::Pending | State::Ready | State::Waiting) {
                let id = self.plan.node(self.node_of(*activation)).id.clone();
                return Err(GraphError::NotStarted { id });
            }
        }
        Ok(())
    }

    fn choose(
        &mut self,
        activation: Activation,
        chosen: &[String],
        now: Time,
    ) -> Option<(Activation, String)> {
        let plan = Arc::clone(&self.plan);
        let node = self.node_of(activation);
        match edges_chosen(&plan, node, chosen) {
            Ok(live) => {
                self.mark(activation, State::Succeeded, now);
                for (&edge, live) in plan.out_edges(node).iter().zip(live) {
                    let dead = EdgeState::Dead(DeadReason::NotChosen);
                    self.resolve(&plan, edge, if live { EdgeState::Live } else { dead }, now);
                }
                None
            }
            Err(error) => {
                self.fail(activation, error.clone(), now);
                Some((activation, error))
            }
        }
    }

    fn fail(&mut self, activation: Activation, error: String, now: Time) {
        self.log.push(now, What::NodeFailed(activation, error));
        if self.ending == Outcome::Succeeded {
            self.ending = Outcome::Failed;
        }
        let first = !self.stopped;
        self.finish(activation, State::Failed, now);
        if self.on_error != OnError::Continue {
            self.stop(now);
        }
        if self.on_error == OnError::FailFast && first {
            self.cancel_timers(now);
            self.to_cancel = self.running();
        }
    }

    /// Ends an activation and resolves its out-edges, all alike.
    pub(super) fn finish(&mut self, activation: Activation, state: State, now: Time) {
        self.mark(activation, state, now);
        self.resolve_out_edges(activation, now);
    }

    /// Resolves the out-edges of what settled without a body, until nothing more follows.
    pub(super) fn follow_hops(&mut self, now: Time) {
        while let Some(activation) = self.hops.pop_front() {
            self.resolve_out_edges(activation, now);
        }
        self.end_if_done(now);
    }

    /// Lets nothing new start: what is ready is cancelled.
    pub(super) fn stop(&mut self, now: Time) {
        self.stopped = true;
        let queued = self.admission.drain().into_iter().chain(std::mem::take(&mut self.delays));
        for activation in queued {
            self.end_without_body(activation, State::Cancelled, now);
        }
    }

    /// Cancels the delays that run.
    pub(super) fn cancel_timers(&mut self, now: Time) {
        let timers = std::mem::take(&mut self.timers);
        for (_, activation) in timers.into_sorted_vec().into_iter().rev().map(|Reverse(timer)| timer) {
            self.end_without_body(activation, State::Cancelled, now);
        }
    }

    fn mark(&mut self, activation: Activation, state: State, now: Time) {
        let report = &mut self.slots[activation.0].report;
        debug_assert!(report.settled.is_none(), "{activation:?} settled twice");
        report.state = state;
        report.settled = Some(now);
        self.unsettled -= 1;
        match state {
            State::Succeeded => self.log.push(now, What::NodeSucceeded(activation)),
            State::Skipped(reason) => self.log.push(now, What::NodeSkipped(activation, reason)),
            State::Cancelled => {
                self.log.push(now, What::NodeCancelled(activation));
                // A body that was cancelled from outside: the run must not pass for a success.
                if self.ending == Outcome::Succeeded {
                    self.ending = Outcome::Cancelled;
                }
            }
            // Logged by `fail`, which knows the text.
            _ => {}
        }
    }

    fn end_without_body(&mut self, activation: Activation, state: State, now: Time) {
        self.mark(activation, state, now);
        self.hops.push_back(activation);
    }

    fn resolve_out_edges(&mut self, activation: Activation, now: Time) {
        let plan = Arc::clone(&self.plan);
        let resolved = self.state(activation).downstream();
        for &edge in plan.out_edges(self.node_of(activation)) {
            self.resolve(&plan, edge, resolved, now);
        }
    }

    fn resolve(&mut self, plan: &Plan, edge: usize, resolved: EdgeState, now: Time) {
        debug_assert_eq!(self.edges[edge], EdgeState::Unresolved, "edge {edge} resolved twice");
        self.edges[edge] = resolved;
        match resolved {
            EdgeState::Live => self.log.push(now, What::EdgeLive(edge)),
            EdgeState::Dead(reason) => self.log.push(now, What::EdgeDead(edge, reason)),
            EdgeState::Unresolved => return,
        }
        let target = self.activation_of(plan.edge(edge).to);
        match self.slots[target.0].join.resolve(resolved) {
            None => {}
            Some(Verdict::Skip(reason)) => self.end_without_body(target, State::Skipped(reason), now),
            Some(Verdict::Run) if self.stopped => self.end_without_body(target, State::Cancelled, now),
            Some(Verdict::Run) => self.make_ready(target, now),
        }
    }
}

/// For each out-edge whether it was chosen, or why the choice is impossible.
fn edges_chosen(plan: &Plan, node: usize, chosen: &[String]) -> Result<Vec<bool>, String> {
    let mut matched: HashMap<&str, bool> = chosen.iter().map(|name| (name.as_str(), false)).collect();
    let out_edges = plan.out_edges(node);
    let live = out_edges
        .iter()
        .map(|&edge| {
            let edge = plan.edge(edge);
            let target = plan.node(edge.to).id.as_str();
            let names = [edge.label.as_deref(), Some(target)];
            names.into_iter().flatten().fold(false, |live, name| match matched.get_mut(name) {
                Some(hit) => {
                    *hit = true;
                    true
                }
                None => live,
            })
        })
        .collect();
    match chosen.iter().find(|name| !matched[name.as_str()]) {
        Some(name) => Err(impossible_choice(plan, node, name)),
        None => Ok(live),
    }
}

fn impossible_choice(plan: &Plan, node: usize, name: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for edge in plan.out_edges(node).iter().map(|&edge| plan.edge(edge)) {
        let target = plan.node(edge.to).id.as_str();
        let name = edge.label.as_deref().unwrap_or(target);
        if !names.contains(&name) {
            names.push(name);
        }
        if names.len() > NAMED_CHOICES {
            break;
        }
    }
    let mut possible: Vec<String> =
        names.iter().take(NAMED_CHOICES).map(|name| format!("{name:?}")).collect();
    if names.len() > NAMED_CHOICES {
        possible.push("…".to_owned());
    }
    match possible.as_slice() {
        [] => format!("chose {name:?}, but no edge leaves it; connect it to a node first"),
        _ => format!("chose {name:?}, which none of its edges leads to; possible: {}", possible.join(", ")),
    }
}
