//! `method: lost_factors` in the settings flow of a recovery: whoever has lost their second factors, too, says so, waits, and
//! then removes them (`identities::factor_recovery`).
//!
//! The mailbox was proven by the recovery. An account with a password asks for it as well, before the factors go: without that,
//! who holds the mailbox alone would only have to be patient. Who has forgotten it, too, asks an administrator, who vouches for
//! them; then it is not asked for.

use avnology_model::{
    Code, Error, Result,
    flows::{Channel, Flow, FlowState, Group, InputType, LostFactors, Message, MessageId, Node},
    identities::{FactorRecovery, FactorRecoveryState, Identity},
    platform::RateLimit,
    sessions::{Method, SessionKind},
};
use avnology_store::{
    IdentityTx,
    credentials::passwords,
    identities::{factor_recoveries as rows, identities},
    organizations::organizations,
    platform::rate_cells,
    sessions::sessions as session_rows,
};
use secrecy::SecretString;

use super::{
    account, passkey,
    step::{
        Outcome, Step, Work, refusal, refuse_for, refuse_method, refuse_missing, refuse_node, refuse_state,
    },
};
use crate::{
    identities::{
        FactorRecoveryStart, FactorRecoveryStarted, begin_factor_recovery, complete_factor_recovery,
    },
    sessions::LiveSession,
};

/// The method, and the value of its button.
const METHOD: &str = "lost_factors";
/// The node of the password.
const PASSWORD: &str = "current_password";
/// How often a person may begin: every time mails are sent.
const STARTS: &[RateLimit] = &[RateLimit { limit: 3, window_seconds: 30 * 24 * 60 * 60 }];

/// Notes in a flow in state `second_factor` what can be done about factors that are lost: nothing by who recovers by phone, for
/// it is the mailbox that is told and has to be proven.
pub(super) fn note(tx: &mut IdentityTx<'_>, work: &Work, flow: &mut Flow, identity: &Identity) -> Result<()> {
    if flow.data.channel == Channel::Sms {
        flow.data.lost_factors = None;
        return Ok(());
    }
    flow.data.lost_factors = match rows::waiting_of(tx, identity.id)? {
        Some(recovery) => stage(work, identity, &recovery),
        None => None,
    };
    if flow.data.lost_factors.is_none() && may_start(tx, work, identity)? {
        flow.data.lost_factors = Some(LostFactors::Offered);
    }
    Ok(())
}

fn stage(work: &Work, identity: &Identity, recovery: &FactorRecovery) -> Option<LostFactors> {
    if identity.email.as_deref() != Some(recovery.address.as_str()) {
        return None;
    }
    match recovery.state(work.now()) {
        FactorRecoveryState::Waiting => Some(LostFactors::Waiting(recovery.effective_time)),
        FactorRecoveryState::Ready => {
            Some(LostFactors::Ready { asks_password: recovery.is_own && identity.has_password })
        }
        _ => None,
    }
}

/// Whether the person may begin by themselves: the tenant lets them, and so does the organization that manages the account,
/// unless it asks its members for a second factor.
fn may_start(tx: &mut IdentityTx<'_>, work: &Work, identity: &Identity) -> Result<bool> {
    if work.settings.settings.factor_recovery_wait_hours == 0 {
        return Ok(false);
    }
    let Some(manager) = identity.managed_by else { return Ok(true) };
    Ok(organizations::find(tx, manager)?.is_none_or(|organization| !organization.mfa_required))
}

/// Whether the factors can be removed now: then nothing else is asked for. Who finds one after all signs in with it.
pub(super) fn is_ready(flow: &Flow) -> bool {
    matches!(flow.data.lost_factors, Some(LostFactors::Ready { .. }))
}

/// The nodes: to say that the factors are lost, or to remove them.
pub(super) fn nodes(flow: &Flow, nodes: &mut Vec<Node>) {
    match flow.data.lost_factors {
        None | Some(LostFactors::Waiting(_)) => {}
        Some(LostFactors::Offered) => {
            nodes.push(Node::submit(Group::Default, METHOD, MessageId::LabelLostFactors));
        }
        Some(LostFactors::Ready { asks_password }) => {
            if asks_password {
                let field = Node::input(Group::Password, InputType::Password, PASSWORD)
                    .required()
                    .autocomplete("current-password")
                    .with_label(MessageId::LabelCurrentPassword);
                nodes.push(field);
            }
            let group = if asks_password { Group::Password } else { Group::Default };
            nodes.push(Node::submit(group, METHOD, MessageId::LabelRemoveFactors));
        }
    }
}

/// What the flow says as long as it stands there.
pub(super) fn standing(flow: &Flow) -> Option<Message> {
    let stage = flow.data.lost_factors.filter(|_| flow.state == FlowState::SecondFactor)?;
    match stage {
        LostFactors::Offered => None,
        LostFactors::Waiting(until) => {
            Some(Message::new(MessageId::FactorRecoveryWaiting).with_text("time", &until.to_string()))
        }
        LostFactors::Ready { .. } => Some(MessageId::FactorRecoveryReady.into()),
    }
}

/// What the first half of the completion found.
#[derive(Clone)]
struct Gate {
    identity: Identity,
    present: Option<String>,
    password: Option<SecretString>,
}

