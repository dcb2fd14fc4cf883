//! Memberships as the person sees them, each with its organization.

use avnology_model::{
    Result,
    ids::{IdentityId, OrganizationId},
    organizations::{Membership, OrganizationState, Slug},
};

use super::memberships;
use crate::{
    IdentityTx, Row,
    list::{self, Field, List, ListQuery, Page, Scope},
    params,
};

/// A membership and what its organization is called.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnMembership {
    /// The membership.
    pub membership: Membership,
    /// The organization.
    pub organization: OrganizationId,
    /// Its display name.
    pub name: String,
    /// Its name in URLs.
    pub slug: Slug,
    /// Where it stands.
    pub state: OrganizationState,
}

fn from_row(row: &mut Row) -> Result<OwnMembership> {
    Ok(OwnMembership {
        membership: memberships::from_row(row)?,
        organization: row.take()?,
        name: row.take()?,
        slug: row.take()?,
        state: row.take()?,
    })
}

/// What one's own memberships are filtered and sorted by.
pub static OWN: List = List {
    columns: "m.id, m.organization_id, m.identity_id, m.role, m.role_source, m.state, m.source, m.joined_at, \
        m.last_active_at, m.expire_time, m.create_time, m.update_time, m.version, o.id, o.name, o.slug, o.state",
    from: "memberships m JOIN organizations o ON o.id = m.organization_id",
    id: "m.id",
    default_order: &[("organization.name", false)],
    fields: &[
        Field::text("organization.id", "m.organization_id").indexed(),
        Field::text("organization.name", "o.name").sortable(),
        Field::choice("organization.state", "o.state", &["provisioning", "active", "suspended", "deleting"]),
        Field::text("role", "m.role"),
        Field::choice("state", "m.state", &["active", "suspended", "pending"]),
        Field::time("joined_at", "m.joined_at").nullable().sortable(),
    ],
};

/// One page of the memberships of an identity. `_902` for a filter or an order that [`OWN`] does not offer.
pub fn list(tx: &mut IdentityTx<'_>, identity: IdentityId, query: &ListQuery) -> Result<Page<OwnMembership>> {
    list::page(tx, &OWN, &Scope::of("m.identity_id = $1", params![identity]), query, from_row)
}

crate::statements! {
    ACTIVE = "SELECT m.id, m.organization_id, m.identity_id, m.role, m.role_source, m.state, m.source, m.joined_at, \
        m.last_active_at, m.expire_time, m.create_time, m.update_time, m.version, o.id, o.name, o.slug, o.state \
        FROM memberships m JOIN organizations o ON o.id = m.organization_id \
        WHERE m.identity_id = $1 AND m.state = 'active' AND o.state = 'active' ORDER BY o.name, o.id LIMIT $2";
}

/// The active memberships of a person in active organizations, by name; those that have run out are for the caller to leave
/// out.
pub fn active_of(tx: &mut IdentityTx<'_>, identity: IdentityId, limit: u32) -> Result<Vec<OwnMembership>> {
    tx.query(&ACTIVE, &params![identity, limit])?.iter_mut().map(from_row).collect()
}
