//! Sealing of secrets at rest (`contract/00` §5): AES-256-GCM under the tenant's data keys, which a master key wraps.
//!
//! A sealed value opens only in the place it was sealed for. The newest data key seals, all of them open. Whoever has
//! the database but not the master key has nothing; where the master key comes from is `server`'s affair.

mod cipher;
mod masters;

use std::sync::Arc;

use arc_swap::ArcSwap;
use avnology_model::{Error, Result, Timestamp};
use avnology_store::{
    Store,
    platform::data_keys::{self as rows, DataKey as Wrapped},
};
use aws_lc_rs::{constant_time, hmac};
use zeroize::Zeroizing;

use self::cipher::{Cipher, bind};
pub use self::masters::MasterKeys;
use crate::{Cx, hex};

/// The owner of the tenant's own data keys.
const TENANT: &str = "tenant";

/// First byte of every sealed value.
const VERSION: u8 = 1;

/// Bytes of a data key's id in a sealed value.
type KeyId = [u8; 8];

/// Where a sealed value is kept. It cannot be opened in another place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Table.
    pub table: &'a str,
    /// Primary key of the row.
    pub row: &'a str,
    /// Column.
    pub column: &'a str,
}

/// The tenant's data keys, unwrapped in memory. Clones share them.
#[derive(Clone)]
pub struct Keys {
    masters: Arc<MasterKeys>,
    ring: Arc<ArcSwap<Ring>>,
}

struct Ring {
    active: Arc<DataKey>,
    all: Vec<Arc<DataKey>>,
    /// Pseudorandom key of HKDF, made of the oldest data key, so that it stays when keys are rotated.
    root: hmac::Key,
}

struct DataKey {
    id: KeyId,
    cipher: Cipher,
}

impl Keys {
    /// Loads the data keys; makes the first one of a new database, and wraps anew, with the newest master key, those
    /// that an older one wraps.
    ///
    /// Fails (`_999`, with a `detail` for the operator) when a key was wrapped by a master key that is not given.
    pub async fn load(store: &Store, masters: MasterKeys, cx: &Cx) -> Result<Self> {
        let mut wrapped = store.identity().read(|tx| rows::list(tx, TENANT)).await?;
        if wrapped.is_empty() {
            let first = draw(&masters, cx)?;
            // Another node may be doing the same: one of the two keys is taken, and both read which.
            let made = store.identity().write(move |tx| {
                rows::insert(tx, &first)?;
                rows::list(tx, TENANT)
            });
            wrapped = made.await?;
        }
        let opened = open_all(&masters, &wrapped)?;
        rewrap(store, &masters, &wrapped, &opened).await?;
        let ring = ArcSwap::from_pointee(Ring::new(&wrapped, &opened)?);
        Ok(Self { masters: Arc::new(masters), ring: Arc::new(ring) })
    }

    /// Reads the data keys again, after another node may have rotated them.
    pub async fn reload(&self, store: &Store) -> Result<()> {
        let wrapped = store.identity().read(|tx| rows::list(tx, TENANT)).await?;
        self.take_over(&wrapped)
    }

    /// Makes a new data key, which seals from now on. Older ones keep opening. Other nodes must [`Keys::reload`]
    /// before they can open what is sealed with it.
    pub async fn rotate(&self, store: &Store, cx: &Cx) -> Result<()> {
        let fresh = draw(&self.masters, cx)?;
        let made = store.identity().write(move |tx| {
            let before = rows::list(tx, TENANT)?;
            let mut fresh = fresh.clone();
            if let Some(last) = before.last() {
                // The order of the keys must not depend on clocks: the oldest is the root of `hmac`.
                let after_last = Timestamp::from_micros(last.create_time.micros().saturating_add(1));
                fresh.create_time = fresh.create_time.max(after_last);
            }
            rows::retire(tx, TENANT)?;
            rows::insert(tx, &fresh)?;
            rows::list(tx, TENANT)
        });
        self.take_over(&made.await?)
    }

    fn take_over(&self, wrapped: &[Wrapped]) -> Result<()> {
        let opened = open_all(&self.masters, wrapped)?;
        self.ring.store(Arc::new(Ring::new(wrapped, &opened)?));
        Ok(())
    }

    /// Seals `secret` for one place.
    pub fn seal(&self, place: &Place<'_>, secret: &[u8]) -> Result<Vec<u8>> {
        let key = Arc::clone(&self.ring.load().active);
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&key.id);
        sealed.extend_from_slice(&key.cipher.seal(&aad(key.id, place), secret)?);
        Ok(sealed)
    }

    /// Opens what was sealed for this place.
    ///
    /// `_999` when it was sealed for another place or changed, `_912` when it was sealed with a key that this node has
    /// not loaded.
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let broken =
            |why: &str| Error::internal(format!("a secret in {}.{} {why}", place.table, place.column));
        let Some((&VERSION, rest)) = sealed.split_first() else {
            return Err(broken("is not in a form that we know"));
        };
        let (id, rest) = rest.split_first_chunk::<8>().ok_or_else(|| broken("is cut off"))?;
        let ring = self.ring.load();
        let Some(key) = ring.all.iter().rev().find(|key| key.id == *id) else {
            let what = format!(
                "a secret in {}.{} is sealed with a key that is not loaded",
                place.table, place.column
            );
            return Err(Error::unavailable(what));
        };
        key.cipher
            .open(&aad(*id, place), rest)
            .ok_or_else(|| broken("was changed, or moved from another place"))
    }

    /// HMAC-SHA256 of `data` under a key of its own for each `purpose`, the same for the life of the database.
    pub fn hmac(&self, purpose: &str, data: &[u8]) -> [u8; 32] {
        let ring = self.ring.load();
        let key = hmac::Key::new(hmac::HMAC_SHA256, expand(&ring.root, purpose).as_slice());
        let mut out = [0; 32];
        out.copy_from_slice(hmac::sign(&key, data).as_ref());
        out
    }
}

