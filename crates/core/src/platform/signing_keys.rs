//! The keys that sign what others verify by `/.well-known/jwks.json`: made when first needed, sealed in the database, and
//! kept in memory (`contract/30` §13).

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use avnology_jose::{Algorithm, SigningKey, jwt};
use avnology_model::{Error, Result, Timestamp, secret_token::sha256};
use avnology_store::{
    Store,
    platform::signing_keys::{self as rows, StoredSigningKey},
};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{Keys, Place};
use crate::{Cx, Tenant, hex};

/// How long memory is believed without asking the database again, in seconds.
const LIFETIME_SECONDS: i64 = 300;
/// How often bytes are drawn that are no key. Once is 1 in 2^32; more often the generator is broken.
const DRAWS: usize = 8;

/// The signing keys that memory holds.
#[derive(Default)]
pub(crate) struct SigningKeys {
    ring: ArcSwapOption<Ring>,
}

struct Ring {
    active: SigningKey,
    published: PublishedKeys,
    loaded_at: Timestamp,
}

/// The public keys, as they are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedKeys {
    /// A JWK set, as JSON.
    pub document: Bytes,
    /// Its entity tag, without quotes.
    pub etag: String,
}

/// The public keys. Warm, it asks no database.
pub async fn published_keys(app: &Tenant, cx: &Cx) -> Result<PublishedKeys> {
    Ok(ring(app, cx).await?.published.clone())
}

/// Signs claims as a token of this type. Not to be called in a transaction. Warm, it asks no database.
pub(crate) async fn sign_claims(
    app: &Tenant,
    cx: &Cx,
    typ: &str,
    claims: &Map<String, Value>,
) -> Result<String> {
    jwt::sign(&ring(app, cx).await?.active, typ, claims).map_err(Error::internal)
}

async fn ring(app: &Tenant, cx: &Cx) -> Result<Arc<Ring>> {
    let held = app.signing_keys.ring.load_full();
    if let Some(ring) = &held
        && ring.loaded_at.plus_seconds(LIFETIME_SECONDS) > cx.now
    {
        return Ok(Arc::clone(ring));
    }
    match (load(&app.store, &app.keys, cx).await, held) {
        (Ok(ring), _) => {
            let ring = Arc::new(ring);
            app.signing_keys.ring.store(Some(Arc::clone(&ring)));
            Ok(ring)
        }
        // Whoever verifies should not suffer while the database is away.
        (Err(error), Some(ring)) => {
            tracing::warn!(?error, "signing keys could not be read again; going on with those in memory");
            Ok(ring)
        }
        (Err(error), None) => Err(error),
    }
}

/// Reads the keys, and makes the first one.
async fn load(store: &Store, keys: &Keys, cx: &Cx) -> Result<Ring> {
    let now = cx.now;
    let mut stored = store.identity().read(move |tx| rows::list(tx, now)).await?;
    if !stored.iter().any(signs) {
        let first = draw(keys, cx)?;
        // Another request or node may be doing the same: one of the keys is taken, and all read which.
        let made = store.identity().write(move |tx| {
            rows::insert(tx, &first)?;
            rows::list(tx, now)
        });
        stored = made.await?;
    }
    open(keys, &stored, now)
}

fn open(keys: &Keys, stored: &[StoredSigningKey], now: Timestamp) -> Result<Ring> {
    let row = stored.iter().find(|row| signs(row));
    let row = row.ok_or_else(|| Error::internal("the database has no active signing key"))?;
    let private = keys.open(&place(&row.kid), &row.private_key)?;
    let active = SigningKey::from_pkcs8(Algorithm::Es256, &private).map_err(Error::internal)?;
    let public: Vec<&Value> = stored.iter().map(|row| &row.public_jwk).collect();
    let document = serde_json::to_vec(&json!({ "keys": public })).map_err(Error::internal)?;
    let etag = hex(sha256(&document).get(..8).unwrap_or_default());
    Ok(Ring { active, published: PublishedKeys { document: document.into(), etag }, loaded_at: now })
}

/// Whether it is the key that signs. Newer releases may have active keys of algorithms that this one does not know.
fn signs(row: &StoredSigningKey) -> bool {
    row.active && row.algorithm == Algorithm::Es256.name()
}

