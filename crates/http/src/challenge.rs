//! What a refusal says of the credential that would do (RFC 6750 §3, RFC 9470, RFC 9728 §5.1).

use avnology_model::{Code, Error};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::problem;

/// Where the metadata of the API is.
const METADATA: &str = "/.well-known/oauth-protected-resource";

/// The algorithms of proofs.
const ALGORITHMS: &str = "ES256 ES384 EdDSA PS256 RS256";

/// What is wrong with the proof of a key (RFC 9449 §7.1).
fn of_proof(code: Code) -> Option<&'static str> {
    match code {
        Code::DpopProofInvalid => Some("invalid_dpop_proof"),
        Code::DpopNonceRequired => Some("use_dpop_nonce"),
        _ => None,
    }
}

/// Whether an access token was refused because the sign-in behind it is too weak or too old.
fn asks_for_more(error: &Error, by_token: bool) -> bool {
    by_token && matches!(error.code(), Code::SecondFactorRequired | Code::StepUpRequired)
}

/// The status of a refusal: to an access token that the person has to renew by a better sign-in, 401.
pub(crate) fn status(error: &Error, by_token: bool) -> StatusCode {
    if asks_for_more(error, by_token) { StatusCode::UNAUTHORIZED } else { problem::status(error.code()) }
}

/// How a caller came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Came {
    /// By an access token.
    pub(crate) by_token: bool,
    /// With a proof of a key.
    pub(crate) with_proof: bool,
}

/// Writes the challenge that goes with a refusal, if one does. `api` is the origin of the API whose metadata tell more.
pub(crate) fn write(error: &Error, came: Came, api: Option<&str>, headers: &mut HeaderMap) {
    let scheme = if came.with_proof { "DPoP" } else { "Bearer" };
    let mut challenge = if asks_for_more(error, came.by_token) {
        format!("{scheme} error=\"insufficient_user_authentication\"{}", required(error))
    } else if came.by_token && error.code() == Code::ScopeMissing {
        format!("{scheme} error=\"insufficient_scope\"{}", scopes(error))
    } else if let Some(what) = of_proof(error.code()) {
        format!("DPoP error=\"{what}\", algs=\"{ALGORITHMS}\"")
    } else if error.code().status() == 401 {
        format!("{scheme} error=\"invalid_token\"")
    } else {
        return;
    };
    if let Some(origin) = api {
        challenge.push_str(&format!(", resource_metadata=\"{origin}{METADATA}\""));
    }
    if let Ok(value) = HeaderValue::try_from(challenge) {
        headers.insert(header::WWW_AUTHENTICATE, value);
    }
}

/// Which sign-in would do.
fn required(error: &Error) -> String {
    let asked = error.members().get("required");
    let member = |name: &str| asked.and_then(|required| required.get(name)).filter(|value| !value.is_null());
    let mut text = String::new();
    if let Some(aal) = member("aal").and_then(Value::as_str) {
        text.push_str(&format!(", acr_values=\"urn:avnology:acr:{aal}\""));
    }
    if let Some(age) = member("max_age").and_then(Value::as_u64) {
        text.push_str(&format!(", max_age=\"{age}\""));
    }
    text
}

/// Which scopes would do.
fn scopes(error: &Error) -> String {
    let list = error.members().get("required_scopes").and_then(Value::as_array);
    let names: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
    if names.is_empty() { String::new() } else { format!(", scope=\"{}\"", names.join(" ")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(error: &Error, by_token: bool, api: Option<&str>) -> String {
        let mut headers = HeaderMap::new();
        write(error, Came { by_token, with_proof: false }, api, &mut headers);
        headers.get(header::WWW_AUTHENTICATE).map_or(String::new(), |v| v.to_str().unwrap_or("?").to_owned())
    }

    #[test]
    fn who_shows_no_good_credential_is_told_where_to_get_one() {
        let unknown = Error::new(Code::SessionInvalid);
        assert_eq!(told(&unknown, false, None), "Bearer error=\"invalid_token\"");
        assert_eq!(
            told(&unknown, false, Some("https://id.example.com")),
            "Bearer error=\"invalid_token\", \
             resource_metadata=\"https://id.example.com/.well-known/oauth-protected-resource\""
        );
        assert_eq!(told(&Error::new(Code::PermissionDenied), true, None), "");
    }

    #[test]
    fn a_client_is_told_which_sign_in_its_token_lacks() {
        let required = json!({ "aal": "aal2", "max_age": null, "connection_id": null, "methods": null });
        let factor = Error::new(Code::SecondFactorRequired).with_member("required", required);
        assert_eq!(
            told(&factor, true, None),
            "Bearer error=\"insufficient_user_authentication\", acr_values=\"urn:avnology:acr:aal2\""
        );
        assert_eq!((status(&factor, true).as_u16(), status(&factor, false).as_u16()), (401, 403));
        assert_eq!(told(&factor, false, None), "", "a session goes through the flow");
        let required = json!({ "aal": null, "max_age": 900 });
        let again = Error::new(Code::StepUpRequired).with_member("required", required);
        assert_eq!(
            told(&again, true, None),
            "Bearer error=\"insufficient_user_authentication\", max_age=\"900\""
        );
    }

    #[test]
    fn whoever_must_prove_a_key_is_told_how() {
        let nonce = told(&Error::new(Code::DpopNonceRequired), false, None);
        assert_eq!(nonce, "DPoP error=\"use_dpop_nonce\", algs=\"ES256 ES384 EdDSA PS256 RS256\"");
        let proof = told(&Error::new(Code::DpopProofInvalid), false, None);
        assert!(proof.starts_with("DPoP error=\"invalid_dpop_proof\""), "{proof}");
        let mut headers = HeaderMap::new();
        let came = Came { by_token: false, with_proof: true };
        write(&Error::new(Code::TokenExpired), came, None, &mut headers);
        assert_eq!(headers[header::WWW_AUTHENTICATE], "DPoP error=\"invalid_token\"");
    }

    #[test]
    fn a_client_is_told_which_scope_its_token_lacks() {
        let missing = Error::new(Code::ScopeMissing).with_member("required_scopes", vec!["members:read"]);
        assert_eq!(told(&missing, true, None), "Bearer error=\"insufficient_scope\", scope=\"members:read\"");
        assert_eq!(told(&missing, false, None), "");
    }
}
