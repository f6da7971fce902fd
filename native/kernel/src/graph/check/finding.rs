//! What can be wrong with a graph, in words.

use crate::graph::plan::ScopeSpec;

/// Stable name of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FindingCode {
    /// Nodes that wait for each other; one finding per cycle, cycles of one report share no node.
    Cycle,
    /// An earlier node of the scope has the same id.
    DuplicateId,
    /// An earlier edge has the same ends, kind, label and port.
    DuplicateEdge,
    /// An edge from a node to itself.
    SelfEdge,
    /// No edge touches this node although the scope has edges, and it is no fallback.
    Disconnected,
    /// An end of an edge, or a fallback, is not a node.
    UnknownNode,
    /// Delays are finite, not negative, and fit a timer.
    InvalidDelay,
    /// A number of a rule is out of range, or two rules exclude each other.
    InvalidRule,
    /// A quorum of more branches than there are.
    QuorumUnreachable,
    /// A join rule on a node that joins nothing.
    JoinWithoutEdges,
    /// Errors are to be routed, but no error edge leaves the node.
    NoErrorEdge,
    /// An error edge that no error takes.
    UnusedErrorEdge,
    /// Fallbacks that lead back to where they began.
    FallbackCycle,
    /// A node that replaces another has a place of its own.
    FallbackWithEdges,
    /// A body that is not a scope, or a scope that is the body of no container.
    UnknownScope,
    /// A scope that is the body of a second container, or contains itself.
    BodyShared,
    /// More nodes than a scope may have.
    TooManyNodes,
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
            FindingCode::InvalidRule => "invalid_rule",
            FindingCode::QuorumUnreachable => "quorum_unreachable",
            FindingCode::JoinWithoutEdges => "join_without_edges",
            FindingCode::NoErrorEdge => "no_error_edge",
            FindingCode::UnusedErrorEdge => "unused_error_edge",
            FindingCode::FallbackCycle => "fallback_cycle",
            FindingCode::FallbackWithEdges => "fallback_with_edges",
            FindingCode::UnknownScope => "unknown_scope",
            FindingCode::BodyShared => "body_shared",
            FindingCode::TooManyNodes => "too_many_nodes",
        }
    }
}

/// One fault of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub code: FindingCode,
    /// Index of the scope concerned.
    pub scope: usize,
    /// Index of the node concerned; None if it is about no node, or about an edge without a valid end.
    pub node: Option<usize>,
    /// Its id.
    pub id: Option<String>,
    /// The facts: an id, an edge as `a -> b`, a cycle as `a -> b -> a`, or a sentence.
    pub detail: String,
}

impl Finding {
    /// What is wrong, as a sentence.
    pub fn message(&self) -> String {
        let detail = &self.detail;
        match self.code {
            FindingCode::Cycle => format!("nodes wait for each other: {detail}"),
            FindingCode::DuplicateId => format!("two nodes have the id {detail}"),
            FindingCode::DuplicateEdge => format!("the edge {detail} exists twice"),
            FindingCode::SelfEdge => format!("node {detail} has an edge to itself"),
            FindingCode::Disconnected => format!("no edge leads to or from node {detail}"),
            FindingCode::InvalidDelay => format!("a delay of {detail} seconds is not possible"),
            FindingCode::JoinWithoutEdges => format!("node {detail} has a join rule but no incoming edge"),
            FindingCode::NoErrorEdge => format!("node {detail} routes its errors, but has no error edge"),
            FindingCode::UnusedErrorEdge => {
                format!(
                    "the error edge {detail} is never taken, because its source does not route its errors"
                )
            }
            FindingCode::FallbackCycle => format!("fallbacks lead back to where they began: {detail}"),
            FindingCode::FallbackWithEdges => {
                format!("node {detail} is a fallback, so it takes the place of another and has no edges")
            }
            FindingCode::UnknownNode
            | FindingCode::InvalidRule
            | FindingCode::QuorumUnreachable
            | FindingCode::UnknownScope
            | FindingCode::BodyShared
            | FindingCode::TooManyNodes => detail.clone(),
        }
    }

    /// What to do about it.
    pub fn fix(&self) -> &'static str {
        match self.code {
            FindingCode::Cycle => "remove one of these edges; to repeat steps, put them into a loop node",
            FindingCode::DuplicateId => "give each node an id of its own",
            FindingCode::DuplicateEdge => "connect the two nodes once",
            FindingCode::SelfEdge => "remove the edge",
            FindingCode::Disconnected => "connect the node, or remove it",
            FindingCode::UnknownNode => "add the node before naming it",
            FindingCode::InvalidDelay => "give a finite number of seconds, 0 or more",
            FindingCode::InvalidRule => "give a value in the range that is named",
            FindingCode::QuorumUnreachable => "lower the number, or connect more branches",
            FindingCode::JoinWithoutEdges => "connect the branches to join, or leave the rule out",
            FindingCode::NoErrorEdge => "add an error edge, or another on_error",
            FindingCode::UnusedErrorEdge => "set on_error of its source to \"route\", or remove the edge",
            FindingCode::FallbackCycle => "let the last of them fail, or do something else",
            FindingCode::FallbackWithEdges => "remove its edges; those of the node it replaces are used",
            FindingCode::UnknownScope => {
                "give each container a scope as its body, and each scope a container"
            }
            FindingCode::BodyShared => "give each container a scope of its own",
            FindingCode::TooManyNodes => "split the workflow into subworkflows",
        }
    }
}

/// The findings of one scope, while they are collected.
pub(super) struct Findings<'a> {
    pub index: usize,
    pub spec: &'a ScopeSpec,
    pub all: Vec<Finding>,
}

impl Findings<'_> {
    pub fn add(&mut self, code: FindingCode, node: Option<usize>, detail: String) {
        let id = node.map(|node| self.spec.nodes[node].id.clone());
        self.all.push(Finding { code, scope: self.index, node, id, detail });
    }

    /// A finding whose detail is the id of its node.
    pub fn add_node(&mut self, code: FindingCode, node: usize) {
        self.add(code, Some(node), self.spec.nodes[node].id.clone());
    }
}
