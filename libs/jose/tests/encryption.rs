//! What is encrypted comes back for its key alone, and nothing that anybody sends makes the reader stumble.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use avnology_jose::{
    PublicKey, Refusal, SigningKey,
    jwe::{ContentEncryption, DecryptionKey, Encrypted, EncryptionKey, KeyManagement, encrypt},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};

const CURVE: &str = r#"{"kty":"EC","crv":"P-256","x":"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
    "y":"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck","d":"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"}"#;

/// Bytes that a test can guess.
fn counting() -> impl FnMut(&mut [u8]) {
    let mut next = 0_u8;
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_add(37);
            *byte = next;
        }
    }
}

fn rsa() -> Value {
    let key = SigningKey::generate_rsa(avnology_jose::Algorithm::Rs256).unwrap();
    let mut jwk: Value = serde_json::from_str(&key.to_jwk().unwrap()).unwrap();
    for name in ["alg", "use", "kid"] {
        jwk.as_object_mut().unwrap().remove(name);
    }
    jwk
}

fn public(private: &Value) -> Value {
    let mut jwk = private.clone();
    for name in ["d", "p", "q", "dp", "dq", "qi"] {
        jwk.as_object_mut().unwrap().remove(name);
    }
    jwk
}

/// A pair of keys for each way and cipher.
fn pairs() -> Vec<(EncryptionKey, DecryptionKey, ContentEncryption)> {
    let (curve, rsa): (Value, Value) = (serde_json::from_str(CURVE).unwrap(), rsa());
    let mut pairs = Vec::new();
    for way in KeyManagement::ALL {
        for cipher in ContentEncryption::ALL {
            let shared = match way {
                KeyManagement::Dir => Some(vec![7; cipher.key_bytes()]),
                KeyManagement::A128Kw => Some(vec![7; 16]),
                KeyManagement::A256Kw => Some(vec![7; 32]),
                _ => None,
            };
            let (to, from) = match (shared, way) {
                (Some(key), _) => (EncryptionKey::shared(way, None, &key), DecryptionKey::shared(way, &key)),
                (None, KeyManagement::RsaOaep256) => {
                    (EncryptionKey::from_jwk(way, &public(&rsa)), DecryptionKey::from_jwk(way, &rsa))
                }
                (None, _) => {
                    (EncryptionKey::from_jwk(way, &public(&curve)), DecryptionKey::from_jwk(way, &curve))
                }
            };
            pairs.push((to.unwrap(), from.unwrap(), cipher));
        }
    }
    pairs
}

#[test]
fn every_way_and_cipher_brings_the_text_back_and_no_other_key_does() {
    let pairs = pairs();
    for (to, from, cipher) in &pairs {
        let text = encrypt(to, *cipher, Some("JWT"), b"secret", &mut counting()).unwrap();
        let parsed = Encrypted::parse(&text).unwrap();
        assert_eq!(parsed.content_type(), Some("JWT"));
        assert_eq!(parsed.decrypt(from, &[*cipher]).unwrap().as_slice(), b"secret", "{to:?} {cipher:?}");
        for (_, other, _) in pairs.iter().filter(|(_, other, _)| other.management() != from.management()) {
            let refused = Encrypted::parse(&text).unwrap().decrypt(other, &[*cipher]);
            assert_eq!(refused.err(), Some(Refusal::WrongAlgorithm));
        }
        let others: Vec<_> = ContentEncryption::ALL.into_iter().filter(|one| one != cipher).collect();
        let refused = Encrypted::parse(&text).unwrap().decrypt(from, &others);
        assert_eq!(refused.err(), Some(Refusal::WrongAlgorithm));
    }
}

#[test]
fn points_that_are_not_on_the_curve_are_refused() {
    let header = |epk: Value| json!({ "alg": "ECDH-ES", "enc": "A128GCM", "epk": epk });
    let curve: Value = serde_json::from_str(CURVE).unwrap();
    let key = DecryptionKey::from_jwk(KeyManagement::EcdhEs, &curve).unwrap();
    let mut off = public(&curve);
    off["y"] = off["x"].clone();
    let other_curve = json!({ "kty": "OKP", "crv": "X25519", "x": BASE64_URL_SAFE_NO_PAD.encode([9; 32]) });
    for epk in [off.clone(), other_curve, json!({}), curve.clone()] {
        let header = BASE64_URL_SAFE_NO_PAD.encode(header(epk.clone()).to_string());
        let text = format!("{header}..AAAAAAAAAAAAAAAA.YQ.AAAAAAAAAAAAAAAAAAAAAA");
        let refused = Encrypted::parse(&text).unwrap().decrypt(&key, &ContentEncryption::ALL);
        assert_eq!(refused.err(), Some(Refusal::Undecryptable), "{epk}");
    }
    assert_eq!(EncryptionKey::from_jwk(KeyManagement::EcdhEs, &off).err(), Some(Refusal::BadKey));
    assert_eq!(PublicKey::from_jwk(&off).err(), Some(Refusal::BadKey));
    let mut foreign = curve.clone();
    foreign["d"] = BASE64_URL_SAFE_NO_PAD.encode([7; 32]).into();
    assert_eq!(DecryptionKey::from_jwk(KeyManagement::EcdhEs, &foreign).err(), Some(Refusal::BadKey));
}

