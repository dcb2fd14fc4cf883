//! The pages where an account or an organization is chosen for a request.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result, clients::OrganizationSelection, ids::OrganizationId, organizations::Slug,
};

use super::{PERSONAL, Visitor, organization, pending};
use crate::{
    Cx, Tenant,
    clients::cache,
    organizations::{self, find_named, may_create},
};

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

/// What the page of organizations offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChooseOrganization {
    /// What the client is called.
    pub client: String,
    /// The person's own.
    pub offers: Vec<Offer>,
    /// Whether none at all can be chosen.
    pub has_personal: bool,
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
    let offers: Vec<Offer> = own
        .into_iter()
        .map(|one| Offer {
            id: one.organization,
            name: one.name,
            slug: one.slug,
            role: one.membership.role.to_string(),
        })
        .collect();
    let asked = pending.params.get("organization_id").or_else(|| pending.params.get("organization"));
    let named = match asked.filter(|name| *name != PERSONAL) {
        Some(name) => find_named(app, cx, name).await?,
        None => None,
    };
    let is_foreign = |id: OrganizationId| !offers.iter().any(|offer| offer.id == id);
    let to_join = named.filter(|found| organization::may_use(&client, found.id()) && is_foreign(found.id()));
    let settings = &client.client.settings;
    Ok(ChooseOrganization {
        client: settings.name.clone(),
        has_personal: settings.organization_selection == OrganizationSelection::Optional,
        to_join: to_join.map(|found| (found.organization.name.clone(), found.organization.slug.clone())),
        may_create: may_create(app, live),
        offers,
    })
}

/// Takes a choice of organization: an id, or nothing for none. One that the request names is joined if its rules let the person
/// in. `_901` for a request that is over, `_304`, `_110` and `_311` where joining is refused.
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
            match joins {
                Some((_, slug)) => {
                    organizations::join_organization(app, cx, live, slug.as_str()).await?;
                    let joined = find_named(app, cx, slug.as_str()).await?.ok_or_else(gone)?;
                    joined.id().to_string()
                }
                None if is_offered => choice.to_owned(),
                None => return Err(gone()),
            }
        }
    };
    pending.row.chosen_organization = Some(chosen);
    pending.save(app).await
}

/// Notes that the person goes on with the account that they are signed in with. `_901` for a request that is over.
pub async fn chosen_account(app: &Tenant, cx: &Cx, challenge: &str, visitor: Visitor<'_>) -> Result<()> {
    let mut pending = pending::find(app, cx, challenge, visitor.holder).await?.ok_or_else(gone)?;
    pending.row.account_was_chosen = true;
    pending.save(app).await
}
