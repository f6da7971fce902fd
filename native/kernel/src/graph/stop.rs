//! Stopping, scope by scope: nothing new begins, what runs is asked to end or may end.

use super::activation::{Activation, Ask, Stage};
use super::frame::{Halt, Phase};
use super::run::Run;
use super::settle::Settled;
use super::state::{Outcome, State};
use crate::clock::Time;

impl Run {
    /// Stops the run: what is ready or waits is cancelled, and what depends on it is skipped, in every
    /// frame. Returns what still runs. The first reason is kept; a run that ended stays as it is, and so
    /// does one whose root frame is already undoing what it did.
    pub fn cancel(&mut self, reason: &str, now: Time) -> Vec<Activation> {
        self.start(now);
        if self.ended {
            return Vec::new();
        }
        let root = &mut self.frames[0];
        if root.unsettled > 0 {
            if root.ending == Outcome::Succeeded {
                root.ending = Outcome::Cancelled;
                self.cancel_reason.get_or_insert_with(|| reason.to_owned());
            }
            self.halt(0, Halt::Stopped);
            self.follow(now);
            self.timers.purge(&self.frames);
        }
        self.asked.clear();
        self.running()
    }

    /// Ends the run without breaking off what runs: no body begins in any frame, and what is ready or waits
    /// for a time is cancelled. If nothing is left undone, the run ends as it would have.
    pub fn drain(&mut self, reason: &str, now: Time) {
        self.start(now);
        let root = &self.frames[0];
        if self.ended || root.unsettled == 0 {
            return;
        }
        if root.ending == Outcome::Succeeded {
            self.cancel_reason.get_or_insert_with(|| reason.to_owned());
        }
        self.halt(0, Halt::Resting);
        self.follow(now);
        self.timers.purge(&self.frames);
    }

    /// Activations that the host is to stop, each told once, with the reason.
    pub fn take_to_cancel(&mut self) -> Vec<(Activation, Ask)> {
        let asked = std::mem::take(&mut self.asked).into_iter();
        let told = asked.filter_map(|activation| {
            let slot = self.frames.slot(activation).filter(|slot| slot.is_busy())?;
            slot.asked.map(|ask| (activation, ask))
        });
        told.collect()
    }

    fn running(&self) -> Vec<Activation> {
        let mut running = Vec::new();
        for number in self.frames.numbers() {
            let frame = &self.frames[number];
            let busy = frame.slots.iter().enumerate().filter(|(_, slot)| slot.is_busy());
            running.extend(busy.map(|(node, _)| frame.activation(node)));
        }
        running
    }

    /// Lets nothing new begin in a frame; the sweep through it follows.
    pub(super) fn halt(&mut self, frame: u64, halt: Halt) {
        if self.frames[frame].halt < halt {
            self.frames[frame].halt = halt;
            self.halts.push_back((frame, halt));
        }
    }

    /// Stops what a halted frame has begun.
    pub(super) fn sweep(&mut self, number: u64, halt: Halt, now: Time) {
        let nodes = self.frames.get(number).map_or(0, |frame| frame.slots.len());
        for node in 0..nodes {
            let activation = Activation::new(number, node);
            let slot = &self.frames[activation];
            match (slot.phase, halt) {
                _ if slot.state.is_settled() => {}
                (_, Halt::Stopped) => self.stop_one(activation, false, now),
                (Phase::Idle, _) if slot.state == State::Ready => self.end_cancelled(activation, now),
                (Phase::Backoff, _) | (Phase::Delay, Halt::Resting) => self.end_cancelled(activation, now),
                (Phase::Open | Phase::Queued(Stage::Feed) | Phase::Out(Stage::Feed), _) => {
                    self.drain_frames(activation, halt, now);
                }
                _ => {}
            }
        }
    }

    /// Cancels what the host does not have, and asks the host to stop the rest. What is pending waits for
    /// its edges, unless nobody needs it any more.
    pub(super) fn stop_one(&mut self, activation: Activation, even_pending: bool, now: Time) {
        let slot = self.frames[activation];
        match slot.phase {
            Phase::Idle if slot.state == State::Ready => self.end_cancelled(activation, now),
            Phase::Idle if slot.state == State::Pending && even_pending => {
                self.end_cancelled(activation, now)
            }
            Phase::Backoff | Phase::Delay => self.end_cancelled(activation, now),
            Phase::Out(_) => {
                self.ask(activation, Ask::Stopped);
                self.stop_frames(activation);
            }
            Phase::Open | Phase::Queued(_) => {
                self.ask(activation, Ask::Stopped);
                self.close(activation, Settled::Cancelled, now);
            }
            Phase::Idle | Phase::Closing => {}
        }
    }

    /// Tells the host to stop something, once per attempt.
    pub(super) fn ask(&mut self, activation: Activation, ask: Ask) {
        let slot = &mut self.frames[activation];
        if slot.asked.is_none() {
            slot.asked = Some(ask);
            self.asked.push(activation);
        }
    }
}
