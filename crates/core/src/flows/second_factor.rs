//! The second factor of a sign-in, and of a recovery (`contract/11` §§4.5, 7).

use avnology_model::{
    Code, Result,
    credentials::Factor,
    flows::{Channel, Flow, FlowState, MessageId},
    identities::Identity,
    ids::IdentityId,
    platform::TenantSettings,
    sessions::{Aal, CompletedMethod, Method},
};
use avnology_store::{
    IdentityTx,
    credentials::{recovery_codes as code_rows, totp as totp_rows},
    identities::identities,
    sessions::sessions as session_rows,
};

use super::{
    account::{self, Account},
    complete::{self, Next},
    step::{Forget, Outcome, Step, Work, refuse_method, refuse_missing, refuse_node, refuse_state},
};
use crate::{
    credentials::{recovery_codes, totp},
    identities::{factor_was_used, open_totp},
    sessions::NewSession,
};

/// Makes a flow ask for what it lacks of `needed`, and of a second factor where the identity has one and the device `is_trusted`
/// not; whether it lacks anything.
pub(super) fn ask(
    settings: &TenantSettings,
    flow: &mut Flow,
    identity: &Identity,
    needed: Aal,
    is_trusted: bool,
) -> bool {
    let held = identity.second_factors(&settings.second_factors);
    let needed = if held.is_empty() || is_trusted { needed } else { needed.max(Aal::Aal2) };
    let reached = flow.data.completed.iter().map(|done| done.aal).max().unwrap_or_default();
    if reached >= needed {
        return false;
    }
    // A code that is still live was for another step.
    (flow.code_hash, flow.link_hash, flow.data.challenge) = (None, None, None);
    // Nothing but a passkey reaches the third level, and none is made on the way there.
    let by_hardware = needed == Aal::Aal3;
    let factors = if by_hardware { vec![Factor::Passkey] } else { usable(flow, &held) };
    let (state, message) = if held.is_empty() && !by_hardware {
        (FlowState::EnrollFactor, MessageId::SetUpFactor)
    } else {
        (FlowState::SecondFactor, MessageId::ConfirmIdentity)
    };
    flow.state = state;
    flow.data.factors = factors;
    flow.data.messages.push(message.into());
    true
}

/// Those that make a second one: the phone that a code by text led in with does not.
pub(super) fn usable(flow: &Flow, held: &[Factor]) -> Vec<Factor> {
    let by_phone = flow.data.channel == Channel::Sms && flow.data.recovered_address.is_some()
        || flow.data.completed.iter().any(|done| done.method == Method::Sms && done.aal == Aal::Aal1);
    held.iter().copied().filter(|factor| !(by_phone && *factor == Factor::Sms)).collect()
}

/// Whose second factor a flow asks for, unless it may not be shown now: the account was switched off or changed, or it is
/// locked.
pub(super) fn whose(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    id: IdentityId,
) -> Result<Result<Identity, Step>> {
    let identity = identities::get(tx, id)?;
    if let Some(step) = complete::refuse_changed(tx, flow, &identity)? {
        return Ok(Err(step));
    }
    let refused = account::check(tx, work, flow, &account::of_identity(identity.clone()))?;
    Ok(refused.map_or(Ok(identity), Err))
}

/// A second factor of an identity that is as it was at the first one was shown: the sign-in goes on.
#[expect(clippy::too_many_arguments, reason = "one step that all second factors share")]
pub(super) fn shown(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    identity: &mut Identity,
    done: CompletedMethod,
    session: &NewSession,
    next: &Next,
) -> Result<Step> {
    flow.data.completed.retain(|before| before.method != done.method);
    flow.data.completed.push(done);
    note_remember(work, flow);
    complete::proceed(tx, work, flow, forget, identity, session, next)
}

/// Notes whether the second factor is to be skipped here from now on, where the submit says so.
pub(super) fn note_remember(work: &Work, flow: &mut Flow) {
    if let Some(remember) = work.input.choice("remember_device") {
        flow.data.remember_device = remember;
    }
}

/// The same in the settings flow that recovery goes on with: nothing is lost, and the new password can be set.
pub(super) fn shown_in_recovery(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    id: IdentityId,
) -> Result<Step> {
    factor_was_used(tx, &work.cx, id)?;
    flow.state = FlowState::ShowForm;
    flow.data.challenge = None;
    flow.data.messages.push(MessageId::ChooseNewPassword.into());
    Ok(Step::Continue)
}

/// A second factor that is typed in.
#[derive(Clone, Copy)]
pub(super) enum Typed {
    Totp,
    BackupCode,
}

