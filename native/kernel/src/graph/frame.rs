//! Frames: one execution of a scope each, in flat vectors that are used again.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::{Index, IndexMut};
use std::sync::Arc;

use super::activation::{Activation, Ask, Stage};
use super::join::Join;
use super::rules::Rest;
use super::scope::Scope;
use super::state::{EdgeState, Outcome, State};
use crate::clock::Time;

/// Where an activation is, beyond its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Pending, ready or settled.
    Idle,
    /// Its delay runs.
    Delay,
    /// It waits for its next attempt.
    Backoff,
    /// It is to be handed out without a permit.
    Queued(Stage),
    /// The host has it.
    Out(Stage),
    /// A container whose frames run.
    Open,
    /// A container whose end is known, but whose frames have to end first.
    Closing,
}

/// One activation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub state: State,
    pub phase: Phase,
    pub join: Join,
    /// Node whose body runs.
    pub body: u32,
    /// Attempts of that body.
    pub attempt: u32,
    /// Attempts of its own body before a fallback took over.
    pub spent: u32,
    /// Attempts that were handed out, of any body; the time limit of an earlier one is void.
    pub epoch: u32,
    pub asked: Option<Ask>,
    /// Set when no join below needs it any more.
    pub rest: Option<Rest>,
    pub degraded: bool,
    pub started: Option<Time>,
    pub settled: Option<Time>,
    /// When the time of all attempts of the body is over.
    pub deadline: Option<Time>,
}

impl Slot {
    pub fn new(node: usize, join: Join) -> Slot {
        Slot {
            state: State::Pending,
            phase: Phase::Idle,
            join,
            body: node as u32,
            attempt: 0,
            spent: 0,
            epoch: 0,
            asked: None,
            rest: None,
            degraded: false,
            started: None,
            settled: None,
            deadline: None,
        }
    }

    /// Whether the host has it, or its frames, so that it can be asked to stop.
    pub fn is_busy(&self) -> bool {
        match self.phase {
            Phase::Out(stage) => stage != Stage::Compensate,
            Phase::Open | Phase::Closing => true,
            _ => false,
        }
    }
}

/// What may still begin in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Halt {
    /// Everything.
    Going,
    /// Nothing; bodies and delays that run may end.
    Draining,
    /// Nothing; bodies that run may end, and no time is waited for.
    Resting,
    /// Nothing; what runs is asked to stop.
    Stopped,
}

/// How far a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Running,
    /// All is settled; what is to be undone is undone.
    Compensating,
    Ended,
}

/// One execution of a scope.
#[derive(Debug)]
pub(super) struct Frame {
    pub number: u64,
    pub scope: usize,
    /// What opened it; None for the root.
    pub container: Option<Activation>,
    pub index: u64,
    /// Its position among the open frames of its container.
    pub position: usize,
    pub slots: Vec<Slot>,
    pub edges: Vec<EdgeState>,
    pub unsettled: usize,
    /// Unsettled ones that are not worth waiting for.
    pub ignored: usize,
    pub halt: Halt,
    pub progress: Progress,
    /// The first failure or cancellation decides how it ends.
    pub ending: Outcome,
    pub degraded: bool,
    /// Nodes to compensate, in order of completion.
    pub done: Vec<u32>,
    pub path: Option<Arc<str>>,
}

impl Frame {
    fn empty() -> Frame {
        Frame {
            number: 0,
            scope: 0,
            container: None,
            index: 0,
            position: 0,
            slots: Vec::new(),
            edges: Vec::new(),
            unsettled: 0,
            ignored: 0,
            halt: Halt::Going,
            progress: Progress::Running,
            ending: Outcome::Succeeded,
            degraded: false,
            done: Vec::new(),
            path: None,
        }
    }

