//! Login, step 1: who signs in. The answer depends on configuration, never on the account.

use avnology_model::{
    Code, FieldCode, Result,
    flows::{Flow, FlowState, MessageId},
};

use avnology_store::IdentityTx;

use super::{
    account::Identifier,
    captcha, place,
    step::{Outcome, Step, Work, refuse_missing, refuse_state},
};

/// `method: identifier`.
pub(super) async fn submit(work: &Work) -> Result<Outcome> {
    work.step(|tx, work, flow, _| {
        let state_fits = flow.state == FlowState::ChooseMethod || flow.state.is_sent();
        if !state_fits || flow.identity_id.is_some() {
            return Ok(refuse_state(flow));
        }
        let Some(text) = work.input.text("identifier") else {
            // "Use another account": the form without an identifier begins anew.
            let asked_before = flow.data.identifier.take().is_some();
            reset(flow);
            return Ok(if asked_before { Step::Continue } else { refuse_missing(flow, "identifier") });
        };
        let text = text.trim().to_owned();
        let Some(identifier) = Identifier::parse(&text) else {
            flow.data.identifier = None;
            return Ok(refuse_invalid(flow, "identifier"));
        };
        reset(flow);
        if let Some(step) = enter(tx, work, flow, &identifier)? {
            return Ok(step);
        }
        captcha::note_identifier(tx, work, flow, &identifier)?;
        flow.data.identifier = Some(text);
        Ok(Step::Continue)
    })
    .await
}

/// Finds the organization that the identifier leads to; after a refusal the form asks for another one.
fn enter(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    identifier: &Identifier,
) -> Result<Option<Step>> {
    let refused = place::discover(tx, work.settings.settings.identity_federation_mode, flow, identifier)?;
    if refused.is_some() {
        flow.data.identifier = None;
    }
    Ok(refused)
}

fn reset(flow: &mut Flow) {
    if flow.restricted_to().is_none() {
        (flow.data.organization, flow.data.realm) = (None, None);
    }
    flow.state = FlowState::ChooseMethod;
    flow.active = String::new();
    flow.code_hash = None;
    flow.link_hash = None;
    flow.data.challenge = None;
    flow.data.asks_captcha = false;
}

/// Refuses because a field has no acceptable form.
pub(super) fn refuse_invalid(flow: &mut Flow, node: &str) -> Step {
    flow.data.node_messages.entry(node.to_owned()).or_default().push(MessageId::Invalid.into());
    let error = avnology_model::Error::new(Code::InputRejected);
    Step::Refuse(error.with_field(node, FieldCode::InvalidFormat, format!("{}.", MessageId::Invalid.text())))
}

/// The identifier to use: the one submitted, else the flow's. The refusal when there is none, or no acceptable one; for
/// step-up the session's identity is the only one that can be meant.
pub(super) fn take(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
) -> Result<Result<Identifier, Step>> {
    let given = work.input.text("identifier").map(|t| t.trim().to_owned());
    let Some(text) = given.or_else(|| flow.data.identifier.clone()) else {
        return Ok(Err(refuse_missing(flow, "identifier")));
    };
    let Some(identifier) = Identifier::parse(&text) else {
        return Ok(Err(refuse_invalid(flow, "identifier")));
    };
    if flow.identity_id.is_none() {
        if let Some(step) = enter(tx, work, flow, &identifier)? {
            return Ok(Err(step));
        }
        flow.data.identifier = Some(text);
    }
    Ok(Ok(identifier))
}
