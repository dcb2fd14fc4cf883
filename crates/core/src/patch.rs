//! Merge patches (RFC 7396) and reading their result.

use avnology_model::{Error, FieldCode, Result};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Merges `patch` into `target`: members that are `null` are removed, objects merge, everything else replaces.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(map) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            map.remove(name);
        } else {
            merge(map.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Reads a merged object. `_902` names the member that does not fit.
pub(crate) fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let text = error.inner().to_string();
        let named = text.split('`').nth(1).unwrap_or_default();
        let path = error.path().to_string();
        let (field, code) = if text.starts_with("unknown field") {
            let path = path.strip_suffix(named).unwrap_or(&path).trim_end_matches('.').to_owned();
            let field =
                if path.is_empty() || path == "." { named.to_owned() } else { format!("{path}.{named}") };
            (field, FieldCode::UnknownField)
        } else if text.starts_with("missing field") {
            let field = if path == "." { named.to_owned() } else { format!("{path}.{named}") };
            (field, FieldCode::Required)
        } else if text.starts_with("unknown variant") {
            (path, FieldCode::NotInEnum)
        } else {
            (path, FieldCode::InvalidFormat)
        };
        Error::field(field, code, text)
    })
}

/// For members of a patch: none when absent, `Some(None)` when `null`. A field that uses it has `default` besides.
pub(crate) fn present<'de, D, T>(deserializer: D) -> std::result::Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Thing {
        #[expect(dead_code, reason = "only read")]
        name: String,
        #[expect(dead_code, reason = "only read")]
        #[serde(default)]
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only read")]
        number: u32,
    }

    #[test]
    fn the_member_that_does_not_fit_is_named() {
        for (value, field, code) in [
            (json!({}), "name", FieldCode::Required),
            (json!({ "name": "a", "shoe": 1 }), "shoe", FieldCode::UnknownField),
            (json!({ "name": 1 }), "name", FieldCode::InvalidFormat),
            (json!({ "name": "a", "inner": { "number": "x" } }), "inner.number", FieldCode::InvalidFormat),
            (
                json!({ "name": "a", "inner": { "number": 1, "shoe": 1 } }),
                "inner.shoe",
                FieldCode::UnknownField,
            ),
        ] {
            let error = read::<Thing>(value.clone()).expect_err("refused");
            assert_eq!((error.errors()[0].field.as_str(), error.errors()[0].code), (field, code), "{value}");
        }
    }

    #[test]
    fn a_patch_changes_adds_and_removes() {
        let mut target = json!({ "a": 1, "b": { "c": 2, "d": 3 }, "e": [1] });
        merge(&mut target, &json!({ "a": null, "b": { "c": 4 }, "e": [2], "f": { "g": null } }));
        assert_eq!(target, json!({ "b": { "c": 4, "d": 3 }, "e": [2], "f": {} }));
    }
}
