//! A new or changed rule goes through the members in the background.

use std::sync::Arc;

use avnology_model::{
    Result,
    ids::{GroupId, IdentityId, OrganizationId},
};
use avnology_store::{
    IdentityTx,
    identities::identities,
    organizations::{group_members, groups, memberships},
};

use super::follow::{read_rule, settle};
use crate::{Cx, Tenant};

/// How many members one transaction tries.
const BATCH: u32 = 500;

/// Takes every rule that is new or changed through the rest of its members; how many of them changed. Where a crash
/// stopped, the next call goes on.
pub async fn apply_rules(app: &Arc<Tenant>) -> Result<usize> {
    let mut changes = 0;
    loop {
        let cx = app.system_cx();
        let step = app
            .store
            .identity()
            .write(move |tx| match groups::unfinished(tx)? {
                Some((organization, group)) => {
                    Ok(Some((organization, try_batch(tx, &cx, organization, group)?)))
                }
                None => Ok(None),
            })
            .await?;
        let Some((organization, people)) = step else { return Ok(changes) };
        changes += people.len();
        for identity in people {
            app.organizations.forget_member(organization, identity);
        }
    }
}

/// Tries a rule on the next members; those who came or went.
fn try_batch(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    organization: OrganizationId,
    id: GroupId,
) -> Result<Vec<IdentityId>> {
    let group = groups::get(tx, organization, id)?;
    let after = groups::progress(tx, id)?.unwrap_or_default();
    let batch = memberships::batch(tx, organization, &after, BATCH)?;
    let (Some(rule), Some(last)) = (read_rule(&group), batch.last()) else {
        groups::set_progress(tx, id, None)?;
        return Ok(Vec::new());
    };
    let present = group_members::among(tx, organization, id, (&after, last.id))?;
    let mut changed = Vec::new();
    for membership in &batch {
        let Some(identity) = identities::find(tx, membership.identity_id)? else { continue };
        let belongs = rule.matches(&identity, membership);
        if settle(tx, cx, &group, membership, (belongs, present.contains(&identity.id)))? {
            changed.push(identity.id);
        }
    }
    let is_through = batch.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
    let reached = last.id.to_string();
    groups::set_progress(tx, id, (!is_through).then_some(reached.as_str()))?;
    Ok(changed)
}
