//! What becomes of each activation when nothing stops the run, reckoned node by node without a schedule.

use std::collections::HashMap;

use super::random::{Act, Case};
use crate::graph::{
    DeadReason, EdgeKind, EdgeState, JoinRule, OnFailure, Outcome, Plan, Rules, Scope, State, Style,
};

pub struct Reckoning<'a> {
    pub case: &'a Case,
    pub plan: &'a Plan,
    /// By path; fallback nodes are left out.
    pub states: HashMap<String, State>,
}

/// How an activation that ran has ended.
enum End {
    Succeeded { bits: Option<usize>, degraded: bool },
    Failed { routed: bool, reason: DeadReason, handled: bool },
}

impl Reckoning<'_> {
    /// Reckons a frame: how it ends, and whether anything in it was made good.
    pub fn frame(&mut self, scope_index: usize, path: &str) -> (Outcome, bool) {
        let plan = self.plan;
        let scope = plan.scope(scope_index);
        let mut edges = vec![EdgeState::Unresolved; scope.edge_count()];
        let (mut outcome, mut degraded) = (Outcome::Succeeded, false);
        for &node in scope.order() {
            if scope.node(node).id.starts_with("spare") {
                continue;
            }
            let own = join(path, &scope.node(node).id);
            let (state, end) = match verdict(scope, node, &edges) {
                Verdict::Skip(reason) => (State::Skipped(reason), None),
                Verdict::Fail => self.failed(scope, node, node, &own),
                Verdict::Run => self.run(scope, node, node, &own),
            };
            if let Some(End::Failed { handled, .. }) = &end {
                degraded |= handled;
                outcome = if *handled { outcome } else { Outcome::Failed };
            }
            degraded |= matches!(end, Some(End::Succeeded { degraded: true, .. }));
            for (at, &edge) in scope.out_edges(node).iter().enumerate() {
                edges[edge] = flow(state, end.as_ref(), scope.edge(edge).kind, at);
            }
            self.states.insert(own, state);
        }
        (outcome, degraded)
    }

    fn run(&mut self, scope: &Scope, node: usize, body: usize, path: &str) -> (State, Option<End>) {
        let rules = scope.rules(body);
        let mut degraded = body != node;
        if rules.is_kernel_operation() {
            return (State::Succeeded, Some(End::Succeeded { bits: None, degraded }));
        }
        for attempt in 1.. {
            let act = match rules.body {
                Some(inner) => match self.container(rules, inner, path, &scope.node(body).id) {
                    Some(inside) => {
                        degraded |= inside;
                        Act::Succeed
                    }
                    None => Act::Fail,
                },
                None => self.case.act(path, body, attempt),
            };
            match act {
                Act::Succeed => return (State::Succeeded, Some(End::Succeeded { bits: None, degraded })),
                Act::Choose(bits) => {
                    return (State::Succeeded, Some(End::Succeeded { bits: Some(bits), degraded }));
                }
                Act::FailForNow if attempt < rules.max_attempts.unwrap_or(1) => {}
                Act::Fail | Act::FailForNow => break,
            }
        }
        self.failed(scope, node, body, path)
    }

    fn failed(&mut self, scope: &Scope, node: usize, body: usize, path: &str) -> (State, Option<End>) {
        let failed = |routed, reason, handled| (State::Failed, Some(End::Failed { routed, reason, handled }));
        match scope.rules(body).on_failure {
            OnFailure::Value => (State::Succeeded, Some(End::Succeeded { bits: None, degraded: true })),
            OnFailure::Route => failed(true, DeadReason::NotChosen, true),
            OnFailure::Skip => failed(false, DeadReason::UpstreamSkipped, true),
            OnFailure::Fallback(spare) => self.run(scope, node, spare, path),
            OnFailure::Fail => failed(false, DeadReason::UpstreamFailed, absorbed(scope, node)),
        }
    }

    /// Whether a container's frames were degraded; None: the container fails.
    fn container(&mut self, rules: &Rules, scope: usize, path: &str, id: &str) -> Option<bool> {
        let outer = path.rsplit_once('/').map_or("", |(outer, _)| outer);
        let (mut opened, mut all_well, mut degraded) = (0, true, false);
        let portions = if self.case.streams(path) { 3 } else { 1 };
        for _ in 0..portions {
            let first = opened;
            opened += self.case.frames(path, opened);
            for index in first..opened {
                let name = match rules.style {
                    Style::Map => format!("{id}[{index}]"),
                    Style::Loop => format!("{id}#{}", index + 1),
                    Style::Subworkflow => id.to_owned(),
                };
                let (outcome, inside) = self.frame(scope, &join(outer, &name));
                all_well &= outcome == Outcome::Succeeded;
                degraded |= inside || outcome != Outcome::Succeeded;
            }
        }
        (all_well || self.case.forgives(path)).then_some(degraded)
    }
}

