//! What a schema may hold, so that compiling it and checking traits by it take bounded time and reach nothing outside.
//!
//! References lead into the document and never in a circle; followed, they may make it so large and no larger.

use avnology_model::{FieldCode, FieldError};
use serde_json::{Map, Value};

/// The only dialect.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// Deepest nesting.
const DEPTH: usize = 32;
/// Most schemas, counting those that references lead to as often as they do.
const SCHEMAS: usize = 1_000;
/// Most regular expressions, and characters of one.
const PATTERNS: usize = 50;
const PATTERN_LENGTH: usize = 500;
/// Most `unevaluated…` keywords, each of which looks at its neighbours a second time.
const UNEVALUATED: usize = 4;

/// Keywords whose value is one schema.
const ONE: &[&str] = &[
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords whose value is a list of schemas.
const LIST: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords whose value is schemas by name.
const NAMED: &[&str] = &["dependentSchemas", "patternProperties", "properties"];
/// Keywords that move the base of references or let another schema decide where they lead, and those of older drafts
/// whose value is a schema.
const REFUSED: &[&str] = &[
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveAnchor",
    "$recursiveRef",
    "$vocabulary",
    "additionalItems",
    "dependencies",
];

/// Refuses a schema that is not within bounds.
pub(super) fn check(root: &Map<String, Value>) -> Result<(), FieldError> {
    if root.get("$schema").is_some_and(|dialect| dialect.as_str().map(trimmed) != Some(DIALECT)) {
        return Err(flaw(".$schema", FieldCode::NotInEnum, &format!("Only {DIALECT} is understood.")));
    }
    for (name, property) in root.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if property.get("x-self-service").is_some_and(|mark| !mark.is_boolean()) {
            let at = format!(".properties.{name}.x-self-service");
            return Err(flaw(&at, FieldCode::InvalidFormat, "True or false."));
        }
    }
    // Definitions count once, even where nothing refers to them: they are compiled, too.
    let mut walk = Walk { root, schemas: 0, patterns: 0, unevaluated: 0, open: Vec::new() };
    for (name, schema) in root.get("$defs").and_then(Value::as_object).into_iter().flatten() {
        walk.schema(schema, &format!(".$defs.{name}"), 1)?;
    }
    walk.object(root, "", 0)
}

fn trimmed(dialect: &str) -> &str {
    dialect.trim_end_matches('#')
}

struct Walk<'a> {
    root: &'a Map<String, Value>,
    schemas: usize,
    patterns: usize,
    unevaluated: usize,
    /// References that are being followed.
    open: Vec<String>,
}

impl Walk<'_> {
    fn schema(&mut self, schema: &Value, at: &str, depth: usize) -> Result<(), FieldError> {
        match schema {
            Value::Object(object) => self.object(object, at, depth),
            // `true` and `false`; whatever else there is, compiling refuses.
            _ => self.count(at, depth),
        }
    }

    fn count(&mut self, at: &str, depth: usize) -> Result<(), FieldError> {
        self.schemas += 1;
        if depth > DEPTH {
            return Err(flaw(at, FieldCode::TooLong, &format!("At most {DEPTH} levels.")));
        }
        if self.schemas > SCHEMAS {
            return Err(flaw(
                at,
                FieldCode::TooLong,
                &format!("At most {SCHEMAS} schemas, references followed."),
            ));
        }
        Ok(())
    }

    fn object(&mut self, schema: &Map<String, Value>, at: &str, depth: usize) -> Result<(), FieldError> {
        self.count(at, depth)?;
        for (keyword, value) in schema {
            let at = format!("{at}.{keyword}");
            match keyword.as_str() {
                "$ref" => self.reference(value, &at, depth)?,
                "$id" | "$schema" | "$defs" if depth > 0 => {
                    return Err(flaw(&at, FieldCode::NotAllowed, "Only at the top of the schema."));
                }
                "definitions" => return Err(flaw(&at, FieldCode::NotAllowed, "Use $defs.")),
                "pattern" => self.pattern(value.as_str().unwrap_or_default(), &at)?,
                name if REFUSED.contains(&name) => {
                    return Err(flaw(&at, FieldCode::NotAllowed, "This keyword is not supported."));
                }
                name if ONE.contains(&name) => {
                    if name.starts_with("unevaluated") {
                        self.unevaluated(&at)?;
                    }
                    self.schema(value, &at, depth + 1)?;
                }
                name if LIST.contains(&name) => {
                    for (i, schema) in value.as_array().into_iter().flatten().enumerate() {
                        self.schema(schema, &format!("{at}[{i}]"), depth + 1)?;
                    }
                }
                name if NAMED.contains(&name) => {
                    for (key, schema) in value.as_object().into_iter().flatten() {
                        let at = format!("{at}.{key}");
                        if name == "patternProperties" {
                            self.pattern(key, &at)?;
                        }
                        self.schema(schema, &at, depth + 1)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn unevaluated(&mut self, at: &str) -> Result<(), FieldError> {
        self.unevaluated += 1;
        if self.unevaluated > UNEVALUATED {
            return Err(flaw(at, FieldCode::TooLong, &format!("At most {UNEVALUATED} of these keywords.")));
        }
        Ok(())
    }

    fn pattern(&mut self, pattern: &str, at: &str) -> Result<(), FieldError> {
        self.patterns += 1;
        if self.patterns > PATTERNS {
            return Err(flaw(
                at,
                FieldCode::TooLong,
                &format!("At most {PATTERNS} patterns, references followed."),
            ));
        }
        if pattern.chars().count() > PATTERN_LENGTH {
            return Err(flaw(at, FieldCode::TooLong, &format!("At most {PATTERN_LENGTH} characters.")));
        }
        Ok(())
    }

    fn reference(&mut self, target: &Value, at: &str, depth: usize) -> Result<(), FieldError> {
        let pointer = target.as_str().and_then(|t| t.strip_prefix("#/$defs/")).filter(|n| !n.contains('/'));
        let Some(name) = pointer else {
            let message = "Only references to a definition of this schema, as in #/$defs/address.";
            return Err(flaw(at, FieldCode::NotAllowed, message));
        };
        let name = unescaped(name);
        if self.open.contains(&name) {
            return Err(flaw(at, FieldCode::NotAllowed, "References must not lead in a circle."));
        }
        let Some(schema) = self.root.get("$defs").and_then(|d| d.get(&name)) else {
            return Err(flaw(at, FieldCode::NotFound, "There is no such definition."));
        };
        let schema = schema.clone();
        self.open.push(name);
        let followed = self.schema(&schema, at, depth + 1);
        self.open.pop();
        followed
    }
}

/// A name in a JSON pointer (RFC 6901 §3) as the name itself. Names that need percent-encoding are not found.
fn unescaped(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}

fn flaw(at: &str, code: FieldCode, message: &str) -> FieldError {
    FieldError { field: format!("identity_schema{at}"), code, message: message.to_owned() }
}
