//! Deleting identities: scheduled with a grace period, or at once.

use avnology_model::{
    Code, Error, Result,
    events::{EventType, MessageRequest, MessageType},
    identities::{Deletion, Identity, IdentityState, Realm},
    ids::{DeletionId, IdentityId, OrganizationId},
    platform::Precondition,
    secret_token::SecretHash,
    sessions::{Aal, RevokeReason},
};
use avnology_store::{
    IdentityTx,
    credentials::{lockouts, passwords},
    flows::{flows, links},
    identities::{avatars, federation, identities},
    organizations::memberships,
    permissions::tuples,
    platform::messages,
    sessions::sessions as session_rows,
};
use serde_json::json;

use super::{IdentityView, erase_factors, reach, states::keep_last_admin};
use crate::{
    Cx, Tenant,
    events::{emit, emit_message, emit_to_manager},
    organizations,
    sessions::{self, LiveSession},
};

const DAY: i64 = 24 * 60 * 60;
/// How many identities one run removes.
const BATCH: u32 = 50;

/// Deletes an identity: at once with `force`, for which a person needs a fresh second factor (`_006`); otherwise when
/// the grace period is over. `_305` for the last platform administrator.
pub async fn delete(
    app: &Tenant,
    cx: &Cx,
    id: IdentityId,
    expected: &Precondition,
    force: bool,
    person: Option<&LiveSession>,
) -> Result<()> {
    let settings = app.settings();
    if force {
        require_strong(app, cx, person)?;
    }
    let grace = i64::from(settings.settings.deletion_grace_days) * DAY;
    let at_once = force || grace == 0;
    let (cx, expected) = (cx.clone(), expected.clone());
    let deletion = Deletion {
        id: DeletionId::new(cx.now, cx.random()),
        scheduled_for: cx.now.plus_seconds(grace),
        cancel_on_login: false,
    };
    let hashes = app
        .store
        .identity()
        .write(move |tx| {
            let mut identity = reach::manage(tx, &cx, id)?;
            expected.check(&identity.etag())?;
            keep_last_admin(tx, id)?;
            keep_owned(tx, id)?;
            if at_once {
                return purge(tx, &cx, &identity, "admin");
            }
            if identity.state == IdentityState::ScheduledDeletion {
                return Ok(Vec::new());
            }
            schedule(tx, &cx, &mut identity, deletion.clone())?;
            sessions::end_all(tx, &cx, id, None, RevokeReason::Deactivated)
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(())
}

/// `_110` unless a person has signed in lately, and `_006` unless with a second factor; programs need neither.
pub(super) fn require_strong(app: &Tenant, cx: &Cx, person: Option<&LiveSession>) -> Result<()> {
    let policy = app.settings().settings.session_policy;
    match person {
        Some(live) if live.session.aal < Aal::Aal2 => Err(Error::new(Code::SecondFactorRequired)),
        Some(live) if !live.is_fresh(&policy, cx.now) => Err(Error::new(Code::StepUpRequired)),
        _ => Ok(()),
    }
}

/// `_305` with `organization_ids` while there are organizations that nobody else owns.
pub(super) fn keep_owned(tx: &mut IdentityTx<'_>, id: IdentityId) -> Result<()> {
    let owned = memberships::solely_owned(tx, id)?;
    if owned.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = owned.iter().map(ToString::to_string).collect();
    Err(Error::new(Code::LastOwner)
        .with_detail("Hand these organizations over, or delete them, first.")
        .with_member("organization_ids", ids))
}

fn schedule(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &mut Identity, deletion: Deletion) -> Result<()> {
    identity.previous_state = Some(identity.state);
    identity.state = IdentityState::ScheduledDeletion;
    let payload = json!({ "user_id": identity.id, "deletion_id": deletion.id, "scheduled_for": deletion.scheduled_for });
    let until = deletion.scheduled_for;
    identity.deletion = Some(deletion);
    identities::update(tx, identity, cx.now)?;
    emit(tx, &cx.event(EventType::UserDeletionScheduled, payload).on("identity", &identity.id))?;
    notify(tx, cx, identity, MessageType::DeletionScheduled, Some(until))
}

/// Takes a scheduled deletion back. `_800` when there is none.
pub async fn cancel(app: &Tenant, cx: &Cx, id: IdentityId, expected: &Precondition) -> Result<IdentityView> {
    let (cx, expected) = (cx.clone(), expected.clone());
    let (view, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let mut identity = reach::manage(tx, &cx, id)?;
            expected.check(&identity.etag())?;
            if identity.state != IdentityState::ScheduledDeletion {
                return Err(Error::new(Code::DeletionFinal));
            }
            cancel_scheduled(tx, &cx, &mut identity, "admin")?;
            let hashes = session_rows::token_hashes_of(tx, id)?;
            Ok((IdentityView::for_administrators(&identity, cx.now), hashes))
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(view)
}

/// Brings an identity back to the state before its deletion was scheduled.
pub(crate) fn cancel_scheduled(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &mut Identity,
    by: &str,
) -> Result<()> {
    let id = identity.deletion.take().map(|d| d.id);
    identity.state = identity.previous_state.take().unwrap_or(IdentityState::Active);
    identities::update(tx, identity, cx.now)?;
    let payload = json!({ "user_id": identity.id, "deletion_id": id, "by": by });
    emit(tx, &cx.event(EventType::UserDeletionCancelled, payload).on("identity", &identity.id))?;
    notify(tx, cx, identity, MessageType::DeletionCancelled, None)
}

fn notify(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &Identity,
    kind: MessageType,
    until: Option<avnology_model::Timestamp>,
) -> Result<()> {
    let Some(address) = &identity.email else { return Ok(()) };
    let mut request = MessageRequest::new(kind, address);
    request.identity_id = Some(identity.id);
    request.name = Some(identity.display_name());
    request.locale.clone_from(&identity.locale);
    request.until = until;
    emit_message(tx, cx, &request, None)
}

/// Removes everything of an identity in this transaction; the hashes of its tokens.
fn purge(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &Identity, reason: &str) -> Result<Vec<SecretHash>> {
    let id = identity.id;
    let hashes = session_rows::erase(tx, id)?;
    passwords::erase(tx, id)?;
    erase_factors(tx, &mut identity.clone())?;
    avatars::erase(tx, id)?;
    lockouts::clear(tx, &id.to_string())?;
    flows::erase(tx, id)?;
    links::erase(tx, id)?;
    organizations::end_of_person(tx, cx, identity)?;
    for membership in memberships::of_identity(tx, id, u32::MAX)? {
        organizations::end_membership(tx, cx, &membership, reason)?;
    }
    tuples::erase(tx, id)?;
    for address in [&identity.email, &identity.pending_email].into_iter().flatten() {
        match identity.realm {
            Realm::Tenant => messages::erase(tx, address)?,
            // In another organization the address is somebody else's.
            Realm::Organization(_) => messages::erase_of(tx, address, id)?,
        }
    }
    identities::bury(tx, id, cx.now)?;
    let payload = json!({ "user_id": id, "reason": reason });
    let event = cx.event(EventType::UserDeleted, payload).on("identity", &id);
    // The rows that say who managed the person are gone.
    emit_to_manager(tx, &event, identity.managed_by)?;
    Ok(hashes)
}

/// Removes the identities whose home an organization was that is gone. Those who run the platform stay, without a home.
pub(crate) async fn purge_of_organization(app: &Tenant, cx: &Cx, organization: OrganizationId) -> Result<()> {
    loop {
        let cx = cx.clone();
        let (count, hashes) = app
            .store
            .identity()
            .write(move |tx| {
                let here = federation::of_organization(tx, organization, BATCH)?;
                let mut hashes = Vec::new();
                for id in &here {
                    let mut identity = identities::get(tx, *id)?;
                    if tuples::platform_role(tx, *id)?.is_none() || !moves_out(tx, &cx, &mut identity)? {
                        keep_last_admin(tx, *id)?;
                        hashes.extend(purge(tx, &cx, &identity, "organization_deleted")?);
                    }
                    hashes.extend(session_rows::token_hashes_of(tx, *id)?);
                }
                Ok((here.len(), hashes))
            })
            .await?;
        app.sessions.forget(&hashes);
        if count == 0 {
            return Ok(());
        }
    }
}

/// Takes an identity out of its organization; not when somebody has its address outside.
fn moves_out(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &mut Identity) -> Result<bool> {
    let mut outside = identity.clone();
    outside.realm = Realm::Tenant;
    match identities::update(tx, &mut outside, cx.now) {
        Ok(()) => {}
        Err(error) if matches!(error.code(), Code::EmailTaken | Code::HandleTaken | Code::AlreadyExists) => {
            return Ok(false);
        }
        Err(error) => return Err(error),
    }
    for membership in memberships::of_identity(tx, identity.id, u32::MAX)? {
        organizations::end_membership(tx, cx, &membership, "organization_deleted")?;
    }
    Ok(true)
}

/// Removes an account whose address was never proven, for a new one to take its address.
pub(crate) fn replace_unproven(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &Identity,
) -> Result<Vec<SecretHash>> {
    purge(tx, cx, identity, "never_verified")
}

/// Removes an account that was never verified, because the owner of its address says that it is not theirs.
pub(crate) fn remove_denied(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &Identity,
) -> Result<Vec<SecretHash>> {
    keep_last_admin(tx, identity.id)?;
    purge(tx, cx, identity, "not_me")
}

/// Removes the identities whose grace period is over; how many.
pub async fn purge_due(app: &Tenant, cx: &Cx) -> Result<usize> {
    let mut removed = 0;
    loop {
        let cx = cx.clone();
        let (count, hashes) = app
            .store
            .identity()
            .write(move |tx| {
                let mut due = identities::due_for_deletion(tx, cx.now, BATCH)?;
                let mut hashes = Vec::new();
                for identity in &mut due {
                    match keep_last_admin(tx, identity.id).and_then(|()| keep_owned(tx, identity.id)) {
                        Ok(()) => hashes.extend(purge(tx, &cx, identity, "grace_period_over")?),
                        // Scheduled while others were there; by now this is the last one who could come back.
                        Err(e) if e.code() == Code::LastOwner => {
                            cancel_scheduled(tx, &cx, identity, "last_administrator")?;
                        }
                        Err(e) => return Err(e),
                    }
                }
                Ok((due.len(), hashes))
            })
            .await?;
        app.sessions.forget(&hashes);
        removed += count;
        if count == 0 {
            return Ok(removed);
        }
    }
}
