//! Who is in a group, in the transaction of whoever changes it: the row, the counter, the tuple and the event go together
//! (`contract/50` §6.2).

use avnology_model::{
    Result, Timestamp,
    events::{Event, EventType},
    ids::{GroupId, IdentityId, OrganizationId},
    organizations::{Group, GroupSource, GroupType, MemberState, Membership},
};
use avnology_store::{
    IdentityTx,
    organizations::{group_members as rows, groups},
    permissions::tuples::{self, Tuple, namespaces},
};
use serde_json::json;

use crate::{Cx, events::emit};

/// Most members of a group.
pub(super) const MEMBERS: u32 = 50_000;
const MEMBER: &str = "member";

/// What became of putting somebody into a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// They are in it now.
    Added,
    /// They were.
    Present,
    /// There is no room.
    Full,
}

/// Puts a member of the organization into a group. A member without rights gets the tuple when reactivated. After the
/// commit the member must be forgotten.
pub(super) fn put(tx: &mut IdentityTx<'_>, cx: &Cx, group: &Group, membership: &Membership) -> Result<Put> {
    let (organization, identity) = (group.organization_id, membership.identity_id);
    if !rows::put(tx, organization, group.id, identity, cx.now)? {
        return Ok(Put::Present);
    }
    if !groups::count(tx, group.id, 1, MEMBERS)? {
        rows::take(tx, group.id, identity)?;
        return Ok(Put::Full);
    }
    if membership.state == MemberState::Active {
        let (object, subject) = (group.id.to_string(), identity.to_string());
        let tuple = member_tuple(&object, &subject);
        tuples::put_until(tx, organization, &tuple, membership.expire_time, cx.now)?;
    }
    emit(tx, &event(cx, EventType::GroupMemberAdded, (organization, group.id), identity))?;
    Ok(Put::Added)
}

/// Takes somebody out of a group; `false` when they are not in it. After the commit the member must be forgotten.
pub(super) fn take(tx: &mut IdentityTx<'_>, cx: &Cx, group: &Group, identity: IdentityId) -> Result<bool> {
    if !rows::take(tx, group.id, identity)? {
        return Ok(false);
    }
    groups::count(tx, group.id, -1, MEMBERS)?;
    let (object, subject) = (group.id.to_string(), identity.to_string());
    tuples::remove(tx, &member_tuple(&object, &subject))?;
    let place = (group.organization_id, group.id);
    emit(tx, &event(cx, EventType::GroupMemberRemoved, place, identity))?;
    Ok(true)
}

fn member_tuple<'a>(object: &'a str, subject: &'a str) -> Tuple<'a> {
    Tuple { namespace: namespaces::GROUPS, object, relation: MEMBER, subject }
}

/// Puts a new member into the groups that an invitation names. One that is gone since, that is full, or that a rule or a
/// directory fills by now, is passed over.
pub(crate) fn put_invited(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    membership: &Membership,
    invited: &[GroupId],
) -> Result<()> {
    for id in invited {
        let found = groups::find(tx, membership.organization_id, *id)?;
        let by_people =
            |group: &Group| group.kind == GroupType::Static && group.source == GroupSource::Manual;
        if let Some(group) = found.filter(by_people) {
            put(tx, cx, &group, membership)?;
        }
    }
    Ok(())
}

/// Takes a person whose membership ends out of every group; the tuples go with the person's others.
pub(crate) fn leave_all(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    organization: OrganizationId,
    identity: IdentityId,
) -> Result<()> {
    let left = rows::of_person(tx, organization, identity)?;
    if left.is_empty() {
        return Ok(());
    }
    rows::remove_person(tx, organization, identity)?;
    left.into_iter().try_for_each(|group| {
        emit(tx, &event(cx, EventType::GroupMemberRemoved, (organization, group), identity))
    })
}

fn event(
    cx: &Cx,
    event_type: EventType,
    (organization, group): (OrganizationId, GroupId),
    identity: IdentityId,
) -> Event {
    cx.event(event_type, json!({ "group_id": group, "user_id": identity }))
        .in_organization(organization)
        .on("group", &group)
        .on("identity", &identity)
}

/// Writes the tuples of a group itself: its organization, and the role that it gives.
pub(super) fn put_group(tx: &mut IdentityTx<'_>, group: &Group, now: Timestamp) -> Result<()> {
    let (organization, place, id) =
        (group.organization_id, group.organization_id.to_string(), group.id.to_string());
    let owner = tuples::organization_subject(organization);
    let own = Tuple { namespace: namespaces::GROUPS, object: &id, relation: "organization", subject: &owner };
    tuples::put_in(tx, organization, &own, now)?;
    if let Some(role) = &group.role {
        let subject = members_of(group);
        tuples::put_in(tx, organization, &role_tuple(&place, role.as_str(), &subject), now)?;
    }
    Ok(())
}

/// Removes the tuple of the role that a group gives.
pub(super) fn drop_group_role(tx: &mut IdentityTx<'_>, group: &Group) -> Result<()> {
    if let Some(role) = &group.role {
        let (place, subject) = (group.organization_id.to_string(), members_of(group));
        tuples::remove(tx, &role_tuple(&place, role.as_str(), &subject))?;
    }
    Ok(())
}

fn members_of(group: &Group) -> String {
    format!("{}:{}#{MEMBER}", namespaces::GROUPS, group.id)
}

fn role_tuple<'a>(object: &'a str, relation: &'a str, subject: &'a str) -> Tuple<'a> {
    Tuple { namespace: namespaces::ORGANIZATIONS, object, relation, subject }
}
