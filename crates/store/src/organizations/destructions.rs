//! Databases whose organization is gone, until they are gone too.

use avnology_model::{Result, Timestamp, ids::OrganizationId};

use crate::{IdentityTx, params};

crate::statements! {
    INSERT = "INSERT INTO organization_destructions (organization_id, create_time) VALUES ($1, $2)";
    LIST = "SELECT organization_id FROM organization_destructions ORDER BY create_time, organization_id LIMIT $1";
    DELETE = "DELETE FROM organization_destructions WHERE organization_id = $1";
}

/// Notes that the database of an organization has to go.
pub fn insert(tx: &mut IdentityTx<'_>, organization: OrganizationId, now: Timestamp) -> Result<()> {
    tx.execute(&INSERT, &params![organization, now]).map(drop)
}

/// The first of those that have to go.
pub fn list(tx: &mut IdentityTx<'_>, limit: u32) -> Result<Vec<OrganizationId>> {
    tx.query(&LIST, &params![limit])?.iter_mut().map(crate::Row::take).collect()
}

/// Notes that a database is gone.
pub fn delete(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    tx.execute(&DELETE, &params![organization]).map(drop)
}
