//! Verification: proving an address (`contract/11` §8). It creates no session.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result, Timestamp,
    events::{MessageRequest, MessageType},
    flows::{Channel, CodeChallenge, Flow, FlowClient, FlowData, FlowKind, FlowState, MessageId, Transport},
    identities::{Email, Identity, Realm},
    ids::{FlowId, MembershipId},
    secret_token::{SecretHash, SecretKind, SecretToken},
};
use avnology_store::{IdentityTx, flows::flows, identities::identities, sessions::sessions};

use super::{
    Holder,
    account::Identifier,
    code::{Redeemed, check_lock, code_hash, redeem, refuse_code},
    identifier::refuse_invalid,
    link, phone, place,
    send::{self, Drawn, Sending},
    sms_limits,
    step::{Forget, Outcome, Step, Work, refuse, refuse_missing, refuse_state},
};
use crate::{
    Cx, Tenant,
    events::{emit_message, seal},
    identities::{UndoLink, apply_email, mark_verified},
    organizations::join_by_domain,
};

/// A verification flow that a registration or a change of address brings, drawn before the transaction.
#[derive(Clone)]
pub(crate) struct NewVerification {
    id: FlowId,
    code: String,
    link: SecretToken,
    origin: String,
    transport: Transport,
    browser_hash: Option<SecretHash>,
    return_to: Option<String>,
    client: Option<FlowClient>,
}

impl NewVerification {
    /// A flow that any program may hold.
    pub(crate) fn draw(app: &Arc<Tenant>, cx: &Cx) -> Self {
        Self {
            id: FlowId::new(cx.now, cx.random()),
            code: cx.six_digits(),
            link: cx.secret(SecretKind::Link),
            origin: app.config.origin(),
            transport: Transport::Api,
            browser_hash: None,
            return_to: None,
            client: None,
        }
    }

    /// The same, for whoever holds `flow`, leading where that one leads.
    pub(super) fn held_like(mut self, flow: &Flow) -> Self {
        self.transport = flow.transport;
        self.browser_hash = flow.browser_hash;
        self.return_to.clone_from(&flow.data.return_to);
        self.client.clone_from(&flow.data.client);
        self
    }

    fn flow(&self, now: Timestamp, identity: &Identity, channel: Channel, address: &str) -> Flow {
        let node = if channel == Channel::Sms { "phone" } else { "email" };
        Flow {
            id: self.id,
            kind: FlowKind::Verification,
            transport: self.transport,
            state: FlowState::ShowForm,
            active: String::new(),
            issued_at: now,
            expires_at: now.plus_seconds(FlowKind::Verification.life_seconds()),
            completed_at: None,
            browser_hash: self.browser_hash,
            session_id: None,
            identity_id: None,
            submits: 0,
            code_hash: None,
            code_tries: 0,
            link_hash: None,
            secret_expires_at: None,
            data: FlowData {
                return_to: self.return_to.clone(),
                client: self.client.clone(),
                identifier: Some(address.to_owned()),
                realm: identity.realm.organization(),
                values: [(node.to_owned(), address.to_owned())].into(),
                channel,
                ..FlowData::default()
            },
        }
    }
}

