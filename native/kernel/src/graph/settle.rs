//! How the host ends what it was handed.

use std::sync::Arc;

use super::activation::{Activation, Disposition, Stage};
use super::choice::{by_name, by_position};
use super::error::GraphError;
use super::frame::Phase;
use super::run::Run;
use crate::clock::Time;

/// Which data and control edges go live.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// All.
    #[default]
    All,
    /// Those with such a label or target.
    Names(Vec<String>),
    /// Those at these positions among the node's out-edges; error edges count, but cannot be chosen.
    Positions(Vec<usize>),
}

/// How an attempt failed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failure {
    /// The text of its error.
    pub text: String,
    /// Whether another attempt may help.
    pub retryable: bool,
    /// Seconds that the next attempt has to wait at least.
    pub retry_after: Option<f64>,
}

impl Failure {
    /// One that no other attempt can mend.
    pub(super) fn final_one(text: String) -> Failure {
        Failure { text, retryable: false, retry_after: None }
    }
}

/// What a stage of an activation came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// It produced an output.
    Succeeded(Choice),
    /// It failed.
    Failed(Failure),
    /// It was stopped.
    Cancelled,
    /// Frames of the container's body are to run before it goes on.
    Opened {
        /// How many.
        count: u64,
        /// Whether the list is not complete: the container will be asked for more.
        more: bool,
    },
}

/// The end of one stage of an activation.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    /// What ended.
    pub activation: Activation,
    /// How.
    pub settled: Settled,
}

impl Run {
    /// Ends stages, in the order given. One that has settled already, whose frame is forgotten or whose
    /// attempt is over is left as it is (an abandoned body that comes late). Returns what became of each
    /// failure since the last call, those that the kernel made included. If one of the settlements is
    /// unknown, has not started or opens what is no container, none is settled.
    pub fn settle(
        &mut self,
        settlements: Vec<Settlement>,
        now: Time,
    ) -> Result<Vec<Disposition>, GraphError> {
        settlements.iter().try_for_each(|one| self.check_settlement(one))?;
        self.forget_told_frames();
        for Settlement { activation, settled } in settlements {
            let phase = self.frames.slot(activation).map_or(Phase::Idle, |slot| slot.phase);
            match phase {
                Phase::Out(Stage::Compensate) => self.compensated(activation, settled, now),
                Phase::Out(stage) => {
                    if stage == Stage::Run {
                        self.release_permits(activation);
                    }
                    self.end_stage(activation, stage, settled, now);
                }
                Phase::Open if !matches!(settled, Settled::Opened { .. }) => {
                    self.close(activation, settled, now);
                }
                _ => continue,
            }
            self.follow(now);
        }
        self.timers.purge(&self.frames);
        Ok(std::mem::take(&mut self.dispositions))
    }

    fn check_settlement(&self, settlement: &Settlement) -> Result<(), GraphError> {
        let activation = settlement.activation;
        if !self.frames.was_opened(activation.frame()) {
            return Err(GraphError::UnknownFrame(activation.frame()));
        }
        let Some(frame) = self.frames.get(activation.frame()) else { return Ok(()) };
        let scope = self.plan.scope(frame.scope);
        scope.check_node(activation.node())?;
        let slot = &frame.slots[activation.node()];
        let id = || scope.node(activation.node()).id.clone();
        if slot.epoch == 0 && !slot.state.is_settled() {
            return Err(GraphError::NotStarted { id: id() });
        }
        if let (Settled::Opened { .. }, Phase::Out(stage)) = (&settlement.settled, slot.phase)
            && (stage == Stage::Compensate || scope.rules(slot.body as usize).body.is_none())
        {
            return Err(GraphError::NotContainer { id: id(), stage: stage.as_str() });
        }
        Ok(())
    }

    fn release_permits(&mut self, activation: Activation) {
        let frame = &self.frames[activation.frame()];
        let body = frame.slots[activation.node()].body as usize;
        self.admission.release(self.plan.scope(frame.scope).claim(body));
    }

    fn end_stage(&mut self, activation: Activation, stage: Stage, settled: Settled, now: Time) {
        match settled {
            Settled::Opened { count, more } => self.opened(activation, stage, count, more, now),
            Settled::Cancelled if stage == Stage::Feed && self.only_feed_was_stopped(activation) => {
                self.opened(activation, stage, 0, false, now);
            }
            settled if self.containers.contains_key(&activation.0) => self.close(activation, settled, now),
            settled => self.apply(activation, settled, now),
        }
    }

    /// Ends an activation that has no frames left.
    pub(super) fn apply(&mut self, activation: Activation, settled: Settled, now: Time) {
        let choice = match settled {
            Settled::Succeeded(choice) => choice,
            Settled::Failed(failure) => return self.fail(activation, failure, false, now),
            Settled::Cancelled | Settled::Opened { .. } => return self.end_cancelled(activation, now),
        };
        let plan = Arc::clone(&self.plan);
        let scope = plan.scope(self.frames[activation.frame()].scope);
        let chosen = match choice {
            Choice::All => return self.succeed(activation, None, now),
            Choice::Names(names) => by_name(scope, activation.node(), &names),
            Choice::Positions(positions) => by_position(scope, activation.node(), &positions),
        };
        match chosen {
            Ok(chosen) => self.succeed(activation, Some(chosen), now),
            Err(text) => self.fail(activation, Failure::final_one(text), true, now),
        }
    }
}
