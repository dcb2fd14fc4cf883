//! Codes by text message, as first and as second factor (`contract/11` §§4.2, 7). Setting a phone up is in `sms_setup`.
//!
//! A phone is one factor: whoever was let in by a code that was texted shows another second factor.

use avnology_model::{
    Code, Result,
    credentials::Factor,
    events::MessageType,
    flows::{Channel, Flow, FlowState, MessageId},
    identities::{Identity, masked_phone},
    sessions::{CompletedMethod, Method},
};
use avnology_store::{IdentityTx, credentials::sms as rows, sessions::sessions as session_rows};

use super::{
    code::{Redeemed, redeem, refuse_code},
    complete::{self, Next},
    identifier::refuse_invalid,
    place, second_factor,
    send::{self, Drawn, Sending},
    sms_limits::too_early,
    step::{Forget, Outcome, Step, Work, refuse_method, refuse_state},
};
use crate::{Tenant, sessions::NewSession};

/// The method of a code that is a second factor, or sets one up: no other step takes it, and this one takes no other.
pub(super) const METHOD: &str = "sms";

/// Whether a second factor can be set up here: a phone only where texts can be sent.
pub(super) fn can_set_up(app: &Tenant, factor: Factor) -> bool {
    factor != Factor::Sms || app.sends_texts()
}

/// How the code that is asked for is to travel: as it says, or as the one before did.
pub(super) fn channel_of(work: &Work, flow: &mut Flow) -> Result<Channel, Step> {
    let before = flow.data.challenge.as_ref().map(|sent| sent.channel).filter(|_| flow.state.is_sent());
    match work.input.text("channel") {
        Some(text) => Channel::parse(text).ok_or_else(|| refuse_invalid(flow, "channel")),
        None => Ok(before.filter(|_| work.input.flag("resend")).unwrap_or_default()),
    }
}

/// A texted code was right as first factor. Whose only second factor is that phone cannot come in this way.
pub(super) fn signed_in(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    identity: &mut Identity,
    session: &NewSession,
    next: &Next,
) -> Result<Step> {
    let held = identity.second_factors(&work.settings.settings.second_factors);
    if !held.is_empty() && held.iter().all(|factor| *factor == Factor::Sms) {
        flow.state = FlowState::ChooseMethod;
        flow.active.clear();
        flow.data.challenge = None;
        let offered = place::methods(&work.settings.settings, flow);
        return Ok(refuse_method(flow, offered.iter().map(|m| m.as_str()).collect()));
    }
    forget.extend(session_rows::token_hashes_of(tx, identity.id)?);
    let completed = CompletedMethod::first_factor(Method::Sms, work.now());
    complete::first_factor(tx, work, flow, forget, identity, completed, session, next)
}

/// Notes what the flow may show of the phone that is the second factor.
pub(super) fn note(tx: &mut IdentityTx<'_>, flow: &mut Flow) -> Result<()> {
    let id = flow.identity_id.filter(|_| flow.data.factors.contains(&Factor::Sms));
    let held = id.map(|id| rows::find(tx, id)).transpose()?.flatten();
    flow.data.phone_hint = held.map(|sms| masked_phone(&sms.phone));
    Ok(())
}

/// `method: code` of a login in state `second_factor`: sends a code, once it is asked for, and takes it.
pub(super) async fn submit(work: &Work) -> Result<Outcome> {
    let (drawn, session, next) = (Drawn::draw(work), NewSession::draw(&work.cx), Next::draw(work));
    work.step(move |tx, work, flow, forget| {
        let mut identity = match pass(tx, work, flow, forget, &drawn)? {
            Ok(identity) => identity,
            Err(step) => return Ok(step),
        };
        let done = CompletedMethod::second_factor(Method::Sms, work.now());
        second_factor::shown(tx, work, flow, forget, &mut identity, done, &session, &next)
    })
    .await
}

/// The same in the settings flow that recovery goes on with: after it, the new password can be set.
pub(super) async fn in_recovery(work: &Work) -> Result<Outcome> {
    let drawn = Drawn::draw(work);
    work.step(move |tx, work, flow, forget| match pass(tx, work, flow, forget, &drawn)? {
        Ok(identity) => second_factor::shown_in_recovery(tx, work, flow, identity.id),
        Err(step) => Ok(step),
    })
    .await
}

/// The identity, if the code that was submitted is right; else what became of sending or trying one.
fn pass(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    drawn: &Drawn,
) -> Result<Result<Identity, Step>> {
    let (FlowState::SecondFactor, Some(id)) = (flow.state, flow.identity_id) else {
        return Ok(Err(refuse_state(flow)));
    };
    let Some(stored) = rows::find(tx, id)? else { return Ok(Err(refuse_state(flow))) };
    let by_mail = work.input.text("channel").is_some_and(|channel| channel != Channel::Sms.as_str());
    if by_mail || !flow.data.factors.contains(&Factor::Sms) || !work.app.sends_texts() {
        return Ok(Err(refuse_method(flow, flow.data.factors.iter().map(|f| f.as_str()).collect())));
    }
    let identity = match second_factor::whose(tx, work, flow, id)? {
        Ok(identity) => identity,
        Err(step) => return Ok(Err(step)),
    };
    let entered = work.input.code().filter(|_| !work.input.flag("resend"));
    let Some(entered) = entered else {
        return text(tx, work, flow, &stored.phone, Some(&identity), drawn).map(Err);
    };
    forget.extend(session_rows::token_hashes_of(tx, id)?);
    // The number may have been replaced since the code was sent.
    let is_live = is_sent_to(flow, Some(&stored.phone));
    let redeemed = if is_live { redeem(tx, work, flow, &entered)? } else { Redeemed::Expired };
    if !matches!(redeemed, Redeemed::Right) {
        return refuse_code(tx, work, flow, &redeemed, (Code::WrongCode, Code::CodeExpired)).map(Err);
    }
    rows::touch(tx, id, work.now())?;
    Ok(Ok(identity))
}

/// Whether a code of this step is on its way, to this number.
fn is_sent_to(flow: &Flow, number: Option<&str>) -> bool {
    let sent = flow.data.challenge.as_ref().filter(|sent| sent.method == METHOD);
    sent.is_some_and(|sent| number.is_none_or(|number| sent.address == number))
}

/// The number that a code of this step was sent to, for the page.
pub(super) fn number_sent_to(flow: &Flow) -> Option<&str> {
    flow.data.challenge.as_ref().filter(|_| is_sent_to(flow, None)).map(|sent| sent.address.as_str())
}

/// Texts a code for a second factor.
pub(super) fn text(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    number: &str,
    identity: Option<&Identity>,
    drawn: &Drawn,
) -> Result<Step> {
    if let Some(step) = too_early(tx, work, flow, number)? {
        return Ok(step);
    }
    let sending = Sending {
        kind: Some(MessageType::MfaCode),
        channel: Channel::Sms,
        address: number,
        identity,
        method: METHOD,
        told: MessageId::VerificationSent,
    };
    send::send(tx, work, flow, drawn, &sending)?;
    if flow.state == FlowState::SecondFactor {
        "code".clone_into(&mut flow.active);
    }
    Ok(Step::Continue)
}
