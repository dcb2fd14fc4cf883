//! What follows the first factor: each step only if it is needed (`contract/11` §4.5), then the session.

use avnology_model::{
    Code, Error, Result,
    flows::{Flow, FlowState, MessageId},
    identities::Identity,
    ids::{CredentialId, OrganizationId},
    platform::{RegistrationField, TenantSettings},
    sessions::{Aal, CompletedMethod, Method, RevokeReason, SessionKind},
};
use avnology_store::{
    IdentityTx, credentials::passwords, identities::identities, sessions::sessions as session_rows,
};
use serde_json::json;

use super::{
    account, enroll,
    entry::{self, Visitor},
    identifier::refuse_invalid,
    passkey, second_factor, send, settings, sms,
    step::{Forget, Outcome, Step, Then, Work, end, refuse, refuse_missing, refuse_node, refuse_state},
    traits,
};
use crate::{
    credentials::check_new_password,
    identities::{PasswordChange, save, store_password, words_of},
    sessions::{self, NewSession},
};

const DAY: i64 = 24 * 60 * 60;

/// What the steps to come may need, drawn before the transaction.
#[derive(Clone)]
pub(super) struct Next {
    secrets: send::Drawn,
}

impl Next {
    pub(super) fn draw(work: &Work) -> Self {
        Self { secrets: send::Drawn::draw(work) }
    }
}

/// The right credential was shown: the next step is found.
#[expect(clippy::too_many_arguments, reason = "one step that three methods share")]
pub(super) fn first_factor(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    identity: &mut Identity,
    method: CompletedMethod,
    session: &NewSession,
    next: &Next,
) -> Result<Step> {
    if account::may_sign_in(identity).is_err() {
        return Ok(refuse(flow, Code::AccountInactive, MessageId::AccountInactive));
    }
    flow.data.completed.retain(|done| done.method != method.method);
    flow.data.completed.push(method);
    flow.identity_id = Some(identity.id);
    go_on(tx, work, flow, forget, identity, session, next)
}

/// Finds the next step, or ends.
pub(super) fn go_on(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    identity: &mut Identity,
    session: &NewSession,
    next: &Next,
) -> Result<Step> {
    match refuse_changed(tx, flow, identity)? {
        Some(step) => Ok(step),
        None => proceed(tx, work, flow, forget, identity, session, next),
    }
}

/// The same, of an identity that [`refuse_changed`] let through in this transaction.
pub(super) fn proceed(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    identity: &mut Identity,
    session: &NewSession,
    next: &Next,
) -> Result<Step> {
    let visitor = match entry::of_sign_in(tx, work, flow, identity)? {
        Visitor::Refused(error) => return Ok(end(flow, work.now(), error)),
        visitor => visitor,
    };
    let settings = &work.settings.settings;
    let needed = needed_assurance(tx, work, flow)?;
    let is_trusted = flow.data.recovered_address.is_none()
        && identity.has_second_factor()
        && sessions::is_trusted(tx, &work.cx, settings, identity)?;
    if second_factor::ask(settings, flow, identity, needed, is_trusted) {
        passkey::note(tx, settings, flow)?;
        return Ok(may_enroll(work, flow));
    }
    // Not before: a right password must not buy tries at the second factor.
    account::succeeded(tx, work, identity)?;
    // Who has no address is asked for one first.
    if let Some(address) = identity.email.clone()
        && (settings.require_verified_email || matches!(visitor, Visitor::ProveFirst))
        && !identity.email_verified
    {
        flow.state = FlowState::VerifyAddress;
        // A code that is still live was mailed to somebody else.
        (flow.code_hash, flow.link_hash, flow.data.challenge) = (None, None, None);
        return send::verification(tx, work, flow, identity, &address, &next.secrets);
    }
    flow.data.missing = missing_fields(settings, identity);
    if !flow.data.missing.is_empty() {
        flow.state = FlowState::CompleteProfile;
        return Ok(Step::Continue);
    }
    if must_change_password(tx, work, flow, identity)? {
        flow.state = FlowState::CompleteProfile;
        flow.data.messages.push(MessageId::ChooseNewPassword.into());
        return Ok(Step::Continue);
    }
    match visitor {
        Visitor::MayJoin(_) => {
            flow.state = FlowState::ChooseOrganization;
            Ok(Step::Continue)
        }
        Visitor::Member(organization) => {
            finish(tx, work, flow, forget, identity, session, Some(organization))
        }
        Visitor::Personal => finish(tx, work, flow, forget, identity, session, None),
        Visitor::ProveFirst | Visitor::Refused(_) => Ok(refuse_state(flow)),
    }
}

