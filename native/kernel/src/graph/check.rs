//! Structural faults of a graph. All are reported, in order of node, not only the first.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::plan::{EdgeSpec, NodeSpec};

/// Stable name of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FindingCode {
    /// Nodes that wait for each other; one finding per cycle, cycles of one report share no node.
    Cycle,
    /// An earlier node has the same id.
    DuplicateId,
    /// An earlier edge has the same ends and the same label.
    DuplicateEdge,
    /// An edge from a node to itself.
    SelfEdge,
    /// No edge touches this node although the graph has edges.
    Disconnected,
    /// An end of an edge is not a node.
    UnknownNode,
    /// Delays are finite, not negative, and fit a timer.
    InvalidDelay,
}

impl FindingCode {
    /// The name as users see it.
    pub fn as_str(self) -> &'static str {
        match self {
            FindingCode::Cycle => "cycle",
            FindingCode::DuplicateId => "duplicate_id",
            FindingCode::DuplicateEdge => "duplicate_edge",
            FindingCode::SelfEdge => "self_edge",
            FindingCode::Disconnected => "disconnected",
            FindingCode::UnknownNode => "unknown_node",
            FindingCode::InvalidDelay => "invalid_delay",
        }
    }
}

/// One fault of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub code: FindingCode,
    /// Index of the node concerned; None if an edge has no valid end at all.
    pub node: Option<usize>,
    /// Its id.
    pub id: Option<String>,
    /// The facts: an id, an edge as `a -> b`, a cycle as `a -> b -> a`.
    pub detail: String,
}

impl Finding {
    fn new(code: FindingCode, nodes: &[NodeSpec], node: Option<usize>, detail: String) -> Finding {
        Finding { code, node, id: node.map(|index| nodes[index].id.clone()), detail }
    }

    /// What is wrong, as a sentence.
    pub fn message(&self) -> String {
        let detail = &self.detail;
        match self.code {
            FindingCode::Cycle => format!("nodes wait for each other: {detail}"),
            FindingCode::DuplicateId => format!("two nodes have the id {detail}"),
            FindingCode::DuplicateEdge => format!("the edge {detail} exists twice"),
            FindingCode::SelfEdge => format!("node {detail} has an edge to itself"),
            FindingCode::Disconnected => format!("no edge leads to or from node {detail}"),
            FindingCode::UnknownNode => detail.clone(),
            FindingCode::InvalidDelay => format!("a delay of {detail} seconds is not possible"),
        }
    }

    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self.code {
            FindingCode::Cycle => "remove one of these edges; a graph repeats nothing",
            FindingCode::DuplicateId => "give each node an id of its own",
            FindingCode::DuplicateEdge => "connect the two nodes once",
            FindingCode::SelfEdge => "remove the edge",
            FindingCode::Disconnected => "connect the node, or remove it",
            FindingCode::UnknownNode => "add the node before connecting it",
            FindingCode::InvalidDelay => "give a finite number of seconds, 0 or more",
        }
    }
}

/// Every structural fault, in order of node (those of no node last). Empty: the graph can run.
pub fn check(nodes: &[NodeSpec], edges: &[EdgeSpec]) -> Vec<Finding> {
    let mut findings = Vec::new();
    check_nodes(nodes, &mut findings);
    let sound = check_edges(nodes, edges, &mut findings);
    check_connected(nodes, edges, &mut findings);
    for cycle in cycles(nodes.len(), &sound) {
        let mut ids: Vec<&str> = cycle.iter().map(|&node| nodes[node].id.as_str()).collect();
        ids.push(ids[0]);
        findings.push(Finding::new(FindingCode::Cycle, nodes, Some(cycle[0]), ids.join(" -> ")));
    }
    findings.sort_by_key(|finding| finding.node.unwrap_or(usize::MAX));
    findings
}

fn check_nodes(nodes: &[NodeSpec], findings: &mut Vec<Finding>) {
    let mut ids = HashSet::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        if !ids.insert(node.id.as_str()) {
            let detail = node.id.clone();
            findings.push(Finding::new(FindingCode::DuplicateId, nodes, Some(index), detail));
        }
        if node.delay.is_some_and(|secs| Duration::try_from_secs_f64(secs).is_err()) {
            let detail = node.delay.unwrap_or_default().to_string();
            findings.push(Finding::new(FindingCode::InvalidDelay, nodes, Some(index), detail));
        }
    }
}

