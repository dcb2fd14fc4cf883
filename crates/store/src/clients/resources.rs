//! The table of resources.

use avnology_model::{
    Code, Error, Result, Timestamp,
    clients::{ApiResource, ResourceSettings},
    ids::ResourceId,
};

use crate::{IdentityTx, Row, params};

crate::statements! {
    INSERT = "INSERT INTO oauth_resources (id, identifier, name, settings, create_time, update_time) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    UPDATE = "UPDATE oauth_resources SET name = $2, settings = $3, update_time = $4 WHERE id = $1";
    BY_ID = "SELECT id, settings, create_time, update_time FROM oauth_resources WHERE id = $1";
    BY_IDENTIFIER = "SELECT id, settings, create_time, update_time FROM oauth_resources WHERE identifier = $1";
    LIST = "SELECT id, settings, create_time, update_time FROM oauth_resources ORDER BY identifier";
    COUNT = "SELECT COUNT(*) FROM oauth_resources";
    DELETE = "DELETE FROM oauth_resources WHERE id = $1";
}

fn from_row(row: &mut Row) -> Result<ApiResource> {
    let id = row.take()?;
    let settings: ResourceSettings = serde_json::from_value(row.take()?).map_err(Error::internal)?;
    Ok(ApiResource { id, settings, create_time: row.take()?, update_time: row.take()? })
}

/// Adds a resource. `_903` when its identifier is taken.
pub fn insert(tx: &mut IdentityTx<'_>, resource: &ApiResource) -> Result<()> {
    let values = params![
        resource.id,
        &resource.settings.identifier,
        &resource.settings.name,
        serde_json::to_value(&resource.settings).map_err(Error::internal)?,
        resource.create_time,
        resource.update_time,
    ];
    match tx.execute_unique(&INSERT, &values)? {
        Ok(_) => Ok(()),
        Err(violation) if violation.is("oauth_resources_identifier") => {
            Err(Error::new(Code::AlreadyExists).with_member("field", "identifier"))
        }
        Err(other) => Err(Error::internal(format!("unforeseen unique index {}", other.constraint))),
    }
}

/// Writes what may change of a resource, which must have been read in this transaction.
pub fn update(tx: &mut IdentityTx<'_>, resource: &mut ApiResource, now: Timestamp) -> Result<()> {
    resource.update_time = now.max(Timestamp::from_micros(resource.update_time.micros().saturating_add(1)));
    let settings = serde_json::to_value(&resource.settings).map_err(Error::internal)?;
    let values = params![resource.id, &resource.settings.name, settings, resource.update_time];
    tx.execute(&UPDATE, &values).map(drop)
}

/// The resource with this id; `_901`.
pub fn get(tx: &mut IdentityTx<'_>, id: ResourceId) -> Result<ApiResource> {
    let found = tx.query_one(&BY_ID, &params![id])?.as_mut().map(from_row).transpose()?;
    found.ok_or_else(Error::not_found)
}

/// The resource with this identifier.
pub fn by_identifier(tx: &mut IdentityTx<'_>, identifier: &str) -> Result<Option<ApiResource>> {
    tx.query_one(&BY_IDENTIFIER, &params![identifier])?.as_mut().map(from_row).transpose()
}

/// All resources, by identifier.
pub fn list(tx: &mut IdentityTx<'_>) -> Result<Vec<ApiResource>> {
    tx.query(&LIST, &params![])?.iter_mut().map(from_row).collect()
}

/// How many there are.
pub fn count(tx: &mut IdentityTx<'_>) -> Result<u32> {
    tx.query_one(&COUNT, &params![])?.map_or(Ok(0), |mut row| row.take())
}

/// Removes a resource.
pub fn delete(tx: &mut IdentityTx<'_>, id: ResourceId) -> Result<()> {
    tx.execute(&DELETE, &params![id]).map(drop)
}
