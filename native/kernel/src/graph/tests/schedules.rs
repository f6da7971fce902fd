//! Random graphs, choices, failures and delays under random orders of completion.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::*;

use crate::clock::Time;
use crate::graph::{
    Activation, DeadReason, EdgeSpec, EdgeState, Limits, NodeSpec, OnError, Outcome, Plan, Run, Settled,
    Settlement, State, What,
};

const KINDS: [&str; 3] = ["llm", "tool", "task"];

/// What the body of a node does, whenever it runs.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Body {
    Succeed,
    /// Chooses the out-edges whose bit is set.
    Choose(u16),
    Fail,
    Wait(u8),
}

#[derive(Clone, Debug)]
struct Case {
    bodies: Vec<Body>,
    edges: Vec<(usize, usize)>,
    run_limit: usize,
    kind_limit: usize,
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        5 => Just(Body::Succeed),
        2 => any::<u16>().prop_map(Body::Choose),
        1 => Just(Body::Fail),
        1 => (0..4u8).prop_map(Body::Wait),
    ]
}

/// Declaration order is a shuffle of a topological one, so the two do not agree by accident.
fn case() -> impl Strategy<Value = Case> {
    (1..12usize).prop_flat_map(|count| {
        let pairs: Vec<(usize, usize)> =
            (0..count).flat_map(|to| (0..to).map(move |from| (from, to))).collect();
        let most = pairs.len().min(3 * count);
        (
            prop::collection::vec(body(), count),
            proptest::sample::subsequence(pairs, 0..=most),
            Just((0..count).collect::<Vec<_>>()).prop_shuffle(),
            1..5usize,
            1..3usize,
        )
            .prop_map(|(bodies, edges, names, run_limit, kind_limit)| {
                let edges = edges.into_iter().map(|(from, to)| (names[from], names[to])).collect();
                Case { bodies, edges, run_limit, kind_limit }
            })
    })
}

impl Case {
    /// Nodes that no edge touches get one from a root of their own, which does nothing else.
    fn plan(&self) -> Arc<Plan> {
        let node = |(index, body): (usize, &Body)| NodeSpec {
            id: format!("n{index}"),
            kind: KINDS[index % KINDS.len()].to_owned(),
            delay: if let Body::Wait(secs) = body { Some(f64::from(*secs)) } else { None },
        };
        let mut nodes: Vec<NodeSpec> = self.bodies.iter().enumerate().map(node).collect();
        let mut edges: Vec<EdgeSpec> =
            self.edges.iter().map(|&(from, to)| EdgeSpec { from, to, label: None }).collect();
        let root = nodes.len();
        nodes.push(NodeSpec { id: "root".to_owned(), kind: "root".to_owned(), delay: None });
        edges.extend((0..root).map(|to| EdgeSpec { from: root, to, label: None }));
        Arc::new(Plan::new(nodes, edges).unwrap())
    }

    fn body(&self, node: usize) -> Body {
        self.bodies.get(node).copied().unwrap_or(Body::Succeed)
    }

    fn settled(&self, plan: &Plan, node: usize) -> Settled {
        match self.body(node) {
            Body::Succeed | Body::Wait(_) => Settled::Succeeded(None),
            Body::Fail => Settled::Failed("broke".to_owned()),
            Body::Choose(bits) => {
                let out = plan.out_edges(node).iter().enumerate();
                let chosen = out.filter(|(at, _)| bits & (1 << at) != 0);
                Settled::Succeeded(Some(
                    chosen.map(|(_, &edge)| plan.node(plan.edge(edge).to).id.clone()).collect(),
                ))
            }
        }
    }

