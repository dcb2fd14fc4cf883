//! Entity tags on answers (RFC 9110 §8.8.3, §13.1.2).

use avnology_model::platform::Precondition;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};

/// The header of a tag that is written without quotes.
pub(crate) fn header_of(tag: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("\"{}\"", tag.trim_matches('"'))).ok()
}

/// Turns an answer whose tag `If-None-Match` names into 304. `requested` are the headers of a GET or HEAD.
pub(crate) fn unless_known(requested: &HeaderMap, response: &mut Response) {
    let Some(wanted) = requested.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()) else { return };
    if response.status() != StatusCode::OK {
        return;
    }
    let tag = response
        .headers()
        .get(header::ETAG)
        .and_then(|v| v.to_str().ok())
        .map(|t| t.trim_start_matches("W/").trim_matches('"'));
    if tag.is_some_and(|tag| Precondition::parse(wanted).is_some_and(|known| known.names(tag))) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(wanted: &'static str, tag: &str) -> u16 {
        let mut response = Response::new(Body::from("x"));
        response.headers_mut().insert(header::ETAG, header_of(tag).expect("a tag"));
        let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(wanted))]);
        unless_known(&headers, &mut response);
        response.status().as_u16()
    }

    #[test]
    fn a_known_version_is_not_sent_again() {
        assert_eq!(status("\"1-a\"", "1-a"), 304);
        assert_eq!(status("\"0\", W/\"1-a\"", "1-a"), 304);
        assert_eq!(status("*", "1-a"), 304);
        assert_eq!(status("\"1-b\"", "1-a"), 200);
        assert_eq!(status("nonsense\"", "1-a"), 200);
    }
}