#[test]
fn headers_that_ask_for_too_much_are_refused_before_any_work() {
    let key = DecryptionKey::shared(KeyManagement::A128Kw, &[7; 16]).unwrap();
    let own = SigningKey::from_secret(&[7; 32]).unwrap().public().to_jwk();
    for (header, refusal) in [
        (json!({ "alg": "A128KW", "enc": "A128GCM", "zip": "DEF" }), Refusal::UnknownExtension),
        (json!({ "alg": "A128KW", "enc": "A128GCM", "crit": ["exp"] }), Refusal::UnknownExtension),
        (json!({ "alg": "A128KW", "enc": "A128GCM", "jwk": own }), Refusal::KeyInHeader),
        (
            json!({ "alg": "PBES2-HS256+A128KW", "p2c": 2_147_483_647, "p2s": "AA", "enc": "A128GCM" }),
            Refusal::WrongAlgorithm,
        ),
        (json!({ "alg": "RSA1_5", "enc": "A128GCM" }), Refusal::WrongAlgorithm),
        (json!({ "alg": "A128KW", "enc": "A192GCM" }), Refusal::WrongAlgorithm),
        (json!({ "alg": "A128KW" }), Refusal::WrongAlgorithm),
        (json!({ "enc": "A128GCM" }), Refusal::Malformed),
    ] {
        let text = format!("{}.AA.AA.AA.AA", BASE64_URL_SAFE_NO_PAD.encode(header.to_string()));
        let refused = Encrypted::parse(&text).and_then(|one| one.decrypt(&key, &ContentEncryption::ALL));
        assert_eq!(refused.err(), Some(refusal), "{header}");
    }
}

#[test]
fn weak_and_misused_keys_are_refused() {
    let small = json!({ "kty": "RSA", "n": BASE64_URL_SAFE_NO_PAD.encode([0xff; 128]), "e": "AQAB" });
    assert_eq!(PublicKey::from_jwk(&small).err(), Some(Refusal::BadKey));
    assert_eq!(EncryptionKey::from_jwk(KeyManagement::RsaOaep256, &small).err(), Some(Refusal::BadKey));
    let n = BASE64_URL_SAFE_NO_PAD.encode([0xff; 256]);
    for (name, value) in [("e", "AQ"), ("e", "Ag"), ("e", "AAEAAQ"), ("e", "AQAAAAE"), ("n", "")] {
        let mut jwk = json!({ "kty": "RSA", "n": n, "e": "AQAB" });
        jwk[name] = value.into();
        assert_eq!(PublicKey::from_jwk(&jwk).err(), Some(Refusal::BadKey), "{name} {value}");
    }
    // Ed25519 points of small order, and X25519 for signatures.
    let mut order_2 = [0xff; 32];
    (order_2[0], order_2[31]) = (0xec, 0x7f);
    let mut negative = [0; 32];
    negative[31] = 0x80;
    for point in [[0; 32], order_2, negative] {
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64_URL_SAFE_NO_PAD.encode(point) });
        assert_eq!(PublicKey::from_jwk(&jwk).err(), Some(Refusal::BadKey));
    }
    let agreeing = json!({ "kty": "OKP", "crv": "X25519", "x": BASE64_URL_SAFE_NO_PAD.encode([9; 32]) });
    assert_eq!(PublicKey::from_jwk(&agreeing).err(), Some(Refusal::BadKey));
    let mut signing: Value = serde_json::from_str(CURVE).unwrap();
    signing["use"] = "sig".into();
    assert_eq!(DecryptionKey::from_jwk(KeyManagement::EcdhEs, &signing).err(), Some(Refusal::BadKey));
    for (way, length) in [(KeyManagement::A128Kw, 32), (KeyManagement::Dir, 15), (KeyManagement::EcdhEs, 32)]
    {
        assert_eq!(DecryptionKey::shared(way, &vec![7; length]).err(), Some(Refusal::BadKey));
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text: String) {
        prop_assert!(Encrypted::parse(&text).is_err());
    }

    #[test]
    fn any_five_parts_are_refused(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 4)) {
        let curve: Value = serde_json::from_str(CURVE).unwrap();
        for (to, header) in [
            (DecryptionKey::shared(KeyManagement::A128Kw, &[7; 16]), json!({ "alg": "A128KW", "enc": "A128GCM" })),
            (DecryptionKey::shared(KeyManagement::Dir, &[7; 32]), json!({ "alg": "dir", "enc": "A128CBC-HS256" })),
            (DecryptionKey::from_jwk(KeyManagement::EcdhEs, &curve), json!({ "alg": "ECDH-ES", "enc": "A128GCM", "epk": public(&curve) })),
        ] {
            let parts: Vec<String> = parts.iter().map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).collect();
            let text = format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header.to_string()), parts.join("."));
            let opened = Encrypted::parse(&text).unwrap().decrypt(&to.unwrap(), &ContentEncryption::ALL);
            prop_assert_eq!(opened.err(), Some(Refusal::Undecryptable));
        }
    }

    #[test]
    fn any_jwk_is_read_without_a_panic(kty in "(EC|RSA|OKP|oct)", crv in "(P-256|P-384|Ed25519|X25519)", x: Vec<u8>, n: Vec<u8>) {
        let (x, n) = (BASE64_URL_SAFE_NO_PAD.encode(x), BASE64_URL_SAFE_NO_PAD.encode(n));
        let jwk = json!({ "kty": kty, "crv": crv, "x": x, "y": x, "n": n, "e": x, "d": n, "p": x, "q": x, "dp": x, "dq": x, "qi": x });
        prop_assert!(SigningKey::from_jwk(&jwk).is_err());
        for way in KeyManagement::ALL {
            prop_assert!(DecryptionKey::from_jwk(way, &jwk).is_err());
            prop_assert!(EncryptionKey::from_jwk(way, &jwk).is_err());
        }
    }
}