/// A new key, sealed.
fn draw(keys: &Keys, cx: &Cx) -> Result<StoredSigningKey> {
    let mut drawn = (0..DRAWS).map(|_| SigningKey::from_secret(&Zeroizing::new(cx.random())));
    let key = drawn.find_map(Result::ok).ok_or_else(|| Error::internal("no random bytes make a key"))?;
    let private = key.to_pkcs8().map_err(Error::internal)?;
    Ok(StoredSigningKey {
        kid: key.kid().to_owned(),
        algorithm: key.algorithm().name().to_owned(),
        active: true,
        public_jwk: key.public().to_jwk(),
        private_key: keys.seal(&place(key.kid()), &private)?,
        create_time: cx.now,
        retire_time: None,
    })
}

fn place(kid: &str) -> Place<'_> {
    Place { table: "signing_keys", row: kid, column: "private_key" }
}

#[cfg(test)]
mod tests {
    use avnology_jose::KeySet;
    use avnology_store::StoreConfig;
    use tempfile::TempDir;

    use super::*;
    use crate::{OsEntropy, platform::MasterKeys};

    fn cx_at(seconds: i64) -> Cx {
        Cx::system(Timestamp::from_micros(seconds * 1_000_000), Arc::new(OsEntropy))
    }

    async fn database() -> (TempDir, Store, Keys) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(StoreConfig::new(folder.path(), cx_at(1).now)).await.unwrap();
        let masters = MasterKeys::new(&[Zeroizing::new([1; 32])]).unwrap();
        let keys = Keys::load(&store, masters, &cx_at(1)).await.unwrap();
        (folder, store, keys)
    }

    async fn stored(store: &Store, seconds: i64) -> Vec<StoredSigningKey> {
        let now = cx_at(seconds).now;
        store.identity().read(move |tx| rows::list(tx, now)).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn many_who_need_the_first_key_at_once_make_one() {
        let (_folder, store, keys) = database().await;
        let makers: Vec<_> = (0..8)
            .map(|_| {
                let (store, keys) = (store.clone(), keys.clone());
                tokio::spawn(async move { load(&store, &keys, &cx_at(2)).await.unwrap() })
            })
            .collect();
        let mut kids = Vec::new();
        for maker in makers {
            kids.push(maker.await.unwrap().active.kid().to_owned());
        }
        kids.dedup();
        let rows = stored(&store, 3).await;
        assert_eq!(kids, [rows[0].kid.clone()]);
        assert_eq!((rows.len(), rows[0].active, rows[0].algorithm.as_str()), (1, true, "ES256"));
    }

    #[tokio::test]
    async fn the_private_half_is_sealed_for_its_row() {
        let (_folder, store, keys) = database().await;
        let ring = load(&store, &keys, &cx_at(2)).await.unwrap();
        let mut rows = stored(&store, 3).await;
        let private = ring.active.to_pkcs8().unwrap();
        assert!(!rows[0].private_key.windows(private.len()).any(|bytes| bytes == private.as_slice()));
        assert!(!rows[0].public_jwk.to_string().contains("\"d\""));
        rows[0].kid = "another".to_owned();
        assert!(open(&keys, &rows, cx_at(3).now).is_err());
    }

    /// A key that was replaced is published as long as what it signed is good, and signs no more.
    #[tokio::test]
    async fn a_retired_key_is_published_until_its_end() {
        let (_folder, store, keys) = database().await;
        let retiring = StoredSigningKey {
            active: false,
            retire_time: Some(cx_at(100).now),
            ..draw(&keys, &cx_at(1)).unwrap()
        };
        let row = retiring.clone();
        store.identity().write(move |tx| rows::insert(tx, &row)).await.unwrap();
        let ring = load(&store, &keys, &cx_at(2)).await.unwrap();
        assert_ne!(ring.active.kid(), retiring.kid);
        let set =
            |ring: &Ring| KeySet::parse(std::str::from_utf8(&ring.published.document).unwrap()).unwrap();
        assert!(set(&ring).find(&retiring.kid).is_some() && set(&ring).find(ring.active.kid()).is_some());
        let later = load(&store, &keys, &cx_at(100)).await.unwrap();
        assert_eq!(set(&later).keys(), [ring.active.public().clone()]);
        assert_ne!(ring.published.etag, later.published.etag);
    }
}