/// What was asked for, and what the tenant and the organization that the flow leads into ask of everyone.
fn needed_assurance(tx: &mut IdentityTx<'_>, work: &Work, flow: &Flow) -> Result<Aal> {
    let asked = work.settings.settings.mfa_required || entry::asks_for_second_factor(tx, flow)?;
    Ok(if asked { flow.data.requested_aal.max(Aal::Aal2) } else { flow.data.requested_aal })
}

/// `_006` where a second factor is to be set up and the tenant offers none, and where nothing that there is reaches `aal3`.
pub(super) fn may_enroll(work: &Work, flow: &mut Flow) -> Step {
    if let Err(error) = passkey::may_reach(flow) {
        return end(flow, work.now(), error);
    }
    let settings = &work.settings.settings;
    let offers = settings.second_factors.iter().any(|f| f.is_set_up() && sms::can_set_up(&work.app, *f));
    if flow.state != FlowState::EnrollFactor || offers {
        return Step::Continue;
    }
    let required = json!({ "aal": Aal::Aal2, "max_age": null, "connection_id": null, "methods": null });
    end(flow, work.now(), Error::new(Code::SecondFactorRequired).with_member("required", required))
}

/// The refusal when the account was switched off, or its password replaced, since the first factor was shown.
pub(super) fn refuse_changed(
    tx: &mut IdentityTx<'_>,
    flow: &mut Flow,
    identity: &Identity,
) -> Result<Option<Step>> {
    if account::may_sign_in(identity).is_err() {
        return Ok(Some(refuse(flow, Code::AccountInactive, MessageId::AccountInactive)));
    }
    let shown =
        flow.data.completed.iter().find(|done| done.method == Method::Password).map(|m| m.completed_at);
    let Some(shown) = shown else { return Ok(None) };
    let stands = passwords::find(tx, identity.id)?.is_some_and(|password| password.create_time <= shown);
    Ok((!stands).then(|| refuse_state(flow)))
}

/// The fields that the tenant asks for and this identity does not have.
fn missing_fields(settings: &TenantSettings, identity: &Identity) -> Vec<RegistrationField> {
    let i = identity;
    let is_missing = |field: &RegistrationField| match field {
        RegistrationField::Email => i.email.is_none(),
        RegistrationField::Phone => i.phone.is_none(),
        RegistrationField::Username => i.username.is_none(),
        RegistrationField::FirstName => i.first_name.is_none(),
        RegistrationField::LastName => i.last_name.is_none(),
    };
    let to_be_verified = settings.require_verified_email.then_some(RegistrationField::Email);
    let mut missing: Vec<RegistrationField> = Vec::new();
    for field in to_be_verified.into_iter().chain(settings.registration.required_fields.iter().copied()) {
        if is_missing(&field) && !missing.contains(&field) {
            missing.push(field);
        }
    }
    missing
}

