//! Forms of pages, and submits of flows, which are JSON or a form.

use avnology_model::{Error, FieldCode, Result};
use bytes::Bytes;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use utoipa::openapi::{
    RefOr, Required, Schema,
    schema::{AdditionalProperties, ObjectBuilder},
};

use super::{
    BodyKind, Input, InputDoc, Mode, Raw,
    body::body_of,
    raw::{RawBody, add, object_of},
    schema_of_text, typed,
};

/// A form of a page. Unknown fields are ignored unless `T` refuses them.
#[derive(Clone, Debug)]
pub struct Form<T> {
    /// Its fields.
    pub fields: T,
    /// The form token, to be checked by [`crate::csrf::check_page`].
    pub csrf: Option<String>,
}

impl<T: DeserializeOwned + Send + 'static> Input for Form<T> {
    const BODY: BodyKind = BodyKind::Form;

    fn parse(raw: &mut Raw) -> Result<Self> {
        let mut fields = match std::mem::replace(&mut raw.body, RawBody::Empty) {
            RawBody::Form(pairs) => object_of(pairs),
            _ => Map::new(),
        };
        let csrf = match fields.remove("csrf_token") {
            Some(Value::String(token)) => Some(token),
            _ => None,
        };
        Ok(Self { fields: typed(&Value::Object(fields), Mode::Text)?, csrf })
    }

    fn describe(doc: &mut InputDoc) {
        doc.body = Some(body_of(Self::BODY, &free_object(), Required::True));
    }
}

/// The form of a protocol, as it came: whoever knows the protocol reads it.
#[derive(Clone, Debug)]
pub struct ProtocolForm(pub Bytes);

impl Input for ProtocolForm {
    const BODY: BodyKind = BodyKind::Protocol;

    fn parse(raw: &mut Raw) -> Result<Self> {
        match std::mem::replace(&mut raw.body, RawBody::Empty) {
            RawBody::Bytes(bytes) => Ok(Self(bytes)),
            _ => Ok(Self(Bytes::new())),
        }
    }

    fn describe(doc: &mut InputDoc) {
        doc.body = Some(body_of(Self::BODY, &free_object(), Required::True));
    }
}

/// The JSON of a protocol, as it came: whoever knows the protocol reads it.
#[derive(Clone, Debug)]
pub struct ProtocolJson(pub Bytes);

impl Input for ProtocolJson {
    const BODY: BodyKind = BodyKind::ProtocolJson;

    fn parse(raw: &mut Raw) -> Result<Self> {
        ProtocolForm::parse(raw).map(|ProtocolForm(bytes)| Self(bytes))
    }

    fn describe(doc: &mut InputDoc) {
        doc.body = Some(body_of(Self::BODY, &free_object(), Required::True));
    }
}

/// The submit of a flow (`contract/11` §3): `{"method", "body"}`, or a form with flat fields. In a form a dot in a
/// name means a field inside another, and a repeated name a list; its values are all texts.
#[derive(Clone, Debug, PartialEq)]
pub struct Submit {
    /// The way chosen.
    pub method: String,
    /// The rest, `csrf_token` included.
    pub body: Map<String, Value>,
    /// Whether it came as a form, to be answered by a redirect.
    pub is_form: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonSubmit {
    method: String,
    #[serde(default)]
    body: Map<String, Value>,
}

impl Input for Submit {
    const BODY: BodyKind = BodyKind::JsonOrForm;

    fn parse(raw: &mut Raw) -> Result<Self> {
        match std::mem::replace(&mut raw.body, RawBody::Empty) {
            RawBody::Json(value) => {
                let JsonSubmit { method, body } = typed(&value, Mode::Json)?;
                Ok(Self { method, body, is_form: false })
            }
            RawBody::Form(pairs) => from_form(pairs),
            _ => from_form(Vec::new()),
        }
    }

    fn describe(doc: &mut InputDoc) {
        let schema = ObjectBuilder::new()
            .property("method", schema_of_text())
            .property("body", free_object())
            .required("method")
            .build();
        let form = ObjectBuilder::new()
            .property("method", schema_of_text())
            .required("method")
            .additional_properties(Some(schema_of_text()))
            .build();
        let mut body = body_of(BodyKind::JsonOrForm, &RefOr::T(Schema::Object(schema)), Required::True);
        let content = utoipa::openapi::Content::new(Some(RefOr::T(Schema::Object(form))));
        body.content.insert("application/x-www-form-urlencoded".to_owned(), RefOr::T(content));
        doc.body = Some(body);
    }
}

fn from_form(pairs: Vec<(String, String)>) -> Result<Submit> {
    let mut body = Map::new();
    for (name, value) in pairs {
        if !insert(&mut body, &name, value) {
            return Err(Error::field(
                name,
                FieldCode::Conflict,
                "This field is both a value and a group of fields.",
            ));
        }
    }
    match body.remove("method") {
        Some(Value::String(method)) => Ok(Submit { method, body, is_form: true }),
        Some(Value::Array(_)) => Err(Error::field("method", FieldCode::Duplicate, "Given more than once.")),
        _ => Err(Error::field("method", FieldCode::Required, "This field is required.")),
    }
}

/// Puts a value where the dotted `name` says; false when something else is in the way.
fn insert(object: &mut Map<String, Value>, name: &str, value: String) -> bool {
    match name.split_once('.') {
        Some((group, rest)) if !group.is_empty() && !rest.is_empty() => {
            match object.entry(group).or_insert_with(|| Value::Object(Map::new())) {
                Value::Object(inner) => insert(inner, rest, value),
                _ => false,
            }
        }
        _ if object.get(name).is_some_and(Value::is_object) => false,
        _ => {
            add(object, name.to_owned(), Value::String(value));
            true
        }
    }
}

fn free_object() -> RefOr<Schema> {
    let any = AdditionalProperties::<Schema>::FreeForm(true);
    RefOr::T(Schema::Object(ObjectBuilder::new().additional_properties(Some(any)).build()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Result<Submit> {
        from_form(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn dotted_names_nest_and_repeated_ones_become_lists() {
        let submit =
            form(&[("method", "profile"), ("traits.plan", "pro"), ("tag", "a"), ("tag", "b"), ("x.", "1")])
                .expect("a form");
        assert_eq!((submit.method.as_str(), submit.is_form), ("profile", true));
        assert_eq!(
            Value::Object(submit.body),
            serde_json::json!({"traits": {"plan": "pro"}, "tag": ["a", "b"], "x.": "1"})
        );
    }

    #[test]
    fn a_form_without_a_method_or_with_two_is_refused() {
        let code = |pairs: &[(&str, &str)]| form(pairs).map_err(|e| e.errors()[0].code);
        assert_eq!(code(&[("a", "1")]), Err(FieldCode::Required));
        assert_eq!(code(&[("method", "a"), ("method", "b")]), Err(FieldCode::Duplicate));
        assert_eq!(code(&[("a", "1"), ("a.b", "1")]), Err(FieldCode::Conflict));
        assert_eq!(code(&[("a.b", "1"), ("a", "1")]), Err(FieldCode::Conflict));
    }
}
