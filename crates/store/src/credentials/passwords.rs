//! Password hashes, each in one text: PHC form, or what `core::credentials` reads of other systems.

use avnology_model::{
    Result, Timestamp,
    ids::{CredentialId, IdentityId},
};

use crate::{IdentityTx, params};

crate::statements! {
    BY_IDENTITY = "SELECT id, secret, create_time, last_used_at FROM credentials \
        WHERE identity_id = $1 AND kind = 'password'";
    INSERT = "INSERT INTO credentials (id, identity_id, kind, secret, create_time, last_used_at) \
        VALUES ($1, $2, 'password', $3, $4, NULL)";
    DELETE = "DELETE FROM credentials WHERE identity_id = $1 AND kind = 'password'";
    REHASH = "UPDATE credentials SET secret = $3 WHERE identity_id = $1 AND kind = 'password' AND secret = $2";
    REHASH_HISTORY = "UPDATE password_history SET secret = $3 WHERE identity_id = $1 AND secret = $2";
    TOUCH = "UPDATE credentials SET last_used_at = $2 WHERE identity_id = $1 AND kind = 'password'";
    REMEMBER = "INSERT INTO password_history (identity_id, secret, create_time) VALUES ($1, $2, $3)";
    HISTORY = "SELECT secret FROM password_history WHERE identity_id = $1 ORDER BY create_time DESC LIMIT $2";
    FORGET_OLD = "DELETE FROM password_history WHERE identity_id = $1 AND create_time < \
        (SELECT MIN(recent.create_time) FROM (SELECT create_time FROM password_history WHERE identity_id = $1 \
        ORDER BY create_time DESC LIMIT $2) recent)";
    FORGET_ALL = "DELETE FROM password_history WHERE identity_id = $1";
}

/// The largest number of earlier passwords that a policy can ask for.
const HISTORY_KEPT: u32 = 24;

/// The password of an identity.
#[derive(Clone, Debug)]
pub struct StoredPassword {
    /// Id of the credential.
    pub id: CredentialId,
    /// Hash in PHC form.
    pub phc: String,
    /// When it was set.
    pub create_time: Timestamp,
    /// Last sign-in with it.
    pub last_used_at: Option<Timestamp>,
}

/// The password of this identity.
pub fn find(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Option<StoredPassword>> {
    let row = tx.query_one(&BY_IDENTITY, &params![identity])?;
    row.map(|mut row| {
        Ok(StoredPassword {
            id: row.take()?,
            phc: row.take()?,
            create_time: row.take()?,
            last_used_at: row.take()?,
        })
    })
    .transpose()
}

/// Sets the password, whichever there was, and remembers it in the history.
pub fn set(
    tx: &mut IdentityTx<'_>,
    identity: IdentityId,
    id: CredentialId,
    phc: &str,
    now: Timestamp,
) -> Result<()> {
    tx.execute(&DELETE, &params![identity])?;
    tx.execute(&INSERT, &params![id, identity, phc, now])?;
    tx.execute(&REMEMBER, &params![identity, phc, now])?;
    tx.execute(&FORGET_OLD, &params![identity, HISTORY_KEPT]).map(drop)
}

/// Removes the password; whether there was one. The history stays.
pub fn remove(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<bool> {
    Ok(tx.execute(&DELETE, &params![identity])? > 0)
}

/// Replaces the hash by one of the same password, unless the password was changed meanwhile; in the history as well, where a
/// weak one would be left behind.
pub fn rehash(tx: &mut IdentityTx<'_>, identity: IdentityId, old: &str, new: &str) -> Result<()> {
    tx.execute(&REHASH, &params![identity, old, new])?;
    tx.execute(&REHASH_HISTORY, &params![identity, old, new]).map(drop)
}

/// Notes a sign-in by password.
pub fn touch(tx: &mut IdentityTx<'_>, identity: IdentityId, now: Timestamp) -> Result<()> {
    tx.execute(&TOUCH, &params![identity, now]).map(drop)
}

/// The last `count` hashes, newest first.
pub fn history(tx: &mut IdentityTx<'_>, identity: IdentityId, count: u32) -> Result<Vec<String>> {
    tx.query(&HISTORY, &params![identity, count])?.iter_mut().map(crate::Row::take).collect()
}

/// Removes password and history.
pub fn erase(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    tx.execute(&DELETE, &params![identity])?;
    tx.execute(&FORGET_ALL, &params![identity]).map(drop)
}
