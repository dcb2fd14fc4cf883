//! Proving a phone, and recovering an account by one (`contract/11` §§7, 8). What is not about phones is in
//! `verification` and `recovery`.

use avnology_model::{
    Code, Result,
    events::{EventType, MessageType},
    flows::{Channel, Flow, FlowKind, FlowState, MessageId},
    identities::{Identity, phone},
};
use avnology_store::{IdentityTx, identities::identities, sessions::sessions};
use serde_json::json;

use super::{
    account::{self, Identifier},
    identifier::refuse_invalid,
    place,
    send::{self, Drawn, Sending},
    sms_limits,
    step::{Forget, Step, Work, refuse, refuse_method, refuse_missing, refuse_node, refuse_state},
};
use crate::{
    events::emit,
    identities::{UndoLink, apply_phone, mark_phone_verified},
};

/// Where the flow's code was sent to, if it went this way.
pub(super) fn sent_to(flow: &Flow, channel: Channel) -> Option<String> {
    flow.data.challenge.as_ref().filter(|sent| sent.channel == channel).map(|sent| sent.address.clone())
}

/// Whether a submit is about a phone: it names one, or says so, or what came before was about one.
pub(super) fn is_meant(tx: &mut IdentityTx<'_>, work: &Work, flow: &Flow) -> Result<bool> {
    let input = &work.input;
    if input.text("phone").is_some() || input.text("email").is_some() {
        return Ok(input.text("email").is_none());
    }
    if let Some(channel) = input.text("channel") {
        return Ok(channel == Channel::Sms.as_str());
    }
    if flow.data.challenge.is_some() || flow.data.channel == Channel::Sms {
        return Ok(flow.data.channel == Channel::Sms);
    }
    // Who is signed in means what waits.
    let own = flow.identity_id.filter(|_| flow.kind == FlowKind::Verification);
    let own = own.map(|id| identities::find(tx, id)).transpose()?.flatten();
    Ok(own.is_some_and(|i| i.pending_phone.is_some() && i.pending_email.is_none()))
}

/// Whether a submit only says that an address shall be asked for again.
pub(super) fn leaves(work: &Work, flow: &mut Flow) -> bool {
    flow.data.channel = Channel::Email;
    let says_so = work.input.text("channel").is_some() && work.input.text("email").is_none();
    if says_so {
        show_form(flow);
    }
    says_so
}

fn show_form(flow: &mut Flow) {
    flow.state = FlowState::ShowForm;
    flow.active.clear();
    (flow.code_hash, flow.link_hash, flow.data.challenge) = (None, None, None);
}

/// The number that the submit is about; what becomes of one that names none.
fn number(work: &Work, flow: &mut Flow, own: Option<String>) -> Result<String, Step> {
    if flow.state != FlowState::ShowForm && !flow.state.is_sent() {
        return Err(refuse_state(flow));
    }
    if !work.app.sends_texts() {
        return Err(refuse_method(flow, vec!["code"]));
    }
    flow.data.channel = Channel::Sms;
    let given = work.input.text("phone").map(|text| text.trim().chars().take(32).collect::<String>());
    let Some(entered) = given.or_else(|| sent_to(flow, Channel::Sms)).or(own) else {
        if work.input.text("channel").is_none() {
            return Err(refuse_missing(flow, "phone"));
        }
        show_form(flow);
        return Err(Step::Continue);
    };
    flow.data.values.insert("phone".to_owned(), entered.clone());
    let number = phone(&entered).map_err(|_| refuse_invalid(flow, "phone"))?;
    flow.data.identifier = Some(number.clone());
    Ok(number)
}

