//! The crate `jsonwebtoken` beside ours: each verifies what the other signs, and on tokens that were changed at random the
//! two say the same, but where ours is meant to be stricter.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use avnology_jose::{
    Algorithm, KeySet, SigningKey,
    jwt::{self, Rules, Types},
};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    vec![
        SigningKey::from_secret(&[7; 32]).unwrap(),
        SigningKey::from_seed(&[7; 32]).unwrap(),
        SigningKey::generate_rsa(Algorithm::Rs256).unwrap(),
        SigningKey::generate_rsa(Algorithm::Ps256).unwrap(),
    ]
});

fn theirs(algorithm: Algorithm) -> jsonwebtoken::Algorithm {
    algorithm.name().parse().unwrap()
}

fn they_verify(key: &SigningKey, token: &str) -> Option<Map<String, Value>> {
    let jwk = serde_json::from_value(key.public().to_jwk()).unwrap();
    let mut validation = Validation::new(theirs(key.algorithm()));
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let read = jsonwebtoken::decode(token, &DecodingKey::from_jwk(&jwk).unwrap(), &validation);
    read.ok().map(|read| read.claims)
}

fn we_verify(key: &SigningKey, token: &str) -> Option<Map<String, Value>> {
    let rules = Rules {
        algorithms: &[key.algorithm()],
        types: Types::AbsentOr(&["JWT"]),
        issuer: None,
        audience: &[],
        now: 1_772_442_012,
        leeway: 0,
        expires: false,
    };
    let keys = KeySet::new(vec![key.public().clone()]);
    rules.verify(token, &keys).ok().map(avnology_jose::Claims::into_members)
}

fn claims() -> Map<String, Value> {
    json!({ "sub": "usr_1", "aud": ["a", "b"], "n": 1.5 }).as_object().cloned().unwrap()
}

#[test]
fn they_verify_what_we_sign() {
    for key in KEYS.iter() {
        let token = jwt::sign(key, "JWT", &claims()).unwrap();
        assert_eq!(they_verify(key, &token), Some(claims()), "{key:?}");
    }
}

#[test]
fn we_verify_what_they_sign() {
    for key in KEYS.iter() {
        let document = key.to_pkcs8().unwrap();
        let encoding = match key.algorithm() {
            Algorithm::Es256 => EncodingKey::from_ec_der(&document),
            Algorithm::EdDsa => EncodingKey::from_ed_der(&document),
            // It reads RSA keys without the PKCS#8 around them: version, algorithm (15 bytes), then the key.
            _ => EncodingKey::from_rsa_der(&document[26..]),
        };
        let header = Header { kid: Some(key.kid().to_owned()), ..Header::new(theirs(key.algorithm())) };
        let token = jsonwebtoken::encode(&header, &claims(), &encoding).unwrap();
        assert_eq!(we_verify(key, &token), Some(claims()), "{key:?}");
    }
}

proptest! {
    #[test]
    fn both_refuse_a_token_in_which_a_byte_was_changed(which in 0_usize..4, place: usize, byte in 0x20_u8..0x7f) {
        let key = &KEYS[which];
        let token = jwt::sign(key, "JWT", &claims()).unwrap();
        let mut bytes = token.clone().into_bytes();
        let place = place % bytes.len();
        prop_assume!(bytes[place] != byte);
        bytes[place] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        prop_assert_eq!(we_verify(key, &changed), None);
        prop_assert_eq!(they_verify(key, &changed), None);
    }

    #[test]
    fn neither_takes_a_token_of_another_key(which in 0_usize..4, other in 0_usize..4) {
        prop_assume!(which != other);
        let token = jwt::sign(&KEYS[which], "JWT", &claims()).unwrap();
        prop_assert_eq!(we_verify(&KEYS[other], &token), None);
        prop_assert_eq!(they_verify(&KEYS[other], &token), None);
    }
}
