//! Errors as problem documents (RFC 9457, `contract/00` §6.1), and what of them is logged.

use avnology_model::{Code, Error, FieldError};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::challenge;

/// Media type of problem documents.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
    #[serde(flatten)]
    members: Map<String, Value>,
}

/// The words for a person. Of a failure nothing is told but its code.
pub(crate) fn detail(error: &Error) -> &str {
    if error.code().status() >= 500 { error.code().help() } else { error.detail() }
}

/// The problem document of `error` as JSON, under the `/problems/` of `origin`.
pub fn document(error: &Error, origin: &str, request_id: &str) -> Vec<u8> {
    document_with(error, error.code().status(), origin, request_id)
}

fn document_with(error: &Error, status: u16, origin: &str, request_id: &str) -> Vec<u8> {
    let code = error.code();
    let is_failure = code.status() >= 500;
    let document = Document {
        r#type: format!("{origin}/problems/{}", code.number()),
        title: code.title(),
        status,
        detail: detail(error),
        code: code.text(),
        request_id,
        errors: if is_failure { &[] } else { error.errors() },
        retry_after: error
            .retry_after()
            .filter(|_| matches!(code, Code::AccountLocked | Code::TooManyRequests)),
        members: members(error, is_failure),
    };
    serde_json::to_vec(&document).unwrap_or_default()
}

/// What is told besides; of a failure only the flow to go on with.
fn members(error: &Error, is_failure: bool) -> Map<String, Value> {
    let told = |name: &str| !is_failure || name == "continue_flow";
    error.members().iter().filter(|(name, _)| told(name)).map(|(n, v)| (n.clone(), v.clone())).collect()
}

/// The answer to a request that failed, with this status.
pub(crate) fn response(error: &Error, status: StatusCode, origin: &str, request_id: &str) -> Response {
    let mut response = Response::new(Body::from(document_with(error, status.as_u16(), origin, request_id)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    write_headers(error, response.headers_mut());
    response
}

/// Whether errors of a path are in the form of RFC 6749 §5.2: where programs speak OAuth.
pub(crate) fn is_oauth(path: &str) -> bool {
    matches!(
        path,
        "/oauth2/token"
            | "/oauth2/par"
            | "/oauth2/revoke"
            | "/oauth2/introspect"
            | "/oauth2/register"
            | "/oauth2/device/auth"
    ) || path.starts_with("/oauth2/register/")
}

/// The same answer where programs speak OAuth.
pub(crate) fn oauth_response(error: &Error) -> Response {
    let code = match error.code() {
        Code::Internal => "server_error",
        Code::Unavailable | Code::TooManyRequests => "temporarily_unavailable",
        _ => "invalid_request",
    };
    let words: String = detail(error).chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
    let words = words.replace(['"', '\\'], "'");
    let body = serde_json::json!({ "error": code, "error_description": words }).to_string();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status(error.code());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    write_headers(error, response.headers_mut());
    challenge::write(error, challenge::Came::default(), None, response.headers_mut());
    response
}

/// The status of a code.
pub(crate) fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The headers that go with an error whatever its body is.
pub(crate) fn write_headers(error: &Error, headers: &mut HeaderMap) {
    if let Some(seconds) = error.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// Logs a failure with its cause, and a refusal for whoever is looking closely.
pub(crate) fn log(error: &Error, method: &str, route: &str, request_id: &str) {
    if error.code().status() >= 500 {
        tracing::error!(method, route, request_id, code = error.code().text(), cause = ?error, "request failed");
    } else {
        tracing::debug!(method, route, request_id, code = error.code().text(), "request refused");
    }
}

#[cfg(test)]
mod tests {
    use avnology_model::FieldCode;
    use http_body_util::BodyExt as _;
    use serde_json::json;

    use super::*;

    fn plain(error: &Error, origin: &str, request_id: &str) -> Response {
        response(error, status(error.code()), origin, request_id)
    }

    async fn told(error: &Error) -> Value {
        let body = plain(error, "https://id.example.com", "01hv9k7m3f2t").into_body();
        let bytes = body.collect().await.expect("a body").to_bytes();
        serde_json::from_slice(&bytes).expect("JSON")
    }

    #[tokio::test]
    async fn a_refusal_is_told_with_all_its_members() {
        let error = Error::field("identity.email", FieldCode::InvalidFormat, "Enter an e-mail address.")
            .with_detail("One field needs attention.")
            .with_member("extra", 1);
        assert_eq!(
            told(&error).await,
            json!({
                "type": "https://id.example.com/problems/902", "title": "Validation failed", "status": 400,
                "detail": "One field needs attention.", "code": "AVNOLOGY_AUTH_902", "request_id": "01hv9k7m3f2t",
                "errors": [{"field": "identity.email", "code": "invalid_format", "message": "Enter an e-mail address."}],
                "extra": 1,
            })
        );
    }

    #[tokio::test]
    async fn a_failure_tells_nothing_of_its_cause() {
        let error = Error::internal("no table named identities")
            .with_detail("SELECT failed")
            .with_member("sql", "SELECT");
        let told = told(&error).await;
        assert_eq!(told.as_object().map(Map::len), Some(6));
        assert!(!told.to_string().contains("SELECT") && !told.to_string().contains("table"));
    }

    #[tokio::test]
    async fn a_failure_that_a_flow_survives_tells_the_flow() {
        let error =
            Error::unavailable("nobody answers").with_member("continue_flow", json!({ "id": "flw_1" }));
        assert_eq!(told(&error).await["continue_flow"], json!({ "id": "flw_1" }));
    }

    #[test]
    fn waits_are_headers() {
        let locked = plain(&Error::new(Code::AccountLocked).with_retry_after(9), "", "");
        assert_eq!(
            (locked.status().as_u16(), &locked.headers()["retry-after"]),
            (423, &HeaderValue::from_static("9"))
        );
        let unknown = plain(&Code::SessionInvalid.into(), "", "");
        assert_eq!(unknown.headers()["content-type"], "application/problem+json");
    }
}
