//! The table of the schema of the tenant's own namespaces.

use avnology_model::{Error, Result, Timestamp};
use serde_json::Value as Json;

use super::changes;
use crate::{IdentityTx, params};

crate::statements! {
    FIND = "SELECT document, shared, version, update_time FROM permission_schemas WHERE id = 'main'";
    VERSION = "SELECT version FROM permission_schemas WHERE id = 'main'";
    PUT = "INSERT INTO permission_schemas (id, document, shared, version, update_time) VALUES ('main', $1, $2, $3, $4) \
        ON CONFLICT (id) DO UPDATE SET document = excluded.document, shared = excluded.shared, \
        version = excluded.version, update_time = excluded.update_time";
}

/// The document as it was last written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredSchema {
    /// The text.
    pub document: String,
    /// Namespaces whose tuples of the tenant organizations see.
    pub shared: Vec<String>,
    /// Counts changes; 0 before the first.
    pub version: i64,
}

/// The schema; one without own namespaces when none was ever written.
pub fn find(tx: &mut IdentityTx<'_>) -> Result<StoredSchema> {
    let Some(mut row) = tx.query_one(&FIND, &params![])? else { return Ok(StoredSchema::default()) };
    let document = row.take()?;
    let shared = serde_json::from_value(row.take::<Json>()?).map_err(Error::internal)?;
    Ok(StoredSchema { document, shared, version: row.take()? })
}

/// How often the schema was changed.
pub fn version(tx: &mut IdentityTx<'_>) -> Result<i64> {
    tx.query_one(&VERSION, &params![])?.map_or(Ok(0), |mut row| row.take())
}

/// Writes the schema.
pub fn put(tx: &mut IdentityTx<'_>, schema: &StoredSchema, now: Timestamp) -> Result<()> {
    let shared = serde_json::to_value(&schema.shared).map_err(Error::internal)?;
    tx.execute(&PUT, &params![&schema.document, shared, schema.version, now])?;
    changes::schema(tx)
}
