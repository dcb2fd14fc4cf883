//! The first phase: is the request well-formed? Nothing of the caller is known yet.

use std::sync::Arc;

use avnology_core::{Cx, Tenant};
use avnology_model::{Code, Error, Result};
use axum::{
    body::Body,
    http::{HeaderMap, Method, Uri, header, request::Parts},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::{access::Caller, cookies::Cookies};

/// Most bytes of a body (`contract/00` §3).
pub(crate) const BODY_LIMIT: usize = 1 << 20;

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const FORM: &str = "application/x-www-form-urlencoded";

/// What kind of body a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// None.
    None,
    /// JSON.
    Json,
    /// JSON, or nothing.
    OptionalJson,
    /// A JSON Merge Patch.
    Patch,
    /// A form.
    Form,
    /// Either, as flows take it.
    JsonOrForm,
}

impl BodyKind {
    pub(crate) const fn or(self, other: Self) -> Self {
        if matches!(self, Self::None) { other } else { self }
    }

    /// The media types it takes.
    pub(crate) const fn types(self) -> &'static [&'static str] {
        match self {
            Self::None | Self::Json | Self::OptionalJson => &[JSON],
            Self::Patch => &[JSON, MERGE_PATCH],
            Self::Form => &[FORM],
            Self::JsonOrForm => &[JSON, FORM],
        }
    }

    /// Whether a browser's form can send it, so that the rules for forms hold.
    pub(crate) const fn is_form(self) -> bool {
        matches!(self, Self::Form | Self::JsonOrForm)
    }
}

/// A body whose syntax is right.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RawBody {
    /// None was sent.
    Empty,
    /// JSON.
    Json(Value),
    /// Fields of a form, decoded.
    Form(Vec<(String, String)>),
}

/// A request whose syntax is right.
pub struct Raw {
    pub(crate) app: Arc<Tenant>,
    pub(crate) cx: Cx,
    pub(crate) caller: Caller,
    pub(crate) cookies: Cookies,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) params: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: RawBody,
}

impl Raw {
    /// Reads and checks everything that needs no knowledge of the caller: `_900`, `_906`, `_907`.
    pub(crate) async fn read(
        app: Arc<Tenant>,
        cx: Cx,
        parts: Parts,
        body: Body,
        params: Vec<String>,
        kind: BodyKind,
    ) -> Result<Self> {
        let query = decode_pairs(parts.uri.query().unwrap_or_default())?;
        let body = match parts.method {
            Method::GET | Method::HEAD => RawBody::Empty,
            _ => read_body(&parts.headers, body, kind).await?,
        };
        Ok(Self {
            app,
            cx,
            caller: Caller::Anonymous,
            cookies: Cookies::of(&parts.headers),
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            params,
            query,
            body,
        })
    }

    /// The text of a header. `_900` when it is sent twice or is not visible ASCII.
    pub(crate) fn header(&self, name: &str) -> Result<Option<&str>> {
        let mut values = self.headers.get_all(name).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let malformed =
            || Error::new(Code::MalformedRequest).with_detail(format!("The header {name} cannot be read."));
        match (values.next(), value.to_str()) {
            (None, Ok(text)) => Ok(Some(text)),
            _ => Err(malformed()),
        }
    }
}

async fn read_body(headers: &HeaderMap, body: Body, kind: BodyKind) -> Result<RawBody> {
    let bytes = collect(body).await?;
    let sent = headers.get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap_or("?"));
    if bytes.is_empty() && matches!(kind, BodyKind::None | BodyKind::OptionalJson) {
        return Ok(RawBody::Empty);
    }
    if headers.get(header::CONTENT_ENCODING).is_some_and(|e| e != "identity") {
        return Err(unsupported(kind));
    }
    let media_type = match sent {
        Some(sent) => media_type(sent)
            .filter(|t| kind.types().contains(&t.as_str()))
            .ok_or_else(|| unsupported(kind))?,
        None if bytes.is_empty() => kind.types().first().copied().unwrap_or(JSON).to_owned(),
        None => return Err(unsupported(kind)),
    };
    if media_type == FORM {
        let text = std::str::from_utf8(&bytes).map_err(|_| malformed("The form is not UTF-8."))?;
        return decode_pairs(text).map(RawBody::Form);
    }
    if bytes.is_empty() {
        return Err(malformed("The body is missing."));
    }
    match serde_json::from_slice(&bytes) {
        Ok(value) => Ok(RawBody::Json(value)),
        Err(e) => {
            Err(malformed(&format!("The body is not JSON (line {}, column {}).", e.line(), e.column())))
        }
    }
}

async fn collect(body: Body) -> Result<Bytes> {
    let too_large = || Error::new(Code::PayloadTooLarge).with_member("limit_bytes", BODY_LIMIT);
    let lower = axum::body::HttpBody::size_hint(&body).lower();
    if lower > u64::try_from(BODY_LIMIT).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(e) if e.downcast_ref::<LengthLimitError>().is_some() => Err(too_large()),
        Err(e) => Err(malformed("The body ended early.").with_source(e)),
    }
}

/// The media type in lower case; `None` with a character set other than UTF-8.
fn media_type(header: &str) -> Option<String> {
    let mut parts = header.split(';');
    let essence = parts.next()?.trim().to_ascii_lowercase();
    let is_utf8 = parts.filter_map(|p| p.trim().split_once('=')).all(|(name, value)| {
        !name.trim().eq_ignore_ascii_case("charset")
            || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    is_utf8.then_some(essence)
}

fn unsupported(kind: BodyKind) -> Error {
    Error::new(Code::UnsupportedMediaType).with_member("supported", kind.types().to_vec())
}

fn malformed(detail: &str) -> Error {
    Error::new(Code::MalformedRequest).with_detail(detail)
}

/// The pairs of a query or form (WHATWG URL §5.1), `_900` when they do not decode to UTF-8.
pub(crate) fn decode_pairs(text: &str) -> Result<Vec<(String, String)>> {
    let decode = |part: &str| -> Result<String> {
        let spaced = part.replace('+', " ");
        let decoded = percent_decode_str(&spaced)
            .decode_utf8()
            .map_err(|_| malformed("The query or form is not UTF-8."))?;
        Ok(decoded.into_owned())
    };
    let pairs = text
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| Ok((decode(name)?, decode(value)?))).collect()
}

/// The pairs as one JSON object of texts; what is named more than once becomes a list.
pub(crate) fn object_of(pairs: Vec<(String, String)>) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in pairs {
        add(&mut object, name, Value::String(value));
    }
    object
}

/// Adds a value; the second of the same name makes a list.
pub(crate) fn add(object: &mut Map<String, Value>, name: String, value: Value) {
    match object.get_mut(&name) {
        None => {
            object.insert(name, value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(other) => *other = Value::Array(vec![other.take(), value]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_and_repeated_names_become_lists() {
        let pairs = decode_pairs("a=1&b=x%20y+z&a=2&c&&%C3%A9=%3D").expect("pairs");
        let object = Value::Object(object_of(pairs));
        assert_eq!(object, serde_json::json!({"a": ["1", "2"], "b": "x y z", "c": "", "é": "="}));
    }

    #[test]
    fn broken_encoding_is_malformed() {
        assert_eq!(decode_pairs("a=%ff").map_err(|e| e.code()), Err(Code::MalformedRequest));
    }

    #[test]
    fn only_utf8_bodies_are_taken() {
        assert_eq!(media_type("Application/JSON; charset=\"UTF-8\"").as_deref(), Some(JSON));
        assert_eq!(media_type("application/json;charset=latin1"), None);
    }
}
