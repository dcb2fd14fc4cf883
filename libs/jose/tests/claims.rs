//! When claims are believed: type, algorithm, key, issuer, audience, times.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use avnology_jose::{
    Algorithm, KeySet, Refusal, SigningKey,
    jwt::{self, Rules, Types},
};
use serde_json::{Value, json};

const ISSUER: &str = "https://id.example.com";
const NOW: i64 = 1_772_442_012;

fn key() -> SigningKey {
    SigningKey::from_secret(&[7; 32]).unwrap()
}

fn rules() -> Rules<'static> {
    Rules {
        algorithms: &[Algorithm::Es256],
        types: Types::Only(&["at+jwt"]),
        issuer: Some(ISSUER),
        audience: &[ISSUER],
        now: NOW,
        leeway: 30,
        expires: true,
    }
}

fn good() -> Value {
    json!({ "iss": ISSUER, "aud": ["https://api.example.com", ISSUER], "exp": NOW + 900, "iat": NOW, "nbf": NOW })
}

fn token(claims: &Value) -> String {
    jwt::sign(&key(), "at+jwt", claims.as_object().unwrap()).unwrap()
}

fn refusal(claims: &Value) -> Option<Refusal> {
    rules().verify(&token(claims), &KeySet::new(vec![key().public().clone()])).err()
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = good();
    claims.as_object_mut().unwrap().insert(name.to_owned(), value);
    claims
}

#[test]
fn good_claims_are_believed() {
    assert_eq!(refusal(&good()), None);
    assert_eq!(refusal(&with("aud", json!(ISSUER))), None);
    assert_eq!(refusal(&with("exp", json!(1_772_442_912.5))), None);
}

#[test]
fn another_issuer_and_another_audience_are_refused() {
    assert_eq!(refusal(&with("iss", json!("https://id.example.com/"))), Some(Refusal::WrongIssuer));
    assert_eq!(refusal(&with("iss", json!(""))), Some(Refusal::MissingClaim("iss")));
    assert_eq!(refusal(&with("iss", json!([ISSUER]))), Some(Refusal::BadClaim("iss")));
    assert_eq!(refusal(&with("aud", json!("https://api.example.com"))), Some(Refusal::WrongAudience));
    assert_eq!(refusal(&with("aud", json!([]))), Some(Refusal::MissingClaim("aud")));
    assert_eq!(refusal(&with("aud", json!([ISSUER, 7]))), Some(Refusal::BadClaim("aud")));
    assert_eq!(refusal(&with("aud", json!({ "x": ISSUER }))), Some(Refusal::BadClaim("aud")));
}

#[test]
fn times_count_with_the_leeway_that_is_given() {
    assert_eq!(refusal(&with("exp", json!(NOW - 29))), None);
    assert_eq!(refusal(&with("exp", json!(NOW - 30))), Some(Refusal::Expired));
    for name in ["nbf", "iat"] {
        assert_eq!(refusal(&with(name, json!(NOW + 30))), None, "{name}");
        assert_eq!(refusal(&with(name, json!(NOW + 31))), Some(Refusal::NotYetValid), "{name}");
    }
    let mut endless = good();
    endless.as_object_mut().unwrap().remove("exp");
    assert_eq!(refusal(&endless), Some(Refusal::MissingClaim("exp")));
    for odd in [json!("1772442912"), json!(null), json!(-1), json!(1e300), json!(true)] {
        assert_eq!(refusal(&with("exp", odd.clone())), Some(Refusal::BadClaim("exp")), "{odd}");
    }
    assert_eq!(refusal(&with("exp", json!(i64::MAX))), Some(Refusal::BadClaim("exp")));
}

#[test]
fn a_type_may_be_absent_only_where_the_rules_say_so() {
    let keys = KeySet::new(vec![key().public().clone()]);
    let tolerant = Rules { types: Types::AbsentOr(&["JWT"]), ..rules() };
    assert_eq!(tolerant.verify(&token(&good()), &keys).err(), Some(Refusal::WrongType));
    let plain = jwt::sign(&key(), "JWT", good().as_object().unwrap()).unwrap();
    assert!(tolerant.verify(&plain, &keys).is_ok());
    assert_eq!(rules().verify(&plain, &keys).err(), Some(Refusal::WrongType));
}

#[test]
fn a_key_counts_for_the_algorithms_that_the_rules_allow() {
    let keys = KeySet::new(vec![key().public().clone()]);
    let others = Rules { algorithms: &[Algorithm::Rs256, Algorithm::EdDsa], ..rules() };
    assert_eq!(others.verify(&token(&good()), &keys).err(), Some(Refusal::WrongAlgorithm));
    let ed = SigningKey::from_seed(&[7; 32]).unwrap();
    let both = KeySet::new(vec![key().public().clone(), ed.public().clone()]);
    let by_ed = jwt::sign(&ed, "at+jwt", good().as_object().unwrap()).unwrap();
    assert_eq!(rules().verify(&by_ed, &both).err(), Some(Refusal::WrongAlgorithm));
    assert!(others.verify(&by_ed, &both).is_ok());
}

#[test]
fn a_token_that_brings_its_key_is_read_where_that_is_asked_for_alone() {
    let proof = avnology_jose::jws::sign_with_own_key(&key(), "dpop+jwt", br#"{"jti":"1"}"#).unwrap();
    let own =
        Rules { types: Types::Only(&["dpop+jwt"]), issuer: None, audience: &[], expires: false, ..rules() };
    let (claims, brought) = own.verify_with_own_key(&proof).unwrap();
    assert_eq!((claims.text("jti"), brought.thumbprint()), (Ok(Some("1")), key().public().thumbprint()));
    let keys = KeySet::new(vec![key().public().clone()]);
    assert_eq!(own.verify(&proof, &keys).err(), Some(Refusal::KeyInHeader));
    let without = jwt::sign(&key(), "dpop+jwt", &serde_json::Map::new()).unwrap();
    assert_eq!(own.verify_with_own_key(&without).err(), Some(Refusal::UnknownKey));
}