impl Keys {
    /// What makes a link of ours that says `text`: a signature in hexadecimal. Whoever has the link may use it.
    pub(crate) fn sign_link(&self, purpose: &str, text: &str) -> String {
        hex(&self.hmac(purpose, text.as_bytes()))
    }

    /// `_901` for a link of somebody's own making.
    pub(crate) fn check_link(&self, purpose: &str, text: &str, signature: &str) -> Result<()> {
        let expected = self.sign_link(purpose, text);
        constant_time::verify_slices_are_equal(expected.as_bytes(), signature.as_bytes())
            .map_err(|_| Error::not_found())
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({} data keys, {:?})", self.ring.load().all.len(), self.masters)
    }
}

impl Ring {
    fn new(wrapped: &[Wrapped], opened: &[Zeroizing<Vec<u8>>]) -> Result<Self> {
        let missing = || Error::internal("the database has no active data key");
        let mut all = Vec::with_capacity(wrapped.len());
        let mut active = None;
        for (row, key) in wrapped.iter().zip(opened) {
            let key = Arc::new(DataKey { id: key_id(&row.id)?, cipher: Cipher::new(key)? });
            if row.active {
                active = Some(Arc::clone(&key));
            }
            all.push(key);
        }
        let root = extract(opened.first().ok_or_else(missing)?);
        Ok(Self { active: active.ok_or_else(missing)?, all, root })
    }
}

/// A new data key, wrapped by the newest master key.
fn draw(masters: &MasterKeys, cx: &Cx) -> Result<Wrapped> {
    let key = Zeroizing::new(cx.random::<32>());
    let id = format!("{:016x}", u64::from_be_bytes(cx.random()));
    let (master_id, wrapped) = masters.wrap(TENANT, &id, &*key)?;
    Ok(Wrapped { id, owner: TENANT.to_owned(), master_id, wrapped, active: true, create_time: cx.now })
}

fn open_all(masters: &MasterKeys, wrapped: &[Wrapped]) -> Result<Vec<Zeroizing<Vec<u8>>>> {
    wrapped.iter().map(|row| masters.unwrap(&row.owner, &row.id, &row.master_id, &row.wrapped)).collect()
}

async fn rewrap(
    store: &Store,
    masters: &MasterKeys,
    wrapped: &[Wrapped],
    opened: &[Zeroizing<Vec<u8>>],
) -> Result<()> {
    let mut changed = Vec::new();
    for (row, key) in wrapped.iter().zip(opened).filter(|(row, _)| row.master_id != masters.newest_id()) {
        let (master_id, wrapped) = masters.wrap(&row.owner, &row.id, key)?;
        changed.push((row.master_id.clone(), Wrapped { master_id, wrapped, ..row.clone() }));
    }
    if changed.is_empty() {
        return Ok(());
    }
    let count = changed.len();
    let written = store
        .identity()
        .write(move |tx| changed.iter().try_for_each(|(before, row)| rows::rewrap(tx, before, row)));
    written.await?;
    tracing::info!(count, master = masters.newest_id(), "data keys are wrapped by a newer encryption key");
    Ok(())
}

fn key_id(text: &str) -> Result<KeyId> {
    let number = u64::from_str_radix(text, 16);
    number.map(u64::to_be_bytes).map_err(|_| Error::internal(format!("{text} is no id of a data key")))
}

fn aad(id: KeyId, place: &Place<'_>) -> Vec<u8> {
    let Place { table, row, column } = place;
    bind(&[
        b"avnology-sealed",
        &[VERSION],
        &id,
        TENANT.as_bytes(),
        table.as_bytes(),
        row.as_bytes(),
        column.as_bytes(),
    ])
}

/// HKDF-Extract without a salt (RFC 5869 §2.2).
fn extract(secret: &[u8]) -> hmac::Key {
    let salt = hmac::Key::new(hmac::HMAC_SHA256, &[0; 32]);
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&salt, secret).as_ref())
}

/// HKDF-Expand to 32 bytes, which is one block (RFC 5869 §2.3).
fn expand(root: &hmac::Key, purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut context = hmac::Context::with_key(root);
    context.update(&bind(&[b"avnology-hmac", purpose.as_bytes()]));
    context.update(&[1]);
    let mut out = Zeroizing::new([0; 32]);
    out.copy_from_slice(context.sign().as_ref());
    out
}

#[cfg(test)]
mod tests;
