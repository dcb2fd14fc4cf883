//! Making, changing and ending memberships, in the transaction of whoever does: the row, the counters, the tuples and the
//! event go together (`contract/20` §3).

use avnology_model::{
    Code, Error, Result, Timestamp,
    events::{Event, EventType},
    ids::{IdentityId, MembershipId, OrganizationId},
    organizations::{MemberState, Membership, MembershipSource, Organization, RoleSource},
    permissions::{BuiltInRole, RoleKey},
    secret_token::SecretHash,
};
use avnology_store::{
    IdentityTx,
    clients::grants,
    organizations::{group_members, memberships, organizations, roles, seats},
    permissions::tuples::{self, Tuple, namespaces},
    sessions::sessions,
};
use serde_json::{Value, json};

use super::{groups, invitations};
use crate::{Cx, events::emit, identities::lose_home, platform, service_accounts};

/// A membership to be made. The id is drawn outside the transaction.
#[derive(Clone, Debug)]
pub(crate) struct Joining {
    /// Id of the new membership.
    pub(crate) id: MembershipId,
    /// Who joins.
    pub(crate) identity: IdentityId,
    /// With which role.
    pub(crate) role: RoleKey,
    /// How.
    pub(crate) source: MembershipSource,
    /// Until when, if not for good.
    pub(crate) expire_time: Option<Timestamp>,
}

/// Makes an active membership: row, counters, tuples, event. `_301` for a member, `_311` without a free seat, `_314` for a
/// role that is not there, `_302` for somebody whose account belongs elsewhere. After the commit the member must be forgotten.
pub(crate) fn join(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    organization: &Organization,
    joining: &Joining,
) -> Result<Membership> {
    let id = organization.id;
    platform::check_new_member(tx, id, joining.identity)?;
    if let Some(present) = memberships::of_person(tx, id, joining.identity)? {
        return Err(Error::new(Code::MemberExists).with_member("member_id", present.id.to_string()));
    }
    check_role(tx, id, &joining.role)?;
    let membership = Membership {
        id: joining.id,
        organization_id: id,
        identity_id: joining.identity,
        role: joining.role.clone(),
        role_source: RoleSource::Manual,
        state: MemberState::Active,
        source: joining.source,
        joined_at: Some(cx.now),
        last_active_at: None,
        expire_time: joining.expire_time,
        create_time: cx.now,
        update_time: cx.now,
        version: 1,
    };
    take_seat(tx, cx, organization, &membership.role)?;
    memberships::insert(tx, &membership)?;
    hold_role(tx, cx, &membership)?;
    let payload = json!({ "member": shown(&membership), "source": membership.source });
    emit(tx, &event(cx, EventType::MemberAdded, &membership, payload))?;
    Ok(membership)
}

/// `_314` unless the organization has this role.
pub(crate) fn check_role(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    role: &RoleKey,
) -> Result<()> {
    if role.built_in().is_some() || roles::by_key(tx, organization, role)?.is_some() {
        return Ok(());
    }
    Err(Error::new(Code::RoleNotAssignable))
}

/// Counts one more active member. `_311` when no seat is left.
fn take_seat(tx: &mut IdentityTx<'_>, cx: &Cx, organization: &Organization, role: &RoleKey) -> Result<()> {
    let used = seats::at(tx, organization.id, cx.now)?.active;
    if let Some(limit) = organization.seat_limit
        && used >= limit
    {
        return Err(Error::new(Code::SeatLimitReached).with_member("limit", limit).with_member("used", used));
    }
    seats::change(tx, organization.id, cx.now, |seats| {
        seats.active += 1;
        *seats.by_role.entry(role.clone()).or_default() += 1;
    })?;
    Ok(())
}

fn give_seat_back(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    organization: OrganizationId,
    role: &RoleKey,
) -> Result<()> {
    seats::change(tx, organization, cx.now, |seats| {
        seats.active = seats.active.saturating_sub(1);
        if let Some(count) = seats.by_role.get_mut(role) {
            *count = count.saturating_sub(1);
        }
    })?;
    Ok(())
}

