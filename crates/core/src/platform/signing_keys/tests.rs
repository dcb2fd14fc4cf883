use avnology_store::{Store, StoreConfig, platform::signing_keys::StoredSigningKey};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;
use crate::{
    OsEntropy,
    platform::{Keys, MasterKeys},
};

fn cx_at(seconds: i64) -> Cx {
    Cx::system(Timestamp::from_micros(seconds * 1_000_000), Arc::new(OsEntropy))
}

async fn keys() -> (TempDir, Keys) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreConfig::new(folder.path(), cx_at(1).now)).await.unwrap();
    let masters = MasterKeys::new(&[Zeroizing::new([1; 32])]).unwrap();
    let keys = Keys::load(&store, masters, &cx_at(1)).await.unwrap();
    (folder, keys)
}

async fn drawn(keys: &Keys, algorithm: SigningAlgorithm) -> StoredSigningKey {
    make::draw(keys, &cx_at(2), algorithm).await.unwrap()
}

#[tokio::test]
async fn a_key_of_each_algorithm_signs_under_its_thumbprint() {
    let (_folder, keys) = keys().await;
    for algorithm in SigningAlgorithm::ALL {
        let row = drawn(&keys, *algorithm).await;
        let ring = Ring::open(&keys, std::slice::from_ref(&row), cx_at(3).now).unwrap();
        let signer = Signer { key: Arc::clone(ring.signing(*algorithm).unwrap()), algorithm: *algorithm };
        let token = signer.sign("at+jwt", &serde_json::json!({ "sub": "usr_1" })).unwrap();
        let claims = avnology_jose::jwt::verify(&token, &ring.verifying, "at+jwt").unwrap();
        assert_eq!(claims["sub"], "usr_1");
        let public = ring.verifying.find(signer.kid()).unwrap();
        assert_eq!(
            (public.thumbprint().as_str(), row.algorithm.as_str()),
            (signer.kid(), algorithm.as_str())
        );
        assert_eq!(row.public_jwk["alg"], algorithm.as_str());
        let bits = row.public_jwk["n"].as_str().map(|n| n.len() * 6);
        assert!(bits.is_none_or(|bits| bits == 3072), "{bits:?}");
    }
}

#[tokio::test]
async fn the_private_half_is_sealed_for_its_row() {
    let (_folder, keys) = keys().await;
    let mut row = drawn(&keys, SigningAlgorithm::Es256).await;
    let private = make::open(&keys, &row, SigningAlgorithm::Es256).unwrap().to_pkcs8().unwrap();
    assert!(!row.private_key.windows(private.len()).any(|bytes| bytes == private.as_slice()));
    assert!(!row.public_jwk.to_string().contains("\"d\""));
    row.kid = "another".to_owned();
    assert!(make::open(&keys, &row, SigningAlgorithm::Es256).is_err());
}

#[tokio::test]
async fn memory_is_believed_until_the_next_turn_or_end_of_a_key() {
    let (_folder, keys) = keys().await;
    let mut rows = Vec::new();
    for (active, activate, retire) in
        [(true, 2, None), (false, 90, None), (false, 2, Some(70)), (false, 2, Some(5))]
    {
        let drawn = drawn(&keys, SigningAlgorithm::Es256).await;
        let (activate_time, retire_time) = (cx_at(activate).now, retire.map(|at| cx_at(at).now));
        rows.push(StoredSigningKey { active, activate_time, retire_time, ..drawn });
    }
    let at = |now: i64| Ring::open(&keys, &rows, cx_at(now).now).unwrap().changes_at;
    assert_eq!(at(10), Some(cx_at(70).now));
    assert_eq!(at(70), Some(cx_at(90).now));
    assert_eq!(at(90), None);
    let memory = SigningKeys::default();
    memory.keep(Ring::open(&keys, &rows, cx_at(20).now).unwrap(), cx_at(20).now);
    assert_eq!(memory.held.load().as_ref().unwrap().good_until, cx_at(70).now);
    memory.keep(Ring::open(&keys, &rows, cx_at(1).now).unwrap(), cx_at(1).now);
    assert_eq!(memory.held.load().as_ref().unwrap().good_until, cx_at(5).now);
}

/// Newer releases may know more algorithms than this one: what they publish stays published.
#[tokio::test]
async fn a_key_of_an_unknown_algorithm_is_published_and_does_not_sign() {
    let (_folder, keys) = keys().await;
    let known = drawn(&keys, SigningAlgorithm::Es256).await;
    let mut strange = drawn(&keys, SigningAlgorithm::EdDsa).await;
    strange.algorithm = "ML-DSA-44".to_owned();
    strange.public_jwk =
        serde_json::json!({ "kty": "AKP", "alg": "ML-DSA-44", "kid": "strange", "pub": "AA" });
    let ring = Ring::open(&keys, &[known.clone(), strange], cx_at(3).now).unwrap();
    assert!(String::from_utf8_lossy(&ring.published.text).contains("strange"));
    assert_eq!(ring.verifying.keys().len(), 1);
    assert_eq!(ring.signing(SigningAlgorithm::Es256).unwrap().kid(), known.kid);
}

#[test]
fn a_key_that_nobody_knows_is_looked_for_once_a_second() {
    let memory = SigningKeys::default();
    let now = cx_at(10).now;
    assert!(memory.may_look(now));
    assert!(!memory.may_look(Timestamp::from_micros(now.micros() + 999_999)));
    assert!(memory.may_look(Timestamp::from_micros(now.micros() + 1_000_000)));
}
