//! The first phase: is the request well-formed? Nothing of the caller is known yet.

use std::sync::Arc;

use avnology_core::{Cx, Tenant, organizations::Acting};
use avnology_model::{Code, Error, Result};
use axum::{
    body::Body,
    http::{HeaderMap, Method, Uri, header, request::Parts},
};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use parking_lot::Mutex;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::upload::{self, MULTIPART, OVERHEAD, Part};
use crate::{access::Caller, cookies::Cookies};

/// Most bytes of a body (`contract/00` §3).
pub(crate) const BODY_LIMIT: usize = 1 << 20;

/// How much of a form with too large a file is read for the sake of an answer.
const DISCARDED: usize = 32 << 20;

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";
pub(super) const NDJSON: &str = "application/x-ndjson";
const PLAIN: &str = "text/plain";
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
    /// A form that a program sends by a protocol of its own: as it came, and no browser's rules for forms.
    Protocol,
    /// JSON that a program sends by a protocol of its own: as it came.
    ProtocolJson,
    /// Either, as flows take it.
    JsonOrForm,
    /// A file of at most so many bytes, sent by a script or a program.
    Upload(usize),
    /// Plain text, as it came.
    Text,
    /// A form with a file of at most so many bytes.
    UploadForm(usize),
    /// Lines of JSON, or one JSON object, of at most so many bytes; not read before the handler does.
    Stream(usize),
}

impl BodyKind {
    pub(crate) const fn or(self, other: Self) -> Self {
        if matches!(self, Self::None) { other } else { self }
    }

    /// The media types it takes.
    pub(crate) const fn types(self) -> &'static [&'static str] {
        match self {
            Self::None | Self::Json | Self::OptionalJson | Self::ProtocolJson => &[JSON],
            Self::Patch => &[JSON, MERGE_PATCH],
            Self::Form | Self::Protocol => &[FORM],
            Self::JsonOrForm => &[JSON, FORM],
            Self::Text => &[PLAIN],
            Self::Upload(_) | Self::UploadForm(_) => &[MULTIPART],
            Self::Stream(_) => &[NDJSON, JSON],
        }
    }

    /// Whether a browser's form can send it, so that the rules for forms hold.
    pub(crate) const fn is_form(self) -> bool {
        matches!(self, Self::Form | Self::JsonOrForm | Self::UploadForm(_))
    }

    /// Most bytes of a body, and the limit that its sender is told.
    const fn limits(self) -> (usize, usize) {
        match self {
            Self::Upload(file) | Self::UploadForm(file) => (file + OVERHEAD, file),
            Self::Stream(limit) => (limit, limit),
            _ => (BODY_LIMIT, BODY_LIMIT),
        }
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
    /// What a protocol sends, as it came.
    Bytes(Bytes),
    /// Parts of a form with a file.
    Parts(Vec<Part>),
    /// A form whose file is above the limit: its page says so.
    TooLarge,
}

/// A request whose syntax is right.
pub struct Raw {
    pub(crate) app: Arc<Tenant>,
    pub(crate) cx: Cx,
    pub(crate) caller: Caller,
    /// Who acts in which organization; none in tenant scope.
    pub(crate) acting: Option<Arc<Acting>>,
    /// Whether only a cookie tells who calls.
    pub(crate) by_cookie: bool,
    pub(crate) cookies: Cookies,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) params: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: RawBody,
    /// The body and its media type, where the handler reads it.
    pub(crate) stream: Option<Unread>,
}

/// A body that was not read. In a lock, since it cannot be shared.
pub(crate) struct Unread {
    pub(crate) body: Mutex<Body>,
    pub(crate) media_type: String,
}

