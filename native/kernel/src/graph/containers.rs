//! Containers: nodes whose body is a scope, run in as many frames as the host asks for.

use std::sync::Arc;

use super::activation::{Activation, Ask, Stage};
use super::admission::Entry;
use super::events::What;
use super::frame::{Halt, Phase, Progress};
use super::rules::Style;
use super::run::Run;
use super::settle::Settled;
use super::state::{Outcome, State};
use crate::clock::Time;

/// The frames of one activation of a container; there from the first `opened` until it settles.
#[derive(Debug, Default)]
pub(super) struct Container {
    /// Frames that are still to be opened.
    pub backlog: u64,
    /// Whether the host will be asked for more.
    pub more: bool,
    /// Frames opened so far in this attempt.
    opened: u64,
    /// Numbers of the frames that are open.
    pub frames: Vec<u64>,
    /// An entry waits in the admission queue; at most one does.
    queued: bool,
    /// A frame failed and its siblings are not to go on.
    halted: bool,
    /// Frames were given up because the outer frame drains.
    cut: bool,
    /// Something in its frames failed, and the container went on.
    pub degraded: bool,
    /// How it ends when its frames have.
    pending: Option<Settled>,
}

impl Container {
    /// Begins a new attempt; the entry in the queue stays its own.
    pub fn reset(&mut self) {
        *self = Container { queued: self.queued, ..Container::default() };
    }

    /// Opens nothing more.
    fn give_up(&mut self) {
        self.cut |= self.backlog > 0 || self.more;
        (self.backlog, self.more) = (0, false);
    }
}

impl Run {
    /// The host asks for frames. In a frame that ends, and for a container that was to stop, none open.
    pub(super) fn opened(&mut self, activation: Activation, stage: Stage, count: u64, more: bool, now: Time) {
        let halt = self.frames[activation.frame()].halt;
        let asked = self.frames[activation].asked;
        let container = self.containers.entry(activation.0).or_default();
        if stage != Stage::Feed {
            (container.halted, container.cut) = (false, false);
        }
        let in_vain = halt != Halt::Going || container.halted || asked.is_some();
        (container.backlog, container.more) = (container.backlog.saturating_add(count), more);
        if in_vain {
            container.give_up();
        }
        let slot = &mut self.frames[activation];
        (slot.state, slot.phase) = (State::Waiting, Phase::Open);
        let stopped = asked == Some(Ask::Stopped) && !self.only_feed_was_stopped(activation);
        if stopped || (halt != Halt::Going && stage != Stage::Feed) {
            return self.close(activation, Settled::Cancelled, now);
        }
        if stage != Stage::Feed && self.style(activation) == Style::Map {
            self.tell(now, Some(activation), What::MapStarted(count, more));
        }
        self.advance(activation, now);
    }

    /// Whether it was asked to stop only because no more frames are wanted.
    pub(super) fn only_feed_was_stopped(&self, activation: Activation) -> bool {
        let halted = self.containers.get(&activation.0).is_some_and(|container| container.halted);
        let going = self.frames[activation.frame()].halt == Halt::Going;
        halted && going && self.frames[activation].rest.is_none()
    }

    /// Moves a container on: to its next frame, to its next feed, to its end.
    fn advance(&mut self, activation: Activation, now: Time) {
        let slot = self.frames[activation];
        if !matches!(slot.phase, Phase::Open | Phase::Closing | Phase::Queued(_) | Phase::Out(_)) {
            return;
        }
        let draining = self.frames[activation.frame()].halt != Halt::Going;
        let Some(container) = self.containers.get_mut(&activation.0) else { return };
        let idle = container.frames.is_empty() && container.backlog == 0;
        match slot.phase {
            Phase::Closing if idle => {
                if let Some(settled) = container.pending.take() {
                    self.apply(activation, settled, now);
                }
            }
            Phase::Open if idle && !container.more => {
                if matches!(slot.asked, Some(Ask::Timeout | Ask::Deadline)) {
                    return; // the host was asked to end it
                }
                if draining && container.cut {
                    return self.end_cancelled(activation, now);
                }
                let opened = container.opened;
                if self.style(activation) == Style::Map {
                    self.tell(now, Some(activation), What::MapCompleted(opened));
                }
                self.queue(activation, Stage::Resume);
            }
            _ => self.want_frames(activation),
        }
    }

    fn queue(&mut self, activation: Activation, stage: Stage) {
        self.frames[activation].phase = Phase::Queued(stage);
        self.frames[activation].asked = None;
        self.handouts.push_back((activation, stage));
    }

    /// Queues for the next frame, and asks the host for more of them, as far as there is room.
    fn want_frames(&mut self, activation: Activation) {
        let plan = Arc::clone(&self.plan);
        let slot = self.frames[activation];
        let rules = plan.scope(self.frames[activation.frame()].scope).rules(slot.body as usize);
        let Some((container, body)) = self.containers.get_mut(&activation.0).zip(rules.body) else { return };
        let open = container.frames.len();
        if container.backlog > 0 && open < rules.max_concurrency.unwrap_or(usize::MAX) && !container.queued {
            container.queued = true;
            let scope = plan.scope(body);
            let (rank, claim) = (scope.opening_rank(), scope.opening_claim());
            self.admission.push(Entry { rank, opening: true, activation, claim });
        }
        let wanted = rules.max_concurrency.unwrap_or(1) as u64;
        if container.more && slot.phase == Phase::Open && open as u64 + container.backlog < wanted {
            self.queue(activation, Stage::Feed);
        }
    }

