//! The tokens, encrypted texts and thumbprints that the RFCs print (7515 §A, 7516 §A, 7520, 7638, 8037, 9449), in
//! `vectors/rfc.json`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use avnology_jose::{
    Algorithm, PublicKey, Refusal, SigningKey,
    jwe::{ContentEncryption, DecryptionKey, Encrypted, KeyManagement},
    jws::Unverified,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

fn vectors(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("vectors/rfc.json")).unwrap();
    all.get(kind).and_then(Value::as_array).cloned().unwrap()
}

fn text<'v>(vector: &'v Value, name: &str) -> &'v str {
    vector.get(name).and_then(Value::as_str).unwrap_or_else(|| panic!("{name} of {vector}"))
}

/// The public half of a private JWK.
fn public(private: &Value) -> Value {
    let mut jwk = private.clone();
    for name in ["d", "p", "q", "dp", "dq", "qi"] {
        jwk.as_object_mut().unwrap().remove(name);
    }
    jwk
}

#[test]
fn the_signed_examples_of_the_standards_verify_and_no_changed_one_does() {
    for vector in vectors("signed") {
        let from = text(&vector, "from");
        let algorithm = Algorithm::from_name(text(&vector, "alg")).unwrap();
        let key = PublicKey::from_jwk(&public(&vector["private"])).unwrap();
        let token = text(&vector, "token");
        let verified = Unverified::parse(token).unwrap().verify(&key, &[algorithm]).unwrap();
        assert_eq!(String::from_utf8(verified).unwrap(), text(&vector, "payload"), "{from}");
        // The caller's list counts, whatever the key could do.
        assert_eq!(Unverified::parse(token).unwrap().verify(&key, &[]), Err(Refusal::WrongAlgorithm));
        let parts: Vec<&str> = token.split('.').collect();
        let changed = format!("{}.{}.{}", parts[0], BASE64_URL_SAFE_NO_PAD.encode("{}"), parts[2]);
        let refused = Unverified::parse(&changed).unwrap().verify(&key, &[algorithm]);
        assert_eq!(refused, Err(Refusal::BadSignature), "{from}");
    }
}

#[test]
fn the_private_keys_of_the_standards_sign_what_their_public_halves_verify() {
    for vector in vectors("signed") {
        let mut jwk = vector["private"].clone();
        jwk["alg"] = vector["alg"].clone();
        let key = SigningKey::from_jwk(&jwk).unwrap();
        let again = SigningKey::from_pkcs8(key.algorithm(), &key.to_pkcs8().unwrap()).unwrap();
        assert_eq!(again.public().thumbprint(), key.public().thumbprint());
        let written: Value = serde_json::from_str(&key.to_jwk().unwrap()).unwrap();
        for name in ["kty", "n", "e", "x", "y", "d", "p", "q", "dp", "dq", "qi"] {
            assert_eq!(written.get(name), jwk.get(name), "{name} of {}", text(&vector, "from"));
        }
        let token = avnology_jose::jws::sign(&again, "x+jwt", b"payload").unwrap();
        let public = PublicKey::from_jwk(&public(&vector["private"])).unwrap();
        let verified = Unverified::parse(&token).unwrap().verify(&public, &[key.algorithm()]);
        assert_eq!(verified, Ok(b"payload".to_vec()));
    }
}

/// RFC 8037 §A.4: signatures by Ed25519 are the same each time.
#[test]
fn the_signature_of_rfc_8037_is_made_again() {
    let vector = vectors("signed").into_iter().find(|vector| vector["alg"] == "EdDSA").unwrap();
    let seed = BASE64_URL_SAFE_NO_PAD.decode(text(&vector["private"], "d")).unwrap();
    let key = SigningKey::from_seed(&seed.try_into().unwrap()).unwrap();
    assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(key.public().to_jwk()["x"], vector["private"]["x"]);
}

#[test]
fn the_thumbprints_of_the_standards_are_found() {
    for vector in vectors("thumbprints") {
        let key = PublicKey::from_jwk(&vector["key"]).unwrap();
        assert_eq!(key.thumbprint(), text(&vector, "thumbprint"), "{}", text(&vector, "from"));
    }
}

#[test]
fn the_encrypted_examples_of_the_standards_open_and_no_changed_one_does() {
    for vector in vectors("encrypted") {
        let from = text(&vector, "from");
        let way = KeyManagement::from_name(text(&vector, "alg")).unwrap();
        let key = if let Some(shared) = vector["key"]["k"].as_str() {
            DecryptionKey::shared(way, &BASE64_URL_SAFE_NO_PAD.decode(shared).unwrap())
        } else {
            let mut jwk = vector["key"].clone();
            jwk["alg"] = way.name().into();
            DecryptionKey::from_jwk(way, &jwk)
        };
        let key = key.unwrap_or_else(|refusal| panic!("{from}: {refusal}"));
        let cipher = ContentEncryption::from_name(text(&vector, "enc")).unwrap();
        let plain = Encrypted::parse(text(&vector, "text")).unwrap().decrypt(&key, &[cipher]).unwrap();
        assert_eq!(std::str::from_utf8(&plain).unwrap(), text(&vector, "plain"), "{from}");
        let none = Encrypted::parse(text(&vector, "text")).unwrap().decrypt(&key, &[]);
        assert_eq!(none.err(), Some(Refusal::WrongAlgorithm), "{from}");
        // Another key, text or tag.
        let parts: Vec<&str> = text(&vector, "text").split('.').collect();
        for changed in [1, 2, 3, 4] {
            let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
            let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(&parts[changed]).unwrap();
            match bytes.first_mut() {
                Some(byte) => *byte ^= 1,
                None => bytes.push(0),
            }
            parts[changed] = BASE64_URL_SAFE_NO_PAD.encode(bytes);
            let refused = Encrypted::parse(&parts.join(".")).unwrap().decrypt(&key, &[cipher]);
            assert_eq!(refused.err(), Some(Refusal::Undecryptable), "{from}, part {changed}");
        }
    }
}

/// What the standards know and we do not take: weak or forgotten ways, shared secrets, compression.
#[test]
fn the_examples_that_we_do_not_take_are_refused_before_any_key_is_used() {
    let shared = DecryptionKey::shared(KeyManagement::A128Kw, &[7; 16]).unwrap();
    let mine = SigningKey::from_secret(&[7; 32]).unwrap();
    for vector in vectors("refused") {
        let (from, token) = (text(&vector, "from"), text(&vector, "text"));
        let refusal = if token.split('.').count() == 3 {
            let verified = Unverified::parse(token).unwrap().verify(mine.public(), &Algorithm::ALL);
            verified.err()
        } else {
            let decrypt = |one: Encrypted<'_>| one.decrypt(&shared, &ContentEncryption::ALL);
            Encrypted::parse(token).and_then(decrypt).err()
        };
        let expected = if from.contains("zip") { Refusal::UnknownExtension } else { Refusal::WrongAlgorithm };
        assert_eq!(refusal, Some(expected), "{from}");
    }
}
