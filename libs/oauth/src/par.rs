//! Requests that were pushed before (RFC 9126, `contract/30` §8).

use crate::{ErrorCode, OAuthError, Params};

/// How long one may be used, in seconds.
pub const LIFETIME: i64 = 90;
/// What stands before the part that nobody can guess.
const URN: &str = "urn:ietf:params:oauth:request_uri:";
/// Characters of that part: 256 bits in base64url.
const REFERENCE: usize = 43;

/// The URI of a request that is kept under this reference.
pub fn request_uri(reference: &str) -> String {
    format!("{URN}{reference}")
}

/// The reference in a `request_uri` of ours. `None` for other URIs.
pub fn reference(request_uri: &str) -> Option<&str> {
    let reference = request_uri.strip_prefix(URN)?;
    let is_good = reference.len() == REFERENCE
        && reference.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    is_good.then_some(reference)
}

/// `invalid_request` when what is pushed points to another request (§2.1).
pub fn check_body(params: &Params) -> Result<(), OAuthError> {
    if params.get("request_uri").is_some() {
        return Err(OAuthError::request("request_uri cannot be pushed"));
    }
    Ok(())
}

/// A pushed request, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pushed<'p> {
    /// Who pushed it.
    pub client_id: &'p str,
    /// When it ends, in seconds since 1970.
    pub expires_at: i64,
    /// Whether an authorization by it ended in a code or an error. Loading a page is no end.
    pub is_used: bool,
}

/// `invalid_request_uri` unless the client that names it now pushed it, in time, and did not use it yet.
pub fn check(pushed: Option<&Pushed<'_>>, client_id: &str, now: i64) -> Result<(), OAuthError> {
    match pushed {
        Some(pushed) if pushed.client_id == client_id && !pushed.is_used && now < pushed.expires_at => Ok(()),
        _ => Err(OAuthError::new(ErrorCode::InvalidRequestUri, "request_uri is unknown, used or too old")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pushed_request_is_its_clients_and_is_used_once_in_time() {
        let pushed = Pushed { client_id: "cli_1", expires_at: 190, is_used: false };
        assert_eq!(check(Some(&pushed), "cli_1", 189), Ok(()));
        for (pushed, client, now) in [
            (None, "cli_1", 100),
            (Some(pushed), "cli_2", 100),
            (Some(pushed), "cli_1", 190),
            (Some(Pushed { is_used: true, ..pushed }), "cli_1", 100),
        ] {
            let refused = check(pushed.as_ref(), client, now).unwrap_err();
            assert_eq!(refused.code, ErrorCode::InvalidRequestUri);
        }
    }

    #[test]
    fn references_are_read_as_they_were_made_and_others_are_not_ours() {
        let own = "a".repeat(43);
        assert_eq!(reference(&request_uri(&own)), Some(own.as_str()));
        for other in ["https://app.example.com/request", &request_uri("short"), &request_uri(&"%".repeat(43))]
        {
            assert_eq!(reference(other), None, "{other}");
        }
        assert!(check_body(&Params::parse(b"request_uri=urn:x").unwrap()).is_err());
    }
}
