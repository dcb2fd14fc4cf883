//! Invitations whose time is over, and those that end with a person.

use std::sync::Arc;

use avnology_model::{
    Result,
    events::EventType,
    identities::Identity,
    ids::{IdentityId, OrganizationId},
    organizations::{Invitation, InvitationStatus},
};
use avnology_store::{IdentityTx, identities::identities, organizations::invitations as rows};

use super::close;
use crate::{Cx, Tenant};

/// How many invitations one transaction ends.
const BATCH: u32 = 100;
/// Most open invitations of one address, over all organizations, that end with its account in one go.
const OF_ADDRESS: u32 = 10_000;

/// Marks the invitations whose time is over, which nobody can use since then; how many.
pub async fn expire_due(app: &Arc<Tenant>) -> Result<usize> {
    expire(app, &app.system_cx(), None).await
}

/// The same in one organization, so that a list of its open ones shows no other. Without any it writes nothing.
pub(super) async fn expire_due_in(app: &Arc<Tenant>, cx: &Cx, organization: OrganizationId) -> Result<()> {
    let now = cx.now;
    let due = app.store.identity().read(move |tx| rows::due(tx, Some(organization), now, 1)).await?;
    if due.is_empty() {
        return Ok(());
    }
    let mut system = app.system_cx();
    system.now = now;
    expire(app, &system, Some(organization)).await.map(drop)
}

async fn expire(app: &Arc<Tenant>, cx: &Cx, organization: Option<OrganizationId>) -> Result<usize> {
    let mut ended = 0;
    loop {
        let cx = cx.clone();
        let due = app
            .store
            .identity()
            .write(move |tx| {
                let due = rows::due(tx, organization, cx.now, BATCH)?;
                for invitation in &due {
                    close(tx, &cx, invitation, InvitationStatus::Expired, EventType::InvitationExpired)?;
                }
                Ok(due.len())
            })
            .await?;
        ended += due;
        if due == 0 {
            return Ok(ended);
        }
    }
}

/// Ends what hangs open between a member who goes and the organization: invitations that they have sent, and one to their
/// address.
pub(crate) fn end_of_member(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    organization: OrganizationId,
    member: IdentityId,
) -> Result<()> {
    let sent = rows::open_of_inviter(tx, member)?;
    revoke_all(tx, cx, sent.iter().filter(|v| v.organization_id == organization))?;
    let Some(key) = identities::find(tx, member)?.and_then(|identity| identity.email_key) else {
        return Ok(());
    };
    let received = rows::open_of_address_in(tx, organization, &key)?;
    revoke_all(tx, cx, received.iter())
}

/// Ends every open invitation to and from an identity that goes (`contract/10` §9.3). One to an address that was never
/// proven stays: it may be somebody else's.
pub(crate) fn end_of_person(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &Identity) -> Result<()> {
    let sent = rows::open_of_inviter(tx, identity.id)?;
    revoke_all(tx, cx, sent.iter())?;
    let Some(key) = identity.email_key.as_ref().filter(|_| identity.email_verified) else { return Ok(()) };
    let mut received = rows::open_of_address(tx, key, cx.now, OF_ADDRESS)?;
    // Elsewhere the address is somebody else's.
    received.retain(|v| identity.realm.organization().is_none_or(|home| home == v.organization_id));
    revoke_all(tx, cx, received.iter())
}

fn revoke_all<'a>(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    invitations: impl Iterator<Item = &'a Invitation>,
) -> Result<()> {
    for invitation in invitations {
        close(tx, cx, invitation, InvitationStatus::Revoked, EventType::InvitationRevoked)?;
    }
    Ok(())
}
