//! Wrapped data keys.

use avnology_model::{Result, Timestamp};

use crate::{IdentityTx, Row, params};

crate::statements! {
    LIST = "SELECT id, owner, master_id, wrapped, active, create_time FROM data_keys WHERE owner = $1 \
        ORDER BY create_time, id";
    INSERT = "INSERT INTO data_keys (id, owner, master_id, wrapped, active, create_time) \
        VALUES ($1, $2, $3, $4, TRUE, $5) ON CONFLICT DO NOTHING";
    RETIRE = "UPDATE data_keys SET active = FALSE WHERE owner = $1 AND active";
    DESTROY = "DELETE FROM data_keys WHERE owner = $1";
    REWRAP = "UPDATE data_keys SET master_id = $3, wrapped = $4 WHERE id = $1 AND master_id = $2";
}

/// A key that seals secrets, itself wrapped by a master key.
#[derive(Clone, Debug)]
pub struct DataKey {
    /// Its id.
    pub id: String,
    /// Whose secrets it seals: `tenant`, or an organization's id.
    pub owner: String,
    /// Which master key wraps it.
    pub master_id: String,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
    /// Whether it seals new secrets; the others only open old ones.
    pub active: bool,
    /// When it was made.
    pub create_time: Timestamp,
}

/// The keys of an owner, oldest first.
pub fn list(tx: &mut IdentityTx<'_>, owner: &str) -> Result<Vec<DataKey>> {
    tx.query(&LIST, &params![owner])?.into_iter().map(from_row).collect()
}

fn from_row(mut row: Row) -> Result<DataKey> {
    Ok(DataKey {
        id: row.take()?,
        owner: row.take()?,
        master_id: row.take()?,
        wrapped: row.take()?,
        active: row.take()?,
        create_time: row.take()?,
    })
}

/// Adds an active key. Nothing happens when the owner has an active one.
pub fn insert(tx: &mut IdentityTx<'_>, key: &DataKey) -> Result<()> {
    let values = params![&key.id, &key.owner, &key.master_id, &key.wrapped, key.create_time];
    tx.execute(&INSERT, &values).map(drop)
}

/// Makes the active key of an owner one that only opens.
pub fn retire(tx: &mut IdentityTx<'_>, owner: &str) -> Result<()> {
    tx.execute(&RETIRE, &params![owner]).map(drop)
}

/// Destroys the keys of an owner: what they sealed cannot be read again.
pub fn destroy(tx: &mut IdentityTx<'_>, owner: &str) -> Result<()> {
    tx.execute(&DESTROY, &params![owner]).map(drop)
}

/// Replaces the wrapping by the master key `before` with that in `key`. Nothing happens when somebody else did.
pub fn rewrap(tx: &mut IdentityTx<'_>, before: &str, key: &DataKey) -> Result<()> {
    tx.execute(&REWRAP, &params![&key.id, before, &key.master_id, &key.wrapped]).map(drop)
}
