//! Acting for another organization without signing in again (`contract/10` §8.4).

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    events::{Event, EventType},
    identities::Realm,
    ids::OrganizationId,
    sessions::Session,
};
use avnology_store::{IdentityTx, sessions::sessions};
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
        Some(name) => Some(Arc::new(may_enter(app, cx, live, name).await?)),
        // In a strict tenant there is no account without an organization.
        None if live.identity.realm != Realm::Tenant => return Err(Error::new(Code::NotAMember)),
        None => None,
    };
    let target = acting.as_deref().map(Acting::id);
    if target != live.session.organization_id {
        let (session, cx) = (live.session.clone(), cx.clone());
        let hashes = app
            .store
            .identity()
            .write(move |tx| {
                let mut session = session.clone();
                enter(tx, &cx, &mut session, target)?;
                sessions::token_hashes(tx, session.id)
            })
            .await?;
        app.sessions.forget(&hashes);
    }
    let view = SessionView::of_live(live, &app.settings(), cx.now).acting(acting.as_deref());
    Ok((view, acting))
}

/// Makes an organization, or none, the active one of a session. `_005` when it is over.
pub(crate) fn enter(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    session: &mut Session,
    to: Option<OrganizationId>,
) -> Result<()> {
    let from = session.organization_id;
    if from == to {
        return Ok(());
    }
    if !sessions::switch(tx, session.id, to)? {
        return Err(Error::new(Code::SessionInvalid));
    }
    let payload = json!({ "session_id": session.id, "user_id": session.identity_id, "from": from, "to": to });
    let event = in_either(cx.event(EventType::SessionOrganizationSwitched, payload), to.or(from));
    emit(tx, &event.on("session", &session.id).on("identity", &session.identity_id))?;
    session.organization_id = to;
    Ok(())
}

async fn may_enter(app: &Arc<Tenant>, cx: &Cx, live: &LiveSession, name: &str) -> Result<Acting> {
    let found = organizations::find_named(app, cx, name).await?;
    let missing =
        if live.platform_scopes().is_some() { Code::OrganizationNotFound } else { Code::NotAMember };
    let organization = found.ok_or_else(|| Error::new(missing))?;
    let acting = Acting::session(app, cx.now, organization, live).await?;
    if !acting.is_platform() {
        organizations::check_state(acting.organization.organization.state)?;
        let checked = organizations::check_rules(&acting.organization, live, cx.now);
        checked.map_err(|error| error.with_member("organization_id", acting.id().to_string()))?;
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
