//! Redeeming an authorization code (RFC 6749 §4.1.3, RFC 9700 §4.5, `contract/30` §3 and §4.2).

use crate::{CodeChallenge, OAuthError, dpop, pkce};

/// How long a code lives, in seconds.
pub const LIFETIME: i64 = 60;
/// How long it is remembered, so that a second use is seen, in seconds.
pub const REMEMBERED: i64 = 86_400;

/// A code, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// To whom it was given.
    pub client_id: String,
    /// The redirect URI that was used.
    pub redirect_uri: String,
    /// Whether the request named it: then the token request must, too.
    pub redirect_uri_was_sent: bool,
    /// What the verifier must fit.
    pub challenge: Option<CodeChallenge>,
    /// The key that it is bound to.
    pub dpop_jkt: Option<String>,
    /// When it ends, in seconds since 1970.
    pub expires_at: i64,
    /// Whether it was redeemed or used up.
    pub is_used: bool,
}

/// Who wants to redeem it, and how.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The client that authenticated.
    pub client_id: &'a str,
    /// `redirect_uri`.
    pub redirect_uri: Option<&'a str>,
    /// `code_verifier`.
    pub verifier: Option<&'a str>,
    /// The proof that came along, which holds.
    pub proof: Option<&'a dpop::Proof>,
    /// The time, in seconds since 1970.
    pub now: i64,
}

/// What to do. All but `Redeem` answer `invalid_grant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// One guarded update to used; then tokens. Whoever loses the update was second.
    Redeem,
    /// Nothing changes: it is another client's, or too old.
    Refuse,
    /// The right client with a wrong verifier, URI or key: the code is used up.
    UseUp,
    /// It was used before: everything that was issued from it ends.
    RevokeIssued,
}

/// What to do with an attempt.
pub fn decide(code: &Code, attempt: &Attempt<'_>) -> Decision {
    if code.client_id != attempt.client_id {
        return Decision::Refuse;
    }
    if code.is_used {
        return Decision::RevokeIssued;
    }
    if attempt.now >= code.expires_at {
        return Decision::Refuse;
    }
    let has_uri = attempt.redirect_uri.map_or(!code.redirect_uri_was_sent, |uri| uri == code.redirect_uri);
    let has_key = match (&code.dpop_jkt, attempt.proof) {
        (None, _) => true,
        (Some(jkt), Some(proof)) => dpop::is_bound_to(jkt, proof),
        (Some(_), None) => false,
    };
    let has_verifier = pkce::check(code.challenge.as_ref(), attempt.verifier).is_ok();
    if has_uri && has_key && has_verifier { Decision::Redeem } else { Decision::UseUp }
}

impl Decision {
    /// `invalid_grant` for all that do not redeem. The words are the same: a guesser learns nothing.
    pub fn error(self) -> Option<OAuthError> {
        let error = OAuthError::new(crate::ErrorCode::InvalidGrant, "the code is not valid for this request");
        (self != Self::Redeem).then_some(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn code() -> Code {
        Code {
            client_id: "cli_1".to_owned(),
            redirect_uri: "https://app.example.com/cb".to_owned(),
            redirect_uri_was_sent: true,
            challenge: CodeChallenge::of_verifier(VERIFIER),
            dpop_jkt: None,
            expires_at: 160,
            is_used: false,
        }
    }

    fn attempt() -> Attempt<'static> {
        Attempt {
            client_id: "cli_1",
            redirect_uri: Some("https://app.example.com/cb"),
            verifier: Some(VERIFIER),
            proof: None,
            now: 100,
        }
    }

    #[test]
    fn the_right_client_redeems_its_code_in_time() {
        assert_eq!(decide(&code(), &attempt()), Decision::Redeem);
        assert_eq!(decide(&code(), &Attempt { now: 160, ..attempt() }), Decision::Refuse);
        let unsent = Code { redirect_uri_was_sent: false, ..code() };
        assert_eq!(decide(&unsent, &attempt()), Decision::Redeem);
        assert_eq!(decide(&unsent, &Attempt { redirect_uri: None, ..attempt() }), Decision::Redeem);
    }

    /// RFC 9700 §4.5: a code that was stolen is of no use to another client, and cannot be spoiled by one.
    #[test]
    fn another_clients_attempt_changes_nothing() {
        let other = Attempt { client_id: "cli_2", ..attempt() };
        assert_eq!(decide(&code(), &other), Decision::Refuse);
        assert_eq!(decide(&Code { is_used: true, ..code() }, &other), Decision::Refuse);
    }

    #[test]
    fn a_wrong_verifier_uri_or_key_uses_the_code_up() {
        for wrong in [
            Attempt { verifier: None, ..attempt() },
            Attempt { verifier: Some("another-verifier-another-verifier-another-v"), ..attempt() },
            Attempt { redirect_uri: None, ..attempt() },
            Attempt { redirect_uri: Some("https://app.example.com/cb/"), ..attempt() },
        ] {
            assert_eq!(decide(&code(), &wrong), Decision::UseUp);
        }
        let proof = |jkt: &str| dpop::Proof { jkt: jkt.to_owned(), jti: String::new(), nonce: None };
        let bound = Code { dpop_jkt: Some("one".to_owned()), ..code() };
        assert_eq!(decide(&bound, &attempt()), Decision::UseUp);
        assert_eq!(decide(&bound, &Attempt { proof: Some(&proof("two")), ..attempt() }), Decision::UseUp);
        assert_eq!(decide(&bound, &Attempt { proof: Some(&proof("one")), ..attempt() }), Decision::Redeem);
    }

    /// RFC 6749 §4.1.2, however late it comes.
    #[test]
    fn a_second_use_ends_what_was_issued() {
        let used = Code { is_used: true, ..code() };
        for now in [100, 50_000] {
            assert_eq!(decide(&used, &Attempt { now, ..attempt() }), Decision::RevokeIssued);
        }
        assert!(Decision::RevokeIssued.error().is_some() && Decision::Redeem.error().is_none());
    }
}
