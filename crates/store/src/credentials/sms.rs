//! Phones that are sent codes as second factor; at most one an identity.

use avnology_model::{
    Result, Timestamp,
    ids::{CredentialId, IdentityId},
};

use crate::{IdentityTx, params};

crate::statements! {
    BY_IDENTITY = "SELECT id, phone, create_time, last_used_at FROM sms_credentials WHERE identity_id = $1";
    INSERT = "INSERT INTO sms_credentials (identity_id, id, phone, create_time, last_used_at) VALUES ($1, $2, $3, $4, NULL)";
    TOUCH = "UPDATE sms_credentials SET last_used_at = $2 WHERE identity_id = $1";
    DELETE = "DELETE FROM sms_credentials WHERE identity_id = $1";
}

/// The phone of an identity.
#[derive(Clone, Debug)]
pub struct StoredSms {
    /// Id of the credential.
    pub id: CredentialId,
    /// Number in E.164, proven when it was enrolled.
    pub phone: String,
    /// When it was enrolled.
    pub create_time: Timestamp,
    /// Last use.
    pub last_used_at: Option<Timestamp>,
}

/// The phone of this identity.
pub fn find(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Option<StoredSms>> {
    let row = tx.query_one(&BY_IDENTITY, &params![identity])?;
    row.map(|mut row| {
        Ok(StoredSms {
            id: row.take()?,
            phone: row.take()?,
            create_time: row.take()?,
            last_used_at: row.take()?,
        })
    })
    .transpose()
}

/// Adds the phone of an identity that has none.
pub fn insert(
    tx: &mut IdentityTx<'_>,
    identity: IdentityId,
    id: CredentialId,
    phone: &str,
    now: Timestamp,
) -> Result<()> {
    tx.execute(&INSERT, &params![identity, id, phone, now]).map(drop)
}

/// Notes a use.
pub fn touch(tx: &mut IdentityTx<'_>, identity: IdentityId, now: Timestamp) -> Result<()> {
    tx.execute(&TOUCH, &params![identity, now]).map(drop)
}

/// Removes it; whether there was one.
pub fn remove(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<bool> {
    Ok(tx.execute(&DELETE, &params![identity])? > 0)
}
