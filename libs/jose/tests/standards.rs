//! Examples of the standards, and an implementation of somebody else.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use avnology_jose::{Algorithm, KeySet, PublicKey, Refusal, SigningKey, jws::Unverified, jwt};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use p256::ecdsa::{
    Signature, VerifyingKey,
    signature::{Signer as _, Verifier as _},
};
use serde_json::{Map, Value, json};

/// RFC 7515 §A.3.
const KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
const SECRET: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb2\
    90Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

fn decode(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn encode(text: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

fn public() -> PublicKey {
    PublicKey::from_jwk(&serde_json::from_str(KEY).unwrap()).unwrap()
}

fn secret() -> [u8; 32] {
    decode(SECRET).try_into().unwrap()
}

fn claims(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

#[test]
fn the_signature_of_rfc_7515_verifies_and_no_other_payload_does() {
    let payload = Unverified::parse(TOKEN).unwrap().verify(&public(), &[Algorithm::Es256]).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(claims, json!({ "iss": "joe", "exp": 1_300_819_380, "http://example.com/is_root": true }));
    let parts: Vec<&str> = TOKEN.split('.').collect();
    let other = format!("{}.{}.{}", parts[0], encode(r#"{"iss":"ann"}"#), parts[2]);
    let verified = Unverified::parse(&other).unwrap().verify(&public(), &Algorithm::ALL);
    assert_eq!(verified, Err(Refusal::BadSignature));
}

#[test]
fn the_private_key_of_rfc_7515_is_made_of_its_secret_bytes() {
    let key = SigningKey::from_secret(&secret()).unwrap();
    assert_eq!(key.public(), &public());
    let again = SigningKey::from_pkcs8(Algorithm::Es256, &key.to_pkcs8().unwrap()).unwrap();
    assert_eq!((again.public(), again.kid()), (key.public(), key.kid()));
    assert!(!format!("{key:?}").contains(SECRET));
}

#[test]
fn zero_and_the_order_of_the_curve_are_no_keys() {
    let order: [u8; 32] = decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE").try_into().unwrap();
    let mut last = order;
    last[31] -= 1;
    for secret in [[0; 32], order, [0xff; 32]] {
        assert_eq!(SigningKey::from_secret(&secret).err(), Some(Refusal::BadKey));
    }
    assert!(SigningKey::from_secret(&last).is_ok());
    assert_eq!(SigningKey::from_pkcs8(Algorithm::Es256, b"nothing").err(), Some(Refusal::BadKey));
}

/// RFC 9449 §6.1 tells the thumbprint (RFC 7638) of the key of its examples.
#[test]
fn the_thumbprint_is_that_of_the_standard() {
    let key = json!({ "kty": "EC", "crv": "P-256", "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA" });
    let key = PublicKey::from_jwk(&key).unwrap();
    assert_eq!(key.thumbprint(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    assert_eq!(key.kid(), key.thumbprint());
}

#[test]
fn another_implementation_verifies_what_we_sign() {
    let key = SigningKey::from_secret(&[7; 32]).unwrap();
    let token = jwt::sign(&key, "session+jwt", &claims(&json!({ "sub": "usr_1" }))).unwrap();
    let jwk = &KeySet::new(vec![key.public().clone()]).to_json()["keys"][0];
    let point = [vec![4], decode(jwk["x"].as_str().unwrap()), decode(jwk["y"].as_str().unwrap())].concat();
    let theirs = VerifyingKey::from_sec1_bytes(&point).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = Signature::from_slice(&decode(signature)).unwrap();
    theirs.verify(signed.as_bytes(), &signature).unwrap();
    let header: Value = serde_json::from_slice(&decode(signed.split('.').next().unwrap())).unwrap();
    assert_eq!(header, json!({ "alg": "ES256", "typ": "session+jwt", "kid": jwk["kid"] }));
}

#[test]
fn we_verify_what_another_implementation_signs() {
    let theirs = p256::ecdsa::SigningKey::from_slice(&secret()).unwrap();
    let header = json!({ "alg": "ES256", "typ": "application/Session+JWT", "kid": public().kid() });
    let signed = format!("{}.{}", encode(header.to_string()), encode(r#"{"sub":"usr_1"}"#));
    let signature: Signature = theirs.sign(signed.as_bytes());
    let token = format!("{signed}.{}", encode(signature.to_bytes()));
    let keys = KeySet::new(vec![public()]);
    assert_eq!(jwt::verify(&token, &keys, "session+jwt"), Ok(claims(&json!({ "sub": "usr_1" }))));
}

#[test]
fn keys_of_other_kinds_uses_and_places_are_not_taken() {
    let good: Value = serde_json::from_str(KEY).unwrap();
    let with = |name: &str, value: Value| {
        let mut key = good.clone();
        key[name] = value;
        key
    };
    for fine in [
        with("use", json!("sig")),
        with("alg", json!("ES256")),
        with("key_ops", json!(["verify"])),
        with("kid", json!("mine")),
        with("x5c", json!(["ignored"])),
    ] {
        assert!(PublicKey::from_jwk(&fine).is_ok(), "{fine}");
    }
    for bad in [
        with("kty", json!("oct")),
        with("crv", json!("P-384")),
        with("crv", json!("P-521")),
        with("alg", json!("none")),
        with("alg", json!(null)),
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("key_ops", json!("verify")),
        with("d", json!(SECRET)),
        with("kid", json!("")),
        with("kid", json!(7)),
        with("x", json!("f83O")),
        with("x", json!(null)),
        with("y", json!("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")),
        json!([]),
        json!("key"),
    ] {
        assert_eq!(PublicKey::from_jwk(&bad).err(), Some(Refusal::BadKey), "{bad}");
    }
}

#[test]
fn a_set_keeps_what_it_can_use() {
    let good: Value = serde_json::from_str(KEY).unwrap();
    let rsa = json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "rsa" });
    let set = KeySet::parse(&json!({ "keys": [rsa, good, 7], "more": true }).to_string()).unwrap();
    assert_eq!(set.keys(), [public()]);
    assert_eq!((set.find(public().kid()), set.find("rsa")), (Some(&public()), None));
    assert_eq!(KeySet::parse(&set.to_json().to_string()), Ok(set));
    for bad in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]} x"#] {
        assert_eq!(KeySet::parse(bad), Err(Refusal::Malformed), "{bad}");
    }
    assert_eq!(KeySet::parse(&" ".repeat(65_537)), Err(Refusal::TooLarge));
}
