//! A run told by node ids.

use std::collections::HashMap;
use std::sync::Arc;

use crate::clock::Time;
use crate::graph::{
    Activation, EdgeSpec, GraphError, Limits, NodeSpec, OnError, Outcome, Plan, Run, Settled, Settlement,
};

/// Nodes from `"a b delay:2.5"` (an id with a number only waits; `id/type` sets the type) and edges from
/// `"a->b a-yes->c"`.
pub fn graph(nodes: &str, edges: &str) -> (Vec<NodeSpec>, Vec<EdgeSpec>) {
    let nodes: Vec<NodeSpec> = nodes.split_whitespace().map(node).collect();
    let index = |id: &str| nodes.iter().position(|node| node.id == id).expect("a declared node");
    let edges = edges.split_whitespace().map(|text| {
        let (left, to) = text.split_once("->").expect("an arrow");
        let (from, label) = left.split_once('-').map_or((left, None), |(from, label)| (from, Some(label)));
        EdgeSpec { from: index(from), to: index(to), label: label.map(str::to_owned) }
    });
    let edges = edges.collect();
    (nodes, edges)
}

fn node(text: &str) -> NodeSpec {
    let (text, delay) = text.split_once(':').map_or((text, None), |(id, secs)| (id, Some(secs)));
    let (id, kind) = text.split_once('/').unwrap_or((text, "task"));
    NodeSpec { id: id.to_owned(), kind: kind.to_owned(), delay: delay.map(|secs| secs.parse().unwrap()) }
}

pub struct Story {
    pub run: Run,
    pub now: f64,
}

impl Story {
    pub fn of(nodes: &str, edges: &str) -> Story {
        Story::with(nodes, edges, OnError::FailFast, usize::MAX, &[])
    }

    pub fn on_error(nodes: &str, edges: &str, on_error: OnError) -> Story {
        Story::with(nodes, edges, on_error, usize::MAX, &[])
    }

    pub fn with(
        nodes: &str,
        edges: &str,
        on_error: OnError,
        run_limit: usize,
        kinds: &[(&str, usize)],
    ) -> Story {
        let (nodes, edges) = graph(nodes, edges);
        let kinds: HashMap<String, usize> = kinds.iter().map(|(kind, n)| ((*kind).to_owned(), *n)).collect();
        let plan = Arc::new(Plan::new(nodes, edges).unwrap());
        let mut run = Run::new(plan, &Limits { run: run_limit, kinds }, on_error).unwrap();
        run.start(Time::ZERO);
        Story { run, now: 0.0 }
    }

    pub fn time(&self) -> Time {
        Time::from_secs_f64(self.now)
    }

    fn activation(&self, id: &str) -> Activation {
        let plan = self.run.plan();
        let node = (0..plan.len()).find(|&node| plan.node(node).id == id).expect("a declared node");
        self.run.activation_of(node)
    }

    fn id(&self, activation: Activation) -> String {
        self.run.plan().node(self.run.node_of(activation)).id.clone()
    }

    fn ids(&self, activations: &[Activation]) -> String {
        activations.iter().map(|&one| self.id(one)).collect::<Vec<_>>().join(" ")
    }

    /// What starts now.
    pub fn take(&mut self) -> String {
        let taken = self.run.take(self.time());
        self.ids(&taken)
    }

    pub fn settle(&mut self, id: &str, settled: Settled) -> Result<Vec<(Activation, String)>, GraphError> {
        let activation = self.activation(id);
        self.run.settle(vec![Settlement { activation, settled }], self.time())
    }

    /// Each of these succeeds.
    pub fn ok(&mut self, ids: &str) -> &mut Self {
        for id in ids.split_whitespace() {
            assert_eq!(self.settle(id, Settled::Succeeded(None)), Ok(Vec::new()));
        }
        self
    }

    pub fn choose(&mut self, id: &str, names: &[&str]) -> Vec<String> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let misled = self.settle(id, Settled::Succeeded(Some(names))).unwrap();
        misled.into_iter().map(|(_, error)| error).collect()
    }

    pub fn fail(&mut self, id: &str) -> &mut Self {
        self.settle(id, Settled::Failed(format!("{id} broke"))).unwrap();
        self
    }

    pub fn cancelled(&mut self, id: &str) -> &mut Self {
        self.settle(id, Settled::Cancelled).unwrap();
        self
    }

    pub fn cancel(&mut self) -> String {
        let running = self.run.cancel("enough", self.time());
        self.ids(&running)
    }

    pub fn take_to_cancel(&mut self) -> String {
        let asked = self.run.take_to_cancel();
        self.ids(&asked)
    }

    pub fn status(&self) -> Option<Outcome> {
        self.run.status()
    }

    /// The state of a node, with the reason if it was skipped.
    pub fn state(&self, id: &str) -> String {
        let report = self.run.reports().nth(self.run.node_of(self.activation(id))).unwrap();
        match report.skip_reason() {
            Some(reason) => format!("skipped:{}", reason.as_str()),
            None => report.state.as_str().to_owned(),
        }
    }

    pub fn states(&self, ids: &str) -> String {
        ids.split_whitespace().map(|id| self.state(id)).collect::<Vec<_>>().join(" ")
    }

    pub fn parents(&self, id: &str) -> String {
        let node = self.run.node_of(self.activation(id));
        let parents = self.run.live_parents(node).unwrap();
        self.ids(&parents.into_iter().map(|node| self.run.activation_of(node)).collect::<Vec<_>>())
    }
}
