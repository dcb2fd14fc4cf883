//! The table of memberships.

use avnology_model::{
    Code, Error, Result, Timestamp,
    identities::Identity,
    ids::{IdentityId, MembershipId, OrganizationId},
    organizations::Membership,
    permissions::RoleKey,
};

use crate::{
    IdentityTx, Row,
    list::{self, Field, List, ListQuery, Page, Scope},
    params,
};

const COLUMNS: &str = "m.id, m.organization_id, m.identity_id, m.role, m.role_source, m.state, m.source, m.joined_at, \
    m.last_active_at, m.expire_time, m.create_time, m.update_time, m.version";

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT m.id, m.organization_id, m.identity_id, m.role, m.role_source, m.state, m.source, m.joined_at, \
             m.last_active_at, m.expire_time, m.create_time, m.update_time, m.version FROM memberships m WHERE ",
            $condition
        )
    };
}

crate::statements! {
    ASKS_FOR_SECOND_FACTOR = "SELECT EXISTS (SELECT 1 FROM memberships m JOIN organizations o ON o.id = m.organization_id \
        WHERE m.identity_id = $1 AND m.state = 'active' AND o.mfa_required)";
    INSERT = "INSERT INTO memberships (id, organization_id, identity_id, role, role_source, state, source, joined_at, \
        last_active_at, expire_time, create_time, update_time, version, email_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \
        $9, $10, $11, $12, $13, (SELECT i.email_key FROM identities i WHERE i.id = $3))";
    UPDATE = "UPDATE memberships SET organization_id = $2, identity_id = $3, role = $4, role_source = $5, state = $6, \
        source = $7, joined_at = $8, last_active_at = $9, expire_time = $10, create_time = $11, update_time = $12, \
        version = $13 WHERE id = $1";
    BY_ID = select!("m.id = $1");
    OF_PERSON = select!("m.organization_id = $1 AND m.identity_id = $2");
    OF_IDENTITY = select!("m.identity_id = $1 ORDER BY m.organization_id LIMIT $2");
    EXPIRED = select!("m.expire_time <= $1 ORDER BY m.expire_time LIMIT $2");
    BATCH = select!("m.organization_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3");
    COUNT_OTHER_OWNERS = "SELECT COUNT(*) FROM memberships m JOIN identities i ON i.id = m.identity_id \
        WHERE m.organization_id = $1 AND m.role = 'owner' AND m.state = 'active' AND m.identity_id <> $2 \
        AND m.expire_time IS NULL AND i.state = 'active'";
    SOLELY_OWNED = "SELECT m.organization_id FROM memberships m WHERE m.identity_id = $1 AND m.role = 'owner' \
        AND m.state = 'active' AND NOT EXISTS (SELECT 1 FROM memberships o JOIN identities i ON i.id = o.identity_id \
        WHERE o.organization_id = m.organization_id AND o.role = 'owner' AND o.state = 'active' AND o.identity_id <> $1 \
        AND o.expire_time IS NULL AND i.state = 'active') ORDER BY m.organization_id";
    DELETE = "DELETE FROM memberships WHERE id = $1";
    ERASE = "DELETE FROM memberships WHERE organization_id = $1";
    COUNT_WITH_ROLE = "SELECT COUNT(*) FROM memberships WHERE organization_id = $1 AND role = $2";
    WITH_ROLE = select!("m.organization_id = $1 AND m.role = $2 ORDER BY m.id");
    REPLACE_ROLE = "UPDATE memberships SET role = $3, update_time = $4, version = version + 1 \
        WHERE organization_id = $1 AND role = $2";
    OWNERS = select!("m.organization_id = $1 AND m.role = 'owner' AND m.state = 'active' ORDER BY m.id LIMIT 50");
    FOLLOW_EMAIL = "UPDATE memberships SET email_key = $2 WHERE identity_id = $1";
    TOUCH = "UPDATE memberships SET last_active_at = $3 WHERE organization_id = $1 AND identity_id = $2 \
        AND (last_active_at IS NULL OR last_active_at < $3)";
    ROLES_OF_GROUPS = "SELECT DISTINCT g.role FROM group_members gm JOIN member_groups g ON g.id = gm.group_id \
        WHERE gm.organization_id = $1 AND gm.identity_id = $2 AND g.role IS NOT NULL ORDER BY g.role";
}

