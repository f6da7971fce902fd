//! A run told by paths of activations.

use std::collections::HashMap;
use std::sync::Arc;

use crate::clock::Time;
use crate::graph::{
    Activation, Choice, Disposition, EdgeKind, EdgeSpec, Failure, GraphError, Limits, NodeSpec, OnError,
    Options, Outcome, Plan, Rules, Run, ScopeSpec, Settled, Settlement, Stage, State, Taken,
};

/// Nodes from `"a b delay:2.5"` (an id with a number only waits; `id/type` sets the type) and edges from
/// `"a->b a-yes->c a!>d a~>e a->b.port"` (`!` an error edge, `~` a control edge).
pub fn scope(nodes: &str, edges: &str) -> ScopeSpec {
    let nodes: Vec<NodeSpec> = nodes.split_whitespace().map(node).collect();
    let index = |id: &str| nodes.iter().position(|node| node.id == id).expect("a declared node");
    let edges = edges.split_whitespace().map(|text| {
        let (left, to) = text.split_once('>').expect("an arrow");
        let (to, port) = to.split_once('.').unwrap_or((to, ""));
        let (left, mark) = left.split_at(left.len() - 1);
        let (from, label) = left.split_once('-').map_or((left, None), |(from, label)| (from, Some(label)));
        let kind = match mark {
            "!" => EdgeKind::Error,
            "~" => EdgeKind::Control,
            _ => EdgeKind::Data,
        };
        let (label, port) = (label.map(str::to_owned), port.to_owned());
        EdgeSpec { from: index(from), to: index(to), kind, label, port }
    });
    let edges = edges.collect();
    ScopeSpec { nodes, edges }
}

fn node(text: &str) -> NodeSpec {
    let (text, delay) = text.split_once(':').map_or((text, None), |(id, secs)| (id, Some(secs)));
    let (id, kind) = text.split_once('/').unwrap_or((text, "task"));
    let rules = Rules { delay: delay.map(|secs| secs.parse().unwrap()), ..Rules::default() };
    NodeSpec { id: id.to_owned(), kind: kind.to_owned(), rules }
}

/// A plan and the options of a run, before it starts.
pub struct Setup {
    pub scopes: Vec<ScopeSpec>,
    pub options: Options,
}

impl Setup {
    pub fn of(nodes: &str, edges: &str) -> Setup {
        let limits = Limits { run: usize::MAX, kinds: HashMap::new(), resources: HashMap::new() };
        let on_error = OnError::FailFast;
        let options = Options { limits, on_error, deadline: None, seed: 7, record_events: true };
        Setup { scopes: vec![scope(nodes, edges)], options }
    }

    /// What a node of the last scope asks.
    pub fn rules(mut self, ids: &str, set: impl Fn(&mut Rules)) -> Setup {
        let scope = self.scopes.last_mut().unwrap();
        for id in ids.split_whitespace() {
            set(&mut scope.nodes.iter_mut().find(|node| node.id == id).expect("a declared node").rules);
        }
        self
    }

    /// One more scope, the body of `container` of the scope before.
    pub fn body(mut self, container: &str, nodes: &str, edges: &str) -> Setup {
        let index = self.scopes.len();
        self = self.rules(container, |rules| rules.body = Some(index));
        self.scopes.push(scope(nodes, edges));
        self
    }

    pub fn on_error(mut self, on_error: OnError) -> Setup {
        self.options.on_error = on_error;
        self
    }

    pub fn limit(mut self, run: usize) -> Setup {
        self.options.limits.run = run;
        self
    }

    pub fn kind(mut self, kind: &str, limit: usize) -> Setup {
        self.options.limits.kinds.insert(kind.to_owned(), limit);
        self
    }

    pub fn resource(mut self, name: &str, limit: usize) -> Setup {
        self.options.limits.resources.insert(name.to_owned(), limit);
        self
    }

    pub fn start(self) -> Story {
        let plan = Arc::new(Plan::new(self.scopes).unwrap());
        let mut run = Run::new(plan, &self.options).unwrap();
        run.start(Time::ZERO);
        Story { run, now: 0.0, said: Vec::new() }
    }
}

pub struct Story {
    pub run: Run,
    pub now: f64,
    /// What became of failures.
    pub said: Vec<Disposition>,
}

impl Story {
    pub fn of(nodes: &str, edges: &str) -> Story {
        Setup::of(nodes, edges).start()
    }

    pub fn on_error(nodes: &str, edges: &str, on_error: OnError) -> Story {
        Setup::of(nodes, edges).on_error(on_error).start()
    }

    pub fn with(nodes: &str, edges: &str, on_error: OnError, run: usize, kinds: &[(&str, usize)]) -> Story {
        let setup = Setup::of(nodes, edges).on_error(on_error).limit(run);
        kinds.iter().fold(setup, |setup, (kind, limit)| setup.kind(kind, *limit)).start()
    }

    pub fn time(&self) -> Time {
        Time::from_secs_f64(self.now)
    }

    pub fn activation(&mut self, path: &str) -> Activation {
        let (frame_path, id) = path.rsplit_once('/').unwrap_or(("", path));
        let mut frames = self.run.frames.numbers();
        frames.retain(|&number| *self.run.frame_path(number) == *frame_path);
        let number = *frames.last().unwrap_or_else(|| panic!("no frame {frame_path}"));
        let scope = self.run.plan().scope(self.run.frames[number].scope);
        let node = (0..scope.len()).find(|&node| scope.node(node).id == id).expect("a declared node");
        Activation::new(number, node)
    }

