//! Nodes that wait for each other.

use std::collections::HashMap;

/// Cycles that share no node, each starting at its earliest node.
pub(super) fn cycles(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
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
