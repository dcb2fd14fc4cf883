//! Settings: authenticator application and backup codes (`contract/11` §9).

use avnology_model::{Code, Error, Result, credentials::Factor, flows::MessageId, secret_token::SecretKind};
use avnology_store::{identities::identities, sessions::sessions as session_rows};

use super::{
    enroll::{self, Codes, open_codes},
    settings::{alone, check_fresh, saved},
    step::{Outcome, Step, Work, refusal, refuse_missing, refuse_state},
};
use crate::{
    identities::{NewCodes, may_do_without, remove_factors, replace_codes},
    sessions::LiveSession,
};

/// `method: totp`: sets an authenticator application up, or removes it.
pub(super) async fn totp(work: &Work, live: &LiveSession) -> Result<Outcome> {
    check_fresh(work, live)?;
    if work.input.flag("totp_unlink") {
        return remove(work, live, Factor::Totp).await;
    }
    let (id, codes) = (live.identity.id, Codes::draw(work));
    work.step(move |tx, work, flow, forget| {
        let mut identity = identities::get(tx, id)?;
        if identity.mfa_methods.contains(&Factor::Totp) {
            return Ok(Step::Refuse(Error::new(Code::FactorEnrolled)));
        }
        if !work.settings.settings.second_factors.contains(&Factor::Totp) {
            return Ok(Step::Refuse(
                Error::new(Code::MethodDisabled).with_member("allowed_methods", offered(work)),
            ));
        }
        let step = match enroll::confirmed(work, flow) {
            Ok(step) => step,
            Err(step) => return Ok(step),
        };
        enroll::enroll(tx, work, flow, &mut identity, step, &codes)?;
        forget.extend(session_rows::token_hashes_of(tx, id)?);
        enroll::note_in_settings(flow);
        Ok(Step::Continue)
    })
    .await
}

pub(super) fn offered(work: &Work) -> Vec<&'static str> {
    work.settings.settings.second_factors.iter().map(|factor| factor.as_str()).collect()
}

/// `method: recovery_code`: new backup codes, or none.
pub(super) async fn recovery_code(work: &Work, live: &LiveSession) -> Result<Outcome> {
    // Codes that a sign-in brought are saved without asking for more.
    if work.input.flag("confirm") {
        return confirm(work, live).await;
    }
    check_fresh(work, live)?;
    if work.input.flag("disable") {
        return remove(work, live, Factor::RecoveryCode).await;
    }
    let (id, codes) = (live.identity.id, Codes::draw(work));
    work.step(move |tx, work, flow, _| {
        if !work.input.flag("regenerate") {
            return Ok(refuse_missing(flow, "regenerate"));
        }
        let identity = identities::get(tx, id)?;
        if identity.second_factors(&work.settings.settings.second_factors).is_empty() {
            return Ok(Step::Refuse(Error::new(Code::FactorNotEnrolled)));
        }
        flow.data.codes = Some(codes.shown(&work.app.keys, id, true)?);
        flow.data.messages.push(MessageId::SaveBackupCodes.into());
        Ok(Step::Continue)
    })
    .await
}

/// The codes that the flow shows are saved: from now on they are not shown, and where they were made anew the former ones
/// are void.
async fn confirm(work: &Work, live: &LiveSession) -> Result<Outcome> {
    let id = live.identity.id;
    let fresh = check_fresh(work, live);
    let cx = work.cx.clone();
    let keys = work.app.keys.clone();
    work.step(move |tx, _, flow, forget| {
        let Some(shown) = flow.data.codes.take() else { return Ok(refuse_state(flow)) };
        if shown.wait {
            if let Err(error) = &fresh {
                flow.data.codes = Some(shown);
                return Ok(Step::Refuse(Error::new(error.code())));
            }
            let text = open_codes(&keys, id, &shown)?;
            let mut identity = identities::get(tx, id)?;
            // The factor may be gone since they were made.
            if !identity.has_second_factor() {
                return Ok(Step::Refuse(Error::new(Code::FactorNotEnrolled)));
            }
            let codes = NewCodes::shown_before(&cx, &text);
            replace_codes(tx, &keys, &cx, &mut identity, &codes)?;
            forget.extend(session_rows::token_hashes_of(tx, id)?);
        }
        saved(flow);
        Ok(Step::Continue)
    })
    .await
}

/// Removes a factor; all other sessions end, and this one gets a new token. `_026`; `_100` while an organization or the tenant
/// asks for a second factor and no other remains.
pub(super) async fn remove(work: &Work, live: &LiveSession, factor: Factor) -> Result<Outcome> {
    let (id, session) = (live.identity.id, live.id());
    let token = work.cx.secret(SecretKind::Session);
    work.step(move |tx, work, flow, forget| {
        let mut identity = identities::get(tx, id)?;
        if !identity.mfa_methods.contains(&factor) {
            return Ok(Step::Refuse(Error::new(Code::FactorNotEnrolled)));
        }
        if let Err(error) = may_do_without(tx, &work.settings.settings, &identity, factor) {
            return refusal(error);
        }
        remove_factors(tx, &work.cx, &mut identity, &[factor])?;
        flow.data.codes = None;
        alone(tx, work, flow, forget, identity, session, &token)
    })
    .await
}
