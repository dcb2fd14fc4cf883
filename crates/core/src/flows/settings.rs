//! Settings: profile and password, one section a submit (`contract/11` §9).

use avnology_model::{
    Code, Error, FieldCode, Result,
    flows::{Channel, Flow, FlowState, MessageId},
    identities::{Email, Identity},
    ids::{CredentialId, SessionId},
    secret_token::{SecretKind, SecretToken},
    sessions::{Method, RevokeReason, Session, SessionKind},
};
use avnology_store::{
    IdentityTx, clients::grants, credentials::passwords, identities::identities,
    sessions::sessions as session_rows,
};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{
    complete::refuse_password,
    enroll,
    step::{Forget, Outcome, Step, Work, refusal, refuse, refuse_missing, refuse_node, refuse_state},
    traits,
    verification::NewVerification,
};
use crate::{
    credentials::check_new_password,
    identities::{
        IdentityInput, PasswordChange, TraitsSchema, change_own, remove_password, store_password, words_of,
    },
    sessions::{self, LiveSession},
};

/// `_110` or `_006` when the section needs a better sign-in than the session has.
pub(super) fn check_fresh(work: &Work, live: &LiveSession) -> Result<()> {
    if live.session.kind == SessionKind::Recovery {
        return Ok(());
    }
    live.check_privileged(&work.settings.settings, work.now())
}

/// `method: profile`.
pub(super) async fn profile(work: &Work, live: &LiveSession) -> Result<Outcome> {
    if live.session.kind == SessionKind::Recovery {
        return Err(Error::new(Code::StepUpRequired));
    }
    let schema = work.app.traits_schema(&work.settings)?;
    let patch = profile_patch(work, schema.as_deref());
    let privileged = live.check_privileged(&work.settings.settings, work.now()).map_err(|e| e.code()).err();
    let verification = NewVerification::draw(&work.app, &work.cx);
    let id = live.identity.id;
    let tried = work
        .step(move |tx, work, flow, forget| {
            let mut identity = identities::get(tx, id)?;
            let new = verification.clone().held_like(flow);
            let entered = patch.get("email").and_then(Value::as_str).and_then(|text| Email::parse(text).ok());
            let by_mail = entered.is_some_and(|email| identity.email_key.as_deref() != Some(email.key()));
            let verification = change_own(tx, &work.app, &work.cx, &mut identity, &patch, privileged, &new)?;
            flow.data.verification = verification;
            flow.data.channel = if by_mail { Channel::Email } else { Channel::Sms };
            forget.extend(session_rows::token_hashes_of(tx, id)?);
            flow.data.values.clear();
            flow.data.messages.push(MessageId::Saved.into());
            Ok(Step::Continue)
        })
        .await;
    match tried {
        Err(error) if is_refusal(error.code()) => refuse_profile(work, error).await,
        other => other,
    }
}

fn is_refusal(code: Code) -> bool {
    matches!(
        code,
        Code::ValidationFailed
            | Code::EmailTaken
            | Code::HandleTaken
            | Code::AlreadyExists
            | Code::LastCredential
    )
}

/// The traits as a merge patch, in which the tenant's own stand in a member of their own; an empty text clears.
fn profile_patch(work: &Work, schema: Option<&TraitsSchema>) -> Map<String, Value> {
    let fields = serde_json::to_value(IdentityInput::default()).unwrap_or_default();
    let emptied = |value: Value| match value {
        Value::String(text) if text.trim().is_empty() => Value::Null,
        other => other,
    };
    let (mut patch, mut own) = (Map::new(), Map::new());
    for (name, value) in work.input.object("traits") {
        if name != "traits" && fields.get(&name).is_some() {
            patch.insert(name, emptied(value));
        } else {
            let read = match schema.and_then(|s| s.property(&name)) {
                Some(property) => property.read(value).unwrap_or(Value::Null),
                None => emptied(value),
            };
            own.insert(name, read);
        }
    }
    if !own.is_empty() {
        patch.insert("traits".to_owned(), Value::Object(own));
    }
    patch
}

/// Keeps what was entered, to be shown again after a step-up.
pub(super) async fn keep_entered(work: &Work) -> Result<()> {
    let schema = work.app.traits_schema(&work.settings)?;
    let kept = work.step(move |_, work, flow, _| {
        traits::remember(flow, &work.input.object("traits"), schema.as_deref());
        Ok(Step::Continue)
    });
    kept.await.map(drop)
}