/// Reports faults of single edges; returns the ends of those that have none.
fn check_edges(nodes: &[NodeSpec], edges: &[EdgeSpec], findings: &mut Vec<Finding>) -> Vec<(usize, usize)> {
    let mut seen = HashSet::with_capacity(edges.len());
    let mut sound = Vec::with_capacity(edges.len());
    for (index, edge) in edges.iter().enumerate() {
        let (from, to) = (edge.from, edge.to);
        let (code, node, detail) = if from >= nodes.len() || to >= nodes.len() {
            let known = [from, to].into_iter().find(|&end| end < nodes.len());
            let detail =
                format!("edge {index} goes from {from} to {to}, but there are {} nodes", nodes.len());
            (FindingCode::UnknownNode, known, detail)
        } else if from == to {
            (FindingCode::SelfEdge, Some(from), nodes[from].id.clone())
        } else if !seen.insert((from, to, edge.label.as_deref())) {
            (FindingCode::DuplicateEdge, Some(from), format!("{} -> {}", nodes[from].id, nodes[to].id))
        } else {
            sound.push((from, to));
            continue;
        };
        findings.push(Finding::new(code, nodes, node, detail));
    }
    sound
}

/// A graph without any edge is a set of independent steps; beside edges, a lone node was forgotten.
fn check_connected(nodes: &[NodeSpec], edges: &[EdgeSpec], findings: &mut Vec<Finding>) {
    if edges.is_empty() {
        return;
    }
    let mut touched = vec![false; nodes.len()];
    for end in edges.iter().flat_map(|edge| [edge.from, edge.to]) {
        if let Some(mark) = touched.get_mut(end) {
            *mark = true;
        }
    }
    let lone = touched.iter().enumerate().filter(|(_, touched)| !**touched).map(|(index, _)| index);
    findings.extend(
        lone.map(|index| {
            Finding::new(FindingCode::Disconnected, nodes, Some(index), nodes[index].id.clone())
        }),
    );
}

/// Cycles that share no node, each starting at its earliest node.
fn cycles(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut rest = Residue::new(count, edges);
    let mut found = Vec::new();
    for start in 0..count {
        while rest.alive[start] {
            let mut cycle = rest.walk(start);
            let first = cycle.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(at, _)| at);
            cycle.rotate_left(first);
            rest.remove(cycle.clone());
            found.push(cycle);
        }
    }
    found
}

/// What remains of a graph when nodes without predecessor or without successor are taken away again
/// and again: every node left has a successor that is left, so any walk runs into a cycle.
struct Residue {
    successors: Vec<Vec<usize>>,
    predecessors: Vec<Vec<usize>>,
    alive: Vec<bool>,
    outgoing: Vec<usize>,
    incoming: Vec<usize>,
}

impl Residue {
    fn new(count: usize, edges: &[(usize, usize)]) -> Self {
        let mut successors = vec![Vec::new(); count];
        let mut predecessors = vec![Vec::new(); count];
        for &(from, to) in edges {
            successors[from].push(to);
            predecessors[to].push(from);
        }
        let outgoing: Vec<usize> = successors.iter().map(Vec::len).collect();
        let incoming: Vec<usize> = predecessors.iter().map(Vec::len).collect();
        let ends = (0..count).filter(|&node| outgoing[node] == 0 || incoming[node] == 0).collect();
        let mut residue = Residue { successors, predecessors, alive: vec![true; count], outgoing, incoming };
        residue.remove(ends);
        residue
    }

    fn remove(&mut self, mut doomed: Vec<usize>) {
        while let Some(node) = doomed.pop() {
            if !std::mem::replace(&mut self.alive[node], false) {
                continue;
            }
            for &next in &self.successors[node] {
                self.incoming[next] -= 1;
                if self.incoming[next] == 0 {
                    doomed.push(next);
                }
            }
            for &previous in &self.predecessors[node] {
                self.outgoing[previous] -= 1;
                if self.outgoing[previous] == 0 {
                    doomed.push(previous);
                }
            }
        }
    }

    fn walk(&self, start: usize) -> Vec<usize> {
        let mut path = Vec::new();
        let mut position = HashMap::new();
        let mut node = start;
        loop {
            if let Some(&at) = position.get(&node) {
                return path.split_off(at);
            }
            position.insert(node, path.len());
            path.push(node);
            match self.successors[node].iter().find(|&&next| self.alive[next]) {
                Some(&next) => node = next,
                None => return path,
            }
        }
    }
}
