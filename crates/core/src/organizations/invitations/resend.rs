//! Sending an invitation again.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result, events::EventType, ids::InvitationId, organizations::InvitationStatus,
    secret_token::SecretKind,
};
use avnology_store::organizations::{invitations as rows, organizations};

use super::{
    super::Acting,
    InvitationView,
    create::{check_mode, deliver},
    event,
};
use crate::{Cx, Tenant, events::emit};

/// Sends an invitation again with a new token, from when on the old one is void, and a new end. `_901`; `_910` unless it
/// is open, and while nobody joins; `_314` when its role is not the caller's to give; `_021`.
pub async fn resend(app: &Arc<Tenant>, cx: &Cx, acting: &Acting, id: InvitationId) -> Result<InvitationView> {
    let token = cx.secret(SecretKind::Invitation);
    let (job, cx, acting) = (Arc::clone(app), cx.clone(), acting.clone());
    app.store
        .identity()
        .write(move |tx| {
            let mut invitation = rows::get(tx, acting.id(), id)?;
            check_open(invitation.status_at(cx.now))?;
            acting.check_assignable(&invitation.role)?;
            let organization = organizations::get(tx, acting.id())?;
            check_mode(&organization)?;
            invitation.expires_at = cx.now.plus_seconds(i64::from(invitation.life_seconds));
            if !rows::renew(tx, id, &token.hash(), invitation.expires_at, cx.now)? {
                return Err(Error::internal("an open invitation was not renewed"));
            }
            emit(tx, &event(&cx, EventType::InvitationResent, &invitation))?;
            deliver(tx, &job, &cx, &organization, (&invitation, &token))
        })
        .await
}

/// `_910` unless the invitation waits for an answer.
pub(super) fn check_open(status: InvitationStatus) -> Result<()> {
    match status {
        InvitationStatus::Pending => Ok(()),
        other => Err(Error::new(Code::ConflictingState).with_member("state", other.as_str())),
    }
}
