//! The smallest pieces that merging works with: text between the coarsest separators that make it fit.

use memchr::memmem::Finder;
use unicode_segmentation::UnicodeSegmentation;

use super::{Counter, Span, trimmed};

/// A piece without white space around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub bytes: (usize, usize),
    pub chars: Span,
}

/// What is left to do with a range of bytes; the number is the separator to try next.
enum Work {
    /// A piece if it fits, else to be split.
    Fit(usize, usize, usize),
    /// To be split at every occurrence of the separator.
    Split(usize, usize, usize),
    /// To be split into grapheme clusters.
    Clusters(usize, usize),
    /// One cluster that is too long: to be cut anywhere.
    Cut(usize, usize),
}

/// Yields pieces from left to right. What is left to do is a stack, at most two entries for each
/// separator, so neither the text nor the separators can exhaust it.
pub(super) struct Pieces<'a> {
    text: &'a str,
    separators: &'a [Finder<'a>],
    size: usize,
    work: Vec<Work>,
    counter: Counter<'a>,
}

impl<'a> Pieces<'a> {
    pub fn new(text: &'a str, separators: &'a [Finder<'a>], size: usize) -> Self {
        let work = vec![Work::Fit(0, text.len(), 0)];
        Pieces { text, separators, size, work, counter: Counter::new(text) }
    }

    fn piece(&mut self, bytes: (usize, usize)) -> Piece {
        Piece { bytes, chars: self.counter.span(bytes) }
    }

    fn fits(&self, start: usize, end: usize) -> bool {
        let bytes = end - start;
        if bytes <= self.size || self.counter.ascii {
            return bytes <= self.size;
        }
        // A character has four bytes at most.
        bytes / 4 <= self.size && self.text[start..end].chars().count() <= self.size
    }

    fn split(&mut self, start: usize, end: usize, level: usize) {
        let Some(separator) = self.separators.get(level).filter(|one| !one.needle().is_empty()) else {
            self.work.push(Work::Clusters(start, end));
            return;
        };
        match separator.find(&self.text.as_bytes()[start..end]) {
            Some(at) => {
                let cut = start + at + separator.needle().len();
                self.work.push(Work::Split(cut, end, level));
                self.work.push(Work::Fit(start, cut, level + 1));
            }
            None => self.work.push(Work::Fit(start, end, level + 1)),
        }
    }

    /// Takes the first cluster off a range.
    fn cluster(&mut self, start: usize, end: usize) {
        // `\r\n` is white space, so in ASCII every cluster that counts is a byte.
        let length = match self.counter.ascii {
            true => usize::from(start < end),
            false => self.text[start..end].graphemes(true).next().map_or(0, str::len),
        };
        if length > 0 {
            self.work.push(Work::Clusters(start + length, end));
            self.work.push(Work::Cut(start, start + length));
        }
    }

    /// Takes what fits off a range.
    fn cut(&mut self, start: usize, end: usize) -> Option<Piece> {
        let rest = self.text[start..end].char_indices().nth(self.size);
        let cut = rest.map_or(end, |(at, _)| start + at);
        if cut < end {
            self.work.push(Work::Cut(cut, end));
        }
        let bytes = trimmed(self.text, start, cut)?;
        Some(self.piece(bytes))
    }
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        loop {
            match self.work.pop()? {
                Work::Fit(start, end, level) => {
                    let Some((start, end)) = trimmed(self.text, start, end) else { continue };
                    if self.fits(start, end) {
                        return Some(self.piece((start, end)));
                    }
                    self.work.push(Work::Split(start, end, level));
                }
                Work::Split(start, end, level) => self.split(start, end, level),
                Work::Clusters(start, end) => self.cluster(start, end),
                Work::Cut(start, end) => {
                    if let Some(piece) = self.cut(start, end) {
                        return Some(piece);
                    }
                }
            }
        }
    }
}

/// The first seam inside `piece`, not before character `lowest`: where the coarsest separator that has one
/// there ends. For an empty separator that is where a word begins, which in some scripts is any
/// character; nobody wants to read an overlap of half a word. In characters; never white space.
pub(super) fn seam_within(
    text: &str,
    piece: Piece,
    lowest: usize,
    separators: &[Finder<'_>],
) -> Option<usize> {
    let inside = &text[piece.bytes.0..piece.bytes.1];
    let (lowest, _) = inside.char_indices().nth(lowest - piece.chars.0)?;
    let start = separators.iter().find_map(|separator| {
        let length = separator.needle().len();
        if length == 0 {
            return inside.unicode_word_indices().map(|(at, _)| at).find(|&at| at >= lowest);
        }
        let from = lowest.saturating_sub(length);
        let cut = from + separator.find(&inside.as_bytes()[from..])? + length;
        trimmed(inside, cut, inside.len()).map(|(start, _)| start)
    })?;
    Some(piece.chars.0 + inside[..start].chars().count())
}
