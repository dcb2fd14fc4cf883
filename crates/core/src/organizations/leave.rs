//! Leaving an organization.

use std::sync::Arc;

use avnology_model::{Code, Error, Result, ids::OrganizationId};
use avnology_store::organizations::memberships;

use super::{find_named, members::forget, membership};
use crate::{Cx, Tenant, sessions::LiveSession};

/// Ends the caller's membership in the organization named by id or slug, whatever the state of either; the organization's
/// id. `_302` for anybody who is no member, whether there is such an organization or not; `_305` for the last owner.
pub async fn leave(app: &Arc<Tenant>, cx: &Cx, live: &LiveSession, name: &str) -> Result<OrganizationId> {
    let found = find_named(app, cx, name).await?;
    let id = found.ok_or_else(|| Error::new(Code::NotAMember))?.id();
    let (cx2, caller) = (cx.clone(), live.identity.id);
    let hashes = app
        .store
        .identity()
        .write(move |tx| {
            let present =
                memberships::of_person(tx, id, caller)?.ok_or_else(|| Error::new(Code::NotAMember))?;
            membership::remove(tx, &cx2, &present, "left")
        })
        .await?;
    forget(app, id, caller, &hashes);
    Ok(id)
}
