//! Windows of a fixed number of characters.

use super::clusters::Clusters;
use super::{Span, check_sizes};
use crate::error::Error;

/// Windows of `size` characters; each starts `overlap` before the end of the one before it. A grapheme
/// cluster is not cut unless it alone is longer than `size`: a window ends earlier, and the overlap is
/// smaller, where that would happen.
pub fn split_characters(text: &str, size: usize, overlap: usize) -> Result<Vec<Span>, Error> {
    check_sizes(size, overlap)?;
    let clusters = Clusters::of(text);
    let len = clusters.len();
    let mut spans = Vec::with_capacity(len / (size - overlap) + 1);
    let mut start = 0;
    while start < len {
        let target = start.saturating_add(size).min(len);
        let end = match clusters.at_or_before(target) {
            boundary if boundary > start => boundary,
            _ => target,
        };
        spans.push((start, end));
        if end == len {
            break;
        }
        start = next_start(&clusters, (start, end), size, overlap);
    }
    Ok(spans)
}

/// Where the window after `(start, end)` begins: within the overlap, but late enough to reach past `end`.
fn next_start(clusters: &Clusters<'_>, (start, end): Span, size: usize, overlap: usize) -> usize {
    let lowest = end.saturating_sub(overlap).max(start + 1);
    if clusters.at_or_before(end) != end {
        // Inside a cluster longer than `size`, where any cut is as good as another.
        return lowest;
    }
    let reach = clusters.at_or_after(end + 1).saturating_sub(size).min(end);
    clusters.at_or_after(lowest.max(reach))
}
