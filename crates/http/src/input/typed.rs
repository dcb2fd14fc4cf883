//! From well-formed values to types, naming every field that does not fit (`_902`).
//!
//! A derived reader stops at the first thing it dislikes. To name the others too, what it disliked is removed or
//! replaced by something it likes, and it reads again.

use std::fmt::Write as _;

use avnology_model::{Error, FieldCode, FieldError, Result};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_path_to_error::Segment;

use super::text::Text;

/// Most readings of one value. Past it the fields found so far are named.
const READINGS: usize = 64;

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// JSON.
    Json,
    /// Everything is text: queries and forms.
    Text,
}

/// The value as a `T`.
pub(crate) fn typed<T: DeserializeOwned>(value: &Value, mode: Mode) -> Result<T> {
    match read(value, mode) {
        Ok(value) => Ok(value),
        Err(flaw) => Err(refuse(flaws::<T>(value.clone(), mode, flaw))),
    }
}

fn refuse(errors: Vec<FieldError>) -> Error {
    match Error::from_fields(errors) {
        Err(error) => error,
        Ok(()) => Error::internal("a reading failed without a flaw"),
    }
}

/// Where a reader stopped, and why.
struct Flaw {
    place: Vec<Step>,
    code: FieldCode,
    message: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Item(usize),
}

fn read<T: DeserializeOwned>(value: &Value, mode: Mode) -> Result<T, Flaw> {
    match mode {
        Mode::Json => {
            serde_path_to_error::deserialize(value).map_err(|e| flaw(e.path(), &e.inner().to_string()))
        }
        Mode::Text => {
            serde_path_to_error::deserialize(Text(value)).map_err(|e| flaw(e.path(), &e.inner().to_string()))
        }
    }
}

fn flaws<T: DeserializeOwned>(mut value: Value, mode: Mode, first: Flaw) -> Vec<FieldError> {
    let mut found: Vec<FieldError> = Vec::new();
    let mut next = Some(first);
    let mut readings = 0;
    while let Some(flaw) = next.take() {
        let field = field_name(&flaw.place);
        if !found.iter().any(|e| e.field == field) {
            found.push(FieldError { field, code: flaw.code, message: flaw.message.clone() });
        }
        if flaw.code == FieldCode::UnknownField {
            remove(&mut value, &flaw.place);
            readings += 1;
            next = read::<T>(&value, mode).err();
        } else {
            next = mend::<T>(&mut value, mode, &flaw.place, &mut readings);
        }
        if readings > READINGS || next.as_ref().is_some_and(|n| n.place == flaw.place) {
            break;
        }
    }
    found
}

/// Removes what is at `place` or puts something acceptable there, and answers the flaw that comes after, if any.
fn mend<T: DeserializeOwned>(
    value: &mut Value,
    mode: Mode,
    place: &[Step],
    readings: &mut usize,
) -> Option<Flaw> {
    let text = |t: &str| Some(Value::String(t.to_owned()));
    let candidates = match mode {
        Mode::Json => {
            let others = [json!(0), json!(false), json!([]), json!({}), Value::Null];
            [None, text("")].into_iter().chain(others.map(Some)).collect()
        }
        Mode::Text => vec![None, text(""), text("0"), text("false")],
    };
    for candidate in candidates {
        let is_placed = match candidate {
            None => remove(value, place),
            Some(candidate) => put(value, place, candidate),
        };
        if !is_placed {
            continue;
        }
        *readings += 1;
        match read::<T>(value, mode) {
            Err(flaw) if flaw.place.starts_with(place) => {}
            Err(flaw) => return Some(flaw),
            Ok(_) => return None,
        }
    }
    None
}

fn flaw(path: &serde_path_to_error::Path, message: &str) -> Flaw {
    let mut place: Vec<Step> = path
        .iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(Step::Name(key.clone())),
            Segment::Seq { index } => Some(Step::Item(*index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    let (code, message) = classify(message, &mut place);
    Flaw { place, code, message }
}

/// What a reader's words mean. They may quote the value, so only what was expected is passed on.
fn classify(message: &str, place: &mut Vec<Step>) -> (FieldCode, String) {
    let quoted = message.split('`').nth(1).unwrap_or_default();
    let expected = message.rsplit_once("expected ").map(|(_, e)| e.trim_end_matches('.'));
    if message.starts_with("missing field") {
        place.push(Step::Name(quoted.to_owned()));
        return (FieldCode::Required, "This field is required.".to_owned());
    }
    if message.starts_with("unknown field") {
        if place.last() != Some(&Step::Name(quoted.to_owned())) {
            place.push(Step::Name(quoted.to_owned()));
        }
        return (FieldCode::UnknownField, "There is no such field.".to_owned());
    }
    if message.starts_with("unknown variant") {
        let values = expected.unwrap_or_default().trim_start_matches("one of ").replace('`', "");
        return (FieldCode::NotInEnum, format!("One of: {values}."));
    }
    if message.starts_with("duplicate field") || message == super::text::TWICE {
        return (FieldCode::Duplicate, "Given more than once.".to_owned());
    }
    if message.starts_with("invalid type: null") {
        return (FieldCode::Required, "This field is required.".to_owned());
    }
    match expected {
        Some(expected) if message.starts_with("invalid ") => {
            (FieldCode::InvalidFormat, format!("Expected {}.", plain(expected)))
        }
        _ => (FieldCode::InvalidFormat, "This is not valid.".to_owned()),
    }
}

/// The words of the language for those of the program.
fn plain(expected: &str) -> &str {
    match expected.split_whitespace().next() {
        Some("u8" | "u16" | "u32" | "u64" | "usize") => "a whole number that is not negative",
        Some("i8" | "i16" | "i32" | "i64" | "isize") => "a whole number",
        Some("f32" | "f64") => "a number",
        Some("struct" | "map" | "internally" | "adjacently") => "an object",
        _ if expected == "a map" => "an object",
        _ if expected == "a sequence" => "a list",
        _ => expected,
    }
}

fn field_name(place: &[Step]) -> String {
    let mut name = String::new();
    for step in place {
        match step {
            Step::Name(n) if name.is_empty() => name.push_str(n),
            Step::Name(n) => {
                name.push('.');
                name.push_str(n);
            }
            Step::Item(index) => {
                // Writing to a string cannot fail.
                let _ = write!(name, "[{index}]");
            }
        }
    }
    if name.is_empty() { "body".to_owned() } else { name }
}

fn parent<'v>(value: &'v mut Value, place: &[Step]) -> Option<&'v mut Value> {
    place.iter().try_fold(value, |value, step| match step {
        Step::Name(name) => value.get_mut(name),
        Step::Item(index) => value.get_mut(index),
    })
}

