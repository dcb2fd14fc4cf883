//! `/v1/sessions`: the caller's own sessions, and checking a token (`contract/10` §8).

mod devices;
mod tokenize;

use std::sync::Arc;

use avnology_aip::Key;
use avnology_core::{
    Tenant,
    sessions::{self, SessionPage, SessionView, Verified},
};
use avnology_http::{
    AnySession, Auth, Body, HeaderName, Json, JsonBytes, List, NoContent, NoInput, Path1, Query, Reply,
    Response, Route, SignedIn, TenantScoped, Visitor, cookies, drop_session, scopes, step_up::with_step_up,
};
use avnology_model::{Code, Error, FieldCode, Result, Timestamp, ids::SessionId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::tokenize::WhoamiParams;

/// A page of sessions.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionList {
    sessions: Vec<SessionView>,
    next_page_token: String,
}

/// Where the page asked for begins. `_902` for a filter or an order, which sessions do not take.
pub(crate) fn after(list: &List) -> Result<Option<(Timestamp, SessionId)>> {
    if list.filter.is_some() {
        return Err(Error::field("filter", FieldCode::NotAllowed, "Sessions cannot be filtered."));
    }
    if !list.order_by.is_empty() {
        return Err(Error::field("order_by", FieldCode::NotAllowed, "Sessions come newest first."));
    }
    let bad = || Error::field("page_token", FieldCode::InvalidFormat, "This is no page token of this list.");
    match list.position.as_deref() {
        None => Ok(None),
        Some([Key::Number(at), Key::Text(id)]) => {
            Ok(Some((Timestamp::from_micros(*at), id.parse().map_err(|_| bad())?)))
        }
        Some(_) => Err(bad()),
    }
}

/// A page with its token.
pub(crate) fn shown(app: &Arc<Tenant>, now: Timestamp, list: &List, page: SessionPage) -> SessionList {
    let next = page.next.map(|(at, id)| vec![Key::Number(at.micros()), Key::Text(id.to_string())]);
    SessionList { sessions: page.sessions, next_page_token: list.next_page_token(app, now, next) }
}

/// The caller's own active sessions.
pub(crate) async fn list_own(auth: &Auth<SignedIn>, list: &List) -> Result<Json<SessionList>> {
    let page = sessions::list_own(&auth.app, &auth.cx, auth.session(), after(list)?, list.page_size).await?;
    Ok(Json(shown(&auth.app, auth.cx.now, list, page)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SwitchRequest {
    /// The organization to act for, by id or slug; null for none.
    organization_id: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerifyRequest {
    /// The token to check.
    session_token: String,
}

async fn whoami(auth: Auth<AnySession>, Query(params): Query<WhoamiParams>) -> Result<impl Reply> {
    let live = auth.session();
    let acting = auth.organization_scope().map(|acting| &**acting);
    let body = match params.tokenize {
        None => live.body(&auth.app.settings(), auth.cx.now, acting),
        Some(template) => {
            let view = sessions::view_with_token(&auth.app, &auth.cx, live, acting, template).await?;
            serde_json::to_vec(&view).map_err(Error::internal)?.into()
        }
    };
    let email = live.identity.email.as_deref().filter(|e| e.is_ascii()).unwrap_or_default();
    Ok(JsonBytes(body)
        .with_header(HeaderName::from_static("x-avnology-identity-id"), &live.identity.id.to_string())
        .with_header(HeaderName::from_static("x-avnology-session-id"), &live.id().to_string())
        .with_header(HeaderName::from_static("x-avnology-aal"), live.session.aal.as_str())
        .with_header(HeaderName::from_static("x-avnology-email"), email))
}

async fn list(auth: Auth<SignedIn>, list: List) -> Result<Json<SessionList>> {
    list_own(&auth, &list).await
}

async fn revoke(auth: Auth<SignedIn>, Path1(id): Path1<SessionId>) -> Result<NoContent> {
    sessions::revoke_own(&auth.app, &auth.cx, auth.session(), id).await?;
    Ok(NoContent)
}

async fn revoke_others(auth: Auth<SignedIn>, _: NoInput) -> Result<NoContent> {
    sessions::revoke_others(&auth.app, &auth.cx, auth.session()).await?;
    Ok(NoContent)
}

async fn logout(auth: Auth<Visitor>, _: NoInput) -> Result<Response> {
    if let Some(live) = auth.visitor() {
        sessions::logout(&auth.app, &auth.cx, live).await?;
    }
    let dropped = drop_session(&auth);
    Ok(dropped.into_iter().fold(NoContent.respond(), |reply, cookie| reply.with_cookie(cookie).respond()))
}

async fn switch(auth: Auth<AnySession>, Body(body): Body<SwitchRequest>) -> Result<Response> {
    let live = auth.session();
    let switched =
        sessions::switch_organization(&auth.app, &auth.cx, live, body.organization_id.as_deref()).await;
    let (view, acting) = with_step_up(&auth, live, switched).await?;
    let reply = Json(view);
    if !auth.is_by_cookie() {
        return Ok(reply.respond());
    }
    let cookie = match acting {
        Some(acting) => cookies::set_organization(&auth.app, acting.id()),
        None => cookies::clear_organization(&auth.app),
    };
    Ok(reply.with_cookie(cookie).respond())
}

async fn verify(
    auth: Auth<TenantScoped<scopes::SessionsRead>>,
    Body(body): Body<VerifyRequest>,
) -> Result<Json<Verified>> {
    sessions::verify(&auth.app, &auth.cx, &body.session_token).await.map(Json)
}

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/v1/sessions/whoami", whoami)
            .operation_id("whoami")
            .summary("Read the present session")
            .tag("sessions")
            .answers::<SessionView>(200, "The session.")
            .refuses(&[Code::NotFound]),
        Route::get("/v1/sessions", list)
            .operation_id("listSessions")
            .summary("List one's own active sessions")
            .tag("sessions")
            .answers::<SessionList>(200, "One page of sessions, newest first."),
        Route::delete("/v1/sessions/{id}", revoke)
            .operation_id("revokeSession")
            .summary("End one of one's own sessions")
            .tag("sessions")
            .answers_empty(204),
        Route::delete("/v1/sessions", revoke_others)
            .operation_id("revokeOtherSessions")
            .summary("End all of one's own sessions but the present one")
            .tag("sessions")
            .answers_empty(204),
        Route::post("/v1/sessions:logout", logout)
            .operation_id("logout")
            .summary("Sign out")
            .tag("sessions")
            .answers_empty(204),
        Route::post("/v1/sessions:switchOrganization", switch)
            .operation_id("switchOrganization")
            .summary("Act for another organization")
            .tag("sessions")
            .answers::<SessionView>(200, "The session.")
            .refuses(&[Code::NotAMember, Code::OrganizationSuspended, Code::OrganizationNotReady]),
        Route::post("/v1/sessions:verify", verify)
            .operation_id("verifySession")
            .summary("Check a session token")
            .tag("sessions")
            .answers::<Verified>(200, "Whether the session is active."),
    ];
    routes.extend(tokenize::routes());
    routes.extend(devices::routes());
    routes
}