pub(crate) fn from_row(row: &mut Row) -> Result<Membership> {
    Ok(Membership {
        id: row.take()?,
        organization_id: row.take()?,
        identity_id: row.take()?,
        role: row.take()?,
        role_source: row.take()?,
        state: row.take()?,
        source: row.take()?,
        joined_at: row.take()?,
        last_active_at: row.take()?,
        expire_time: row.take()?,
        create_time: row.take()?,
        update_time: row.take()?,
        version: row.take()?,
    })
}

fn values(m: &Membership) -> [crate::Value; 13] {
    params![
        m.id,
        m.organization_id,
        m.identity_id,
        &m.role,
        m.role_source,
        m.state,
        m.source,
        m.joined_at,
        m.last_active_at,
        m.expire_time,
        m.create_time,
        m.update_time,
        m.version,
    ]
}

/// Adds a membership. `_301` when the identity has one in the organization.
pub fn insert(tx: &mut IdentityTx<'_>, membership: &Membership) -> Result<()> {
    match tx.execute_unique(&INSERT, &values(membership))? {
        Ok(_) => Ok(()),
        Err(violation) if violation.is("memberships_person") => Err(Error::new(Code::MemberExists)),
        Err(other) => Err(Error::internal(format!("unforeseen unique index {}", other.constraint))),
    }
}

/// Writes a membership, which must have been read in this transaction, as its next version.
pub fn update(tx: &mut IdentityTx<'_>, membership: &mut Membership, now: Timestamp) -> Result<()> {
    membership.version += 1;
    membership.update_time = now;
    tx.execute(&UPDATE, &values(membership)).map(drop)
}

/// The membership with this id.
pub fn find(tx: &mut IdentityTx<'_>, id: MembershipId) -> Result<Option<Membership>> {
    tx.query_one(&BY_ID, &params![id])?.as_mut().map(from_row).transpose()
}

/// The membership of an identity in an organization.
pub fn of_person(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    identity: IdentityId,
) -> Result<Option<Membership>> {
    tx.query_one(&OF_PERSON, &params![organization, identity])?.as_mut().map(from_row).transpose()
}

/// At most `limit` memberships of an identity.
pub fn of_identity(tx: &mut IdentityTx<'_>, identity: IdentityId, limit: u32) -> Result<Vec<Membership>> {
    tx.query(&OF_IDENTITY, &params![identity, limit])?.iter_mut().map(from_row).collect()
}

/// At most `limit` memberships whose time was over at `now`, in any state.
pub fn expired(tx: &mut IdentityTx<'_>, now: Timestamp, limit: u32) -> Result<Vec<Membership>> {
    tx.query(&EXPIRED, &params![now, limit])?.iter_mut().map(from_row).collect()
}

/// The next `limit` memberships of an organization behind the one with the id `after`, by id.
pub fn batch(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    after: &str,
    limit: u32,
) -> Result<Vec<Membership>> {
    tx.query(&BATCH, &params![organization, after, limit])?.iter_mut().map(from_row).collect()
}

/// How many other people own the organization for good and can sign in.
pub fn count_other_owners(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    than: IdentityId,
) -> Result<u32> {
    tx.query_one(&COUNT_OTHER_OWNERS, &params![organization, than])?.map_or(Ok(0), |mut row| row.take())
}