    /// The admission queue says that there is room for what starts in one more frame.
    pub(super) fn open_next_frame(&mut self, activation: Activation, now: Time) {
        let plan = Arc::clone(&self.plan);
        let body = self.frames[activation].body as usize;
        let rules = plan.scope(self.frames[activation.frame()].scope).rules(body);
        let Some((container, scope)) = self.containers.get_mut(&activation.0).zip(rules.body) else { return };
        container.queued = false;
        if container.backlog == 0 || container.frames.len() >= rules.max_concurrency.unwrap_or(usize::MAX) {
            return;
        }
        let number = self.frames.open(scope, plan.scope(scope));
        let frame = &mut self.frames[number];
        frame.container = Some(activation);
        frame.index = container.opened;
        frame.position = container.frames.len();
        container.frames.push(number);
        container.opened += 1;
        container.backlog -= 1;
        let iteration = container.opened;
        if rules.style == Style::Loop {
            self.tell(now, Some(activation), What::LoopIteration(iteration));
        }
        self.enter_frame(number, now);
        self.want_frames(activation);
    }

    /// A frame has ended: its container goes on.
    pub(super) fn leave_frame(&mut self, number: u64, now: Time) {
        let frame = &self.frames[number];
        let (Some(activation), position) = (frame.container, frame.position) else { return };
        let (outcome, index, degraded) = (frame.ending, frame.index, frame.degraded);
        let outer = &self.frames[activation.frame()];
        let rules = self.plan.scope(outer.scope).rules(outer.slots[activation.node()].body as usize);
        let (style, keep_going) = (rules.style, rules.keep_going);
        let draining = outer.halt != Halt::Going;
        let Some(container) = self.containers.get_mut(&activation.0) else { return };
        container.frames.swap_remove(position);
        let moved = container.frames.get(position).copied();
        container.degraded |= degraded || outcome != Outcome::Succeeded;
        let cut = draining && outcome == Outcome::Cancelled;
        container.cut |= cut;
        let halts = outcome != Outcome::Succeeded && !cut && !keep_going && !container.halted;
        container.halted |= halts;
        if let Some(moved) = moved {
            self.frames[moved].position = position;
        }
        if style == Style::Map {
            self.tell(now, Some(activation), What::MapItem(index, outcome));
        }
        if halts {
            self.stop_siblings(activation);
        }
        self.advance(activation, now);
    }

    fn stop_siblings(&mut self, activation: Activation) {
        self.stop_frames(activation);
        match self.frames[activation].phase {
            Phase::Out(Stage::Feed) => self.ask(activation, Ask::Stopped),
            Phase::Queued(Stage::Feed) => self.frames[activation].phase = Phase::Open,
            _ => {}
        }
    }

    /// Opens no more frames of a container, and stops those that are open.
    pub(super) fn stop_frames(&mut self, activation: Activation) {
        self.end_frames(activation, Halt::Stopped);
    }

    /// Opens no more frames of a container, and lets those that are open end what they began.
    pub(super) fn drain_frames(&mut self, activation: Activation, halt: Halt, now: Time) {
        self.end_frames(activation, halt);
        if self.frames[activation].phase == Phase::Queued(Stage::Feed) {
            self.frames[activation].phase = Phase::Open;
        }
        self.advance(activation, now);
    }

    fn end_frames(&mut self, activation: Activation, halt: Halt) {
        let Some(container) = self.containers.get_mut(&activation.0) else { return };
        container.give_up();
        let mut open = container.frames.clone();
        open.sort_unstable();
        for number in open {
            let frame = &mut self.frames[number];
            let stops = halt == Halt::Stopped && frame.progress == Progress::Running && frame.unsettled > 0;
            if stops && frame.ending == Outcome::Succeeded {
                frame.ending = Outcome::Cancelled;
            }
            self.halt(number, halt);
        }
    }

    /// Ends a container once its frames, which are stopped, have ended.
    pub(super) fn close(&mut self, activation: Activation, settled: Settled, now: Time) {
        self.stop_frames(activation);
        match self.containers.get_mut(&activation.0) {
            Some(container) if !container.frames.is_empty() => {
                container.pending = Some(settled);
                let slot = &mut self.frames[activation];
                (slot.state, slot.phase) = (State::Waiting, Phase::Closing);
            }
            _ => self.apply(activation, settled, now),
        }
    }

    fn style(&self, activation: Activation) -> Style {
        let frame = &self.frames[activation.frame()];
        self.plan.scope(frame.scope).rules(frame.slots[activation.node()].body as usize).style
    }
}
