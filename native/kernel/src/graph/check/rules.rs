//! Faults of what single nodes ask.

use super::finding::{FindingCode, Findings};
use crate::graph::plan::{EdgeKind, NodeSpec};
use crate::graph::rules::{JoinRule, OnFailure, Rules};
use std::time::Duration;

/// Checks the rules of every node; `incoming` counts their edges.
pub(super) fn check_rules(found: &mut Findings, incoming: &[u32]) {
    let spec = found.spec;
    for (node, NodeSpec { rules, .. }) in spec.nodes.iter().enumerate() {
        if *rules == Rules::default() {
            continue;
        }
        if rules.delay.is_some_and(|secs| Duration::try_from_secs_f64(secs).is_err()) {
            let detail = rules.delay.unwrap_or_default().to_string();
            found.add(FindingCode::InvalidDelay, Some(node), detail);
        }
        check_join(found, node, rules.join, incoming[node]);
        for problem in problems(rules) {
            let detail = format!("node {}: {problem}", spec.nodes[node].id);
            found.add(FindingCode::InvalidRule, Some(node), detail);
        }
    }
}

fn check_join(found: &mut Findings, node: usize, join: JoinRule, edges: u32) {
    if join == JoinRule::All {
        return;
    }
    if edges == 0 {
        found.add_node(FindingCode::JoinWithoutEdges, node);
    } else if let JoinRule::Quorum(count) = join
        && count > edges
    {
        let id = &found.spec.nodes[node].id;
        let detail = format!("node {id} waits for {count} branches, but has {edges} incoming edges");
        found.add(FindingCode::QuorumUnreachable, Some(node), detail);
    }
}

/// What is out of range, as parts of sentences.
fn problems(rules: &Rules) -> Vec<String> {
    let mut problems = Vec::new();
    let mut need = |holds: bool, text: String| {
        if !holds {
            problems.push(text);
        }
    };
    let positive = |secs: f64| secs > 0.0 && Duration::try_from_secs_f64(secs).is_ok();
    let optional_positive = |secs: Option<f64>| secs.is_none_or(positive);
    let shown = |secs: Option<f64>| secs.unwrap_or_default();
    let (timeout, deadline, backoff) = (rules.timeout, rules.deadline, rules.backoff);
    need(rules.join != JoinRule::Quorum(0), "count of a quorum must be at least 1, got 0".to_owned());
    need(rules.max_attempts != Some(0), "max_attempts must be at least 1, got 0".to_owned());
    need(optional_positive(timeout), format!("timeout must be more than 0 seconds, got {}", shown(timeout)));
    need(
        optional_positive(deadline),
        format!("deadline must be more than 0 seconds, got {}", shown(deadline)),
    );
    need(
        backoff.base >= 0.0 && backoff.base.is_finite(),
        format!("base of backoff must be finite and at least 0, got {}", backoff.base),
    );
    need(
        backoff.factor >= 1.0 && backoff.factor.is_finite(),
        format!("factor of backoff must be finite and at least 1, got {}", backoff.factor),
    );
    need(
        backoff.cap >= 0.0 && Duration::try_from_secs_f64(backoff.cap).is_ok(),
        format!("cap of backoff must be finite and at least 0, got {}", backoff.cap),
    );
    need(rules.max_concurrency != Some(0), "max_concurrency must be at least 1, got 0".to_owned());
    need(!(rules.pass_on && rules.delay.is_some()), "give delay or pass_on, not both".to_owned());
    need(
        !(rules.is_kernel_operation() && rules.body.is_some()),
        "a node with delay or pass_on has no body".to_owned(),
    );
    problems
}

/// Checks that errors are routed where error edges are, and the other way round.
pub(super) fn check_error_edges(found: &mut Findings) {
    let spec = found.spec;
    let mut has = vec![false; spec.nodes.len()];
    for edge in spec.edges.iter().filter(|edge| edge.kind == EdgeKind::Error) {
        let (Some(source), Some(target)) = (spec.nodes.get(edge.from), spec.nodes.get(edge.to)) else {
            continue;
        };
        has[edge.from] = true;
        if source.rules.on_failure != OnFailure::Route {
            let detail = format!("{} -> {}", source.id, target.id);
            found.add(FindingCode::UnusedErrorEdge, Some(edge.from), detail);
        }
    }
    for (node, spec) in spec.nodes.iter().enumerate() {
        if spec.rules.on_failure == OnFailure::Route && !has[node] {
            found.add_node(FindingCode::NoErrorEdge, node);
        }
    }
}

/// Checks that fallbacks are nodes without edges and end somewhere. Returns which nodes are fallbacks.
pub(super) fn check_fallbacks(found: &mut Findings, touched: &[bool]) -> Vec<bool> {
    let spec = found.spec;
    let count = spec.nodes.len();
    let next = |node: usize| match spec.nodes[node].rules.on_failure {
        OnFailure::Fallback(target) => Some(target),
        _ => None,
    };
    let mut is_fallback = vec![false; count];
    for node in 0..count {
        let Some(target) = next(node) else { continue };
        if target >= count {
            let id = &spec.nodes[node].id;
            let detail = format!("node {id} falls back to {target}, but there are {count} nodes");
            found.add(FindingCode::UnknownNode, Some(node), detail);
        } else if !std::mem::replace(&mut is_fallback[target], true) && touched[target] {
            found.add_node(FindingCode::FallbackWithEdges, target);
        }
    }
    let mut seen = vec![usize::MAX; count];
    for start in 0..count {
        let (mut path, mut node) = (Vec::new(), start);
        while seen[node] == usize::MAX {
            seen[node] = start;
            path.push(node);
            match next(node).filter(|&target| target < count) {
                Some(target) => node = target,
                None => break,
            }
        }
        let Some(from) =
            path.iter().position(|&one| one == node).filter(|_| next(path[path.len() - 1]) == Some(node))
        else {
            continue;
        };
        let cycle = path[from..].iter().chain([&node]).map(|&node| spec.nodes[node].id.as_str());
        let detail = cycle.collect::<Vec<_>>().join(" -> ");
        found.add(FindingCode::FallbackCycle, Some(node), detail);
    }
    is_fallback
}
