//! What will happen at a time: delays, back-offs, and the ends of attempts.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::activation::Activation;
use super::frame::{Frames, Phase};
use crate::clock::Time;

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    /// A delay is over.
    Delay,
    /// The next attempt may begin.
    Backoff,
    /// The time of the attempt with this epoch is over.
    Timeout(u32),
    /// The time of all attempts is over.
    Deadline,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timer {
    pub due: Time,
    pub activation: Activation,
    pub alarm: Alarm,
}

impl Timer {
    /// Whether what it waits for is still to come; a settled activation leaves its timers behind.
    fn is_valid(&self, frames: &Frames) -> bool {
        let Some(slot) = frames.slot(self.activation) else { return false };
        match self.alarm {
            Alarm::Delay => slot.phase == Phase::Delay,
            Alarm::Backoff => slot.phase == Phase::Backoff,
            Alarm::Timeout(epoch) => slot.epoch == epoch && slot.is_busy() && slot.asked.is_none(),
            Alarm::Deadline => slot.deadline == Some(self.due),
        }
    }
}

/// A heap in which void timers stay until they surface, or until they are the greater part.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<Timer>>,
    sweep_at: usize,
}

/// A heap smaller than this is not worth sweeping.
const SWEEP_FROM: usize = 256;

impl Timers {
    pub fn push(&mut self, timer: Timer, frames: &Frames) {
        if self.heap.len() >= self.sweep_at.max(SWEEP_FROM) {
            self.heap.retain(|Reverse(timer)| timer.is_valid(frames));
            self.sweep_at = self.heap.len() * 2;
        }
        self.heap.push(Reverse(timer));
    }

    /// When the next one is due.
    pub fn next(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse(timer)| timer.due)
    }

    /// Takes the next one that is due.
    pub fn pop_due(&mut self, now: Time, frames: &Frames) -> Option<Timer> {
        self.purge(frames);
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|Reverse(timer)| timer)
    }

    /// Drops void timers from the top, so that `next` tells the truth.
    pub fn purge(&mut self, frames: &Frames) {
        while self.heap.peek().is_some_and(|Reverse(timer)| !timer.is_valid(frames)) {
            self.heap.pop();
        }
    }
}