/// `method: profile` in state `complete_profile`: the fields that were missing.
pub(super) async fn profile(work: &Work) -> Result<Outcome> {
    let (session, next) = (NewSession::draw(&work.cx), Next::draw(work));
    work.step(move |tx, work, flow, forget| {
        let (FlowState::CompleteProfile, Some(id), [_, ..]) =
            (flow.state, flow.identity_id, flow.data.missing.as_slice())
        else {
            return Ok(refuse_state(flow));
        };
        let before = identities::get(tx, id)?;
        if let Some(step) = refuse_changed(tx, flow, &before)? {
            return Ok(step);
        }
        let fields = match traits::read_missing(&work.input, flow, &before) {
            Ok(fields) => fields,
            Err(step) => return Ok(step),
        };
        let mut identity = before.clone();
        fields.write(&mut identity);
        if let Some(step) = taken(tx, work, flow, &before, &identity)? {
            return Ok(step);
        }
        save(tx, &work.cx, &before, &mut identity)?;
        forget.extend(session_rows::token_hashes_of(tx, id)?);
        flow.data.values.clear();
        go_on(tx, work, flow, forget, &mut identity, &session, &next)
    })
    .await
}

/// The refusal when a new address or name is someone else's.
fn taken(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    before: &Identity,
    after: &Identity,
) -> Result<Option<Step>> {
    if let Some(key) = after.email_key.as_ref().filter(|key| before.email_key.as_ref() != Some(key))
        && identities::by_email(tx, &after.realm, key)?.is_some()
    {
        let discloses = work.settings.settings.registration.discloses_accounts;
        return Ok(Some(if discloses {
            refuse_node(flow, "traits.email", Code::EmailTaken, MessageId::EmailTaken)
        } else {
            refuse_invalid(flow, "traits.email")
        }));
    }
    if let Some(number) = after.phone.as_ref().filter(|number| before.phone.as_ref() != Some(number))
        && let Some(step) = super::phone::taken(tx, work, flow, number)?
    {
        return Ok(Some(step));
    }
    if let Some(name) = after.username.as_ref().filter(|name| before.username.as_ref() != Some(name))
        && identities::by_username(tx, &after.realm, &name.to_ascii_lowercase())?.is_some()
    {
        let step = refuse_node(flow, "traits.username", Code::HandleTaken, MessageId::HandleTaken);
        return Ok(Some(match step {
            Step::Refuse(error) => Step::Refuse(error.with_member("field", "username")),
            other => other,
        }));
    }
    Ok(None)
}

/// Whether a sign-in by password must end with a new one.
fn must_change_password(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &Flow,
    identity: &Identity,
) -> Result<bool> {
    if !flow.data.completed.iter().any(|done| done.method == Method::Password) {
        return Ok(false);
    }
    if identity.password_change_required {
        return Ok(true);
    }
    let Some(days) = work.settings.settings.password_policy.max_age_days else { return Ok(false) };
    let set_at = passwords::find(tx, identity.id)?.map(|p| p.create_time);
    Ok(set_at.is_some_and(|at| at.plus_seconds(i64::from(days) * DAY) <= work.now()))
}

/// Makes the session, or raises the one that is stepped up; it acts in the organization that the flow leads into.
pub(super) fn finish(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    identity: &mut Identity,
    session: &NewSession,
    organization: Option<OrganizationId>,
) -> Result<Step> {
    let methods = flow.data.completed.clone();
    let mut made = if let Some(id) = flow.session_id {
        let again = flow.data.refresh;
        let (mut raised, former) = sessions::raise(tx, &work.cx, id, session.token(), &methods, again)?;
        forget.extend(former);
        if flow.data.recovered_address.is_some() {
            // What a recovery was still to bring is there.
            raised = settings::renew(tx, work, forget, id, session.token())?;
        }
        if organization.is_some() {
            sessions::enter(tx, &work.cx, &mut raised, organization)?;
        }
        raised
    } else {
        let policy = &work.settings.settings.session_policy;
        let new = session.clone().in_organization(organization);
        sessions::start(tx, &work.cx, &new, identity, SessionKind::Standard, &methods, policy)?
    };
    if flow.data.remember_device {
        let shown = (&methods[..], flow.issued_at);
        sessions::trust(tx, &work.cx, &work.settings.settings, &mut made, shown)?;
    }
    flow.state = FlowState::Passed;
    flow.session_id = Some(made.id);
    flow.completed_at = Some(work.now());
    let codes = enroll::codes_flow(tx, work, flow, &made)?;
    let then = Then { verification: None, codes };
    Ok(Step::SignedIn(Box::new((made, identity.clone(), session.token().clone())), then))
}

