//! Master keys: they wrap data keys and nothing else, and are never in the database.

use std::fmt;

use avnology_model::{Error, Result, secret_token::sha256};
use zeroize::Zeroizing;

use super::cipher::{Cipher, bind};

/// The master keys that the operator gave, newest first. The newest wraps, all of them unwrap: to rotate, put a new
/// one first, restart, and take the older one away.
pub struct MasterKeys {
    newest: Master,
    older: Vec<Master>,
}

struct Master {
    id: String,
    cipher: Cipher,
}

impl MasterKeys {
    /// From the keys, newest first; fails (`_999`) when there is none.
    pub fn new(keys: &[Zeroizing<[u8; 32]>]) -> Result<Self> {
        let mut keys = keys.iter().map(Master::new);
        let newest = keys.next().ok_or_else(|| refuse("an encryption key is needed".to_owned()))??;
        Ok(Self { newest, older: keys.collect::<Result<_>>()? })
    }

    /// The id of the newest one.
    pub(super) fn newest_id(&self) -> &str {
        &self.newest.id
    }

    /// Wraps a data key with the newest master key; that one's id, and the wrapped key.
    pub(super) fn wrap(&self, owner: &str, key_id: &str, key: &[u8]) -> Result<(String, Vec<u8>)> {
        let wrapped = self.newest.cipher.seal(&aad(owner, key_id, &self.newest.id), key)?;
        Ok((self.newest.id.clone(), wrapped))
    }

    /// Unwraps a data key.
    pub(super) fn unwrap(
        &self,
        owner: &str,
        key_id: &str,
        master_id: &str,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>> {
        let Some(master) = self.all().find(|master| master.id == master_id) else {
            let given: Vec<&str> = self.all().map(|master| master.id.as_str()).collect();
            return Err(refuse(format!(
                "the encryption key does not fit this database: its secrets are sealed under the encryption key \
                 {master_id}, and given is {}",
                given.join(", ")
            )));
        };
        let key = master.cipher.open(&aad(owner, key_id, master_id), wrapped);
        key.ok_or_else(|| {
            refuse(format!(
                "the encryption key does not fit this database: {master_id} does not open the data key {key_id}, \
                 which was damaged or changed"
            ))
        })
    }

    fn all(&self) -> impl Iterator<Item = &Master> {
        std::iter::once(&self.newest).chain(&self.older)
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().map(|master| &master.id)).finish()
    }
}

impl Master {
    fn new(key: &Zeroizing<[u8; 32]>) -> Result<Self> {
        let named = Zeroizing::new([b"avnology-master:".as_slice(), key.as_slice()].concat());
        let [a, b, c, d, ..] = sha256(&named);
        Ok(Self {
            id: format!("{:08x}", u32::from_be_bytes([a, b, c, d])),
            cipher: Cipher::new(key.as_slice())?,
        })
    }
}

/// An error whose text is meant for the operator.
fn refuse(text: String) -> Error {
    Error::internal(text.clone()).with_detail(text)
}

fn aad(owner: &str, key_id: &str, master_id: &str) -> Vec<u8> {
    bind(&[b"avnology-data-key", owner.as_bytes(), key_id.as_bytes(), master_id.as_bytes()])
}
