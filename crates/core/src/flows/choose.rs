//! Login: somebody who is no member says that they want to join (`contract/11` §4.5, state `choose_organization`).

use avnology_model::{Code, Error, Result, flows::FlowState, ids::MembershipId};
use avnology_store::{IdentityTx, identities::identities};
use serde_json::Value;

use super::{
    complete,
    entry::{self, Visitor},
    identifier::refuse_invalid,
    step::{Forget, Outcome, Step, Work, end, refuse_missing, refuse_state},
};
use crate::sessions::NewSession;

/// `method: organization`: the flow's organization, to join it; null, not to.
pub(super) async fn submit(work: &Work) -> Result<Outcome> {
    let session = NewSession::draw(&work.cx);
    let membership = MembershipId::new(work.now(), work.cx.random());
    work.step(move |tx, work, flow, forget| {
        let (FlowState::ChooseOrganization, Some(place)) = (flow.state, flow.data.organization.clone())
        else {
            return Ok(refuse_state(flow));
        };
        match work.input.body.get("organization_id") {
            None => return Ok(refuse_missing(flow, "organization_id")),
            // Who does not want to join has no business in a flow that leads there.
            Some(Value::Null) => return Ok(end(flow, work.now(), Code::NotAMember.into())),
            Some(Value::String(name)) if name.is_empty() => {
                return Ok(end(flow, work.now(), Code::NotAMember.into()));
            }
            Some(Value::String(name)) if *name == place.id.to_string() || *name == place.slug.as_str() => {}
            Some(_) => return Ok(refuse_invalid(flow, "organization_id")),
        }
        join(tx, work, flow, forget, membership, &session)
    })
    .await
}

fn join(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut avnology_model::flows::Flow,
    forget: &mut Forget,
    membership: MembershipId,
    session: &NewSession,
) -> Result<Step> {
    let id = flow.identity_id.ok_or_else(|| Error::internal("a flow lets nobody join"))?;
    let mut identity = identities::get(tx, id)?;
    if let Some(step) = complete::refuse_changed(tx, flow, &identity)? {
        return Ok(step);
    }
    let organization = match entry::of_sign_in(tx, work, flow, &identity)? {
        Visitor::Member(organization) => organization,
        Visitor::MayJoin(newcomer) => {
            entry::join(tx, work, forget, &newcomer, &identity, membership)?;
            newcomer.organization()
        }
        Visitor::Refused(error) => return Ok(end(flow, work.now(), error)),
        Visitor::Personal | Visitor::ProveFirst => return Ok(refuse_state(flow)),
    };
    complete::finish(tx, work, flow, forget, &mut identity, session, Some(organization))
}
