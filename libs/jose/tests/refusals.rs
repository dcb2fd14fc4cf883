//! What is not taken: forged, odd, too large, and anything at all.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use avnology_jose::{Algorithm, KeySet, MAX_BYTES, PublicKey, Refusal, SigningKey, jws, jwt};
use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const TYPE: &str = "session+jwt";

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_secret(&[7; 32]).unwrap());
static KEYS: LazyLock<KeySet> = LazyLock::new(|| KeySet::new(vec![KEY.public().clone()]));
static TOKEN: LazyLock<String> = LazyLock::new(|| jwt::sign(&KEY, TYPE, &claims("jane")).unwrap());

fn claims(sub: &str) -> Map<String, Value> {
    json!({ "sub": sub, "exp": 2_000_000_000 }).as_object().cloned().unwrap()
}

fn encode(text: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

/// A good signature by `KEY` over any header and payload.
fn signed(header: &str, payload: &str) -> String {
    let pair = aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        &KEY.to_pkcs8().unwrap(),
    );
    let signed = format!("{}.{}", encode(header), encode(payload));
    let random = aws_lc_rs::rand::SystemRandom::new();
    let signature = pair.unwrap().sign(&random, signed.as_bytes()).unwrap();
    format!("{signed}.{}", encode(signature.as_ref()))
}

fn refusal(token: &str) -> Option<Refusal> {
    jwt::verify(token, &KEYS, TYPE).err()
}

#[test]
fn no_token_can_choose_how_it_is_verified() {
    let kid = KEY.kid();
    let payload = r#"{"sub":"root"}"#;
    let unsigned = json!({ "alg": "none", "typ": TYPE, "kid": kid }).to_string();
    assert_eq!(refusal(&format!("{}.{}.", encode(unsigned), encode(payload))), Some(Refusal::WrongAlgorithm));
    // The public key taken for a shared secret.
    let header = json!({ "alg": "HS256", "typ": TYPE, "kid": kid }).to_string();
    let input = format!("{}.{}", encode(header), encode(payload));
    let public = hmac::Key::new(hmac::HMAC_SHA256, KEY.public().to_jwk().to_string().as_bytes());
    let forged = format!("{input}.{}", encode(hmac::sign(&public, input.as_bytes())));
    assert_eq!(refusal(&forged), Some(Refusal::WrongAlgorithm));
    // A key that the token brings along.
    let own = SigningKey::from_secret(&[8; 32]).unwrap();
    for (name, value) in [
        ("jwk", own.public().to_jwk()),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/certificate")),
    ] {
        let mut header = json!({ "alg": "ES256", "typ": TYPE, "kid": kid });
        header[name] = value;
        assert_eq!(refusal(&signed(&header.to_string(), payload)), Some(Refusal::KeyInHeader), "{name}");
    }
    // An id that is a path or a query is an id like others.
    for kid in ["../../dev/null", "' OR 1=1 --", own.kid()] {
        let header = json!({ "alg": "ES256", "typ": TYPE, "kid": kid }).to_string();
        assert_eq!(refusal(&signed(&header, payload)), Some(Refusal::UnknownKey), "{kid}");
    }
    for algorithm in ["es256", "ES384", "", "None", "RS256"] {
        let header = json!({ "alg": algorithm, "typ": TYPE, "kid": kid }).to_string();
        assert_eq!(refusal(&signed(&header, payload)), Some(Refusal::WrongAlgorithm), "{algorithm}");
    }
}

#[test]
fn a_token_of_another_type_another_key_or_none_is_refused() {
    let kid = KEY.kid();
    for typ in ["at+jwt", "JWT", "application/x/session+jwt", "", "session+jwt "] {
        let header = json!({ "alg": "ES256", "typ": typ, "kid": kid }).to_string();
        assert_eq!(refusal(&signed(&header, "{}")), Some(Refusal::WrongType), "{typ}");
    }
    let untyped = json!({ "alg": "ES256", "kid": kid }).to_string();
    assert_eq!(refusal(&signed(&untyped, "{}")), Some(Refusal::WrongType));
    for typ in [json!(null), json!(7), json!([TYPE]), json!("x".repeat(257))] {
        let header = json!({ "alg": "ES256", "typ": typ, "kid": kid }).to_string();
        assert_eq!(refusal(&signed(&header, "{}")), Some(Refusal::Malformed), "{typ}");
    }
    assert_eq!(
        refusal(&signed(&json!({ "alg": "ES256", "typ": TYPE }).to_string(), "{}")),
        Some(Refusal::UnknownKey)
    );
    let others = KeySet::new(vec![SigningKey::from_secret(&[8; 32]).unwrap().public().clone()]);
    assert_eq!(jwt::verify(&TOKEN, &others, TYPE).err(), Some(Refusal::UnknownKey));
    // Another key under the same id.
    let mut forged = SigningKey::from_secret(&[8; 32]).unwrap().public().to_jwk();
    forged["kid"] = json!(kid);
    let forged = KeySet::new(vec![PublicKey::from_jwk(&forged).unwrap()]);
    assert_eq!(jwt::verify(&TOKEN, &forged, TYPE).err(), Some(Refusal::BadSignature));
}

