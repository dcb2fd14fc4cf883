//! Which OAuth client a request says it is of, before anybody believes it: for limits alone.

use avnology_core::network_of;
use avnology_model::secret_token::sha256;
use axum::http::header;
use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    input::{
        Raw,
        raw::{RawBody, decode_pairs},
    },
    limits::Subject,
};

/// Whose bucket a request draws on: the client's that it names, or else the address's.
pub(crate) fn subject(raw: &Raw) -> Subject {
    let Some(name) = of_header(raw).or_else(|| of_form(raw)) else { return network_of(raw.cx.ip) };
    let mut subject = Subject::default();
    subject.copy_from_slice(sha256(name.as_bytes()).get(..16).unwrap_or(&[0; 16]));
    subject
}

fn of_header(raw: &Raw) -> Option<String> {
    let header = raw.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64_STANDARD.decode(rest.trim()).ok()?).ok()?;
    Some(text.split_once(':')?.0.to_owned())
}

fn of_form(raw: &Raw) -> Option<String> {
    let RawBody::Bytes(bytes) = &raw.body else { return None };
    let pairs = decode_pairs(std::str::from_utf8(bytes).ok()?).ok()?;
    pairs.into_iter().find(|(name, _)| name == "client_id").map(|(_, value)| value)
}