impl Typed {
    const fn factor(self) -> Factor {
        match self {
            Self::Totp => Factor::Totp,
            Self::BackupCode => Factor::RecoveryCode,
        }
    }

    const fn method(self) -> Method {
        match self {
            Self::Totp => Method::Totp,
            Self::BackupCode => Method::RecoveryCode,
        }
    }

    const fn node(self) -> &'static str {
        match self {
            Self::Totp => "totp_code",
            Self::BackupCode => "recovery_code",
        }
    }
}

/// `method: totp` and `method: recovery_code` of a login in state `second_factor`.
pub(super) async fn submit(work: &Work, typed: Typed) -> Result<Outcome> {
    let (session, next) = (NewSession::draw(&work.cx), Next::draw(work));
    work.step(move |tx, work, flow, forget| {
        let mut identity = match pass(tx, work, flow, forget, typed)? {
            Ok(identity) => identity,
            Err(step) => return Ok(step),
        };
        let done = CompletedMethod::second_factor(typed.method(), work.now());
        shown(tx, work, flow, forget, &mut identity, done, &session, &next)
    })
    .await
}

/// The same in the settings flow that recovery goes on with: after it, the new password can be set.
pub(super) async fn in_recovery(work: &Work, typed: Typed) -> Result<Outcome> {
    work.step(move |tx, work, flow, forget| match pass(tx, work, flow, forget, typed)? {
        Ok(identity) => shown_in_recovery(tx, work, flow, identity.id),
        Err(step) => Ok(step),
    })
    .await
}

/// The identity, if the factor that was submitted is right.
fn pass(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    typed: Typed,
) -> Result<Result<Identity, Step>> {
    let (FlowState::SecondFactor, Some(id)) = (flow.state, flow.identity_id) else {
        return Ok(Err(refuse_state(flow)));
    };
    if !flow.data.factors.contains(&typed.factor()) {
        return Ok(Err(refuse_method(flow, flow.data.factors.iter().map(|f| f.as_str()).collect())));
    }
    let node = typed.node();
    let Some(entered) = work.input.text(node).map(str::to_owned) else {
        return Ok(Err(refuse_missing(flow, node)));
    };
    let identity = match whose(tx, work, flow, id)? {
        Ok(identity) => identity,
        Err(step) => return Ok(Err(step)),
    };
    let is_right = match typed {
        Typed::Totp => use_totp(tx, work, id, &entered)?,
        Typed::BackupCode => use_recovery_code(tx, work, id, &entered)?,
    };
    // Also where the lock of this session's own account begins.
    forget.extend(session_rows::token_hashes_of(tx, id)?);
    if !is_right {
        return refuse(tx, work, flow, &account::of_identity(identity), typed).map(Err);
    }
    Ok(Ok(identity))
}

/// Uses the code of an authenticator application; whether it was right and new.
fn use_totp(tx: &mut IdentityTx<'_>, work: &Work, id: IdentityId, entered: &str) -> Result<bool> {
    let Some(stored) = totp_rows::find(tx, id)? else { return Ok(false) };
    let secret = open_totp(&work.app.keys, id, &stored)?;
    match totp::step_of(&secret, &digits(entered), work.now()) {
        Some(step) => totp_rows::use_step(tx, id, stored.id, step, work.now()),
        None => Ok(false),
    }
}

fn use_recovery_code(tx: &mut IdentityTx<'_>, work: &Work, id: IdentityId, entered: &str) -> Result<bool> {
    let Some(code) = recovery_codes::read(entered) else { return Ok(false) };
    let hash = recovery_codes::hash(&work.app.keys, id, &code);
    code_rows::use_code(tx, id, &hash, work.now())
}

/// What was entered without the white space that people and applications put into it.
pub(super) fn digits(entered: &str) -> String {
    entered.chars().filter(|c| !c.is_whitespace()).collect()
}

fn refuse(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    account: &Account,
    typed: Typed,
) -> Result<Step> {
    let (code, message) = match typed {
        Typed::Totp => (Code::WrongCode, MessageId::WrongCode),
        Typed::BackupCode => (Code::WrongRecoveryCode, MessageId::WrongBackupCode),
    };
    account::record_failure(tx, work, account, typed.method(), code)?;
    let failures = account::failures(tx, work, account)?;
    let remaining = work.settings.settings.lockout.max_failures.saturating_sub(failures);
    Ok(match refuse_node(flow, typed.node(), code, message) {
        Step::Refuse(error) => Step::Refuse(error.with_member("attempts_remaining", remaining)),
        other => other,
    })
}
