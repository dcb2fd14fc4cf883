//! What makes two calls the same: their key and the canonical form of their bodies (`contract/00` §8).
//! The answers are kept by core.

use std::fmt::Write as _;

use serde_json::Value;

/// Whether `key` is 1–255 printable ASCII characters.
pub(crate) fn is_key(key: &str) -> bool {
    (1..=255).contains(&key.len()) && key.bytes().all(|b| (0x20..=0x7e).contains(&b))
}

/// JSON with sorted names and without white space, so that equal values have equal texts.
pub(crate) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value);
    text
}

fn write_value(text: &mut String, value: &Value) {
    match value {
        Value::Object(object) => {
            let mut names: Vec<_> = object.iter().collect();
            names.sort_by_key(|(name, _)| *name);
            write_list(text, ('{', '}'), names, |text, (name, value)| {
                // Writing to a string cannot fail.
                let _ = write!(text, "{}:", Value::String(name.clone()));
                write_value(text, value);
            });
        }
        Value::Array(items) => write_list(text, ('[', ']'), items, write_value),
        other => {
            let _ = write!(text, "{other}");
        }
    }
}

fn write_list<T>(
    text: &mut String,
    (open, close): (char, char),
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    text.push(open);
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        write(text, item);
    }
    text.push(close);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn order_and_white_space_make_no_difference() {
        let one: Value =
            serde_json::from_str(r#"{"b": [1, {"y": null, "x": "é\n"}], "a": true}"#).expect("JSON");
        let two: Value = serde_json::from_str(r#"{"a":true,"b":[1,{"x":"é\n","y":null}]}"#).expect("JSON");
        assert_eq!(canonical(&one), canonical(&two));
        assert_eq!(canonical(&two), r#"{"a":true,"b":[1,{"x":"é\n","y":null}]}"#);
        assert_ne!(canonical(&json!([1, 2])), canonical(&json!([2, 1])));
    }

    #[test]
    fn keys_are_printable_and_not_too_long() {
        assert!(is_key("a") && is_key(&"x".repeat(255)) && is_key("a b~"));
        assert!(!is_key("") && !is_key(&"x".repeat(256)) && !is_key("a\tb") && !is_key("é"));
    }
}
