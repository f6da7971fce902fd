//! Log lines of the kernel. They wait here until the host takes them, as completions wait in a mailbox, so
//! that no thread of the kernel calls the host. Lines of libraries are left out: they may show requests.

use std::collections::VecDeque;
use std::fmt::{Debug, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::runtime::Process;

/// Lines that wait at most; beyond that the oldest go.
const MOST: usize = 1000;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Level.
    pub level: Level,
    /// Message and facts, `name=value`.
    pub text: String,
}

/// The lines that nobody has taken.
#[derive(Debug, Default)]
pub struct Lines(Mutex<VecDeque<Line>>);

impl Lines {
    /// Adds a line; if too many wait, the oldest is lost.
    pub fn push(&self, line: Line) {
        let mut lines = self.lock();
        if lines.len() == MOST {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// All lines, oldest first.
    pub fn take(&self) -> Vec<Line> {
        std::mem::take(&mut *self.lock()).into()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts what this crate logs into [`Process::log`].
pub(crate) struct Collector;

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("graphbit_kernel")
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let line = Line { level: *event.metadata().level(), text: text.message + &text.facts };
        Process::current().log.push(line);
    }

    // Spans are not enabled, so these are never called with one of ours.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Text {
    message: String,
    facts: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.facts, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: String) -> Line {
        Line { level: Level::INFO, text }
    }

    #[test]
    fn lines_are_taken_once_in_order_and_the_oldest_go_when_too_many_wait() {
        let lines = Lines::default();
        for number in 0..MOST + 2 {
            lines.push(line(number.to_string()));
        }
        let taken = lines.take();
        assert_eq!(taken.len(), MOST);
        assert_eq!(taken[0], line("2".into()));
        assert_eq!(lines.take(), []);
    }

    #[test]
    fn only_lines_of_the_kernel_are_kept_with_their_facts() {
        tracing::subscriber::with_default(Collector, || {
            tracing::debug!(call = 7, error = %"gone", "attempt failed");
            tracing::error!(target: "h2", "request with its headers");
        });
        let taken = Process::current().log.take();
        let text = "attempt failed call=7 error=gone".into();
        assert_eq!(taken, [Line { level: Level::DEBUG, text }]);
    }
}