/// `method: code` in state `verify_address`: the address is proven and the sign-in goes on.
pub(super) fn address_proven(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    session: &NewSession,
    next: &Next,
) -> Result<Step> {
    let id = flow.identity_id.ok_or_else(|| Error::internal("a flow waits for an address of nobody"))?;
    let mut identity = identities::get(tx, id)?;
    if !super::code::proves(flow, &identity) {
        return Ok(refuse_node(flow, "code", Code::CodeExpired, MessageId::CodeExpired));
    }
    let bootstrap = work.app.config.bootstrap_admin_email.as_deref();
    crate::identities::mark_verified(tx, &work.cx, &mut identity, bootstrap)?;
    forget.extend(session_rows::token_hashes_of(tx, id)?);
    go_on(tx, work, flow, forget, &mut identity, session, next)
}

/// `method: password` in state `complete_profile`: the new password.
pub(super) async fn new_password(work: &Work) -> Result<Outcome> {
    let first = work
        .prepare(|tx, work, flow| {
            let (FlowState::CompleteProfile, Some(id), []) =
                (flow.state, flow.identity_id, flow.data.missing.as_slice())
            else {
                return Ok(Err(refuse_state(flow)));
            };
            let Some(password) = work.input.secret("password") else {
                return Ok(Err(refuse_missing(flow, "password")));
            };
            let policy = &work.settings.settings.password_policy;
            let identity = identities::get(tx, id)?;
            if let Some(step) = refuse_changed(tx, flow, &identity)? {
                return Ok(Err(step));
            }
            Ok(Ok((identity, passwords::history(tx, id, policy.history)?, password)))
        })
        .await?;
    let (identity, former, password) = match first {
        Ok(found) => found,
        Err(outcome) => return Ok(outcome),
    };
    let policy = &work.settings.settings.password_policy;
    if let Err(error) = check_new_password(&work.app, policy, &password, &words_of(&identity), &former).await
    {
        return refuse_password(work, error).await;
    }
    let phc = work.app.hasher.hash(&password, work.cx.random()).await?;
    let change =
        PasswordChange { credential: CredentialId::new(work.now(), work.cx.random()), phc, by: "self" };
    let (session, next) = (NewSession::draw(&work.cx), Next::draw(work));
    work.step(move |tx, work, flow, forget| {
        let (FlowState::CompleteProfile, Some(id), []) =
            (flow.state, flow.identity_id, flow.data.missing.as_slice())
        else {
            return Ok(refuse_state(flow));
        };
        let mut identity = identities::get(tx, id)?;
        if let Some(step) = refuse_changed(tx, flow, &identity)? {
            return Ok(step);
        }
        identity.password_change_required = false;
        store_password(tx, &work.cx, &mut identity, &change)?;
        let reason = RevokeReason::PasswordChanged;
        forget.extend(sessions::end_all(tx, &work.cx, id, flow.session_id, reason)?);
        for done in flow.data.completed.iter_mut().filter(|done| done.method == Method::Password) {
            done.completed_at = work.now();
        }
        go_on(tx, work, flow, forget, &mut identity, &session, &next)
    })
    .await
}

/// Refuses a new password with the reason on its node.
pub(super) async fn refuse_password(work: &Work, error: Error) -> Result<Outcome> {
    let message = match error.code() {
        Code::PasswordWeak => MessageId::PasswordWeak,
        Code::PasswordBreached => MessageId::PasswordBreached,
        Code::PasswordReused => MessageId::PasswordReused,
        _ => return Err(error),
    };
    let (code, fields) = (error.code(), error.errors().to_vec());
    work.step(move |_, _, flow, _| {
        let mut refused = refuse_node(flow, "password", code, message);
        if let Step::Refuse(error) = refused {
            let error = fields.iter().cloned().fold(error, |e, f| e.with_field(f.field, f.code, f.message));
            refused = Step::Refuse(error);
        }
        Ok(refused)
    })
    .await
}
