//! `/select-account` and `/select-organization`.

use avnology_core::clients::authorize;
use avnology_http::{Auth, BrowserKeys, Form, PageSignedIn, Query, Reply, Response, Route, SeeOther, csrf};
use avnology_model::{Code, Result};
use avnology_views::{
    Context,
    clients::{ChooseAccount, ChooseOrganization, OrganizationChoice},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{consent::Params, visitor};
use crate::shell::{brand, client_page, entry_page, person};

/// The way back to the request.
pub(super) fn go_on(challenge: &str) -> String {
    format!("/oauth2/auth?login_challenge={}", utf8_percent_encode(challenge, NON_ALPHANUMERIC))
}

/// Where somebody else signs in for the request.
pub(super) fn other_account(challenge: &str) -> String {
    let back = go_on(challenge);
    format!("/sign-in?refresh=true&return_to={}", utf8_percent_encode(&back, NON_ALPHANUMERIC))
}

async fn accounts(auth: Auth<PageSignedIn>, Query(q): Query<Params>) -> Result<Response> {
    let live = auth.session();
    let brand = brand(&auth.app);
    let html = ChooseAccount {
        cx: Context::english(&brand, auth.cx.now),
        person: &person(live),
        action: "/select-account",
        csrf_token: &csrf::page_token(&auth.app, live.id()),
        challenge: &q.login_challenge,
        other_account_url: &other_account(&q.login_challenge),
    }
    .render();
    Ok(entry_page(&auth, html, 200, Vec::new()))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    login_challenge: String,
    organization: String,
}

async fn choose_account(auth: Auth<PageSignedIn>, form: Form<Choice>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let keys = BrowserKeys::of(&auth);
    let challenge = &form.fields.login_challenge;
    authorize::chosen_account(&auth.app, &auth.cx, challenge, visitor(&auth, &keys)).await?;
    Ok(SeeOther(go_on(challenge)).respond())
}

async fn organizations(auth: Auth<PageSignedIn>, Query(q): Query<Params>) -> Result<Response> {
    let keys = BrowserKeys::of(&auth);
    draw(&auth, keys, &q.login_challenge, None).await
}

async fn draw(
    auth: &Auth<PageSignedIn>,
    keys: BrowserKeys,
    challenge: &str,
    refused: Option<&str>,
) -> Result<Response> {
    let offered = authorize::offered(&auth.app, &auth.cx, challenge, visitor(auth, &keys)).await?;
    let choices: Vec<OrganizationChoice> = offered
        .offers
        .iter()
        .map(|offer| OrganizationChoice {
            value: offer.id.to_string(),
            name: offer.name.clone(),
            role: offer.role.clone(),
        })
        .collect();
    let invitations: Vec<(String, String)> =
        offered.invitations.iter().map(|one| (one.id.to_string(), one.name.clone())).collect();
    let back = go_on(challenge);
    let create = format!("/organizations/new?return_to={}", utf8_percent_encode(&back, NON_ALPHANUMERIC));
    let brand = brand(&auth.app);
    let html = ChooseOrganization {
        cx: Context::english(&brand, auth.cx.now),
        client: &offered.client,
        choices: &choices,
        invitations: &invitations,
        has_personal: offered.has_personal,
        to_join: offered.to_join.as_ref().map(|(name, slug)| (name.as_str(), slug.as_str())),
        create_url: offered.may_create.then_some(create.as_str()),
        refused,
        action: "/select-organization",
        csrf_token: &csrf::page_token(&auth.app, auth.session().id()),
        challenge,
    }
    .render();
    let status = if refused.is_some() { 403 } else { 200 };
    Ok(client_page(auth, html, status, keys.set, &offered.client))
}

async fn choose_organization(auth: Auth<PageSignedIn>, form: Form<Choice>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let keys = BrowserKeys::of(&auth);
    let Choice { login_challenge, organization } = form.fields;
    let chosen = authorize::choose_organization(
        &auth.app,
        &auth.cx,
        &login_challenge,
        visitor(&auth, &keys),
        Some(organization.as_str()),
    );
    match chosen.await {
        Ok(()) => Ok(SeeOther(go_on(&login_challenge)).respond()),
        Err(error) if matches!(error.code(), Code::RegistrationDisabled | Code::StepUpRequired) => {
            let words = "You need an invitation to join this organization.";
            draw(&auth, keys, &login_challenge, Some(words)).await
        }
        Err(error) if error.code() == Code::SeatLimitReached => {
            let words = "This organization has no seat left. Ask its administrators.";
            draw(&auth, keys, &login_challenge, Some(words)).await
        }
        Err(error) => Err(error),
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/select-account", accounts).answers_html(200),
        Route::post("/select-account", choose_account).answers_redirect(303),
        Route::get("/select-organization", organizations).answers_html(200),
        Route::post("/select-organization", choose_organization).answers_redirect(303),
    ]
}
