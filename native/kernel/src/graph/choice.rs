//! Which out-edges a node chose.

use std::collections::HashMap;

use super::plan::EdgeKind;
use super::scope::Scope;

/// An error names this many possible choices at most.
const NAMED_CHOICES: usize = 20;

/// For each out-edge whether it was chosen by label or target, or why the choice is impossible. Error
/// edges cannot be chosen.
pub(super) fn by_name(scope: &Scope, node: usize, chosen: &[String]) -> Result<Vec<bool>, String> {
    let mut matched: HashMap<&str, bool> = chosen.iter().map(|name| (name.as_str(), false)).collect();
    let mut live = Vec::with_capacity(scope.out_edges(node).len());
    for edge in scope.out_edges(node).iter().map(|&edge| scope.edge(edge)) {
        let target = scope.node(edge.to).id.as_str();
        let mut hit = false;
        if edge.kind != EdgeKind::Error {
            for name in [edge.label.as_deref(), Some(target)].into_iter().flatten() {
                if let Some(matched) = matched.get_mut(name) {
                    (*matched, hit) = (true, true);
                }
            }
        }
        live.push(hit);
    }
    match chosen.iter().find(|name| !matched[name.as_str()]) {
        Some(name) => Err(impossible(scope, node, name)),
        None => Ok(live),
    }
}

/// Likewise, by position among the out-edges.
pub(super) fn by_position(scope: &Scope, node: usize, chosen: &[usize]) -> Result<Vec<bool>, String> {
    let edges = scope.out_edges(node);
    let mut live = vec![false; edges.len()];
    for &position in chosen {
        match edges.get(position).map(|&edge| scope.edge(edge).kind) {
            None => {
                return Err(format!(
                    "chose edge {position}, but {} edges leave it, counted from 0",
                    edges.len()
                ));
            }
            Some(EdgeKind::Error) => {
                return Err(format!(
                    "chose edge {position}, which is an error edge; only a failure takes it"
                ));
            }
            Some(_) => live[position] = true,
        }
    }
    Ok(live)
}

fn impossible(scope: &Scope, node: usize, name: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for edge in scope.out_edges(node).iter().map(|&edge| scope.edge(edge)) {
        let name = edge.label.as_deref().unwrap_or(scope.node(edge.to).id.as_str());
        if edge.kind != EdgeKind::Error && !names.contains(&name) {
            names.push(name);
        }
        if names.len() > NAMED_CHOICES {
            break;
        }
    }
    let mut possible: Vec<String> =
        names.iter().take(NAMED_CHOICES).map(|name| format!("{name:?}")).collect();
    if names.len() > NAMED_CHOICES {
        possible.push("…".to_owned());
    }
    match possible.as_slice() {
        [] => format!("chose {name:?}, but no edge leaves it; connect it to a node first"),
        _ => format!("chose {name:?}, which none of its edges leads to; possible: {}", possible.join(", ")),
    }
}
