//! Which organization an address leads to, by its domain alone (`contract/20` §16). No account is ever looked at.

use std::sync::Arc;

use avnology_model::{
    Result,
    identities::Email,
    ids::OrganizationId,
    organizations::{OrganizationState, is_mailbox_provider},
};
use avnology_store::organizations::domains;

use super::{LiveOrganization, find};
use crate::{Cx, Tenant};

/// The organization that has verified the domain of an address and leads those who sign in with it to itself; none for
/// any other domain, and none while it is about to be deleted. Warm, it asks no database.
pub async fn discover(app: &Arc<Tenant>, cx: &Cx, email: &Email) -> Result<Option<Arc<LiveOrganization>>> {
    let route = route(app, cx, email.domain()).await?;
    // The list of providers grows: one that somebody had proven before leads nowhere any more.
    let Some(id) = route.filter(|_| !is_mailbox_provider(email.domain())) else { return Ok(None) };
    let live = find(app, cx, id).await?;
    Ok(live.filter(|live| live.organization.state != OrganizationState::Deleting))
}

/// Where a domain leads to. Domains that lead nowhere are asked for and remembered like the others.
async fn route(app: &Arc<Tenant>, cx: &Cx, domain: &str) -> Result<Option<OrganizationId>> {
    let (routes, name) = (&app.organizations.routes, domain.to_owned());
    if let Some(route) = routes.warm(&name, cx.now) {
        return Ok(route);
    }
    let (ticket, asked) = (routes.ticket(&name), name.clone());
    let route = app.store.identity().read(move |tx| domains::routed_organization(tx, &asked)).await?;
    routes.keep(&ticket, &name, route, cx.now);
    Ok(route)
}