/// Opens a verification flow for `address` with its code on the way. Where the address had too many messages lately the
/// flow is opened without one, and asks for the address.
pub(crate) fn begin(
    tx: &mut IdentityTx<'_>,
    app: &Tenant,
    cx: &Cx,
    identity: &Identity,
    (channel, address): (Channel, &str),
    new: &NewVerification,
) -> Result<FlowId> {
    let challenge = CodeChallenge {
        address: address.to_owned(),
        identity_id: Some(identity.id),
        method: "code".to_owned(),
        channel,
        sent_at: cx.now,
        device: cx.device_name(),
        place: cx.ip.map(|ip| ip.to_string()),
    };
    let mut flow = new.flow(cx.now, identity, channel, address);
    let expires_at = flow.expires_at;
    let may = match channel {
        Channel::Email => send::take_message(tx, app, cx, address)?.is_none(),
        Channel::Sms => sms_limits::may_text(tx, app, cx, address)?,
    };
    if may {
        flow.state = channel.sent();
        "code".clone_into(&mut flow.active);
        flow.code_hash = Some(code_hash(&app.keys, flow.id, &new.code));
        flow.link_hash = Some(new.link.hash());
        flow.secret_expires_at = Some(expires_at);
        flow.data.challenge = Some(challenge);
        flow.data.messages.push(MessageId::VerificationSent.into());
        let mut request = MessageRequest::to_person(MessageType::Verification, address, identity);
        request.flow_id = Some(flow.id);
        request.until = Some(expires_at);
        request.channel = channel;
        if channel == Channel::Sms && new.transport == Transport::Browser {
            request.bound_to = app.config.public_url.host_str().map(str::to_owned);
        }
        let link = format!("{}/verify?flow={}&token={}", new.origin, flow.id, new.link.expose());
        let link = (channel == Channel::Email).then_some(link.as_str());
        emit_message(tx, cx, &request, Some(&seal(&app.keys, address, Some(&new.code), link)?))?;
    }
    flows::insert(tx, &flow)?;
    Ok(flow.id)
}

/// `method: code`: the address first, then the code.
pub(super) async fn submit(work: &Work, by_link: bool) -> Result<Outcome> {
    let (drawn, next) = (Drawn::draw(work), Proof::draw(work));
    work.step(move |tx, work, flow, forget| {
        if let (Some(entered), false) = (work.input.code(), work.input.flag("resend")) {
            return enter(tx, work, flow, forget, &entered, &next);
        }
        if !by_link && phone::is_meant(tx, work, flow)? {
            return phone::ask_to_verify(tx, work, flow, &drawn);
        }
        ask(tx, work, flow, &drawn, by_link)
    })
    .await
}

