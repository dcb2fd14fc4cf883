//! The human who answers for a service account.

use avnology_model::{
    Result,
    ids::{IdentityId, OrganizationId},
};
use avnology_store::{IdentityTx, service_accounts::keys};

use crate::Cx;

/// Notes that the owner of service accounts has left their organization: they work on, and somebody else must answer for
/// them within 30 days (`contract/20` §15).
pub(crate) fn note_lost(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    organization: OrganizationId,
    owner: IdentityId,
) -> Result<()> {
    keys::note_owner_lost(tx, organization, owner, cx.now).map(drop)
}
