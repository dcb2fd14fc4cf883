//! The table of organizations, and the slugs that are blocked for a while.

use avnology_model::{
    Code, Error, Result, Timestamp,
    ids::{IdentityId, OrganizationId},
    organizations::{Organization, Slug},
};
use serde_json::{Map, Value as Json};

use crate::{
    IdentityTx, Row, UniqueViolation,
    list::{self, Field, List, ListQuery, Page, Scope},
    params,
};

const COLUMNS: &str = "o.id, o.name, o.slug, o.state, o.previous_state, o.registration_mode, o.default_role, \
    o.sso_required, o.mfa_required, o.allowed_methods, o.session_policy, o.password_policy, o.feature_flags, \
    o.metadata_public, o.metadata_admin, o.audit_retention_days, o.seat_limit, o.sso_break_glass, o.region, o.external_id, \
    o.creator_id, o.member_count, o.deletion_scheduled_for, o.create_time, o.update_time, o.version";

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT o.id, o.name, o.slug, o.state, o.previous_state, o.registration_mode, o.default_role, \
             o.sso_required, o.mfa_required, o.allowed_methods, o.session_policy, o.password_policy, o.feature_flags, \
             o.metadata_public, o.metadata_admin, o.audit_retention_days, o.seat_limit, o.sso_break_glass, o.region, \
             o.external_id, o.creator_id, o.member_count, o.deletion_scheduled_for, o.create_time, o.update_time, o.version \
             FROM organizations o WHERE ",
            $condition
        )
    };
}

crate::statements! {
    KEPT_DAYS = "SELECT id, audit_retention_days FROM organizations \
        WHERE (CAST($1 AS TEXT) IS NULL OR id > $1) AND state <> 'provisioning' ORDER BY id LIMIT $2";
    INSERT = "INSERT INTO organizations (id, name, slug, slug_likeness, state, previous_state, registration_mode, \
        default_role, sso_required, mfa_required, allowed_methods, session_policy, password_policy, feature_flags, \
        metadata_public, metadata_admin, audit_retention_days, seat_limit, sso_break_glass, region, external_id, creator_id, \
        member_count, deletion_scheduled_for, create_time, update_time, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \
        $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)";
    UPDATE = "UPDATE organizations SET name = $2, slug = $3, slug_likeness = $4, state = $5, previous_state = $6, \
        registration_mode = $7, default_role = $8, sso_required = $9, mfa_required = $10, allowed_methods = $11, \
        session_policy = $12, password_policy = $13, feature_flags = $14, metadata_public = $15, metadata_admin = $16, \
        audit_retention_days = $17, seat_limit = $18, sso_break_glass = $19, region = $20, external_id = $21, \
        creator_id = $22, member_count = $23, deletion_scheduled_for = $24, create_time = $25, update_time = $26, \
        version = $27 WHERE id = $1";
    BY_ID = select!("o.id = $1");
    BY_SLUG = select!("o.slug = $1");
    LIKE_SLUG = "SELECT id FROM organizations WHERE slug_likeness = $1";
    UNFINISHED = select!("o.state = 'provisioning' ORDER BY o.create_time LIMIT $1");
    DUE = select!("o.deletion_scheduled_for <= $1 ORDER BY o.deletion_scheduled_for LIMIT $2");
    COUNT_CREATED = "SELECT COUNT(*) FROM organizations WHERE creator_id = $1";
    SET_MEMBER_COUNT = "UPDATE organizations SET member_count = $2 WHERE id = $1";
    HOLDS_DOMAIN = "SELECT EXISTS (SELECT 1 FROM domains WHERE organization_id = $1 AND domain = $2 AND status = 'verified')";
    DELETE = "DELETE FROM organizations WHERE id = $1";
    RETIRE = "INSERT INTO retired_slugs (slug_likeness, free_at) VALUES ($1, $2) \
        ON CONFLICT (slug_likeness) DO UPDATE SET free_at = excluded.free_at";
    IS_RETIRED = "SELECT free_at FROM retired_slugs WHERE slug_likeness = $1 AND free_at > $2";
    FREE_SLUGS = "DELETE FROM retired_slugs WHERE free_at <= $1";
}

