//! Cutting text. All offsets are in characters (Unicode scalar values), as Python counts them.
//!
//! In ASCII text a byte is a character. Elsewhere offsets are counted in one pass over the text,
//! forwards, by a [`Counter`].

mod characters;
mod clusters;
mod pattern;
mod pieces;
mod recursive;
mod sentences;
#[cfg(test)]
mod tests;

pub use characters::split_characters;
pub use pattern::Pattern;
pub use recursive::split_recursive;
pub use sentences::{sentences, words};

use crate::error::Error;

/// Start and end, in characters.
pub type Span = (usize, usize);

/// Refuses sizes with which nothing fits, or nothing moves on.
fn check_sizes(size: usize, overlap: usize) -> Result<(), Error> {
    if size == 0 {
        return Err(Error::validation("size", "must be at least 1, got 0"));
    }
    if overlap >= size {
        let message = format!("must be less than size, which is {size}, got {overlap}");
        return Err(Error::validation("overlap", message));
    }
    Ok(())
}

/// White space as Python's `str.isspace` has it: Unicode's, and the four ASCII separators.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// The byte range of `text[start..end]` without the white space around it; None if nothing is left.
fn trimmed(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let rest = text[start..end].trim_start_matches(is_space);
    let start = end - rest.len();
    let rest = rest.trim_end_matches(is_space);
    (!rest.is_empty()).then_some((start, start + rest.len()))
}

/// Turns byte offsets into character offsets. Positions must not decrease from call to call.
struct Counter<'a> {
    text: &'a str,
    ascii: bool,
    bytes: usize,
    chars: usize,
}

impl<'a> Counter<'a> {
    fn new(text: &'a str) -> Self {
        Counter { text, ascii: text.is_ascii(), bytes: 0, chars: 0 }
    }

    fn at(&mut self, byte: usize) -> usize {
        if self.ascii {
            return byte;
        }
        self.chars += self.text[self.bytes..byte].chars().count();
        self.bytes = byte;
        self.chars
    }

    fn span(&mut self, (start, end): (usize, usize)) -> Span {
        (self.at(start), self.at(end))
    }
}