    /// What each node comes to when nothing stops the run, reckoned node by node without a schedule.
    fn expected(&self, plan: &Plan) -> Vec<State> {
        let mut states = vec![State::Pending; plan.len()];
        let mut edges = vec![EdgeState::Unresolved; plan.edge_count()];
        for &node in plan.order() {
            let incoming: Vec<EdgeState> = plan.in_edges(node).iter().map(|&edge| edges[edge]).collect();
            states[node] = match verdict(&incoming) {
                Some(reason) => State::Skipped(reason),
                None if self.body(node) == Body::Fail => State::Failed,
                None => State::Succeeded,
            };
            for (at, &edge) in plan.out_edges(node).iter().enumerate() {
                edges[edge] = match (states[node], self.body(node)) {
                    (State::Succeeded, Body::Choose(bits)) if bits & (1 << at) == 0 => {
                        EdgeState::Dead(DeadReason::NotChosen)
                    }
                    (State::Succeeded, _) => EdgeState::Live,
                    (State::Failed | State::Skipped(DeadReason::UpstreamFailed), _) => {
                        EdgeState::Dead(DeadReason::UpstreamFailed)
                    }
                    _ => EdgeState::Dead(DeadReason::UpstreamSkipped),
                };
            }
        }
        states
    }
}

fn verdict(incoming: &[EdgeState]) -> Option<DeadReason> {
    let has = |reason| incoming.contains(&EdgeState::Dead(reason));
    if has(DeadReason::UpstreamFailed) {
        Some(DeadReason::UpstreamFailed)
    } else if incoming.is_empty() || incoming.contains(&EdgeState::Live) {
        None
    } else if has(DeadReason::NotChosen) {
        Some(DeadReason::NotChosen)
    } else {
        Some(DeadReason::UpstreamSkipped)
    }
}

/// Drives a run to its end; `order` decides what settles next, and when the run is cancelled, if ever.
struct Driver<'a> {
    case: &'a Case,
    plan: Arc<Plan>,
    run: Run,
    running: Vec<Activation>,
    random: u64,
    now: f64,
    told: Vec<What>,
}

