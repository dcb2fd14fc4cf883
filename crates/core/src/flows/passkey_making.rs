//! Making passkeys, wherever a flow does it: in settings, after a recovery, in a sign-in that must have a second factor, and
//! for a new account (`contract/11` §§5, 6, 9).

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    flows::{Flow, FlowState, MessageId, RemovedPasskey},
    identities::Identity,
    ids::{CredentialId, IdentityId},
    secret_token::SecretKind,
    sessions::{CompletedMethod, RevokeReason, SessionKind},
    text::line,
};
use avnology_store::{
    credentials::passkeys::{self as rows, StoredPasskey},
    identities::identities,
    sessions::sessions as session_rows,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    complete::{self, Next},
    enroll::{After, Codes, note_in_settings},
    identifier::refuse_invalid,
    passkey::{self, refuse_passkey, take},
    settings::{alone, check_fresh},
    step::{Outcome, Step, Work, refusal, refuse_missing, refuse_state},
};
use crate::{
    credentials::webauthn::{Answer, Challenge, Made, Refused, RelyingParty, reached},
    identities::{add_passkey, remove_passkey},
    sessions::{self, LiveSession, NewSession},
};

/// Most characters of a name.
const NAME: usize = 100;

/// A passkey as the answer gave it, for somebody who is not yet known to have it.
pub(super) fn stored(work: &Work, made: Made, identity: IdentityId, name: Option<&str>) -> StoredPasskey {
    let usual = avnology_model::credentials::authenticator_name(&made.aaguid).map(str::to_owned);
    let name = name.map(str::to_owned).or(usual).or_else(|| work.cx.device_name());
    StoredPasskey {
        id: CredentialId::new(work.now(), work.cx.random()),
        identity_id: identity,
        credential_id: made.credential_id,
        credential: made.credential,
        name: name.unwrap_or_else(|| "Passkey".to_owned()),
        aaguid: made.aaguid,
        transports: made.transports,
        counter: made.counter,
        backup_eligible: made.backup_eligible,
        backed_up: made.backed_up,
        rp_id: RelyingParty::of(&work.app, &work.settings.settings).id,
        create_time: work.now(),
        last_used_at: None,
    }
}

/// Checks an answer that makes a passkey.
pub(super) fn check(
    work: &Work,
    challenge: &Challenge,
    answer: &Answer,
    must_verify: bool,
) -> Result<Made, Refused> {
    let party = RelyingParty::of(&work.app, &work.settings.settings).also_at(&work.app_origins);
    party.check_creation(challenge, answer, must_verify, work.now())
}

/// The name that was entered, if any; the refusal of one that cannot be used.
fn entered_name(work: &Work, flow: &mut Flow) -> Result<Option<String>, Step> {
    let Some(text) = work.input.text("name") else { return Ok(None) };
    match line(text, NAME) {
        Ok(name) => Ok(Some(name).filter(|name| !name.is_empty())),
        Err(_) => Err(refuse_invalid(flow, "name")),
    }
}

/// `method: passkey` in settings: adds one, renames or removes one.
pub(super) async fn in_settings(work: &Work, live: &LiveSession) -> Result<Outcome> {
    if let Some(id) = work.input.text("passkey_rename") {
        if live.session.kind == SessionKind::Recovery {
            return Err(Error::new(Code::StepUpRequired));
        }
        return rename(work, live, id.parse().ok()).await;
    }
    check_fresh(work, live)?;
    if let Some(id) = work.input.text("passkey_remove") {
        if live.session.kind == SessionKind::Recovery {
            return Err(Error::new(Code::StepUpRequired));
        }
        return remove(work, live, id.parse().ok()).await;
    }
    add(work, live).await
}

async fn add(work: &Work, live: &LiveSession) -> Result<Outcome> {
    let first = work
        .prepare(|_, work, flow| {
            if flow.state != FlowState::ShowForm {
                return Ok(Err(refuse_state(flow)));
            }
            let name = match entered_name(work, flow) {
                Ok(name) => name,
                Err(step) => return Ok(Err(step)),
            };
            Ok(take(work, flow).map(|(challenge, answer)| (challenge, Arc::new(answer), name)))
        })
        .await?;
    let (challenge, answer, name) = match first {
        Ok(found) => found,
        Err(outcome) => return Ok(outcome),
    };
    let checked = check(work, &challenge, &answer, false);
    let (codes, token) = (Codes::draw(work), work.cx.secret(SecretKind::Session));
    let enroll = After::draw(work);
    let session = live.session.clone();
    let made = checked.map(|made| stored(work, made, session.identity_id, name.as_deref()));
    work.step(move |tx, work, flow, forget| {
        let passkey = match &made {
            Ok(passkey) => passkey.clone(),
            Err(refused) => return Ok(refuse_passkey(flow, *refused)),
        };
        let mut identity = identities::get(tx, session.identity_id)?;
        let recovers = session.kind == SessionKind::Recovery;
        // Whoever came by recovery has no second factor yet: this one becomes a way in.
        let codes_for = (!recovers).then_some(&codes);
        match add_passkey(tx, &work.app.keys, &work.cx, &mut identity, &passkey, codes_for.map(|c| &c.new)) {
            Ok(true) => flow.data.codes = Some(codes.shown(&work.app.keys, identity.id, false)?),
            Ok(false) => {}
            Err(error) if error.code() == Code::AlreadyExists => {
                return Ok(refuse_passkey(flow, Refused::UnknownCredential));
            }
            Err(error) => return refusal(error),
        }
        passkey::note(tx, &work.settings.settings, flow)?;
        forget.extend(session_rows::token_hashes_of(tx, identity.id)?);
        if !recovers {
            note_in_settings(flow);
            return Ok(Step::Continue);
        }
        "passkey".clone_into(&mut flow.active);
        if let Some(step) = enroll.recovery(tx, work, flow, &identity, &session)? {
            let reason = RevokeReason::FactorChanged;
            forget.extend(sessions::end_all(tx, &work.cx, identity.id, Some(session.id), reason)?);
            return Ok(step);
        }
        alone(tx, work, flow, forget, identity, session.id, &token)
    })
    .await
}