impl Raw {
    /// What tells this caller, acting where it does, from others: for page tokens and idempotency keys.
    pub(crate) fn place_key(&self) -> String {
        let place = self.acting.as_ref().map(|acting| acting.id().to_string()).unwrap_or_default();
        format!("{}@{place}", self.caller.key())
    }

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
        let (body, stream) = match (&parts.method, kind) {
            (&Method::GET | &Method::HEAD, _) => (RawBody::Empty, None),
            (_, BodyKind::Stream(_)) => (RawBody::Empty, Some(unread(&parts.headers, body, kind)?)),
            _ => (read_body(&parts.headers, body, kind).await?, None),
        };
        Ok(Self {
            app,
            cx,
            caller: Caller::Anonymous,
            acting: None,
            by_cookie: false,
            cookies: Cookies::of(&parts.headers),
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            params,
            query,
            body,
            stream,
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

/// What can be told of a body before it is read: `_907`, `_906`.
fn unread(headers: &HeaderMap, body: Body, kind: BodyKind) -> Result<Unread> {
    let media_type = sent_type(headers, kind)?.ok_or_else(|| unsupported(kind))?;
    let (limit, told) = kind.limits();
    if axum::body::HttpBody::size_hint(&body).lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(Error::new(Code::PayloadTooLarge).with_member("limit_bytes", told));
    }
    Ok(Unread { body: Mutex::new(body), media_type })
}

/// The media type of a body, if the request names one that the route takes.
fn sent_type(headers: &HeaderMap, kind: BodyKind) -> Result<Option<String>> {
    if headers.get(header::CONTENT_ENCODING).is_some_and(|e| e != "identity") {
        return Err(unsupported(kind));
    }
    let Some(sent) = headers.get(header::CONTENT_TYPE) else { return Ok(None) };
    let known = media_type(sent.to_str().unwrap_or("?")).filter(|t| kind.types().contains(&t.as_str()));
    known.map(Some).ok_or_else(|| unsupported(kind))
}

async fn read_body(headers: &HeaderMap, body: Body, kind: BodyKind) -> Result<RawBody> {
    let Some(bytes) = collect(body, kind).await? else { return Ok(RawBody::TooLarge) };
    let sent = headers.get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap_or("?"));
    if matches!(kind, BodyKind::Protocol | BodyKind::ProtocolJson | BodyKind::Text) {
        sent_type(headers, kind)?;
        return Ok(RawBody::Bytes(bytes));
    }
    if bytes.is_empty() && matches!(kind, BodyKind::None | BodyKind::OptionalJson) {
        return Ok(RawBody::Empty);
    }
    let media_type = match sent_type(headers, kind)? {
        Some(sent) => sent,
        None if bytes.is_empty() => kind.types().first().copied().unwrap_or(JSON).to_owned(),
        None => return Err(unsupported(kind)),
    };
    if media_type == MULTIPART {
        return upload::read(bytes, sent.unwrap_or_default()).await.map(RawBody::Parts);
    }
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

/// The whole body; `None` for a form with a file that is too large but not beyond measure. That one is read to its end,
/// without keeping it, since browsers listen for an answer only when they have sent everything.
async fn collect(body: Body, kind: BodyKind) -> Result<Option<Bytes>> {
    let (limit, told) = kind.limits();
    let too_large = || Error::new(Code::PayloadTooLarge).with_member("limit_bytes", told);
    if matches!(kind, BodyKind::UploadForm(_)) {
        return collect_form(body, (limit, told)).await;
    }
    let lower = axum::body::HttpBody::size_hint(&body).lower();
    if lower > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(too_large());
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(Some(collected.to_bytes())),
        Err(e) if e.downcast_ref::<LengthLimitError>().is_some() => Err(too_large()),
        Err(e) => Err(malformed("The body ended early.").with_source(e)),
    }
}

/// Reads on to [`DISCARDED`] bytes above the limit, without keeping what is above it.
async fn collect_form(mut body: Body, (limit, told): (usize, usize)) -> Result<Option<Bytes>> {
    let (mut kept, mut read) = (BytesMut::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| malformed("The body ended early.").with_source(e))?;
        let Ok(data) = frame.into_data() else { continue };
        read = read.saturating_add(data.len());
        if read > limit.saturating_add(DISCARDED) {
            return Err(Error::new(Code::PayloadTooLarge).with_member("limit_bytes", told));
        }
        if read <= limit {
            kept.extend_from_slice(&data);
        } else {
            kept = BytesMut::new();
        }
    }
    Ok((read <= limit).then(|| kept.freeze()))
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
