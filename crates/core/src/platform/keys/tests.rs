use avnology_model::Code;
use avnology_store::StoreConfig;
use aws_lc_rs::hkdf;

use super::*;
use crate::OsEntropy;

const PLACE: Place<'static> = Place { table: "messages", row: "msg_1", column: "sealed" };

fn cx_at(second: i64) -> Cx {
    Cx::system(Timestamp::from_micros(second * 1_000_000), Arc::new(OsEntropy))
}

fn masters(keys: &[u8]) -> MasterKeys {
    let keys: Vec<_> = keys.iter().map(|n| Zeroizing::new([*n; 32])).collect();
    MasterKeys::new(&keys).unwrap()
}

/// A new database. The folder is removed when dropped.
async fn database() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreConfig::new(folder.path(), Timestamp::from_micros(1))).await.unwrap();
    (folder, store)
}

async fn load(store: &Store, keys: &[u8]) -> Result<Keys> {
    Keys::load(store, masters(keys), &cx_at(100)).await
}

async fn stored(store: &Store) -> Vec<Wrapped> {
    store.identity().read(|tx| rows::list(tx, TENANT)).await.unwrap()
}

#[tokio::test]
async fn what_is_sealed_opens_again_also_after_a_restart() {
    let (_folder, store) = database().await;
    let keys = load(&store, &[1]).await.unwrap();
    for secret in [&b""[..], b"123456", &[7; 5000]] {
        let sealed = keys.seal(&PLACE, secret).unwrap();
        assert_eq!(keys.open(&PLACE, &sealed).unwrap().as_slice(), secret);
        assert_eq!(load(&store, &[1]).await.unwrap().open(&PLACE, &sealed).unwrap().as_slice(), secret);
    }
    assert_eq!(stored(&store).await.len(), 1);
}

#[tokio::test]
async fn sealing_twice_gives_two_texts_and_neither_shows_the_secret() {
    let (_folder, store) = database().await;
    let keys = load(&store, &[1]).await.unwrap();
    let (one, two) =
        (keys.seal(&PLACE, b"a secret text").unwrap(), keys.seal(&PLACE, b"a secret text").unwrap());
    assert_ne!(one, two);
    assert!(!one.windows(6).any(|part| part == b"secret"));
}

#[tokio::test]
async fn any_change_is_noticed() {
    let (_folder, store) = database().await;
    let keys = load(&store, &[1]).await.unwrap();
    let sealed = keys.seal(&PLACE, b"123456").unwrap();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(keys.open(&PLACE, &changed).is_err(), "byte {at}");
        assert!(keys.open(&PLACE, &sealed[..at]).is_err(), "cut at {at}");
    }
    assert!(keys.open(&PLACE, &[&sealed[..], &[0]].concat()).is_err());
}

#[tokio::test]
async fn a_secret_does_not_open_in_another_place() {
    let (_folder, store) = database().await;
    let keys = load(&store, &[1]).await.unwrap();
    let sealed = keys.seal(&PLACE, b"123456").unwrap();
    for other in [
        Place { table: "flows", ..PLACE },
        Place { row: "msg_2", ..PLACE },
        Place { column: "request", ..PLACE },
        Place { table: "message", row: "smsg_1", ..PLACE },
        Place { row: "msg_1s", column: "ealed", ..PLACE },
    ] {
        assert_eq!(keys.open(&other, &sealed).unwrap_err().code(), Code::Internal, "{other:?}");
    }
}

