//! Setting a phone up as second factor, wherever a flow does it: in settings, in a sign-in and before a registration that must
//! have one (`contract/11` §9).

use avnology_model::{
    Code, Error, Result,
    credentials::Factor,
    flows::{Flow, FlowState},
    identities::{Identity, phone},
    sessions::Method,
};
use avnology_store::{IdentityTx, identities::identities, sessions::sessions as session_rows};

use super::{
    account,
    code::{Redeemed, redeem, refuse_code},
    complete::{self, Next},
    enroll::{Codes, note_in_login, note_in_settings},
    factor_settings,
    identifier::refuse_invalid,
    new_account::{Draw, Pending},
    registration, second_factor,
    send::Drawn,
    settings::check_fresh,
    sms::{number_sent_to, text},
    step::{Outcome, Step, Work, refuse_method, refuse_missing, refuse_state},
};
use crate::{
    identities::{enroll_sms, mark_phone_verified},
    sessions::{LiveSession, NewSession},
};

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
        note_in_settings(flow);
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
        let mut identity = match second_factor::whose(tx, work, flow, id)? {
            Ok(identity) => identity,
            Err(step) => return Ok(step),
        };
        let number = match confirmed(tx, work, flow, Some(&identity), &drawn)? {
            Ok(number) => number,
            Err(step) => return Ok(step),
        };
        let enrolled = enroll(tx, work, flow, &mut identity, &number, &codes);
        note_in_login(work, flow, enrolled, Method::Sms)?;
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
