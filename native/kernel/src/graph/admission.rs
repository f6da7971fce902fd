//! Who may start: permits of the run and of each node type, handed out by rank.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::run::Activation;

/// Ready activations in order of rank, then of activation.
type Queue = BinaryHeap<Reverse<Entry>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    rank: usize,
    activation: Activation,
    kind: usize,
}

#[derive(Debug)]
struct Kind {
    free: usize,
    /// Entries that were tried while no permit of the type was free. Each permit that comes back
    /// returns one of them to the queue, so a full type costs nothing to the others.
    parked: Queue,
}

/// The queue in front of a run.
#[derive(Debug)]
pub(super) struct Admission {
    free: usize,
    kinds: Vec<Kind>,
    queue: Queue,
}

impl Admission {
    pub fn new(run_limit: usize, kind_limits: impl Iterator<Item = usize>) -> Self {
        let kinds = kind_limits.map(|free| Kind { free, parked: Queue::new() }).collect();
        Admission { free: run_limit, kinds, queue: Queue::new() }
    }

    pub fn push(&mut self, rank: usize, activation: Activation, kind: usize) {
        self.queue.push(Reverse(Entry { rank, activation, kind }));
    }

    /// The next activation for which both permits are free; it holds them until `release`.
    pub fn pop(&mut self) -> Option<Activation> {
        while self.free > 0 {
            let Reverse(entry) = self.queue.pop()?;
            let kind = &mut self.kinds[entry.kind];
            if kind.free == 0 {
                kind.parked.push(Reverse(entry));
                continue;
            }
            kind.free -= 1;
            self.free -= 1;
            return Some(entry.activation);
        }
        None
    }

    /// Gives back what `pop` took for an activation of this kind.
    pub fn release(&mut self, kind: usize) {
        let kind = &mut self.kinds[kind];
        kind.free += 1;
        self.free += 1;
        self.queue.extend(kind.parked.pop());
    }

    /// Empties the queue, in order of rank.
    pub fn drain(&mut self) -> Vec<Activation> {
        let mut entries: Vec<Entry> = self.queue.drain().map(|Reverse(entry)| entry).collect();
        for kind in &mut self.kinds {
            entries.extend(kind.parked.drain().map(|Reverse(entry)| entry));
        }
        entries.sort_unstable();
        entries.into_iter().map(|entry| entry.activation).collect()
    }
}
