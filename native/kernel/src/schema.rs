//! JSON Schema, draft 2020-12: whether a text is JSON that fits a schema.
//!
//! Texts may come from anyone, schemas come from programmers. So the size and depth of a text are looked
//! at before it is parsed, patterns run in linear time, and a schema may refer to itself only: nothing is
//! ever fetched.

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use crate::error::Error;

/// Most bytes of a schema, or of a text that is checked.
pub const MAX_BYTES: usize = 1024 * 1024;
/// How deep lists and objects may lie in each other.
pub const MAX_DEPTH: usize = 64;
/// Most faults that are told of one text.
pub const MAX_FAULTS: usize = 20;
/// Longest value, in bytes, that is repeated in the description of its fault.
const LONGEST_QUOTE: usize = 80;
/// Longest description of a fault, in bytes.
const LONGEST_FAULT: usize = 400;
/// So many steps may be spent on saying where a text does not fit.
const EXPLAIN_STEPS: u64 = 100_000;
/// Memory that one compiled pattern may take, in bytes.
const PATTERN_BYTES: usize = 1024 * 1024;

/// Where in a text, as a JSON pointer, and what is wrong there.
pub type Fault = (String, String);

/// A schema, ready to check texts.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    /// How many alternatives its widest `anyOf` or `oneOf` has, at least 1.
    widest: u64,
}

impl Schema {
    /// Compiles a schema given as JSON.
    ///
    /// # Errors
    /// [`Error::Validation`] if it is not JSON, is no JSON Schema, is too large, or refers to another document.
    pub fn new(schema_json: &str) -> Result<Schema, Error> {
        let refuse = |what: String| Error::validation("schema", what);
        let schema = parse(schema_json).map_err(refuse)?;
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES))
            .offline()
            .build(&schema)
            .map_err(|error| {
                refuse(format!("at {:?}: {}", error.instance_path().as_str(), describe(&error)))
            })?;
        Ok(Schema { validator, widest: widest_choice(&schema) })
    }

    /// What is wrong with a text, at most [`MAX_FAULTS`] faults; nothing if it fits.
    pub fn check(&self, instance_json: &str) -> Vec<Fault> {
        let whole = |what: &str| vec![(String::new(), what.to_owned())];
        let instance = match parse(instance_json) {
            Ok(instance) => instance,
            Err(what) => return whole(&what),
        };
        // Telling whether a text fits takes time in proportion to it. Telling why not does not: every
        // alternative of every level is looked into. So that is done only where it cannot take long.
        if self.validator.is_valid(&instance) {
            return Vec::new();
        }
        let extent = Extent::of(instance_json);
        let levels = u32::try_from(extent.depth).unwrap_or(u32::MAX);
        if self.widest.saturating_pow(levels).saturating_mul(extent.values) <= EXPLAIN_STEPS {
            return self
                .validator
                .iter_errors(&instance)
                .take(MAX_FAULTS)
                .map(|error| fault(&error))
                .collect();
        }
        if self.widest > 1 {
            return whole("does not fit the schema; it is too large to say where");
        }
        self.validator.validate(&instance).err().iter().map(fault).collect()
    }
}

fn fault(error: &ValidationError<'_>) -> Fault {
    (error.instance_path().as_str().to_owned(), describe(error))
}

/// The most alternatives that any part of a schema offers.
fn widest_choice(schema: &Value) -> u64 {
    match schema {
        Value::Array(items) => items.iter().map(widest_choice).max().unwrap_or(1),
        Value::Object(fields) => {
            let choice = |(key, value): (&String, &Value)| match value {
                Value::Array(options) if key == "anyOf" || key == "oneOf" => options.len() as u64,
                _ => 1,
            };
            let here = fields.iter().map(choice).max().unwrap_or(1);
            fields.values().map(widest_choice).max().unwrap_or(1).max(here)
        }
        _ => 1,
    }
}

/// The JSON value of a text within the bounds, or what is wrong with the text.
fn parse(text: &str) -> Result<Value, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("is {} bytes of JSON; at most {MAX_BYTES} are taken", text.len()));
    }
    if Extent::of(text).depth > MAX_DEPTH {
        return Err(format!("lists and objects lie more than {MAX_DEPTH} deep in each other"));
    }
    serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))
}

/// How large a JSON text is, seen without parsing it.
struct Extent {
    /// Brackets within brackets, at most.
    depth: usize,
    /// Values, roughly.
    values: u64,
}

impl Extent {
    fn of(text: &str) -> Extent {
        let (mut extent, mut depth) = (Extent { depth: 0, values: 1 }, 0_usize);
        let (mut in_string, mut escaped) = (false, false);
        for byte in text.bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                _ if in_string => {}
                b'[' | b'{' => {
                    depth += 1;
                    extent.depth = extent.depth.max(depth);
                    extent.values += 1;
                }
                b']' | b'}' => depth = depth.saturating_sub(1),
                b',' => extent.values += 1,
                _ => {}
            }
        }
        extent
    }
}