#[test]
fn extensions_that_must_be_understood_are_refused() {
    for crit in [json!(["exp"]), json!(["b64"]), json!([]), json!(null)] {
        let header =
            json!({ "alg": "ES256", "typ": TYPE, "kid": KEY.kid(), "crit": crit, "b64": true }).to_string();
        assert_eq!(refusal(&signed(&header, "{}")), Some(Refusal::UnknownExtension), "{crit}");
    }
}

#[test]
fn odd_forms_are_refused_even_with_a_good_signature() {
    let kid = KEY.kid();
    let twice = format!(r#"{{"alg":"none","alg":"ES256","typ":"{TYPE}","kid":"{kid}"}}"#);
    let list = format!(r#"["ES256","{kid}","{TYPE}"]"#);
    let header = json!({ "alg": "ES256", "typ": TYPE, "kid": kid }).to_string();
    for (header, payload) in [
        (twice.as_str(), "{}"),
        (&list, "{}"),
        ("", "{}"),
        ("{}", "{}"),
        (&header, "[]"),
        (&header, r#"{"sub":"jane","sub":"root"}"#),
        (&header, r#"{"a":{"sub":1,"sub":2}}"#),
        (&header, "x"),
        (&header, ""),
    ] {
        assert!(matches!(refusal(&signed(header, payload)), Some(Refusal::Malformed)), "{header} {payload}");
    }
    let parts: Vec<&str> = TOKEN.split('.').collect();
    for text in [
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}.x.{}.{}", parts[0], parts[1], parts[2]),
        format!(" {}", *TOKEN),
        format!("{}\n", *TOKEN),
        String::new(),
        "..".to_owned(),
    ] {
        assert_eq!(refusal(&text), Some(Refusal::Malformed), "{text}");
    }
}

#[test]
fn what_is_too_large_is_neither_read_nor_made() {
    let large = |size: usize| json!({ "text": "x".repeat(size) }).as_object().cloned().unwrap();
    let room = MAX_BYTES / 4 * 3 - 1_000;
    let fits = jwt::sign(&KEY, TYPE, &large(room)).unwrap();
    assert!(fits.len() <= MAX_BYTES && jwt::verify(&fits, &KEYS, TYPE).is_ok());
    assert_eq!(jwt::sign(&KEY, TYPE, &large(room + 1_000)), Err(Refusal::TooLarge));
    assert_eq!(refusal(&"x".repeat(MAX_BYTES + 1)), Some(Refusal::TooLarge));
}

/// The last size that is made is read, too.
#[test]
fn the_limit_is_the_same_for_both() {
    let mut size = MAX_BYTES / 4 * 3;
    let last = loop {
        match jws::sign(&KEY, TYPE, &vec![b'x'; size]) {
            Ok(token) => break token,
            Err(refusal) => assert_eq!(refusal, Refusal::TooLarge),
        }
        size -= 1;
    };
    assert!(last.len() > MAX_BYTES - 4);
    assert!(jws::Unverified::parse(&last).unwrap().verify(KEY.public(), &Algorithm::ALL).is_ok());
}

proptest! {
    #[test]
    fn a_changed_byte_never_verifies(place in 0_usize..1_000, byte in 0x20_u8..0x7f) {
        let mut bytes = TOKEN.clone().into_bytes();
        let place = place % bytes.len();
        prop_assume!(bytes[place] != byte);
        bytes[place] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        prop_assert!(jwt::verify(&changed, &KEYS, TYPE).is_err());
    }

    #[test]
    fn a_token_that_was_cut_never_verifies(end in 0_usize..1_000) {
        let cut = &TOKEN[..end % TOKEN.len()];
        prop_assert!(jwt::verify(cut, &KEYS, TYPE).is_err());
    }

    #[test]
    fn any_text_is_refused(text: String) {
        prop_assert!(jwt::verify(&text, &KEYS, TYPE).is_err());
        prop_assert!(KeySet::parse(&text).map_or(true, |set| set.keys().is_empty()));
    }

    #[test]
    fn any_three_parts_are_refused(header: Vec<u8>, payload: Vec<u8>, signature: Vec<u8>) {
        let text = format!("{}.{}.{}", encode(header), encode(payload), encode(signature));
        prop_assert!(jwt::verify(&text, &KEYS, TYPE).is_err());
    }

    #[test]
    fn any_members_of_a_key_are_read_without_a_panic(x: Vec<u8>, y in proptest::collection::vec(any::<u8>(), 32)) {
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) });
        prop_assert!(PublicKey::from_jwk(&jwk).is_err());
    }

    #[test]
    fn any_claims_are_read_back(claims in proptest::collection::hash_map(".{0,20}", ".{0,40}", 0..8)) {
        let claims: Map<String, Value> = claims.into_iter().map(|(name, text)| (name, Value::String(text))).collect();
        let token = jwt::sign(&KEY, TYPE, &claims).unwrap();
        prop_assert_eq!(jwt::verify(&token, &KEYS, TYPE), Ok(claims));
    }

    #[test]
    fn any_secret_makes_a_key_that_is_read_back(secret: [u8; 32]) {
        if let Ok(key) = SigningKey::from_secret(&secret) {
            let again = SigningKey::from_pkcs8(Algorithm::Es256, &key.to_pkcs8().unwrap()).unwrap();
            prop_assert_eq!(again.public(), key.public());
            prop_assert_eq!(PublicKey::from_jwk(&key.public().to_jwk()), Ok(key.public().clone()));
        }
    }
}