/// `method: link` with a token. The browser that opened the link is the one that is told.
pub(super) async fn by_link(work: &Work, holder: Holder, token: String) -> Result<Outcome> {
    let next = Proof::draw(work);
    work.step(move |tx, work, flow, forget| {
        if !link::redeem(tx, work, flow, &token)? {
            return Ok(refuse(flow, Code::CodeExpired, MessageId::CodeExpired));
        }
        if holder.browser_hash().is_some() {
            flow.transport = Transport::Browser;
            flow.browser_hash = holder.browser_hash();
        }
        proven(tx, work, flow, forget, &next)
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
    let signed_in = flow.identity_id.map(|id| identities::get(tx, id)).transpose()?;
    let own = signed_in.as_ref().and_then(|i| i.pending_email.clone().or_else(|| i.email.clone()));
    let before = phone::sent_to(flow, Channel::Email);
    let Some(address) = given.or(before).or(own) else { return Ok(refuse_missing(flow, "email")) };
    let Ok(email) = Email::parse(&address) else { return Ok(refuse_invalid(flow, "email")) };
    flow.data.values.insert("email".to_owned(), address.clone());
    flow.data.identifier = Some(address.clone());
    if let Some(step) = send::too_early(tx, work, flow, &address)? {
        return Ok(step);
    }
    if let Some(signed_in) = &signed_in {
        flow.data.realm = signed_in.realm.organization();
    } else if let Some(step) = place::find_realm(tx, work, flow, &Identifier::Email(email.clone()))? {
        return Ok(step);
    }
    let identity = owner(tx, flow.realm(), &email, signed_in)?;
    let told = MessageId::VerificationSent;
    let method = if by_link { "link" } else { "code" };
    let kind = identity.is_some().then_some(MessageType::Verification);
    // To the address as it was registered: look-alikes that count as equal need not be one mailbox.
    let to = identity.as_ref().and_then(|i| stored(i, &email)).unwrap_or(address);
    let channel = Channel::Email;
    let sending = Sending { kind, channel, address: &to, identity: identity.as_ref(), method, told };
    send::send(tx, work, flow, drawn, &sending)?;
    flow.state = FlowState::SentEmail;
    Ok(Step::Continue)
}

/// The present or pending address of an identity that equals `email`, as it was registered.
fn stored(identity: &Identity, email: &Email) -> Option<String> {
    let own = [&identity.email, &identity.pending_email].into_iter().flatten();
    own.clone().find(|text| Email::parse(text).is_ok_and(|own| own.key() == email.key())).cloned()
}

/// The identity whose present or, in its own session, pending address this is.
fn owner(
    tx: &mut IdentityTx<'_>,
    realm: Realm,
    email: &Email,
    signed_in: Option<Identity>,
) -> Result<Option<Identity>> {
    let is_pending = |identity: &Identity| {
        let pending = identity.pending_email.as_deref().and_then(|e| Email::parse(e).ok());
        pending.is_some_and(|p| p.key() == email.key())
    };
    if let Some(identity) = signed_in.filter(is_pending) {
        return Ok(Some(identity));
    }
    identities::by_email(tx, &realm, email.key())
}

fn enter(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    entered: &str,
    next: &Proof,
) -> Result<Step> {
    if !flow.state.is_sent() {
        return Ok(refuse_state(flow));
    }
    if let Some(step) = check_lock(tx, work, flow)? {
        return Ok(step);
    }
    match redeem(tx, work, flow, entered)? {
        Redeemed::Right => proven(tx, work, flow, forget, next),
        other => refuse_code(tx, work, flow, &other, (Code::WrongCode, Code::CodeExpired)),
    }
}

/// What a proof may bring, drawn before the transaction.
#[derive(Clone)]
struct Proof {
    undo: UndoLink,
    membership: MembershipId,
}

impl Proof {
    fn draw(work: &Work) -> Self {
        Self {
            undo: UndoLink::draw(&work.app, &work.cx),
            membership: MembershipId::new(work.now(), work.cx.random()),
        }
    }
}

/// Whether a registration made this account, which is completed by the first proof of its address. Accounts that are there
/// already never join silently.
fn is_new_registration(tx: &mut IdentityTx<'_>, identity: &Identity) -> Result<bool> {
    // A registration makes the first session at the same moment.
    Ok(!identity.email_verified
        && sessions::begun_at(tx, identity.id, identity.create_time)?.is_some()
        && !identities::was_ever_verified(tx, identity.id)?)
}

/// The address is proven: the present one is marked, a pending one is taken into use.
fn proven(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    next: &Proof,
) -> Result<Step> {
    let challenge = flow.data.challenge.clone();
    let found =
        challenge.as_ref().and_then(|c| c.identity_id).map(|id| identities::find(tx, id)).transpose()?;
    let (Some(challenge), Some(mut identity)) = (challenge, found.flatten()) else {
        return Ok(refuse(flow, Code::CodeExpired, MessageId::CodeExpired));
    };
    if challenge.channel == Channel::Sms {
        return phone::proven(tx, work, flow, forget, (&mut identity, &challenge.address), &next.undo);
    }
    let email =
        Email::parse(&challenge.address).map_err(|_| Error::internal("a mailed address is malformed"))?;
    let pending = identity.pending_email.as_deref().and_then(|e| Email::parse(e).ok());
    if identity.email_key.as_deref() == Some(email.key()) {
        let bootstrap = work.app.config.bootstrap_admin_email.as_deref();
        let is_new = is_new_registration(tx, &identity)?;
        mark_verified(tx, &work.cx, &mut identity, bootstrap)?;
        if is_new && let Some(joined) = join_by_domain(tx, &work.cx, &identity, next.membership)? {
            forget.member(joined, identity.id);
        }
    } else if pending.is_some_and(|p| p.key() == email.key()) {
        if identities::by_email(tx, &identity.realm, email.key())?.is_some() {
            return Ok(refuse(flow, Code::EmailTaken, MessageId::EmailTaken));
        }
        apply_email(tx, &work.cx, &work.app.keys, &mut identity, &next.undo)?;
    } else {
        // The account has another address by now.
        return Ok(refuse(flow, Code::CodeExpired, MessageId::CodeExpired));
    }
    forget.extend(sessions::token_hashes_of(tx, identity.id)?);
    flow.state = FlowState::PassedChallenge;
    flow.data.messages.push(MessageId::AddressVerified.into());
    Ok(Step::Continue)
}
