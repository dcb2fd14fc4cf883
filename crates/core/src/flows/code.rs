//! One-time codes: six digits, five tries, one live code a flow, each used once.

use avnology_model::{
    Code, Error, Result,
    events::MessageType,
    flows::{Channel, Flow, FlowState, MessageId},
    identities::{Email, Identity},
    ids::FlowId,
    platform::LoginMethod,
    secret_token::SecretHash,
    sessions::{CompletedMethod, Method},
};
use avnology_store::{IdentityTx, flows::flows, identities::identities, sessions::sessions};

use super::{
    account, captcha, complete,
    password::find_account,
    place,
    send::{self, Drawn, Sending},
    sms, sms_limits,
    step::{Forget, Outcome, Step, Work, refuse, refuse_method, refuse_node, refuse_state},
};
use crate::{
    identities::{mark_verified, prove_ownership},
    platform::Keys,
    sessions::NewSession,
};

/// Wrong tries that a code survives, less one.
const TRIES: u32 = 5;

/// Whether the flow's code or link went to the address or phone that this identity has now.
pub(super) fn proves(flow: &Flow, identity: &Identity) -> bool {
    let Some(challenge) = &flow.data.challenge else { return false };
    if challenge.channel == Channel::Sms {
        let has_it = identity.phone_verified && identity.phone.as_ref() == Some(&challenge.address);
        return challenge.identity_id == Some(identity.id) && has_it;
    }
    let key = Email::parse(&challenge.address).ok().map(|email| email.key().to_owned());
    challenge.identity_id == Some(identity.id) && key.is_some() && key == identity.email_key
}

/// What is kept of a code: it has too few digits for a plain hash.
pub(crate) fn code_hash(keys: &Keys, flow: FlowId, code: &str) -> SecretHash {
    keys.hmac("flow-code", format!("{flow}:{code}").as_bytes())
}

/// How a code was taken.
pub(super) enum Redeemed {
    /// It is right, and used up now.
    Right,
    /// It is wrong; so many tries are left.
    Wrong(u32),
    /// There is none that could be right.
    Expired,
}

/// Tries `entered` as the flow's live code.
pub(super) fn redeem(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    entered: &str,
) -> Result<Redeemed> {
    let in_time = flow.secret_expires_at.is_some_and(|until| until > work.now());
    let live = flow.code_hash.filter(|_| in_time && flow.code_tries < TRIES);
    let Some(live) = live else { return Ok(Redeemed::Expired) };
    let hash = code_hash(&work.app.keys, flow.id, entered);
    let equal = aws_lc_rs::constant_time::verify_slices_are_equal(&hash, &live).is_ok();
    if !equal {
        flow.code_tries += 1;
        return Ok(Redeemed::Wrong(TRIES - flow.code_tries));
    }
    if !flows::use_code(tx, flow.id, &live)? {
        return Ok(Redeemed::Expired);
    }
    flow.code_hash = None;
    flow.link_hash = None;
    Ok(Redeemed::Right)
}

/// The refusal of a code: `_007`/`_008`, in recovery `_018`/`_019`. A wrong one counts as a failure of the account.
pub(super) fn refuse_code(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    redeemed: &Redeemed,
    (wrong, expired): (Code, Code),
) -> Result<Step> {
    let Redeemed::Wrong(remaining) = redeemed else {
        let message = if expired == Code::RecoveryExpired {
            MessageId::RecoveryExpired
        } else {
            MessageId::CodeExpired
        };
        return Ok(refuse_node(flow, "code", expired, message));
    };
    if let Some(account) = challenged(tx, work, flow)? {
        let by_text = flow.data.challenge.as_ref().is_some_and(|c| c.channel == Channel::Sms);
        let method = match wrong {
            Code::WrongRecoveryCode => Method::Recovery,
            _ if by_text => Method::Sms,
            _ => Method::Code,
        };
        account::record_failure(tx, work, &account, method, wrong)?;
    }
    Ok(match refuse_node(flow, "code", wrong, MessageId::WrongCode) {
        Step::Refuse(error) => Step::Refuse(error.with_member("attempts_remaining", *remaining)),
        other => other,
    })
}

