//! Proofs that whoever asks holds a key (RFC 9449). Whether a `jti` or a nonce was seen before is for the caller to know:
//! everything else is decided here.

use avnology_jose::{
    Algorithm, Refusal,
    jwt::{Rules, Types},
};
use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use url::Url;

use crate::{ErrorCode, OAuthError, SecurityProfile};

/// The algorithms of proofs, as the metadata names them.
pub const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa, Algorithm::Ps256, Algorithm::Rs256];

/// The algorithms that count for clients that live by this profile.
pub const fn algorithms(profile: SecurityProfile) -> &'static [Algorithm] {
    match profile {
        SecurityProfile::OAuth21 => &ALGORITHMS,
        SecurityProfile::Fapi2 => profile.algorithms(),
    }
}

/// How old a proof may be, in seconds.
pub const OLDEST: i64 = 60;
/// How far ahead of our clock it may be, in seconds.
pub const NEWEST: i64 = 15;
/// How long a `jti` is to be remembered, in seconds.
pub const REMEMBERED: i64 = 300;
/// Most bytes of a proof.
const BYTES: usize = 8_192;
/// Most characters of `jti` and `nonce`.
const TEXT: usize = 512;

/// The request that a proof must be for.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'r> {
    /// The method, in capitals.
    pub method: &'r str,
    /// The URL that was called, as the client sees it; its query does not count.
    pub url: &'r str,
    /// The access token that comes with it, at resources.
    pub access_token: Option<&'r str>,
    /// The algorithms that count.
    pub algorithms: &'r [Algorithm],
    /// Whether the proof needs a nonce of ours.
    pub needs_nonce: bool,
    /// The time, in seconds since 1970.
    pub now: i64,
}

/// A proof that holds, but for what only the caller can know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The thumbprint of the key: `cnf.jkt` of tokens that are bound to it.
    pub jkt: String,
    /// To be seen once in [`REMEMBERED`] seconds, of this key.
    pub jti: String,
    /// To be compared with the nonces that are still good.
    pub nonce: Option<String>,
}

/// Verifies the proof of a request. `proofs` are the values of its headers `DPoP`: there must be one. `invalid_dpop_proof`, or
/// `use_dpop_nonce` when all is good but a nonce is missing.
pub fn verify(proofs: &[&str], expected: &Expected<'_>) -> Result<Proof, OAuthError> {
    let [proof] = proofs else { return refuse("there must be one proof") };
    if proof.len() > BYTES {
        return refuse("the proof is too large");
    }
    let rules = Rules {
        algorithms: expected.algorithms,
        types: Types::Only(&["dpop+jwt"]),
        issuer: None,
        audience: &[],
        now: expected.now,
        leeway: NEWEST,
        expires: false,
    };
    let (claims, key) = rules.verify_with_own_key(proof).map_err(why)?;
    if claims.required_text("htm").map_err(why)? != expected.method {
        return refuse("htm is another method");
    }
    if !is_same_place(claims.required_text("htu").map_err(why)?, expected.url) {
        return refuse("htu is another URL");
    }
    if claims.required_seconds("iat").map_err(why)? < expected.now - OLDEST {
        return refuse("the proof is too old");
    }
    check_token_hash(claims.text("ath").map_err(why)?, expected.access_token)?;
    let jti = claims.required_text("jti").map_err(why)?.to_owned();
    let nonce = claims.text("nonce").map_err(why)?.map(str::to_owned);
    if jti.len() > TEXT || nonce.as_ref().is_some_and(|nonce| nonce.len() > TEXT) {
        return refuse("jti or nonce is too long");
    }
    if nonce.is_none() && expected.needs_nonce {
        return Err(OAuthError::new(ErrorCode::UseDpopNonce, "the proof needs the nonce of this answer"));
    }
    Ok(Proof { jkt: key.thumbprint(), jti, nonce })
}

/// `ath` of an access token (§4.1).
pub fn token_hash(access_token: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, access_token.as_bytes()))
}

/// Whether a key that proved itself is the one that a token, code or request is bound to.
pub fn is_bound_to(jkt: &str, proof: &Proof) -> bool {
    verify_slices_are_equal(jkt.as_bytes(), proof.jkt.as_bytes()).is_ok()
}