fn remove(value: &mut Value, place: &[Step]) -> bool {
    match place.split_last() {
        Some((Step::Name(name), before)) => match parent(value, before) {
            Some(Value::Object(object)) => object.remove(name).is_some(),
            _ => false,
        },
        _ => false,
    }
}

fn put(value: &mut Value, place: &[Step], new: Value) -> bool {
    let Some((last, before)) = place.split_last() else { return false };
    match (parent(value, before), last) {
        (Some(Value::Object(object)), Step::Name(name)) => {
            object.insert(name.clone(), new);
            true
        }
        (Some(Value::Array(items)), Step::Item(index)) => {
            items.get_mut(*index).map(|slot| *slot = new).is_some()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only reading is tested")]
    struct Person {
        name: String,
        age: u32,
        #[serde(default)]
        tags: Vec<String>,
        address: Option<Address>,
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only reading is tested")]
    struct Address {
        city: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Tall,
        Small,
    }

    fn errors(value: &Value, mode: Mode) -> Vec<(String, FieldCode)> {
        let error = typed::<Person>(value, mode).expect_err("a flaw");
        error.errors().iter().map(|e| (e.field.clone(), e.code)).collect()
    }

    fn named(list: &[(&str, FieldCode)]) -> Vec<(String, FieldCode)> {
        list.iter().map(|(f, c)| ((*f).to_owned(), *c)).collect()
    }

    #[test]
    fn what_fits_is_read() {
        assert!(
            typed::<Person>(&json!({"name": "a", "age": 3, "tags": ["x"], "address": null}), Mode::Json)
                .is_ok()
        );
        assert!(
            typed::<Person>(&json!({"name": "a", "age": "3", "tags": "x", "kind": "tall"}), Mode::Text)
                .is_ok()
        );
    }

    #[test]
    fn every_flaw_is_named_with_its_place() {
        use FieldCode::{InvalidFormat, NotInEnum, Required, UnknownField};
        let all = errors(
            &json!({"x": 1, "age": "old", "tags": ["a", 5], "address": {"city": 1, "zip": 2}, "kind": "wide"}),
            Mode::Json,
        );
        for expected in named(&[
            ("x", UnknownField),
            ("name", Required),
            ("age", InvalidFormat),
            ("tags[1]", InvalidFormat),
            ("address.city", InvalidFormat),
            ("address.zip", UnknownField),
            ("kind", NotInEnum),
        ]) {
            assert!(all.contains(&expected), "{expected:?} in {all:?}");
        }
        assert_eq!(all.len(), 7);
    }

    #[test]
    fn several_missing_fields_are_all_named() {
        assert_eq!(
            errors(&json!({}), Mode::Json),
            named(&[("name", FieldCode::Required), ("age", FieldCode::Required)])
        );
        assert_eq!(
            errors(&json!({"name": null, "age": 1}), Mode::Json),
            named(&[("name", FieldCode::Required)])
        );
    }

    #[test]
    fn a_value_of_the_wrong_shape_altogether_is_named_as_the_body() {
        assert_eq!(errors(&json!([]), Mode::Json)[0], ("body".to_owned(), FieldCode::InvalidFormat));
        assert_eq!(errors(&json!("x"), Mode::Json)[0], ("body".to_owned(), FieldCode::InvalidFormat));
    }

    #[test]
    fn parameters_that_are_no_numbers_or_given_twice_are_named() {
        let flaws = errors(&json!({"name": ["a", "b"], "age": "-1", "kind": ""}), Mode::Text);
        assert_eq!(
            flaws,
            named(&[
                ("age", FieldCode::InvalidFormat),
                ("kind", FieldCode::NotInEnum),
                ("name", FieldCode::Duplicate)
            ])
        );
    }

    #[test]
    fn messages_do_not_repeat_the_value() {
        let error = typed::<Person>(&json!({"name": "a", "age": "s3cret"}), Mode::Json).expect_err("a flaw");
        assert!(!format!("{error}").contains("s3cret"), "{error}");
    }
}
