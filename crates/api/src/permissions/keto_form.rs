//! Tuples and trees as Keto writes them.

use avnology_aip::Key;
use avnology_core::permissions::{KeptTuple, Parts, SubjectSet, TreeView, TuplePlace};
use avnology_model::{Error, FieldCode, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A tuple.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct KetoTuple {
    namespace: Option<String>,
    object: Option<String>,
    relation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_set: Option<SubjectSet>,
}

/// A subject in its canonical form, as an id or as a set.
fn subject(text: &str) -> (Option<String>, Option<SubjectSet>) {
    if let Some((object, relation)) = text.split_once('#')
        && let Some((namespace, object)) = object.split_once(':')
    {
        let [namespace, object, relation] = [namespace, object, relation].map(str::to_owned);
        return (None, Some(SubjectSet { namespace, object, relation }));
    }
    let id = ["identities:usr_", "service_accounts:sa_", "clients:cli_"]
        .iter()
        .find(|start| text.starts_with(*start))
        .and_then(|_| text.split_once(':'))
        .map_or(text, |(_, id)| id);
    (Some(id.to_owned()), None)
}

impl KetoTuple {
    /// A tuple that is kept.
    pub(super) fn of(kept: &KeptTuple) -> Self {
        let (subject_id, subject_set) = subject(&kept.subject);
        Self {
            namespace: Some(kept.namespace.clone()),
            object: Some(kept.object.clone()),
            relation: Some(kept.relation.clone()),
            subject_id,
            subject_set,
        }
    }

    /// As a question, or to be written.
    pub(super) fn parts(self) -> Parts {
        let Self { namespace, object, relation, subject_id, subject_set } = self;
        Parts { namespace, object, relation, subject_id, subject_set, ..Parts::default() }
    }
}

/// Where a tuple is read.
pub(super) fn shown(tuple: &KetoTuple) -> String {
    let mut pairs = vec![
        ("namespace", tuple.namespace.clone()),
        ("object", tuple.object.clone()),
        ("relation", tuple.relation.clone()),
        ("subject_id", tuple.subject_id.clone()),
    ];
    if let Some(set) = &tuple.subject_set {
        pairs.push(("subject_set.namespace", Some(set.namespace.clone())));
        pairs.push(("subject_set.object", Some(set.object.clone())));
        pairs.push(("subject_set.relation", Some(set.relation.clone())));
    }
    let pairs = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("/relation-tuples?{query}")
}

/// A tree.
pub(super) fn tree(found: TreeView) -> Value {
    let TreeView { r#type, tuple, children } = found;
    let (subject_id, subject_set) = if let Some(text) = &tuple.subject {
        subject(text)
    } else {
        // Everybody who has the relation.
        let [namespace, object, relation] =
            [&tuple.namespace, &tuple.object, &tuple.relation].map(Clone::clone);
        (None, Some(SubjectSet { namespace, object, relation }))
    };
    let shown = KetoTuple {
        namespace: Some(tuple.namespace),
        object: Some(tuple.object),
        relation: Some(tuple.relation),
        subject_id,
        subject_set,
    };
    if children.is_empty() {
        return json!({ "type": r#type, "tuple": shown });
    }
    let children: Vec<Value> = children.into_iter().map(tree).collect();
    json!({ "type": r#type, "tuple": shown, "children": children })
}

/// The place that a page token names.
pub(super) fn place(keys: &[Key]) -> Result<TuplePlace> {
    let texts = keys.iter().filter_map(|key| match key {
        Key::Text(text) => Some(text.clone()),
        _ => None,
    });
    let texts: Vec<String> = texts.collect();
    texts.try_into().map_err(|_| {
        Error::field("page_token", FieldCode::InvalidFormat, "This is no page token of this list.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_an_id_or_a_set() {
        for (text, id) in [
            ("identities:usr_1", "usr_1"),
            ("clients:cli_1", "cli_1"),
            ("identities:jane", "identities:jane"),
            ("*", "*"),
            ("jane@example.com", "jane@example.com"),
        ] {
            assert_eq!(subject(text), (Some(id.to_owned()), None));
        }
        let set = |namespace: &str, object: &str, relation: &str| SubjectSet {
            namespace: namespace.to_owned(),
            object: object.to_owned(),
            relation: relation.to_owned(),
        };
        assert_eq!(subject("groups:g#member"), (None, Some(set("groups", "g", "member"))));
        assert_eq!(subject("organizations:o#"), (None, Some(set("organizations", "o", ""))));
    }
}
