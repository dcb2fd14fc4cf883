//! Shared secrets of authenticator applications (RFC 6238), sealed; at most one an identity.

use avnology_model::{
    Result, Timestamp,
    ids::{CredentialId, IdentityId},
};

use crate::{IdentityTx, params};

crate::statements! {
    BY_IDENTITY = "SELECT id, sealed, create_time, last_used_at FROM totp_credentials WHERE identity_id = $1";
    INSERT = "INSERT INTO totp_credentials (identity_id, id, sealed, last_step, create_time, last_used_at) \
        VALUES ($1, $2, $3, $4, $5, NULL)";
    USE = "UPDATE totp_credentials SET last_step = $3, last_used_at = $4 \
        WHERE identity_id = $1 AND id = $2 AND last_step < $3 RETURNING id";
    DELETE = "DELETE FROM totp_credentials WHERE identity_id = $1";
}

/// An authenticator application of an identity.
#[derive(Clone, Debug)]
pub struct StoredTotp {
    /// Id of the credential.
    pub id: CredentialId,
    /// The shared secret, sealed for [`PLACE`].
    pub sealed: Vec<u8>,
    /// When it was enrolled.
    pub create_time: Timestamp,
    /// Last use.
    pub last_used_at: Option<Timestamp>,
}

/// Table and column that the secret is sealed for; the row is the identity.
pub const PLACE: (&str, &str) = ("totp_credentials", "sealed");

/// The authenticator application of this identity.
pub fn find(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Option<StoredTotp>> {
    let row = tx.query_one(&BY_IDENTITY, &params![identity])?;
    row.map(|mut row| {
        Ok(StoredTotp {
            id: row.take()?,
            sealed: row.take()?,
            create_time: row.take()?,
            last_used_at: row.take()?,
        })
    })
    .transpose()
}

/// Adds the application of an identity that has none; `step` is the time step of the code that confirmed it.
pub fn insert(
    tx: &mut IdentityTx<'_>,
    identity: IdentityId,
    id: CredentialId,
    sealed: &[u8],
    step: i64,
    now: Timestamp,
) -> Result<()> {
    tx.execute(&INSERT, &params![identity, id, sealed.to_vec(), step, now]).map(drop)
}

/// Uses the code of a time step; whether that is newer than the last one that was used.
pub fn use_step(
    tx: &mut IdentityTx<'_>,
    identity: IdentityId,
    id: CredentialId,
    step: i64,
    now: Timestamp,
) -> Result<bool> {
    Ok(tx.query_one(&USE, &params![identity, id, step, now])?.is_some())
}

/// Removes it; whether there was one.
pub fn remove(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<bool> {
    Ok(tx.execute(&DELETE, &params![identity])? > 0)
}
