//! The table of custom roles.

use avnology_model::{
    Code, Error, Result, Timestamp,
    ids::{OrganizationId, RoleId},
    organizations::CustomRole,
    permissions::RoleKey,
};
use serde_json::Value as Json;

use crate::{IdentityTx, Row, params, permissions::changes};

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT id, organization_id, role_key, name, description, base, permissions, member_count, group_count, \
             create_time, update_time, version FROM custom_roles WHERE ",
            $condition
        )
    };
}

crate::statements! {
    INSERT = "INSERT INTO custom_roles (id, organization_id, role_key, name, description, base, permissions, member_count, \
        group_count, create_time, update_time, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    UPDATE = "UPDATE custom_roles SET name = $2, description = $3, base = $4, permissions = $5, update_time = $6, \
        version = $7 WHERE id = $1";
    COUNT_MEMBERS = "UPDATE custom_roles SET member_count = member_count + $3 WHERE organization_id = $1 AND role_key = $2";
    COUNT_GROUPS = "UPDATE custom_roles SET group_count = group_count + $3 WHERE organization_id = $1 AND role_key = $2";
    OF_ORGANIZATION = select!("organization_id = $1 ORDER BY create_time, id");
    EVERYWHERE = select!("(organization_id, id) > ($1, $2) ORDER BY organization_id, id LIMIT $3");
    BY_ID = select!("organization_id = $1 AND id = $2");
    BY_KEY = select!("organization_id = $1 AND role_key = $2");
    DELETE = "DELETE FROM custom_roles WHERE id = $1";
    ERASE = "DELETE FROM custom_roles WHERE organization_id = $1";
}

fn from_row(row: &mut Row) -> Result<CustomRole> {
    Ok(CustomRole {
        id: row.take()?,
        organization_id: row.take()?,
        key: row.take()?,
        name: row.take()?,
        description: row.take()?,
        base: row.take()?,
        permissions: serde_json::from_value(row.take::<Json>()?).map_err(Error::internal)?,
        member_count: row.take()?,
        group_count: row.take()?,
        create_time: row.take()?,
        update_time: row.take()?,
        version: row.take()?,
    })
}

fn permissions(role: &CustomRole) -> Result<Json> {
    serde_json::to_value(&role.permissions).map_err(Error::internal)
}

/// Adds a role. `_903` when its key is taken.
pub fn insert(tx: &mut IdentityTx<'_>, role: &CustomRole) -> Result<()> {
    let values = params![
        role.id,
        role.organization_id,
        &role.key,
        &role.name,
        role.description.as_ref(),
        role.base,
        permissions(role)?,
        role.member_count,
        role.group_count,
        role.create_time,
        role.update_time,
        role.version,
    ];
    let added = tx.execute_unique(&INSERT, &values)?;
    added.map(drop).map_err(|_| Error::new(Code::AlreadyExists).with_member("field", "key"))?;
    changes::roles(tx, role.organization_id)
}

/// Writes a role, which must have been read in this transaction, as its next version.
pub fn update(tx: &mut IdentityTx<'_>, role: &mut CustomRole, now: Timestamp) -> Result<()> {
    role.version += 1;
    role.update_time = now;
    let values = params![
        role.id,
        &role.name,
        role.description.as_ref(),
        role.base,
        permissions(role)?,
        role.update_time,
        role.version,
    ];
    tx.execute(&UPDATE, &values)?;
    changes::roles(tx, role.organization_id)
}

/// The custom roles of an organization, the oldest first.
pub fn of_organization(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<Vec<CustomRole>> {
    tx.query(&OF_ORGANIZATION, &params![organization])?.iter_mut().map(from_row).collect()
}

/// Up to `limit` custom roles of all organizations behind this one, by organization.
pub fn everywhere(tx: &mut IdentityTx<'_>, after: (&str, &str), limit: u32) -> Result<Vec<CustomRole>> {
    tx.query(&EVERYWHERE, &params![after.0, after.1, limit])?.iter_mut().map(from_row).collect()
}

/// The custom role with this id.
pub fn by_id(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    id: RoleId,
) -> Result<Option<CustomRole>> {
    tx.query_one(&BY_ID, &params![organization, id])?.as_mut().map(from_row).transpose()
}

/// The custom role with this key.
pub fn by_key(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    key: &RoleKey,
) -> Result<Option<CustomRole>> {
    tx.query_one(&BY_KEY, &params![organization, key])?.as_mut().map(from_row).transpose()
}

/// Counts members who got a role (or, below zero, lost it); nothing happens for a built-in one.
pub fn count_members(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    key: &RoleKey,
    by: i64,
) -> Result<()> {
    tx.execute(&COUNT_MEMBERS, &params![organization, key, by]).map(drop)
}

/// Counts groups that give a role (or, below zero, no longer do); nothing happens for a built-in one.
pub fn count_groups(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    key: &RoleKey,
    by: i64,
) -> Result<()> {
    tx.execute(&COUNT_GROUPS, &params![organization, key, by]).map(drop)
}

/// Removes a role.
pub fn delete(tx: &mut IdentityTx<'_>, organization: OrganizationId, id: RoleId) -> Result<()> {
    tx.execute(&DELETE, &params![id])?;
    changes::roles(tx, organization)
}

/// Removes every custom role of an organization.
pub fn erase(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    tx.execute(&ERASE, &params![organization])?;
    changes::roles(tx, organization)
}
