//! Random nested workflows, and bodies whose outcome depends on nothing but their path and attempt.

use std::collections::HashMap;

use crate::graph::{
    EdgeKind, EdgeSpec, JoinRule, Limits, NodeSpec, OnError, OnFailure, Options, Rest, Rules, ScopeSpec,
    Style,
};

pub const KINDS: [&str; 3] = ["llm", "tool", "task"];

/// A source of numbers that tests can repeat.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// How an attempt of a body ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    Succeed,
    /// Chooses the out-edges whose bit is set.
    Choose(usize),
    Fail,
    FailForNow,
}

#[derive(Clone, Debug)]
pub struct Case {
    pub scopes: Vec<ScopeSpec>,
    pub seed: u64,
    pub run_limit: usize,
    pub kind_limit: usize,
    pub resource_limit: usize,
}

impl Case {
    /// With `orderly`, what becomes of each activation does not depend on the order of completion.
    pub fn new(seed: u64, size: usize, orderly: bool) -> Case {
        let mut dice = Dice(seed);
        let mut case = Case {
            scopes: Vec::new(),
            seed,
            run_limit: 1 + dice.below(5),
            kind_limit: 1 + dice.below(3),
            resource_limit: 1 + dice.below(2),
        };
        case.add_scope(&mut dice, size, orderly, 0);
        case
    }

    pub fn options(&self, on_error: OnError) -> Options {
        let kinds: HashMap<String, usize> =
            KINDS.iter().map(|kind| ((*kind).to_owned(), self.kind_limit)).collect();
        let resources = [("db".to_owned(), self.resource_limit)].into();
        let limits = Limits { run: self.run_limit, kinds, resources };
        Options { limits, on_error, deadline: None, seed: self.seed, record_events: true }
    }

    fn add_scope(&mut self, dice: &mut Dice, size: usize, orderly: bool, depth: usize) -> usize {
        let index = self.scopes.len();
        self.scopes.push(ScopeSpec::default());
        let count = 1 + dice.below(size);
        let edges = edges(dice, count);
        let mut nodes = Vec::new();
        for node in 0..count {
            let mut rules = rules(dice, orderly);
            join(dice, &mut rules, edges.iter().filter(|edge| edge.to == node).count(), orderly);
            if depth < 2 && !rules.is_kernel_operation() && dice.once_in(5) {
                let body = self.add_scope(dice, 1 + size / 2, orderly, depth + 1);
                container(dice, &mut rules, body, orderly);
            }
            nodes.push(NodeSpec { id: format!("n{node}"), kind: KINDS[dice.below(3)].to_owned(), rules });
        }
        self.scopes[index] = ScopeSpec { nodes, edges };
        treat_failures(dice, &mut self.scopes[index], count);
        index
    }

    /// What the body of `node` does when the activation at `path` runs it for the nth time.
    pub fn act(&self, path: &str, node: usize, attempt: u32) -> Act {
        match self.number(path, node, attempt) % 12 {
            0 | 1 => Act::Fail,
            2 | 3 => Act::FailForNow,
            4 | 5 => Act::Choose(self.number(path, node, attempt + 1000)),
            _ => Act::Succeed,
        }
    }

    /// How many frames a container opens, `opened` so far.
    pub fn frames(&self, path: &str, opened: u64) -> u64 {
        self.number(path, opened as usize, 77) as u64 % 4
    }

    /// Whether the container goes on although frames failed.
    pub fn forgives(&self, path: &str) -> bool {
        self.number(path, 0, 78).is_multiple_of(2)
    }

    /// Whether the container opens frames in several portions.
    pub fn streams(&self, path: &str) -> bool {
        self.number(path, 0, 79).is_multiple_of(3)
    }

    fn number(&self, path: &str, node: usize, salt: u32) -> usize {
        let mut hash = self.seed ^ 0xCBF2_9CE4_8422_2325;
        let parts = path.bytes().map(u64::from).chain([node as u64 + 7, u64::from(salt) + 3]);
        for part in parts {
            hash = (hash ^ part).wrapping_mul(0x0000_0100_0000_01B3);
        }
        Dice(hash).below(1 << 20)
    }
}