/// `dpop_jkt` of an authorization request (§10), and of a proof that came along with it when it was pushed: they must agree.
pub fn binding(dpop_jkt: Option<&str>, proof: Option<&Proof>) -> Result<Option<String>, OAuthError> {
    let is_thumbprint = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32);
    match (dpop_jkt, proof) {
        (Some(jkt), _) if !is_thumbprint(jkt) => Err(OAuthError::request("dpop_jkt is no thumbprint")),
        (Some(jkt), Some(proof)) if !is_bound_to(jkt, proof) => refuse("dpop_jkt is of another key"),
        (Some(jkt), _) => Ok(Some(jkt.to_owned())),
        (None, proof) => Ok(proof.map(|proof| proof.jkt.clone())),
    }
}

fn check_token_hash(ath: Option<&str>, access_token: Option<&str>) -> Result<(), OAuthError> {
    match (ath, access_token) {
        (_, None) => Ok(()),
        (Some(ath), Some(token))
            if verify_slices_are_equal(ath.as_bytes(), token_hash(token).as_bytes()).is_ok() =>
        {
            Ok(())
        }
        (Some(_), Some(_)) => refuse("ath is of another token"),
        (None, Some(_)) => refuse("ath is missing"),
    }
}

/// Whether two URLs are the same but for query and fragment, after what RFC 3986 §6.2.2 and §6.2.3 call normalization (§4.3).
fn is_same_place(htu: &str, url: &str) -> bool {
    let place = |text: &str| {
        let mut url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http"))?;
        url.set_query(None);
        url.set_fragment(None);
        (url.username().is_empty() && url.password().is_none()).then(|| url.to_string())
    };
    place(htu).is_some_and(|htu| place(url) == Some(htu))
}

fn refuse<T>(description: &'static str) -> Result<T, OAuthError> {
    Err(OAuthError::new(ErrorCode::InvalidDpopProof, description))
}

fn why(refusal: Refusal) -> OAuthError {
    OAuthError::new(
        ErrorCode::InvalidDpopProof,
        match refusal {
            Refusal::NotYetValid => "the proof is from the future",
            Refusal::Expired => "the proof is expired",
            Refusal::MissingClaim(_) => "a claim of the proof is missing",
            Refusal::WrongType => "typ must be dpop+jwt",
            Refusal::BadKey => "jwk is no public key that can be used",
            Refusal::WrongAlgorithm => "the algorithm is not allowed",
            _ => "the proof does not hold",
        },
    )
}

#[cfg(test)]
mod tests {
    use avnology_jose::{SigningKey, jws, jwt};
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_772_442_012;
    const URL: &str = "https://id.example.com/oauth2/token";

    fn key() -> SigningKey {
        SigningKey::from_secret(&[7; 32]).unwrap()
    }

    fn good() -> Value {
        json!({ "jti": "e1j3V_bKic8-LAEB", "htm": "POST", "htu": URL, "iat": NOW })
    }

