//! A validated graph with everything that runs of it have in common.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use super::check::check;
use super::error::GraphError;

/// A node as declared.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSpec {
    /// Unique within the graph.
    pub id: String,
    /// Node type; admission limits are per type.
    pub kind: String,
    /// Seconds, for a node that only waits. None: the host runs a body.
    pub delay: Option<f64>,
}

/// An edge as declared; the ends are indexes of nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeSpec {
    /// The node whose settlement resolves the edge.
    pub from: usize,
    /// The node that waits for it.
    pub to: usize,
    /// By this name a conditional node may choose the edge.
    pub label: Option<String>,
}

/// A graph without structural faults.
#[derive(Debug)]
pub struct Plan {
    nodes: Vec<NodeSpec>,
    edges: Vec<EdgeSpec>,
    outgoing: Adjacency,
    incoming: Adjacency,
    order: Vec<usize>,
    ranks: Vec<usize>,
    kinds: Vec<String>,
    kind_of: Vec<usize>,
}

impl Plan {
    /// Checks the graph; [`GraphError::Invalid`] holds every fault.
    pub fn new(nodes: Vec<NodeSpec>, edges: Vec<EdgeSpec>) -> Result<Plan, GraphError> {
        let findings = check(&nodes, &edges);
        if !findings.is_empty() {
            return Err(GraphError::Invalid(findings));
        }
        let outgoing = Adjacency::new(nodes.len(), edges.iter().map(|edge| edge.from));
        let incoming = Adjacency::new(nodes.len(), edges.iter().map(|edge| edge.to));
        let order = topological(&edges, &outgoing, &incoming);
        let ranks = admission_ranks(&edges, &outgoing, &order);
        let (kinds, kind_of) = intern_kinds(&nodes);
        Ok(Plan { nodes, edges, outgoing, incoming, order, ranks, kinds, kind_of })
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
        let count = self.len();
        if node >= count {
            return Err(GraphError::UnknownNode { index: node, count });
        }
        let mut reached = vec![false; count];
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

    /// Admission order: the longest remaining path first, then declaration. Lower goes first.
    pub(super) fn rank(&self, node: usize) -> usize {
        self.ranks[node]
    }

    /// Distinct node types; [`Plan::kind_of`] gives indexes into it.
    pub(super) fn kinds(&self) -> &[String] {
        &self.kinds
    }

    pub(super) fn kind_of(&self, node: usize) -> usize {
        self.kind_of[node]
    }

    /// How long a delay node waits.
    pub(super) fn delay(&self, node: usize) -> Option<Duration> {
        self.nodes[node].delay.map(|secs| Duration::try_from_secs_f64(secs).unwrap_or_default())
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

fn admission_ranks(edges: &[EdgeSpec], outgoing: &Adjacency, order: &[usize]) -> Vec<usize> {
    let mut remaining = vec![0usize; order.len()];
    for &node in order.iter().rev() {
        let longest = outgoing.of(node).iter().map(|&edge| remaining[edges[edge].to] + 1).max();
        remaining[node] = longest.unwrap_or(0);
    }
    let mut by_rank: Vec<usize> = (0..order.len()).collect();
    by_rank.sort_by_key(|&node| (Reverse(remaining[node]), node));
    let mut ranks = vec![0; order.len()];
    for (rank, node) in by_rank.into_iter().enumerate() {
        ranks[node] = rank;
    }
    ranks
}

fn intern_kinds(nodes: &[NodeSpec]) -> (Vec<String>, Vec<usize>) {
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut kinds = Vec::new();
    let kind_of = nodes
        .iter()
        .map(|node| {
            *known.entry(&node.kind).or_insert_with(|| {
                kinds.push(node.kind.clone());
                kinds.len() - 1
            })
        })
        .collect();
    (kinds, kind_of)
}