/// The fault in words; a long value is not repeated in it.
fn describe(error: &ValidationError<'_>) -> String {
    let brief = error.instance().to_string().len() <= LONGEST_QUOTE;
    let mut text = if brief { error.to_string() } else { error.masked_with("the value").to_string() };
    if text.len() > LONGEST_FAULT {
        let end = (0..=LONGEST_FAULT).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: &str = r#"{
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
        "required": ["name"],
        "additionalProperties": false
    }"#;

    fn faults(schema: &str, instance: &str) -> Vec<Fault> {
        Schema::new(schema).expect("a schema").check(instance)
    }

    fn refusal(schema: &str) -> String {
        Schema::new(schema).expect_err("no schema").to_string()
    }

    #[test]
    fn what_fits_has_no_faults() {
        assert_eq!(faults(PERSON, r#"{"name": "Ada", "age": 36}"#), []);
    }

    #[test]
    fn each_fault_is_told_with_its_place() {
        let found = faults(PERSON, r#"{"age": -1, "x": 1}"#);
        let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(places.contains(&"/age"));
        assert!(found.iter().any(|(_, what)| what.contains("\"name\" is a required property")), "{found:?}");
        assert!(found.iter().any(|(_, what)| what.contains("'x' was unexpected")), "{found:?}");
    }

    #[test]
    fn a_text_that_is_not_json_is_a_fault_of_the_whole() {
        for text in ["", "{", "{\"a\": NaN}", "{'a': 1}", "\"\\ud800\"", "1 2"] {
            let found = faults("true", text);
            assert!(found.len() == 1 && found[0].1.starts_with("is not JSON"), "{text}: {found:?}");
        }
    }

    #[test]
    fn size_and_depth_are_bounded_before_parsing() {
        let long = format!("\"{}\"", "x".repeat(MAX_BYTES));
        assert!(faults("true", &long)[0].1.contains("at most 1048576"));
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(faults("true", &nested(MAX_DEPTH)), []);
        assert!(faults("true", &nested(MAX_DEPTH + 1))[0].1.contains("more than 64 deep"));
        assert!(faults("true", &nested(100_000))[0].1.contains("more than 64 deep"));
        assert_eq!(faults("true", &format!("\"\\\"{}\"", "[".repeat(100))), []);
        assert!(refusal(&nested(65)).contains("more than 64 deep"));
    }

    #[test]
    fn faults_are_bounded_in_number_and_length() {
        let many = format!("[{}1]", "1,".repeat(1000));
        assert_eq!(faults(r#"{"items": {"type": "string"}}"#, &many).len(), MAX_FAULTS);
        let long = format!("\"{}\"", "é".repeat(100_000));
        let found = faults(r#"{"type": "integer"}"#, &long);
        assert_eq!(found[0].1, "the value is not of type \"integer\"");
        let name = format!("{{\"{}\": 1}}", "é".repeat(100_000));
        assert!(faults(r#"{"additionalProperties": false}"#, &name)[0].1.len() < LONGEST_FAULT + 8);
    }

    #[test]
    fn a_reference_to_another_document_is_refused() {
        for reference in ["https://example.com/a.json", "file:///etc/passwd", "other.json"] {
            let schema = format!(r#"{{"properties": {{"a": {{"$ref": "{reference}"}}}}}}"#);
            assert!(Schema::new(&schema).is_err(), "{reference}");
        }
        assert!(refusal(r##"{"$ref": "#/$defs/gone"}"##).contains("gone"));
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        assert!(refusal(r#"{"type": "strin"}"#).contains("strin"));
        assert!(refusal("{").contains("is not JSON"));
        assert!(refusal(r#"{"pattern": "("}"#).starts_with("schema: at \"/pattern\""));
    }

    #[test]
    fn patterns_run_in_linear_time() {
        let schema = r#"{"pattern": "^(a+)+$"}"#;
        let text = format!("\"{}b\"", "a".repeat(50_000));
        assert_eq!(faults(schema, &text).len(), 1);
        assert!(refusal(r#"{"pattern": "(?=a)b"}"#).contains("pattern"), "look-around needs backtracking");
    }

    #[test]
    fn a_schema_may_refer_to_itself() {
        let list = r##"{"$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}},
            "additionalProperties": false}}, "$ref": "#/$defs/n"}"##;
        assert_eq!(faults(list, r#"{"next": {"next": {}}}"#), []);
        assert_eq!(faults(list, r#"{"next": {"next": {"x": 1}}}"#)[0].0, "/next/next");
    }

    #[test]
    fn alternatives_within_alternatives_take_no_exponential_time() {
        let sum = |name: &str| {
            format!(
                r##""{name}": {{"type": "object", "additionalProperties": false,
                "properties": {{"left": {{"anyOf": [{{"$ref": "#/$defs/a"}}, {{"$ref": "#/$defs/b"}}, {{"type": "integer"}}]}}}}}}"##
            )
        };
        let schema = format!(r##"{{"$defs": {{{}, {}}}, "$ref": "#/$defs/a"}}"##, sum("a"), sum("b"));
        let nested = |depth, leaf| r#"{"left": "#.repeat(depth) + leaf + &"}".repeat(depth);
        assert_eq!(faults(&schema, &nested(60, "1")), []);
        assert!(faults(&schema, &nested(60, "\"x\""))[0].1.contains("too large to say where"));
        assert_eq!(faults(&schema, &nested(3, "\"x\""))[0].0, "/left");
    }

    #[test]
    fn of_a_large_text_the_first_fault_is_told() {
        let many = format!("[{}1]", "1,".repeat(400_000));
        assert_eq!(faults(r#"{"items": {"type": "string"}}"#, &many).len(), 1);
        assert_eq!(faults(r#"{"uniqueItems": true}"#, &format!("[{}[1]]", "[1],".repeat(200_000))).len(), 1);
        let different: Vec<String> = (0..80_000).map(|n| format!("[{n}]")).collect();
        assert_eq!(faults(r#"{"uniqueItems": true}"#, &format!("[{}]", different.join(","))), []);
    }

    #[test]
    fn a_reference_that_leads_nowhere_but_to_itself_ends() {
        for schema in [
            r##"{"$ref": "#"}"##,
            r##"{"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}"##,
            r##"{"allOf": [{"$ref": "#"}]}"##,
            r##"{"anyOf": [{"$ref": "#"}, {"type": "string"}]}"##,
        ] {
            if let Ok(schema) = Schema::new(schema) {
                let _ = schema.check("1");
            }
        }
    }
}
