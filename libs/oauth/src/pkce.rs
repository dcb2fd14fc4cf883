//! Proof Key for Code Exchange (RFC 7636), by SHA-256 alone: `plain` proves nothing to whoever saw the request.

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::{ErrorCode, OAuthError, Params};

/// What the client must know the original of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Takes a challenge that was kept or sent. `None` when it is no SHA-256 in base64url.
    pub fn new(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// The challenge of an authorization request, if it has one. `invalid_request` for another method than `S256`, which
    /// must be named: left out it would be `plain` (§4.3).
    pub fn of_request(params: &Params) -> Result<Option<Self>, OAuthError> {
        let Some(challenge) = params.get("code_challenge") else {
            let has_method = params.get("code_challenge_method").is_some();
            return if has_method { Err(OAuthError::request("code_challenge is missing")) } else { Ok(None) };
        };
        if params.get("code_challenge_method") != Some("S256") {
            return Err(OAuthError::request("code_challenge_method must be S256"));
        }
        let challenge = Self::new(challenge);
        challenge.map(Some).ok_or(OAuthError::request("code_challenge is not a SHA-256 in base64url"))
    }

    /// The challenge of this verifier. `None` when it is no verifier (§4.1).
    pub fn of_verifier(verifier: &str) -> Option<Self> {
        let is_good = (43..=128).contains(&verifier.len())
            && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        is_good.then(|| Self(BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))))
    }

    /// As it was sent, to be kept with the code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether whoever redeems the code began the request: the verifier fits the challenge, and there is either both or none. A
/// verifier without a challenge would mean that somebody took the challenge away (RFC 9700 §2.1.1).
pub fn check(challenge: Option<&CodeChallenge>, verifier: Option<&str>) -> Result<(), OAuthError> {
    let refused = |why| Err(OAuthError::new(ErrorCode::InvalidGrant, why));
    match (challenge, verifier) {
        (None, None) => Ok(()),
        (Some(_), None) => refused("code_verifier is missing"),
        (None, Some(_)) => refused("no code_challenge was sent for this code"),
        (Some(challenge), Some(verifier)) => match CodeChallenge::of_verifier(verifier) {
            Some(found) if verify_slices_are_equal(found.0.as_bytes(), challenge.0.as_bytes()).is_ok() => {
                Ok(())
            }
            _ => refused("code_verifier does not fit"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 §B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_rfc_7636_fits_and_nothing_else_does() {
        let challenge = CodeChallenge::new(CHALLENGE).unwrap();
        assert_eq!(CodeChallenge::of_verifier(VERIFIER), Some(challenge.clone()));
        assert_eq!(check(Some(&challenge), Some(VERIFIER)), Ok(()));
        for other in
            [CHALLENGE, "", "short", &VERIFIER.replace('d', "e"), &"a".repeat(129), &format!("{VERIFIER} ")]
        {
            assert_eq!(
                check(Some(&challenge), Some(other)).unwrap_err().code,
                ErrorCode::InvalidGrant,
                "{other}"
            );
        }
    }

    /// RFC 9700 §2.1.1: whoever takes the challenge out of the request must not get through with any verifier.
    #[test]
    fn a_verifier_without_a_challenge_is_refused_so_that_pkce_cannot_be_downgraded() {
        let challenge = CodeChallenge::new(CHALLENGE).unwrap();
        assert!(check(None, Some(VERIFIER)).is_err());
        assert!(check(Some(&challenge), None).is_err());
        assert_eq!(check(None, None), Ok(()));
    }

    #[test]
    fn plain_challenges_are_refused() {
        let read = |text: &str| CodeChallenge::of_request(&Params::parse(text.as_bytes()).unwrap());
        assert!(read(&format!("code_challenge={CHALLENGE}&code_challenge_method=S256")).unwrap().is_some());
        assert_eq!(read("scope=openid"), Ok(None));
        for bad in [
            format!("code_challenge={CHALLENGE}"),
            format!("code_challenge={CHALLENGE}&code_challenge_method=plain"),
            format!("code_challenge={CHALLENGE}&code_challenge_method=s256"),
            format!("code_challenge={CHALLENGE}=&code_challenge_method=S256"),
            "code_challenge=short&code_challenge_method=S256".to_owned(),
            "code_challenge_method=S256".to_owned(),
        ] {
            assert_eq!(read(&bad).unwrap_err().code, ErrorCode::InvalidRequest, "{bad}");
        }
    }
}
