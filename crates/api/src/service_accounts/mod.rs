//! Service accounts and API keys: `/v1/service-accounts` and `/v1/organizations/{id}/api-keys` (`contract/20` §15).

mod accounts;
mod keys;
mod organization_keys;

use avnology_core::{organizations, service_accounts::Keeper};
use avnology_http::{Auth, Caller, Route, ScopeMarker, Scoped};
use avnology_model::{Code, Result, ids::IdentityId};

pub(crate) fn routes() -> Vec<Route> {
    [accounts::routes(), keys::routes(), organization_keys::routes()].into_iter().flatten().collect()
}

/// Whose accounts the request is about: those of its organization, or of the one that is `named` in its body or query, or
/// else the tenant's. `_303` when the two differ, `_300` for a name that is nobody's.
async fn keeper<S: ScopeMarker>(auth: &Auth<Scoped<S>>, named: Option<&str>) -> Result<Keeper> {
    let person = person(&auth.caller);
    let (acting, named) = match (auth.organization_scope(), named) {
        (None, None) => return Ok(Keeper::of_tenant(auth.caller.scopes_in_tenant(), person)),
        (Some(acting), None) => return Ok(Keeper::of_organization(acting, person)),
        (acting, Some(named)) => (acting, named),
    };
    let Some(acting) = acting else {
        // Only the platform comes as far as this in tenant scope.
        let organization = organizations::get_named(&auth.app, &auth.cx, named).await?;
        let acting = auth.caller.acting_in(&auth.app, auth.cx.now, organization).await?;
        acting.check_scope(S::SCOPE)?;
        return Ok(Keeper::of_organization(&acting.into(), person));
    };
    let is_same = organizations::find_named(&auth.app, &auth.cx, named)
        .await?
        .is_some_and(|organization| organization.id() == acting.id());
    if is_same { Ok(Keeper::of_organization(acting, person)) } else { Err(Code::OrganizationMismatch.into()) }
}

fn person(caller: &Caller) -> Option<IdentityId> {
    caller.session().map(|live| live.identity.id)
}
