//! `/v1/audit`: the log of an organization or of the tenant (`contract/70` §3).

mod events;
mod exports;
mod verify;

use std::sync::Arc;

use avnology_core::{audit::Place, organizations};
use avnology_http::{Auth, Route, ScopeMarker, Scoped};
use avnology_model::{Code, Result};

pub(crate) fn routes() -> Vec<Route> {
    [events::routes(), exports::routes(), verify::routes()].into_iter().flatten().collect()
}

/// Whose log the request is about: that of its organization, or of the one that is `named`, or else the tenant's. `_303` when
/// the two differ, `_300` for a name that is nobody's.
async fn place<S: ScopeMarker>(auth: &Auth<Scoped<S>>, named: Option<&str>) -> Result<Place> {
    let (acting, named) = match (auth.organization_scope(), named) {
        (None, None) => return Ok(Place::of_tenant()),
        (Some(acting), None) => return Ok(Place::of_organization(acting)),
        (acting, Some(named)) => (acting, named),
    };
    let Some(acting) = acting else {
        // Only the platform comes as far as this in tenant scope.
        let organization = organizations::get_named(&auth.app, &auth.cx, named).await?;
        let acting = auth.caller.acting_in(&auth.app, auth.cx.now, organization).await?;
        acting.check_scope(S::SCOPE)?;
        return Ok(Place::of_organization(&Arc::new(acting)));
    };
    let found = organizations::find_named(&auth.app, &auth.cx, named).await?;
    if found.is_some_and(|organization| organization.id() == acting.id()) {
        Ok(Place::of_organization(acting))
    } else {
        Err(Code::OrganizationMismatch.into())
    }
}