    fn expected() -> Expected<'static> {
        Expected {
            method: "POST",
            url: URL,
            access_token: None,
            algorithms: &ALGORITHMS,
            needs_nonce: false,
            now: NOW,
        }
    }

    fn signed(claims: &Value) -> String {
        jws::sign_with_own_key(&key(), "dpop+jwt", claims.to_string().as_bytes()).unwrap()
    }

    fn check(claims: &Value, expected: &Expected<'_>) -> Result<Proof, OAuthError> {
        verify(&[&signed(claims)], expected)
    }

    /// RFC 9449 §4.1 and §7.1: the proofs that it prints.
    #[test]
    fn the_proofs_of_rfc_9449_hold() {
        let proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
        let expected = Expected {
            method: "POST",
            url: "https://server.example.com/token",
            access_token: None,
            algorithms: &ALGORITHMS,
            needs_nonce: false,
            now: 1_562_262_616,
        };
        let read = verify(&[proof], &expected).unwrap();
        assert_eq!(read.jkt, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        assert_eq!(read.jti, "-BwC3ESc6acc2lTc");
        assert_eq!(
            token_hash("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"),
            "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
        );
    }

    #[test]
    fn a_proof_for_another_request_is_refused() {
        for (name, value) in [
            ("htm", json!("GET")),
            ("htm", json!("post")),
            ("htu", json!("https://id.example.com/oauth2/par")),
            ("htu", json!("https://id.example.com/oauth2/token/")),
            ("htu", json!("https://evil.example/oauth2/token")),
            ("htu", json!("https://evil@id.example.com/oauth2/token")),
            ("htu", json!("/oauth2/token")),
            ("iat", json!(NOW - 61)),
            ("iat", json!(NOW + 16)),
            ("iat", json!("now")),
            ("exp", json!(NOW - 15)),
            ("jti", json!("")),
            ("jti", json!("x".repeat(513))),
            ("nonce", json!(7)),
        ] {
            let mut claims = good();
            claims[name] = value.clone();
            let code = check(&claims, &expected()).unwrap_err().code;
            assert_eq!(code, ErrorCode::InvalidDpopProof, "{name} {value}");
        }
        for name in ["jti", "htm", "htu", "iat"] {
            let mut claims = good();
            claims.as_object_mut().unwrap().remove(name);
            assert!(check(&claims, &expected()).is_err(), "{name}");
        }
    }

    #[test]
    fn query_fragment_and_spelling_of_the_url_do_not_count() {
        for htu in ["https://id.example.com/oauth2/token?x=1#y", "HTTPS://ID.example.com:443/oauth2/./token"]
        {
            let mut claims = good();
            claims["htu"] = json!(htu);
            assert!(check(&claims, &expected()).is_ok(), "{htu}");
        }
    }

    #[test]
    fn ages_count_up_to_a_minute_back_and_fifteen_seconds_ahead() {
        for iat in [NOW - 60, NOW + 15] {
            let mut claims = good();
            claims["iat"] = json!(iat);
            assert!(check(&claims, &expected()).is_ok());
        }
    }

    /// RFC 9449 §11.1 and §4.3: at resources the proof names the token.
    #[test]
    fn a_proof_for_another_token_is_refused() {
        let at_resource = Expected { access_token: Some("token"), ..expected() };
        assert!(check(&good(), &at_resource).is_err());
        let mut claims = good();
        claims["ath"] = json!(token_hash("other"));
        assert!(check(&claims, &at_resource).is_err());
        claims["ath"] = json!(token_hash("token"));
        assert!(check(&claims, &at_resource).is_ok());
    }

    #[test]
    fn only_the_algorithms_of_the_profile_count() {
        let strict = Expected { algorithms: algorithms(SecurityProfile::Fapi2), ..expected() };
        assert!(check(&good(), &strict).is_ok());
        let none = Expected { algorithms: &[Algorithm::Ps256], ..expected() };
        assert_eq!(check(&good(), &none).unwrap_err().code, ErrorCode::InvalidDpopProof);
        assert!(!algorithms(SecurityProfile::Fapi2).contains(&Algorithm::Rs256));
    }

    #[test]
    fn a_nonce_is_asked_for_where_it_is_needed_and_handed_to_the_caller() {
        let demanding = Expected { needs_nonce: true, ..expected() };
        assert_eq!(check(&good(), &demanding).unwrap_err().code, ErrorCode::UseDpopNonce);
        let mut claims = good();
        claims["nonce"] = json!("n1");
        assert_eq!(check(&claims, &demanding).unwrap().nonce.as_deref(), Some("n1"));
        // What is wrong otherwise is said first.
        claims["htm"] = json!("GET");
        claims.as_object_mut().unwrap().remove("nonce");
        assert_eq!(check(&claims, &demanding).unwrap_err().code, ErrorCode::InvalidDpopProof);
    }

    #[test]
    fn none_two_and_tokens_of_other_kinds_are_no_proof() {
        let proof = signed(&good());
        assert!(verify(&[], &expected()).is_err());
        assert!(verify(&[&proof, &proof], &expected()).is_err());
        let token = jwt::sign(&key(), "dpop+jwt", good().as_object().unwrap()).unwrap();
        assert!(verify(&[&token], &expected()).is_err());
        let other = jws::sign_with_own_key(&key(), "JWT", good().to_string().as_bytes()).unwrap();
        assert!(verify(&[&other], &expected()).is_err());
    }

    #[test]
    fn a_code_is_bound_to_one_key() {
        let proof = check(&good(), &expected()).unwrap();
        assert_eq!(binding(None, Some(&proof)), Ok(Some(proof.jkt.clone())));
        assert_eq!(binding(Some(&proof.jkt), Some(&proof)), Ok(Some(proof.jkt.clone())));
        assert_eq!(binding(None, None), Ok(None));
        let other = SigningKey::from_secret(&[8; 32]).unwrap();
        assert!(binding(Some(other.kid()), Some(&proof)).is_err());
        assert!(binding(Some("short"), None).is_err());
    }
}
