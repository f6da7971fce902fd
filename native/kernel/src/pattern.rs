//! Regular expressions that run in time linear in the text: no look-around, no back references.
//!
//! Patterns come from whoever writes a workflow, texts from anyone. So the pattern's length, its nesting and the
//! memory of its program are bounded, and with them what one character of the text may cost.

use regex::{Regex, RegexBuilder};

use crate::error::Error;

/// Most bytes of a pattern.
pub const MAX_PATTERN_BYTES: usize = 1000;
/// Most bytes of a text that is searched.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;
/// Memory that the program of one pattern may take, in bytes.
const PROGRAM_BYTES: usize = 256 * 1024;
/// Memory for states that are built while a text is searched, in bytes.
const STATES_BYTES: usize = 1024 * 1024;
/// How deep groups may lie in each other.
const MAX_NESTING: u32 = 50;

/// A regular expression, ready to search texts.
#[derive(Debug)]
pub struct Pattern {
    regex: Regex,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// [`Error::Validation`] if it is no pattern, needs what linear time forbids, or is too large.
    pub fn new(pattern: &str) -> Result<Pattern, Error> {
        let refuse = |what: String| Error::validation("pattern", what);
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(refuse(format!("is {} bytes long; at most {MAX_PATTERN_BYTES} are taken", pattern.len())));
        }
        let mut builder = RegexBuilder::new(pattern);
        builder.size_limit(PROGRAM_BYTES).dfa_size_limit(STATES_BYTES).nest_limit(MAX_NESTING);
        let regex = builder.build().map_err(|error| refuse(describe(&error)))?;
        Ok(Pattern { regex })
    }

    /// Whether the pattern is found anywhere in a text.
    ///
    /// # Errors
    /// [`Error::Validation`] if the text is longer than [`MAX_TEXT_BYTES`].
    pub fn is_match(&self, text: &str) -> Result<bool, Error> {
        if text.len() > MAX_TEXT_BYTES {
            let what = format!("is {} bytes long; a pattern searches at most {MAX_TEXT_BYTES}", text.len());
            return Err(Error::validation("text", what));
        }
        Ok(self.regex.is_match(text))
    }
}

/// The fault in one line; a syntax error's own text draws the pattern over several.
fn describe(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("needs more than {limit} bytes of memory; repeat less, or write (?-u:\\w) for ASCII alone")
        }
        other => {
            let text = other.to_string();
            let reason = text.lines().last().unwrap_or(&text).trim_start_matches("error: ");
            format!("cannot be used: {reason}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(pattern: &str) -> String {
        Pattern::new(pattern).expect_err("no pattern").to_string()
    }

    #[test]
    fn a_pattern_is_found_anywhere_unless_it_is_anchored() {
        let found = |pattern: &str, text: &str| Pattern::new(pattern).expect("a pattern").is_match(text);
        assert_eq!(found(r"\d+", "issue 42"), Ok(true));
        assert_eq!(found(r"^\d+$", "issue 42"), Ok(false));
        assert_eq!(found(r"(?i)größe", "GRÖSSE GRÖßE"), Ok(true));
        assert_eq!(found("", ""), Ok(true));
    }

    #[test]
    fn what_needs_backtracking_is_refused_with_its_reason() {
        assert!(refusal(r"(a)\1").contains("backreferences are not supported"), "{}", refusal(r"(a)\1"));
        assert!(refusal("(?=a)").contains("look-around"), "{}", refusal("(?=a)"));
        assert!(refusal("(a").contains("unclosed group"), "{}", refusal("(a"));
    }

    #[test]
    fn patterns_and_texts_that_are_too_large_are_refused() {
        assert!(refusal(&"a".repeat(MAX_PATTERN_BYTES + 1)).contains("at most 1000"));
        assert!(refusal(r"(?:\w{100}){100}").contains("more memory") || refusal(r"(\w{99}){99}").contains("memory"));
        assert!(Pattern::new(&format!("{}a{}", "(".repeat(60), ")".repeat(60))).is_err());
        let pattern = Pattern::new("b").expect("a pattern");
        assert_eq!(pattern.is_match(&"a".repeat(MAX_TEXT_BYTES)), Ok(false));
        assert!(pattern.is_match(&"a".repeat(MAX_TEXT_BYTES + 1)).is_err());
    }

    #[test]
    fn ordinary_patterns_fit_with_room_to_spare() {
        for pattern in [r"^[\w.+-]+@[\w-]+\.[\w.]+$", r"\b(?:yes|no)\b", r"^\p{Lu}\w{2,20}$", r"\d{4}-\d{2}-\d{2}"] {
            assert!(Pattern::new(pattern).is_ok(), "{pattern}");
        }
    }
}