/// The organizations that nobody would own without this identity.
pub fn solely_owned(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Vec<OrganizationId>> {
    tx.query(&SOLELY_OWNED, &params![identity])?.into_iter().map(|mut row| row.take()).collect()
}

/// Removes a membership.
pub fn delete(tx: &mut IdentityTx<'_>, id: MembershipId) -> Result<()> {
    tx.execute(&DELETE, &params![id]).map(drop)
}

/// Removes every membership of an organization.
pub fn erase(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    tx.execute(&ERASE, &params![organization]).map(drop)
}

/// How many members, in whatever state, have this role.
pub fn count_with_role(tx: &mut IdentityTx<'_>, organization: OrganizationId, role: &RoleKey) -> Result<u32> {
    tx.query_one(&COUNT_WITH_ROLE, &params![organization, role])?.map_or(Ok(0), |mut row| row.take())
}

/// The members, in whatever state, that have this role.
pub fn with_role(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    role: &RoleKey,
) -> Result<Vec<Membership>> {
    tx.query(&WITH_ROLE, &params![organization, role])?.iter_mut().map(from_row).collect()
}

/// Gives every member that has the role `gone` another one. Tuples, counters and events are the caller's.
pub fn replace_role(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    (gone, instead): (&RoleKey, &RoleKey),
    now: Timestamp,
) -> Result<()> {
    tx.execute(&REPLACE_ROLE, &params![organization, gone, instead, now]).map(drop)
}

/// Up to 50 active owners.
pub fn owners(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<Vec<Membership>> {
    tx.query(&OWNERS, &params![organization])?.iter_mut().map(from_row).collect()
}

/// Takes over the address that an identity has now, by which members are sorted.
pub(crate) fn follow_email(tx: &mut IdentityTx<'_>, identity: &Identity) -> Result<()> {
    tx.execute(&FOLLOW_EMAIL, &params![identity.id, identity.email_key.as_ref()]).map(drop)
}

/// Notes that members used their organization, each at its time.
pub fn touch(tx: &mut IdentityTx<'_>, used: &[(OrganizationId, IdentityId, Timestamp)]) -> Result<()> {
    for (organization, identity, at) in used {
        tx.execute(&TOUCH, &params![organization, identity, *at])?;
    }
    Ok(())
}

/// Roles that a member holds through groups.
pub fn group_roles(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    identity: IdentityId,
) -> Result<Vec<RoleKey>> {
    let mut rows = tx.query(&ROLES_OF_GROUPS, &params![organization, identity])?;
    rows.iter_mut().map(Row::take).collect()
}

/// What members are filtered and sorted by.
pub static MEMBERS: List = List {
    columns: COLUMNS,
    from: "memberships m JOIN identities i ON i.id = m.identity_id",
    id: "m.id",
    default_order: &[("joined_at", false)],
    fields: &[
        Field::text("role", "m.role").sortable().indexed(),
        Field::choice("state", "m.state", &["active", "suspended", "pending"]),
        Field::choice(
            "source",
            "m.source",
            &["creator", "admin", "invitation", "domain", "join", "sso", "scim"],
        ),
        Field::folded("identity.email", "i.email", "m.email_key", crate::identities::list::email_key)
            .nullable()
            .sortable()
            .indexed(),
        Field::text("identity.display_name", "i.display_name").nullable(),
        Field::time("joined_at", "m.joined_at").nullable().sortable().indexed(),
        Field::time("last_active_at", "m.last_active_at").nullable(),
    ],
};

/// One page of the members of an organization, of one of its groups if `group` names one. `_902` for a filter or an order
/// that [`MEMBERS`] does not offer.
pub fn list(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    group: Option<&str>,
    query: &ListQuery,
) -> Result<Page<Membership>> {
    let scope = match group {
        None => Scope::of("m.organization_id = $1", params![organization]),
        Some(group) => Scope::of(
            "m.organization_id = $1 AND m.identity_id IN (SELECT gm.identity_id FROM group_members gm \
             WHERE gm.group_id = $2 AND gm.organization_id = $1)",
            params![organization, group],
        ),
    };
    list::page(tx, &MEMBERS, &scope, query, from_row)
}

/// Whether an organization that this identity is an active member of asks everyone for a second factor.
pub fn asks_for_second_factor(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<bool> {
    tx.query_one(&ASKS_FOR_SECOND_FACTOR, &params![identity])?.map_or(Ok(false), |mut row| row.take())
}
