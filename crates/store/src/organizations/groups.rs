//! The tables of groups and their members.

use avnology_model::{
    Result, Timestamp,
    ids::{IdentityId, OrganizationId},
};

use crate::{IdentityTx, params};

crate::statements! {
    COUNT_DOWN_OF_PERSON = "UPDATE member_groups SET member_count = member_count - 1 WHERE id IN \
        (SELECT group_id FROM group_members WHERE organization_id = $1 AND identity_id = $2)";
    REMOVE_PERSON = "DELETE FROM group_members WHERE organization_id = $1 AND identity_id = $2";
    RESTORE_TUPLES = "INSERT INTO relation_tuples (namespace, object, relation, subject, create_time, organization_id) \
        SELECT 'groups', gm.group_id, 'member', gm.identity_id, $3, gm.organization_id FROM group_members gm \
        WHERE gm.organization_id = $1 AND gm.identity_id = $2 \
        ON CONFLICT (namespace, object, relation, subject) DO NOTHING";
}

/// Takes a person out of every group of an organization; the tuples of its memberships go with the person's others.
pub fn remove_person(tx: &mut IdentityTx<'_>, organization: OrganizationId, identity: IdentityId) -> Result<()> {
    tx.execute(&COUNT_DOWN_OF_PERSON, &params![organization, identity])?;
    tx.execute(&REMOVE_PERSON, &params![organization, identity]).map(drop)
}

/// Writes the tuples of a person's groups again.
pub fn restore_tuples(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    identity: IdentityId,
    now: Timestamp,
) -> Result<()> {
    tx.execute(&RESTORE_TUPLES, &params![organization, identity, now]).map(drop)
}