fn from_row(row: &mut Row) -> Result<Organization> {
    Ok(Organization {
        id: row.take()?,
        name: row.take()?,
        slug: row.take()?,
        state: row.take()?,
        previous_state: row.take()?,
        registration_mode: row.take()?,
        default_role: row.take()?,
        sso_required: row.take()?,
        mfa_required: row.take()?,
        allowed_methods: read(row)?,
        session_policy: read(row)?,
        password_policy: row
            .take::<Option<Json>>()?
            .map(serde_json::from_value)
            .transpose()
            .map_err(Error::internal)?,
        feature_flags: read(row)?,
        metadata_public: object(row.take()?),
        metadata_admin: object(row.take()?),
        audit_retention_days: row.take()?,
        seat_limit: row.take()?,
        sso_break_glass: row.take()?,
        region: row.take()?,
        external_id: row.take()?,
        creator_id: row.take()?,
        member_count: row.take()?,
        deletion_scheduled_for: row.take()?,
        create_time: row.take()?,
        update_time: row.take()?,
        version: row.take()?,
    })
}

fn read<T: serde::de::DeserializeOwned>(row: &mut Row) -> Result<T> {
    serde_json::from_value(row.take()?).map_err(Error::internal)
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

fn written<T: serde::Serialize>(value: &T) -> Result<Json> {
    serde_json::to_value(value).map_err(Error::internal)
}

fn values(o: &Organization) -> Result<[crate::Value; 27]> {
    Ok(params![
        o.id,
        &o.name,
        &o.slug,
        o.slug.likeness(),
        o.state,
        o.previous_state,
        o.registration_mode,
        &o.default_role,
        o.sso_required,
        o.mfa_required,
        written(&o.allowed_methods)?,
        written(&o.session_policy)?,
        o.password_policy.as_ref().map(written).transpose()?,
        written(&o.feature_flags)?,
        Json::Object(o.metadata_public.clone()),
        Json::Object(o.metadata_admin.clone()),
        o.audit_retention_days,
        o.seat_limit,
        o.sso_break_glass,
        &o.region,
        o.external_id.as_ref(),
        o.creator_id,
        o.member_count,
        o.deletion_scheduled_for,
        o.create_time,
        o.update_time,
        o.version,
    ])
}

/// What a unique index means to the caller.
fn taken(violation: &UniqueViolation) -> Error {
    match violation.constraint.as_str() {
        "organizations_slug" | "organizations_slug_likeness" => {
            Error::new(Code::AlreadyExists).with_member("field", "slug")
        }
        "organizations_external_id" => Error::new(Code::AlreadyExists).with_member("field", "external_id"),
        other => Error::internal(format!("unforeseen unique index {other}")),
    }
}

/// Adds an organization. `_903` when its slug, or one that looks like it, or its external id is taken.
pub fn insert(tx: &mut IdentityTx<'_>, organization: &Organization) -> Result<()> {
    tx.execute_unique(&INSERT, &values(organization)?)?.map_err(|v| taken(&v))?;
    Ok(())
}

/// Writes an organization, which must have been read in this transaction, as its next version. Refuses as [`insert`].
pub fn update(tx: &mut IdentityTx<'_>, organization: &mut Organization, now: Timestamp) -> Result<()> {
    organization.version += 1;
    organization.update_time = now;
    tx.execute_unique(&UPDATE, &values(organization)?)?.map_err(|v| taken(&v))?;
    Ok(())
}

/// Writes the number of active members; no new version.
pub(super) fn set_member_count(tx: &mut IdentityTx<'_>, id: OrganizationId, count: u32) -> Result<()> {
    tx.execute(&SET_MEMBER_COUNT, &params![id, count]).map(drop)
}

/// Up to `limit` organizations behind `after` by id, and for how many days each keeps its audit log.
pub fn kept_days(
    tx: &mut IdentityTx<'_>,
    after: Option<OrganizationId>,
    limit: u32,
) -> Result<Vec<(OrganizationId, Option<u32>)>> {
    let rows = tx.query(&KEPT_DAYS, &params![after, limit])?;
    rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

/// The organization with this id.
pub fn find(tx: &mut IdentityTx<'_>, id: OrganizationId) -> Result<Option<Organization>> {
    tx.query_one(&BY_ID, &params![id])?.as_mut().map(from_row).transpose()
}

/// The organization with this id, or `_300`.
pub fn get(tx: &mut IdentityTx<'_>, id: OrganizationId) -> Result<Organization> {
    find(tx, id)?.ok_or_else(|| Error::new(Code::OrganizationNotFound))
}

/// The organization with this slug.
pub fn by_slug(tx: &mut IdentityTx<'_>, slug: &Slug) -> Result<Option<Organization>> {
    tx.query_one(&BY_SLUG, &params![slug])?.as_mut().map(from_row).transpose()
}

/// Whether a slug can be taken: nobody has it or one that looks like it, and none such was given up lately.
pub fn is_free(tx: &mut IdentityTx<'_>, slug: &Slug, now: Timestamp) -> Result<bool> {
    let likeness = slug.likeness();
    Ok(tx.query_one(&LIKE_SLUG, &params![&likeness])?.is_none()
        && tx.query_one(&IS_RETIRED, &params![&likeness, now])?.is_none())
}

/// Organizations whose database is still to be made, the oldest first.
pub fn unfinished(tx: &mut IdentityTx<'_>, limit: u32) -> Result<Vec<Organization>> {
    tx.query(&UNFINISHED, &params![limit])?.iter_mut().map(from_row).collect()
}

/// Organizations whose grace period is over at `now`, the longest due first.
pub fn due_for_deletion(tx: &mut IdentityTx<'_>, now: Timestamp, limit: u32) -> Result<Vec<Organization>> {
    tx.query(&DUE, &params![now, limit])?.iter_mut().map(from_row).collect()
}

/// How many organizations an identity has made that are still there.
pub fn count_created(tx: &mut IdentityTx<'_>, by: IdentityId) -> Result<u32> {
    tx.query_one(&COUNT_CREATED, &params![by])?.map_or(Ok(0), |mut row| row.take())
}

/// Removes the row of an organization, and blocks its slug until `free_at`.
pub fn delete(tx: &mut IdentityTx<'_>, organization: &Organization, free_at: Timestamp) -> Result<()> {
    tx.execute(&DELETE, &params![organization.id])?;
    tx.execute(&RETIRE, &params![organization.slug.likeness(), free_at]).map(drop)
}

/// Whether an organization has proven that a domain is its own.
pub fn holds_domain(tx: &mut IdentityTx<'_>, id: OrganizationId, domain: &str) -> Result<bool> {
    tx.query_one(&HOLDS_DOMAIN, &params![id, domain])?.map_or(Ok(false), |mut row| row.take())
}

/// Takes back an organization that this transaction has added.
pub fn discard(tx: &mut IdentityTx<'_>, id: OrganizationId) -> Result<()> {
    tx.execute(&DELETE, &params![id]).map(drop)
}

/// Frees the slugs whose time is over.
pub fn free_slugs(tx: &mut IdentityTx<'_>, now: Timestamp) -> Result<u64> {
    tx.execute(&FREE_SLUGS, &params![now])
}

/// What organizations are filtered and sorted by.
pub static ORGANIZATIONS: List = List {
    columns: COLUMNS,
    from: "organizations o",
    id: "o.id",
    default_order: &[("create_time", true)],
    fields: &[
        Field::text("id", "o.id").indexed(),
        Field::text("name", "o.name").sortable().indexed(),
        Field::text("slug", "o.slug").indexed(),
        Field::choice("state", "o.state", &["provisioning", "active", "suspended", "deleting"]),
        Field::choice(
            "registration_mode",
            "o.registration_mode",
            &["public", "by_invitation_only", "by_invitation_or_domain", "sso_only", "closed"],
        ),
        Field::number("member_count", "o.member_count").sortable().indexed(),
        Field::others(
            "domain",
            "o.id IN (SELECT d.organization_id FROM domains d WHERE d.status = 'verified' AND d.domain = ",
        ),
        Field::text("external_id", "o.external_id").nullable().indexed(),
        Field::time("create_time", "o.create_time").sortable().indexed(),
        Field::map("metadata.public", "o.metadata_public"),
        Field::map("metadata.admin", "o.metadata_admin"),
    ],
};

/// One page of organizations: all, or those of which `member` is an active member. `_902` for a filter or an order that
/// [`ORGANIZATIONS`] does not offer.
pub fn list(
    tx: &mut IdentityTx<'_>,
    query: &ListQuery,
    member: Option<(IdentityId, Timestamp)>,
) -> Result<Page<Organization>> {
    let scope = match member {
        None => Scope::all(),
        Some((identity, now)) => Scope::of(
            "o.id IN (SELECT m.organization_id FROM memberships m WHERE m.identity_id = $1 AND m.state = 'active' \
             AND (m.expire_time IS NULL OR m.expire_time > $2))",
            params![identity, now],
        ),
    };
    list::page(tx, &ORGANIZATIONS, &scope, query, from_row)
}
