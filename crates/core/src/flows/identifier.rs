//! Login, step 1: who signs in. The answer depends on configuration, never on the account.

use avnology_model::{
    Code, FieldCode, Result,
    flows::{Flow, FlowState, MessageId},
};

use super::{
    account::Identifier,
    step::{Outcome, Step, Work, refuse_missing, refuse_state},
};

/// `method: identifier`.
pub(super) async fn submit(work: &Work) -> Result<Outcome> {
    work.step(|_, work, flow, _| {
        let state_fits = matches!(flow.state, FlowState::ChooseMethod | FlowState::SentEmail);
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
        if Identifier::parse(&text).is_none() {
            flow.data.identifier = None;
            return Ok(refuse_invalid(flow, "identifier"));
        }
        reset(flow);
        flow.data.identifier = Some(text);
        Ok(Step::Continue)
    })
    .await
}

fn reset(flow: &mut Flow) {
    flow.state = FlowState::ChooseMethod;
    flow.active = String::new();
    flow.code_hash = None;
    flow.link_hash = None;
    flow.data.challenge = None;
}

/// Refuses because a field has no acceptable form.
pub(super) fn refuse_invalid(flow: &mut Flow, node: &str) -> Step {
    flow.data.node_messages.entry(node.to_owned()).or_default().push(MessageId::Invalid.into());
    let error = avnology_model::Error::new(Code::InputRejected);
    Step::Refuse(error.with_field(node, FieldCode::InvalidFormat, format!("{}.", MessageId::Invalid.text())))
}

/// The identifier to use: the one submitted, else the flow's. The refusal when there is none, or no acceptable one; for
/// step-up the session's identity is the only one that can be meant.
pub(super) fn take(work: &Work, flow: &mut Flow) -> Result<Identifier, Step> {
    let given = work.input.text("identifier").map(|t| t.trim().to_owned());
    let Some(text) = given.or_else(|| flow.data.identifier.clone()) else {
        return Err(refuse_missing(flow, "identifier"));
    };
    let Some(identifier) = Identifier::parse(&text) else { return Err(refuse_invalid(flow, "identifier")) };
    if flow.identity_id.is_none() {
        flow.data.identifier = Some(text);
    }
    Ok(identifier)
}
