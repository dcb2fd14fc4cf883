//! Submitting a flow: who may, and which step it is.

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    flows::{Flow, FlowKind, FlowState, Transport},
    ids::FlowId,
    platform::LoginMethod,
    sessions::SessionKind,
};
use serde_json::Value;

use super::{
    Holder, Submission, captcha, captcha_mail, choose, code, complete, deny, enroll, factor_settings, get,
    identifier, invitation, link, lost_factors, new_passkey, passkey, passkey_making, password, place,
    recovery, registration,
    second_factor::{self, Typed},
    settings, sms, sms_setup,
    step::{Outcome, Refused, Work, check_open, refuse_method, refuse_state},
    step_up, verification,
};
use crate::{
    Cx, Tenant, clients,
    sessions::{LiveSession, Presented, installation},
};

/// Submits a flow. `guard` is asked first, with the flow, whether the request may: it knows of cookies and form tokens.
pub async fn submit(
    app: &Arc<Tenant>,
    cx: &Cx,
    (kind, id): (FlowKind, FlowId),
    holder: Holder,
    input: Submission,
    live: Option<&LiveSession>,
    guard: impl FnOnce(&Flow) -> Result<()>,
) -> Result<Outcome> {
    let flow = get::load(app, kind, id).await?;
    let link_token = link_token(&input);
    if link_token.is_none() {
        get::check_holder(&flow, holder)?;
    }
    check_open(&flow, cx.now, &app.config.origin())?;
    guard(&flow)?;
    let presented = presented(&flow, holder, &input);
    let mut cx = cx.clone();
    cx.presented = presented.clone().unwrap_or_default();
    let challenge = cx.random();
    let app_origins = match &flow.data.client {
        Some(client) if matches!(input.method.as_str(), "passkey" | "webauthn") => {
            clients::app_origins(app, &cx, client.id).await?
        }
        _ => Vec::new(),
    };
    let work = Work {
        app: Arc::clone(app),
        cx,
        settings: app.settings(),
        kind,
        id,
        input: Arc::new(input),
        challenge,
        app_origins,
    };
    if presented.is_none() {
        return work.step(|_, _, flow, _| Ok(identifier::refuse_invalid(flow, "device_id"))).await;
    }
    if let Some(token) = link_token {
        return match kind {
            FlowKind::Login => link::submit(&work, holder, token).await,
            FlowKind::Recovery => recovery::by_link(&work, holder, token).await,
            FlowKind::Verification => match work.input.text("decision") {
                None => verification::by_link(&work, holder, token).await,
                Some("deny") => deny::submit(&work, token).await,
                Some(_) => work.step(|_, _, flow, _| Ok(identifier::refuse_invalid(flow, "decision"))).await,
            },
            FlowKind::Registration | FlowKind::Settings => refuse_unknown(&work).await,
        };
    }
    if let Some(refused) = captcha::guard(&work, &flow).await? {
        return Ok(refused);
    }
    match kind {
        FlowKind::Login => login(&work, &flow).await,
        FlowKind::Registration => registration_method(&work, &flow).await,
        FlowKind::Recovery | FlowKind::Verification => mailed(&work, &flow).await,
        FlowKind::Settings => settings_method(&work, &flow, holder, live).await,
    }
}

/// What the submit shows to recognize its device by; `None` for an installation whose name is none. A browser that opens a mailed
/// link of a program's flow is a browser.
fn presented(flow: &Flow, holder: Holder, input: &Submission) -> Option<Presented> {
    let is_opened_link = link_token(input).is_some() && holder.browser_hash().is_some();
    if flow.transport == Transport::Browser || is_opened_link {
        return Some(Presented::Browser(input.browser.clone()));
    }
    match input.body.get("device_id") {
        None | Some(Value::Null) => Some(Presented::Nothing),
        Some(name) => installation(name.as_str()?.trim()),
    }
}

fn link_token(input: &Submission) -> Option<String> {
    (input.method == "link").then(|| input.text("token")).flatten().map(str::to_owned)
}

