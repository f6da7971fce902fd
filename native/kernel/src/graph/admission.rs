//! Who may start: permits of the run, of each node type and of each resource, handed out by rank.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::activation::Activation;
use super::plan::Claim;

/// Entries in order of rank, then of activation.
type Queue = BinaryHeap<Reverse<Entry>>;

/// Something that waits for permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub rank: u32,
    /// A container that waits to open one more frame: it needs free permits for what starts there, but
    /// takes none itself.
    pub opening: bool,
    pub activation: Activation,
    pub claim: Option<Claim>,
}

#[derive(Debug)]
struct Limit {
    free: usize,
    /// Entries that were tried while no permit was free. Each permit that comes back returns one of them
    /// to the queue, so a full limit costs nothing to the others.
    parked: Queue,
}

impl Limit {
    fn new(free: usize) -> Limit {
        Limit { free, parked: Queue::new() }
    }
}

/// The queue in front of a run. For each limit either nothing is parked, or at least as many entries that
/// claim it are in the queue as it has free permits: so nothing is parked for ever.
#[derive(Debug)]
pub(super) struct Admission {
    free: usize,
    kinds: Vec<Limit>,
    resources: Vec<Limit>,
    queue: Queue,
}

impl Admission {
    pub fn new(
        run_limit: usize,
        kinds: impl Iterator<Item = usize>,
        resources: impl Iterator<Item = usize>,
    ) -> Self {
        Admission {
            free: run_limit,
            kinds: kinds.map(Limit::new).collect(),
            resources: resources.map(Limit::new).collect(),
            queue: Queue::new(),
        }
    }

    pub fn push(&mut self, entry: Entry) {
        self.queue.push(Reverse(entry));
    }

    /// The next valid entry for which every permit is free; unless it opens a frame it holds them until
    /// `release`. Entries that became void since they were pushed are dropped.
    pub fn pop(&mut self, mut valid: impl FnMut(&Entry) -> bool) -> Option<Entry> {
        while self.free > 0 {
            let Reverse(entry) = self.queue.pop()?;
            let admitted = valid(&entry) && self.try_admit(entry);
            if admitted && !entry.opening {
                return Some(entry);
            }
            if let Some(claim) = entry.claim {
                self.unpark(claim);
            }
            if admitted {
                return Some(entry);
            }
        }
        None
    }

    /// Gives back what `pop` took.
    pub fn release(&mut self, claim: Claim) {
        self.free += 1;
        self.kinds[claim.kind as usize].free += 1;
        if let Some(resource) = claim.resource {
            self.resources[resource as usize].free += 1;
        }
        self.unpark(claim);
    }

    /// Takes the permits, or parks the entry where one is missing.
    fn try_admit(&mut self, entry: Entry) -> bool {
        let Some(claim) = entry.claim else { return true };
        let kind = &mut self.kinds[claim.kind as usize];
        if kind.free == 0 {
            kind.parked.push(Reverse(entry));
            return false;
        }
        let mut resource = claim.resource.map(|resource| &mut self.resources[resource as usize]);
        if let Some(full) = resource.as_mut().filter(|resource| resource.free == 0) {
            full.parked.push(Reverse(entry));
            return false;
        }
        if !entry.opening {
            self.free -= 1;
            kind.free -= 1;
            if let Some(resource) = resource {
                resource.free -= 1;
            }
        }
        true
    }

    /// An entry that claims these limits left the queue without a permit, or a permit came back.
    fn unpark(&mut self, claim: Claim) {
        let kind = &mut self.kinds[claim.kind as usize];
        if kind.free > 0 {
            self.queue.extend(kind.parked.pop());
        }
        if let Some(resource) = claim.resource.map(|resource| &mut self.resources[resource as usize])
            && resource.free > 0
        {
            self.queue.extend(resource.parked.pop());
        }
    }

    /// Permits of the run that are free.
    #[cfg(test)]
    pub fn free(&self) -> usize {
        self.free
    }
}
