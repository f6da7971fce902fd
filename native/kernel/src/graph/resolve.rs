//! What follows from the end of an activation: cost O(out-degree), no barrier, no recursion.

use std::collections::HashMap;
use std::sync::Arc;

use super::activation::{Activation, Handled};
use super::events::What;
use super::frame::Halt;
use super::join::{Verdict, graver};
use super::plan::Plan;
use super::rules::{JoinRule, Rest};
use super::run::Run;
use super::scope::Scope;
use super::settle::Failure;
use super::state::{DeadReason, EdgeState, Flow, Outcome, State};
use crate::clock::Time;

impl Run {
    /// Works off what the last change brought about, until nothing more follows.
    pub(super) fn follow(&mut self, now: Time) {
        let plan = Arc::clone(&self.plan);
        loop {
            #[cfg(test)]
            (self.steps += 1);
            if let Some((activation, flow)) = self.hops.pop_front() {
                self.resolve_out_edges(&plan, activation, flow, now);
            } else if let Some((frame, halt)) = self.halts.pop_front() {
                self.sweep(frame, halt, now);
            } else if let Some(join) = self.decided.pop_front() {
                self.release_branches(&plan, join, now);
            } else if let Some(frame) = self.checks.pop_front() {
                self.check_frame(frame, now);
            } else {
                return;
            }
        }
    }

    /// Settles an activation. `flow` is what its out-edges become; None: the caller resolves them.
    pub(super) fn mark(
        &mut self,
        activation: Activation,
        state: State,
        what: What,
        flow: Option<Flow>,
        now: Time,
    ) {
        self.settle_body(activation, state, now);
        self.tell(now, Some(activation), what);
        let frame = &mut self.frames[activation.frame()];
        let slot = &mut frame.slots[activation.node()];
        debug_assert!(!slot.state.is_settled(), "{activation:?} settled twice");
        slot.state = state;
        slot.settled = Some(now);
        slot.phase = super::frame::Phase::Idle;
        slot.deadline = None;
        let undecided = !std::mem::replace(&mut slot.join.decided, true);
        frame.unsettled -= 1;
        frame.ignored -= usize::from(slot.rest == Some(Rest::Ignore));
        // A body that was cancelled from outside: the frame must not pass for a success.
        if state == State::Cancelled && slot.rest.is_none() && frame.ending == Outcome::Succeeded {
            frame.ending = Outcome::Cancelled;
        }
        if frame.unsettled == frame.ignored {
            self.checks.push_back(activation.frame());
        }
        if undecided && state == State::Cancelled {
            self.decided.push_back(activation);
        }
        self.hops.extend(flow.map(|flow| (activation, flow)));
    }

    /// A fallback node takes the state of the activation that ran its body; frames of it are gone.
    pub(super) fn settle_body(&mut self, activation: Activation, state: State, now: Time) {
        let frame = &mut self.frames[activation.frame()];
        let body = frame.slots[activation.node()].body as usize;
        if body != activation.node() {
            frame.slots[body].state = state;
            frame.slots[body].settled = Some(now);
        }
        if self.plan.scope(frame.scope).rules(body).body.is_some() {
            self.containers.remove(&activation.0);
        }
    }

    /// Ends what has not been handed out, or has just come back, as cancelled.
    pub(super) fn end_cancelled(&mut self, activation: Activation, now: Time) {
        let flow = Flow::Dead(DeadReason::Cancelled);
        self.mark(activation, State::Cancelled, What::NodeCancelled, Some(flow), now);
    }

    fn resolve_out_edges(&mut self, plan: &Plan, source: Activation, flow: Flow, now: Time) {
        let scope = plan.scope(self.frames[source.frame()].scope);
        for &edge in scope.out_edges(source.node()) {
            self.resolve(scope, source, edge, flow.through(scope.edge(edge).kind), now);
        }
    }

    /// Resolves one edge, and decides the join it leads to if that was all it waited for.
    pub(super) fn resolve(
        &mut self,
        scope: &Scope,
        source: Activation,
        edge: usize,
        resolved: EdgeState,
        now: Time,
    ) {
        #[cfg(test)]
        (self.steps += 1);
        let to = scope.edge(edge).to;
        let frame = &mut self.frames[source.frame()];
        debug_assert_eq!(frame.edges[edge], EdgeState::Unresolved, "edge {edge} resolved twice");
        let join = &mut frame.slots[to].join;
        let late = join.decided && resolved == EdgeState::Live;
        frame.edges[edge] = if late { EdgeState::Late } else { resolved };
        let verdict = join.resolve(scope.rules(to).join, resolved);
        if self.log.on {
            let what = match resolved {
                EdgeState::Dead(reason) => What::EdgeDead(edge, reason),
                _ => What::EdgeLive(edge),
            };
            self.tell(now, Some(source), what);
        }
        if let Some(verdict) = verdict {
            self.decide(scope, Activation::new(source.frame(), to), verdict, now);
        }
    }

