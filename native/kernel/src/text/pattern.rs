//! Patterns that are searched in time linear in the text.

use regex::{Regex, RegexBuilder};

use crate::error::Error;

/// A compiled pattern takes this many bytes at most.
const COMPILED_BYTES: usize = 1 << 20;

/// A regular expression without look-around and back-references.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
}

impl Pattern {
    /// Compiles a pattern; the error says what is wrong with it.
    pub fn new(pattern: &str) -> Result<Pattern, Error> {
        let built = RegexBuilder::new(pattern).size_limit(COMPILED_BYTES).build();
        built.map(|regex| Pattern { regex }).map_err(|error| Error::validation("pattern", error.to_string()))
    }

    /// Whether it is found anywhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}
