//! Acting for another organization: session and cookie together.

use std::sync::Arc;

use avnology_core::sessions::{self, LiveSession};
use avnology_http::{Access, Auth, Reply, Response, SeeOther, cookies};
use avnology_model::Result;

/// Makes the organization named by id or slug the active one, and goes to `to`, or else to its overview.
pub(super) async fn enter<A: Access>(
    auth: &Auth<A>,
    live: &Arc<LiveSession>,
    name: &str,
    to: Option<&str>,
) -> Result<Response> {
    let (_, acting) = sessions::switch_organization(&auth.app, &auth.cx, live, Some(name)).await?;
    let Some(acting) = acting else { return Ok(SeeOther("/account".to_owned()).respond()) };
    let overview = format!("/organizations/{}", acting.organization.organization.slug);
    let to = SeeOther(to.map_or(overview, str::to_owned));
    Ok(to.with_cookie(cookies::set_organization(&auth.app, acting.id())).respond())
}

/// Makes none the active one, and goes to the account.
pub(super) async fn be_personal<A: Access>(auth: &Auth<A>, live: &Arc<LiveSession>) -> Result<Response> {
    sessions::switch_organization(&auth.app, &auth.cx, live, None).await?;
    let to = SeeOther("/account".to_owned());
    Ok(to.with_cookie(cookies::clear_organization(&auth.app)).respond())
}
