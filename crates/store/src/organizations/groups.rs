//! The table of groups.

use avnology_model::{
    Code, Error, Result, Timestamp,
    ids::{GroupId, OrganizationId},
    organizations::{Group, GroupType},
    permissions::RoleKey,
};

use crate::{
    IdentityTx, Row,
    list::{self, Field, List, ListQuery, Page, Scope},
    params,
};

const COLUMNS: &str = "g.id, g.organization_id, g.name, g.description, g.kind, g.rule, g.role, g.source, g.external_id, \
    g.member_count, g.create_time, g.update_time, g.version";

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT g.id, g.organization_id, g.name, g.description, g.kind, g.rule, g.role, g.source, g.external_id, \
             g.member_count, g.create_time, g.update_time, g.version FROM member_groups g WHERE ",
            $condition
        )
    };
}

crate::statements! {
    INSERT = "INSERT INTO member_groups (id, organization_id, name, name_key, description, kind, rule, role, source, \
        external_id, member_count, create_time, update_time, version, rule_progress) VALUES ($1, $2, $3, $4, $5, $6, $7, \
        $8, $9, $10, $11, $12, $13, $14, $15)";
    UPDATE = "UPDATE member_groups SET name = $2, name_key = $3, description = $4, kind = $5, rule = $6, role = $7, \
        update_time = $8, version = $9 WHERE id = $1";
    COUNT = "UPDATE member_groups SET member_count = member_count + $2 WHERE id = $1 AND member_count + $2 <= $3";
    BY_ID = select!("g.organization_id = $1 AND g.id = $2");
    DYNAMIC = select!("g.organization_id = $1 AND g.kind = 'dynamic' ORDER BY g.id");
    WITH_ROLE = select!("g.organization_id = $1 AND g.role = $2 ORDER BY g.id");
    NUMBERS = "SELECT COUNT(*), COUNT(CASE WHEN kind = 'dynamic' THEN 1 END) FROM member_groups WHERE organization_id = $1";
    ROLE_NUMBERS = "SELECT role, COUNT(*) FROM member_groups WHERE organization_id = $1 AND role IS NOT NULL GROUP BY role";
    UNFINISHED = "SELECT g.organization_id, g.id FROM member_groups g WHERE g.rule_progress IS NOT NULL ORDER BY g.id LIMIT 1";
    PROGRESS = "SELECT rule_progress FROM member_groups WHERE id = $1";
    SET_PROGRESS = "UPDATE member_groups SET rule_progress = $2 WHERE id = $1";
    RESTART_RULES = "UPDATE member_groups SET rule_progress = '' WHERE organization_id = $1 AND kind = 'dynamic'";
    DELETE = "DELETE FROM member_groups WHERE id = $1";
    ERASE = "DELETE FROM member_groups WHERE organization_id = $1";
}

fn from_row(row: &mut Row) -> Result<Group> {
    Ok(Group {
        id: row.take()?,
        organization_id: row.take()?,
        name: row.take()?,
        description: row.take()?,
        kind: row.take()?,
        rule: row.take()?,
        role: row.take()?,
        source: row.take()?,
        external_id: row.take()?,
        member_count: row.take()?,
        create_time: row.take()?,
        update_time: row.take()?,
        version: row.take()?,
    })
}

/// Names are the same whatever their case.
fn name_key(name: &str) -> String {
    name.to_lowercase()
}

fn unique<T>(written: std::result::Result<T, crate::UniqueViolation>) -> Result<()> {
    written.map(drop).map_err(|_| Error::new(Code::AlreadyExists).with_member("field", "name"))
}

/// Adds a group; the rule of a dynamic one has still to go through the members. `_903` when its name is taken.
pub fn insert(tx: &mut IdentityTx<'_>, group: &Group) -> Result<()> {
    let progress = (group.kind == GroupType::Dynamic).then_some("");
    let values = params![
        group.id,
        group.organization_id,
        &group.name,
        name_key(&group.name),
        group.description.as_ref(),
        group.kind,
        group.rule.as_ref(),
        group.role.as_ref(),
        group.source,
        group.external_id.as_ref(),
        group.member_count,
        group.create_time,
        group.update_time,
        group.version,
        progress,
    ];
    unique(tx.execute_unique(&INSERT, &values)?)
}

/// Writes a group, which must have been read in this transaction, as its next version; its members are counted apart.
/// `_903` when its name is taken.
pub fn update(tx: &mut IdentityTx<'_>, group: &mut Group, now: Timestamp) -> Result<()> {
    group.version += 1;
    group.update_time = now;
    let values = params![
        group.id,
        &group.name,
        name_key(&group.name),
        group.description.as_ref(),
        group.kind,
        group.rule.as_ref(),
        group.role.as_ref(),
        group.update_time,
        group.version,
    ];
    unique(tx.execute_unique(&UPDATE, &values)?)
}

/// Counts members that came (or, below zero, went); `false`, and nothing done, when there would be more than `limit`.
pub fn count(tx: &mut IdentityTx<'_>, id: GroupId, by: i64, limit: u32) -> Result<bool> {
    Ok(tx.execute(&COUNT, &params![id, by, limit])? > 0)
}

/// The group with this id in an organization.
pub fn find(tx: &mut IdentityTx<'_>, organization: OrganizationId, id: GroupId) -> Result<Option<Group>> {
    tx.query_one(&BY_ID, &params![organization, id])?.as_mut().map(from_row).transpose()
}

