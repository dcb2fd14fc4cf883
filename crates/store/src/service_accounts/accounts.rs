//! The table of service accounts.

use avnology_model::{
    Error, Result, Timestamp,
    ids::{IdentityId, OrganizationId, ServiceAccountId},
    secret_token::SecretHash,
    service_accounts::ServiceAccount,
};

use crate::{
    IdentityTx, Row,
    list::{self, Field, List, ListQuery, Page, Scope},
    params,
};

const COLUMNS: &str = "a.id, a.organization_id, a.name, a.description, a.owner_id, a.owner_lost_at, a.scopes, a.active, \
    a.is_default, a.last_used_at, a.create_time, a.update_time";

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT a.id, a.organization_id, a.name, a.description, a.owner_id, a.owner_lost_at, a.scopes, a.active, \
             a.is_default, a.last_used_at, a.create_time, a.update_time FROM service_accounts a WHERE ",
            $condition
        )
    };
}

crate::statements! {
    INSERT = "INSERT INTO service_accounts (id, organization_id, name, description, owner_id, owner_lost_at, scopes, active, \
        is_default, last_used_at, create_time, update_time) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    UPDATE = "UPDATE service_accounts SET name = $2, description = $3, owner_id = $4, owner_lost_at = $5, scopes = $6, \
        active = $7, update_time = $8 WHERE id = $1";
    BY_ID = select!("a.id = $1");
    DEFAULT_OF = select!("a.organization_id = $1 AND a.is_default");
    OF_OWNER = select!("a.organization_id = $1 AND a.owner_id = $2 ORDER BY a.id");
    OWNERLESS = select!("a.owner_lost_at <= $1 AND a.active ORDER BY a.owner_lost_at, a.id LIMIT $2");
    COUNT_OF = "SELECT COUNT(*) FROM service_accounts WHERE organization_id = $1";
    NOTE_OWNER_LOST = "UPDATE service_accounts SET owner_lost_at = $2 WHERE id = $1";
    TOUCH = "UPDATE service_accounts SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
    DELETE = "DELETE FROM service_accounts WHERE id = $1";
    DELETE_KEYS = "DELETE FROM api_keys WHERE service_account_id = $1";
    HASHES_OF_ORGANIZATION = "SELECT k.hash FROM api_keys k JOIN service_accounts a ON a.id = k.service_account_id \
        WHERE a.organization_id = $1";
    ERASE_KEYS = "DELETE FROM api_keys WHERE service_account_id IN \
        (SELECT a.id FROM service_accounts a WHERE a.organization_id = $1)";
    ERASE = "DELETE FROM service_accounts WHERE organization_id = $1";
}

fn from_row(row: &mut Row) -> Result<ServiceAccount> {
    Ok(ServiceAccount {
        id: row.take()?,
        organization_id: row.take()?,
        name: row.take()?,
        description: row.take()?,
        owner_id: row.take()?,
        owner_lost_at: row.take()?,
        scopes: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        active: row.take()?,
        is_default: row.take()?,
        last_used_at: row.take()?,
        create_time: row.take()?,
        update_time: row.take()?,
    })
}

/// Adds an account; `false`, and nothing is written, when it would be the second default one of its organization.
pub fn insert(tx: &mut IdentityTx<'_>, account: &ServiceAccount) -> Result<bool> {
    let values = params![
        account.id,
        account.organization_id,
        &account.name,
        account.description.as_ref(),
        account.owner_id,
        account.owner_lost_at,
        super::scopes_to_json(&account.scopes)?,
        account.active,
        account.is_default,
        account.last_used_at,
        account.create_time,
        account.update_time,
    ];
    match tx.execute_unique(&INSERT, &values)? {
        Ok(_) => Ok(true),
        Err(violation) if violation.is("service_accounts_default") => Ok(false),
        Err(other) => Err(Error::internal(format!("unforeseen unique index {}", other.constraint))),
    }
}

/// Writes what may change of an account, which must have been read in this transaction.
pub fn update(tx: &mut IdentityTx<'_>, account: &mut ServiceAccount, now: Timestamp) -> Result<()> {
    account.update_time = now;
    let values = params![
        account.id,
        &account.name,
        account.description.as_ref(),
        account.owner_id,
        account.owner_lost_at,
        super::scopes_to_json(&account.scopes)?,
        account.active,
        account.update_time,
    ];
    tx.execute(&UPDATE, &values).map(drop)
}

