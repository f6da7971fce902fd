//! One scope of a plan: an acyclic graph whose nodes run in frames.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::error::GraphError;
use super::frame::Slot;
use super::join::Join;
use super::plan::{Claim, EdgeSpec, NodeSpec, ScopeSpec};
use super::rules::{OnFailure, Rules};

/// A scope without structural faults.
#[derive(Debug)]
pub struct Scope {
    nodes: Vec<NodeSpec>,
    edges: Vec<EdgeSpec>,
    outgoing: Adjacency,
    incoming: Adjacency,
    order: Vec<usize>,
    claims: Vec<Claim>,
    ranks: Vec<u32>,
    opening_rank: u32,
    sources: Vec<usize>,
    fallbacks: Vec<usize>,
    absorbs: Vec<bool>,
    ported: Vec<bool>,
    /// What every frame begins with.
    blank: Vec<Slot>,
}

impl Scope {
    pub(super) fn new(spec: ScopeSpec, claims: Vec<Claim>) -> Scope {
        let ScopeSpec { nodes, edges } = spec;
        let outgoing = Adjacency::new(nodes.len(), edges.iter().map(|edge| edge.from));
        let incoming = Adjacency::new(nodes.len(), edges.iter().map(|edge| edge.to));
        let order = topological(&edges, &outgoing, &incoming);
        let blank = (0..nodes.len()).map(|node| Slot::new(node, Join::new(incoming.of(node).len())));
        let blank = blank.collect();
        let mut scope = Scope {
            ranks: vec![0; nodes.len()],
            opening_rank: 0,
            sources: Vec::new(),
            fallbacks: Vec::new(),
            absorbs: Vec::new(),
            ported: Vec::new(),
            nodes,
            edges,
            outgoing,
            incoming,
            order,
            claims,
            blank,
        };
        scope.fallbacks = scope.find_fallbacks();
        scope.sources = (0..scope.len()).filter(|&node| scope.is_source(node)).collect();
        scope.absorbs = scope.find_absorbing();
        scope.ported = (0..scope.len()).map(|node| scope.has_ports(node)).collect();
        scope
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Number of edges.
    pub fn edge_count(&self) -> usize {
        self.edges.len()
    }

    /// Indexes in topological order, ties by declaration.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// A node as declared.
    pub fn node(&self, node: usize) -> &NodeSpec {
        &self.nodes[node]
    }

    /// What a node asks.
    pub fn rules(&self, node: usize) -> &Rules {
        &self.nodes[node].rules
    }

    /// An edge as declared.
    pub fn edge(&self, edge: usize) -> &EdgeSpec {
        &self.edges[edge]
    }

    /// Edges that leave a node, in order of declaration.
    pub fn out_edges(&self, node: usize) -> &[usize] {
        self.outgoing.of(node)
    }

    /// Edges that lead to a node, in order of declaration.
    pub fn in_edges(&self, node: usize) -> &[usize] {
        self.incoming.of(node)
    }

    /// All nodes from which `node` can be reached, in topological order.
    pub fn ancestors(&self, node: usize) -> Result<Vec<usize>, GraphError> {
        self.check_node(node)?;
        let mut reached = vec![false; self.len()];
        let mut open = vec![node];
        while let Some(next) = open.pop() {
            for &edge in self.in_edges(next) {
                let from = self.edges[edge].from;
                if !std::mem::replace(&mut reached[from], true) {
                    open.push(from);
                }
            }
        }
        Ok(self.order.iter().copied().filter(|&node| reached[node]).collect())
    }

    pub(super) fn check_node(&self, index: usize) -> Result<(), GraphError> {
        let count = self.len();
        if index < count { Ok(()) } else { Err(GraphError::UnknownNode { index, count }) }
    }

    /// Nodes that are ready when a frame opens.
    pub(super) fn sources(&self) -> &[usize] {
        &self.sources
    }

    /// Nodes that run only in place of others.
    pub(super) fn fallbacks(&self) -> &[usize] {
        &self.fallbacks
    }

    /// Whether every path from the node meets a tolerant join.
    pub(super) fn absorbs(&self, node: usize) -> bool {
        self.absorbs[node]
    }

    /// Whether edges of the node are to be counted per port.
    pub(super) fn ported(&self, node: usize) -> bool {
        self.ported[node]
    }

    /// Admission order; lower goes first.
    pub(super) fn rank(&self, node: usize) -> u32 {
        self.ranks[node]
    }

    /// Admission order of a frame that is to be opened.
    pub(super) fn opening_rank(&self) -> u32 {
        self.opening_rank
    }

    /// What a frame that is to be opened needs first; None: no permit at all.
    pub(super) fn opening_claim(&self) -> Option<Claim> {
        let first = *self.sources.first()?;
        (!self.sources.iter().any(|&node| self.rules(node).is_kernel_operation())).then(|| self.claims[first])
    }

    pub(super) fn set_rank(&mut self, node: Option<usize>, rank: u32) {
        match node {
            Some(node) => self.ranks[node] = rank,
            None => self.opening_rank = rank,
        }
    }

    pub(super) fn claim(&self, node: usize) -> Claim {
        self.claims[node]
    }

    pub(super) fn blank(&self) -> &[Slot] {
        &self.blank
    }

    pub(super) fn bodies(&self) -> impl Iterator<Item = usize> + '_ {
        self.nodes.iter().filter_map(|node| node.rules.body)
    }

