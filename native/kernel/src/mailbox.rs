//! Where completions wait for the host. Kernel threads push and signal a descriptor; they never wait
//! for the host, and the host takes everything that has arrived in one go.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::framing::Frame;
use crate::http::{CallId, Event};

mod wake;

const MAX_FRAMES: usize = 256;
const MAX_FRAME_BYTES: usize = 1 << 20;

/// Longest time [`Mailbox::wait`] blocks, so that signals of the host are served.
pub const MAX_WAIT: Duration = Duration::from_millis(100);

/// What a mailbox knows of one call: how much of it is undrained, and whether it is still wanted.
#[derive(Debug, Default)]
pub struct Outbox {
    id: CallId,
    frames: AtomicUsize,
    bytes: AtomicUsize,
    drained: Notify,
    void: AtomicBool,
}

impl Outbox {
    /// The outbox of call `id`.
    pub fn new(id: CallId) -> Self {
        Outbox { id, ..Outbox::default() }
    }

    /// The call.
    pub fn id(&self) -> CallId {
        self.id
    }

    /// Waits until the host has room for more frames of this call.
    pub async fn room(&self) {
        loop {
            let drained = self.drained.notified();
            if self.has_room() {
                return;
            }
            drained.await;
        }
    }

    /// Whether the host has room for more frames of this call.
    pub fn has_room(&self) -> bool {
        self.frames.load(Ordering::Acquire) < MAX_FRAMES
            && self.bytes.load(Ordering::Acquire) < MAX_FRAME_BYTES
    }

    fn fill(&self, frames: &[Frame]) {
        let bytes = frames.iter().map(|frame| frame.event.len() + frame.data.len()).sum();
        self.frames.fetch_add(frames.len(), Ordering::AcqRel);
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
    }

    fn empty(&self) {
        self.frames.store(0, Ordering::Release);
        self.bytes.store(0, Ordering::Release);
        self.drained.notify_one();
    }
}

#[derive(Debug, Default)]
struct Queue {
    events: Vec<(Arc<Outbox>, Event)>,
    /// Where in `events` the frames of a call are collected.
    frames_at: HashMap<CallId, usize>,
    /// The descriptor is readable; events that were left behind do not make it so.
    signalled: bool,
    closed: bool,
}

/// A queue of events with a descriptor that is readable while it holds any.
#[derive(Debug)]
pub struct Mailbox {
    queue: Mutex<Queue>,
    wake: wake::Wake,
    /// Rung beside the descriptor, for a rehearsal.
    bell: Option<Arc<Notify>>,
}

impl Mailbox {
    /// An empty mailbox; fails if the process has no descriptor left.
    pub fn new() -> io::Result<Self> {
        Ok(Mailbox { queue: Mutex::default(), wake: wake::Wake::new()?, bell: None })
    }

    /// An empty mailbox that also rings `bell` when something arrives.
    pub fn heard_by(bell: Arc<Notify>) -> io::Result<Self> {
        Ok(Mailbox { bell: Some(bell), ..Mailbox::new()? })
    }

    /// Whether something has arrived that was not drained.
    pub fn holds_some(&self) -> bool {
        self.lock().signalled
    }

    /// The descriptor to watch for reading.
    pub fn fd(&self) -> RawFd {
        self.wake.as_raw_fd()
    }

    /// Blocks until something has arrived (true) or `timeout`, at most [`MAX_WAIT`], is over, or a signal
    /// came (false).
    pub fn wait(&self, timeout: Duration) -> bool {
        self.wake.wait(timeout.min(MAX_WAIT))
    }

    /// All that has arrived, in order; gives calls that paused room again.
    pub fn drain(&self) -> Vec<(CallId, Event)> {
        self.drain_except(&[])
    }

    /// As [`Mailbox::drain`], but what the `full` calls brought stays, so that they pause: their readers have
    /// not read what they got before.
    pub fn drain_except(&self, full: &[CallId]) -> Vec<(CallId, Event)> {
        let mut queue = self.lock();
        self.wake.clear();
        queue.signalled = false;
        queue.frames_at.clear();
        let arrived = std::mem::take(&mut queue.events);
        let mut drained = Vec::with_capacity(arrived.len());
        for (outbox, event) in arrived {
            if outbox.void.load(Ordering::Acquire) {
                continue;
            }
            let frames = matches!(event, Event::Frames(_));
            if full.contains(&outbox.id) {
                if frames {
                    let at = queue.events.len();
                    queue.frames_at.insert(outbox.id, at);
                }
                queue.events.push((outbox, event));
                continue;
            }
            if frames {
                outbox.empty();
            }
            drained.push((outbox.id, event));
        }
        drained
    }

    /// Leaves an event for the host, unless the call was voided or the mailbox is closed.
    pub fn push(&self, outbox: &Arc<Outbox>, event: Event) {
        let mut queue = self.lock();
        if queue.closed || outbox.void.load(Ordering::Acquire) {
            return;
        }
        if !std::mem::replace(&mut queue.signalled, true) {
            self.wake.signal();
            if let Some(bell) = &self.bell {
                bell.notify_one();
            }
        }
        queue.put(outbox, event);
    }

    /// Nothing of this call is delivered from here on, not even what waits already.
    pub fn void(&self, outbox: &Outbox) {
        let _queue = self.lock();
        outbox.void.store(true, Ordering::Release);
    }

    /// Drops what waits and takes nothing more.
    pub fn close(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        queue.events.clear();
        queue.frames_at.clear();
    }

    /// Whether [`Mailbox::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn put(&mut self, outbox: &Arc<Outbox>, event: Event) {
        if let Event::Frames(mut more) = event {
            outbox.fill(&more);
            let at = *self.frames_at.entry(outbox.id).or_insert(self.events.len());
            match self.events.get_mut(at) {
                Some((_, Event::Frames(frames))) => frames.append(&mut more),
                _ => self.events.push((Arc::clone(outbox), Event::Frames(more))),
            }
        } else {
            if matches!(event, Event::Restart { .. }) {
                // What comes now is of another attempt.
                self.frames_at.remove(&outbox.id);
            }
            self.events.push((Arc::clone(outbox), event));
        }
    }
}
