//! Acting for another organization without signing in again (`contract/10` §8.4).

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    events::{Event, EventType},
    ids::OrganizationId,
};
use avnology_store::sessions::sessions;
use serde_json::json;

use super::{LiveSession, SessionView};
use crate::{
    Cx, Tenant,
    events::emit,
    organizations::{self, Acting},
};

/// Makes the organization named by id or slug, or none, the active one of the caller's session: session, token and
/// authentication stay. `_302` for anybody who is no member, `_310` and `_312` by the organization's state, `_006` and
/// `_110` when it asks for more than the session has.
pub async fn switch_organization(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveSession,
    to: Option<&str>,
) -> Result<(SessionView, Option<Arc<Acting>>)> {
    let acting = match to {
        Some(name) => Some(Arc::new(enter(app, cx, live, name).await?)),
        None => None,
    };
    let target = acting.as_deref().map(Acting::id);
    let from = live.session.organization_id;
    if target != from {
        let (id, identity, cx) = (live.id(), live.identity.id, cx.clone());
        let hashes = app
            .store
            .identity()
            .write(move |tx| {
                if !sessions::switch(tx, id, target)? {
                    return Err(Error::new(Code::SessionInvalid));
                }
                let payload = json!({ "session_id": id, "user_id": identity, "from": from, "to": target });
                let event =
                    in_either(cx.event(EventType::SessionOrganizationSwitched, payload), target.or(from));
                emit(tx, &event.on("session", &id).on("identity", &identity))?;
                sessions::token_hashes(tx, id)
            })
            .await?;
        app.sessions.forget(&hashes);
    }
    let view = SessionView::of_live(live, &app.settings(), cx.now).acting(acting.as_deref());
    Ok((view, acting))
}

async fn enter(app: &Arc<Tenant>, cx: &Cx, live: &LiveSession, name: &str) -> Result<Acting> {
    let found = organizations::find_named(app, cx, name).await?;
    let missing =
        if live.platform_scopes().is_some() { Code::OrganizationNotFound } else { Code::NotAMember };
    let organization = found.ok_or_else(|| Error::new(missing))?;
    let acting = Acting::session(app, cx.now, organization, live).await?;
    if !acting.is_platform() {
        organizations::check_state(acting.organization.organization.state)?;
        organizations::check_rules(&acting.organization, live, cx.now)?;
    }
    Ok(acting)
}

/// The event in the organization that was entered, or else the one that was left.
fn in_either(event: Event, organization: Option<OrganizationId>) -> Event {
    match organization {
        Some(organization) => event.in_organization(organization),
        None => event,
    }
}
