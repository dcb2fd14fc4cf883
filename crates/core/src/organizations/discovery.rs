//! Which organization an address leads to, by its domain alone, and what interfaces may know before anybody signs in
//! (`contract/20` §16). No account is ever looked at.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    identities::Email,
    ids::OrganizationId,
    organizations::{Organization, OrganizationState, RegistrationMode, is_mailbox_provider},
};
use avnology_store::{
    IdentityTx,
    organizations::{domains, organizations},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{AuthOptions, LiveOrganization, OrganizationCard, find, find_named};
use crate::{Cx, Tenant};

/// Whose sign-in it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// An organization's.
    Organization,
    /// Everybody's.
    Personal,
}

/// Colours and logo to show before the sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DiscoveredBranding {
    /// Colour of buttons and links, as in `#0b5fff`; null for the product's own.
    pub primary_color: Option<String>,
    /// Logo; null for the product's own.
    pub logo_url: Option<String>,
}

/// Where and how to sign in.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Discovery {
    /// Whose sign-in it is.
    #[serde(rename = "match")]
    pub found: Match,
    /// The organization; null for `personal`.
    pub organization: Option<OrganizationCard>,
    /// How people sign in and register.
    pub auth_options: AuthOptions,
    /// How it looks.
    pub branding: DiscoveredBranding,
    /// The page to sign in.
    pub sign_in_url: String,
}

impl Discovery {
    fn of(app: &Tenant, organization: Option<&Organization>) -> Self {
        let origin = app.config.origin();
        let sign_in_url = match organization {
            Some(organization) => format!("{origin}/org/{}", organization.slug),
            None => format!("{origin}/sign-in"),
        };
        Self {
            found: if organization.is_some() { Match::Organization } else { Match::Personal },
            organization: organization.map(OrganizationCard::of),
            auth_options: AuthOptions::of(&app.settings().settings, organization),
            // Neither can be set yet.
            branding: DiscoveredBranding::default(),
            sign_in_url,
        }
    }
}

/// Where to sign in with this address. `_902` unless it is one.
pub async fn discover_by_email(app: &Arc<Tenant>, cx: &Cx, email: &str) -> Result<Discovery> {
    let email = Email::parse(email).map_err(|(code, message)| Error::field("email", code, message))?;
    let live = discover(app, cx, &email).await?;
    Ok(Discovery::of(app, live.as_ref().map(|live| &live.organization)))
}

/// Where to sign in to the organization with this slug. `_300` unless there is one that lets people in.
pub async fn discover_by_slug(app: &Arc<Tenant>, cx: &Cx, slug: &str) -> Result<Discovery> {
    // An id names no organization here: it would tell of closed ones.
    let live = find_named(app, cx, slug).await?.filter(|live| live.organization.slug.as_str() == slug);
    let is_shown = |o: &Organization| {
        o.state != OrganizationState::Deleting && o.registration_mode != RegistrationMode::Closed
    };
    match live.filter(|live| is_shown(&live.organization)) {
        Some(live) => Ok(Discovery::of(app, Some(&live.organization))),
        None => Err(Error::new(Code::OrganizationNotFound)),
    }
}

/// The organization that has verified the domain of an address and leads those who sign in with it to itself; none for
/// any other domain, and none while it is about to be deleted. Warm, it asks no database.
pub async fn discover(app: &Arc<Tenant>, cx: &Cx, email: &Email) -> Result<Option<Arc<LiveOrganization>>> {
    let Some(domain) = routing_domain(email) else { return Ok(None) };
    let Some(id) = route(app, cx, domain).await? else { return Ok(None) };
    let live = find(app, cx, id).await?;
    Ok(live.filter(|live| is_home(&live.organization)))
}

/// The same as of a transaction.
pub(crate) fn discover_in(tx: &mut IdentityTx<'_>, email: &Email) -> Result<Option<Organization>> {
    let Some(domain) = routing_domain(email) else { return Ok(None) };
    let Some(id) = domains::routed_organization(tx, domain)? else { return Ok(None) };
    Ok(organizations::find(tx, id)?.filter(is_home))
}

/// The domain of an address that may lead somewhere. The list of providers grows: one that somebody had proven before leads
/// nowhere any more.
fn routing_domain(email: &Email) -> Option<&str> {
    Some(email.domain()).filter(|domain| !is_mailbox_provider(domain))
}

/// Whether people are led to it.
fn is_home(organization: &Organization) -> bool {
    organization.state != OrganizationState::Deleting
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
