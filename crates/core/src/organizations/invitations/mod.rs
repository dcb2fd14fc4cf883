//! Invitations: sent, sent again, taken back, looked up, answered, and run out (`contract/20` §7).
//!
//! A token is kept as its hash only and used by one guarded update. Registration with an invitation stands in `flows`.

mod accept;
mod answer;
mod create;
mod end;
mod input;
mod lookup;
mod mail;
mod read;
mod resend;
mod view;

use avnology_model::{
    Result,
    events::{Event, EventType},
    ids::OrganizationId,
    organizations::{Invitation, InvitationStatus},
};
use avnology_store::{
    IdentityTx,
    organizations::{invitations as rows, seats},
};
use serde_json::json;

pub use accept::{Accepted, accept, accept_own};
pub(crate) use accept::{find_open, read_token, use_up};
pub use answer::{decline, decline_own, revoke};
pub use create::{BatchResult, create, create_batch};
pub use end::expire_due;
pub(crate) use end::{end_of_member, end_of_person};
pub use input::NewInvitation;
pub use lookup::{InvitationPreview, lookup};
pub use read::{InvitationPage, get, list};
pub use resend::resend;
pub use view::InvitationView;

use crate::{Cx, events::emit};

/// An event about an invitation.
fn event(cx: &Cx, event_type: EventType, invitation: &Invitation) -> Event {
    let payload = json!({ "invitation": InvitationView::for_events(invitation, cx.now) });
    cx.event(event_type, payload).in_organization(invitation.organization_id).on("invitation", &invitation.id)
}

/// Ends an open invitation without a member coming of it; `false` when it was used or had ended.
fn close(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    invitation: &Invitation,
    status: InvitationStatus,
    told: EventType,
) -> Result<bool> {
    if !rows::end(tx, invitation.id, status)? {
        return Ok(false);
    }
    one_less(tx, cx, invitation.organization_id)?;
    let mut ended = invitation.clone();
    ended.status = status;
    emit(tx, &event(cx, told, &ended))?;
    Ok(true)
}

/// Counts one open invitation less.
fn one_less(tx: &mut IdentityTx<'_>, cx: &Cx, organization: OrganizationId) -> Result<()> {
    seats::change(tx, organization, cx.now, |seats| seats.invited = seats.invited.saturating_sub(1)).map(drop)
}