async fn login(work: &Work, flow: &Flow) -> Result<Outcome> {
    match work.input.method.as_str() {
        "identifier" => identifier::submit(work).await,
        "profile" if flow.state == FlowState::CompleteProfile => complete::profile(work).await,
        "password" if flow.state == FlowState::CompleteProfile => complete::new_password(work).await,
        "password" => password::submit(work).await,
        "code" if flow.state == FlowState::SecondFactor => sms::submit(work).await,
        "code" => code::submit(work, LoginMethod::Code).await,
        "sms" if flow.state == FlowState::EnrollFactor => sms_setup::in_login(work).await,
        "link" => code::submit(work, LoginMethod::Link).await,
        "passkey" | "webauthn" if flow.state == FlowState::EnrollFactor => {
            passkey_making::in_login(work).await
        }
        "passkey" | "webauthn" => passkey::submit(work).await,
        "totp" if flow.state == FlowState::EnrollFactor => enroll::in_login(work).await,
        "totp" => second_factor::submit(work, Typed::Totp).await,
        "recovery_code" | "lookup_secret" => second_factor::submit(work, Typed::BackupCode).await,
        captcha::METHOD => captcha_mail::submit(work, flow).await,
        "organization" => choose::submit(work).await,
        _ => refuse_unknown(work).await,
    }
}

async fn registration_method(work: &Work, flow: &Flow) -> Result<Outcome> {
    match work.input.method.as_str() {
        "invitation" => invitation::submit(work).await,
        "password" => registration::by_password(work).await,
        "code" => registration::by_code(work).await,
        "passkey" | "webauthn" => new_passkey::submit(work, flow).await,
        captcha::METHOD => captcha_mail::submit(work, flow).await,
        "totp" => registration::by_totp(work).await,
        "sms" => sms_setup::in_registration(work).await,
        _ => refuse_unknown(work).await,
    }
}

async fn mailed(work: &Work, flow: &Flow) -> Result<Outcome> {
    let by_link = match work.input.method.as_str() {
        "code" => false,
        "link" => true,
        captcha::METHOD => return captcha_mail::submit(work, flow).await,
        _ => return refuse_unknown(work).await,
    };
    match flow.kind {
        FlowKind::Recovery => recovery::submit(work, by_link).await,
        _ => verification::submit(work, by_link).await,
    }
}

async fn settings_method(
    work: &Work,
    flow: &Flow,
    holder: Holder,
    live: Option<&LiveSession>,
) -> Result<Outcome> {
    let live = live.ok_or_else(|| Error::new(Code::SessionInvalid))?;
    if flow.session_id != Some(live.id()) {
        return Err(Error::not_found());
    }
    let tried = match work.input.method.as_str() {
        "profile" => settings::profile(work, live).await,
        "password" => settings::password(work, live).await,
        "passkey" | "webauthn" if flow.state == FlowState::SecondFactor => passkey::in_recovery(work).await,
        "passkey" | "webauthn" => passkey_making::in_settings(work, live).await,
        "totp" if flow.state == FlowState::SecondFactor => {
            second_factor::in_recovery(work, Typed::Totp).await
        }
        "recovery_code" | "lookup_secret" if flow.state == FlowState::SecondFactor => {
            second_factor::in_recovery(work, Typed::BackupCode).await
        }
        "lost_factors" => lost_factors::submit(work, live).await,
        "code" if flow.state == FlowState::SecondFactor => sms::in_recovery(work).await,
        "totp" | "sms" | "recovery_code" | "lookup_secret" if live.session.kind == SessionKind::Recovery => {
            Err(Error::new(Code::StepUpRequired))
        }
        "totp" => factor_settings::totp(work, live).await,
        "sms" => sms_setup::in_settings(work, live).await,
        "recovery_code" | "lookup_secret" => factor_settings::recovery_code(work, live).await,
        _ => refuse_unknown(work).await,
    };
    match tried {
        // The change waits behind a login flow that leads back here.
        Err(error) if matches!(error.code(), Code::StepUpRequired | Code::SecondFactorRequired) => {
            settings::keep_entered(work).await?;
            let back = format!("{}?flow={}", super::view::page_path(flow), flow.id);
            let more = step_up::More::asked_by(&error);
            let holder = if flow.transport == Transport::Api { Holder::Program } else { holder };
            let next = step_up::open(&work.app, &work.cx, live, holder, more, Some(back), None).await?;
            Ok(Outcome::Refused(Box::new(Refused { error, flow: Some(next) })))
        }
        other => other,
    }
}

/// A method that this kind of flow does not have, or that the tenant does not offer.
async fn refuse_unknown(work: &Work) -> Result<Outcome> {
    let known = matches!(
        work.input.method.as_str(),
        "identifier"
            | "password"
            | "code"
            | "link"
            | "profile"
            | "oidc"
            | "sso"
            | "totp"
            | "recovery_code"
            | "lookup_secret"
            | "sms"
            | "organization"
            | "break_glass"
            | "complete"
            | "invitation"
    );
    work.step(move |_, work, flow, _| {
        Ok(if known {
            let offered = place::methods(&work.settings.settings, flow);
            refuse_method(flow, offered.iter().map(|m| m.as_str()).collect())
        } else {
            refuse_state(flow)
        })
    })
    .await
}