/// Writes the tuples of an active member's role, and counts it where it is a custom one.
fn hold_role(tx: &mut IdentityTx<'_>, cx: &Cx, membership: &Membership) -> Result<()> {
    let (organization, role) = (membership.organization_id, &membership.role);
    let (object, subject) = (organization.to_string(), membership.identity_id.to_string());
    let held = Tuple {
        namespace: namespaces::ORGANIZATIONS,
        object: &object,
        relation: role.as_str(),
        subject: &subject,
    };
    tuples::put_until(tx, organization, &held, membership.expire_time, cx.now)?;
    let Some(custom) = custom_role(tx, membership)? else { return Ok(()) };
    let assigned =
        Tuple { namespace: namespaces::ROLES, object: &custom, relation: "assignee", subject: &subject };
    tuples::put_until(tx, organization, &assigned, membership.expire_time, cx.now)?;
    roles::count_members(tx, organization, role, 1)
}

/// Removes the tuples of an active member's role.
fn drop_role(tx: &mut IdentityTx<'_>, membership: &Membership) -> Result<()> {
    let (organization, role) = (membership.organization_id, &membership.role);
    let (object, subject) = (organization.to_string(), membership.identity_id.to_string());
    let held = Tuple {
        namespace: namespaces::ORGANIZATIONS,
        object: &object,
        relation: role.as_str(),
        subject: &subject,
    };
    tuples::remove(tx, &held)?;
    let Some(custom) = custom_role(tx, membership)? else { return Ok(()) };
    let assigned =
        Tuple { namespace: namespaces::ROLES, object: &custom, relation: "assignee", subject: &subject };
    tuples::remove(tx, &assigned)?;
    roles::count_members(tx, organization, role, -1)
}

fn custom_role(tx: &mut IdentityTx<'_>, membership: &Membership) -> Result<Option<String>> {
    if membership.role.built_in().is_some() {
        return Ok(None);
    }
    Ok(roles::by_key(tx, membership.organization_id, &membership.role)?.map(|role| role.id.to_string()))
}

/// Gives a member another role; nothing happens when it is the one it has. `_305` when the last owner would lose
/// ownership, `_314` for a role that is not there.
pub(crate) fn change_role(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    membership: &mut Membership,
    role: &RoleKey,
) -> Result<()> {
    if membership.role == *role {
        return Ok(());
    }
    check_role(tx, membership.organization_id, role)?;
    if membership.role.is_owner() {
        keep_owner(tx, membership)?;
    }
    let is_active = membership.state == MemberState::Active;
    if is_active {
        drop_role(tx, membership)?;
    }
    let previous = std::mem::replace(&mut membership.role, role.clone());
    if is_active {
        hold_role(tx, cx, membership)?;
        seats::change(tx, membership.organization_id, cx.now, |seats| {
            if let Some(count) = seats.by_role.get_mut(&previous) {
                *count = count.saturating_sub(1);
            }
            *seats.by_role.entry(role.clone()).or_default() += 1;
        })?;
    }
    memberships::update(tx, membership, cx.now)?;
    let payload = json!({ "member": shown(membership), "previous_role": previous });
    emit(tx, &event(cx, EventType::MemberRoleChanged, membership, payload))
}

/// Takes a member's rights, and keeps the membership with its groups. `_305` for the last owner.
pub(crate) fn suspend(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    membership: &mut Membership,
    reason: Option<&str>,
) -> Result<()> {
    if membership.state != MemberState::Active {
        return Ok(());
    }
    if membership.role.is_owner() {
        keep_owner(tx, membership)?;
    }
    end_rights(tx, cx, membership)?;
    membership.state = MemberState::Suspended;
    seats::change(tx, membership.organization_id, cx.now, |seats| seats.suspended += 1)?;
    memberships::update(tx, membership, cx.now)?;
    let payload = json!({ "member": shown(membership), "reason": reason });
    emit(tx, &event(cx, EventType::MemberSuspended, membership, payload))
}