/// The account with this id.
pub fn find(tx: &mut IdentityTx<'_>, id: ServiceAccountId) -> Result<Option<ServiceAccount>> {
    tx.query_one(&BY_ID, &params![id])?.as_mut().map(from_row).transpose()
}

/// The account with this id in an organization, or at the tenant when that is none; `_901`.
pub fn get(
    tx: &mut IdentityTx<'_>,
    organization: Option<OrganizationId>,
    id: ServiceAccountId,
) -> Result<ServiceAccount> {
    find(tx, id)?.filter(|account| account.organization_id == organization).ok_or_else(Error::not_found)
}

/// The account of an organization that keys belong to which name none.
pub fn default_of(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<Option<ServiceAccount>> {
    tx.query_one(&DEFAULT_OF, &params![organization])?.as_mut().map(from_row).transpose()
}

/// The accounts of an organization that an identity answers for.
pub fn of_owner(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    owner: IdentityId,
) -> Result<Vec<ServiceAccount>> {
    tx.query(&OF_OWNER, &params![organization, owner])?.iter_mut().map(from_row).collect()
}

/// Up to `limit` active accounts whose owner was lost by `lost_by`, the longest lost first.
pub fn ownerless(tx: &mut IdentityTx<'_>, lost_by: Timestamp, limit: u32) -> Result<Vec<ServiceAccount>> {
    tx.query(&OWNERLESS, &params![lost_by, limit])?.iter_mut().map(from_row).collect()
}

/// How many accounts an organization has.
pub fn count(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<u32> {
    tx.query_one(&COUNT_OF, &params![organization])?.map_or(Ok(0), |mut row| row.take())
}

/// Notes since when nobody answers for an account.
pub fn note_owner_lost(tx: &mut IdentityTx<'_>, id: ServiceAccountId, now: Timestamp) -> Result<()> {
    tx.execute(&NOTE_OWNER_LOST, &params![id, now]).map(drop)
}

/// Notes that a key of an account was used.
pub(super) fn touch(tx: &mut IdentityTx<'_>, id: ServiceAccountId, at: Timestamp) -> Result<()> {
    tx.execute(&TOUCH, &params![id, at]).map(drop)
}

/// Removes an account whose keys are revoked. Those of the tenant are remembered: one that an operator installs at every start
/// must not come back to life.
pub fn delete(tx: &mut IdentityTx<'_>, account: &ServiceAccount) -> Result<()> {
    if account.organization_id.is_some() {
        tx.execute(&DELETE_KEYS, &params![account.id])?;
    }
    tx.execute(&DELETE, &params![account.id]).map(drop)
}

/// Removes every account of an organization with its keys; the hashes of these.
pub fn erase(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<Vec<SecretHash>> {
    let mut rows = tx.query(&HASHES_OF_ORGANIZATION, &params![organization])?;
    let hashes = rows.iter_mut().map(Row::take).collect::<Result<_>>()?;
    tx.execute(&ERASE_KEYS, &params![organization])?;
    tx.execute(&ERASE, &params![organization])?;
    Ok(hashes)
}

/// What service accounts are filtered and sorted by.
pub static ACCOUNTS: List = List {
    columns: COLUMNS,
    from: "service_accounts a",
    id: "a.id",
    default_order: &[("create_time", true)],
    fields: &[
        Field::text("id", "a.id"),
        Field::text("name", "a.name").sortable(),
        Field::text("owner_id", "a.owner_id").nullable(),
        Field::boolean("active", "a.active"),
        Field::time("last_used_at", "a.last_used_at").nullable(),
        Field::time("create_time", "a.create_time").sortable(),
    ],
};

/// One page of the accounts of an organization, or of the tenant when that is none. `_902` for a filter or an order that
/// [`ACCOUNTS`] does not offer.
pub fn list(
    tx: &mut IdentityTx<'_>,
    organization: Option<OrganizationId>,
    query: &ListQuery,
) -> Result<Page<ServiceAccount>> {
    let scope = match organization {
        Some(organization) => Scope::of("a.organization_id = $1", params![organization]),
        None => Scope::of("a.organization_id IS NULL", params![]),
    };
    list::page(tx, &ACCOUNTS, &scope, query, from_row)
}