    pub fn path(&mut self, activation: Activation) -> String {
        let subject = self.run.subject(activation);
        let id = &self.run.plan().scope(subject.scope).node(activation.node()).id;
        if subject.frame_path.is_empty() { id.clone() } else { format!("{}/{id}", subject.frame_path) }
    }

    fn paths(&mut self, activations: &[Activation]) -> String {
        activations.iter().map(|&one| self.path(one)).collect::<Vec<_>>().join(" ")
    }

    /// What starts now: `path`, `path:stage`, or `path=body` for the body of a fallback.
    pub fn take(&mut self) -> String {
        let taken = self.run.take(self.time());
        taken.iter().map(|one| self.told(one)).collect::<Vec<_>>().join(" ")
    }

    fn told(&mut self, taken: &Taken) -> String {
        let path = self.path(taken.activation);
        let scope = self.run.plan().scope(self.run.frames[taken.activation.frame()].scope);
        let body = match taken.body {
            node if node == taken.activation.node() => String::new(),
            node => format!("={}", scope.node(node).id),
        };
        match taken.stage {
            Stage::Run => format!("{path}{body}"),
            stage => format!("{path}{body}:{}", stage.as_str()),
        }
    }

    pub fn settle(&mut self, path: &str, settled: Settled) -> Result<Vec<Disposition>, GraphError> {
        let activation = self.activation(path);
        self.run.settle(vec![Settlement { activation, settled }], self.time())
    }

    fn settle_all(&mut self, paths: &str, settled: impl Fn(&str) -> Settled) -> &mut Self {
        for path in paths.split_whitespace() {
            let said = self.settle(path, settled(path)).unwrap();
            self.said.extend(said);
        }
        self
    }

    /// Each of these succeeds.
    pub fn ok(&mut self, paths: &str) -> &mut Self {
        self.settle_all(paths, |_| Settled::Succeeded(Choice::All))
    }

    pub fn choose(&mut self, path: &str, names: &[&str]) -> Vec<String> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let said = self.settle(path, Settled::Succeeded(Choice::Names(names))).unwrap();
        said.into_iter().filter_map(|one| one.text).collect()
    }

    pub fn fail(&mut self, paths: &str) -> &mut Self {
        let failure = |path: &str| Failure { text: format!("{path} broke"), ..Failure::default() };
        self.settle_all(paths, |path| Settled::Failed(failure(path)))
    }

    /// Each fails in a way that another attempt may mend.
    pub fn fail_for_now(&mut self, paths: &str) -> &mut Self {
        let failure =
            |path: &str| Failure { text: format!("{path} broke"), retryable: true, retry_after: None };
        self.settle_all(paths, |path| Settled::Failed(failure(path)))
    }

    pub fn cancelled(&mut self, paths: &str) -> &mut Self {
        self.settle_all(paths, |_| Settled::Cancelled)
    }

    /// A container opens frames, and that is all.
    pub fn open(&mut self, path: &str, count: u64) -> &mut Self {
        self.settle_all(path, |_| Settled::Opened { count, more: false })
    }

    pub fn open_more(&mut self, path: &str, count: u64) -> &mut Self {
        self.settle_all(path, |_| Settled::Opened { count, more: true })
    }

    /// What became of the failures since the last call.
    pub fn said(&mut self) -> String {
        let said = std::mem::take(&mut self.said);
        let one = |one: &Disposition| format!("{}:{}", self.path(one.activation), one.handled.as_str());
        said.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    pub fn cancel(&mut self) -> String {
        let running = self.run.cancel("enough", self.time());
        self.paths(&running)
    }

    /// What is to be stopped; reasons other than `stopped` are named.
    pub fn take_to_cancel(&mut self) -> String {
        let asked = self.run.take_to_cancel();
        let told = asked.into_iter().map(|(activation, ask)| match ask.as_str() {
            "stopped" => self.path(activation),
            reason => format!("{}:{reason}", self.path(activation)),
        });
        told.collect::<Vec<_>>().join(" ")
    }

    pub fn ended_frames(&mut self) -> String {
        let ended = self.run.ended_frames();
        let told =
            ended.iter().map(|one| format!("{}:{}", self.run.frame_path(one.number), one.outcome.as_str()));
        told.collect::<Vec<_>>().join(" ")
    }

    pub fn status(&self) -> Option<Outcome> {
        self.run.status()
    }

    /// The state of an activation, with the reason if it was skipped.
    pub fn state(&mut self, path: &str) -> String {
        let activation = self.activation(path);
        match self.run.state_of(activation).unwrap() {
            State::Skipped(reason) => format!("skipped:{}", reason.as_str()),
            state => state.as_str().to_owned(),
        }
    }

    pub fn states(&mut self, paths: &str) -> String {
        paths.split_whitespace().map(|path| self.state(path)).collect::<Vec<_>>().join(" ")
    }

    /// Sources of the live edges of an activation.
    pub fn parents(&mut self, path: &str) -> String {
        let activation = self.activation(path);
        let live = self.run.live_edges(activation).unwrap();
        let scope = self.run.plan().scope(self.run.frames[activation.frame()].scope);
        let parents = live.iter().map(|&edge| scope.node(scope.edge(edge).from).id.as_str());
        parents.collect::<Vec<_>>().join(" ")
    }

    /// Names of the events since the last call, with the path of what they are about.
    pub fn events(&mut self, prefix: &str) -> String {
        let events = self.run.events();
        let mut told = Vec::new();
        for event in events.into_iter().filter(|event| event.what.name().starts_with(prefix)) {
            let name = event.what.name();
            told.push(
                event.subject.map_or(name.to_owned(), |one| format!("{name}({})", self.path(one.activation))),
            );
        }
        told.join(" ")
    }
}
