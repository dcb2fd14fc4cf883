//! `/account/security`: the password and the second factors.

use avnology_core::{
    flows::FlowRequest,
    identities::{CredentialView, list_own_credentials, own_summary},
};
use avnology_http::{Auth, PageSignedIn, Query, Reply, Response, Route, SeeOther};
use avnology_model::{
    Code, Result, credentials::Factor, flows::FlowKind, identities::masked_phone, platform::LoginMethod,
};
use avnology_views::credentials::{FactorPage, FactorSection, PasskeyRow, PasswordSection, Security};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    browser::{Found, Held, Opened, find, open, resend_at},
    shell::{page, person_of, shell},
};

const PATH: &str = "/account/security";
const STEP_UP: &str = "/sign-in?refresh=true&return_to=%2Faccount%2Fsecurity";

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    flow: Option<String>,
    section: Option<String>,
}

async fn show(auth: Auth<PageSignedIn>, Query(q): Query<Params>) -> Result<Response> {
    if let Some(id) = &q.flow
        && let Found::Held(held) = find(&auth, &[FlowKind::Settings], id).await?
    {
        return match factor_of(&held.flow.data.section) {
            Some(factor) => draw_factor(&auth, &held, factor).await,
            None => draw(&auth, Some(&held)).await,
        };
    }
    if let Some(name) = q.section.filter(|name| factor_of(name).is_some()) {
        return begin(&auth, name).await;
    }
    if auth.session().check_privileged(&auth.app.settings().settings, auth.cx.now).is_err() {
        return draw(&auth, None).await;
    }
    let request = FlowRequest { section: Some("password".to_owned()), ..FlowRequest::default() };
    match open(&auth, FlowKind::Settings, PATH, request).await? {
        Opened::Go(response) => Ok(response),
        Opened::SignedIn(_) => draw(&auth, None).await,
    }
}

fn factor_of(section: &str) -> Option<FactorSection> {
    match section {
        "passkey" => Some(FactorSection::Passkeys),
        "totp" => Some(FactorSection::Totp),
        "sms" => Some(FactorSection::Sms),
        "recovery_code" => Some(FactorSection::BackupCodes),
        _ => None,
    }
}

/// Opens the section of a second factor, after a better sign-in where one is asked for.
async fn begin(auth: &Auth<PageSignedIn>, section: String) -> Result<Response> {
    let back = format!("%2Faccount%2Fsecurity%3Fsection%3D{section}");
    let request = FlowRequest { section: Some(section), ..FlowRequest::default() };
    match open(auth, FlowKind::Settings, PATH, request).await {
        Ok(Opened::Go(response)) => Ok(response),
        Ok(Opened::SignedIn(_)) => Ok(SeeOther(PATH.to_owned()).respond()),
        Err(error) => match error.code() {
            Code::StepUpRequired => Ok(SeeOther(format!("/sign-in?refresh=true&return_to={back}")).respond()),
            Code::SecondFactorRequired => {
                Ok(SeeOther(format!("/sign-in?aal=aal2&return_to={back}")).respond())
            }
            _ => Err(error),
        },
    }
}

async fn draw_factor(auth: &Auth<PageSignedIn>, held: &Held, factor: FactorSection) -> Result<Response> {
    let summary = own_summary(&auth.app, &auth.cx, auth.session()).await?;
    let shell = shell(auth).await?;
    let rows = match factor {
        FactorSection::Passkeys => passkeys(auth).await?,
        FactorSection::Totp | FactorSection::Sms | FactorSection::BackupCodes => Vec::new(),
    };
    let phone = match factor {
        FactorSection::Sms => phone(auth).await?,
        _ => None,
    };
    let html = FactorPage {
        cx: shell.cx(),
        person: &person_of(&summary.identity),
        flow: &held.view,
        factor,
        passkeys: &rows,
        removed: held.flow.data.removed_passkey.as_ref(),
        phone: phone.as_deref(),
        resend_at: resend_at(&held.flow),
        back_url: held.view.return_to.as_deref().unwrap_or(PATH),
    }
    .render();
    Ok(page(auth, html))
}

async fn draw(auth: &Auth<PageSignedIn>, held: Option<&Held>) -> Result<Response> {
    let summary = own_summary(&auth.app, &auth.cx, auth.session()).await?;
    let shell = shell(auth).await?;
    let enrolled = summary.identity.mfa_methods.contains(&Factor::Totp);
    let settings = auth.app.settings();
    let factors = &settings.settings.second_factors;
    let offered = factors.contains(&Factor::Totp);
    let texts = summary.identity.mfa_methods.contains(&Factor::Sms);
    let offers_texts = factors.contains(&Factor::Sms) && auth.app.sends_texts();
    let count = passkeys(auth).await?.len();
    let takes_passkeys = count > 0 || settings.settings.allowed_methods.contains(&LoginMethod::Passkey);
    let html = Security {
        cx: shell.cx(),
        person: &person_of(&summary.identity),
        notice: None,
        has_password: summary.identity.has_password,
        password_changed_at: summary.password_changed_at,
        password: match held {
            Some(held) => PasswordSection::Form(&held.view),
            None => PasswordSection::StepUp { url: STEP_UP },
        },
        passkeys: takes_passkeys.then_some(count),
        totp: (offered || enrolled).then_some(enrolled),
        sms: (offers_texts || texts).then_some(texts),
        backup_codes: summary.backup_codes,
    }
    .render();
    Ok(page(auth, html))
}

/// The last digits of the phone that is sent codes.
async fn phone(auth: &Auth<PageSignedIn>) -> Result<Option<String>> {
    let held = list_own_credentials(&auth.app, auth.session()).await?;
    Ok(held.into_iter().find_map(|credential| credential.sms).map(|sms| masked_phone(&sms.phone)))
}

async fn passkeys(auth: &Auth<PageSignedIn>) -> Result<Vec<PasskeyRow>> {
    let held = list_own_credentials(&auth.app, auth.session()).await?;
    let row = |credential: CredentialView| {
        let passkey = credential.passkey?;
        Some(PasskeyRow {
            id: credential.id.to_string(),
            name: credential.name.unwrap_or_default(),
            authenticator: passkey.authenticator_name,
            synced: passkey.backed_up,
            created_at: credential.create_time,
            last_used_at: credential.last_used_at,
        })
    };
    Ok(held.into_iter().filter_map(row).collect())
}

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/account/security", show).answers_html(200)]
}