#[tokio::test]
async fn a_new_data_key_seals_and_the_older_ones_still_open() {
    let (_folder, store) = database().await;
    let keys = load(&store, &[1]).await.unwrap();
    let old = keys.seal(&PLACE, b"old").unwrap();
    keys.rotate(&store, &cx_at(200)).await.unwrap();
    let new = keys.seal(&PLACE, b"new").unwrap();
    assert_ne!(old[1..9], new[1..9], "both are sealed with the same key");
    for keys in [keys, load(&store, &[1]).await.unwrap()] {
        assert_eq!(keys.open(&PLACE, &old).unwrap().as_slice(), b"old");
        assert_eq!(keys.open(&PLACE, &new).unwrap().as_slice(), b"new");
        assert_eq!(keys.seal(&PLACE, b"x").unwrap()[1..9], new[1..9]);
    }
    assert_eq!(stored(&store).await.iter().map(|key| key.active).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn another_node_opens_with_a_new_data_key_once_it_has_loaded_it() {
    let (_folder, store) = database().await;
    let (one, two) = (load(&store, &[1]).await.unwrap(), load(&store, &[1]).await.unwrap());
    one.rotate(&store, &cx_at(200)).await.unwrap();
    let sealed = one.seal(&PLACE, b"new").unwrap();
    let early = two.open(&PLACE, &sealed).unwrap_err();
    assert_eq!((early.code(), early.retry_after()), (Code::Unavailable, Some(1)));
    two.reload(&store).await.unwrap();
    assert_eq!(two.open(&PLACE, &sealed).unwrap().as_slice(), b"new");
}

#[tokio::test]
async fn a_newer_master_key_takes_over_and_the_older_one_is_not_needed_any_more() {
    let (_folder, store) = database().await;
    let keys = load(&store, &[1]).await.unwrap();
    let old = keys.seal(&PLACE, b"old").unwrap();
    keys.rotate(&store, &cx_at(200)).await.unwrap();
    let new = keys.seal(&PLACE, b"new").unwrap();
    load(&store, &[2, 1]).await.unwrap();
    let keys = load(&store, &[2]).await.unwrap();
    assert_eq!(keys.open(&PLACE, &old).unwrap().as_slice(), b"old");
    assert_eq!(keys.open(&PLACE, &new).unwrap().as_slice(), b"new");
    let refused = load(&store, &[1]).await.unwrap_err();
    assert!(refused.detail().contains("the encryption key does not fit this database"), "{refused}");
}

#[tokio::test]
async fn a_wrong_master_key_is_refused_and_makes_no_new_data_key() {
    let (_folder, store) = database().await;
    load(&store, &[1]).await.unwrap();
    let refused = load(&store, &[2, 3]).await.unwrap_err();
    assert!(refused.detail().contains("the encryption key does not fit this database"), "{refused}");
    assert_eq!(stored(&store).await.len(), 1);
}

#[tokio::test]
async fn a_wrapped_key_cannot_be_put_in_the_place_of_another() {
    let (_folder, store) = database().await;
    let keys = load(&store, &[1]).await.unwrap();
    keys.rotate(&store, &cx_at(200)).await.unwrap();
    let both = stored(&store).await;
    let forged = Wrapped { wrapped: both[0].wrapped.clone(), ..both[1].clone() };
    let before = both[1].master_id.clone();
    store.identity().write(move |tx| rows::rewrap(tx, &before, &forged)).await.unwrap();
    let refused = load(&store, &[1]).await.unwrap_err();
    assert!(refused.detail().contains("damaged or changed"), "{refused}");
}

#[tokio::test]
async fn two_nodes_that_start_at_once_on_a_new_database_use_the_same_key() {
    let (_folder, store) = database().await;
    let nodes: Vec<_> = (0..8)
        .map(|_| {
            tokio::spawn({
                let store = store.clone();
                async move { load(&store, &[1]).await.unwrap() }
            })
        })
        .collect();
    let mut loaded = Vec::new();
    for node in nodes {
        loaded.push(node.await.unwrap());
    }
    let sealed = loaded[0].seal(&PLACE, b"x").unwrap();
    assert!(loaded.iter().all(|keys| keys.open(&PLACE, &sealed).is_ok()));
    assert_eq!(stored(&store).await.len(), 1);
}

#[tokio::test]
async fn a_keyed_hash_stays_when_keys_are_rotated_even_by_a_slow_clock() {
    let (_folder, store) = database().await;
    let keys = load(&store, &[1]).await.unwrap();
    let before = keys.hmac("csrf", b"data");
    keys.rotate(&store, &cx_at(50)).await.unwrap();
    assert_eq!(keys.hmac("csrf", b"data"), before);
    assert_eq!(load(&store, &[2, 1]).await.unwrap().hmac("csrf", b"data"), before);
}

#[tokio::test]
async fn a_keyed_hash_differs_by_purpose_data_and_tenant() {
    let (_folder, store) = database().await;
    let (_other_folder, other_store) = database().await;
    let keys = load(&store, &[1]).await.unwrap();
    let others = load(&other_store, &[1]).await.unwrap();
    let hash = keys.hmac("csrf", b"data");
    assert_ne!(hash, keys.hmac("page-token", b"data"));
    assert_ne!(hash, keys.hmac("csrf", b"other"));
    assert_ne!(hash, others.hmac("csrf", b"data"));
}

#[test]
fn our_derivation_is_hkdf() {
    let purpose = bind(&[b"avnology-hmac", b"csrf"]);
    let expected = hkdf::Salt::none(hkdf::HKDF_SHA256).extract(&[5; 32]);
    let mut out = [0; 32];
    expected.expand(&[&purpose], hkdf::HKDF_SHA256).unwrap().fill(&mut out).unwrap();
    assert_eq!(*expand(&extract(&[5; 32]), "csrf"), out);
}

#[test]
fn no_key_at_all_is_refused_and_no_key_is_printed() {
    assert!(MasterKeys::new(&[]).is_err());
    // First eight digits of SHA-256("avnology-master:" and 32 bytes of 1), as sha256sum prints them.
    assert_eq!(format!("{:?}", masters(&[1])), "[\"4232165c\"]");
}
