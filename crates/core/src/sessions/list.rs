//! Lists of active sessions, newest first.

use avnology_model::{
    Error, Result, Timestamp,
    ids::{IdentityId, SessionId},
    sessions::Session,
};
use avnology_store::{IdentityTx, identities::identities, sessions::sessions};

use super::{LiveSession, SessionView};
use crate::{Cx, Tenant, platform::SettingsVersion};

/// Where a page of sessions ends: begin and id of its last one.
pub(crate) type Position = (Timestamp, SessionId);

/// A page of sessions.
#[derive(Clone, Debug)]
pub struct SessionPage {
    /// The sessions.
    pub sessions: Vec<SessionView>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<(Timestamp, SessionId)>,
}

/// The caller's own active sessions.
pub async fn list_own(
    app: &Tenant,
    cx: &Cx,
    live: &LiveSession,
    after: Option<(Timestamp, SessionId)>,
    page_size: u32,
) -> Result<SessionPage> {
    let (settings, cx, identity) = (app.settings(), cx.clone(), live.identity.id);
    let current = live.id();
    let mut page =
        app.store.identity().read(move |tx| page_of(tx, &cx, &settings, identity, after, page_size)).await?;
    for session in &mut page.sessions {
        session.current = Some(session.id == current);
    }
    Ok(page)
}

/// A page of an identity's active sessions.
pub(crate) fn page_of(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    settings: &SettingsVersion,
    identity: IdentityId,
    after: Option<Position>,
    page_size: u32,
) -> Result<SessionPage> {
    let identity = identities::find(tx, identity)?.ok_or_else(Error::not_found)?;
    let idle = i64::from(settings.settings.session_policy.idle_timeout_seconds);
    let used_after = cx.now.plus_seconds(-idle);
    let mut rows: Vec<Session> =
        sessions::active_of(tx, identity.id, cx.now, used_after, after, page_size.saturating_add(1))?;
    let size = usize::try_from(page_size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|s| (s.issued_at, s.id));
    let sessions =
        rows.iter().map(|s| SessionView::of(s, &identity, settings, cx.now).in_list(None)).collect();
    Ok(SessionPage { sessions, next })
}
