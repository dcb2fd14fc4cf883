//! Recovery: back into an account by its mailbox (`contract/11` §7).

use avnology_model::{
    Code, Result,
    events::{EventType, MessageType},
    flows::{Channel, Flow, FlowData, FlowKind, FlowState, MessageId, Transport},
    identities::Email,
    ids::FlowId,
    sessions::{Aal, CompletedMethod, Method, SessionKind},
};
use avnology_store::{
    IdentityTx, credentials::lockouts, flows::flows, identities::identities,
    sessions::sessions as session_rows,
};
use serde_json::json;

use super::{
    Holder,
    account::{self, Identifier},
    code::{Redeemed, proves, redeem, refuse_code},
    create::blank_at,
    identifier::refuse_invalid,
    link, lost_factors, passkey, phone, place, second_factor,
    send::{self, Drawn, Sending},
    step::{Forget, Outcome, Step, Work, refuse, refuse_missing, refuse_state},
};
use crate::{
    events::emit,
    identities::prove_ownership,
    sessions::{self, NewSession},
};

/// What a recovery may need, drawn before the transaction.
#[derive(Clone)]
struct Draw {
    session: NewSession,
    settings_flow: FlowId,
}

impl Draw {
    fn new(work: &Work) -> Self {
        Self { session: NewSession::draw(&work.cx), settings_flow: FlowId::new(work.now(), work.cx.random()) }
    }
}

/// `method: code` and `method: link`: the address first, then the code.
pub(super) async fn submit(work: &Work, by_link: bool) -> Result<Outcome> {
    let (drawn, draw) = (Drawn::draw(work), Draw::new(work));
    work.step(move |tx, work, flow, forget| {
        if let (Some(entered), false) = (work.input.code(), work.input.flag("resend")) {
            return enter(tx, work, flow, forget, &entered, &draw);
        }
        if !by_link && phone::is_meant(tx, work, flow)? {
            return phone::ask_to_recover(tx, work, flow, &drawn);
        }
        ask(tx, work, flow, &drawn, by_link)
    })
    .await
}

/// `method: link` with a token: by mail, or handed over by an administrator. Any browser may use it.
pub(super) async fn by_link(work: &Work, holder: Holder, token: String) -> Result<Outcome> {
    let draw = Draw::new(work);
    work.step(move |tx, work, flow, forget| {
        if !link::redeem(tx, work, flow, &token)? {
            return Ok(refuse(flow, Code::RecoveryExpired, MessageId::RecoveryExpired));
        }
        if holder.browser_hash().is_some() {
            // The browser that opened the link goes on, whoever began the flow.
            flow.transport = Transport::Browser;
            flow.browser_hash = holder.browser_hash();
        }
        recovered(tx, work, flow, forget, &draw)
    })
    .await
}

fn ask(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow, drawn: &Drawn, by_link: bool) -> Result<Step> {
    if flow.state != FlowState::ShowForm && !flow.state.is_sent() {
        return Ok(refuse_state(flow));
    }
    if phone::leaves(work, flow) {
        return Ok(Step::Continue);
    }
    let given = work.input.text("email").map(|t| t.trim().to_owned());
    let before = phone::sent_to(flow, Channel::Email);
    let Some(address) = given.or(before) else { return Ok(refuse_missing(flow, "email")) };
    let Ok(email) = Email::parse(&address) else { return Ok(refuse_invalid(flow, "email")) };
    flow.data.values.insert("email".to_owned(), address.clone());
    flow.data.identifier = Some(address.clone());
    if let Some(step) = send::too_early(tx, work, flow, &address)? {
        return Ok(step);
    }
    if let Some(step) = place::find_realm(tx, work, flow, &Identifier::Email(email.clone()))? {
        return Ok(step);
    }
    let identity = identities::by_email(tx, &flow.realm(), email.key())?;
    let kind = identity.as_ref().map(|i| match account::may_sign_in(i) {
        Ok(()) => MessageType::Recovery,
        Err(_) => MessageType::RecoveryUnavailable,
    });
    let recoverable = identity.as_ref().filter(|_| kind == Some(MessageType::Recovery));
    let told = MessageId::RecoverySent;
    let method = if by_link { "link" } else { "code" };
    // To the address as it was registered: look-alikes that count as equal need not be one mailbox.
    let stored = identity.as_ref().and_then(|i| i.email.clone());
    let to = stored.as_deref().unwrap_or(&address);
    let channel = Channel::Email;
    let sending = Sending { kind, channel, address: to, identity: recoverable, method, told };
    send::send(tx, work, flow, drawn, &sending)?;
    if let Some(identity) = recoverable {
        let payload = json!({ "user_id": identity.id, "channel": "email" });
        emit(tx, &work.cx.event(EventType::UserRecoveryRequested, payload).on("identity", &identity.id))?;
    }
    flow.state = FlowState::SentEmail;
    Ok(Step::Continue)
}

