//! Administrators see and end other people's sessions.

use avnology_model::{
    Error, Result, Timestamp,
    events::EventType,
    ids::{IdentityId, SessionId},
    sessions::RevokeReason,
};
use avnology_store::sessions::sessions as session_rows;
use serde_json::json;

use super::reach;
use crate::{
    Cx, Tenant,
    events::emit,
    sessions::{SessionPage, end_all, end_one, page_of},
};

/// The active sessions of an identity, newest first; reading them is recorded. `_901`.
pub async fn list(
    app: &Tenant,
    cx: &Cx,
    id: IdentityId,
    after: Option<(Timestamp, SessionId)>,
    page_size: u32,
) -> Result<SessionPage> {
    let (cx, settings) = (cx.clone(), app.settings());
    app.store
        .identity()
        .write(move |tx| {
            reach::manage(tx, &cx, id)?;
            let page = page_of(tx, &cx, &settings, id, after, page_size)?;
            emit(tx, &cx.event(EventType::UserSessionsRead, json!({ "user_id": id })).on("identity", &id))?;
            Ok(page)
        })
        .await
}

/// Ends all sessions of an identity. `_901`.
pub async fn revoke_all(app: &Tenant, cx: &Cx, id: IdentityId) -> Result<()> {
    let cx = cx.clone();
    let hashes = app
        .store
        .identity()
        .write(move |tx| {
            reach::manage(tx, &cx, id)?;
            end_all(tx, &cx, id, None, RevokeReason::Admin)
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(())
}

/// Ends one session of an identity. `_901` when it is not theirs or has ended.
pub async fn revoke(app: &Tenant, cx: &Cx, id: IdentityId, session: SessionId) -> Result<()> {
    let cx = cx.clone();
    let hashes = app
        .store
        .identity()
        .write(move |tx| {
            reach::manage(tx, &cx, id)?;
            let found =
                session_rows::find(tx, session)?.filter(|s| s.identity_id == id && s.expires_at > cx.now);
            found.ok_or_else(Error::not_found)?;
            end_one(tx, &cx, session, id, RevokeReason::Admin)?.ok_or_else(Error::not_found)
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(())
}
