//! Regular expressions that run in time linear in the text: no look-around, no back references.
//!
//! Patterns come from whoever writes a workflow, texts from anyone. So the pattern's length, its nesting, the
//! memory of its program and the text's length are bounded. What a search costs at most is proportional to the
//! text's bytes times the program's states; who searches often counts that.

use regex_automata::meta::{BuildError, Config, Regex};
use regex_automata::nfa::thompson::{self, NFA};
use regex_automata::util::syntax;

use crate::error::Error;

/// Most bytes of a pattern.
pub const MAX_PATTERN_BYTES: usize = 1000;
/// Most bytes of a text that is searched.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;
/// Memory that the program of one pattern may take, in bytes.
const PROGRAM_BYTES: usize = 4 * 1024 * 1024;
/// Memory for states that are built while a text is searched, in bytes.
const STATES_BYTES: usize = 1024 * 1024;
/// How deep groups may lie in each other.
const MAX_NESTING: u32 = 50;

/// A regular expression, ready to search texts.
#[derive(Debug)]
pub struct Pattern {
    regex: Regex,
    states: usize,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// [`Error::Validation`] if it is no pattern, needs what linear time forbids, or is too large.
    pub fn new(pattern: &str) -> Result<Pattern, Error> {
        let refuse = |what: String| Error::validation("pattern", what);
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(refuse(format!(
                "is {} bytes long; at most {MAX_PATTERN_BYTES} are taken",
                pattern.len()
            )));
        }
        let syntax = syntax::Config::new().nest_limit(MAX_NESTING);
        let limits = Config::new().nfa_size_limit(Some(PROGRAM_BYTES)).hybrid_cache_capacity(STATES_BYTES);
        let regex = Regex::builder().configure(limits).syntax(syntax).build(pattern);
        let regex = regex.map_err(|error| refuse(describe(&error)))?;
        let program = thompson::Config::new().nfa_size_limit(Some(PROGRAM_BYTES));
        let program = NFA::compiler().configure(program).syntax(syntax).build(pattern);
        let states = program.map_err(|error| refuse(format!("cannot be used: {error}")))?.states().len();
        Ok(Pattern { regex, states })
    }

    /// States of the program: what one byte of a text may cost at worst.
    pub fn states(&self) -> usize {
        self.states
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
fn describe(error: &BuildError) -> String {
    if let Some(limit) = error.size_limit() {
        return format!(
            "needs more than {limit} bytes of memory; repeat less, or write (?-u:\\w) for ASCII alone"
        );
    }
    let text = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
    let reason = text.lines().last().unwrap_or(&text).trim_start_matches("error: ");
    format!("cannot be used: {reason}")
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
        assert!(refusal(r"(?:\w{100}){100}").contains("bytes of memory"));
        assert!(Pattern::new(&format!("{}a{}", "(".repeat(60), ")".repeat(60))).is_err());
        let pattern = Pattern::new("b").expect("a pattern");
        assert_eq!(pattern.is_match(&"a".repeat(MAX_TEXT_BYTES)), Ok(false));
        assert!(pattern.is_match(&"a".repeat(MAX_TEXT_BYTES + 1)).is_err());
    }

    #[test]
    fn a_repetition_counts_as_often_as_it_repeats() {
        let states = |pattern: &str| Pattern::new(pattern).expect("a pattern").states();
        assert!(states("a{200}") > 100 + states("a"));
    }

    #[test]
    fn ordinary_patterns_fit_with_room_to_spare() {
        for pattern in
            [r"^[\w.+-]+@[\w-]+\.[\w.]+$", r"\b(?:yes|no)\b", r"^\p{Lu}\w{2,20}$", r"\d{4}-\d{2}-\d{2}"]
        {
            assert!(Pattern::new(pattern).is_ok(), "{pattern}");
        }
    }
}
