//! Where grapheme clusters (what a reader calls a character) begin and end.

use unicode_segmentation::UnicodeSegmentation;

/// The boundaries of a text, by character offset; its start and its end are boundaries.
pub(super) enum Clusters<'a> {
    /// Only `\r\n` is a cluster of two.
    Ascii(&'a [u8]),
    /// One bit per character offset.
    Marks { bits: Vec<u64>, len: usize },
}

impl<'a> Clusters<'a> {
    pub fn of(text: &'a str) -> Self {
        if text.is_ascii() {
            return Clusters::Ascii(text.as_bytes());
        }
        let mut bits = vec![0; text.len() / 64 + 1];
        let mut len = 0;
        for cluster in text.graphemes(true) {
            bits[len / 64] |= 1 << (len % 64);
            len += cluster.chars().count();
        }
        bits[len / 64] |= 1 << (len % 64);
        Clusters::Marks { bits, len }
    }

    /// Number of characters.
    pub fn len(&self) -> usize {
        match self {
            Clusters::Ascii(bytes) => bytes.len(),
            Clusters::Marks { len, .. } => *len,
        }
    }

    /// The last boundary that is not after `at`; `at` must not be past the end.
    pub fn at_or_before(&self, at: usize) -> usize {
        match self {
            Clusters::Ascii(bytes) => at - usize::from(splits_newline(bytes, at)),
            Clusters::Marks { bits, .. } => {
                let below = u64::MAX >> (63 - at % 64);
                let mut word = at / 64;
                let mut seen = bits[word] & below;
                while seen == 0 {
                    word -= 1;
                    seen = bits[word];
                }
                word * 64 + 63 - seen.leading_zeros() as usize
            }
        }
    }

    /// The first boundary that is not before `at`; `at` must not be past the end.
    pub fn at_or_after(&self, at: usize) -> usize {
        match self {
            Clusters::Ascii(bytes) => at + usize::from(splits_newline(bytes, at)),
            Clusters::Marks { bits, .. } => {
                let above = u64::MAX << (at % 64);
                let mut word = at / 64;
                let mut seen = bits[word] & above;
                while seen == 0 {
                    word += 1;
                    seen = bits[word];
                }
                word * 64 + seen.trailing_zeros() as usize
            }
        }
    }
}

fn splits_newline(bytes: &[u8], at: usize) -> bool {
    at > 0 && at < bytes.len() && bytes[at - 1] == b'\r' && bytes[at] == b'\n'
}
