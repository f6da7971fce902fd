//! A host that runs a random case in a random order and checks every step.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::random::{Act, Case, Dice, KINDS};
use super::reckoning::{Verdict, verdict};
use crate::clock::Time;
use crate::graph::frame::{Halt, Phase};
use crate::graph::{
    Activation, Ask, Choice, EdgeKind, EdgeState, Event, Failure, JoinRule, OnError, Outcome, Plan, Run,
    Settled, Settlement, Stage, State, Style, Taken, What,
};

/// What the host knows of a container's frames.
#[derive(Default)]
struct Opened {
    count: u64,
    portions: u32,
    all_well: bool,
}

pub struct Driver<'a> {
    case: &'a Case,
    pub plan: Arc<Plan>,
    pub run: Run,
    dice: Dice,
    now: f64,
    held: Vec<Taken>,
    containers: HashMap<Activation, Opened>,
    asked: HashMap<Activation, Ask>,
    seq: u64,
    settled: HashMap<u64, Vec<u32>>,
    resolved: HashMap<u64, Vec<u32>>,
    /// Per frame, what is to be undone, in order of completion.
    done: HashMap<u64, Vec<usize>>,
    pub states: HashMap<String, State>,
    ends: usize,
}

impl<'a> Driver<'a> {
    pub fn new(case: &'a Case, plan: &Arc<Plan>, on_error: OnError, seed: u64) -> Self {
        let run = Run::new(plan.clone(), &case.options(on_error)).unwrap();
        Driver {
            case,
            plan: plan.clone(),
            run,
            dice: Dice(seed),
            now: 0.0,
            held: Vec::new(),
            containers: HashMap::new(),
            asked: HashMap::new(),
            seq: 0,
            settled: HashMap::new(),
            resolved: HashMap::new(),
            done: HashMap::new(),
            states: HashMap::new(),
            ends: 0,
        }
    }

    fn time(&self) -> Time {
        Time::from_secs_f64(self.now)
    }

    /// To the end. Whatever happens, nothing may be left.
    pub fn drive(&mut self, drain_after: Option<usize>, cancel_after: Option<usize>) {
        self.run.start(Time::ZERO);
        for step in 0.. {
            if drain_after == Some(step) {
                self.run.drain("test", self.time());
            }
            if cancel_after == Some(step) {
                let asked = self.run.cancel("test", self.time());
                self.asked.extend(asked.into_iter().map(|activation| (activation, Ask::Stopped)));
            }
            self.take();
            if self.run.status().is_some() {
                break;
            }
            assert!(step < 20_000, "the run does not end");
            self.step();
        }
        assert!(self.held.is_empty(), "work is left: {:?}", self.held);
        assert_eq!(self.run.next_timer(), None, "a timer is left");
        assert_eq!(self.run.admission.free(), self.case.run_limit, "a permit is missing");
        assert!(self.run.take(self.time()).is_empty(), "something starts after the end");
        assert_eq!(self.run.frames.numbers(), [0], "a frame is left");
        assert_eq!(self.ends, 1);
        self.check_frame(0);
    }

    fn take(&mut self) {
        let taken = self.run.take(self.time());
        self.observe();
        for one in taken {
            match one.stage {
                Stage::Run => self.check_start(one),
                Stage::Compensate => {
                    let expected = self.done.get_mut(&one.activation.frame()).and_then(Vec::pop);
                    assert_eq!(expected, Some(one.activation.node()), "compensation out of order");
                }
                Stage::Feed | Stage::Resume => {}
            }
            self.asked.remove(&one.activation);
            self.held.push(one);
        }
        self.check_limits();
    }

    fn check_start(&mut self, taken: Taken) {
        let activation = taken.activation;
        assert_eq!(
            self.run.frames[activation.frame()].halt,
            Halt::Going,
            "{activation:?} in a stopped frame"
        );
        let scope = self.plan.scope(self.run.frames[activation.frame()].scope);
        let edges: HashMap<usize, EdgeState> = self.run.in_edges(activation).unwrap().collect();
        let open = edges.values().any(|&state| state == EdgeState::Unresolved);
        if open || matches!(scope.rules(activation.node()).join, JoinRule::Quorum(_)) {
            let JoinRule::Quorum(count) = scope.rules(activation.node()).join else {
                assert_eq!(taken.body != activation.node(), open, "{activation:?} ran before its join");
                return;
            };
            let live = self.run.live_edges(activation).unwrap().len() as u32;
            assert!(live == count || taken.body != activation.node(), "{live} of {count}");
            return;
        }
        let mut all = vec![EdgeState::Unresolved; scope.edge_count()];
        edges.into_iter().for_each(|(edge, state)| all[edge] = state);
        if taken.body == activation.node() {
            assert_eq!(verdict(scope, activation.node(), &all), Verdict::Run);
        }
    }

