//! Codes by text message: as first factor, as second factor, and setting that up (`contract/11` §§4.2, 5, 7, 9).
//!
//! A phone is one factor: whoever was let in by a code that was texted shows another second factor.

use avnology_model::{
    Code, Error, Result,
    credentials::Factor,
    events::MessageType,
    flows::{Channel, Flow, FlowState, MessageId},
    identities::{Identity, masked_phone, phone},
    platform::RateLimit,
    sessions::{CompletedMethod, Method},
};
use avnology_store::{
    IdentityTx, credentials::sms as rows, identities::identities, platform::rate_cells,
    sessions::sessions as session_rows,
};

use super::{
    account,
    code::{Redeemed, redeem, refuse_code},
    complete::{self, Next},
    enroll::Codes,
    factor_settings,
    identifier::refuse_invalid,
    new_account::{Draw, Pending},
    registration,
    send::{self, Drawn, Sending},
    settings::{check_fresh, saved},
    step::{Forget, Outcome, Step, Work, refuse_method, refuse_missing, refuse_state},
};
use crate::{
    Cx, Tenant,
    identities::{enroll_sms, mark_phone_verified},
    sessions::{LiveSession, NewSession},
};

/// The method of a code that is a second factor, or sets one up: no other step takes it, and this one takes no other.
pub(super) const METHOD: &str = "sms";

/// Texts that one network may ask for.
const PER_NETWORK: &[RateLimit] =
    &[RateLimit { limit: 20, window_seconds: 3_600 }, RateLimit { limit: 60, window_seconds: 86_400 }];
/// Texts to numbers that differ in their last four digits only: whoever earns by texts rents them in blocks.
const PER_BLOCK: &[RateLimit] =
    &[RateLimit { limit: 30, window_seconds: 3_600 }, RateLimit { limit: 100, window_seconds: 86_400 }];
/// Digits that numbers of one block differ in.
const BLOCK_DIGITS: usize = 4;

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

/// The refusal when another text would be too many: for this flow, for what was entered, for the network that asks or, of a
/// number, for its block.
pub(super) fn too_early(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    entered: &str,
) -> Result<Option<Step>> {
    if let Some(step) = send::too_early(tx, work, flow, entered)? {
        return Ok(Some(step));
    }
    let mut seconds = take_network(tx, &work.app, &work.cx)?;
    if let (None, Ok(number)) = (seconds, phone(entered)) {
        seconds = take_block(tx, &work.app, &work.cx, &number)?;
    }
    Ok(seconds.map(|seconds| send::wait(flow, i64::from(seconds))))
}

/// Whether a text may go to the number of an account that was named by something else, such as its address: nobody is told.
pub(super) fn may_text_besides(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    entered: &str,
    number: &str,
) -> Result<bool> {
    if phone(entered).is_ok_and(|entered| entered == number) {
        return Ok(true);
    }
    Ok(send::take_address(tx, work, number)?.is_none()
        && take_block(tx, &work.app, &work.cx, number)?.is_none())
}

/// Counts a text that no step of a flow asks for; whether it may go.
pub(super) fn may_text(tx: &mut IdentityTx<'_>, app: &Tenant, cx: &Cx, number: &str) -> Result<bool> {
    Ok(send::take_message(tx, app, cx, number)?.is_none()
        && take_network(tx, app, cx)?.is_none()
        && take_block(tx, app, cx, number)?.is_none())
}

fn take_network(tx: &mut IdentityTx<'_>, app: &Tenant, cx: &Cx) -> Result<Option<u32>> {
    let Some(ip) = cx.ip else { return Ok(None) };
    let limits = account::limits(app, &app.settings(), "sms.network", PER_NETWORK);
    let network = match ip {
        std::net::IpAddr::V4(ip) => ip.octets().to_vec(),
        // One network has them all.
        std::net::IpAddr::V6(ip) => ip.octets().into_iter().take(8).collect(),
    };
    rate_cells::take(tx, "sms.network", &network, &limits, cx.now)
}

