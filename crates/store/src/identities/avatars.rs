//! Uploaded pictures.

use avnology_model::{Result, Timestamp, ids::IdentityId};

use crate::{IdentityTx, params};

crate::statements! {
    PUT = "INSERT INTO avatars (identity_id, hash, content_type, bytes, create_time) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (identity_id) DO UPDATE SET hash = excluded.hash, content_type = excluded.content_type, \
        bytes = excluded.bytes, create_time = excluded.create_time";
    FIND = "SELECT content_type, bytes FROM avatars WHERE identity_id = $1 AND hash = $2";
    DELETE = "DELETE FROM avatars WHERE identity_id = $1";
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAvatar {
    /// Media type.
    pub content_type: String,
    /// The file as it was uploaded.
    pub bytes: Vec<u8>,
}

/// Keeps a picture under this hash, instead of the one there was.
pub fn put(
    tx: &mut IdentityTx<'_>,
    identity: IdentityId,
    hash: &str,
    avatar: &StoredAvatar,
    now: Timestamp,
) -> Result<()> {
    tx.execute(&PUT, &params![identity, hash, &avatar.content_type, avatar.bytes.clone(), now]).map(drop)
}

/// The picture of an identity, if it still has this hash.
pub fn find(tx: &mut IdentityTx<'_>, identity: IdentityId, hash: &str) -> Result<Option<StoredAvatar>> {
    let row = tx.query_one(&FIND, &params![identity, hash])?;
    row.map(|mut row| Ok(StoredAvatar { content_type: row.take()?, bytes: row.take()? })).transpose()
}

/// Removes the picture of an identity, if it has one.
pub fn erase(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    tx.execute(&DELETE, &params![identity]).map(drop)
}
