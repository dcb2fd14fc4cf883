//! Passkeys as first and as second factor (`contract/11` §6). A signature is checked before the transaction that takes
//! its challenge out of the flow, and counts only if that is still the challenge there: no answer counts twice, and every
//! refused try asks for another one.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    credentials::Factor,
    events::EventType,
    flows::{Flow, FlowState, KnownPasskey, MessageId},
    identities::{Email, Identity},
    platform::{FederationMode, LoginMethod, TenantSettings},
    sessions::{Aal, CompletedMethod, Method},
};
use avnology_store::{
    IdentityTx,
    credentials::passkeys::{self as rows, StoredPasskey},
    identities::identities,
    sessions::sessions as session_rows,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{
    account::{self, Identifier},
    complete::{self, Next},
    place, second_factor,
    step::{Forget, Outcome, Step, Work, refuse, refuse_method, refuse_missing, refuse_state},
};
use crate::{
    credentials::webauthn::{
        Answer, Challenge, Known, Refused, RelyingParty, Used, is_hardware, reached, user_handle,
    },
    events::emit,
    sessions::NewSession,
};

/// Has a flow ask for the signature of this challenge from now on.
pub(super) fn challenge(flow: &mut Flow, challenge: &Challenge) {
    flow.data.challenge_of_passkey = Some(URL_SAFE_NO_PAD.encode(challenge));
}

/// What the flow asks to have signed.
pub(super) fn challenge_of(flow: &Flow) -> Option<Challenge> {
    let text = flow.data.challenge_of_passkey.as_deref()?;
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// Notes with a flow which passkeys its identity has; where it is to reach `aal3`, those that do.
pub(super) fn note(tx: &mut IdentityTx<'_>, settings: &TenantSettings, flow: &mut Flow) -> Result<()> {
    let all = !asks_for_hardware(flow);
    flow.data.passkeys = match flow.identity_id {
        None => Vec::new(),
        Some(id) => {
            let held = rows::list(tx, id)?;
            held.iter().filter(|p| all || is_hardware(&settings.webauthn, p)).map(known).collect()
        }
    };
    super::sms::note(tx, flow)
}

/// Whether a flow waits for what reaches `aal3`, and nothing less.
fn asks_for_hardware(flow: &Flow) -> bool {
    flow.state == FlowState::SecondFactor && flow.data.requested_aal == Aal::Aal3
}

/// `_006` where a flow waits for what reaches `aal3` and its identity has nothing that does.
pub(super) fn may_reach(flow: &Flow) -> Result<()> {
    if !asks_for_hardware(flow) || !flow.data.passkeys.is_empty() {
        return Ok(());
    }
    let required =
        json!({ "aal": Aal::Aal3, "max_age": null, "connection_id": null, "methods": [Method::Passkey] });
    let detail = "This asks for a security key that is trusted here. Add one to your passkeys first.";
    Err(Error::new(Code::SecondFactorRequired).with_detail(detail).with_member("required", required))
}

fn known(stored: &StoredPasskey) -> KnownPasskey {
    KnownPasskey {
        id: stored.id,
        credential_id: URL_SAFE_NO_PAD.encode(&stored.credential_id),
        transports: stored.transports.clone(),
    }
}

/// The passkeys of the flow's identity, as browsers are told of them.
pub(super) fn listed(flow: &Flow) -> Vec<Known<'_>> {
    flow.data.passkeys.iter().map(|p| Known { id: &p.credential_id, transports: &p.transports }).collect()
}

/// The answer that was submitted, and the challenge that it must sign, which is used up; the refusal where there is none.
pub(super) fn take(work: &Work, flow: &mut Flow) -> Result<(Challenge, Answer), Step> {
    let given = ["passkey_response", "webauthn_login", "webauthn_register"]
        .iter()
        .find_map(|name| work.input.body.get(*name))
        .filter(|value| !matches!(value, Value::Null) && **value != json!(""));
    let Some(given) = given else { return Err(refuse_missing(flow, "passkey_response")) };
    let taken = challenge_of(flow);
    challenge(flow, &work.challenge);
    match (taken, Answer::read(given)) {
        (Some(taken), Ok(answer)) => Ok((taken, answer)),
        (None, _) => Err(refuse_passkey(flow, Refused::Challenge)),
        (_, Err(refused)) => Err(refuse_passkey(flow, refused)),
    }
}

/// `_017` with its reason.
pub(super) fn refuse_passkey(flow: &mut Flow, refused: Refused) -> Step {
    match refuse(flow, Code::PasskeyRefused, MessageId::PasskeyRefused) {
        Step::Refuse(error) => Step::Refuse(error.with_member("reason", refused.as_str())),
        other => other,
    }
}

/// What an answer is checked against.
#[derive(Clone)]
struct Gate {
    challenge: Challenge,
    answer: Arc<Answer>,
    passkey: StoredPasskey,
    identity: Identity,
    is_second: bool,
}

/// What was found of an answer before the transaction that counts it.
#[derive(Clone)]
struct Checked {
    gate: Gate,
    used: Result<Used, Refused>,
}

impl Checked {
    /// Whether it was of this very challenge and passkey.
    fn is_of(&self, gate: &Gate) -> bool {
        let (mine, its) = (&self.gate, gate);
        mine.challenge == its.challenge
            && mine.is_second == its.is_second
            && (mine.passkey.id, &mine.passkey.credential) == (its.passkey.id, &its.passkey.credential)
    }
}

/// `method: passkey` of a login: as first factor, or in state `second_factor`.
pub(super) async fn submit(work: &Work) -> Result<Outcome> {
    let checked = check(work).await?;
    let (session, next) = (NewSession::draw(&work.cx), Next::draw(work));
    work.step(move |tx, work, flow, forget| {
        let (mut gate, used) = match settle(tx, work, flow, forget, checked.as_ref())? {
            Ok(settled) => settled,
            Err(step) => return Ok(step),
        };
        let aal = reached(&work.settings.settings.webauthn, &gate.passkey, used.user_verified);
        let done = CompletedMethod::passkey(gate.passkey.id, aal, work.now());
        let identity = &mut gate.identity;
        if gate.is_second {
            return second_factor::shown(tx, work, flow, forget, identity, done, &session, &next);
        }
        if let Some(step) = may_lead_in(tx, work, flow, identity)? {
            return Ok(step);
        }
        "passkey".clone_into(&mut flow.active);
        if flow.data.identifier.is_none() {
            flow.data.identifier = identity.email.clone().or_else(|| identity.username.clone());
        }
        complete::first_factor(tx, work, flow, forget, identity, done, &session, &next)
    })
    .await
}

/// `method: passkey` in the settings flow that recovery goes on with, in state `second_factor`.
pub(super) async fn in_recovery(work: &Work) -> Result<Outcome> {
    let checked = check(work).await?;
    work.step(move |tx, work, flow, forget| match settle(tx, work, flow, forget, checked.as_ref())? {
        Ok((gate, _)) => second_factor::shown_in_recovery(tx, work, flow, gate.identity.id),
        Err(step) => Ok(step),
    })
    .await
}

/// What has to be checked, and the challenge used up; or how the step ends.
fn gate(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow) -> Result<Result<Gate, Step>> {
    let is_second = flow.state == FlowState::SecondFactor;
    if !is_second && flow.state != FlowState::ChooseMethod && !flow.state.is_sent() {
        return Ok(Err(refuse_state(flow)));
    }
    if let Some(step) = not_offered(work, flow, is_second) {
        return Ok(Err(step));
    }
    let (challenge, answer) = match take(work, flow) {
        Ok(taken) => taken,
        Err(step) => return Ok(Err(step)),
    };
    let Some(passkey) = rows::find(tx, &answer.raw_id)? else {
        return Ok(Err(refuse_passkey(flow, Refused::UnknownCredential)));
    };
    let identity = identities::get(tx, passkey.identity_id)?;
    if !is_meant(work, flow, &identity, &answer) {
        return Ok(Err(refuse_passkey(flow, Refused::UnknownCredential)));
    }
    if asks_for_hardware(flow) && !is_hardware(&work.settings.settings.webauthn, &passkey) {
        return Ok(Err(refuse_passkey(flow, Refused::Attestation)));
    }
    Ok(Ok(Gate { challenge, answer: Arc::new(answer), passkey, identity, is_second }))
}

fn not_offered(work: &Work, flow: &mut Flow, is_second: bool) -> Option<Step> {
    if is_second {
        let offered = flow.data.factors.clone();
        let is_offered = offered.contains(&Factor::Passkey);
        return (!is_offered).then(|| refuse_method(flow, offered.iter().map(|f| f.as_str()).collect()));
    }
    let settings = &work.settings.settings;
    let allowed = &settings.allowed_methods;
    let is_homeless = settings.identity_federation_mode == FederationMode::Strict
        && flow.data.realm.is_none()
        && !flow.data.is_personal;
    if !allowed.contains(&LoginMethod::Passkey) || is_homeless {
        let others = allowed.iter().filter(|method| **method != LoginMethod::Passkey);
        return Some(refuse_method(flow, others.map(|m| m.as_str()).collect()));
    }
    flow.data.organization.is_some().then(|| place::check_method(work, flow, LoginMethod::Passkey)).flatten()
}

/// Whether this is who is meant: the flow's identity, or the one that the authenticator names.
fn is_meant(work: &Work, flow: &Flow, identity: &Identity, answer: &Answer) -> bool {
    let handle = user_handle(&work.app.keys, identity.id);
    let names_it = answer.user_handle.as_deref().map(|named| named == handle.as_slice());
    match flow.identity_id {
        Some(id) => id == identity.id && names_it != Some(false),
        None => names_it == Some(true) && identity.realm == flow.realm(),
    }
}

/// Checks the signature before anything is written: not in a transaction. `None` where there is nothing to check.
async fn check(work: &Work) -> Result<Option<Checked>> {
    let Some(gate) = work.look(gate).await? else { return Ok(None) };
    let held = (&gate.passkey.credential, gate.passkey.counter);
    let party = RelyingParty::of(&work.app, &work.settings.settings).also_at(&work.app_origins);
    let used = party.check_request(&gate.challenge, &gate.answer, held, gate.is_second);
    Ok(Some(Checked { gate, used }))
}

/// Uses up the challenge and notes the use, or the failure. Of answers that were checked at the same time one counts.
fn settle(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    checked: Option<&Checked>,
) -> Result<Result<(Gate, Used), Step>> {
    let gate = match gate(tx, work, flow)? {
        Ok(gate) => gate,
        Err(step) => return Ok(Err(step)),
    };
    if gate.is_second
        && let Some(step) = complete::refuse_changed(tx, flow, &gate.identity)?
    {
        return Ok(Err(step));
    }
    let Some(checked) = checked.filter(|checked| checked.is_of(&gate)) else {
        return Ok(Err(refuse_passkey(flow, Refused::Challenge)));
    };
    let passkey = &gate.passkey;
    let used = match checked.used {
        Ok(used) if !rows::note_use(tx, passkey.id, used.counter, used.backed_up, work.now())? => {
            Err(Refused::Counter)
        }
        other => other,
    };
    let refused = match used {
        Ok(used) => return Ok(Ok((gate, used))),
        Err(refused) => refused,
    };
    let id = gate.identity.id;
    let account = account::of_identity(gate.identity);
    if refused != Refused::Format {
        account::record_failure(tx, work, &account, Method::Passkey, Code::PasskeyRefused)?;
        forget.extend(session_rows::token_hashes_of(tx, id)?);
    }
    if refused == Refused::Counter {
        let payload = json!({ "user_id": id, "credential_id": gate.passkey.id, "reason": "counter" });
        emit(tx, &work.cx.event(EventType::UserCredentialSuspicious, payload).on("identity", &id))?;
    }
    Ok(Err(refuse_passkey(flow, refused)))
}

/// Home-realm discovery for who signed in without an identifier: the address decides, as if it had been entered.
fn may_lead_in(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    identity: &Identity,
) -> Result<Option<Step>> {
    if flow.restricted_to().is_some() || flow.session_id.is_some() {
        return Ok(None);
    }
    let mode = work.settings.settings.identity_federation_mode;
    let email = identity.email.as_deref().and_then(|email| Email::parse(email).ok());
    if let (Some(email), FederationMode::Shared) = (email, mode)
        && let Some(step) = place::discover(tx, mode, flow, &Identifier::Email(email))?
    {
        return Ok(Some(step));
    }
    Ok(place::check_method(work, flow, LoginMethod::Passkey))
}
