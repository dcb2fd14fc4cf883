//! Backup codes: sets of keyed hashes, each used once.

use avnology_model::{
    Result, Timestamp,
    ids::{CredentialId, IdentityId},
    secret_token::SecretHash,
};

use crate::{IdentityTx, params};

crate::statements! {
    BY_IDENTITY = "SELECT s.id, s.create_time, s.last_used_at, (SELECT COUNT(*) FROM recovery_codes c \
        WHERE c.identity_id = s.identity_id AND c.used_at IS NULL) FROM recovery_code_sets s WHERE s.identity_id = $1";
    INSERT_SET = "INSERT INTO recovery_code_sets (identity_id, id, create_time, last_used_at) VALUES ($1, $2, $3, NULL)";
    INSERT = "INSERT INTO recovery_codes (identity_id, hash, used_at) VALUES ($1, $2, NULL)";
    USE = "UPDATE recovery_codes SET used_at = $3 WHERE identity_id = $1 AND hash = $2 AND used_at IS NULL RETURNING hash";
    TOUCH = "UPDATE recovery_code_sets SET last_used_at = $2 WHERE identity_id = $1";
    DELETE = "DELETE FROM recovery_codes WHERE identity_id = $1";
    DELETE_SET = "DELETE FROM recovery_code_sets WHERE identity_id = $1";
}

/// The backup codes of an identity.
#[derive(Clone, Debug)]
pub struct StoredCodes {
    /// Id of the credential.
    pub id: CredentialId,
    /// When they were made.
    pub create_time: Timestamp,
    /// Last use of one.
    pub last_used_at: Option<Timestamp>,
    /// How many are left.
    pub remaining: u32,
}

/// The backup codes of this identity.
pub fn find(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Option<StoredCodes>> {
    let row = tx.query_one(&BY_IDENTITY, &params![identity])?;
    row.map(|mut row| {
        Ok(StoredCodes {
            id: row.take()?,
            create_time: row.take()?,
            last_used_at: row.take()?,
            remaining: row.take()?,
        })
    })
    .transpose()
}

/// Gives an identity these codes in place of all that it has.
pub fn replace(
    tx: &mut IdentityTx<'_>,
    identity: IdentityId,
    id: CredentialId,
    hashes: &[SecretHash],
    now: Timestamp,
) -> Result<()> {
    remove(tx, identity)?;
    tx.execute(&INSERT_SET, &params![identity, id, now])?;
    hashes.iter().try_for_each(|hash| tx.execute(&INSERT, &params![identity, hash]).map(drop))
}

/// Uses a code; whether it was there to be used.
pub fn use_code(
    tx: &mut IdentityTx<'_>,
    identity: IdentityId,
    hash: &SecretHash,
    now: Timestamp,
) -> Result<bool> {
    let used = tx.query_one(&USE, &params![identity, hash, now])?.is_some();
    if used {
        tx.execute(&TOUCH, &params![identity, now])?;
    }
    Ok(used)
}

/// Removes all codes; whether there was a set.
pub fn remove(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<bool> {
    tx.execute(&DELETE, &params![identity])?;
    Ok(tx.execute(&DELETE_SET, &params![identity])? > 0)
}