/// Every node is touched if any is; numbers are shuffled by pointing some edges' ends elsewhere.
fn edges(dice: &mut Dice, count: usize) -> Vec<EdgeSpec> {
    let mut pairs = Vec::new();
    for to in 1..count {
        for from in 0..to {
            if dice.once_in(1 + to.min(4) / 2 + usize::from(to > 4)) {
                pairs.push((from, to));
            }
        }
    }
    if !pairs.is_empty() {
        for node in 0..count {
            if !pairs.iter().any(|&(from, to)| from == node || to == node) {
                pairs.push(if node == 0 { (0, count - 1) } else { (0, node) });
            }
        }
    }
    let edge = |(from, to)| EdgeSpec {
        from: count - 1 - from, // declaration is not the order of execution
        to: count - 1 - to,
        kind: if dice.once_in(6) { EdgeKind::Control } else { EdgeKind::Data },
        port: if dice.once_in(4) { "side".to_owned() } else { String::new() },
        label: None,
    };
    pairs.into_iter().map(edge).collect()
}

fn rules(dice: &mut Dice, orderly: bool) -> Rules {
    let mut rules = Rules::default();
    match dice.below(12) {
        0 => rules.delay = Some(dice.below(4) as f64),
        1 => rules.pass_on = true,
        _ => {}
    }
    rules.max_attempts = dice.once_in(3).then(|| 1 + dice.below(3) as u32);
    rules.priority = dice.below(3) as i64;
    rules.resource = dice.once_in(4).then(|| "db".to_owned());
    rules.compensate = dice.once_in(3);
    if dice.once_in(4) {
        rules.optional_ports = vec!["side".to_owned()];
    }
    if !orderly {
        rules.timeout = dice.once_in(6).then(|| 1.0 + dice.below(3) as f64);
        rules.deadline = dice.once_in(8).then(|| 1.0 + dice.below(4) as f64);
    }
    rules
}

fn join(dice: &mut Dice, rules: &mut Rules, incoming: usize, orderly: bool) {
    if incoming == 0 {
        return;
    }
    rules.join = match dice.below(10) {
        0 | 1 => JoinRule::Quorum(1 + dice.below(incoming) as u32),
        2 => JoinRule::Tolerate(dice.below(2) as u32),
        3 => JoinRule::AllSettled,
        _ => JoinRule::All,
    };
    rules.rest = if orderly { Rest::Drain } else { [Rest::Cancel, Rest::Ignore, Rest::Drain][dice.below(3)] };
}

fn container(dice: &mut Dice, rules: &mut Rules, body: usize, orderly: bool) {
    rules.body = Some(body);
    rules.style = [Style::Map, Style::Loop, Style::Subworkflow][dice.below(3)];
    rules.max_concurrency = dice.once_in(2).then(|| 1 + dice.below(2));
    rules.keep_going = orderly || dice.once_in(2);
}

/// Gives nodes an `on_error`; fallbacks are appended to the scope.
fn treat_failures(dice: &mut Dice, scope: &mut ScopeSpec, count: usize) {
    for node in 0..count {
        let out: Vec<usize> = (0..scope.edges.len()).filter(|&edge| scope.edges[edge].from == node).collect();
        scope.nodes[node].rules.on_failure = match dice.below(10) {
            0 => OnFailure::Value,
            1 => OnFailure::Skip,
            2 if !out.is_empty() => {
                scope.edges[out[dice.below(out.len())]].kind = EdgeKind::Error;
                OnFailure::Route
            }
            3 => {
                let spare = NodeSpec {
                    id: format!("spare{node}"),
                    kind: KINDS[dice.below(3)].to_owned(),
                    rules: Rules { compensate: dice.once_in(2), ..Rules::default() },
                };
                scope.nodes.push(spare);
                OnFailure::Fallback(scope.nodes.len() - 1)
            }
            _ => OnFailure::Fail,
        };
    }
}
