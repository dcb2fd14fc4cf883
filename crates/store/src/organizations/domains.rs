//! The table of domains.

use avnology_model::{
    Code, Error, Result, Timestamp,
    ids::{DomainId, OrganizationId},
    organizations::Domain,
    permissions::RoleKey,
};

use crate::{IdentityTx, Row, params};

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT id, organization_id, domain, status, txt_value, auto_join, sign_in_routing, default_role, verified_at, \
             last_checked_at, next_check_at, tried_until, failing_since, create_time FROM domains WHERE ",
            $condition
        )
    };
}

crate::statements! {
    INSERT = "INSERT INTO domains (id, organization_id, domain, status, txt_value, auto_join, sign_in_routing, default_role, \
        verified_at, last_checked_at, next_check_at, tried_until, failing_since, create_time) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    UPDATE = "UPDATE domains SET status = $2, auto_join = $3, sign_in_routing = $4, default_role = $5, verified_at = $6, \
        last_checked_at = $7, next_check_at = $8, tried_until = $9, failing_since = $10 WHERE id = $1";
    BY_ID = select!("organization_id = $1 AND id = $2");
    BY_NAME = select!("organization_id = $1 AND domain = $2");
    OF_ORGANIZATION = select!("organization_id = $1 ORDER BY create_time, id");
    COUNT = "SELECT COUNT(*) FROM domains WHERE organization_id = $1";
    VERIFIED = select!("domain = $1 AND status = 'verified'");
    ROUTED = "SELECT organization_id FROM domains WHERE domain = $1 AND status = 'verified' AND sign_in_routing";
    CLAIM = "UPDATE domains SET next_check_at = $2 WHERE id IN \
        (SELECT id FROM domains WHERE next_check_at <= $1 ORDER BY next_check_at LIMIT $3 {skip_locked}) \
        RETURNING id, organization_id, domain, status, txt_value, auto_join, sign_in_routing, default_role, verified_at, \
        last_checked_at, next_check_at, tried_until, failing_since, create_time";
    NAMES_ROLE = "SELECT EXISTS (SELECT 1 FROM domains WHERE organization_id = $1 AND default_role = $2)";
    REPLACE_ROLE = "UPDATE domains SET default_role = $3 WHERE organization_id = $1 AND default_role = $2";
    DELETE = "DELETE FROM domains WHERE id = $1";
    ERASE = "DELETE FROM domains WHERE organization_id = $1";
}

fn from_row(row: &mut Row) -> Result<Domain> {
    Ok(Domain {
        id: row.take()?,
        organization_id: row.take()?,
        domain: row.take()?,
        status: row.take()?,
        txt_value: row.take()?,
        auto_join: row.take()?,
        sign_in_routing: row.take()?,
        default_role: row.take()?,
        verified_at: row.take()?,
        last_checked_at: row.take()?,
        next_check_at: row.take()?,
        tried_until: row.take()?,
        failing_since: row.take()?,
        create_time: row.take()?,
    })
}

/// Adds a domain. `_903` when the organization has it, whatever its status.
pub fn insert(tx: &mut IdentityTx<'_>, d: &Domain) -> Result<()> {
    let values = params![
        d.id,
        d.organization_id,
        &d.domain,
        d.status,
        &d.txt_value,
        d.auto_join,
        d.sign_in_routing,
        d.default_role.as_ref(),
        d.verified_at,
        d.last_checked_at,
        d.next_check_at,
        d.tried_until,
        d.failing_since,
        d.create_time,
    ];
    match tx.execute_unique(&INSERT, &values)? {
        Ok(_) => Ok(()),
        Err(violation) if violation.is("domains_of_organization") => {
            Err(Error::new(Code::AlreadyExists).with_member("field", "domain"))
        }
        Err(violation) => Err(unforeseen(&violation.constraint)),
    }
}

