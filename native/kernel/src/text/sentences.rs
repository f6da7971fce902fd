//! Sentences and words by UAX 29.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use super::{Counter, Span, is_space, trimmed};

/// After so many characters without a letter or digit a sentence ends whatever UAX 29 says: its rule SB8
/// looks ahead at each of them, so a page of blanks would take quadratic time.
const LONGEST_GAP: usize = 128;

/// Sentences by UAX 29, without the white space around them. A single newline does not end one (text
/// is often wrapped), an empty line does.
pub fn sentences(text: &str) -> Vec<Span> {
    let mut counter = Counter::new(text);
    let mut spans = Vec::new();
    for (start, end) in paragraphs(text) {
        // Newlines become spaces, which have as many bytes, so offsets stay as they are.
        let unwrapped = match text[start..end].contains(['\n', '\r']) {
            true => Cow::Owned(text[start..end].replace(['\n', '\r'], " ")),
            false => Cow::Borrowed(&text[start..end]),
        };
        for (from, to) in stretches(&unwrapped) {
            for (at, sentence) in unwrapped[from..to].split_sentence_bound_indices() {
                let at = start + from + at;
                spans.extend(trimmed(text, at, at + sentence.len()).map(|bytes| counter.span(bytes)));
            }
        }
    }
    spans
}

/// Words by UAX 29: what lies between word boundaries and holds a letter or digit.
pub fn words(text: &str) -> Vec<Span> {
    let mut counter = Counter::new(text);
    text.unicode_word_indices().map(|(at, word)| counter.span((at, at + word.len()))).collect()
}

/// Byte ranges between empty lines.
fn paragraphs(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let mut at = start;
        while let Some(newline) = text[at..].find(['\n', '\r']).map(|offset| at + offset) {
            let line = text[newline..].strip_prefix("\r\n").unwrap_or(&text[newline + 1..]);
            let content = line.trim_start_matches(is_space);
            at = text.len() - content.len();
            if line[..line.len() - content.len()].contains(['\n', '\r']) {
                next = Some(at);
                return Some((start, newline));
            }
        }
        next = None;
        Some((start, text.len()))
    })
}

/// Byte ranges that hold no gap longer than [`LONGEST_GAP`], except one at their start.
fn stretches(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut start = 0;
    let mut gap = 0;
    let mut chars = text.char_indices();
    std::iter::from_fn(move || {
        for (at, c) in chars.by_ref() {
            gap = if c.is_alphanumeric() { 0 } else { gap + 1 };
            if gap == LONGEST_GAP {
                let end = at + c.len_utf8();
                return Some((std::mem::replace(&mut start, end), end));
            }
        }
        (start < text.len()).then(|| (std::mem::replace(&mut start, text.len()), text.len()))
    })
}
