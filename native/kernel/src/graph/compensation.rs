//! How a frame ends: what is ignored is cancelled, what is to be undone is undone, in reverse.

use std::sync::Arc;

use super::activation::{Activation, Disposition, Handled, Stage};
use super::events::What;
use super::frame::{Phase, Progress};
use super::rules::Rest;
use super::run::Run;
use super::settle::Settled;
use super::state::{DeadReason, Outcome, State};
use crate::clock::Time;

impl Run {
    /// Looks whether anything worth waiting for is left in a frame.
    pub(super) fn check_frame(&mut self, number: u64, now: Time) {
        let Some(frame) = self.frames.get(number).filter(|frame| frame.progress == Progress::Running) else {
            return;
        };
        if frame.unsettled > 0 {
            if frame.unsettled == frame.ignored {
                self.cancel_ignored(number, now);
            }
            return;
        }
        if frame.ending != Outcome::Succeeded {
            self.frames[number].progress = Progress::Compensating;
            self.compensate_next(number, now);
        } else {
            self.end_frame(number, now);
        }
    }

    fn cancel_ignored(&mut self, number: u64, now: Time) {
        self.frames[number].ignored = 0;
        for node in 0..self.frames[number].slots.len() {
            let activation = Activation::new(number, node);
            let slot = &mut self.frames[activation];
            if slot.rest == Some(Rest::Ignore) && !slot.state.is_settled() {
                slot.rest = Some(Rest::Cancel);
                self.stop_one(activation, true, now);
            }
        }
    }

    /// Hands out the next activation to undo; when there is none, the frame ends.
    fn compensate_next(&mut self, number: u64, now: Time) {
        match self.frames[number].done.pop() {
            Some(node) => {
                let activation = Activation::new(number, node as usize);
                self.frames[activation].phase = Phase::Queued(Stage::Compensate);
                self.handouts.push_back((activation, Stage::Compensate));
            }
            None => self.end_frame(number, now),
        }
    }

    /// One was undone, or could not be: the next follows.
    pub(super) fn compensated(&mut self, activation: Activation, settled: Settled, now: Time) {
        let error = match settled {
            Settled::Failed(failure) => Some(failure.text),
            Settled::Cancelled => Some("cancelled".to_owned()),
            Settled::Succeeded(_) | Settled::Opened { .. } => None,
        };
        self.frames[activation].phase = Phase::Idle;
        if error.is_some() {
            self.dispositions.push(Disposition { activation, handled: Handled::Failed, text: None });
        }
        self.tell(now, Some(activation), What::NodeCompensated(error));
        self.compensate_next(activation.frame(), now);
    }

    fn end_frame(&mut self, number: u64, now: Time) {
        let plan = Arc::clone(&self.plan);
        self.frames[number].progress = Progress::Ended;
        for &node in plan.scope(self.frames[number].scope).fallbacks() {
            let activation = Activation::new(number, node);
            let slot = &mut self.frames[activation];
            if slot.state == State::Pending {
                slot.state = State::Skipped(DeadReason::NotChosen);
                slot.settled = Some(now);
                self.tell(now, Some(activation), What::NodeSkipped(DeadReason::NotChosen));
            }
        }
        if number > 0 {
            self.ended_frames.push(number);
            self.leave_frame(number, now);
            return;
        }
        self.ended = true;
        let outcome = self.outcome();
        let reason = self.cancel_reason.take().filter(|_| outcome == Outcome::Cancelled);
        self.tell(now, None, What::RunEnded(outcome, reason));
    }

    /// How the root frame ended, or would end now.
    pub(super) fn outcome(&self) -> Outcome {
        let root = &self.frames[0];
        match root.ending {
            Outcome::Succeeded if root.degraded => Outcome::SucceededDegraded,
            ending => ending,
        }
    }
}
