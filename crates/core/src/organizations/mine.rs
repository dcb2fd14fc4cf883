//! The organizations of the caller: those it belongs to, may join, and is invited to (`contract/10` §5).

use std::sync::Arc;

use avnology_aip::page_token::Key;
use avnology_model::{
    Result, Timestamp,
    identities::Identity,
    ids::{IdentityId, InvitationId, OrganizationId},
    organizations::{Invitation, Organization, OrganizationState, RegistrationMode, Slug},
    permissions::RoleKey,
};
use avnology_store::{
    IdentityTx,
    identities::identities,
    list::{ListQuery, Total},
    organizations::{
        invitations, memberships, organizations,
        own::{self, OwnMembership as Row},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Admission, Door, MemberView, OrganizationCard, Showing, Sso, admission, join::held_domain, members,
};
use crate::{Cx, Tenant, identities as identities_verbs, sessions::LiveSession};

/// Most invitations that are shown.
const INVITATIONS: u32 = 100;

/// The organization of a membership.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HomeOrganization {
    /// Id.
    #[schema(value_type = String)]
    pub id: OrganizationId,
    /// Display name.
    pub name: String,
    /// Name in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// Logo.
    pub logo_url: Option<String>,
    /// Where it stands.
    pub state: OrganizationState,
}

/// One of the caller's memberships.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OwnMembership {
    /// The membership.
    #[serde(flatten)]
    pub member: MemberView,
    /// Its organization.
    pub organization: HomeOrganization,
}

/// An invitation that the caller can answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OwnInvitation {
    /// Id.
    #[schema(value_type = String)]
    pub id: InvitationId,
    /// The organization.
    pub organization: OrganizationCard,
    /// The role offered.
    pub role: RoleKey,
    /// End.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// What the caller has to do with organizations.
#[derive(Clone, Debug)]
pub struct OwnOrganizations {
    /// A page of memberships, in every state.
    pub memberships: Vec<OwnMembership>,
    /// On the first page: what the caller may join without being invited.
    pub joinable: Vec<OrganizationCard>,
    /// On the first page: invitations to the caller's proven address.
    pub invitations: Vec<OwnInvitation>,
    /// Where the next page of memberships begins; `None` on the last one.
    pub next: Option<Vec<Key>>,
    /// How many memberships there are, when asked for.
    pub total: Option<Total>,
}

/// The organizations of the caller. `_902` for a filter or an order that does not fit.
pub async fn list(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveSession,
    query: ListQuery,
) -> Result<OwnOrganizations> {
    let (job, caller, now) = (Arc::clone(app), live.identity.id, cx.now);
    let short = query.is_short();
    let read = move |tx: &mut IdentityTx<'_>| {
        let page = own::list(tx, caller, &query)?;
        let memberships = page.items.iter().map(|row| membership(tx, row)).collect::<Result<_>>()?;
        let mut all = OwnOrganizations {
            memberships,
            joinable: Vec::new(),
            invitations: Vec::new(),
            next: page.next,
            total: page.total,
        };
        if query.after.is_none() {
            let identity = identities::get(tx, caller)?;
            all.joinable = joinable(&job, tx, &identity)?;
            all.invitations = open_invitations(&job, tx, &identity, now)?;
        }
        Ok(all)
    };
    let db = app.store.identity();
    if short { db.read(read).await } else { db.scan(read).await }
}

/// A page of the memberships of an identity, for administrators; in the scope of an organization of the one there. `_901`.
pub async fn list_of(
    app: &Tenant,
    cx: &Cx,
    identity: IdentityId,
    query: ListQuery,
) -> Result<(Vec<OwnMembership>, Option<Vec<Key>>)> {
    let cx = cx.clone();
    app.store
        .identity()
        .read(move |tx| {
            identities_verbs::see(tx, &cx, identity)?;
            let page = own::list(tx, identity, &query)?;
            let shown = page.items.iter().filter(|row| {
                cx.scope.is_none_or(|scope| scope.is_platform || scope.organization == row.organization)
            });
            let memberships = shown.map(|row| membership(tx, row)).collect::<Result<_>>()?;
            Ok((memberships, page.next))
        })
        .await
}

fn membership(tx: &mut IdentityTx<'_>, row: &Row) -> Result<OwnMembership> {
    let organization = HomeOrganization {
        id: row.organization,
        name: row.name.clone(),
        slug: row.slug.clone(),
        logo_url: None,
        state: row.state,
    };
    Ok(OwnMembership { member: members::view(tx, &row.membership)?, organization })
}

/// The organization that has proven the domain of the caller's address, if the caller can join it as things are. Others
/// that are open to anyone are not told: nothing connects the caller with them.
fn joinable(app: &Tenant, tx: &mut IdentityTx<'_>, identity: &Identity) -> Result<Vec<OrganizationCard>> {
    let Some(domain) = held_domain(tx, identity)? else { return Ok(Vec::new()) };
    let Some(organization) = newcomers_organization(app, tx, identity, domain.organization_id)? else {
        return Ok(Vec::new());
    };
    let showing = Showing { invitation: false, domain: true, sso: Sso::No };
    let joins = matches!(admission(Door::of(&organization), showing), Admission::Joins(_));
    Ok(Some(organization).filter(|_| joins).iter().map(OrganizationCard::of).collect())
}

/// The invitations that the caller can answer now, or after single sign-on.
fn open_invitations(
    app: &Tenant,
    tx: &mut IdentityTx<'_>,
    identity: &Identity,
    now: Timestamp,
) -> Result<Vec<OwnInvitation>> {
    let Some(key) = identity.email_key.as_ref().filter(|_| identity.email_verified) else {
        return Ok(Vec::new());
    };
    let mut shown = Vec::new();
    for Invitation { id, organization_id, role, expires_at, .. } in
        invitations::open_of_address(tx, key, now, INVITATIONS)?
    {
        let organization = newcomers_organization(app, tx, identity, organization_id)?;
        if let Some(organization) = organization.filter(|o| o.registration_mode != RegistrationMode::Closed) {
            shown.push(OwnInvitation {
                id,
                organization: OrganizationCard::of(&organization),
                role,
                expires_at,
            });
        }
    }
    Ok(shown)
}

/// An organization in use that the identity could belong to and does not.
fn newcomers_organization(
    app: &Tenant,
    tx: &mut IdentityTx<'_>,
    identity: &Identity,
    id: OrganizationId,
) -> Result<Option<Organization>> {
    if !app.may_belong(identity, id) || memberships::of_person(tx, id, identity.id)?.is_some() {
        return Ok(None);
    }
    let found = organizations::find(tx, id)?;
    Ok(found.filter(|organization| organization.state == OrganizationState::Active))
}