/// Gives a suspended or pending member its rights. `_311` without a free seat.
pub(crate) fn reactivate(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    organization: &Organization,
    membership: &mut Membership,
) -> Result<()> {
    let was = membership.state;
    if was == MemberState::Active {
        return Ok(());
    }
    take_seat(tx, cx, organization, &membership.role)?;
    seats::change(tx, organization.id, cx.now, |seats| match was {
        MemberState::Pending => seats.pending = seats.pending.saturating_sub(1),
        _ => seats.suspended = seats.suspended.saturating_sub(1),
    })?;
    membership.state = MemberState::Active;
    membership.joined_at = membership.joined_at.or(Some(cx.now));
    hold_role(tx, cx, membership)?;
    let until = (membership.expire_time, cx.now);
    group_members::restore_tuples(tx, membership.organization_id, membership.identity_id, until)?;
    service_accounts::restore_tuples(tx, membership.organization_id, membership.identity_id, cx.now)?;
    memberships::update(tx, membership, cx.now)?;
    let payload = json!({ "member": shown(membership), "reason": Value::Null });
    emit(tx, &event(cx, EventType::MemberReactivated, membership, payload))
}

/// Ends a membership and all that hangs on it: role, groups, tuples, what sessions act for, keys' owner. `_305` for the
/// last owner. In a strict tenant the account has no other home: it is switched off and its sessions end. After the commit
/// the member and the sessions with these hashes must be forgotten.
pub(crate) fn remove(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    membership: &Membership,
    reason: &str,
) -> Result<Vec<SecretHash>> {
    if membership.role.is_owner() && membership.state == MemberState::Active {
        keep_owner(tx, membership)?;
    }
    remove_even_last_owner(tx, cx, membership, reason)?;
    if platform::is_strict(tx)? {
        return lose_home(tx, cx, membership.identity_id, reason);
    }
    sessions::token_hashes_of(tx, membership.identity_id)
}

/// The same for an organization or identity that goes as a whole.
pub(crate) fn remove_even_last_owner(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    membership: &Membership,
    reason: &str,
) -> Result<()> {
    let (organization, identity) = (membership.organization_id, membership.identity_id);
    match membership.state {
        MemberState::Active => end_rights(tx, cx, membership)?,
        MemberState::Suspended => {
            seats::change(tx, organization, cx.now, |s| s.suspended = s.suspended.saturating_sub(1))?;
        }
        MemberState::Pending => {
            seats::change(tx, organization, cx.now, |s| s.pending = s.pending.saturating_sub(1))?;
        }
    }
    groups::leave_all(tx, cx, organization, identity)?;
    service_accounts::note_owner_lost(tx, cx, organization, identity)?;
    invitations::end_of_member(tx, cx, organization, identity)?;
    memberships::delete(tx, membership.id)?;
    let payload = json!({ "member": shown(membership), "reason": reason });
    emit(tx, &event(cx, EventType::MemberRemoved, membership, payload))
}

/// What an active member loses when it is suspended or removed.
fn end_rights(tx: &mut IdentityTx<'_>, cx: &Cx, membership: &Membership) -> Result<()> {
    let (organization, identity) = (membership.organization_id, membership.identity_id);
    drop_role(tx, membership)?;
    tuples::remove_of_member(tx, organization, identity)?;
    sessions::leave(tx, organization, identity)?;
    grants::revoke_of_member(tx, organization, identity, cx.now)?;
    give_seat_back(tx, cx, organization, &membership.role)
}

/// `_305` unless somebody else owns the organization for good.
pub(crate) fn keep_owner(tx: &mut IdentityTx<'_>, membership: &Membership) -> Result<()> {
    // On engines that serialize, whoever reads the organization here and changes an owner elsewhere cannot both win.
    let organization = organizations::get(tx, membership.organization_id)?;
    if memberships::count_other_owners(tx, organization.id, membership.identity_id)? > 0 {
        return Ok(());
    }
    Err(Error::new(Code::LastOwner).with_member("organization_ids", vec![organization.id.to_string()]))
}

/// An event about a membership.
pub(crate) fn event(cx: &Cx, event_type: EventType, membership: &Membership, payload: Value) -> Event {
    cx.event(event_type, payload)
        .in_organization(membership.organization_id)
        .on("member", &membership.id)
        .on("identity", &membership.identity_id)
}

/// A membership as events show it.
pub(crate) fn shown(membership: &Membership) -> Value {
    json!({
        "id": membership.id, "organization_id": membership.organization_id, "identity_id": membership.identity_id,
        "role": membership.role, "state": membership.state, "source": membership.source,
        "role_source": membership.role_source, "joined_at": membership.joined_at, "expire_time": membership.expire_time,
    })
}

/// The role that the creator of an organization has.
pub(crate) fn creators_role() -> RoleKey {
    BuiltInRole::Owner.into()
}
