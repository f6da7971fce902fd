//! What the host may ask about a run.

use std::sync::Arc;

use super::activation::{Activation, ActivationReport};
use super::error::GraphError;
use super::events::Event;
use super::frame::{Frame, Slot};
use super::plan::Plan;
use super::run::Run;
use super::state::{DeadReason, EdgeState, Outcome, State};
use crate::clock::Time;

/// A frame, as the host sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameReport {
    /// Its number.
    pub number: u64,
    /// What opened it; None for the root.
    pub container: Option<Activation>,
    /// How many frames that attempt of the container opened before it.
    pub index: u64,
    /// The scope it executes.
    pub scope: usize,
    /// How it ended; while it runs, how it would end now.
    pub outcome: Outcome,
}

impl FrameReport {
    fn of(frame: &Frame) -> FrameReport {
        let Frame { number, container, index, scope, ending, .. } = *frame;
        FrameReport { number, container, index, scope, outcome: ending }
    }
}

impl Run {
    /// Frames that ended since the last call, in the order they did. Each can be asked about until the
    /// next `take` or `settle` after it was told here.
    pub fn ended_frames(&mut self) -> Vec<FrameReport> {
        let ended = std::mem::take(&mut self.ended_frames);
        self.told_frames.extend(&ended);
        ended.into_iter().map(|number| FrameReport::of(&self.frames[number])).collect()
    }

    /// A frame and its path.
    pub fn frame(&mut self, number: u64) -> Result<(FrameReport, Arc<str>), GraphError> {
        let frame = self.frames.get(number).ok_or(GraphError::UnknownFrame(number))?;
        let report = FrameReport::of(frame);
        Ok((report, self.frame_path(number)))
    }

    /// When `take` should be called again although nothing settled.
    pub fn next_timer(&self) -> Option<Time> {
        self.timers.next()
    }

    /// How the run ended; None while anything is unsettled or to be undone.
    pub fn status(&self) -> Option<Outcome> {
        self.ended.then(|| self.outcome())
    }

    /// In-edges of an activation that are live, in order of declaration. What came after its join had
    /// decided is left out.
    pub fn live_edges(&self, activation: Activation) -> Result<Vec<usize>, GraphError> {
        let live = self.in_edges(activation)?.filter(|(_, state)| *state == EdgeState::Live);
        Ok(live.map(|(edge, _)| edge).collect())
    }

    /// All in-edges of an activation and what became of them.
    pub fn in_edges(
        &self,
        activation: Activation,
    ) -> Result<impl Iterator<Item = (usize, EdgeState)> + '_, GraphError> {
        let (frame, _) = self.slot(activation)?;
        let edges = self.plan.scope(frame.scope).in_edges(activation.node());
        Ok(edges.iter().map(|&edge| (edge, frame.edges[edge])))
    }

    /// The state of one activation.
    pub fn state_of(&self, activation: Activation) -> Result<State, GraphError> {
        let (frame, slot) = self.slot(activation)?;
        Ok(self.reported(frame, activation.node(), slot))
    }

    /// Where each node of the root frame stands, in order of declaration.
    pub fn reports(&self) -> impl ExactSizeIterator<Item = ActivationReport> + '_ {
        let root = &self.frames[0];
        root.slots.iter().enumerate().map(|(node, slot)| ActivationReport {
            state: self.reported(root, node, slot),
            started: slot.started,
            settled: slot.settled,
            attempts: if slot.body as usize == node { slot.attempt } else { slot.spent },
        })
    }

    /// The events since the last call.
    pub fn events(&mut self) -> Vec<Event> {
        self.log.drain()
    }

    /// Reserves the next event number for an event of the host.
    pub fn take_seq(&mut self) -> u64 {
        self.log.take_seq()
    }

    /// The plan of this run.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    fn slot(&self, activation: Activation) -> Result<(&Frame, &Slot), GraphError> {
        let frame =
            self.frames.get(activation.frame()).ok_or(GraphError::UnknownFrame(activation.frame()))?;
        self.plan.scope(frame.scope).check_node(activation.node())?;
        Ok((frame, &frame.slots[activation.node()]))
    }

    /// A fallback node waits for nothing, so it counts as skipped until it takes over.
    fn reported(&self, frame: &Frame, node: usize, slot: &Slot) -> State {
        let fallbacks = self.plan.scope(frame.scope).fallbacks();
        match slot.state {
            State::Pending if fallbacks.binary_search(&node).is_ok() => State::Skipped(DeadReason::NotChosen),
            state => state,
        }
    }
}