impl<'a> Driver<'a> {
    fn new(case: &'a Case, on_error: OnError, seed: u64) -> Self {
        let plan = case.plan();
        let kinds: HashMap<String, usize> =
            KINDS.iter().map(|kind| ((*kind).to_owned(), case.kind_limit)).collect();
        let run = Run::new(plan.clone(), &Limits { run: case.run_limit, kinds }, on_error).unwrap();
        Driver { case, plan, run, running: Vec::new(), random: seed | 1, now: 0.0, told: Vec::new() }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random % bound as u64) as usize
    }

    fn drive(&mut self, cancel_after: Option<usize>) {
        self.run.start(Time::ZERO);
        for step in 0.. {
            if cancel_after == Some(step) {
                let mut asked = self.run.cancel("test", Time::from_secs_f64(self.now));
                asked.sort_unstable();
                self.running.sort_unstable();
                assert_eq!(asked, self.running);
            }
            self.take();
            self.read_events();
            if self.run.status().is_some() {
                break;
            }
            assert!(step < 1000, "the run does not end");
            self.step();
        }
        assert!(self.running.is_empty(), "work is left");
        assert_eq!(self.run.next_timer(), None, "a timer is left");
    }

    fn take(&mut self) {
        let taken = self.run.take(Time::from_secs_f64(self.now));
        for activation in taken {
            let node = self.run.node_of(activation);
            let resolved = |state: &What, edge: usize| match state {
                What::EdgeLive(one) | What::EdgeDead(one, _) => *one == edge,
                _ => false,
            };
            self.read_events();
            for &edge in self.plan.in_edges(node) {
                assert!(self.told.iter().any(|what| resolved(what, edge)), "n{node} ran before its join");
            }
            assert!(self.plan.in_edges(node).is_empty() || !self.run.live_parents(node).unwrap().is_empty());
            self.running.push(activation);
        }
        assert!(self.running.len() <= self.case.run_limit, "run limit");
        for kind in KINDS {
            let of_kind = |one: &&Activation| self.plan.node(self.run.node_of(**one)).kind == kind;
            assert!(self.running.iter().filter(of_kind).count() <= self.case.kind_limit, "limit of {kind}");
        }
    }

    /// One or several bodies end, or time passes.
    fn step(&mut self) {
        if self.running.is_empty() || self.below(4) == 0 {
            match self.run.next_timer() {
                Some(due) => self.now = due.as_secs_f64(),
                None => assert!(!self.running.is_empty(), "nothing can happen, yet the run has not ended"),
            }
            return;
        }
        let asked = self.run.take_to_cancel();
        let mut batch = Vec::new();
        for _ in 0..=self.below(self.running.len()) {
            let at = self.below(self.running.len());
            let activation = self.running.swap_remove(at);
            let settled = if asked.contains(&activation) {
                Settled::Cancelled
            } else {
                self.case.settled(&self.plan, self.run.node_of(activation))
            };
            batch.push(Settlement { activation, settled });
        }
        let again = batch.clone();
        let now = Time::from_secs_f64(self.now);
        assert_eq!(self.run.settle(batch, now), Ok(Vec::new()));
        self.read_events();
        assert_eq!(self.run.settle(again, now), Ok(Vec::new()));
        assert!(self.run.events().is_empty(), "a second settlement was heard");
    }

    fn read_events(&mut self) {
        for event in self.run.events() {
            assert_eq!(event.seq, self.told.len() as u64, "a gap in the stream");
            self.told.push(event.what);
        }
    }

    fn states(&self) -> Vec<State> {
        self.run.reports().map(|report| report.state).collect()
    }

    /// Each activation settled once, each edge resolved once, one end, and nothing after it.
    fn check_stream(&self) {
        let mut settled = vec![0; self.plan.len()];
        let mut resolved = vec![0; self.plan.edge_count()];
        for what in &self.told {
            match what {
                What::NodeSucceeded(one)
                | What::NodeFailed(one, _)
                | What::NodeSkipped(one, _)
                | What::NodeCancelled(one) => settled[self.run.node_of(*one)] += 1,
                What::EdgeLive(edge) | What::EdgeDead(edge, _) => resolved[*edge] += 1,
                _ => {}
            }
        }
        assert!(settled.iter().all(|&times| times == 1), "{settled:?}");
        assert!(resolved.iter().all(|&times| times == 1), "{resolved:?}");
        let ends = self.told.iter().filter(|what| matches!(what, What::RunEnded(..))).count();
        assert!(ends == 1 && matches!(self.told.last(), Some(What::RunEnded(..))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn results_do_not_depend_on_the_order_of_completion(case in case(), seed in any::<u64>()) {
        let plan = case.plan();
        let expected = case.expected(&plan);
        let failed = expected.contains(&State::Failed);
        for turn in 0..10 {
            let mut driver = Driver::new(&case, OnError::Continue, seed.wrapping_add(turn * 7919));
            driver.drive(None);
            driver.check_stream();
            prop_assert_eq!(driver.states(), expected.clone());
            let outcome = if failed { Outcome::Failed } else { Outcome::Succeeded };
            prop_assert_eq!(driver.run.status(), Some(outcome));
        }
    }

    #[test]
    fn a_run_that_is_stopped_ends_with_nothing_left(
        case in case(),
        seed in any::<u64>(),
        drain in any::<bool>(),
        cancel_after in prop::option::of(0..6usize),
    ) {
        let on_error = if drain { OnError::Drain } else { OnError::FailFast };
        for turn in 0..5 {
            let mut driver = Driver::new(&case, on_error, seed.wrapping_add(turn * 7919));
            driver.drive(cancel_after);
            driver.check_stream();
            let states = driver.states();
            let clean = !states.contains(&State::Failed) && !states.contains(&State::Cancelled);
            prop_assert!(clean || driver.run.status() != Some(Outcome::Succeeded));
            if cancel_after.is_none() && states.contains(&State::Failed) {
                prop_assert_eq!(driver.run.status(), Some(Outcome::Failed));
            }
        }
    }
}
