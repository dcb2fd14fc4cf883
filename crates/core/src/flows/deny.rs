//! "This was not me" (`contract/11` §8): the owner of an address says that the account made with it is not theirs.
//!
//! Only an account that was never verified can go this way; nobody has ever shown that its address is theirs.

use avnology_model::{
    Code, Result, Timestamp,
    flows::{Flow, FlowData, FlowKind, FlowState, MessageId},
    identities::{Email, Identity},
    ids::{FlowId, IdentityId},
    sessions::Agent,
};
use avnology_store::{IdentityTx, flows::flows, identities::identities, sessions::sessions};

use super::{
    link,
    step::{Outcome, Step, Work, refuse, refuse_state},
};
use crate::{Tenant, identities::remove_denied};

/// When and near where an account was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountMade {
    /// When.
    pub at: Timestamp,
    /// Browser that made it, where a registration did.
    pub device: Option<String>,
    /// Network address that made it, where a registration did.
    pub place: Option<String>,
}

/// What to tell the owner of an address before they say whose the account is; `None` when the flow's account cannot be
/// denied, or is the visitor's own.
pub async fn made(app: &Tenant, flow: FlowId, visitor: Option<IdentityId>) -> Result<Option<AccountMade>> {
    app.store
        .identity()
        .read(move |tx| {
            let flow = flows::find(tx, flow)?.filter(|flow| flow.kind == FlowKind::Verification);
            let identity = match &flow {
                Some(flow) => deniable(tx, flow)?,
                None => None,
            };
            let Some(identity) = identity.filter(|i| Some(i.id) != visitor) else { return Ok(None) };
            // A registration makes the first session at the same moment.
            let first = sessions::begun_at(tx, identity.id, identity.create_time)?;
            Ok(Some(AccountMade {
                at: identity.create_time,
                device: first
                    .as_ref()
                    .filter(|s| !s.user_agent.is_empty())
                    .map(|s| Agent::parse(&s.user_agent).name()),
                place: first.map(|s| s.ip).filter(|ip| !ip.is_empty()),
            }))
        })
        .await
}

/// The account whose address the flow's message went to, if it was never verified.
fn deniable(tx: &mut IdentityTx<'_>, flow: &Flow) -> Result<Option<Identity>> {
    let Some(challenge) = &flow.data.challenge else { return Ok(None) };
    let Some(identity) = challenge.identity_id.map(|id| identities::find(tx, id)).transpose()?.flatten()
    else {
        return Ok(None);
    };
    let key = Email::parse(&challenge.address).ok().map(|e| e.key().to_owned());
    let is_its_address = key.is_some() && key == identity.email_key;
    let never = !identity.email_verified
        && !identity.phone_verified
        && !identities::was_ever_verified(tx, identity.id)?;
    Ok(Some(identity).filter(|_| is_its_address && never))
}

/// `method: link` with a token and `decision: deny`: the account is deleted and the token used up. Verified accounts are
/// refused and lose nothing, the token included.
pub(super) async fn submit(work: &Work, token: String) -> Result<Outcome> {
    work.step(move |tx, work, flow, forget| {
        if link::live(work, flow, &token).is_none() {
            return Ok(refuse(flow, Code::CodeExpired, MessageId::CodeExpired));
        }
        let Some(identity) = deniable(tx, flow)? else { return Ok(refuse_state(flow)) };
        if !link::redeem(tx, work, flow, &token)? {
            return Ok(refuse(flow, Code::CodeExpired, MessageId::CodeExpired));
        }
        forget.extend(remove_denied(tx, &work.cx, &identity)?);
        flow.state = FlowState::ShowForm;
        flow.active.clear();
        flow.identity_id = None;
        flow.completed_at = Some(work.now());
        flow.data = FlowData { messages: vec![MessageId::AccountDenied.into()], ..FlowData::default() };
        Ok(Step::Continue)
    })
    .await
}