    fn check_limits(&self) {
        let bodies: Vec<_> = self.held.iter().filter(|one| one.stage == Stage::Run).collect();
        let node =
            |one: &Taken| self.plan.scope(self.run.frames[one.activation.frame()].scope).node(one.body);
        assert!(bodies.len() <= self.case.run_limit, "run limit");
        for kind in KINDS {
            let running = bodies.iter().filter(|one| node(one).kind == kind).count();
            assert!(running <= self.case.kind_limit, "limit of {kind}");
        }
        let using = bodies.iter().filter(|one| node(one).rules.resource.is_some()).count();
        assert!(using <= self.case.resource_limit, "limit of the resource");
    }

    /// One or several stages end, or time passes.
    fn step(&mut self) {
        self.asked.extend(self.run.take_to_cancel());
        let open = self.held.len();
        let due = self.run.next_timer();
        if let Some(due) = due.filter(|_| open == 0 || self.dice.once_in(4)) {
            let waiting = self.asked.iter().filter(|(_, ask)| **ask != Ask::Stopped).map(|(one, _)| *one);
            let batch: Vec<_> = waiting.map(|one| Settlement { activation: one, settled: late() }).collect();
            if open == 0 && !batch.is_empty() && self.settle(batch) {
                return;
            }
            self.now = due.as_secs_f64().max(self.now);
            return;
        }
        if open == 0 {
            let asked: Vec<Activation> = self.asked.keys().copied().collect();
            let batch = asked.into_iter().map(|one| Settlement { activation: one, settled: late() });
            if !self.settle(batch.collect()) {
                panic!("nothing can happen, yet the run has not ended: {}", self.unsettled());
            }
            return;
        }
        let mut batch = Vec::new();
        for _ in 0..=self.dice.below(open) {
            let at = self.dice.below(self.held.len());
            let taken = self.held.swap_remove(at);
            let settled = self.outcome(taken);
            batch.push(Settlement { activation: taken.activation, settled });
        }
        self.settle(batch);
    }

    fn unsettled(&self) -> String {
        let mut told = format!("{:?} {:?}", self.run.containers, self.asked);
        for number in self.run.frames.numbers() {
            let frame = &self.run.frames[number];
            for (node, slot) in frame.slots.iter().enumerate().filter(|(_, slot)| !slot.state.is_settled()) {
                told += &format!(
                    "\n  {number}.{node} {:?} {:?} {:?} {:?}",
                    frame.halt, slot.state, slot.phase, slot.asked
                );
            }
        }
        told
    }

    /// Whether it changed anything.
    fn settle(&mut self, batch: Vec<Settlement>) -> bool {
        let again = batch.clone();
        // Who was asked to end and opens frames instead still has to end.
        for one in batch.iter().filter(|one| !matches!(one.settled, Settled::Opened { .. })) {
            self.asked.remove(&one.activation);
        }
        let before = self.seq;
        self.run.settle(batch, self.time()).unwrap();
        self.observe();
        let changed = self.seq != before;
        self.held.retain(|one| {
            let slot = self.run.frames.slot(one.activation);
            slot.is_some_and(|slot| matches!(slot.phase, Phase::Out(_)))
        });
        let failing_again = |one: &Settlement| !matches!(one.settled, Settled::Opened { .. });
        let frames = &self.run.frames;
        let still_open =
            |one: &Settlement| frames.slot(one.activation).is_some_and(|slot| slot.phase == Phase::Open);
        let again: Vec<_> = again.into_iter().filter(|one| failing_again(one) && !still_open(one)).collect();
        self.run.settle(again, self.time()).unwrap();
        assert!(self.run.events().is_empty(), "a second settlement was heard");
        changed
    }

    fn outcome(&mut self, taken: Taken) -> Settled {
        match (taken.stage, self.asked.get(&taken.activation)) {
            (Stage::Compensate, _) if self.dice.once_in(3) => late(),
            (Stage::Compensate, _) => Settled::Succeeded(Choice::All),
            (_, Some(Ask::Stopped)) if !self.dice.once_in(4) => Settled::Cancelled,
            (_, Some(Ask::Timeout | Ask::Deadline)) if !self.dice.once_in(4) => {
                Settled::Failed(Failure { retryable: true, ..failure() })
            }
            (Stage::Run, _) => self.run_body(taken),
            (stage, _) => self.go_on(taken, stage),
        }
    }

    fn run_body(&mut self, taken: Taken) -> Settled {
        let (path, scope) = self.place(taken.activation);
        let scope = self.plan.scope(scope);
        if scope.rules(taken.body).body.is_some() {
            self.containers.insert(taken.activation, Opened { all_well: true, ..Opened::default() });
            return self.go_on(taken, Stage::Run);
        }
        match self.case.act(&path, taken.body, taken.attempt) {
            Act::Succeed => Settled::Succeeded(Choice::All),
            Act::Fail => Settled::Failed(failure()),
            Act::FailForNow => Settled::Failed(Failure { retryable: true, ..failure() }),
            Act::Choose(bits) => {
                let out = scope.out_edges(taken.activation.node()).iter().enumerate();
                let chosen = out
                    .filter(|&(at, &edge)| bits & (1 << at) != 0 && scope.edge(edge).kind != EdgeKind::Error);
                Settled::Succeeded(Choice::Positions(chosen.map(|(at, _)| at).collect()))
            }
        }
    }

