//! Invitations that come to nothing: declined by the person, or taken back by the organization.

use std::sync::Arc;

use avnology_model::{
    Error, Result,
    events::EventType,
    ids::InvitationId,
    organizations::{Invitation, InvitationStatus},
};
use avnology_store::{IdentityTx, identities::identities, organizations::invitations as rows};

use super::{
    super::Acting,
    InvitationView,
    accept::{find_open, find_own, read_token},
    close,
    resend::check_open,
};
use crate::{Cx, Tenant, sessions::LiveSession};

/// Takes an invitation back; its token is good no more. `_901`; `_910` unless it is open.
pub async fn revoke(app: &Arc<Tenant>, cx: &Cx, acting: &Acting, id: InvitationId) -> Result<InvitationView> {
    let (cx, organization) = (cx.clone(), acting.id());
    app.store
        .identity()
        .write(move |tx| {
            let mut invitation = rows::get(tx, organization, id)?;
            check_open(invitation.status_at(cx.now))?;
            if !close(tx, &cx, &invitation, InvitationStatus::Revoked, EventType::InvitationRevoked)? {
                return Err(Error::internal("an open invitation was not taken back"));
            }
            invitation.status = InvitationStatus::Revoked;
            Ok(InvitationView::of(&invitation, cx.now))
        })
        .await
}

/// Declines by token; whoever holds it may. `_306`.
pub async fn decline(app: &Arc<Tenant>, cx: &Cx, token: &str) -> Result<()> {
    let (hash, cx) = (read_token(token)?, cx.clone());
    app.store
        .identity()
        .write(move |tx| {
            let invitation = find_open(tx, &hash, cx.now)?;
            note_declined(tx, &cx, &invitation)
        })
        .await
}

/// Declines an invitation to a proven address of the caller. `_306`.
pub async fn decline_own(app: &Arc<Tenant>, cx: &Cx, live: &LiveSession, id: InvitationId) -> Result<()> {
    let (job, cx, caller) = (Arc::clone(app), cx.clone(), live.identity.id);
    app.store
        .identity()
        .write(move |tx| {
            let identity = identities::get(tx, caller)?;
            let invitation = find_own(tx, &job, &cx, &identity, id)?;
            note_declined(tx, &cx, &invitation)
        })
        .await
}

fn note_declined(tx: &mut IdentityTx<'_>, cx: &Cx, invitation: &Invitation) -> Result<()> {
    if close(tx, cx, invitation, InvitationStatus::Declined, EventType::InvitationDeclined)? {
        return Ok(());
    }
    Err(Error::internal("an open invitation was not declined"))
}