/// Shows a refused change on its nodes, with what was entered; nothing was changed.
async fn refuse_profile(work: &Work, error: Error) -> Result<Outcome> {
    let (code, fields, field) = (
        error.code(),
        error.errors().to_vec(),
        error.members().get("field").and_then(Value::as_str).map(str::to_owned),
    );
    let schema = work.app.traits_schema(&work.settings)?;
    work.step(move |_, work, flow, _| {
        traits::remember(flow, &work.input.object("traits"), schema.as_deref());
        Ok(match code {
            Code::LastCredential => refuse_node(flow, "traits.phone", code, MessageId::MethodUnavailable),
            Code::EmailTaken => refuse_node(flow, "traits.email", code, MessageId::EmailTaken),
            Code::HandleTaken | Code::AlreadyExists => {
                let name = field.clone().unwrap_or_default();
                let step = refuse_node(flow, &format!("traits.{name}"), code, MessageId::HandleTaken);
                match step {
                    Step::Refuse(error) => Step::Refuse(error.with_member("field", name)),
                    other => other,
                }
            }
            _ => {
                let named = fields.iter().cloned().map(|mut f| {
                    if !f.field.starts_with("traits.") {
                        f.field = format!("traits.{}", f.field);
                    }
                    if f.code == FieldCode::UnknownField {
                        f.code = FieldCode::NotAllowed;
                    }
                    f
                });
                traits::refuse(flow, named.collect())
            }
        })
    })
    .await
}

/// What the first half of a change of password found.
#[derive(Clone)]
struct Gate {
    identity: Identity,
    former: Vec<String>,
    present: Option<String>,
    password: SecretString,
    current: Option<SecretString>,
}

/// `method: password`: a new one, or none.
pub(super) async fn password(work: &Work, live: &LiveSession) -> Result<Outcome> {
    check_fresh(work, live)?;
    if work.input.flag("password_remove") {
        return remove(work, live).await;
    }
    let (id, session) = (live.identity.id, live.session.clone());
    let by_password =
        session.methods.iter().any(|done| matches!(done.method, Method::Password | Method::Recovery));
    let first = work
        .prepare(move |tx, work, flow| {
            if flow.state != FlowState::ShowForm {
                return Ok(Err(refuse_state(flow)));
            }
            let Some(password) = work.input.secret("password") else {
                return Ok(Err(refuse_missing(flow, "password")));
            };
            let present = passwords::find(tx, id)?.map(|p| p.phc);
            let current = work.input.secret("current_password");
            if present.is_some() && !by_password && current.is_none() {
                return Ok(Err(refuse_missing(flow, "current_password")));
            }
            if current.is_some() && !by_password {
                let account = super::account::of_identity(identities::get(tx, id)?);
                if let Some(step) = super::account::check(tx, work, flow, &account)? {
                    return Ok(Err(step));
                }
            }
            let history = work.settings.settings.password_policy.history;
            let (identity, former) = (identities::get(tx, id)?, passwords::history(tx, id, history)?);
            Ok(Ok(Gate { identity, former, present, password, current }))
        })
        .await?;
    let gate = match first {
        Ok(gate) => gate,
        Err(outcome) => return Ok(outcome),
    };
    if let (Some(current), false, Some(_)) = (&gate.current, by_password, &gate.present)
        && !work.app.hasher.verify(current, gate.present.clone()).await?.matches
    {
        return wrong_current(work, gate.identity).await;
    }
    let policy = &work.settings.settings.password_policy;
    let checked =
        check_new_password(&work.app, policy, &gate.password, &words_of(&gate.identity), &gate.former).await;
    if let Err(error) = checked {
        return refuse_password(work, error).await;
    }
    let phc = work.app.hasher.hash(&gate.password, work.cx.random()).await?;
    let by = if session.kind == SessionKind::Recovery { "recovery" } else { "self" };
    let change = PasswordChange { credential: CredentialId::new(work.now(), work.cx.random()), phc, by };
    save(work, session, change, gate.current.is_some() && !by_password).await
}

