//! One run of a plan: what is ready, what runs, what waits, and how it ended.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::activation::{Activation, Disposition, Stage, Taken};
use super::admission::{Admission, Entry};
use super::containers::Container;
use super::error::GraphError;
use super::events::{EventLog, What};
use super::frame::{ByNumber, Frames, Halt, Phase};
use super::plan::Plan;
use super::rules::seconds;
use super::scope::Scope;
use super::state::{Flow, OnError, State};
use super::timers::{Alarm, Timer, Timers};
use crate::clock::Time;

/// How many bodies may run at once.
#[derive(Clone, Debug)]
pub struct Limits {
    /// In the whole run; at least 1.
    pub run: usize,
    /// Per node type, each at least 1; a type that is not named has no limit of its own.
    pub kinds: HashMap<String, usize>,
    /// Per resource, likewise.
    pub resources: HashMap<String, usize>,
}

/// What a run is made with, apart from its plan.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many bodies may run at once.
    pub limits: Limits,
    /// What a failure that nobody handles does to its frame.
    pub on_error: OnError,
    /// No further attempt begins at or after this time. To end the run then is the host's affair.
    pub deadline: Option<Time>,
    /// Decides the waits between attempts.
    pub seed: u64,
    /// Whether [`Run::events`] will be called.
    pub record_events: bool,
}

/// The state machine of one run. Every method that lets time pass takes `now`.
#[derive(Debug)]
pub struct Run {
    pub(super) plan: Arc<Plan>,
    pub(super) on_error: OnError,
    pub(super) deadline: Option<Time>,
    pub(super) seed: u64,
    pub(super) frames: Frames,
    pub(super) containers: ByNumber<u64, Container>,
    pub(super) admission: Admission,
    pub(super) timers: Timers,
    pub(super) log: EventLog,
    /// Nodes that the kernel runs by itself and that are ready; they need no permit.
    pub(super) own: VecDeque<Activation>,
    /// What is handed out without a permit.
    pub(super) handouts: VecDeque<(Activation, Stage)>,
    /// Settled ones whose out-edges are resolved next, one hop at a time.
    pub(super) hops: VecDeque<(Activation, Flow)>,
    /// Frames of which something is to be stopped.
    pub(super) halts: VecDeque<(u64, Halt)>,
    /// Joins that need their open branches no more.
    pub(super) decided: VecDeque<Activation>,
    /// Frames in which nothing worth waiting for may be left.
    pub(super) checks: VecDeque<u64>,
    /// Frames that ended, to be told.
    pub(super) ended_frames: Vec<u64>,
    /// Frames that were told, to be forgotten.
    pub(super) told_frames: Vec<u64>,
    pub(super) dispositions: Vec<Disposition>,
    pub(super) asked: Vec<Activation>,
    pub(super) cancel_reason: Option<String>,
    pub(super) ended: bool,
    started: bool,
    /// Hops, and edges that were looked at; tests count what a settlement costs.
    #[cfg(test)]
    pub(super) steps: usize,
}

impl Run {
    /// A run that has not started.
    pub fn new(plan: Arc<Plan>, options: &Options) -> Result<Run, GraphError> {
        let limits = &options.limits;
        check_limits(limits)?;
        let of = |limits: &HashMap<String, usize>, name| limits.get(name).copied().unwrap_or(usize::MAX);
        let kinds = plan.kinds().iter().map(|kind| of(&limits.kinds, kind));
        let resources = plan.resources().iter().map(|name| of(&limits.resources, name));
        let mut frames = Frames::default();
        frames.open(0, plan.scope(0));
        Ok(Run {
            admission: Admission::new(limits.run, kinds, resources),
            plan,
            on_error: options.on_error,
            deadline: options.deadline,
            seed: options.seed,
            frames,
            containers: ByNumber::default(),
            timers: Timers::default(),
            log: EventLog::new(options.record_events),
            own: VecDeque::new(),
            handouts: VecDeque::new(),
            hops: VecDeque::new(),
            halts: VecDeque::new(),
            decided: VecDeque::new(),
            checks: VecDeque::new(),
            ended_frames: Vec::new(),
            told_frames: Vec::new(),
            dispositions: Vec::new(),
            asked: Vec::new(),
            cancel_reason: None,
            ended: false,
            started: false,
            #[cfg(test)]
            steps: 0,
        })
    }

