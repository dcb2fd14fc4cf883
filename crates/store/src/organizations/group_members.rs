//! The table of members of groups.

use std::collections::HashSet;

use avnology_model::{
    Result, Timestamp,
    ids::{GroupId, IdentityId, MembershipId, OrganizationId},
};

use crate::{
    IdentityTx, Row, params,
    permissions::tuples::{self, Tuple, namespaces},
};

crate::statements! {
    NAMES_OF_PERSON = "SELECT g.name FROM member_groups g JOIN group_members x ON x.group_id = g.id \
        WHERE g.organization_id = $1 AND x.identity_id = $2 ORDER BY g.name LIMIT $3";
    PUT = "INSERT INTO group_members (group_id, organization_id, identity_id, create_time) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (group_id, identity_id) DO NOTHING";
    TAKE = "DELETE FROM group_members WHERE group_id = $1 AND identity_id = $2";
    OF_PERSON = "SELECT group_id FROM group_members WHERE organization_id = $1 AND identity_id = $2 ORDER BY group_id";
    AMONG = "SELECT m.identity_id FROM memberships m JOIN group_members gm ON gm.group_id = $1 \
        AND gm.identity_id = m.identity_id WHERE m.organization_id = $2 AND m.id > $3 AND m.id <= $4";
    COUNT_DOWN_OF_PERSON = "UPDATE member_groups SET member_count = member_count - 1 WHERE id IN \
        (SELECT group_id FROM group_members WHERE organization_id = $1 AND identity_id = $2)";
    REMOVE_PERSON = "DELETE FROM group_members WHERE organization_id = $1 AND identity_id = $2";
    CLEAR = "DELETE FROM group_members WHERE group_id = $1";
    ERASE = "DELETE FROM group_members WHERE organization_id = $1";
}

/// Puts a person into a group; `false` when they are in it. Counter, tuple and event are the caller's.
pub fn put(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    group: GroupId,
    identity: IdentityId,
    now: Timestamp,
) -> Result<bool> {
    Ok(tx.execute(&PUT, &params![group, organization, identity, now])? > 0)
}

/// Takes a person out of a group; `false` when they are not in it. Counter, tuple and event are the caller's.
pub fn take(tx: &mut IdentityTx<'_>, group: GroupId, identity: IdentityId) -> Result<bool> {
    Ok(tx.execute(&TAKE, &params![group, identity])? > 0)
}

/// The groups that a person is in.
pub fn of_person(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    identity: IdentityId,
) -> Result<Vec<GroupId>> {
    let mut rows = tx.query(&OF_PERSON, &params![organization, identity])?;
    rows.iter_mut().map(Row::take).collect()
}

/// The names of the groups that a person is in, at most `limit`.
pub fn names_of_person(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    identity: IdentityId,
    limit: u32,
) -> Result<Vec<String>> {
    let mut rows = tx.query(&NAMES_OF_PERSON, &params![organization, identity, limit])?;
    rows.iter_mut().map(Row::take).collect()
}

/// Who of the members with a membership behind `after` and up to `last` is in a group.
pub fn among(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    group: GroupId,
    (after, last): (&str, MembershipId),
) -> Result<HashSet<IdentityId>> {
    let mut rows = tx.query(&AMONG, &params![group, organization, after, last])?;
    rows.iter_mut().map(Row::take).collect()
}

/// Takes a person out of every group of an organization; the tuples go with the person's others.
pub fn remove_person(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    identity: IdentityId,
) -> Result<()> {
    tx.execute(&COUNT_DOWN_OF_PERSON, &params![organization, identity])?;
    tx.execute(&REMOVE_PERSON, &params![organization, identity]).map(drop)
}

/// Writes the tuples of a person's groups again, until the membership ends if it does.
pub fn restore_tuples(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    identity: IdentityId,
    (expire_time, now): (Option<Timestamp>, Timestamp),
) -> Result<()> {
    let subject = identity.to_string();
    for group in of_person(tx, organization, identity)? {
        let object = group.to_string();
        let tuple =
            Tuple { namespace: namespaces::GROUPS, object: &object, relation: "member", subject: &subject };
        tuples::put_until(tx, organization, &tuple, expire_time, now)?;
    }
    Ok(())
}

/// Takes everybody out of a group.
pub(super) fn clear(tx: &mut IdentityTx<'_>, group: GroupId) -> Result<()> {
    tx.execute(&CLEAR, &params![group]).map(drop)
}

/// Takes everybody out of every group of an organization.
pub(super) fn erase(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    tx.execute(&ERASE, &params![organization]).map(drop)
}
