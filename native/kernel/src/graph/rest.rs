//! What becomes of branches that a join needs no more.

use super::activation::Activation;
use super::plan::Plan;
use super::rules::Rest;
use super::run::Run;
use super::scope::Scope;
use super::state::EdgeState;
use crate::clock::Time;

impl Run {
    /// Finds what served only this join, going upwards, and treats it as the joins below ask.
    pub(super) fn release_branches(&mut self, plan: &Plan, join: Activation, now: Time) {
        let number = join.frame();
        let Some(frame) = self.frames.get(number) else { return };
        let scope = plan.scope(frame.scope);
        let mut open = vec![join.node()];
        while let Some(node) = open.pop() {
            for &edge in scope.in_edges(node) {
                let source = scope.edge(edge).from;
                if self.frames[number].edges[edge] == EdgeState::Unresolved
                    && let Some(rest) = self.unneeded(scope, number, source)
                {
                    self.release(Activation::new(number, source), rest, now);
                    open.push(source);
                }
            }
        }
    }

    /// How to treat a node that was needed until now and leads only to joins that have decided.
    fn unneeded(&self, scope: &Scope, number: u64, node: usize) -> Option<Rest> {
        let frame = &self.frames[number];
        if frame.slots[node].rest.is_some() || frame.slots[node].state.is_settled() {
            return None;
        }
        let mut strongest = Rest::Cancel;
        for &edge in scope.out_edges(node) {
            let to = scope.edge(edge).to;
            let target = &frame.slots[to];
            let rest = match target.rest {
                Some(rest) => rest,
                None if target.join.decided => scope.rules(to).rest,
                None => return None,
            };
            strongest = strongest.max(rest);
        }
        Some(strongest)
    }

    fn release(&mut self, activation: Activation, rest: Rest, now: Time) {
        let frame = &mut self.frames[activation.frame()];
        frame.slots[activation.node()].rest = Some(rest);
        match rest {
            Rest::Cancel => self.stop_one(activation, true, now),
            Rest::Ignore => {
                frame.ignored += 1;
                if frame.ignored == frame.unsettled {
                    self.checks.push_back(activation.frame());
                }
            }
            Rest::Drain => {}
        }
    }
}
