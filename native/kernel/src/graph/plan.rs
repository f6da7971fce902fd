//! A validated graph of scopes with everything that runs of it have in common.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::str::FromStr;

use super::check::check;
use super::error::GraphError;
use super::rules::Rules;
use super::scope::Scope;

/// A node as declared.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSpec {
    /// Unique within the scope.
    pub id: String,
    /// Node type; admission limits are per type.
    pub kind: String,
    /// What it asks beyond the defaults.
    pub rules: Rules,
}

/// What an edge carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EdgeKind {
    /// The output of its source.
    #[default]
    Data,
    /// Nothing: it only orders.
    Control,
    /// The error of its source.
    Error,
}

impl FromStr for EdgeKind {
    type Err = GraphError;

    fn from_str(name: &str) -> Result<Self, GraphError> {
        match name {
            "data" => Ok(EdgeKind::Data),
            "control" => Ok(EdgeKind::Control),
            "error" => Ok(EdgeKind::Error),
            other => Err(GraphError::unknown("kind", "\"data\", \"control\" or \"error\"", other)),
        }
    }
}

/// An edge as declared; the ends are indexes of nodes of the scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EdgeSpec {
    /// The node whose settlement resolves the edge.
    pub from: usize,
    /// The node that waits for it.
    pub to: usize,
    /// What it carries.
    pub kind: EdgeKind,
    /// By this name a conditional node may choose the edge.
    pub label: Option<String>,
    /// Input port of the target; empty for the default one.
    pub port: String,
}

/// A scope as declared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScopeSpec {
    /// Its nodes.
    pub nodes: Vec<NodeSpec>,
    /// Its edges.
    pub edges: Vec<EdgeSpec>,
}

/// Limits that an entry of the admission queue counts against, as indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    pub kind: u32,
    pub resource: Option<u32>,
}

/// A workflow without structural faults: scope 0 is the workflow itself, each further one the body of
/// exactly one container.
#[derive(Debug)]
pub struct Plan {
    scopes: Vec<Scope>,
    kinds: Vec<String>,
    resources: Vec<String>,
}

impl Plan {
    /// Checks the graph; [`GraphError::Invalid`] holds every fault. Without any scope it is an empty
    /// workflow.
    pub fn new(mut specs: Vec<ScopeSpec>) -> Result<Plan, GraphError> {
        let findings = check(&specs);
        if !findings.is_empty() {
            return Err(GraphError::Invalid(findings));
        }
        if specs.is_empty() {
            specs.push(ScopeSpec::default());
        }
        let mut plan = Plan { scopes: Vec::with_capacity(specs.len()), kinds: vec![], resources: vec![] };
        let (mut kinds, mut resources) = (Interned::default(), Interned::default());
        for spec in specs {
            let claims = spec.nodes.iter().map(|node| Claim {
                kind: kinds.index(&node.kind),
                resource: node.rules.resource.as_deref().map(|name| resources.index(name)),
            });
            let claims = claims.collect();
            plan.scopes.push(Scope::new(spec, claims));
        }
        (plan.kinds, plan.resources) = (kinds.names, resources.names);
        rank(&mut plan.scopes);
        Ok(plan)
    }

    /// Number of scopes.
    pub fn scope_count(&self) -> usize {
        self.scopes.len()
    }

    /// One of the scopes; 0 is the workflow itself.
    pub fn scope(&self, scope: usize) -> &Scope {
        &self.scopes[scope]
    }

    /// As [`Plan::scope`], for an index that was given from outside.
    pub fn checked_scope(&self, index: usize) -> Result<&Scope, GraphError> {
        let count = self.scopes.len();
        self.scopes.get(index).ok_or(GraphError::UnknownScope { index, count })
    }

    /// Distinct node types; a [`Claim`] gives indexes into it.
    pub(super) fn kinds(&self) -> &[String] {
        &self.kinds
    }

    /// Distinct resources, likewise.
    pub(super) fn resources(&self) -> &[String] {
        &self.resources
    }
}

#[derive(Default)]
struct Interned {
    known: HashMap<String, u32>,
    names: Vec<String>,
}

impl Interned {
    fn index(&mut self, name: &str) -> u32 {
        if let Some(&index) = self.known.get(name) {
            return index;
        }
        let index = self.names.len() as u32;
        self.known.insert(name.to_owned(), index);
        self.names.push(name.to_owned());
        index
    }
}

/// Admission order over all scopes: priority, then the longest remaining path, through the enclosing
/// containers too. Equal keys get equal ranks. A frame that is still to be opened comes after everything
/// that the frames before it have ready: what was begun is ended first.
fn rank(scopes: &mut [Scope]) {
    let depths = depths(scopes);
    let mut tails = vec![0; scopes.len()];
    let mut keys = Vec::new();
    for scope in in_tree_order(scopes) {
        let remaining = scopes[scope].remaining(&depths, tails[scope]);
        for (node, &path) in remaining.iter().enumerate() {
            let rules = scopes[scope].rules(node);
            keys.push(((Reverse(rules.priority), Reverse(path)), scope, Some(node)));
            if let Some(body) = rules.body {
                tails[body] = path - depths[body];
                let first = scopes[body].sources().iter().map(|&node| scopes[body].rules(node).priority);
                keys.push(((Reverse(first.max().unwrap_or(0)), Reverse(tails[body])), body, None));
            }
        }
    }
    keys.sort_unstable();
    let mut rank = 0;
    for at in 0..keys.len() {
        rank += u32::from(at > 0 && keys[at - 1].0 != keys[at].0);
        scopes[keys[at].1].set_rank(keys[at].2, rank);
    }
}

/// Each scope after the one that holds its container.
fn in_tree_order(scopes: &[Scope]) -> Vec<usize> {
    let mut order = vec![0];
    let mut next = 0;
    while let Some(&scope) = order.get(next) {
        order.extend(scopes[scope].bodies());
        next += 1;
    }
    order
}

/// Nodes on the longest path through each scope, those of inner scopes included.
fn depths(scopes: &[Scope]) -> Vec<usize> {
    let mut depths = vec![0; scopes.len()];
    for scope in in_tree_order(scopes).into_iter().rev() {
        depths[scope] = scopes[scope].remaining(&depths, 0).iter().map(|path| path + 1).max().unwrap_or(0);
    }
    depths
}
