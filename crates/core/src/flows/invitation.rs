//! Registration with an invitation: its first step fixes address, organization and role (`contract/11` §5). The invitation
//! is used by the step that makes the account.

use avnology_model::{
    Code, Error, Result, Timestamp,
    flows::{Flow, FlowInvitation, FlowState},
    platform::FederationMode,
};
use avnology_store::{IdentityTx, organizations::organizations};

use super::{
    place,
    step::{Outcome, Step, Work, refuse_missing, refuse_state, refuse_with},
};
use crate::organizations::{
    Door, Showing, Sso, admission, check_state, open_invitation, read_invitation_token,
};

/// `method: invitation`.
pub(super) async fn submit(work: &Work) -> Result<Outcome> {
    work.step(|tx, work, flow, _| {
        if flow.state != FlowState::ShowForm {
            return Ok(refuse_state(flow));
        }
        let Some(token) = work.input.text("invitation_token") else {
            return Ok(refuse_missing(flow, "invitation_token"));
        };
        let mode = work.settings.settings.identity_federation_mode;
        match take(tx, mode, work.now(), flow, token) {
            Ok(()) => Ok(Step::Continue),
            Err(error) if error.is_failure() => Err(error),
            Err(error) => Ok(refuse_with(flow, error)),
        }
    })
    .await
}

/// Makes a registration one by invitation; nothing is used yet. `_306`; `_304`, `_309`, `_310` and `_312` by what the
/// organization is now.
pub(super) fn take(
    tx: &mut IdentityTx<'_>,
    mode: FederationMode,
    now: Timestamp,
    flow: &mut Flow,
    token: &str,
) -> Result<()> {
    let token = read_invitation_token(token)?;
    let invitation = open_invitation(tx, &token, now)?;
    if flow.restricted_to().is_some_and(|other| other != invitation.organization_id) {
        return Err(Error::new(Code::InvitationInvalid).with_member("reason", "unknown"));
    }
    let organization = organizations::get(tx, invitation.organization_id)?;
    check_state(organization.state)?;
    let door = Door::of(&organization);
    admission(door, Showing { invitation: true, domain: false, sso: Sso::No }).for_flow(door)?;
    place::put(flow, mode, &organization, true);
    flow.data.values.insert("traits.email".to_owned(), invitation.email.clone());
    if flow.data.return_to.is_none() {
        flow.data.return_to = invitation.return_to;
    }
    flow.data.invitation =
        Some(FlowInvitation { token, email: invitation.email, delivery: invitation.delivery });
    Ok(())
}