fn enter(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    entered: &str,
    draw: &Draw,
) -> Result<Step> {
    if !flow.state.is_sent() {
        return Ok(refuse_state(flow));
    }
    match redeem(tx, work, flow, entered)? {
        Redeemed::Right => recovered(tx, work, flow, forget, draw),
        other => refuse_code(tx, work, flow, &other, (Code::WrongRecoveryCode, Code::RecoveryExpired)),
    }
}

/// The mailbox is theirs: a recovery session, and the settings flow to choose a new password in.
fn recovered(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    draw: &Draw,
) -> Result<Step> {
    let challenge = flow.data.challenge.clone();
    let found =
        challenge.as_ref().and_then(|c| c.identity_id).map(|id| identities::find(tx, id)).transpose()?;
    let (Some(challenge), Some(mut identity)) = (challenge, found.flatten()) else {
        return Ok(refuse(flow, Code::RecoveryExpired, MessageId::RecoveryExpired));
    };
    if account::may_sign_in(&identity).is_err() {
        return Ok(refuse(flow, Code::AccountInactive, MessageId::AccountInactive));
    }
    // A link that an administrator made for an account without an address proves none.
    if !challenge.address.is_empty() {
        if !proves(flow, &identity) {
            return Ok(refuse(flow, Code::RecoveryExpired, MessageId::RecoveryExpired));
        }
        // A phone was proven before, and says nothing about the address.
        if challenge.channel == Channel::Email {
            let bootstrap = work.app.config.bootstrap_admin_email.as_deref();
            forget.extend(prove_ownership(tx, &work.cx, &mut identity, bootstrap)?);
        }
    }
    if identity.pending_email.take().is_some() | identity.pending_phone.take().is_some() {
        identities::update(tx, &mut identity, work.now())?;
    }
    lockouts::clear_all(tx, identity.id)?;
    forget.extend(session_rows::token_hashes_of(tx, identity.id)?);
    let methods = [CompletedMethod::first_factor(Method::Recovery, work.now())];
    let policy = &work.settings.settings.session_policy;
    let session =
        sessions::start(tx, &work.cx, &draw.session, &mut identity, SessionKind::Recovery, &methods, policy)?;
    let mut next = blank_at(work.now(), draw.settings_flow, FlowKind::Settings, flow.transport);
    next.expires_at = session.expires_at;
    next.browser_hash = flow.browser_hash;
    next.session_id = Some(session.id);
    next.identity_id = Some(identity.id);
    next.data = FlowData {
        return_to: flow.data.return_to.clone(),
        client: flow.data.client.clone(),
        section: "password".to_owned(),
        realm: flow.data.realm,
        recovered_address: Some(challenge.address),
        channel: challenge.channel,
        ..FlowData::default()
    };
    // The mailbox is one factor; whoever has another one shows it as well.
    if second_factor::ask(&work.settings.settings, &mut next, &identity, Aal::Aal1, false) {
        lost_factors::note(tx, work, &mut next, &identity)?;
    } else {
        next.data.messages.push(MessageId::ChooseNewPassword.into());
    }
    passkey::challenge(&mut next, &work.challenge);
    passkey::note(tx, &work.settings.settings, &mut next)?;
    flows::insert(tx, &next)?;
    flow.state = FlowState::Passed;
    flow.identity_id = Some(identity.id);
    flow.completed_at = Some(work.now());
    let made = Box::new((session, identity, draw.session.token().clone()));
    Ok(Step::ContinueWith(Box::new(next), Some(made)))
}