/// `method: lost_factors`.
pub(super) async fn submit(work: &Work, live: &LiveSession) -> Result<Outcome> {
    if live.session.kind != SessionKind::Recovery {
        return Err(Error::new(Code::StepUpRequired));
    }
    let id = live.identity.id;
    let first = work
        .prepare(move |tx, work, flow| {
            if flow.state != FlowState::SecondFactor || flow.identity_id != Some(id) {
                return Ok(Err(refuse_state(flow)));
            }
            let identity = identities::get(tx, id)?;
            let account = account::of_identity(identity.clone());
            if let Some(step) = account::check(tx, work, flow, &account)? {
                return Ok(Err(step));
            }
            // Time has gone by since the flow was made.
            note(tx, work, flow, &identity)?;
            let Some(LostFactors::Ready { asks_password }) = flow.data.lost_factors else {
                return Ok(Ok(None));
            };
            let present = passwords::find(tx, id)?.map(|p| p.phc).filter(|_| asks_password);
            let password = work.input.secret(PASSWORD);
            if present.is_some() && password.is_none() {
                return Ok(Err(refuse_missing(flow, PASSWORD)));
            }
            Ok(Ok(Some(Gate { identity, present, password })))
        })
        .await?;
    match first {
        Err(outcome) => Ok(outcome),
        Ok(None) => begin(work, live).await,
        Ok(Some(gate)) => complete(work, live, gate).await,
    }
}

/// Begins to wait; said again, it changes nothing.
async fn begin(work: &Work, live: &LiveSession) -> Result<Outcome> {
    let id = live.identity.id;
    let hours = work.settings.settings.factor_recovery_wait_hours;
    let start = FactorRecoveryStart::own(&work.app, &work.cx, hours);
    work.step(move |tx, work, flow, forget| {
        if flow.state != FlowState::SecondFactor {
            return Ok(refuse_state(flow));
        }
        let identity = identities::get(tx, id)?;
        note(tx, work, flow, &identity)?;
        match flow.data.lost_factors {
            None => return Ok(refuse_method(flow, flow.data.factors.iter().map(|f| f.as_str()).collect())),
            Some(LostFactors::Waiting(_)) => return Ok(Step::Continue),
            Some(LostFactors::Ready { .. }) => return Ok(refuse_state(flow)),
            Some(LostFactors::Offered) => {}
        }
        let subject = work.app.keys.hmac("factor_recovery", id.to_string().as_bytes());
        if let Some(seconds) = rate_cells::take(tx, "factor_recovery", &subject, STARTS, work.now())? {
            let message =
                Message::new(MessageId::AccountLocked).with("minutes", i64::from(seconds.div_ceil(60)));
            return Ok(refuse_for(flow, Code::TooManyRequests, message, seconds));
        }
        let recovery = match begin_factor_recovery(tx, &work.app.keys, &work.cx, &identity, &start) {
            Ok(FactorRecoveryStarted::New(recovery) | FactorRecoveryStarted::Before(recovery)) => recovery,
            Err(error) => return refusal(error),
        };
        flow.data.lost_factors = stage(work, &identity, &recovery);
        forget.extend(session_rows::token_hashes_of(tx, id)?);
        Ok(Step::Continue)
    })
    .await
}

/// Removes the factors. Of two requests one does it; and nobody does once it was cancelled.
async fn complete(work: &Work, live: &LiveSession, gate: Gate) -> Result<Outcome> {
    if let (Some(password), Some(present)) = (&gate.password, &gate.present)
        && !work.app.hasher.verify(password, Some(present.clone())).await?.matches
    {
        return wrong_password(work, gate.identity).await;
    }
    let session = live.session.clone();
    work.step(move |tx, work, flow, forget| {
        if flow.state != FlowState::SecondFactor {
            return Ok(refuse_state(flow));
        }
        let mut identity = identities::get(tx, session.identity_id)?;
        if account::may_sign_in(&identity).is_err() {
            return Ok(refuse_state(flow));
        }
        let account = account::of_identity(identity.clone());
        // Many guesses may have waited for their hash at the same time.
        if let Some(step) = account::check_lock(tx, work, flow, &account)? {
            return Ok(step);
        }
        let stands =
            gate.present.is_none() || passwords::find(tx, identity.id)?.map(|p| p.phc) == gate.present;
        let removed =
            if stands { complete_factor_recovery(tx, &work.cx, &mut identity, session.id)? } else { None };
        let Some(ended) = removed else {
            note(tx, work, flow, &identity)?;
            return Ok(refuse_state(flow));
        };
        forget.extend(ended);
        forget.extend(session_rows::token_hashes_of(tx, identity.id)?);
        flow.state = FlowState::ShowForm;
        flow.data.factors.clear();
        flow.data.lost_factors = None;
        flow.data.messages.push(MessageId::ChooseNewPassword.into());
        passkey::note(tx, &work.settings.settings, flow)?;
        Ok(Step::Continue)
    })
    .await
}

async fn wrong_password(work: &Work, identity: Identity) -> Result<Outcome> {
    work.step(move |tx, work, flow, forget| {
        let account = account::of_identity(identity.clone());
        account::record_failure(tx, work, &account, Method::Password, Code::WrongCredentials)?;
        forget.extend(session_rows::token_hashes_of(tx, identity.id)?);
        Ok(refuse_node(flow, PASSWORD, Code::WrongCredentials, MessageId::WrongCredentials))
    })
    .await
}
