//! Keeping the factors: by the person from any session or by the mailed link, by an administrator, and by a sign-in with a
//! factor that was not lost after all.

use avnology_model::{
    Error, Result, Timestamp,
    events::EventType,
    identities::{FactorRecovery, FactorRecoveryState, Identity},
    ids::IdentityId,
    secret_token::{SecretKind, SecretToken},
};
use avnology_store::{
    IdentityTx,
    flows::links::{self, Link},
    identities::{factor_recoveries as rows, identities},
};
use serde_json::json;

use super::{
    FactorRecoveryView,
    notice::{CANCEL, of_link, tell_cancelled},
};
use crate::{Cx, Tenant, events::emit, sessions::LiveSession};

/// Ends a recovery without anything being removed; `false` when it had ended before.
pub(crate) fn cancel_with(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &Identity,
    recovery: &FactorRecovery,
    by: &str,
) -> Result<bool> {
    if !rows::end(tx, recovery.id, FactorRecoveryState::Cancelled, by, cx.now)? {
        return Ok(false);
    }
    emit_ended(tx, cx, recovery, by)?;
    tell_cancelled(tx, cx, identity, recovery)?;
    Ok(true)
}

/// Ends a recovery that nobody completed in time.
pub(super) fn expire(tx: &mut IdentityTx<'_>, cx: &Cx, recovery: &FactorRecovery) -> Result<()> {
    if rows::end(tx, recovery.id, FactorRecoveryState::Expired, "time", cx.now)? {
        emit_ended(tx, cx, recovery, "time")?;
    }
    Ok(())
}

fn emit_ended(tx: &mut IdentityTx<'_>, cx: &Cx, recovery: &FactorRecovery, by: &str) -> Result<()> {
    let payload = json!({ "user_id": recovery.identity_id, "factor_recovery_id": recovery.id, "by": by });
    let event = cx.event(EventType::UserFactorRecoveryCancelled, payload);
    emit(tx, &event.on("identity", &recovery.identity_id))
}

/// A second factor was just used: it is not lost.
pub(crate) fn factor_was_used(tx: &mut IdentityTx<'_>, cx: &Cx, id: IdentityId) -> Result<()> {
    let Some(recovery) = rows::waiting_of(tx, id)? else { return Ok(()) };
    let identity = identities::get(tx, id)?;
    cancel_with(tx, cx, &identity, &recovery, "second_factor").map(drop)
}

/// The recovery of the caller's own factors that waits or can be completed.
pub async fn waiting_of_own(app: &Tenant, cx: &Cx, live: &LiveSession) -> Result<Option<FactorRecoveryView>> {
    let (id, now) = (live.identity.id, cx.now);
    let found = app.store.identity().read(move |tx| rows::waiting_of(tx, id)).await?;
    let found = found.filter(|recovery| recovery.state(now) != FactorRecoveryState::Expired);
    Ok(found.map(|recovery| FactorRecoveryView::for_itself(recovery, now)))
}

/// Keeps the caller's own factors. `_901` when no recovery waits.
pub async fn cancel_own(app: &Tenant, cx: &Cx, live: &LiveSession) -> Result<FactorRecoveryView> {
    let (id, cx) = (live.identity.id, cx.clone());
    app.store
        .identity()
        .write(move |tx| cancel_of(tx, &cx, id, "self"))
        .await
        .map(|(recovery, now)| FactorRecoveryView::for_itself(recovery, now))
}

/// Cancels the recovery that waits for an identity. `_901`.
pub(super) fn cancel_of(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    id: IdentityId,
    by: &str,
) -> Result<(FactorRecovery, Timestamp)> {
    let recovery = rows::waiting_of(tx, id)?.ok_or_else(Error::not_found)?;
    let identity = identities::get(tx, id)?;
    if !cancel_with(tx, cx, &identity, &recovery, by)? {
        return Err(Error::not_found());
    }
    let ended = rows::find(tx, recovery.id)?.ok_or_else(Error::not_found)?;
    Ok((ended, cx.now))
}

/// What a mailed link would cancel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelFactorRecovery {
    /// The address of the account.
    pub email: String,
    /// When the factors can be removed.
    pub effective_time: Timestamp,
}

fn token(text: &str) -> Option<SecretToken> {
    SecretToken::parse(text).filter(|token| token.kind() == SecretKind::Link)
}

/// The recovery of a link, if it can still be cancelled.
fn found(tx: &mut IdentityTx<'_>, link: &Link) -> Result<Option<FactorRecovery>> {
    let Some(id) = of_link(link) else { return Ok(None) };
    Ok(rows::find(tx, id)?.filter(|recovery| recovery.status == FactorRecoveryState::Waiting))
}

/// What a mailed link would cancel; `None` when it is unknown, too old or used. Nothing changes.
pub async fn peek_cancel_link(app: &Tenant, cx: &Cx, text: &str) -> Result<Option<CancelFactorRecovery>> {
    let Some(token) = token(text) else { return Ok(None) };
    let (hash, now) = (token.hash(), cx.now);
    app.store
        .identity()
        .read(move |tx| {
            let Some(link) = links::find(tx, &hash, CANCEL, now)? else { return Ok(None) };
            let recovery = found(tx, &link)?;
            Ok(recovery.map(|r| CancelFactorRecovery { email: r.address, effective_time: r.effective_time }))
        })
        .await
}

/// Keeps the factors by the link that was mailed. `false` when it is unknown, too old or used, or nothing waits any more.
pub async fn cancel_by_link(app: &Tenant, cx: &Cx, text: &str) -> Result<bool> {
    let Some(token) = token(text) else { return Ok(false) };
    let (hash, cx) = (token.hash(), cx.clone());
    app.store
        .identity()
        .write(move |tx| {
            let Some(link) = links::take(tx, &hash, CANCEL, cx.now)? else { return Ok(false) };
            let Some(recovery) = found(tx, &link)? else { return Ok(false) };
            let Some(identity) = identities::find(tx, recovery.identity_id)? else { return Ok(false) };
            cancel_with(tx, &cx, &identity, &recovery, "link")
        })
        .await
}