    /// Makes the first nodes ready. Starting twice changes nothing.
    pub fn start(&mut self, now: Time) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        self.tell(now, None, What::RunStarted);
        self.enter_frame(0, now);
        self.follow(now);
    }

    /// All that starts now: what needs no permit first, then bodies in order of admission. Timers that
    /// are due fire inside, and nodes that need no host run.
    pub fn take(&mut self, now: Time) -> Vec<Taken> {
        self.forget_told_frames();
        let mut taken = Vec::new();
        loop {
            self.run_own(now);
            self.fire_timers(now);
            if !self.own.is_empty() {
                continue;
            }
            self.admit(&mut taken, now);
            if self.own.is_empty() {
                break;
            }
        }
        let handouts = std::mem::take(&mut self.handouts);
        let handed =
            handouts.into_iter().filter_map(|(activation, stage)| self.hand_out(activation, stage, now));
        let mut handed: Vec<Taken> = handed.collect();
        self.timers.purge(&self.frames);
        handed.append(&mut taken);
        handed
    }

    /// Frames that were told as ended have no further use.
    pub(super) fn forget_told_frames(&mut self) {
        for number in std::mem::take(&mut self.told_frames) {
            self.frames.close(number);
        }
    }

    /// Makes the nodes of a new frame ready that wait for no other.
    pub(super) fn enter_frame(&mut self, frame: u64, now: Time) {
        let plan = Arc::clone(&self.plan);
        let scope = plan.scope(self.frames[frame].scope);
        for &node in scope.sources() {
            self.make_ready(scope, Activation::new(frame, node), now);
        }
        if self.frames[frame].unsettled == 0 {
            self.checks.push_back(frame);
        }
    }

    pub(super) fn make_ready(&mut self, scope: &Scope, activation: Activation, now: Time) {
        let slot = &mut self.frames[activation];
        slot.state = State::Ready;
        slot.phase = Phase::Idle;
        let body = slot.body as usize;
        self.tell(now, Some(activation), What::NodeReady);
        if scope.rules(body).is_kernel_operation() {
            self.own.push_back(activation);
        } else {
            let rank = scope.rank(activation.node());
            let claim = Some(scope.claim(body));
            self.admission.push(Entry { rank, opening: false, activation, claim });
        }
    }

    fn admit(&mut self, taken: &mut Vec<Taken>, now: Time) {
        loop {
            let (plan, frames, containers) = (&self.plan, &self.frames, &self.containers);
            let valid = |entry: &Entry| {
                let activation = entry.activation;
                if entry.opening {
                    return containers.contains_key(&activation.0);
                }
                // The claim tells apart what an earlier body left in the queue when its deadline passed.
                frames.slot(activation).is_some_and(|slot| {
                    let scope = plan.scope(frames[activation.frame()].scope);
                    slot.state == State::Ready && entry.claim == Some(scope.claim(slot.body as usize))
                })
            };
            let Some(entry) = self.admission.pop(valid) else { return };
            if entry.opening {
                self.open_next_frame(entry.activation, now);
                self.follow(now);
            } else {
                taken.push(self.begin(entry.activation, now));
            }
        }
    }

    /// Hands out a body for its next attempt.
    fn begin(&mut self, activation: Activation, now: Time) -> Taken {
        let slot = &mut self.frames[activation];
        slot.state = State::Running;
        slot.phase = Phase::Out(Stage::Run);
        slot.asked = None;
        slot.epoch += 1;
        let taken = self.begin_attempt(activation, now);
        self.set_limits(activation, taken.body, now);
        taken
    }

    fn begin_attempt(&mut self, activation: Activation, now: Time) -> Taken {
        let slot = &mut self.frames[activation];
        slot.attempt += 1;
        slot.started.get_or_insert(now);
        let (body, attempt) = (slot.body as usize, slot.attempt);
        let instead = (body != activation.node()).then_some(body);
        if let Some(body) = instead {
            let fallback = &mut self.frames[activation.frame()].slots[body];
            fallback.state = State::Running;
            fallback.attempt = attempt;
            fallback.started.get_or_insert(now);
        }
        self.tell(now, Some(activation), What::NodeStarted(instead));
        Taken { activation, body, stage: Stage::Run, attempt }
    }

    /// Starts the timers of an attempt, and with the first one that of all.
    fn set_limits(&mut self, activation: Activation, body: usize, now: Time) {
        let plan = Arc::clone(&self.plan);
        let rules = plan.scope(self.frames[activation.frame()].scope).rules(body);
        if let Some(timeout) = rules.timeout {
            let alarm = Alarm::Timeout(self.frames[activation].epoch);
            let due = now + seconds(timeout);
            self.timers.push(Timer { due, activation, alarm }, &self.frames);
        }
        if let Some(deadline) = rules.deadline
            && self.frames[activation].deadline.is_none()
        {
            let due = now + seconds(deadline);
            self.frames[activation].deadline = Some(due);
            self.timers.push(Timer { due, activation, alarm: Alarm::Deadline }, &self.frames);
        }
    }

    fn hand_out(&mut self, activation: Activation, stage: Stage, now: Time) -> Option<Taken> {
        let slot = self.frames.get_mut(activation.frame())?.slots.get_mut(activation.node())?;
        if slot.phase != Phase::Queued(stage) {
            return None;
        }
        slot.phase = Phase::Out(stage);
        let (body, attempt) = (slot.body as usize, slot.attempt);
        if stage == Stage::Compensate {
            self.tell(now, Some(activation), What::NodeCompensating);
        } else {
            slot.state = State::Running;
        }
        Some(Taken { activation, body, stage, attempt })
    }

    /// Runs what needs no host.
    fn run_own(&mut self, now: Time) {
        while let Some(activation) = self.own.pop_front() {
            if self.frames.slot(activation).is_none_or(|slot| slot.state != State::Ready) {
                continue;
            }
            let plan = Arc::clone(&self.plan);
            let body = self.begin_attempt(activation, now).body;
            match plan.scope(self.frames[activation.frame()].scope).rules(body).delay() {
                Some(delay) => {
                    let slot = &mut self.frames[activation];
                    (slot.state, slot.phase) = (State::Waiting, Phase::Delay);
                    self.timers
                        .push(Timer { due: now + delay, activation, alarm: Alarm::Delay }, &self.frames);
                    self.tell(now, Some(activation), What::TimerStarted(delay));
                }
                None => {
                    self.succeed(activation, None, now);
                    self.follow(now);
                }
            }
        }
    }

    fn fire_timers(&mut self, now: Time) {
        while let Some(Timer { activation, alarm, .. }) = self.timers.pop_due(now, &self.frames) {
            match alarm {
                Alarm::Delay => {
                    self.tell(now, Some(activation), What::TimerFired);
                    self.succeed(activation, None, now);
                }
                Alarm::Backoff => {
                    let plan = Arc::clone(&self.plan);
                    let scope = plan.scope(self.frames[activation.frame()].scope);
                    self.make_ready(scope, activation, now);
                }
                Alarm::Timeout(_) => self.expire(activation, super::activation::Ask::Timeout, now),
                Alarm::Deadline => self.expire(activation, super::activation::Ask::Deadline, now),
            }
            self.follow(now);
        }
    }

    /// Logs something, if anybody will read it.
    pub(super) fn tell(&mut self, now: Time, activation: Option<Activation>, what: What) {
        if self.log.on {
            let subject = activation.map(|activation| self.subject(activation));
            self.log.push(now, subject, what);
        }
    }
}

fn check_limits(limits: &Limits) -> Result<(), GraphError> {
    if limits.run == 0 {
        return Err(GraphError::Limit { field: "max_concurrency", subject: "run".to_owned(), got: 0 });
    }
    for (field, limits) in [("type_limits", &limits.kinds), ("resource_limits", &limits.resources)] {
        if let Some(name) = limits.iter().filter(|(_, limit)| **limit == 0).map(|(name, _)| name).min() {
            return Err(GraphError::Limit { field, subject: name.clone(), got: 0 });
        }
    }
    Ok(())
}