/// The group with this id in an organization, or `_901`.
pub fn get(tx: &mut IdentityTx<'_>, organization: OrganizationId, id: GroupId) -> Result<Group> {
    find(tx, organization, id)?.ok_or_else(Error::not_found)
}

/// The dynamic groups of an organization.
pub fn dynamic(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<Vec<Group>> {
    tx.query(&DYNAMIC, &params![organization])?.iter_mut().map(from_row).collect()
}

/// The groups that give a role.
pub fn with_role(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    role: &RoleKey,
) -> Result<Vec<Group>> {
    tx.query(&WITH_ROLE, &params![organization, role])?.iter_mut().map(from_row).collect()
}

/// How many groups an organization has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// All of them.
    pub all: u32,
    /// The dynamic ones.
    pub dynamic: u32,
}

/// How many groups an organization has.
pub fn numbers(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<Numbers> {
    match tx.query_one(&NUMBERS, &params![organization])? {
        Some(mut row) => Ok(Numbers { all: row.take()?, dynamic: row.take()? }),
        None => Ok(Numbers { all: 0, dynamic: 0 }),
    }
}

/// How many groups give each role.
pub fn numbers_by_role(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<Vec<(RoleKey, u32)>> {
    let mut rows = tx.query(&ROLE_NUMBERS, &params![organization])?;
    rows.iter_mut().map(|row| Ok((row.take()?, row.take()?))).collect()
}

/// A group whose rule has still to go through members, and its organization.
pub fn unfinished(tx: &mut IdentityTx<'_>) -> Result<Option<(OrganizationId, GroupId)>> {
    let row = tx.query_one(&UNFINISHED, &params![])?;
    row.map(|mut row| Ok((row.take()?, row.take()?))).transpose()
}

/// How far a new or changed rule has gone: the id of the last membership tried, empty at the start; none when it is through.
pub fn progress(tx: &mut IdentityTx<'_>, id: GroupId) -> Result<Option<String>> {
    tx.query_one(&PROGRESS, &params![id])?.map_or(Ok(None), |mut row| row.take())
}

/// Notes how far a rule has gone.
pub fn set_progress(tx: &mut IdentityTx<'_>, id: GroupId, progress: Option<&str>) -> Result<()> {
    tx.execute(&SET_PROGRESS, &params![id, progress]).map(drop)
}

/// Sends every rule of an organization through its members again.
pub fn restart_rules(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    tx.execute(&RESTART_RULES, &params![organization]).map(drop)
}

/// Removes a group and its members.
pub fn delete(tx: &mut IdentityTx<'_>, id: GroupId) -> Result<()> {
    super::group_members::clear(tx, id)?;
    tx.execute(&DELETE, &params![id]).map(drop)
}

/// Removes every group of an organization with its members.
pub fn erase(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    super::group_members::erase(tx, organization)?;
    tx.execute(&ERASE, &params![organization]).map(drop)
}

/// What groups are filtered and sorted by.
pub static GROUPS: List = List {
    columns: COLUMNS,
    from: "member_groups g",
    id: "g.id",
    default_order: &[("name", false)],
    fields: &[
        Field::text("name", "g.name").sortable().indexed(),
        Field::choice("type", "g.kind", &["static", "dynamic"]).sortable(),
        Field::choice("source", "g.source", &["manual", "scim", "sso"]).sortable(),
        Field::text("role", "g.role").nullable(),
        Field::time("create_time", "g.create_time").sortable().indexed(),
        Field::number("member_count", "g.member_count").sortable(),
    ],
};

/// One page of the groups of an organization. `_902` for a filter or an order that [`GROUPS`] does not offer.
pub fn list(tx: &mut IdentityTx<'_>, organization: OrganizationId, query: &ListQuery) -> Result<Page<Group>> {
    list::page(tx, &GROUPS, &Scope::of("g.organization_id = $1", params![organization]), query, from_row)
}

/// What a rule may speak of, with the types by which it is checked. What a field means for one person is said by
/// `core::organizations::groups::rule`; no rule is ever run as SQL.
pub static RULES: List = List {
    columns: "m.id",
    from: "memberships m JOIN identities i ON i.id = m.identity_id",
    id: "m.id",
    default_order: &[],
    fields: &[
        Field::text("id", "i.id"),
        Field::folded("email", "i.email", "i.email_key", crate::identities::list::email_key).nullable(),
        Field::boolean("email_verified", "i.email_verified").nullable(),
        Field::text("phone", "i.phone").nullable(),
        Field::folded("username", "i.username", "i.username_key", str::to_ascii_lowercase).nullable(),
        Field::text("first_name", "i.first_name").nullable(),
        Field::text("last_name", "i.last_name").nullable(),
        Field::text("display_name", "i.display_name").nullable(),
        Field::text("avatar_url", "i.avatar_url").nullable(),
        Field::choice("state", "i.state", &["active", "inactive"]),
        Field::text("locale", "i.locale").nullable(),
        Field::text("timezone", "i.timezone").nullable(),
        Field::text("external_id", "i.external_id").nullable(),
        Field::time("create_time", "i.create_time"),
        Field::map("traits", "i.traits"),
        Field::map("metadata.public", "i.metadata_public"),
        Field::map("metadata.admin", "i.metadata_admin"),
        Field::text("member.role", "m.role"),
        Field::choice(
            "member.source",
            "m.source",
            &["creator", "admin", "invitation", "domain", "join", "sso", "scim"],
        ),
        Field::time("member.joined_at", "m.joined_at").nullable(),
    ],
};
