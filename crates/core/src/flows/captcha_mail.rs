//! A code by mail in place of a CAPTCHA: for those who cannot solve one, or whose browser shows none (`contract/95` §§6, 7).
//!
//! Recovery and verification mail a code anyway. In a login or a registration the code signs nobody in: it lets the next few
//! submits do without. Each network may ask for few of these mails, so that machines gain nothing by them.

use avnology_model::{
    Code, Result,
    events::MessageType,
    flows::{Channel, Flow, FlowKind, FlowState, MessageId},
    identities::Email,
    platform::RateLimit,
};
use avnology_store::{IdentityTx, platform::rate_cells};

use super::{
    account, captcha,
    code::{Redeemed, redeem},
    identifier::refuse_invalid,
    password::find_account,
    recovery,
    send::{self, Drawn, Sending},
    step::{Outcome, Step, Work, refuse_missing, refuse_node, refuse_state},
    traits, verification,
};
use crate::network_of;

/// Mails that one network may ask for.
const PER_NETWORK: &[RateLimit] =
    &[RateLimit { limit: 5, window_seconds: 3_600 }, RateLimit { limit: 20, window_seconds: 86_400 }];
/// Submits that a right code makes free: a form may be refused for other reasons before it is taken.
const FREE_SUBMITS: u32 = 5;

/// `method: captcha`.
pub(super) async fn submit(work: &Work, flow: &Flow) -> Result<Outcome> {
    if !work.settings.settings.captcha.is_on() {
        return work.step(|_, _, flow, _| Ok(refuse_state(flow))).await;
    }
    match flow.kind {
        FlowKind::Recovery | FlowKind::Verification => instead(work, flow).await,
        FlowKind::Login | FlowKind::Registration | FlowKind::Settings => prove(work).await,
    }
}

/// The mail that the flow sends anyway, to an address that is named.
async fn instead(work: &Work, flow: &Flow) -> Result<Outcome> {
    if work.input.text("email").is_none() {
        return work.step(|_, _, flow, _| Ok(refuse_missing(flow, "email"))).await;
    }
    let first = work.prepare(|tx, work, flow| Ok(take_network(tx, work, flow)?.map_or(Ok(()), Err))).await?;
    match (first, flow.kind) {
        (Err(outcome), _) => Ok(outcome),
        (Ok(()), FlowKind::Recovery) => recovery::submit(work, false).await,
        (Ok(()), _) => verification::submit(work, false).await,
    }
}

async fn prove(work: &Work) -> Result<Outcome> {
    let drawn = Drawn::draw(work);
    work.step(move |tx, work, flow, _| {
        if let Some(entered) = work.input.code() {
            return enter(tx, work, flow, &entered);
        }
        match flow.kind {
            FlowKind::Login => to_account(tx, work, flow, &drawn),
            _ => to_new_address(tx, work, flow, &drawn),
        }
    })
    .await
}

/// Login: to the address of the account, if there is one; the answer is the same.
fn to_account(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow, drawn: &Drawn) -> Result<Step> {
    if flow.state != FlowState::ChooseMethod && !flow.state.is_sent() {
        return Ok(refuse_state(flow));
    }
    let account = match find_account(tx, work, flow)? {
        Ok(account) => account,
        Err(step) => return Ok(step),
    };
    if let Some(step) = account::check(tx, work, flow, &account)? {
        return Ok(step);
    }
    let address = account.identity.as_ref().and_then(|identity| identity.email.clone());
    let entered = flow.data.identifier.clone().or_else(|| address.clone()).unwrap_or_default();
    if let Some(step) = too_many(tx, work, flow, &entered)? {
        return Ok(step);
    }
    let address = match address {
        Some(address) if send::may_mail_besides(tx, work, &entered, &address)? => Some(address),
        _ => None,
    };
    let kind = address.is_some().then_some(MessageType::SignInCode);
    let to = address.unwrap_or(entered);
    mail(tx, work, flow, drawn, (kind, &to), MessageId::SignInCodeSent)
}

/// Registration: to the address that is to have an account.
fn to_new_address(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow, drawn: &Drawn) -> Result<Step> {
    let waits = flow.state.is_sent() && captcha::waits_for_code(flow);
    if flow.state != FlowState::ShowForm && !waits {
        return Ok(refuse_state(flow));
    }
    let given = work.input.object("traits");
    let schema = work.app.traits_schema(&work.settings)?;
    traits::remember(flow, &given, schema.as_deref());
    let named = given.get("email").and_then(|v| v.as_str()).map(|text| text.trim().to_owned());
    let before = flow.data.challenge.as_ref().filter(|_| waits).map(|sent| sent.address.clone());
    let invited = flow.data.invitation.as_ref().map(|invitation| invitation.email.clone());
    let Some(address) = named.filter(|text| !text.is_empty()).or(before).or(invited) else {
        return Ok(refuse_missing(flow, "traits.email"));
    };
    let Ok(email) = Email::parse(&address) else { return Ok(refuse_invalid(flow, "traits.email")) };
    if let Some(step) = too_many(tx, work, flow, email.as_str())? {
        return Ok(step);
    }
    flow.data.identifier = Some(email.as_str().to_owned());
    let kind = Some(MessageType::SignInCode);
    mail(tx, work, flow, drawn, (kind, email.as_str()), MessageId::VerificationSent)
}

fn mail(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    drawn: &Drawn,
    (kind, address): (Option<MessageType>, &str),
    told: MessageId,
) -> Result<Step> {
    let (channel, method) = (Channel::Email, captcha::METHOD);
    // Nobody's: no step can take it for a sign-in.
    let sending = Sending { kind, channel, address, identity: None, method, told };
    send::send(tx, work, flow, drawn, &sending)?;
    flow.state = FlowState::SentEmail;
    Ok(Step::Continue)
}

fn too_many(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow, address: &str) -> Result<Option<Step>> {
    if let Some(step) = send::too_early(tx, work, flow, address)? {
        return Ok(Some(step));
    }
    take_network(tx, work, flow)
}

fn take_network(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow) -> Result<Option<Step>> {
    if work.cx.ip.is_none() {
        return Ok(None);
    }
    let limits = account::bucket(work, "captcha.mail", PER_NETWORK);
    let seconds = rate_cells::take(tx, "captcha.mail", &network_of(work.cx.ip), &limits, work.now())?;
    Ok(seconds.map(|seconds| send::wait(flow, i64::from(seconds))))
}

fn enter(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow, entered: &str) -> Result<Step> {
    if !flow.state.is_sent() || !captcha::waits_for_code(flow) {
        return Ok(refuse_state(flow));
    }
    Ok(match redeem(tx, work, flow, entered)? {
        Redeemed::Right => {
            flow.data.free_submits = FREE_SUBMITS;
            flow.data.challenge = None;
            flow.active.clear();
            flow.state = match flow.kind {
                FlowKind::Login => FlowState::ChooseMethod,
                _ => FlowState::ShowForm,
            };
            flow.data.messages.push(MessageId::PersonConfirmed.into());
            Step::Continue
        }
        Redeemed::Wrong(remaining) => {
            match refuse_node(flow, "code", Code::WrongCode, MessageId::WrongCode) {
                Step::Refuse(error) => Step::Refuse(error.with_member("attempts_remaining", remaining)),
                other => other,
            }
        }
        Redeemed::Expired => refuse_node(flow, "code", Code::CodeExpired, MessageId::CodeExpired),
    })
}