    fn begin(&mut self, number: u64, scope_index: usize, scope: &Scope) {
        let (mut slots, mut edges, mut done) = (
            std::mem::take(&mut self.slots),
            std::mem::take(&mut self.edges),
            std::mem::take(&mut self.done),
        );
        slots.clear();
        slots.extend_from_slice(scope.blank());
        edges.clear();
        edges.resize(scope.edge_count(), EdgeState::Unresolved);
        done.clear();
        let unsettled = scope.len() - scope.fallbacks().len();
        *self = Frame { number, scope: scope_index, slots, edges, done, unsettled, ..Frame::empty() };
    }

    /// The activation of one of its nodes.
    pub fn activation(&self, node: usize) -> Activation {
        Activation::new(self.number, node)
    }
}

/// Frame and activation numbers are counted up, so that one multiplication spreads them well enough.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

/// A map by frame or activation number.
pub(super) type ByNumber<K, V> = HashMap<K, V, BuildHasherDefault<NumberHasher>>;

/// The frames of a run that are not forgotten. Indexing by the number of one that is panics: the kernel
/// asks only for frames it knows to be there.
#[derive(Debug, Default)]
pub(super) struct Frames {
    slab: Vec<Frame>,
    places: ByNumber<u64, usize>,
    /// Per scope, so that the vectors of a frame fit the next one at that place.
    vacant: Vec<Vec<usize>>,
    next: u64,
}

impl Frames {
    /// Opens a frame; the first one is the root, which is never forgotten.
    pub fn open(&mut self, scope_index: usize, scope: &Scope) -> u64 {
        let number = self.next;
        self.next += 1;
        if self.vacant.len() <= scope_index {
            self.vacant.resize_with(scope_index + 1, Vec::new);
        }
        let place = self.vacant[scope_index].pop().unwrap_or_else(|| {
            self.slab.push(Frame::empty());
            self.slab.len() - 1
        });
        self.slab[place].begin(number, scope_index, scope);
        if number > 0 {
            self.places.insert(number, place);
        }
        number
    }

    /// Forgets a frame.
    pub fn close(&mut self, number: u64) {
        if let Some(place) = self.places.remove(&number) {
            self.vacant[self.slab[place].scope].push(place);
        }
    }

    /// Whether a frame of that number was ever opened.
    pub fn was_opened(&self, number: u64) -> bool {
        number < self.next
    }

    pub fn get(&self, number: u64) -> Option<&Frame> {
        self.place(number).map(|place| &self.slab[place])
    }

    pub fn get_mut(&mut self, number: u64) -> Option<&mut Frame> {
        self.place(number).map(|place| &mut self.slab[place])
    }

    pub fn slot(&self, activation: Activation) -> Option<&Slot> {
        self.get(activation.frame()).and_then(|frame| frame.slots.get(activation.node()))
    }

    /// Numbers of the frames that are not forgotten, in order.
    pub fn numbers(&self) -> Vec<u64> {
        let mut numbers: Vec<u64> = self.places.keys().copied().collect();
        numbers.push(0);
        numbers.sort_unstable();
        numbers
    }

    fn place(&self, number: u64) -> Option<usize> {
        if number == 0 { Some(0) } else { self.places.get(&number).copied() }
    }
}

impl Index<u64> for Frames {
    type Output = Frame;

    fn index(&self, number: u64) -> &Frame {
        let place = if number == 0 { 0 } else { self.places[&number] };
        &self.slab[place]
    }
}

impl IndexMut<u64> for Frames {
    fn index_mut(&mut self, number: u64) -> &mut Frame {
        let place = if number == 0 { 0 } else { self.places[&number] };
        &mut self.slab[place]
    }
}

impl Index<Activation> for Frames {
    type Output = Slot;

    fn index(&self, activation: Activation) -> &Slot {
        &self[activation.frame()].slots[activation.node()]
    }
}

impl IndexMut<Activation> for Frames {
    fn index_mut(&mut self, activation: Activation) -> &mut Slot {
        &mut self[activation.frame()].slots[activation.node()]
    }
}
