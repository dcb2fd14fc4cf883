//! Headers that a handler asks for: `If-Match` and `Idempotency-Key` (`contract/00` §8).

use avnology_model::{
    Code, Error, FieldCode, Result,
    platform::{IdempotencyKey, Precondition},
    secret_token::sha256,
};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};

use super::{Input, InputDoc, Raw, raw::RawBody, schema_of_text};
use crate::idempotency::{canonical, is_key};

impl Input for Precondition {
    fn parse(raw: &mut Raw) -> Result<Self> {
        let Some(text) = raw.header("if-match")? else { return Ok(Self::None) };
        Self::parse(text).ok_or_else(|| {
            Error::new(Code::MalformedRequest)
                .with_detail("If-Match is `*` or a list of entity tags in quotes.")
        })
    }

    fn describe(doc: &mut InputDoc) {
        doc.precondition = true;
        doc.parameters.push(parameter("If-Match", "Entity tag of the version to be changed, or `*`."));
    }
}

/// `Idempotency-Key`, when it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency(pub Option<IdempotencyKey>);

impl Input for Idempotency {
    fn parse(raw: &mut Raw) -> Result<Self> {
        let mut values = raw.headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let key =
            value.to_str().ok().filter(|key| is_key(key) && values.next().is_none()).ok_or_else(|| {
                Error::field(
                    "Idempotency-Key",
                    FieldCode::InvalidFormat,
                    "1–255 printable ASCII characters, once.",
                )
            })?;
        // Lengths keep the parts apart whatever they hold.
        let parts = [raw.place_key().as_str(), raw.method.as_str(), raw.uri.path(), key]
            .map(|part| format!("{}:{part}", part.len()))
            .concat();
        let body = match &raw.body {
            RawBody::Json(value) => canonical(value),
            RawBody::Empty | RawBody::Bytes(_) | RawBody::Form(_) | RawBody::Parts(_) | RawBody::TooLarge => {
                String::new()
            }
        };
        Ok(Self(Some(IdempotencyKey { scope: sha256(parts.as_bytes()), body: sha256(body.as_bytes()) })))
    }

    fn describe(doc: &mut InputDoc) {
        doc.idempotent = true;
        doc.parameters
            .push(parameter("Idempotency-Key", "1–255 printable characters: the same call twice acts once."));
    }
}

fn parameter(name: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .description(Some(description))
        .schema(Some(schema_of_text()))
        .build()
}
