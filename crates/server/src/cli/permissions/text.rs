//! Tuples as lines of text or of JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A tuple as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tuple {
    namespace: String,
    object: String,
    relation: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject_set: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expire_time: Option<String>,
}

impl Tuple {
    /// Reads `namespace:object#relation@subject`, or a JSON object with these members (Keto's subjects included). What the
    /// parts may be, the server knows.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('{') {
            return serde_json::from_str(text).map_err(|e| format!("it is no tuple in JSON: {e}"));
        }
        let shape = "a tuple is written namespace:object#relation@subject";
        let (head, subject) = text.split_once('@').ok_or(shape)?;
        let (namespace, rest) = head.split_once(':').ok_or(shape)?;
        let (object, relation) = rest.split_once('#').or_else(|| rest.split_once(':')).ok_or(shape)?;
        let bare = subject.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(subject);
        Ok(Self {
            namespace: namespace.to_owned(),
            object: object.to_owned(),
            relation: relation.to_owned(),
            subject: Some(bare.to_owned()),
            subject_id: None,
            subject_set: None,
            expire_time: None,
        })
    }
}

/// A tuple that the server told, as text.
pub(super) fn line(tuple: &Value) -> String {
    let part = |name: &str| tuple.get(name).and_then(Value::as_str).unwrap_or_default();
    format!("{}:{}#{}@{}", part("namespace"), part("object"), part("relation"), part("subject"))
}

/// The same as JSON, with what a server takes again.
pub(super) fn json_line(tuple: &Value) -> String {
    let names = ["namespace", "object", "relation", "subject", "expire_time"];
    let told = names.into_iter().filter_map(|name| Some((name, tuple.get(name)?)));
    let kept: serde_json::Map<String, Value> = told
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect();
    Value::Object(kept).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_text_or_json() {
        for text in [
            "folders:a#viewer@usr_1",
            "folders:a:viewer@(usr_1)",
            r#"{"namespace":"folders","object":"a","relation":"viewer","subject":"usr_1"}"#,
        ] {
            let tuple = Tuple::read(text).expect("a tuple");
            let wanted =
                json!({ "namespace": "folders", "object": "a", "relation": "viewer", "subject": "usr_1" });
            assert_eq!(json!(tuple), wanted, "{text}");
        }
        for text in ["", "folders", "folders:a@b", "{", r#"{"namespace":"a"}"#] {
            assert!(Tuple::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_tuple_that_was_told_can_be_read_again() {
        let told = json!({ "namespace": "folders", "object": "a", "relation": "viewer", "source": "api",
            "subject": "identities:usr_1", "expire_time": null, "create_time": "2026-03-02T09:00:00.000Z" });
        assert_eq!(line(&told), "folders:a#viewer@identities:usr_1");
        assert_eq!(Tuple::read(&line(&told)), Tuple::read(&json_line(&told)));
    }
}