    /// Per node the nodes that may have to run after it began: those on its longest path to the end of
    /// the scope, then `tail` more. `depths` are those of the scopes below.
    pub(super) fn remaining(&self, depths: &[usize], tail: usize) -> Vec<usize> {
        let mut remaining = vec![0usize; self.len()];
        for &node in self.order.iter().rev() {
            let below = self.out_edges(node).iter().map(|&edge| remaining[self.edges[edge].to] + 1);
            let inside = self.rules(node).body.map_or(0, |body| depths[body]);
            remaining[node] = below.max().unwrap_or(tail) + inside;
        }
        remaining
    }

    fn find_fallbacks(&self) -> Vec<usize> {
        let targets = self.nodes.iter().filter_map(|node| match node.rules.on_failure {
            OnFailure::Fallback(target) => Some(target),
            _ => None,
        });
        let mut targets: Vec<usize> = targets.collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    fn is_source(&self, node: usize) -> bool {
        self.in_edges(node).is_empty() && self.fallbacks.binary_search(&node).is_err()
    }

    fn find_absorbing(&self) -> Vec<bool> {
        let mut absorbs = vec![false; self.len()];
        for &node in self.order.iter().rev() {
            let out = self.out_edges(node);
            absorbs[node] = !out.is_empty()
                && out
                    .iter()
                    .map(|&edge| self.edges[edge].to)
                    .all(|to| self.rules(to).join.is_tolerant() || absorbs[to]);
        }
        absorbs
    }

    fn has_ports(&self, node: usize) -> bool {
        let mut ports = self.in_edges(node).iter().map(|&edge| &self.edges[edge].port);
        let Some(first) = ports.next() else { return false };
        self.rules(node).optional_ports.contains(first) || ports.any(|port| port != first)
    }
}

/// Edges grouped by one of their ends, in order of declaration within a group.
#[derive(Debug)]
struct Adjacency {
    starts: Vec<usize>,
    edges: Vec<usize>,
}

impl Adjacency {
    fn new(nodes: usize, ends: impl Iterator<Item = usize> + Clone) -> Self {
        let mut starts = vec![0; nodes + 1];
        for end in ends.clone() {
            starts[end + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut edges = vec![0; starts[nodes]];
        let mut next = starts.clone();
        for (edge, end) in ends.enumerate() {
            edges[next[end]] = edge;
            next[end] += 1;
        }
        Adjacency { starts, edges }
    }

    fn of(&self, node: usize) -> &[usize] {
        &self.edges[self.starts[node]..self.starts[node + 1]]
    }
}

fn topological(edges: &[EdgeSpec], outgoing: &Adjacency, incoming: &Adjacency) -> Vec<usize> {
    let count = incoming.starts.len() - 1;
    let mut waiting: Vec<usize> = (0..count).map(|node| incoming.of(node).len()).collect();
    let mut open: BinaryHeap<Reverse<usize>> =
        (0..count).filter(|&node| waiting[node] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(Reverse(node)) = open.pop() {
        order.push(node);
        for &edge in outgoing.of(node) {
            let to = edges[edge].to;
            waiting[to] -= 1;
            if waiting[to] == 0 {
                open.push(Reverse(to));
            }
        }
    }
    order
}
