//! Passkeys (WebAuthn Level 3): public keys, and what their authenticators said of themselves.

use avnology_model::{
    Code, Error, Result, Timestamp,
    ids::{CredentialId, IdentityId},
};
use serde_json::Value as Json;

use crate::{IdentityTx, Row, params};

crate::statements! {
    OF_IDENTITY = "SELECT id, identity_id, credential_id, credential, name, aaguid, transports, counter, backup_eligible, \
        backed_up, rp_id, create_time, last_used_at FROM passkeys WHERE identity_id = $1 ORDER BY create_time, id";
    BY_CREDENTIAL = "SELECT id, identity_id, credential_id, credential, name, aaguid, transports, counter, \
        backup_eligible, backed_up, rp_id, create_time, last_used_at FROM passkeys WHERE credential_id = $1";
    COUNT = "SELECT COUNT(*) FROM passkeys WHERE identity_id = $1";
    INSERT = "INSERT INTO passkeys (id, identity_id, credential_id, credential, name, aaguid, transports, counter, \
        backup_eligible, backed_up, rp_id, create_time, last_used_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    USE = "UPDATE passkeys SET counter = $2, backed_up = $3, last_used_at = $4 \
        WHERE id = $1 AND (counter < $2 OR (counter = 0 AND $2 = 0) OR backup_eligible) RETURNING id";
    RENAME = "UPDATE passkeys SET name = $3 WHERE id = $1 AND identity_id = $2";
    DELETE = "DELETE FROM passkeys WHERE id = $1 AND identity_id = $2";
    DELETE_ALL = "DELETE FROM passkeys WHERE identity_id = $1";
}

/// A passkey.
#[derive(Clone, Debug)]
pub struct StoredPasskey {
    /// Id.
    pub id: CredentialId,
    /// Whose.
    pub identity_id: IdentityId,
    /// The authenticator's name for it, up to 1,023 bytes.
    pub credential_id: Vec<u8>,
    /// Public key and what the authenticator said of itself.
    pub credential: Json,
    /// Name given by the person.
    pub name: String,
    /// Model of the authenticator, a UUID.
    pub aaguid: String,
    /// How it can be reached.
    pub transports: Vec<String>,
    /// Signatures so far, by the authenticator's count; 0 where it does not count.
    pub counter: u32,
    /// Whether it may be copied to other devices.
    pub backup_eligible: bool,
    /// Whether it was.
    pub backed_up: bool,
    /// The relying party that it is for.
    pub rp_id: String,
    /// When it was added.
    pub create_time: Timestamp,
    /// Last use.
    pub last_used_at: Option<Timestamp>,
}

impl StoredPasskey {
    /// Whether the maker of its authenticator vouched for it when it was made.
    pub fn is_attested(&self) -> bool {
        self.credential.get("attested") == Some(&Json::Bool(true))
    }
}

fn from_row(row: &mut Row) -> Result<StoredPasskey> {
    Ok(StoredPasskey {
        id: row.take()?,
        identity_id: row.take()?,
        credential_id: row.take()?,
        credential: row.take()?,
        name: row.take()?,
        aaguid: row.take()?,
        transports: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        counter: row.take()?,
        backup_eligible: row.take()?,
        backed_up: row.take()?,
        rp_id: row.take()?,
        create_time: row.take()?,
        last_used_at: row.take()?,
    })
}

/// The passkeys of an identity, oldest first.
pub fn list(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Vec<StoredPasskey>> {
    tx.query(&OF_IDENTITY, &params![identity])?.iter_mut().map(from_row).collect()
}

/// How many passkeys an identity has.
pub fn count(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<u32> {
    tx.query_one(&COUNT, &params![identity])?.map_or(Ok(0), |mut row| row.take())
}

/// The passkey that an authenticator calls this.
pub fn find(tx: &mut IdentityTx<'_>, credential_id: &[u8]) -> Result<Option<StoredPasskey>> {
    tx.query_one(&BY_CREDENTIAL, &params![credential_id.to_vec()])?.as_mut().map(from_row).transpose()
}

/// Adds a passkey. `_903` when somebody has it already.
pub fn insert(tx: &mut IdentityTx<'_>, passkey: &StoredPasskey) -> Result<()> {
    let p = passkey.clone();
    let transports: Json = p.transports.into_iter().map(Json::from).collect();
    let values = params![
        p.id,
        p.identity_id,
        p.credential_id,
        p.credential,
        p.name,
        p.aaguid,
        transports,
        p.counter,
        p.backup_eligible,
        p.backed_up,
        p.rp_id,
        p.create_time,
        p.last_used_at,
    ];
    tx.execute_unique(&INSERT, &values)?.map_err(|_| Error::new(Code::AlreadyExists))?;
    Ok(())
}

/// Notes a use; not when the counter did not rise although this authenticator counts and its keys cannot be copied.
pub fn note_use(
    tx: &mut IdentityTx<'_>,
    id: CredentialId,
    counter: u32,
    backed_up: bool,
    now: Timestamp,
) -> Result<bool> {
    Ok(tx.query_one(&USE, &params![id, counter, backed_up, now])?.is_some())
}

/// Renames a passkey of this identity; whether there is one.
pub fn rename(tx: &mut IdentityTx<'_>, id: CredentialId, identity: IdentityId, name: &str) -> Result<bool> {
    Ok(tx.execute(&RENAME, &params![id, identity, name])? > 0)
}

/// Removes a passkey of this identity; whether there was one.
pub fn remove(tx: &mut IdentityTx<'_>, id: CredentialId, identity: IdentityId) -> Result<bool> {
    Ok(tx.execute(&DELETE, &params![id, identity])? > 0)
}

/// Removes all passkeys of an identity.
pub fn erase(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    tx.execute(&DELETE_ALL, &params![identity]).map(drop)
}
