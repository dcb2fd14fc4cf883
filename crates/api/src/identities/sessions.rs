//! Other people's sessions (`contract/10` §3).

use avnology_core::identities as people;
use avnology_http::{Auth, Json, List, NoContent, Path1, Path2, Route, Scoped, scopes};
use avnology_model::{
    Result,
    events::EventType,
    ids::{IdentityId, SessionId},
};

use crate::sessions::{SessionList, after, shown};

async fn list(
    auth: Auth<Scoped<scopes::SessionsRead>>,
    (Path1(id), list): (Path1<IdentityId>, List),
) -> Result<Json<SessionList>> {
    let page = people::list_sessions(&auth.app, &auth.cx, id, after(&list)?, list.page_size).await?;
    Ok(Json(shown(&auth.app, auth.cx.now, &list, page)))
}

async fn revoke_all(
    auth: Auth<Scoped<scopes::SessionsWrite>>,
    Path1(id): Path1<IdentityId>,
) -> Result<NoContent> {
    people::revoke_sessions(&auth.app, &auth.cx, id).await?;
    Ok(NoContent)
}

async fn revoke(
    auth: Auth<Scoped<scopes::SessionsWrite>>,
    Path2(id, session): Path2<IdentityId, SessionId>,
) -> Result<NoContent> {
    people::revoke_session(&auth.app, &auth.cx, id, session).await?;
    Ok(NoContent)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/identities/{id}/sessions", list)
            .operation_id("listIdentitySessions")
            .summary("List the active sessions of an identity")
            .tag("sessions")
            .answers::<SessionList>(200, "One page of sessions, newest first."),
        Route::delete("/v1/identities/{id}/sessions", revoke_all)
            .operation_id("revokeIdentitySessions")
            .records(EventType::SessionRevoked)
            .summary("End all sessions of an identity")
            .tag("sessions")
            .answers_empty(204),
        Route::delete("/v1/identities/{id}/sessions/{session_id}", revoke)
            .operation_id("revokeIdentitySession")
            .records(EventType::SessionRevoked)
            .summary("End one session of an identity")
            .tag("sessions")
            .answers_empty(204),
    ]
}
