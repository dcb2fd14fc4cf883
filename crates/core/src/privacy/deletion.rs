//! Asking for the deletion of one's own account, and keeping it after all (`contract/10` §9.2).

use avnology_model::{
    Code, Error, Result, Timestamp,
    events::EventType,
    identities::{Identity, IdentityState},
    ids::{DeletionId, IdentityId},
    privacy::{DeletionReason, DeletionRequest, DeletionStatus},
    secret_token::{SecretKind, SecretToken},
    sessions::RevokeReason,
    text::lines,
};
use avnology_store::{
    IdentityTx,
    flows::links::{self, Link},
    identities::identities,
    organizations::{memberships, organizations},
    privacy::deletions as rows,
    sessions::sessions as session_rows,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::receipt_url;
use crate::{
    Cx, Tenant,
    events::{emit, seal},
    identities::{Notice, cancel_scheduled, keep_last_admin, keep_owned, new_request, schedule},
    sessions::{self, LiveSession},
};

const DAY: i64 = 24 * 60 * 60;
/// Longest note.
const NOTE: usize = 1_000;
/// Purpose of the link that cancels a deletion.
const KEEP: &str = "cancel_deletion";

/// What is asked for.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DeletionOrder {
    /// Why.
    pub reason: DeletionReason,
    /// In one's own words, up to 1,000 characters.
    pub note: Option<String>,
    /// Whether all sessions end now.
    pub revoke_sessions: bool,
    /// Whether a new sign-in cancels the deletion.
    #[schema(default = true)]
    pub cancel_on_login: bool,
}

impl Default for DeletionOrder {
    fn default() -> Self {
        Self { reason: DeletionReason::Other, note: None, revoke_sessions: false, cancel_on_login: true }
    }
}

/// A deletion that was just scheduled.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScheduledDeletion {
    /// Id.
    #[schema(value_type = String)]
    pub id: DeletionId,
    /// `scheduled`.
    pub status: DeletionStatus,
    /// When the account goes.
    #[schema(value_type = String, format = DateTime)]
    pub scheduled_for: Timestamp,
    /// Whoever opens this page can keep the account; it works once.
    pub cancel_url: String,
    /// Where the receipt will be once everything is gone. Keep it: nothing else leads there then.
    pub receipt_url: String,
}

/// A deletion.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeletionRequest)]
pub struct DeletionView {
    /// Id.
    #[schema(value_type = String)]
    pub id: DeletionId,
    /// Where it stands.
    pub status: DeletionStatus,
    /// Why.
    pub reason: DeletionReason,
    /// In the person's own words.
    pub note: Option<String>,
    /// Whether all sessions ended.
    pub revoke_sessions: bool,
    /// Whether a new sign-in cancels it.
    pub cancel_on_login: bool,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// When the account goes.
    #[schema(value_type = String, format = DateTime)]
    pub scheduled_for: Timestamp,
    /// When it was cancelled.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finish_time: Option<Timestamp>,
    /// Where the receipt will be once everything is gone.
    pub receipt_url: String,
}

impl DeletionView {
    fn of(app: &Tenant, request: DeletionRequest) -> Self {
        Self {
            receipt_url: receipt_url(app, request.id),
            id: request.id,
            status: request.status,
            reason: request.reason,
            note: request.note,
            revoke_sessions: request.revoke_sessions,
            cancel_on_login: request.cancel_on_login,
            create_time: request.create_time,
            scheduled_for: request.scheduled_for,
            finish_time: request.finish_time,
        }
    }
}

/// The link that cancels a deletion, drawn before the transaction.
#[derive(Clone)]
pub(crate) struct KeepLink {
    token: SecretToken,
    pub(crate) url: String,
}

/// Draws a link that cancels a deletion.
pub(crate) fn draw_keep_link(app: &Tenant, cx: &Cx) -> KeepLink {
    let token = cx.secret(SecretKind::Link);
    let url = format!("{}/account/privacy/deletion?token={}", app.config.origin(), token.expose());
    KeepLink { token, url }
}

