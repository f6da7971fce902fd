//! Groups of units that somebody else counted, for example tokens.

use super::{Span, check_sizes};
use crate::error::Error;

/// Groups consecutive units by `size` each, the next group starting `overlap` units before the end of
/// the one before. `ends` holds the end of each unit in characters; units may be empty (several tokens
/// of one character), groups that add no character are left out.
pub fn pack(ends: &[usize], size: usize, overlap: usize) -> Result<Vec<Span>, Error> {
    check_sizes(size, overlap)?;
    if let Some(pair) = ends.windows(2).find(|pair| pair[0] > pair[1]) {
        let message = format!("must not decrease, but {} follows {}", pair[1], pair[0]);
        return Err(Error::validation("ends", message));
    }
    let mut spans: Vec<Span> = Vec::with_capacity(ends.len() / (size - overlap) + 1);
    let mut first = 0;
    while first < ends.len() {
        let last = first.saturating_add(size).min(ends.len());
        let start = if first == 0 { 0 } else { ends[first - 1] };
        let end = ends[last - 1];
        let known = spans.last().map_or(0, |span| span.1);
        if end > known {
            spans.push((start, end));
        }
        if last == ends.len() {
            break;
        }
        first = last - overlap;
    }
    Ok(spans)
}