    fn decide(&mut self, scope: &Scope, activation: Activation, verdict: Verdict, now: Time) {
        let node = activation.node();
        let frame = &self.frames[activation.frame()];
        let dead = frame.slots[node].join.dead().unwrap_or(DeadReason::Cancelled);
        let verdict = match verdict {
            Verdict::Run if scope.rules(node).join == JoinRule::All && scope.ported(node) => {
                self.ports(scope, activation)
            }
            // Of a stopped frame it cannot be said that the join failed.
            Verdict::Fail(_) if frame.halt != Halt::Going => Verdict::Skip(dead),
            // Its ports decide, unless a failure has.
            Verdict::Skip(reason) if !reason.is_failure() && scope.rules(node).join == JoinRule::All => {
                self.ports(scope, activation)
            }
            other => other,
        };
        match verdict {
            Verdict::Skip(reason) => {
                let flow = Flow::Dead(reason.inherited());
                self.mark(activation, State::Skipped(reason), What::NodeSkipped(reason), Some(flow), now);
            }
            Verdict::Run if self.frames[activation.frame()].halt != Halt::Going => {
                self.end_cancelled(activation, now);
            }
            Verdict::Run => self.make_ready(scope, activation, now),
            Verdict::Fail(text) => self.fail(activation, Failure::final_one(text), true, now),
        }
        if scope.rules(node).join.is_tolerant() {
            self.decided.push_back(activation);
        }
    }

    /// Whether each required port that has edges has a live one.
    fn ports(&mut self, scope: &Scope, activation: Activation) -> Verdict {
        let node = activation.node();
        let edges = &self.frames[activation.frame()].edges;
        let optional = &scope.rules(node).optional_ports;
        // Per port in order of its first edge: whether one is live, and the gravest reason of the others.
        let mut place: HashMap<&str, usize> = HashMap::new();
        let mut ports: Vec<(bool, Option<DeadReason>)> = Vec::new();
        for &edge in scope.in_edges(node) {
            let port = &scope.edge(edge).port;
            let at = *place.entry(port).or_insert(ports.len());
            if at == ports.len() {
                ports.push((optional.contains(port), None));
            }
            match edges[edge] {
                EdgeState::Live => ports[at].0 = true,
                EdgeState::Dead(dead) => {
                    ports[at].1 = Some(ports[at].1.map_or(dead, |known| graver(known, dead)))
                }
                _ => {}
            }
            #[cfg(test)]
            (self.steps += 1);
        }
        let reasons = ports.into_iter().filter(|(served, _)| !served).filter_map(|(_, reason)| reason);
        reasons.reduce(graver).map_or(Verdict::Run, Verdict::Skip)
    }

    /// Succeeds; with `chosen`, only those of the out-edges go live.
    pub(super) fn succeed(&mut self, activation: Activation, chosen: Option<Vec<bool>>, now: Time) {
        let plan = Arc::clone(&self.plan);
        let body = self.frames[activation].body as usize;
        let inside = self.containers.get(&activation.0).is_some_and(|container| container.degraded);
        let frame = &mut self.frames[activation.frame()];
        let scope = plan.scope(frame.scope);
        let slot = &mut frame.slots[activation.node()];
        slot.degraded = inside || body != activation.node();
        frame.degraded |= slot.degraded;
        let what = if slot.degraded { What::NodeDegraded(None) } else { What::NodeSucceeded };
        if scope.rules(body).compensate {
            frame.done.push(activation.node() as u32);
        }
        let flow = chosen.is_none().then_some(Flow::Live);
        self.mark(activation, State::Succeeded, what, flow, now);
        let Some(chosen) = chosen else { return };
        for (&edge, chosen) in scope.out_edges(activation.node()).iter().zip(chosen) {
            let resolved = if chosen { EdgeState::Live } else { EdgeState::Dead(DeadReason::NotChosen) };
            self.resolve(scope, activation, edge, resolved, now);
        }
    }

    /// Settles a failure that is final.
    pub(super) fn end_failed(&mut self, activation: Activation, text: String, handled: Handled, now: Time) {
        let frame = &mut self.frames[activation.frame()];
        match handled {
            Handled::Failed if frame.ending == Outcome::Succeeded => frame.ending = Outcome::Failed,
            Handled::Failed => {}
            _ => frame.degraded = true,
        }
        let (state, flow) = match handled {
            Handled::Value => (State::Succeeded, Flow::Live),
            Handled::Route => (State::Failed, Flow::Routed),
            Handled::Skip => (State::Failed, Flow::Dead(DeadReason::UpstreamSkipped)),
            _ => (State::Failed, Flow::Dead(DeadReason::UpstreamFailed)),
        };
        let what = match handled {
            Handled::Value => What::NodeDegraded(Some((text, handled))),
            _ => What::NodeFailed(text, handled),
        };
        frame.slots[activation.node()].degraded = handled == Handled::Value;
        self.mark(activation, state, what, Some(flow), now);
    }
}
