//! Administrators who act as another person (`contract/30` §4.6).

use std::sync::Arc;

use avnology_model::{
    Result,
    clients::{Grant, GrantedRights},
    events::{Actor, EventType},
    identities::{Identity, IdentityState},
    ids::{IdentityId, OrganizationId},
    permissions::PlatformRole,
    sessions::Aal,
    text::line,
};
use avnology_oauth::{ErrorCode, dpop::Proof, token_request::Exchange, tokens::actor};
use avnology_store::{identities::identities, permissions::tuples, sessions::sessions};
use serde_json::json;

use super::{
    super::{LiveClient, Refusal, TokenResponse, known::LiveToken, oauth_error::refuse},
    Made, OFFLINE, OfPerson, Whose, for_person, grant_until, is_private, place, unacceptable,
};
use crate::{Cx, Tenant, events::emit};

/// Longest life of such a token, in seconds.
const LONGEST: i64 = 3_600;
/// Most characters of a reason.
const REASON: usize = 500;

/// Whom an administrator may act as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Everybody.
    Anybody,
    /// Those that this organization manages, there alone.
    Managed(OrganizationId),
}

fn denied(why: &'static str) -> Refusal {
    refuse(ErrorCode::AccessDenied, why)
}

/// Gives a client a token by which an administrator acts as another person, and tells of it.
pub(super) async fn impersonate(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &Arc<LiveClient>,
    (asked, proof): (&Exchange, Option<&Proof>),
    acting: &LiveToken,
) -> Result<TokenResponse, Refusal> {
    if !live.client.settings.token_exchange.may_impersonate {
        return Err(refuse(ErrorCode::UnauthorizedClient, "the client may not impersonate"));
    }
    let reason =
        line(asked.reason.as_deref().unwrap_or_default(), REASON).ok().filter(|text| !text.is_empty());
    let reason = reason.ok_or_else(|| unacceptable("reason must have 1 to 500 characters"))?;
    let id = asked.subject_token.parse::<IdentityId>();
    let id = id.map_err(|_| unacceptable("subject_token is no id of an identity"))?;
    let Some((grant, administrator)) = &acting.known.person else {
        return Err(denied("only a person can act as another one"));
    };
    check_session(app, cx, grant).await?;
    let (person, reach) = allowed(app, acting, administrator, id).await?;
    let wanted = live.rules.scopes.filtered(|scope| scope != OFFLINE && !is_private(scope));
    let wanted = match &asked.scope {
        None => wanted,
        Some(scopes) => scopes.narrowed_from(&wanted)?,
    };
    let begin = live.issues_at(cx.now);
    let end = begin.plus_seconds(LONGEST.min(i64::from(live.client.settings.access_token_ttl_seconds)));
    let at_first = match reach {
        Reach::Anybody => None,
        Reach::Managed(organization) => Some(organization),
    };
    let whose = Whose { identity: &person.0, signed_in: &grant.rights.signed_in, organization: at_first };
    let place = place(app, cx, live, whose, asked.organization_id.as_deref()).await?;
    let organization = place.as_ref().map(|place| place.organization.id());
    if matches!(reach, Reach::Managed(own) if organization != Some(own)) {
        return Err(denied("an owner acts in the own organization alone"));
    }
    let rights = GrantedRights {
        scopes: wanted.iter().map(str::to_owned).collect(),
        resources: asked.audiences.clone(),
        dpop_jkt: None,
        ..grant.rights.clone()
    };
    // It ends when the administrator signs out.
    let new = grant_until(cx, live, end, (id, grant.session_id, organization), rights);
    let of = OfPerson { identity: person.0, platform: person.1, grant: new, is_new: true, organization };
    let act = actor(&administrator.id.to_string(), None);
    let (place, end_at) = (place.as_ref(), end.seconds());
    let made = Made { person: &of, place, wanted: &wanted, act: &act, proof, end: end_at };
    // It is told before it can be used.
    let payload = json!({
        "user_id": id, "actor_id": administrator.id, "reason": reason, "expires_at": end,
    });
    let mut by = cx.clone();
    by.actor = Actor::identity(administrator.id, Some(grant.session_id));
    let event = by.event(EventType::OauthImpersonationStarted, payload).on("identity", &id);
    let event = event.on("client", &live.id());
    let event = match organization {
        Some(organization) => event.in_organization(organization),
        None => event,
    };
    app.store.identity().write(move |tx| emit(tx, &event)).await?;
    for_person(app, &by, live, asked, made).await
}

/// The administrator is signed in still, by two factors.
async fn check_session(app: &Tenant, cx: &Cx, grant: &Grant) -> Result<(), Refusal> {
    if grant.rights.signed_in.aal < Aal::Aal2 {
        return Err(denied("the administrator has to sign in by two factors"));
    }
    let (id, now) = (grant.session_id, cx.now);
    let session = app.store.identity().read(move |tx| sessions::find(tx, id)).await?;
    if session.is_some_and(|session| session.revoked_at.is_none() && session.expires_at > now) {
        return Ok(());
    }
    Err(unacceptable("the session of actor_token is over"))
}

/// The person whom an administrator may act as, and how far. Who acts for somebody else may act as nobody; an owner not as
/// somebody of the platform.
async fn allowed(
    app: &Tenant,
    acting: &LiveToken,
    administrator: &Identity,
    id: IdentityId,
) -> Result<((Identity, Option<PlatformRole>), Reach), Refusal> {
    if acting.known.said.is_by_another_person() {
        return Err(denied("who acts for somebody else may act as nobody"));
    }
    let own = administrator.id;
    let read = app.store.identity().read(move |tx| {
        let found = identities::find(tx, id)?;
        Ok((found, tuples::platform_role(tx, id)?, tuples::platform_role(tx, own)?))
    });
    let (found, role, own_role) = read.await?;
    let found = found.filter(|found| found.state == IdentityState::Active && found.id != own);
    let owned = acting.place.as_ref().filter(|place| place.member.membership.role.is_owner());
    let owned = owned.map(|place| place.organization.id());
    let reach = match (own_role, owned) {
        (Some(PlatformRole::Admin), _) => Some(Reach::Anybody),
        (_, Some(organization)) => Some(Reach::Managed(organization)),
        _ => None,
    };
    let is_within = |found: &Identity| match reach {
        Some(Reach::Anybody) => true,
        Some(Reach::Managed(organization)) => found.managed_by == Some(organization) && role.is_none(),
        None => false,
    };
    match (found.filter(is_within), reach) {
        (Some(found), Some(reach)) => Ok(((found, role), reach)),
        _ => Err(denied("the administrator may not act as this identity")),
    }
}