    /// A container opens its next portion of frames, or ends.
    fn go_on(&mut self, taken: Taken, stage: Stage) -> Settled {
        let (path, scope) = self.place(taken.activation);
        let streams = self.case.streams(&path);
        let style = self.plan.scope(scope).rules(taken.body).style;
        let opened = self.containers.get_mut(&taken.activation).unwrap();
        // A loop opens its next frames when it is resumed, the others when they are fed.
        let feeds = streams && style != Style::Loop;
        let again = streams && opened.portions < 3 && (stage == Stage::Resume) != feeds;
        if stage == Stage::Resume && !again {
            return match opened.all_well || self.case.forgives(&path) {
                true => Settled::Succeeded(Choice::All),
                false => Settled::Failed(failure()),
            };
        }
        opened.portions += 1;
        let count = if opened.portions <= 3 { self.case.frames(&path, opened.count) } else { 0 };
        opened.count += count;
        Settled::Opened { count, more: feeds && opened.portions < 3 }
    }

    fn place(&mut self, activation: Activation) -> (String, usize) {
        let subject = self.run.subject(activation);
        let id = &self.plan.scope(subject.scope).node(activation.node()).id;
        let path =
            if subject.frame_path.is_empty() { id.clone() } else { format!("{}/{id}", subject.frame_path) };
        (path, subject.scope)
    }

    /// Reads events and ended frames.
    fn observe(&mut self) {
        for event in self.run.events() {
            assert_eq!(event.seq, self.seq, "a gap in the stream");
            assert_eq!(self.ends, 0, "something happened after the end");
            self.seq += 1;
            self.hear(&event);
        }
        for frame in self.run.ended_frames() {
            self.check_frame(frame.number);
            if let Some(opened) = frame.container.and_then(|one| self.containers.get_mut(&one)) {
                opened.all_well &= frame.outcome == Outcome::Succeeded;
            }
        }
    }

    fn hear(&mut self, event: &Event) {
        let Some(subject) = &event.subject else {
            self.ends += usize::from(matches!(event.what, What::RunEnded(..)));
            return;
        };
        let scope = self.plan.scope(subject.scope);
        let (frame, node) = (subject.activation.frame(), subject.activation.node());
        match &event.what {
            What::NodeSucceeded | What::NodeDegraded(None) => {
                self.settled.entry(frame).or_insert_with(|| vec![0; scope.len()])[node] += 1;
                let body = self.run.frames[frame].slots[node].body as usize;
                if scope.rules(body).compensate {
                    self.done.entry(frame).or_default().push(node);
                }
            }
            What::NodeDegraded(_) | What::NodeFailed(..) | What::NodeSkipped(_) | What::NodeCancelled => {
                self.settled.entry(frame).or_insert_with(|| vec![0; scope.len()])[node] += 1;
            }
            What::EdgeLive(edge) | What::EdgeDead(edge, _) => {
                self.resolved.entry(frame).or_insert_with(|| vec![0; scope.edge_count()])[*edge] += 1;
            }
            _ => {}
        }
    }

    /// In a frame that ended each activation settled once, each edge was resolved once, and what was to be
    /// undone was.
    fn check_frame(&mut self, number: u64) {
        let scope = self.plan.scope(self.run.frames[number].scope);
        let settled = self.settled.remove(&number).unwrap_or_default();
        let resolved = self.resolved.remove(&number).unwrap_or_default();
        assert_eq!((settled.len(), resolved.len()), (scope.len(), scope.edge_count()), "frame {number}");
        assert!(resolved.iter().all(|&times| times == 1), "frame {number}: {resolved:?}");
        let spares: HashSet<usize> =
            (0..scope.len()).filter(|&node| scope.node(node).id.starts_with("spare")).collect();
        for (node, &times) in settled.iter().enumerate() {
            assert!(times == 1 || (times == 0 && spares.contains(&node)), "frame {number}: {settled:?}");
            let activation = Activation::new(number, node);
            let state = self.run.state_of(activation).unwrap();
            assert!(state.is_settled(), "{activation:?} is {state:?}");
            if !spares.contains(&node) {
                let path = self.place(activation).0;
                self.states.insert(path, state);
            }
        }
        let undone = self.done.remove(&number).unwrap_or_default();
        let ending = self.run.frames[number].ending;
        assert!(ending == Outcome::Succeeded || undone.is_empty(), "frame {number}: {undone:?} not undone");
    }
}

fn failure() -> Failure {
    Failure { text: "broke".to_owned(), ..Failure::default() }
}

fn late() -> Settled {
    Settled::Failed(failure())
}