fn take_block(tx: &mut IdentityTx<'_>, app: &Tenant, cx: &Cx, number: &str) -> Result<Option<u32>> {
    let limits = account::limits(app, &app.settings(), "sms.prefix", PER_BLOCK);
    let block = number.get(..number.len().saturating_sub(BLOCK_DIGITS)).unwrap_or(number);
    rate_cells::take(tx, "sms.prefix", block.as_bytes(), &limits, cx.now)
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
        let offered = super::place::methods(&work.settings.settings, flow);
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
pub(super) async fn second_factor(work: &Work) -> Result<Outcome> {
    let (drawn, session, next) = (Drawn::draw(work), NewSession::draw(&work.cx), Next::draw(work));
    work.step(move |tx, work, flow, forget| {
        let mut identity = match pass(tx, work, flow, forget, &drawn)? {
            Ok(identity) => identity,
            Err(step) => return Ok(step),
        };
        let done = CompletedMethod::second_factor(Method::Sms, work.now());
        flow.data.completed.retain(|before| before.method != done.method);
        flow.data.completed.push(done);
        complete::go_on(tx, work, flow, forget, &mut identity, &session, &next)
    })
    .await
}

/// The same in the settings flow that recovery goes on with: after it, the new password can be set.
pub(super) async fn in_recovery(work: &Work) -> Result<Outcome> {
    let drawn = Drawn::draw(work);
    work.step(move |tx, work, flow, forget| {
        if let Err(step) = pass(tx, work, flow, forget, &drawn)? {
            return Ok(step);
        }
        flow.state = FlowState::ShowForm;
        flow.data.challenge = None;
        flow.data.messages.push(MessageId::ChooseNewPassword.into());
        Ok(Step::Continue)
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
    let stored = rows::find(tx, id)?;
    let by_mail = work.input.text("channel").is_some_and(|channel| channel != Channel::Sms.as_str());
    let (Some(stored), true, false, true) =
        (stored, flow.data.factors.contains(&Factor::Sms), by_mail, work.app.sends_texts())
    else {
        return Ok(Err(refuse_method(flow, flow.data.factors.iter().map(|f| f.as_str()).collect())));
    };
    let identity = identities::get(tx, id)?;
    if let Some(step) = complete::refuse_changed(tx, flow, &identity)? {
        return Ok(Err(step));
    }
    let account = account::of_identity(identity);
    if let Some(step) = account::check(tx, work, flow, &account)? {
        return Ok(Err(step));
    }
    let Some(identity) = account.identity else { return Ok(Err(refuse_state(flow))) };
    let entered = work.input.code().filter(|_| !work.input.flag("resend"));
    let Some(entered) = entered else {
        return text(tx, work, flow, &stored.phone, Some(&identity), drawn).map(Err);
    };
    forget.extend(session_rows::token_hashes_of(tx, id)?);
    // The number may have been replaced since the code was sent.
    let redeemed = match is_sent_to(flow, Some(&stored.phone)) {
        true => redeem(tx, work, flow, &entered)?,
        false => Redeemed::Expired,
    };
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
fn text(
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

/// Setting a phone up: the number first, then the code that was texted to it. The number, once its code was right; else
/// what became of sending or trying one.
fn confirmed(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    identity: Option<&Identity>,
    drawn: &Drawn,
) -> Result<Result<String, Step>> {
    let offers = work.settings.settings.second_factors.contains(&Factor::Sms) && work.app.sends_texts();
    if !offers {
        return Ok(Err(refuse_method(flow, factor_settings::offered(work))));
    }
    if work.input.flag("restart") {
        (flow.code_hash, flow.link_hash, flow.data.challenge) = (None, None, None);
        return Ok(Err(Step::Continue));
    }
    let sent_to = number_sent_to(flow).map(str::to_owned);
    let resend = work.input.flag("resend");
    if let Some(entered) = work.input.code().filter(|_| !resend) {
        let redeemed = if sent_to.is_some() { redeem(tx, work, flow, &entered)? } else { Redeemed::Expired };
        return match (redeemed, sent_to) {
            (Redeemed::Right, Some(number)) => {
                flow.data.challenge = None;
                Ok(Ok(number))
            }
            (other, _) => refuse_code(tx, work, flow, &other, (Code::WrongCode, Code::CodeExpired)).map(Err),
        };
    }
    let given = work.input.text("phone").map(str::to_owned);
    if let Some(given) = &given {
        flow.data.values.insert("phone".to_owned(), given.chars().take(32).collect());
    }
    let Some(number) = given.or_else(|| sent_to.filter(|_| resend)) else {
        return Ok(Err(refuse_missing(flow, "phone")));
    };
    let Ok(number) = phone(&number) else { return Ok(Err(refuse_invalid(flow, "phone"))) };
    text(tx, work, flow, &number, identity, drawn).map(Err)
}

/// Enrols a phone whose code was right, and has new backup codes shown. The profile's number is proven with it when it is
/// the same and nobody else's.
pub(super) fn enroll(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    identity: &mut Identity,
    number: &str,
    codes: &Codes,
) -> Result<()> {
    let keys = &work.app.keys;
    if enroll_sms(tx, keys, &work.cx, identity, number, &codes.new)? {
        flow.data.codes = Some(codes.shown(keys, identity.id, false)?);
    }
    if identity.phone.as_deref() == Some(number)
        && identities::by_phone(tx, &identity.realm, number)?.is_none()
    {
        mark_phone_verified(tx, &work.cx, identity)?;
    }
    Ok(())
}

/// `method: sms` in settings: sets a phone up, or removes it.
pub(super) async fn in_settings(work: &Work, live: &LiveSession) -> Result<Outcome> {
    check_fresh(work, live)?;
    if work.input.flag("sms_unlink") {
        return factor_settings::remove(work, live, Factor::Sms).await;
    }
    let (id, codes, drawn) = (live.identity.id, Codes::draw(work), Drawn::draw(work));
    work.step(move |tx, work, flow, forget| {
        let mut identity = identities::get(tx, id)?;
        if identity.mfa_methods.contains(&Factor::Sms) {
            return Ok(Step::Refuse(Error::new(Code::FactorEnrolled)));
        }
        let account = account::of_identity(identity.clone());
        if let Some(step) = account::check(tx, work, flow, &account)? {
            return Ok(step);
        }
        let number = match confirmed(tx, work, flow, Some(&identity), &drawn)? {
            Ok(number) => number,
            Err(step) => return Ok(step),
        };
        enroll(tx, work, flow, &mut identity, &number, &codes)?;
        forget.extend(session_rows::token_hashes_of(tx, id)?);
        flow.data.values.clear();
        saved(flow);
        if flow.data.codes.is_some() {
            flow.data.messages.push(MessageId::SaveBackupCodes.into());
            // What is to be saved is all that the page shows.
            if flow.data.section == METHOD {
                "recovery_code".clone_into(&mut flow.data.section);
            }
        }
        Ok(Step::Continue)
    })
    .await
}

/// `method: sms` of a login in state `enroll_factor`.
pub(super) async fn in_login(work: &Work) -> Result<Outcome> {
    let (session, next) = (NewSession::draw(&work.cx), Next::draw(work));
    let (codes, drawn) = (Codes::draw(work), Drawn::draw(work));
    work.step(move |tx, work, flow, forget| {
        let (FlowState::EnrollFactor, Some(id)) = (flow.state, flow.identity_id) else {
            return Ok(refuse_state(flow));
        };
        let mut identity = identities::get(tx, id)?;
        if let Some(step) = complete::refuse_changed(tx, flow, &identity)? {
            return Ok(step);
        }
        let account = account::of_identity(identity.clone());
        if let Some(step) = account::check(tx, work, flow, &account)? {
            return Ok(step);
        }
        let number = match confirmed(tx, work, flow, Some(&identity), &drawn)? {
            Ok(number) => number,
            Err(step) => return Ok(step),
        };
        match enroll(tx, work, flow, &mut identity, &number, &codes) {
            // Another tab was faster: its factor is the one to show.
            Err(error) if error.code() == Code::FactorEnrolled => {}
            other => {
                other?;
                flow.data.completed.push(CompletedMethod::second_factor(Method::Sms, work.now()));
            }
        }
        complete::go_on(tx, work, flow, forget, &mut identity, &session, &next)
    })
    .await
}

/// `method: sms` of a registration in state `enroll_factor`: the account has the phone from its beginning.
pub(super) async fn in_registration(work: &Work) -> Result<Outcome> {
    let (draw, drawn) = (Draw::new(work), Drawn::draw(work));
    work.step(move |tx, work, flow, forget| {
        let pending = flow.data.pending.clone().filter(|_| flow.state == FlowState::EnrollFactor);
        let Some(pending) = pending else { return Ok(refuse_state(flow)) };
        let pending: Pending = serde_json::from_value(pending).map_err(Error::internal)?;
        let number = match confirmed(tx, work, flow, None, &drawn)? {
            Ok(number) => number,
            Err(step) => return Ok(step),
        };
        let draw = draw.clone().with_phone(number);
        registration::resume(tx, work, flow, forget, &pending, pending.proven, &draw)
    })
    .await
}
