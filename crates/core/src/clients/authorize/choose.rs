//! The pages where an account or an organization is chosen for a request.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    clients::{ClientAbout, OrganizationSelection},
    ids::{InvitationId, OrganizationId},
    organizations::Slug,
};
use avnology_store::{
    identities::identities,
    organizations::{invitations, memberships, organizations as rows, own::OwnMembership},
};

use super::{
    PERSONAL, Visitor, organization,
    pending::{self, Pending},
};
use crate::{
    Cx, Tenant,
    clients::{LiveClient, cache, door_of},
    organizations::{self, Entry, entry_of, find_named, may_create},
    sessions::LiveSession,
};

/// Most invitations that are shown.
const INVITATIONS: u32 = 20;

/// An organization that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Id.
    pub id: OrganizationId,
    /// Display name.
    pub name: String,
    /// Name in URLs.
    pub slug: Slug,
    /// The role that the person has there.
    pub role: String,
}

impl From<OwnMembership> for Offer {
    fn from(own: OwnMembership) -> Self {
        let role = own.membership.role.to_string();
        Self { id: own.organization, name: own.name, slug: own.slug, role }
    }
}

/// An organization that the person is invited to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// The invitation.
    pub id: InvitationId,
    /// The organization.
    pub organization: OrganizationId,
    /// Display name.
    pub name: String,
}

/// What the page of organizations offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChooseOrganization {
    /// The client.
    pub client: ClientAbout,
    /// The person's own.
    pub offers: Vec<Offer>,
    /// Whether none at all can be chosen.
    pub has_personal: bool,
    /// Those that the person is invited to.
    pub invitations: Vec<Invited>,
    /// The one that the request names and the person is no member of: its name and slug.
    pub to_join: Option<(String, Slug)>,
    /// Whether the person may make one.
    pub may_create: bool,
}

fn gone() -> Error {
    Error::new(Code::NotFound).with_detail("The request is over, or was begun in another browser.")
}

/// What can be chosen for a request. `_901` when it is over or another browser's.
pub async fn offered(
    app: &Arc<Tenant>,
    cx: &Cx,
    challenge: &str,
    visitor: Visitor<'_>,
) -> Result<ChooseOrganization> {
    let pending = pending::find(app, cx, challenge, visitor.holder).await?.ok_or_else(gone)?;
    let live = visitor.live().ok_or_else(gone)?;
    let client = cache::find(app, cx, pending.row.client_id).await?.ok_or_else(gone)?;
    let own = organization::candidates(app, cx, &client, live.identity.id).await?;
    let offers: Vec<Offer> = own.into_iter().map(Offer::from).collect();
    let asked = pending.params.get("organization_id").or_else(|| pending.params.get("organization"));
    let named = match asked.filter(|name| *name != PERSONAL) {
        Some(name) => find_named(app, cx, name).await?,
        None => None,
    };
    let is_foreign = |id: OrganizationId| !offers.iter().any(|offer| offer.id == id);
    let named = named.filter(|found| organization::may_use(&client, found.id()) && is_foreign(found.id()));
    let settings = &client.client.settings;
    let to_join = match named {
        Some(found) => {
            let entry = organization::entry(app, cx, &client, live, found.id()).await?;
            entry.is_some().then_some(found)
        }
        None => None,
    };
    let invitations = invitations(app, cx, &client, live).await?;
    Ok(ChooseOrganization {
        client: settings.into(),
        has_personal: settings.organization_selection == OrganizationSelection::Optional,
        to_join: to_join.map(|found| (found.organization.name.clone(), found.organization.slug.clone())),
        may_create: may_create(app, live),
        invitations,
        offers,
    })
}

/// The organizations that the person is invited to and may use the client for.
async fn invitations(
    app: &Arc<Tenant>,
    cx: &Cx,
    client: &Arc<LiveClient>,
    live: &LiveSession,
) -> Result<Vec<Invited>> {
    let (job, client, person, now) = (Arc::clone(app), Arc::clone(client), live.identity.id, cx.now);
    app.store
        .identity()
        .read(move |tx| {
            let identity = identities::get(tx, person)?;
            let mut invited = Vec::new();
            let Some(key) = identity.email_key.as_deref().filter(|_| identity.email_verified) else {
                return Ok(invited);
            };
            for invitation in invitations::open_of_address(tx, key, now, INVITATIONS)? {
                let place = rows::get(tx, invitation.organization_id)?;
                let is_member = memberships::of_person(tx, place.id, person)?.is_some();
                if is_member || !organization::may_use(&client, place.id) {
                    continue;
                }
                let door = door_of(&client.client.settings);
                if let Some(Entry::Invited(id)) = entry_of(tx, &job, &identity, &place, door, now)? {
                    invited.push(Invited { id, organization: place.id, name: place.name });
                }
            }
            Ok(invited)
        })
        .await
}

/// Takes a choice of organization: an id, or nothing for none. One that the request names is joined if its rules let the person
/// in, an invitation is accepted. `_901` for a request that is over, `_304`, `_110` and `_311` where joining is refused.
pub async fn choose_organization(
    app: &Arc<Tenant>,
    cx: &Cx,
    challenge: &str,
    visitor: Visitor<'_>,
    choice: Option<&str>,
) -> Result<()> {
    let mut pending = pending::find(app, cx, challenge, visitor.holder).await?.ok_or_else(gone)?;
    let live = visitor.live().ok_or_else(gone)?;
    let offered = offered(app, cx, challenge, visitor).await?;
    let chosen = match choice.filter(|choice| !choice.is_empty()) {
        None => String::new(),
        Some(choice) => {
            let is_offered = offered.offers.iter().any(|offer| offer.id.to_string() == choice);
            let joins = offered.to_join.as_ref().filter(|(_, slug)| slug.as_str() == choice);
            let accepts = offered.invitations.iter().find(|invited| invited.id.to_string() == choice);
            match (joins, accepts) {
                (Some((_, slug)), _) => {
                    let joined = find_named(app, cx, slug.as_str()).await?.ok_or_else(gone)?;
                    enter(app, cx, &pending, live, joined.id()).await?;
                    joined.id().to_string()
                }
                (None, Some(invited)) => {
                    organizations::accept_own_invitation(app, cx, live, invited.id).await?;
                    invited.organization.to_string()
                }
                (None, None) if is_offered => choice.to_owned(),
                (None, None) => return Err(gone()),
            }
        }
    };
    pending.row.chosen_organization = Some(chosen);
    pending.save(app).await
}

/// Comes into an organization by the invitation that the person has, or else by joining it.
async fn enter(
    app: &Arc<Tenant>,
    cx: &Cx,
    pending: &Pending,
    live: &LiveSession,
    id: OrganizationId,
) -> Result<()> {
    let client = cache::find(app, cx, pending.row.client_id).await?.ok_or_else(gone)?;
    match organization::entry(app, cx, &client, live, id).await? {
        Some(Entry::Invited(invitation)) => {
            organizations::accept_own_invitation(app, cx, live, invitation).await.map(drop)
        }
        Some(Entry::Joins) | None => {
            let door = door_of(&client.client.settings);
            organizations::join_through(app, cx, live, &id.to_string(), door).await.map(drop)
        }
    }
}

/// Notes that the person goes on with the account that they are signed in with. `_901` for a request that is over.
pub async fn chosen_account(app: &Tenant, cx: &Cx, challenge: &str, visitor: Visitor<'_>) -> Result<()> {
    let mut pending = pending::find(app, cx, challenge, visitor.holder).await?.ok_or_else(gone)?;
    pending.row.account_was_chosen = true;
    pending.save(app).await
}
