//! The tenant's settings: one JSON document with a version.

use avnology_model::{Result, Timestamp, platform::FederationMode};
use serde_json::Value as Json;

use crate::{IdentityTx, params};

crate::statements! {
    FIND = "SELECT settings, version, update_time FROM tenant_settings WHERE id = 'main'";
    PUT = "INSERT INTO tenant_settings (id, settings, version, update_time, federation_mode) \
        VALUES ('main', $1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET settings = excluded.settings, \
        version = excluded.version, update_time = excluded.update_time, federation_mode = excluded.federation_mode";
}

/// The document as it was last written.
#[derive(Clone, Debug)]
pub struct StoredSettings {
    /// The settings that were changed or kept at that time.
    pub settings: Json,
    /// Counts changes.
    pub version: i64,
    /// Last change.
    pub update_time: Timestamp,
}

/// The stored settings, when there are any.
pub fn find(tx: &mut IdentityTx<'_>) -> Result<Option<StoredSettings>> {
    let row = tx.query_one(&FIND, &params![])?;
    row.map(|mut row| {
        Ok(StoredSettings { settings: row.take()?, version: row.take()?, update_time: row.take()? })
    })
    .transpose()
}

/// Writes the settings, and the mode among them where transactions read it.
pub fn put(tx: &mut IdentityTx<'_>, stored: &StoredSettings, mode: FederationMode) -> Result<()> {
    let values = params![&stored.settings, stored.version, stored.update_time, mode];
    tx.execute(&PUT, &values).map(drop)
}
