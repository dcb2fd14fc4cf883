//! Deleting identities: scheduled with a grace period, or at once.

use avnology_model::{
    Code, Error, Result,
    audit::Log,
    events::{EventType, MessageRequest, MessageType},
    identities::{Deletion, Identity, IdentityState, Realm},
    ids::{DeletionId, IdentityId, OrganizationId},
    platform::Precondition,
    privacy::{DeletionReason, DeletionRequest, DeletionStatus},
    secret_token::SecretHash,
    sessions::{Aal, RevokeReason},
};
use avnology_store::{
    IdentityTx,
    audit::erasures,
    clients::{codes, consents, device_codes, grants},
    credentials::{lockouts, passwords, sms},
    flows::{flows, links},
    identities::{avatars, factor_recoveries, federation, identities},
    organizations::memberships,
    permissions::tuples,
    platform::messages,
    privacy::{activity, deletions, exports},
    sessions::{devices, sessions as session_rows},
};
use serde_json::json;

use super::{IdentityView, administer::administer, factors::erase_factors, reach, states::keep_last_admin};
use crate::{
    Cx, Tenant,
    clients::logout,
    events::{emit, emit_message, emit_to_manager},
    organizations, privacy,
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
    let request = DeletionRequest {
        is_own: false,
        revoke_sessions: true,
        cancel_on_login: false,
        ..new_request(&cx, id, grace)
    };
    let notice = Notice { receipt_url: privacy::receipt_url(app, request.id), sealed_link: None };
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
            schedule(tx, &cx, &mut identity, &request, &notice)?;
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
pub(crate) fn keep_owned(tx: &mut IdentityTx<'_>, id: IdentityId) -> Result<()> {
    let owned = memberships::solely_owned(tx, id)?;
    if owned.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = owned.iter().map(ToString::to_string).collect();
    Err(Error::new(Code::LastOwner)
        .with_detail("Hand these organizations over, or delete them, first.")
        .with_member("organization_ids", ids))
}

/// A request that nobody has said anything of yet, with this grace period in seconds.
pub(crate) fn new_request(cx: &Cx, id: IdentityId, grace: i64) -> DeletionRequest {
    DeletionRequest {
        id: DeletionId::new(cx.now, cx.random()),
        identity_id: Some(id),
        status: DeletionStatus::Scheduled,
        is_own: true,
        reason: DeletionReason::Other,
        note: None,
        revoke_sessions: false,
        cancel_on_login: true,
        create_time: cx.now,
        scheduled_for: cx.now.plus_seconds(grace),
        removed_at: None,
        finish_time: None,
        receipt: None,
    }
}

/// What the mail of a deletion holds besides its date.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// Where the receipt will be.
    pub(crate) receipt_url: String,
    /// The link that cancels it, sealed for the address; none for what an administrator has decided.
    pub(crate) sealed_link: Option<Vec<u8>>,
}

/// Schedules a deletion in this transaction, and tells the person.
pub(crate) fn schedule(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &mut Identity,
    request: &DeletionRequest,
    notice: &Notice,
) -> Result<()> {
    identity.previous_state = Some(identity.state);
    identity.state = IdentityState::ScheduledDeletion;
    let (id, scheduled_for) = (request.id, request.scheduled_for);
    let payload = json!({ "user_id": identity.id, "deletion_id": id, "scheduled_for": scheduled_for });
    identity.deletion = Some(Deletion { id, scheduled_for, cancel_on_login: request.cancel_on_login });
    identities::update(tx, identity, cx.now)?;
    deletions::insert(tx, request)?;
    emit(tx, &cx.event(EventType::UserDeletionScheduled, payload).on("identity", &identity.id))?;
    announce(tx, cx, identity, notice)
}

/// Mails that the account will be deleted.
pub(crate) fn announce(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &Identity, notice: &Notice) -> Result<()> {
    let Some(address) = &identity.email else { return Ok(()) };
    let mut message = MessageRequest::to_person(MessageType::DeletionScheduled, address, identity);
    message.until = identity.deletion.as_ref().map(|deletion| deletion.scheduled_for);
    message.receipt_url = Some(notice.receipt_url.clone());
    emit_message(tx, cx, &message, notice.sealed_link.as_deref())
}

