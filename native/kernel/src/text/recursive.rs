//! Chunks that end where the text itself has a seam.

use std::collections::VecDeque;

use memchr::memmem::Finder;

use super::pieces::{Piece, Pieces, seam_within};
use super::{Span, check_sizes};
use crate::error::Error;

/// Pieces between the coarsest separators that make them fit, merged up to `size` characters.
///
/// `separators` go from coarse to fine; an empty one, or their end, means grapheme clusters. A separator
/// stays with what is left of it. Spans have no white space around them, none is longer than `size`,
/// and together they hold every other character. A chunk starts at the earliest seam at most
/// `overlap` characters before the end of the one before it, if it still reaches further than that one.
pub fn split_recursive(
    text: &str,
    size: usize,
    overlap: usize,
    separators: &[&str],
) -> Result<Vec<Span>, Error> {
    check_sizes(size, overlap)?;
    let separators: Vec<Finder<'_>> = separators.iter().map(Finder::new).collect();
    let mut merge = Merge { text, separators: &separators, size, overlap, start: 0, pieces: VecDeque::new() };
    let mut spans = Vec::new();
    for piece in Pieces::new(text, &separators, size) {
        spans.extend(merge.add(piece));
    }
    spans.extend(merge.pieces.back().map(|last| (merge.start, last.chars.1)));
    Ok(spans)
}

/// The chunk that grows: pieces that overlap may reach back to, and where it starts.
struct Merge<'a> {
    text: &'a str,
    separators: &'a [Finder<'a>],
    size: usize,
    overlap: usize,
    start: usize,
    pieces: VecDeque<Piece>,
}

impl Merge<'_> {
    /// Adds a piece; returns the chunk before it if they do not fit together.
    fn add(&mut self, piece: Piece) -> Option<Span> {
        let mut done = None;
        match self.pieces.back().copied() {
            None => self.start = piece.chars.0,
            Some(last) if piece.chars.1 - self.start > self.size => {
                done = Some((self.start, last.chars.1));
                self.start = self.overlapping(last, piece).unwrap_or_else(|| {
                    self.pieces.clear();
                    piece.chars.0
                });
            }
            Some(_) => {}
        }
        self.pieces.push_back(piece);
        done
    }

    /// Where the next chunk starts before the end of `last` and still holds the whole of `next`. Forgets
    /// the pieces before that.
    fn overlapping(&mut self, last: Piece, next: Piece) -> Option<usize> {
        let end = last.chars.1;
        let reach = next.chars.1.saturating_sub(self.size);
        let lowest = end.saturating_sub(self.overlap).max(reach).max(self.start + 1);
        if lowest >= end {
            return None;
        }
        while self.pieces.len() > 1 && self.pieces[0].chars.0 < lowest {
            self.pieces.pop_front();
        }
        let first = self.pieces.front()?;
        if first.chars.0 >= lowest {
            return Some(first.chars.0);
        }
        seam_within(self.text, last, lowest, self.separators)
    }
}