/// The account whose code the flow waits for, existing or not.
fn challenged(tx: &mut IdentityTx<'_>, work: &Work, flow: &Flow) -> Result<Option<account::Account>> {
    let Some(challenge) = &flow.data.challenge else { return Ok(None) };
    if let Some(id) = challenge.identity_id {
        return Ok(identities::find(tx, id)?.map(account::of_identity));
    }
    // A phone that a new account sets up is nobody's yet: whoever has the number must not be locked out.
    if challenge.method == sms::METHOD {
        return Ok(None);
    }
    account::Identifier::parse(&challenge.address)
        .map(|i| account::find(tx, work, &flow.realm(), &i))
        .transpose()
}

/// The refusal when the account whose code is tried is locked.
pub(super) fn check_lock(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow) -> Result<Option<Step>> {
    match challenged(tx, work, flow)? {
        Some(account) => account::check_lock(tx, work, flow, &account),
        None => Ok(None),
    }
}

/// `method: code` and `method: link` of a login: the first submit sends, the second brings the code.
pub(super) async fn submit(work: &Work, method: LoginMethod) -> Result<Outcome> {
    let (drawn, session, next) = (Drawn::draw(work), NewSession::draw(&work.cx), complete::Next::draw(work));
    work.step(move |tx, work, flow, forget| {
        if let (Some(entered), false) = (work.input.code(), work.input.flag("resend")) {
            return enter(tx, work, flow, forget, &entered, &session, &next);
        }
        if flow.state == FlowState::VerifyAddress {
            return resend_verification(tx, work, flow, &drawn);
        }
        ask(tx, work, flow, method, &drawn)
    })
    .await
}

fn ask(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    method: LoginMethod,
    drawn: &Drawn,
) -> Result<Step> {
    if flow.state != FlowState::ChooseMethod && !flow.state.is_sent() {
        return Ok(refuse_state(flow));
    }
    let channel = match sms::channel_of(work, flow) {
        Ok(channel) => channel,
        Err(step) => return Ok(step),
    };
    let allowed = &work.settings.settings.allowed_methods;
    let by_text = channel == Channel::Sms;
    if !allowed.contains(&method) || by_text && (method != LoginMethod::Code || !work.app.sends_texts()) {
        return Ok(refuse_method(flow, allowed.iter().map(|m| m.as_str()).collect()));
    }
    let account = match find_account(tx, work, flow)? {
        Ok(account) => account,
        Err(step) => return Ok(step),
    };
    // Who signs in where is known by now.
    if let Some(step) = place::check_method(work, flow, method) {
        return Ok(step);
    }
    if let Some(step) = account::check(tx, work, flow, &account)? {
        return Ok(step);
    }
    let identity = account.identity.as_ref().filter(|i| account::may_sign_in(i).is_ok());
    let address = identity.and_then(|i| match channel {
        Channel::Email => i.email.clone(),
        Channel::Sms => i.phone.clone().filter(|_| i.phone_verified),
    });
    // Told is only what follows from what was entered; without an account the message goes nowhere, and everything else
    // happens all the same.
    let entered = flow.data.identifier.clone().or_else(|| address.clone()).unwrap_or_default();
    let address = match reached(tx, work, flow, channel, (&entered, address))? {
        Ok(address) => address,
        Err(step) => return Ok(step),
    };
    let identity = identity.filter(|_| address.is_some());
    let counted = address.clone().unwrap_or(entered);
    let (message, told) = match method {
        LoginMethod::Link => (MessageType::SignInLink, MessageId::SignInLinkSent),
        LoginMethod::Code | LoginMethod::Password | LoginMethod::Passkey => {
            (MessageType::SignInCode, MessageId::SignInCodeSent)
        }
    };
    let kind = address.is_some().then_some(message);
    let sending = Sending { kind, channel, address: &counted, identity, method: method.as_str(), told };
    send::send(tx, work, flow, drawn, &sending)?;
    flow.state = channel.sent();
    Ok(Step::Continue)
}