/// `method: code` of a verification with a phone: texts a code to a number that waits or stands unproven in the account of
/// who is signed in. Every other number gets the same answer.
pub(super) fn ask_to_verify(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    drawn: &Drawn,
) -> Result<Step> {
    let signed_in = flow.identity_id.map(|id| identities::get(tx, id)).transpose()?;
    let own = signed_in
        .as_ref()
        .and_then(|i| i.pending_phone.clone().or_else(|| i.phone.clone().filter(|_| !i.phone_verified)));
    let number = match number(work, flow, own) {
        Ok(number) => number,
        Err(step) => return Ok(step),
    };
    if let Some(step) = sms_limits::too_early(tx, work, flow, &number)? {
        return Ok(step);
    }
    if let Some(signed_in) = &signed_in {
        flow.data.realm = signed_in.realm.organization();
    } else if let Some(step) = place::find_realm(tx, work, flow, &Identifier::Phone(number.clone()))? {
        return Ok(step);
    }
    let unproven = |i: &Identity| {
        i.pending_phone.as_ref() == Some(&number) || i.phone.as_ref() == Some(&number) && !i.phone_verified
    };
    let identity = signed_in.filter(unproven);
    let sending = Sending {
        kind: identity.is_some().then_some(MessageType::Verification),
        channel: Channel::Sms,
        address: &number,
        identity: identity.as_ref(),
        method: "code",
        told: MessageId::VerificationSent,
    };
    send::send(tx, work, flow, drawn, &sending)?;
    flow.state = FlowState::SentSms;
    Ok(Step::Continue)
}

/// A number is proven: the present one is marked, a pending one is taken into use.
pub(super) fn proven(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    (identity, number): (&mut Identity, &str),
    undo: &UndoLink,
) -> Result<Step> {
    let waits = identity.pending_phone.as_deref() == Some(number);
    if !waits && identity.phone.as_deref() != Some(number) {
        // The account has another number by now.
        return Ok(refuse(flow, Code::CodeExpired, MessageId::CodeExpired));
    }
    if identities::by_phone(tx, &identity.realm, number)?.is_some_and(|other| other.id != identity.id) {
        let step = refuse_node(flow, "code", Code::HandleTaken, MessageId::HandleTaken);
        return Ok(naming_phone(step));
    }
    if waits {
        apply_phone(tx, &work.cx, &work.app.keys, identity, undo)?;
    } else {
        mark_phone_verified(tx, &work.cx, identity)?;
    }
    forget.extend(sessions::token_hashes_of(tx, identity.id)?);
    flow.state = FlowState::PassedChallenge;
    flow.data.messages.push(MessageId::AddressVerified.into());
    Ok(Step::Continue)
}

fn naming_phone(step: Step) -> Step {
    match step {
        Step::Refuse(error) => Step::Refuse(error.with_member("field", "phone")),
        other => other,
    }
}

/// The refusal of a number in a form that somebody else has proven, where that may be told.
pub(super) fn taken(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    entered: &str,
) -> Result<Option<Step>> {
    let Ok(number) = phone(entered) else { return Ok(None) };
    let discloses = work.settings.settings.registration.discloses_accounts;
    if !discloses || identities::by_phone(tx, &flow.realm(), &number)?.is_none() {
        return Ok(None);
    }
    let step = refuse_node(flow, "traits.phone", Code::HandleTaken, MessageId::HandleTaken);
    Ok(Some(naming_phone(step)))
}

/// `method: code` of a recovery with a phone.
pub(super) fn ask_to_recover(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    drawn: &Drawn,
) -> Result<Step> {
    let number = match number(work, flow, None) {
        Ok(number) => number,
        Err(step) => return Ok(step),
    };
    if let Some(step) = sms_limits::too_early(tx, work, flow, &number)? {
        return Ok(step);
    }
    if let Some(step) = place::find_realm(tx, work, flow, &Identifier::Phone(number.clone()))? {
        return Ok(step);
    }
    let identity = identities::by_phone(tx, &flow.realm(), &number)?;
    let kind = identity.as_ref().map(|i| match account::may_sign_in(i) {
        Ok(()) => MessageType::Recovery,
        Err(_) => MessageType::RecoveryUnavailable,
    });
    let recoverable = identity.as_ref().filter(|_| kind == Some(MessageType::Recovery));
    let sending = Sending {
        kind,
        channel: Channel::Sms,
        address: &number,
        identity: recoverable,
        method: "code",
        told: MessageId::RecoverySent,
    };
    send::send(tx, work, flow, drawn, &sending)?;
    if let Some(identity) = recoverable {
        let payload = json!({ "user_id": identity.id, "channel": Channel::Sms });
        emit(tx, &work.cx.event(EventType::UserRecoveryRequested, payload).on("identity", &identity.id))?;
    }
    flow.state = FlowState::SentSms;
    Ok(Step::Continue)
}