fn join(path: &str, id: &str) -> String {
    if path.is_empty() { id.to_owned() } else { format!("{path}/{id}") }
}

fn flow(state: State, end: Option<&End>, kind: EdgeKind, at: usize) -> EdgeState {
    let error = kind == EdgeKind::Error;
    match (state, end) {
        (State::Skipped(DeadReason::UpstreamFailed), _) => EdgeState::Dead(DeadReason::UpstreamFailed),
        (_, Some(End::Succeeded { bits, .. })) if !error && bits.is_none_or(|bits| bits & (1 << at) != 0) => {
            EdgeState::Live
        }
        (_, Some(End::Succeeded { .. })) => EdgeState::Dead(DeadReason::NotChosen),
        (_, Some(End::Failed { routed: true, .. })) if error => EdgeState::Live,
        (_, Some(End::Failed { reason, .. })) => EdgeState::Dead(*reason),
        _ => EdgeState::Dead(DeadReason::UpstreamSkipped),
    }
}

/// Whether every way down from a node leads to a join that can do without it.
fn absorbed(scope: &Scope, node: usize) -> bool {
    let out = scope.out_edges(node);
    let tolerant = |to| scope.rules(to).join != JoinRule::All || absorbed(scope, to);
    !out.is_empty() && out.iter().all(|&edge| tolerant(scope.edge(edge).to))
}

#[derive(Debug, PartialEq)]
pub enum Verdict {
    Run,
    Skip(DeadReason),
    Fail,
}

/// What a join says once all its edges are known.
pub fn verdict(scope: &Scope, node: usize, edges: &[EdgeState]) -> Verdict {
    let incoming = scope.in_edges(node);
    let count = |state| incoming.iter().filter(|&&edge| edges[edge] == state).count() as u32;
    let live = count(EdgeState::Live) + count(EdgeState::Late);
    let dead = |reason| count(EdgeState::Dead(reason));
    let failed = dead(DeadReason::UpstreamFailed) + dead(DeadReason::Cancelled);
    let order = [
        DeadReason::UpstreamFailed,
        DeadReason::Cancelled,
        DeadReason::NotChosen,
        DeadReason::UpstreamSkipped,
    ];
    let reason = order.into_iter().find(|&reason| dead(reason) > 0).unwrap_or(DeadReason::NotChosen);
    match scope.rules(node).join {
        _ if incoming.is_empty() => Verdict::Run,
        JoinRule::All if failed > 0 => Verdict::Skip(reason),
        JoinRule::All => ports(scope, node, edges),
        JoinRule::Quorum(count) if live >= count => Verdict::Run,
        JoinRule::Tolerate(count) if failed <= count && live > 0 => Verdict::Run,
        JoinRule::Quorum(_) if failed > 0 => Verdict::Fail,
        JoinRule::Tolerate(count) if failed > count => Verdict::Fail,
        JoinRule::Quorum(_) | JoinRule::Tolerate(_) => Verdict::Skip(reason),
        JoinRule::AllSettled => Verdict::Run,
    }
}

/// No edge brings a failure: each required port needs a live one.
fn ports(scope: &Scope, node: usize, edges: &[EdgeState]) -> Verdict {
    let mut by_port: HashMap<&str, Vec<EdgeState>> = HashMap::new();
    for &edge in scope.in_edges(node) {
        by_port.entry(&scope.edge(edge).port).or_default().push(edges[edge]);
    }
    by_port.retain(|port, states| {
        !scope.rules(node).optional_ports.iter().any(|one| one == port) && !states.contains(&EdgeState::Live)
    });
    let mut lacking = by_port.into_values().flatten().peekable();
    if lacking.peek().is_none() {
        return Verdict::Run;
    }
    let chosen = lacking.any(|state| state == EdgeState::Dead(DeadReason::NotChosen));
    Verdict::Skip(if chosen { DeadReason::NotChosen } else { DeadReason::UpstreamSkipped })
}
