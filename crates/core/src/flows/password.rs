//! Login by password, and the new password that a sign-in can end with.

use avnology_model::{
    Code, Error, Result,
    flows::{Flow, FlowState, MessageId},
    ids::IdentityId,
    platform::LoginMethod,
    sessions::{CompletedMethod, Method},
};
use avnology_store::{IdentityTx, credentials::passwords, identities::identities, sessions::sessions};
use secrecy::SecretString;

use super::{
    account::{self, Account},
    captcha, complete, identifier, place, second_factor,
    step::{Forget, Outcome, Step, Work, refuse, refuse_method, refuse_missing, refuse_state},
};
use crate::{credentials::Verdict, sessions::NewSession};

/// `method: password` of a login.
pub(super) async fn submit(work: &Work) -> Result<Outcome> {
    let first = work.prepare(gate).await?;
    let gate = match first {
        Ok(gate) => gate,
        Err(outcome) => return Ok(outcome),
    };
    // Between the two transactions: the same work whether or not there is such an account.
    let verdict = work.app.hasher.verify(&gate.password, gate.phc.clone()).await?;
    let (password, needs_rehash) = (gate.password.clone(), verdict.matches && verdict.needs_rehash);
    let (identity, old) = (gate.identity, gate.phc.clone());
    let session = NewSession::draw(&work.cx);
    let next = complete::Next::draw(work);
    let outcome = work
        .step(move |tx, work, flow, forget| settle(tx, work, flow, forget, &gate, verdict, &session, &next))
        .await?;
    let was_right = !matches!(outcome, Outcome::Refused(_));
    if let (true, true, Some(id), Some(old)) = (needs_rehash, was_right, identity, old) {
        rehash(work, id, &old, &password).await;
    }
    Ok(outcome)
}

/// What the first half found out.
#[derive(Clone)]
struct Gate {
    password: SecretString,
    identity: Option<IdentityId>,
    phc: Option<String>,
}

fn gate(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow) -> Result<Result<Gate, Step>> {
    if flow.state != FlowState::ChooseMethod && !flow.state.is_sent() {
        return Ok(Err(refuse_state(flow)));
    }
    let allowed = &work.settings.settings.allowed_methods;
    if !allowed.contains(&LoginMethod::Password) {
        return Ok(Err(refuse_method(flow, allowed.iter().map(|m| m.as_str()).collect())));
    }
    let account = match find_account(tx, work, flow)? {
        Ok(account) => account,
        Err(step) => return Ok(Err(step)),
    };
    // Who signs in where is known by now.
    if let Some(step) = place::check_method(work, flow, LoginMethod::Password) {
        return Ok(Err(step));
    }
    let Some(password) = work.input.secret("password") else {
        return Ok(Err(refuse_missing(flow, "password")));
    };
    if let Some(step) = account::check(tx, work, flow, &account)? {
        return Ok(Err(step));
    }
    let identity = account.identity.as_ref().map(|i| i.id);
    let phc = identity.map(|id| passwords::find(tx, id)).transpose()?.flatten().map(|p| p.phc);
    Ok(Ok(Gate { password, identity, phc }))
}

/// The account that the submit or the flow names. Signing in as someone else in a step-up is `_100`.
pub(super) fn find_account(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
) -> Result<Result<Account, Step>> {
    let bound = flow.identity_id.map(|id| identities::get(tx, id)).transpose()?;
    if let Some(bound) = bound {
        if work.input.text("identifier").is_none() {
            return Ok(Ok(account::of_identity(bound)));
        }
        let identifier = match identifier::take(tx, work, flow)? {
            Ok(identifier) => identifier,
            Err(step) => return Ok(Err(step)),
        };
        let named = account::find(tx, work, &flow.realm(), &identifier)?;
        let same = named.identity.as_ref().is_some_and(|i| i.id == bound.id);
        return Ok(if same { Ok(named) } else { Err(Step::Refuse(Error::new(Code::PermissionDenied))) });
    }
    match identifier::take(tx, work, flow)? {
        Ok(identifier) => account::find(tx, work, &flow.realm(), &identifier).map(Ok),
        Err(step) => Ok(Err(step)),
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "the second half of one step: what the first half and the hash found"
)]
fn settle(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    gate: &Gate,
    verdict: Verdict,
    session: &NewSession,
    next: &complete::Next,
) -> Result<Step> {
    let account = match find_account(tx, work, flow)? {
        Ok(account) => account,
        Err(step) => return Ok(step),
    };
    // Many tries may have waited for their hash at the same time: the lock that the first ones brought holds for all.
    if let Some(step) = account::check_lock(tx, work, flow, &account)? {
        return Ok(step);
    }
    let identity = account.identity.clone().filter(|i| Some(i.id) == gate.identity);
    let unchanged = match &identity {
        Some(identity) => passwords::find(tx, identity.id)?.map(|p| p.phc) == gate.phc,
        None => false,
    };
    let (true, true, Some(mut identity)) = (verdict.matches, unchanged, identity) else {
        account::record_failure(tx, work, &account, Method::Password, Code::WrongCredentials)?;
        captcha::note(tx, work, flow, &account.key)?;
        if let Some(identity) = &account.identity {
            forget.extend(sessions::token_hashes_of(tx, identity.id)?);
        }
        return Ok(refuse(flow, Code::WrongCredentials, MessageId::WrongCredentials));
    };
    passwords::touch(tx, identity.id, work.now())?;
    "password".clone_into(&mut flow.active);
    second_factor::note_remember(work, flow);
    let method = CompletedMethod::first_factor(Method::Password, work.now());
    complete::first_factor(tx, work, flow, forget, &mut identity, method, session, next)
}

/// Hashes the password with the present cost; a failure leaves the old hash, which works as well.
async fn rehash(work: &Work, id: IdentityId, old: &str, password: &SecretString) {
    let renewed = async {
        let new = work.app.hasher.hash(password, work.cx.random()).await?;
        let old = old.to_owned();
        work.app.store.identity().write(move |tx| passwords::rehash(tx, id, &old, &new)).await
    };
    if let Err(error) = renewed.await {
        tracing::warn!(?error, "a password could not be hashed anew");
    }
}
