//! Structural faults of a graph. All are reported, in order of scope and node, not only the first.

mod cycles;
mod finding;
mod rules;
mod scopes;

use std::collections::HashSet;

pub use finding::{Finding, FindingCode};

use self::cycles::cycles;
use self::finding::Findings;
use super::activation::MAX_NODES;
use super::plan::ScopeSpec;

/// Every structural fault, in order of scope and node (in a scope those of no node last). Empty: the
/// graph can run.
pub fn check(specs: &[ScopeSpec]) -> Vec<Finding> {
    let mut findings = scopes::check_nesting(specs);
    for (index, spec) in specs.iter().enumerate() {
        findings.extend(check_scope(index, spec));
    }
    findings.sort_by_key(|finding| (finding.scope, finding.node.unwrap_or(usize::MAX)));
    findings
}

fn check_scope(index: usize, spec: &ScopeSpec) -> Vec<Finding> {
    let mut found = Findings { index, spec, all: Vec::new() };
    if spec.nodes.len() > MAX_NODES {
        let detail = format!("a scope has at most {MAX_NODES} nodes, got {}", spec.nodes.len());
        found.add(FindingCode::TooManyNodes, None, detail);
    }
    check_ids(&mut found);
    let (mut incoming, mut touched) = (vec![0; spec.nodes.len()], vec![false; spec.nodes.len()]);
    for edge in &spec.edges {
        if let Some(count) = incoming.get_mut(edge.to) {
            *count += 1;
        }
        for end in [edge.from, edge.to] {
            if let Some(mark) = touched.get_mut(end) {
                *mark = true;
            }
        }
    }
    rules::check_rules(&mut found, &incoming);
    let sound = check_edges(&mut found);
    rules::check_error_edges(&mut found);
    let fallbacks = rules::check_fallbacks(&mut found, &touched);
    check_connected(&mut found, &touched, &fallbacks);
    for cycle in cycles(spec.nodes.len(), &sound) {
        let mut ids: Vec<&str> = cycle.iter().map(|&node| spec.nodes[node].id.as_str()).collect();
        ids.push(ids[0]);
        found.add(FindingCode::Cycle, Some(cycle[0]), ids.join(" -> "));
    }
    found.all
}

fn check_ids(found: &mut Findings) {
    let mut ids = HashSet::with_capacity(found.spec.nodes.len());
    for (node, spec) in found.spec.nodes.iter().enumerate() {
        if !ids.insert(spec.id.as_str()) {
            found.add_node(FindingCode::DuplicateId, node);
        }
    }
}

/// Reports faults of single edges; returns the ends of those that have none.
fn check_edges(found: &mut Findings) -> Vec<(usize, usize)> {
    let ScopeSpec { nodes, edges } = found.spec;
    let mut seen = HashSet::with_capacity(edges.len());
    let mut sound = Vec::with_capacity(edges.len());
    for (index, edge) in edges.iter().enumerate() {
        let (from, to) = (edge.from, edge.to);
        if from >= nodes.len() || to >= nodes.len() {
            let known = [from, to].into_iter().find(|&end| end < nodes.len());
            let detail =
                format!("edge {index} goes from {from} to {to}, but there are {} nodes", nodes.len());
            found.add(FindingCode::UnknownNode, known, detail);
        } else if from == to {
            found.add_node(FindingCode::SelfEdge, from);
        } else if !seen.insert((from, to, edge.kind, edge.label.as_deref(), edge.port.as_str())) {
            let detail = format!("{} -> {}", nodes[from].id, nodes[to].id);
            found.add(FindingCode::DuplicateEdge, Some(from), detail);
        } else {
            sound.push((from, to));
        }
    }
    sound
}

/// A scope without any edge is a set of independent steps; beside edges, a lone node was forgotten.
fn check_connected(found: &mut Findings, touched: &[bool], fallbacks: &[bool]) {
    if found.spec.edges.is_empty() {
        return;
    }
    for node in (0..touched.len()).filter(|&node| !touched[node] && !fallbacks[node]) {
        found.add_node(FindingCode::Disconnected, node);
    }
}
