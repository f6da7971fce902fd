//! Faults of how scopes are nested: containers and their bodies form a tree below scope 0.

use super::finding::{Finding, FindingCode};
use crate::graph::plan::ScopeSpec;

/// Checks that every scope but the first is the body of one container, and none contains itself.
pub(super) fn check_nesting(specs: &[ScopeSpec]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut outer: Vec<Option<usize>> = vec![None; specs.len()];
    for (scope, spec) in specs.iter().enumerate() {
        for (node, spec) in spec.nodes.iter().enumerate() {
            let Some(body) = spec.rules.body else { continue };
            let (code, detail) = match outer.get(body) {
                None => {
                    let count = specs.len();
                    let detail =
                        format!("the body of node {} is scope {body}, but there are {count}", spec.id);
                    (FindingCode::UnknownScope, detail)
                }
                Some(None) if body != 0 => {
                    outer[body] = Some(scope);
                    continue;
                }
                Some(_) => {
                    let whose = if body == 0 { "the workflow itself" } else { "another container's body" };
                    (
                        FindingCode::BodyShared,
                        format!("the body of node {} is scope {body}, {whose}", spec.id),
                    )
                }
            };
            findings.push(Finding { code, scope, node: Some(node), id: Some(spec.id.clone()), detail });
        }
    }
    for scope in (0..specs.len()).filter(|&scope| !is_below_root(&outer, scope)) {
        let (code, detail) = match outer[scope] {
            None => (FindingCode::UnknownScope, format!("scope {scope} is the body of no container")),
            Some(_) if is_on_cycle(&outer, scope) => {
                (FindingCode::BodyShared, format!("scope {scope} contains itself"))
            }
            Some(_) => continue, // below one that was reported
        };
        findings.push(Finding { code, scope, node: None, id: None, detail });
    }
    findings
}

fn is_below_root(outer: &[Option<usize>], scope: usize) -> bool {
    let mut at = scope;
    for _ in 0..outer.len() {
        match outer[at] {
            Some(next) => at = next,
            None => break,
        }
    }
    at == 0
}

fn is_on_cycle(outer: &[Option<usize>], scope: usize) -> bool {
    let mut at = outer[scope];
    for _ in 0..outer.len() {
        match at {
            Some(next) if next == scope => return true,
            Some(next) => at = outer[next],
            None => return false,
        }
    }
    false
}