/// Where the code goes, if it may go to the account's address or phone; the refusal when another one would be too early for
/// what was entered.
fn reached(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    channel: Channel,
    (entered, address): (&str, Option<String>),
) -> Result<Result<Option<String>, Step>> {
    let refused = match channel {
        Channel::Email => send::too_early(tx, work, flow, entered)?,
        Channel::Sms => sms_limits::too_early(tx, work, flow, entered)?,
    };
    if let Some(step) = refused {
        return Ok(Err(step));
    }
    let may = match (&address, channel) {
        (None, _) => false,
        (Some(address), Channel::Email) => send::may_mail_besides(tx, work, entered, address)?,
        (Some(number), Channel::Sms) => sms_limits::may_text_besides(tx, work, entered, number)?,
    };
    Ok(Ok(address.filter(|_| may)))
}

fn resend_verification(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow, drawn: &Drawn) -> Result<Step> {
    let Some(id) = flow.identity_id else { return Ok(refuse_state(flow)) };
    let identity = identities::get(tx, id)?;
    let address = identity.email.clone().unwrap_or_default();
    send::verification(tx, work, flow, &identity, &address, drawn)
}

fn enter(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    entered: &str,
    session: &NewSession,
    next: &complete::Next,
) -> Result<Step> {
    let is_here = flow.state == FlowState::VerifyAddress || flow.state.is_sent();
    if !is_here || captcha::waits_for_code(flow) {
        return Ok(refuse_state(flow));
    }
    if let Some(step) = check_lock(tx, work, flow)? {
        return Ok(step);
    }
    match redeem(tx, work, flow, entered)? {
        Redeemed::Right if flow.state == FlowState::VerifyAddress => {
            complete::address_proven(tx, work, flow, forget, session, next)
        }
        Redeemed::Right => sign_in(tx, work, flow, forget, Method::Code, session, next),
        other => refuse_code(tx, work, flow, &other, (Code::WrongCode, Code::CodeExpired)),
    }
}

/// The code or link was right: the person has the mailbox, which proves the address; or the phone, which was proven before.
pub(super) fn sign_in(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    method: Method,
    session: &NewSession,
    next: &complete::Next,
) -> Result<Step> {
    let id = flow.data.challenge.as_ref().and_then(|c| c.identity_id);
    let id = id.ok_or_else(|| Error::internal("a right code of nobody"))?;
    let found = identities::find(tx, id)?.filter(|identity| proves(flow, identity));
    let Some(mut identity) = found else {
        return Ok(refuse(flow, Code::CodeExpired, MessageId::CodeExpired));
    };
    if account::may_sign_in(&identity).is_err() {
        return Ok(refuse(flow, Code::AccountInactive, MessageId::AccountInactive));
    }
    if flow.data.challenge.as_ref().is_some_and(|c| c.channel == Channel::Sms) {
        return sms::signed_in(tx, work, flow, forget, &mut identity, session, next);
    }
    let bootstrap = work.app.config.bootstrap_admin_email.as_deref();
    let own = flow.session_id.is_some() || flow.data.completed.iter().any(|m| m.method == Method::Password);
    if own {
        // A session or password of the account itself came before: nobody else made it.
        mark_verified(tx, &work.cx, &mut identity, bootstrap)?;
    } else {
        forget.extend(prove_ownership(tx, &work.cx, &mut identity, bootstrap)?);
    }
    forget.extend(sessions::token_hashes_of(tx, id)?);
    let completed = CompletedMethod::first_factor(method, work.now());
    complete::first_factor(tx, work, flow, forget, &mut identity, completed, session, next)
}