/// Takes a scheduled deletion back. `_800` when there is none.
pub async fn cancel(app: &Tenant, cx: &Cx, id: IdentityId, expected: &Precondition) -> Result<IdentityView> {
    let change = |tx: &mut IdentityTx<'_>, cx: &Cx, identity: &mut Identity| {
        if identity.state != IdentityState::ScheduledDeletion {
            return Err(Error::new(Code::DeletionFinal));
        }
        cancel_scheduled(tx, cx, identity, "admin")
    };
    administer(app, cx, id, expected, None, change).await
}

/// Brings an identity back to the state before its deletion was scheduled.
pub(crate) fn cancel_scheduled(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &mut Identity,
    by: &str,
) -> Result<()> {
    let id = identity.deletion.take().map(|d| d.id);
    let request = id.map(|id| deletions::find(tx, id)).transpose()?.flatten();
    if let Some(id) = id {
        deletions::cancel(tx, id, cx.now)?;
    }
    identity.state = identity.previous_state.take().unwrap_or(IdentityState::Active);
    identities::update(tx, identity, cx.now)?;
    let payload = json!({ "user_id": identity.id, "deletion_id": id, "by": by });
    emit(tx, &cx.event(EventType::UserDeletionCancelled, payload).on("identity", &identity.id))?;
    if let Some(request) = request.filter(|request| request.is_own) {
        let payload = json!({ "deletion_id": request.id, "user_id": identity.id, "reason": request.reason });
        let event = cx.event(EventType::PrivacyDeletionCancelled, payload);
        emit(tx, &event.on("deletion", &request.id).on("identity", &identity.id))?;
    }
    let Some(address) = &identity.email else { return Ok(()) };
    let message = MessageRequest::to_person(MessageType::DeletionCancelled, address, identity);
    emit_message(tx, cx, &message, None)
}

/// Removes everything of an identity in this transaction; the hashes of its tokens.
fn purge(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &Identity, reason: &str) -> Result<Vec<SecretHash>> {
    let id = identity.id;
    begin_erasing(tx, cx, identity)?;
    for session in session_rows::open_of(tx, id, cx.now)? {
        logout::note(tx, cx, session.id, id)?;
    }
    let hashes = session_rows::erase(tx, id)?;
    codes::erase_identity(tx, id)?;
    device_codes::erase_identity(tx, id)?;
    grants::erase_identity(tx, id)?;
    consents::erase_identity(tx, id)?;
    passwords::erase(tx, id)?;
    let phone_of_factor = sms::find(tx, id)?.map(|sms| sms.phone);
    erase_factors(tx, id)?;
    avatars::erase(tx, id)?;
    factor_recoveries::erase(tx, id)?;
    lockouts::clear_all(tx, id)?;
    devices::erase(tx, id)?;
    flows::erase(tx, id)?;
    links::erase(tx, id)?;
    activity::erase(tx, id)?;
    exports::erase(tx, id)?;
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
    // A number that is not proven, or that several people have, gets messages about others, too.
    for phone in [&identity.phone, &identity.pending_phone, &phone_of_factor].into_iter().flatten() {
        messages::erase_of(tx, phone, id)?;
    }
    identities::bury(tx, id, cx.now)?;
    let payload = json!({ "user_id": id, "reason": reason });
    let event = cx.event(EventType::UserDeleted, payload).on("identity", &id);
    // The rows that say who managed the person are gone.
    emit_to_manager(tx, &event, identity.managed_by)?;
    Ok(hashes)
}

/// Notes which logs may tell about the person, before the rows that say so are gone: when all of them are done there is a
/// receipt.
fn begin_erasing(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &Identity) -> Result<()> {
    let id = identity.id;
    let asked =
        identity.deletion.as_ref().map(|deletion| deletions::find(tx, deletion.id)).transpose()?.flatten();
    let deletion = if let Some(request) = asked {
        request.id
    } else {
        // Removed at once.
        let request = DeletionRequest { is_own: false, ..new_request(cx, id, 0) };
        deletions::insert(tx, &request)?;
        request.id
    };
    deletions::begin(tx, deletion, id, cx.now)?;
    let mut logs = erasures::logs_of(tx, &id.to_string())?;
    logs.push(Log::Tenant);
    logs.extend(identity.managed_by.map(Log::Organization));
    logs.extend(
        memberships::of_identity(tx, id, u32::MAX)?.iter().map(|m| Log::Organization(m.organization_id)),
    );
    logs.into_iter().try_for_each(|log| deletions::add_log(tx, deletion, log))
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
