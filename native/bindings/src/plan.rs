//! Scopes, nodes and edges from Python.

use graphbit_kernel::graph::{
    Backoff, EdgeSpec, GraphError, JoinRule, NodeSpec, OnFailure, Rules, ScopeSpec,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// `NodeRules`: what a node asks; every key may be left out.
pub struct PyRules(Result<Rules, GraphError>);

type PyNode = (String, String, Option<PyRules>);
type PyEdge = (usize, usize, String, Option<String>, String);
/// Nodes and edges of a scope.
pub type PyScope = (Vec<PyNode>, Vec<PyEdge>);

impl<'py> FromPyObject<'_, 'py> for PyRules {
    type Error = PyErr;

    fn extract(rules: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let mut said = Said::default();
        let mut unknown = None;
        for (key, value) in rules.cast::<PyDict>()?.iter() {
            let key: String = key.extract()?;
            if !said.set(&key, &value)? {
                let expected = "named by a key of NodeRules";
                unknown = Some(GraphError::UnknownWord { field: "rules", expected, got: key });
            }
        }
        Ok(PyRules(unknown.map_or_else(|| said.rules(), Err)))
    }
}

/// The rules as they are read; some words need a second key to have a meaning.
#[derive(Default)]
struct Said {
    rules: Rules,
    join: Option<String>,
    count: Option<u32>,
    rest: Option<String>,
    on_error: Option<String>,
    fallback: Option<usize>,
    style: Option<String>,
}

impl Said {
    /// Takes one value; false: there is no such key.
    fn set(&mut self, key: &str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        let rules = &mut self.rules;
        match key {
            "delay" => rules.delay = value.extract()?,
            "pass_on" => rules.pass_on = value.extract()?,
            "join" => self.join = value.extract()?,
            "count" => self.count = value.extract()?,
            "rest" => self.rest = value.extract()?,
            "optional_ports" => rules.optional_ports = value.extract()?,
            "on_error" => self.on_error = value.extract()?,
            "fallback" => self.fallback = value.extract()?,
            "max_attempts" => rules.max_attempts = value.extract()?,
            "backoff" => {
                let (base, factor, cap) = value.extract()?;
                rules.backoff = Backoff { base, factor, cap };
            }
            "timeout" => rules.timeout = value.extract()?,
            "deadline" => rules.deadline = value.extract()?,
            "priority" => rules.priority = value.extract()?,
            "resource" => rules.resource = value.extract()?,
            "compensate" => rules.compensate = value.extract()?,
            "body" => rules.body = value.extract()?,
            "style" => self.style = value.extract()?,
            "max_concurrency" => rules.max_concurrency = value.extract()?,
            "keep_going" => rules.keep_going = value.extract()?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn rules(self) -> Result<Rules, GraphError> {
        let mut rules = self.rules;
        rules.join = JoinRule::named(self.join.as_deref().unwrap_or("all"), self.count)?;
        rules.on_failure = OnFailure::named(self.on_error.as_deref().unwrap_or("fail"), self.fallback)?;
        rules.rest = self.rest.map(|rest| rest.parse()).transpose()?.unwrap_or_default();
        rules.style = self.style.map(|style| style.parse()).transpose()?.unwrap_or_default();
        Ok(rules)
    }
}

/// The scopes as the kernel has them; an error if a rule has a word that does not exist.
pub fn scope_specs(scopes: Vec<PyScope>) -> Result<Vec<ScopeSpec>, GraphError> {
    let node = |(id, kind, rules): PyNode| {
        let rules = rules.map_or_else(|| Ok(Rules::default()), |PyRules(rules)| rules)?;
        Ok(NodeSpec { id, kind, rules })
    };
    let edge =
        |(from, to, kind, label, port): PyEdge| Ok(EdgeSpec { from, to, kind: kind.parse()?, label, port });
    let scope = |(nodes, edges): PyScope| {
        Ok(ScopeSpec {
            nodes: nodes.into_iter().map(node).collect::<Result<_, GraphError>>()?,
            edges: edges.into_iter().map(edge).collect::<Result<_, GraphError>>()?,
        })
    };
    scopes.into_iter().map(scope).collect()
}
