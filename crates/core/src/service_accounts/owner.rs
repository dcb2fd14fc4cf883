//! The human who answers for a service account.

use avnology_model::{
    Error, FieldCode, Result, Timestamp,
    events::{EventType, MessageType},
    identities::IdentityState,
    ids::{IdentityId, OrganizationId},
    service_accounts::ServiceAccount,
};
use avnology_store::{
    IdentityTx,
    identities::identities,
    organizations::memberships,
    permissions::tuples::{self, Tuple, namespaces},
    service_accounts::{accounts, keys},
};
use serde_json::json;

use super::{Keeper, view::account_event};
use crate::{
    Cx, Tenant,
    events::emit,
    organizations::{Notice, tell_owners},
};

const DAY: i64 = 24 * 60 * 60;
/// How long an account works on with nobody to answer for it, in seconds.
const PATIENCE: i64 = 30 * DAY;
/// How many accounts one transaction of the sweep deactivates.
const BATCH: u32 = 100;
const OWNER: &str = "owner";

/// Who answers for a new account: `wanted`, or else the calling person. `_902` unless that is an active member of the
/// organization, or, at the tenant, an active identity.
pub(super) fn choose(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    keeper: &Keeper,
    wanted: Option<IdentityId>,
) -> Result<IdentityId> {
    let place = keeper.organization_id();
    if let Some(wanted) = wanted {
        check(tx, cx, place, wanted)?;
        return Ok(wanted);
    }
    match keeper.person() {
        Some(caller) if may_answer(tx, cx, place, caller)? => Ok(caller),
        _ => Err(Error::field("owner_id", FieldCode::Required, "Name the person who answers for it.")),
    }
}

/// `_902` unless the identity may answer for accounts here.
pub(super) fn check(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    place: Option<OrganizationId>,
    wanted: IdentityId,
) -> Result<()> {
    if may_answer(tx, cx, place, wanted)? {
        return Ok(());
    }
    let whom = if place.is_some() { "An active member of the organization." } else { "An active identity." };
    Err(Error::field("owner_id", FieldCode::NotFound, whom))
}

pub(super) fn may_answer(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    place: Option<OrganizationId>,
    identity: IdentityId,
) -> Result<bool> {
    Ok(match place {
        Some(organization) => memberships::of_person(tx, organization, identity)?
            .is_some_and(|membership| membership.is_in_force(cx.now)),
        None => identities::find(tx, identity)?.is_some_and(|found| found.state == IdentityState::Active),
    })
}

/// Writes the tuples of a new account: its owner and its organization.
pub(super) fn put_tuples(tx: &mut IdentityTx<'_>, account: &ServiceAccount, now: Timestamp) -> Result<()> {
    put_owner(tx, account, now)?;
    match account.organization_id {
        Some(organization) => {
            put(tx, account, "organization", &tuples::organization_subject(organization), now)
        }
        None => Ok(()),
    }
}

/// Writes the tuple of an account's owner in place of the one before.
pub(super) fn put_owner(tx: &mut IdentityTx<'_>, account: &ServiceAccount, now: Timestamp) -> Result<()> {
    tuples::remove_relation(tx, namespaces::SERVICE_ACCOUNTS, &account.id.to_string(), OWNER)?;
    match account.owner_id {
        Some(owner) => put(tx, account, OWNER, &owner.to_string(), now),
        None => Ok(()),
    }
}

fn put(
    tx: &mut IdentityTx<'_>,
    account: &ServiceAccount,
    relation: &str,
    subject: &str,
    now: Timestamp,
) -> Result<()> {
    let object = account.id.to_string();
    let tuple = Tuple { namespace: namespaces::SERVICE_ACCOUNTS, object: &object, relation, subject };
    match account.organization_id {
        Some(organization) => tuples::put_in(tx, organization, &tuple, now),
        None => tuples::put(tx, &tuple, now),
    }
    .map(drop)
}

/// Writes the tuples of the accounts that a member answers for again: they went with the rights of the suspended member.
pub(crate) fn restore_tuples(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    owner: IdentityId,
    now: Timestamp,
) -> Result<()> {
    for account in accounts::of_owner(tx, organization, owner)? {
        put_owner(tx, &account, now)?;
    }
    Ok(())
}

/// Notes that the owner of service accounts leaves their organization: they work on, the organization's owners are told, and
/// somebody else must answer for them within 30 days (`contract/20` §15). The tuples go with the member's others.
pub(crate) fn note_lost(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    organization: OrganizationId,
    owner: IdentityId,
) -> Result<()> {
    let mut lost = accounts::of_owner(tx, organization, owner)?;
    lost.retain(|account| account.owner_lost_at.is_none());
    for account in &lost {
        accounts::note_owner_lost(tx, account.id, cx.now)?;
    }
    lost.retain(|account| account.active);
    let Some(first) = lost.first() else { return Ok(()) };
    // One letter for all of them.
    let subject = match lost.len() - 1 {
        0 => first.name.clone(),
        1 => format!("{} and one more", first.name),
        more => format!("{} and {more} more", first.name),
    };
    let notice = Notice {
        kind: MessageType::ServiceAccountOwnerLost,
        subject,
        until: cx.now.plus_seconds(PATIENCE),
        except: Some(owner),
    };
    tell_owners(tx, cx, organization, &notice)
}

/// Whether an account has been without an owner for so long that it must not be active.
pub(super) fn is_overdue(account: &ServiceAccount, now: Timestamp) -> bool {
    account.owner_lost_at.is_some_and(|lost| lost.plus_seconds(PATIENCE) <= now)
}

/// Deactivates the accounts for which nobody has answered for 30 days; how many.
pub(crate) async fn end_ownerless(app: &Tenant) -> Result<usize> {
    let mut ended = 0;
    loop {
        let cx = app.system_cx();
        let (count, hashes) = app
            .store
            .identity()
            .write(move |tx| {
                let overdue = accounts::ownerless(tx, cx.now.plus_seconds(-PATIENCE), BATCH)?;
                let mut hashes = Vec::new();
                for mut account in overdue.iter().cloned() {
                    account.active = false;
                    accounts::update(tx, &mut account, cx.now)?;
                    let more = json!({
                        "changed_fields": ["active"], "previous_values": { "active": true },
                        "new_values": { "active": false }, "reason": "owner_lost",
                    });
                    emit(tx, &account_event(&cx, EventType::ServiceAccountUpdated, &account, more))?;
                    hashes.extend(keys::of_account(tx, account.id)?.iter().map(|key| key.hash));
                }
                Ok((overdue.len(), hashes))
            })
            .await?;
        app.api_keys.forget_all(&hashes);
        ended += count;
        if count == 0 {
            return Ok(ended);
        }
    }
}
