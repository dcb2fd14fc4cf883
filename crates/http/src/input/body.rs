//! Typed JSON bodies.

use std::sync::LazyLock;

use avnology_model::{Error, FieldCode, Result};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};
use utoipa::{
    ToSchema,
    openapi::{
        Content, Ref, RefOr, Required, Schema,
        request_body::{RequestBody, RequestBodyBuilder},
        schema::{AdditionalProperties, ObjectBuilder},
    },
};

use super::{BodyKind, Input, InputDoc, Mode, Raw, raw::RawBody, typed};

/// A JSON body. Its type refuses unknown fields (`#[serde(deny_unknown_fields)]`; `audit` checks it).
#[derive(Clone, Copy, Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + ToSchema + Send + 'static> Input for Body<T> {
    const BODY: BodyKind = BodyKind::Json;

    fn parse(raw: &mut Raw) -> Result<Self> {
        typed(json(raw), Mode::Json).map(Self)
    }

    fn describe(doc: &mut InputDoc) {
        describe::<T>(doc, Self::BODY, Required::True);
    }
}

/// A JSON body that may be missing; then it is `{}`.
#[derive(Clone, Copy, Debug)]
pub struct OptionalBody<T>(pub T);

impl<T: DeserializeOwned + ToSchema + Send + 'static> Input for OptionalBody<T> {
    const BODY: BodyKind = BodyKind::OptionalJson;

    fn parse(raw: &mut Raw) -> Result<Self> {
        typed(json(raw), Mode::Json).map(Self)
    }

    fn describe(doc: &mut InputDoc) {
        describe::<T>(doc, Self::BODY, Required::False);
    }
}

/// A JSON Merge Patch (RFC 7396) with a type of its own: absent keeps, `null` clears (see [`nullable`]).
#[derive(Clone, Copy, Debug)]
pub struct Patch<T>(pub T);

impl<T: DeserializeOwned + ToSchema + Send + 'static> Input for Patch<T> {
    const BODY: BodyKind = BodyKind::Patch;

    fn parse(raw: &mut Raw) -> Result<Self> {
        typed(json(raw), Mode::Json).map(Self)
    }

    fn describe(doc: &mut InputDoc) {
        describe::<T>(doc, Self::BODY, Required::True);
    }
}

/// A JSON Merge Patch (RFC 7396) as it is, to be merged into something and validated as a whole.
#[derive(Clone, Debug)]
pub struct PatchValue(pub Map<String, Value>);

impl Input for PatchValue {
    const BODY: BodyKind = BodyKind::Patch;

    fn parse(raw: &mut Raw) -> Result<Self> {
        match json(raw) {
            Value::Object(object) => Ok(Self(object.clone())),
            _ => Err(Error::field("body", FieldCode::InvalidFormat, "Expected an object.")),
        }
    }

    fn describe(doc: &mut InputDoc) {
        let any = ObjectBuilder::new()
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
            .build();
        doc.body = Some(body_of(Self::BODY, &RefOr::T(Schema::Object(any)), Required::True));
    }
}

/// For fields of a patch: `None` when absent, `Some(None)` when `null`. Use with `#[serde(default, deserialize_with)]`.
pub fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The body; `{}` when there is none. It stays where it is: an idempotency key looks at it too.
fn json(raw: &Raw) -> &Value {
    static NOTHING: LazyLock<Value> = LazyLock::new(|| Value::Object(Map::new()));
    match &raw.body {
        RawBody::Json(value) => value,
        RawBody::Empty | RawBody::Form(_) | RawBody::Bytes(_) | RawBody::Parts(_) | RawBody::TooLarge => {
            &NOTHING
        }
    }
}

fn describe<T: ToSchema>(doc: &mut InputDoc, kind: BodyKind, required: Required) {
    let name = T::name().into_owned();
    doc.body = Some(body_of(kind, &RefOr::Ref(Ref::from_schema_name(&name)), required));
    doc.schemas.push((name.clone(), T::schema()));
    doc.strict.push(name);
    T::schemas(&mut doc.schemas);
}

pub(super) fn body_of(kind: BodyKind, schema: &RefOr<Schema>, required: Required) -> RequestBody {
    let body = RequestBodyBuilder::new().required(Some(required));
    kind.types()
        .iter()
        .fold(body, |body, media_type| body.content(*media_type, Content::new(Some(schema.clone()))))
        .build()
}