async fn wrong_current(work: &Work, identity: Identity) -> Result<Outcome> {
    work.step(move |tx, work, flow, _| {
        let account = super::account::of_identity(identity.clone());
        super::account::record_failure(tx, work, &account, Method::Password, Code::WrongCredentials)?;
        Ok(refuse_node(flow, "current_password", Code::WrongCredentials, MessageId::WrongCredentials))
    })
    .await
}

/// Stores the password and ends what it must end, unless `guesses` at the present one have locked the account; the session gets a new token, a recovery session becomes a standard one.
async fn save(work: &Work, session: Session, change: PasswordChange, guesses: bool) -> Result<Outcome> {
    let (token, enroll) = (work.cx.secret(SecretKind::Session), enroll::After::draw(work));
    let keep_others = work.input.flag("keep_other_sessions") && session.kind == SessionKind::Standard;
    work.step(move |tx, work, flow, forget| {
        let mut identity = identities::get(tx, session.identity_id)?;
        if guesses {
            // Many guesses may have waited for their hash at the same time.
            let account = super::account::of_identity(identity.clone());
            if let Some(step) = super::account::check_lock(tx, work, flow, &account)? {
                return Ok(step);
            }
        }
        identity.password_change_required = false;
        store_password(tx, &work.cx, &mut identity, &change)?;
        if change.by == "recovery" {
            grants::revoke_of_identity(tx, identity.id, work.now())?;
        }
        if !keep_others {
            let reason = RevokeReason::PasswordChanged;
            forget.extend(sessions::end_all(tx, &work.cx, identity.id, Some(session.id), reason)?);
        }
        forget.extend(session_rows::token_hashes_of(tx, identity.id)?);
        if change.by == "recovery"
            && let Some(step) = enroll.recovery(tx, work, flow, &identity, &session)?
        {
            return Ok(step);
        }
        let session = renew(tx, work, forget, session.id, &token)?;
        saved(flow);
        Ok(Step::ContinueWith(Box::new(flow.clone()), Some(Box::new((session, identity, token.clone())))))
    })
    .await
}

/// Replaces the token of the present session at once; one that recovery made becomes a standard one.
pub(super) fn renew(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    forget: &mut Forget,
    id: SessionId,
    token: &SecretToken,
) -> Result<Session> {
    let found = session_rows::find(tx, id)?.filter(|s| s.revoked_at.is_none() && s.expires_at > work.now());
    let mut session = found.ok_or_else(|| Error::new(Code::SessionInvalid))?;
    if session.kind == SessionKind::Recovery {
        let life = i64::from(work.settings.settings.session_policy.absolute_timeout_seconds);
        session.kind = SessionKind::Standard;
        session.expires_at = work.now().plus_seconds(life);
        session_rows::raise(tx, &session)?;
    }
    session.token_hash = token.hash();
    forget.extend(session_rows::replace_token(tx, id, &session.token_hash, None)?);
    Ok(session)
}

/// What a person signs in with was changed: all other sessions end, and this one goes on with a new token.
pub(super) fn alone(
    tx: &mut IdentityTx<'_>,
    work: &Work,
    flow: &mut Flow,
    forget: &mut Forget,
    identity: Identity,
    session: SessionId,
    token: &SecretToken,
) -> Result<Step> {
    let reason = RevokeReason::FactorChanged;
    forget.extend(sessions::end_all(tx, &work.cx, identity.id, Some(session), reason)?);
    forget.extend(session_rows::token_hashes_of(tx, identity.id)?);
    let session = renew(tx, work, forget, session, token)?;
    saved(flow);
    Ok(Step::ContinueWith(Box::new(flow.clone()), Some(Box::new((session, identity, token.clone())))))
}

pub(super) fn saved(flow: &mut Flow) {
    flow.state = FlowState::ShowForm;
    flow.data.messages.push(MessageId::Saved.into());
}

/// `password_remove: true`.
async fn remove(work: &Work, live: &LiveSession) -> Result<Outcome> {
    let (id, session, token) = (live.identity.id, live.id(), work.cx.secret(SecretKind::Session));
    work.step(move |tx, work, flow, forget| {
        let mut identity = identities::get(tx, id)?;
        if !identity.has_password {
            return Ok(refuse(flow, Code::StepUnavailable, MessageId::StartAgain));
        }
        if let Err(error) = remove_password(tx, &work.cx, &work.settings.settings, &mut identity, "self") {
            return refusal(error);
        }
        alone(tx, work, flow, forget, identity, session, &token)
    })
    .await
}