async fn rename(work: &Work, live: &LiveSession, id: Option<CredentialId>) -> Result<Outcome> {
    let identity = live.identity.id;
    work.step(move |tx, work, flow, _| {
        let name = match entered_name(work, flow) {
            Ok(Some(name)) => name,
            Ok(None) => return Ok(refuse_missing(flow, "name")),
            Err(step) => return Ok(step),
        };
        let renamed = match id {
            Some(id) => rows::rename(tx, id, identity, &name)?,
            None => false,
        };
        if !renamed {
            return Ok(Step::Refuse(Error::new(Code::FactorNotEnrolled)));
        }
        passkey::note(tx, &work.settings.settings, flow)?;
        flow.data.messages.push(MessageId::Saved.into());
        Ok(Step::Continue)
    })
    .await
}

async fn remove(work: &Work, live: &LiveSession, id: Option<CredentialId>) -> Result<Outcome> {
    let (identity, session, token) = (live.identity.id, live.id(), work.cx.secret(SecretKind::Session));
    work.step(move |tx, work, flow, forget| {
        let Some(id) = id else { return Ok(Step::Refuse(Error::new(Code::FactorNotEnrolled))) };
        let mut identity = identities::get(tx, identity)?;
        let settings = &work.settings.settings;
        let held = rows::list(tx, identity.id)?.into_iter().find(|passkey| passkey.id == id);
        if let Err(error) = remove_passkey(tx, &work.cx, settings, &mut identity, id, true) {
            return refusal(error);
        }
        flow.data.codes = None;
        flow.data.removed_passkey = held.map(|passkey| RemovedPasskey {
            rp_id: passkey.rp_id,
            credential_id: URL_SAFE_NO_PAD.encode(passkey.credential_id),
        });
        passkey::note(tx, settings, flow)?;
        alone(tx, work, flow, forget, identity, session, &token)
    })
    .await
}

/// `method: passkey` of a login in state `enroll_factor`.
pub(super) async fn in_login(work: &Work) -> Result<Outcome> {
    let first = work
        .prepare(|_, work, flow| {
            let (FlowState::EnrollFactor, Some(id)) = (flow.state, flow.identity_id) else {
                return Ok(Err(refuse_state(flow)));
            };
            Ok(take(work, flow).map(|(challenge, answer)| (challenge, Arc::new(answer), id)))
        })
        .await?;
    let (challenge, answer, id) = match first {
        Ok(found) => found,
        Err(outcome) => return Ok(outcome),
    };
    let made = check(work, &challenge, &answer, true).map(|made| stored(work, made, id, None));
    let (session, next, codes) = (NewSession::draw(&work.cx), Next::draw(work), Codes::draw(work));
    work.step(move |tx, work, flow, forget| {
        if flow.state != FlowState::EnrollFactor {
            return Ok(refuse_state(flow));
        }
        let passkey = match &made {
            Ok(passkey) => passkey.clone(),
            Err(refused) => return Ok(refuse_passkey(flow, *refused)),
        };
        let mut identity: Identity = identities::get(tx, id)?;
        if let Some(step) = complete::refuse_changed(tx, flow, &identity)? {
            return Ok(step);
        }
        match add_passkey(tx, &work.app.keys, &work.cx, &mut identity, &passkey, Some(&codes.new)) {
            Ok(true) => flow.data.codes = Some(codes.shown(&work.app.keys, identity.id, false)?),
            Ok(false) => {}
            Err(error) if error.code() == Code::AlreadyExists => {
                return Ok(refuse_passkey(flow, Refused::UnknownCredential));
            }
            Err(error) => return refusal(error),
        }
        let aal = reached(&work.settings.settings.webauthn, &passkey, true);
        flow.data.completed.push(CompletedMethod::passkey(passkey.id, aal, work.now()));
        complete::go_on(tx, work, flow, forget, &mut identity, &session, &next)
    })
    .await
}
