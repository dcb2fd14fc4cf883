//! Which organization the tokens are for (`contract/30` §7).

use std::sync::Arc;

use avnology_model::{
    Result,
    clients::OrganizationSelection,
    ids::{IdentityId, OrganizationId},
};
use avnology_oauth::{
    ErrorCode, OAuthError,
    organization::{Choice, Chosen, Named, Selection, choose as by_rule},
};
use avnology_store::{
    identities::identities,
    organizations::{
        memberships, organizations,
        own::{self, OwnMembership},
    },
};

use super::{PERSONAL, Request, Stop};
use crate::{
    Cx, Tenant,
    clients::{LiveClient, door_of, person::Place},
    organizations::{Entry, entry_of, find_named},
    sessions::LiveSession,
};

/// Most organizations that are offered.
const MOST: u32 = 100;

/// The organization, or none; or the page where it is chosen.
pub(super) async fn choose(
    app: &Arc<Tenant>,
    cx: &Cx,
    request: &Request,
    live: &LiveSession,
) -> Result<Result<Option<Place>, Stop>> {
    let settings = &request.live.client.settings;
    let selection = match settings.organization_selection {
        OrganizationSelection::None => Selection::None,
        OrganizationSelection::Optional => Selection::Optional,
        OrganizationSelection::Required => Selection::Required,
    };
    let chosen = request.pending.row.chosen_organization.as_deref();
    let asked = chosen.or(request.asked.organization.as_deref());
    let active = live.session.organization_id.map(|id| id.to_string());
    // Where nothing is named and nothing has to be chosen, nobody asks what there is.
    let is_open = asked.is_some() || active.is_some() || request.asked.prompt.select_organization;
    let own = if is_open || selection == Selection::Required {
        candidates(app, cx, &request.live, live.identity.id).await?
    } else {
        Vec::new()
    };
    let candidates: Vec<String> = own.iter().map(|one| one.organization.to_string()).collect();
    let named = named(app, cx, &request.live, asked, &candidates).await?;
    let choice = Choice {
        selection,
        named,
        must_choose: request.asked.prompt.select_organization && chosen.is_none(),
        silently: request.asked.prompt.none,
        candidates: &candidates,
        active: active.as_deref(),
    };
    let page = || Ok(Err(Stop::Go(request.pending.at("/select-organization"))));
    let organization: OrganizationId = match by_rule(&choice) {
        Err(error) => return Ok(Err(error.into())),
        Ok(Chosen::Personal) => return Ok(Ok(None)),
        Ok(Chosen::Organization(id)) => match id.parse() {
            Ok(id) => id,
            Err(_) => return page(),
        },
        Ok(Chosen::Join(id)) => {
            let id: OrganizationId = match id.parse() {
                Ok(id) => id,
                Err(_) => return page(),
            };
            let may = entry(app, cx, &request.live, live, id).await?.is_some();
            let denied =
                OAuthError::new(ErrorCode::AccessDenied, "the organization does not let the person in");
            return if may { page() } else { Ok(Err(denied.into())) };
        }
        Ok(Chosen::ChooseWithPersonal | Chosen::Choose | Chosen::CreateOrAccept) => return page(),
    };
    let place = Place::of(app, cx, organization, &live.identity).await?;
    let denied = OAuthError::new(ErrorCode::AccessDenied, "the organization is not available");
    Ok(place.map(Some).ok_or(Stop::Tell(denied)))
}

/// What the request names, or what was chosen since; an empty choice is none at all.
async fn named(
    app: &Arc<Tenant>,
    cx: &Cx,
    client: &LiveClient,
    asked: Option<&str>,
    candidates: &[String],
) -> Result<Named> {
    let name = match asked {
        None => return Ok(Named::Nothing),
        Some("" | PERSONAL) => return Ok(Named::Personal),
        Some(name) => name,
    };
    let found = find_named(app, cx, name).await?.filter(|found| may_use(client, found.id()));
    let Some(found) = found else { return Ok(Named::Unknown) };
    let id = found.id().to_string();
    Ok(if candidates.contains(&id) { Named::Member(id) } else { Named::NotMember(id) })
}

/// How a person who is no member would come into an organization by way of the client.
pub(super) async fn entry(
    app: &Arc<Tenant>,
    cx: &Cx,
    client: &LiveClient,
    live: &LiveSession,
    organization: OrganizationId,
) -> Result<Option<Entry>> {
    let (job, person, now) = (Arc::clone(app), live.identity.id, cx.now);
    let door = door_of(&client.client.settings);
    app.store
        .identity()
        .read(move |tx| {
            if memberships::of_person(tx, organization, person)?.is_some() {
                return Ok(None);
            }
            let (identity, place) = (identities::get(tx, person)?, organizations::get(tx, organization)?);
            entry_of(tx, &job, &identity, &place, door, now)
        })
        .await
}

/// Whether members of an organization may use the client.
pub(in crate::clients) fn may_use(client: &LiveClient, organization: OrganizationId) -> bool {
    let allowed = &client.client.settings.allowed_organizations;
    allowed.is_empty() || allowed.contains(&organization)
}

/// The organizations that a person may choose from.
pub(in crate::clients) async fn candidates(
    app: &Tenant,
    cx: &Cx,
    client: &LiveClient,
    person: IdentityId,
) -> Result<Vec<OwnMembership>> {
    let own = app.store.identity().read(move |tx| own::active_of(tx, person, MOST)).await?;
    let fits = |one: &OwnMembership| one.membership.is_in_force(cx.now) && may_use(client, one.organization);
    Ok(own.into_iter().filter(fits).collect())
}