impl KeepLink {
    /// Makes the link work until the account goes.
    pub(crate) fn insert(
        &self,
        tx: &mut IdentityTx<'_>,
        identity: IdentityId,
        deletion: DeletionId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<()> {
        let link = Link { identity_id: identity, data: json!({ "deletion_id": deletion }) };
        links::insert(tx, &self.token.hash(), KEEP, &link, now, until)
    }
}

/// Schedules the deletion of the caller's own account and tells them by mail. `_902`; `_110` without a fresh sign-in, `_006`
/// without the second factor they have; `_305` while they alone own an organization or run the platform; `_801` when one is
/// scheduled.
pub async fn request(
    app: &Tenant,
    cx: &Cx,
    live: &LiveSession,
    order: DeletionOrder,
) -> Result<ScheduledDeletion> {
    let settings = app.settings();
    live.check_privileged(&settings.settings, cx.now)?;
    let id = live.identity.id;
    let note = order.note.as_deref().map(|note| lines(note, NOTE)).transpose();
    let note = note.map_err(|(code, message)| Error::field("note", code, message))?;
    let grace = i64::from(settings.settings.deletion_grace_days) * DAY;
    let request = DeletionRequest {
        reason: order.reason,
        note: note.filter(|note| !note.is_empty()),
        revoke_sessions: order.revoke_sessions,
        cancel_on_login: order.cancel_on_login,
        ..new_request(cx, id, grace)
    };
    let keep = draw_keep_link(app, cx);
    let address = live.identity.email.clone().unwrap_or_default();
    let sealed = seal(&app.keys, &address, None, Some(&keep.url))?;
    let notice = Notice { receipt_url: receipt_url(app, request.id), sealed_link: Some(sealed) };
    let answer = ScheduledDeletion {
        id: request.id,
        status: request.status,
        scheduled_for: request.scheduled_for,
        cancel_url: keep.url.clone(),
        receipt_url: notice.receipt_url.clone(),
    };
    let cx = cx.clone();
    let hashes = app.store.identity().write(move |tx| {
        let mut identity = identities::get(tx, id)?;
        if identity.email.clone().unwrap_or_default() != address {
            // The mail was sealed for another address; asked again, it goes to the new one.
            return Err(Error::unavailable("the address was changed in this moment"));
        }
        if let Some(deletion) = &identity.deletion {
            return Err(Error::new(Code::JobRunning).with_member("id", deletion.id.to_string()));
        }
        keep_last_admin(tx, id)?;
        keep_owned(tx, id)?;
        schedule(tx, &cx, &mut identity, &request, &notice)?;
        keep.insert(tx, id, request.id, cx.now, request.scheduled_for)?;
        let payload = json!({ "deletion_id": request.id, "user_id": id, "reason": request.reason });
        let event = cx.event(EventType::PrivacyDeletionRequested, payload);
        emit(tx, &event.on("deletion", &request.id).on("identity", &id))?;
        if request.revoke_sessions {
            return sessions::end_all(tx, &cx, id, None, RevokeReason::Deactivated);
        }
        session_rows::token_hashes_of(tx, id)
    });
    app.sessions.forget(&hashes.await?);
    Ok(answer)
}

/// One of the caller's own deletions. `_901`.
pub async fn get(app: &Tenant, live: &LiveSession, id: DeletionId) -> Result<DeletionView> {
    let owner = live.identity.id;
    let request = app.store.identity().read(move |tx| own(tx, owner, id)).await?;
    Ok(DeletionView::of(app, request))
}

fn own(tx: &mut IdentityTx<'_>, owner: IdentityId, id: DeletionId) -> Result<DeletionRequest> {
    rows::find(tx, id)?.filter(|request| request.identity_id == Some(owner)).ok_or_else(Error::not_found)
}

/// Keeps the caller's own account. `_901`; `_800` when that deletion is not scheduled, or is not theirs to cancel.
pub async fn cancel(app: &Tenant, cx: &Cx, live: &LiveSession, id: DeletionId) -> Result<DeletionView> {
    let (owner, cx) = (live.identity.id, cx.clone());
    let (request, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let request = own(tx, owner, id)?;
            let mut identity = identities::get(tx, owner)?;
            if !request.is_own || !is_scheduled(&identity, id) {
                return Err(Error::new(Code::DeletionFinal));
            }
            cancel_scheduled(tx, &cx, &mut identity, "self")?;
            Ok((own(tx, owner, id)?, session_rows::token_hashes_of(tx, owner)?))
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(DeletionView::of(app, request))
}

fn is_scheduled(identity: &Identity, id: DeletionId) -> bool {
    identity.state == IdentityState::ScheduledDeletion
        && identity.deletion.as_ref().is_some_and(|deletion| deletion.id == id)
}

/// Whether the caller can cancel this deletion of their own account: they asked for it.
pub async fn may_cancel(app: &Tenant, live: &LiveSession, id: DeletionId) -> Result<bool> {
    let owner = live.identity.id;
    let found = app.store.identity().read(move |tx| rows::find(tx, id)).await?;
    Ok(found.is_some_and(|request| request.identity_id == Some(owner) && request.is_own))
}

/// The organizations that the caller alone owns, by name and slug.
pub async fn solely_owned(app: &Tenant, live: &LiveSession) -> Result<Vec<(String, String)>> {
    let person = live.identity.id;
    app.store
        .identity()
        .read(move |tx| {
            let mut owned = Vec::new();
            for id in memberships::solely_owned(tx, person)? {
                let found = organizations::find(tx, id)?;
                owned.extend(found.map(|organization| (organization.name, organization.slug.to_string())));
            }
            Ok(owned)
        })
        .await
}

/// What a mailed link would keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelLink {
    /// The address of the account.
    pub email: Option<String>,
    /// When it goes.
    pub scheduled_for: Timestamp,
}

fn token(text: &str) -> Option<SecretToken> {
    SecretToken::parse(text).filter(|token| token.kind() == SecretKind::Link)
}

/// The deletion that a link cancels.
fn of_link(tx: &mut IdentityTx<'_>, link: &Link) -> Result<Option<(Identity, DeletionId)>> {
    let id = link.data.get("deletion_id").and_then(|id| id.as_str()).and_then(|id| id.parse().ok());
    let Some(id) = id else { return Ok(None) };
    let identity = identities::find(tx, link.identity_id)?;
    Ok(identity.filter(|identity| is_scheduled(identity, id)).map(|identity| (identity, id)))
}

/// What a mailed link would keep; `None` when it is unknown, too old or used. Nothing changes.
pub async fn peek_link(app: &Tenant, cx: &Cx, text: &str) -> Result<Option<CancelLink>> {
    let Some(token) = token(text) else { return Ok(None) };
    let (hash, now) = (token.hash(), cx.now);
    app.store
        .identity()
        .read(move |tx| {
            let Some(link) = links::find(tx, &hash, KEEP, now)? else { return Ok(None) };
            let found = of_link(tx, &link)?;
            Ok(found.and_then(|(identity, _)| {
                let scheduled_for = identity.deletion.as_ref()?.scheduled_for;
                Some(CancelLink { email: identity.email, scheduled_for })
            }))
        })
        .await
}

/// Keeps an account by the link that was mailed. `false` when it is unknown, too old or used, or the account is not about
/// to go.
pub async fn cancel_by_link(app: &Tenant, cx: &Cx, text: &str) -> Result<bool> {
    let Some(token) = token(text) else { return Ok(false) };
    let (hash, cx) = (token.hash(), cx.clone());
    let hashes = app
        .store
        .identity()
        .write(move |tx| {
            let Some(link) = links::take(tx, &hash, KEEP, cx.now)? else { return Ok(None) };
            let Some((mut identity, _)) = of_link(tx, &link)? else { return Ok(None) };
            cancel_scheduled(tx, &cx, &mut identity, "link")?;
            session_rows::token_hashes_of(tx, identity.id).map(Some)
        })
        .await?;
    let done = hashes.is_some();
    app.sessions.forget(&hashes.unwrap_or_default());
    Ok(done)
}