/// Writes a domain, which must have been read in this transaction. `_307` for one that would be verified while another
/// organization's is; nothing is written then.
pub fn update(tx: &mut IdentityTx<'_>, d: &Domain) -> Result<()> {
    let values = params![
        d.id,
        d.status,
        d.auto_join,
        d.sign_in_routing,
        d.default_role.as_ref(),
        d.verified_at,
        d.last_checked_at,
        d.next_check_at,
        d.tried_until,
        d.failing_since,
    ];
    match tx.execute_unique(&UPDATE, &values)? {
        Ok(_) => Ok(()),
        Err(violation) if violation.is("domains_verified") => Err(Error::new(Code::DomainTaken)),
        Err(violation) => Err(unforeseen(&violation.constraint)),
    }
}

fn unforeseen(index: &str) -> Error {
    Error::internal(format!("unforeseen unique index {index}"))
}

/// The domain of an organization with this id.
pub fn find(tx: &mut IdentityTx<'_>, organization: OrganizationId, id: DomainId) -> Result<Option<Domain>> {
    tx.query_one(&BY_ID, &params![organization, id])?.as_mut().map(from_row).transpose()
}

/// The same, or `_901`.
pub fn get(tx: &mut IdentityTx<'_>, organization: OrganizationId, id: DomainId) -> Result<Domain> {
    find(tx, organization, id)?.ok_or_else(Error::not_found)
}

/// The domain of an organization with this name, in ASCII and lower case.
pub fn by_name(tx: &mut IdentityTx<'_>, organization: OrganizationId, name: &str) -> Result<Option<Domain>> {
    tx.query_one(&BY_NAME, &params![organization, name])?.as_mut().map(from_row).transpose()
}

/// The domains of an organization, the oldest first.
pub fn of_organization(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<Vec<Domain>> {
    tx.query(&OF_ORGANIZATION, &params![organization])?.iter_mut().map(from_row).collect()
}

/// How many domains an organization has, in whatever status.
pub fn count(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<u32> {
    tx.query_one(&COUNT, &params![organization])?.map_or(Ok(0), |mut row| row.take())
}

/// The verified domain of this name, whoever holds it.
pub fn verified_holder(tx: &mut IdentityTx<'_>, name: &str) -> Result<Option<Domain>> {
    tx.query_one(&VERIFIED, &params![name])?.as_mut().map(from_row).transpose()
}

/// Whether an organization has verified the domain of this name.
pub fn is_verified_for(tx: &mut IdentityTx<'_>, organization: OrganizationId, name: &str) -> Result<bool> {
    Ok(verified_holder(tx, name)?.is_some_and(|domain| domain.organization_id == organization))
}

/// The organization that addresses at this domain are led to when they sign in, whatever its state.
pub fn routed_organization(tx: &mut IdentityTx<'_>, name: &str) -> Result<Option<OrganizationId>> {
    tx.query_one(&ROUTED, &params![name])?.map(|mut row| row.take()).transpose()
}

/// Takes up to `limit` domains that are to be looked at, the longest due first. Who does not report back by `lease_until` is
/// taken to have died, and the domain is due again.
pub fn claim(
    tx: &mut IdentityTx<'_>,
    now: Timestamp,
    lease_until: Timestamp,
    limit: u32,
) -> Result<Vec<Domain>> {
    tx.query(&CLAIM, &params![now, lease_until, limit])?.iter_mut().map(from_row).collect()
}

/// Whether those who join by a domain get this role.
pub fn names_role(tx: &mut IdentityTx<'_>, organization: OrganizationId, role: &RoleKey) -> Result<bool> {
    tx.query_one(&NAMES_ROLE, &params![organization, role])?.map_or(Ok(false), |mut row| row.take())
}

/// Gives those who join by domain another role in place of one that goes.
pub fn replace_role(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    gone: &RoleKey,
    instead: &RoleKey,
) -> Result<()> {
    tx.execute(&REPLACE_ROLE, &params![organization, gone, instead]).map(drop)
}

/// Removes a domain.
pub fn delete(tx: &mut IdentityTx<'_>, id: DomainId) -> Result<()> {
    tx.execute(&DELETE, &params![id]).map(drop)
}

/// Removes every domain of an organization.
pub fn erase(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    tx.execute(&ERASE, &params![organization]).map(drop)
}
