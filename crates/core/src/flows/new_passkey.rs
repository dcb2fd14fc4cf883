//! Registration by passkey: the form first, then the passkey (`contract/11` §5).

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    flows::{Flow, FlowState, MessageId},
    identities::Email,
    ids::IdentityId,
    platform::LoginMethod,
    sessions::Method,
};

use super::{
    new_account::Pending,
    passkey::{refuse_passkey, take},
    passkey_making::check,
    registration::{handle_taken, may_register, read_form, register, standing},
    step::{Outcome, Step, Work, refuse_node, refuse_state},
};

/// `method: passkey` of a registration.
pub(super) async fn submit(work: &Work, flow: &Flow) -> Result<Outcome> {
    if flow.state == FlowState::CreatePasskey { make(work).await } else { ask(work).await }
}

/// The form: whether such an account can be made is said before anybody makes a passkey for it.
async fn ask(work: &Work) -> Result<Outcome> {
    let schema = work.app.traits_schema(&work.settings)?;
    let first = work
        .prepare(move |_, work, flow| Ok(read_form(work, flow, LoginMethod::Passkey, schema.as_deref())))
        .await?;
    let pending = match first {
        Ok(pending) => pending,
        Err(outcome) => return Ok(outcome),
    };
    let identity = IdentityId::new(work.now(), work.cx.random());
    work.step(move |tx, work, flow, _| {
        let email = pending.identity.email.as_deref().and_then(|e| Email::parse(e).ok());
        let email = email.ok_or_else(|| Error::internal("a registration without an address"))?;
        if let Err(step) = may_register(tx, work, flow, &email)? {
            return Ok(step);
        }
        let discloses =
            work.settings.settings.registration.discloses_accounts || flow.data.invitation.is_some();
        if discloses && standing(tx, work, flow.realm(), email.key())?.is_some() {
            return Ok(refuse_node(flow, "traits.email", Code::EmailTaken, MessageId::EmailTaken));
        }
        if let Some(step) = handle_taken(tx, work, flow, &pending)? {
            return Ok(step);
        }
        flow.data.pending = Some(serde_json::to_value(&pending).map_err(Error::internal)?);
        flow.data.identifier = Some(email.as_str().to_owned());
        flow.data.new_identity = Some(identity);
        flow.state = FlowState::CreatePasskey;
        Ok(Step::Continue)
    })
    .await
}

/// The passkey: it alone lets the person in, so it is asked to verify them.
async fn make(work: &Work) -> Result<Outcome> {
    let first = work
        .prepare(|_, work, flow| {
            let (Some(pending), Some(identity)) = (flow.data.pending.clone(), flow.data.new_identity) else {
                return Ok(Err(refuse_state(flow)));
            };
            Ok(take(work, flow).map(|(challenge, answer)| (challenge, Arc::new(answer), pending, identity)))
        })
        .await?;
    let (challenge, answer, pending, identity) = match first {
        Ok(found) => found,
        Err(outcome) => return Ok(outcome),
    };
    match check(work, &challenge, &answer, true) {
        Ok(made) => {
            let pending: Pending = serde_json::from_value(pending).map_err(Error::internal)?;
            register(work, Pending { passkey: Some((identity, made)), ..pending }, Method::Passkey).await
        }
        Err(refused) => work.step(move |_, _, flow, _| Ok(refuse_passkey(flow, refused))).await,
    }
}
