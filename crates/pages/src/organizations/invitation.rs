//! `/invitations/{token}`: the token becomes a cookie and leaves the address bar; `/invitations` is the page.

use avnology_core::{
    organizations::{self, InvitationPreview},
    sessions,
};
use avnology_http::{
    Auth, BrowserKeys, Bucket, Cookie, Form, Path1, Query, Reply, Response, Route, SeeOther, Visitor,
    cookies, csrf,
};
use avnology_model::{Code, Error, Result, identities::Email, ids::FlowId, organizations::RegistrationMode};
use avnology_views::{
    Context,
    organizations::{Home, InvitationEnd, InvitationOver, InvitationPage, InvitationStep, Refusal, refusal},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{mine::joined, outcome};
use crate::shell::{brand, entry_page, person, with_cookies};

/// How long the browser keeps an invitation that was opened.
const KEPT_SECONDS: i64 = 24 * 60 * 60;
/// Stands in for a flow in the form token of visitors who are not signed in.
const NO_FLOW: FlowId = FlowId::from_bytes([0; 16]);

async fn open(auth: Auth<Visitor>, Path1(token): Path1<String>) -> Result<Response> {
    let kept = cookies::set(&auth.app, Cookie::Invitation, &token, Some(KEPT_SECONDS));
    Ok(SeeOther("/invitations".to_owned()).with_cookie(kept).respond())
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    failed: Option<String>,
}

async fn show(auth: Auth<Visitor>, Query(q): Query<Params>) -> Result<Response> {
    let Some(token) = auth.cookie(Cookie::Invitation).map(str::to_owned) else {
        return Ok(over(&auth, InvitationEnd::Unknown));
    };
    match organizations::look_up_invitation(&auth.app, &auth.cx, &token).await {
        Ok(preview) => Ok(draw(&auth, &preview, &outcome::refusals(q.failed.as_deref()), 200)),
        Err(error) if error.code() == Code::InvitationInvalid => Ok(over(&auth, end(&error))),
        Err(error) => Err(error),
    }
}

fn end(error: &Error) -> InvitationEnd {
    match error.members().get("reason").and_then(|reason| reason.as_str()) {
        Some("expired") => InvitationEnd::Expired,
        Some("revoked") => InvitationEnd::Revoked,
        Some("accepted") => InvitationEnd::Used,
        _ => InvitationEnd::Unknown,
    }
}

fn over(auth: &Auth<Visitor>, end: InvitationEnd) -> Response {
    let brand = brand(&auth.app);
    let status = if end == InvitationEnd::Declined { 200 } else { 410 };
    let html = InvitationOver { cx: Context::english(&brand, auth.cx.now), end }.render();
    let forget = cookies::clear(&auth.app, Cookie::Invitation);
    entry_page(auth, html, status, vec![forget])
}

/// The form token: of the session, or of the browser of somebody who is not signed in.
fn token(auth: &Auth<Visitor>, keys: &BrowserKeys) -> String {
    match auth.visitor() {
        Some(live) => csrf::page_token(&auth.app, live.id()),
        None => keys.csrf_token(auth, NO_FLOW),
    }
}

fn check(auth: &Auth<Visitor>, sent: Option<&str>) -> Result<()> {
    match auth.visitor() {
        Some(live) => csrf::check_page(&auth.app, live.id(), sent),
        None => csrf::check(&auth.app, auth.cookie(Cookie::Csrf), NO_FLOW, sent),
    }
}

fn draw(auth: &Auth<Visitor>, preview: &InvitationPreview, refusals: &[Refusal], status: u16) -> Response {
    let keys = BrowserKeys::of(auth);
    let csrf_token = token(auth, &keys);
    let brand = brand(&auth.app);
    let card = &preview.organization;
    // In a strict tenant nobody comes from elsewhere: whoever is invited makes an account there.
    let strict = auth.app.is_strict();
    let live = auth.visitor().filter(|_| !strict);
    let who = live.map(|live| person(live));
    let is_right = live.is_some_and(|live| is_for(preview, live.identity.email_key.as_deref()));
    let hint: String = preview.email.chars().map(encoded).collect();
    let door = if strict { format!("/org/{}", card.slug) } else { "/sign-in".to_owned() };
    let sign_in = format!("{door}?return_to=%2Finvitations&login_hint={hint}");
    let step = match &who {
        Some(who) if is_right => InvitationStep::Accept(who),
        Some(who) => InvitationStep::WrongAccount(who),
        None if preview.account_exists => InvitationStep::SignIn { url: &sign_in },
        None => InvitationStep::SignUp { url: "/sign-up?invited=true" },
    };
    // Somebody at the wrong account is told about that first.
    let options = &preview.auth_options;
    let asks_for_sso = options.sso_required || options.registration == RegistrationMode::SsoOnly;
    let needs_sso = asks_for_sso && (is_right || who.is_none());
    let html = InvitationPage {
        cx: Context::english(&brand, auth.cx.now),
        home: &Home { id: card.id, name: card.name.clone(), slug: card.slug.to_string() },
        email: &preview.email,
        role: &preview.role_name,
        invited_by: preview.invited_by_name.as_deref(),
        expires_at: preview.expires_at,
        step: if needs_sso { InvitationStep::SsoRequired } else { step },
        csrf_token: &csrf_token,
        refusals,
    }
    .render();
    entry_page(auth, html, status, keys.set)
}

/// Whether the invitation is for the account with this address.
fn is_for(preview: &InvitationPreview, key: Option<&str>) -> bool {
    Email::parse(&preview.email).is_ok_and(|email| key == Some(email.key()))
}

/// A character of an address as it stands in a query.
fn encoded(c: char) -> String {
    if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '@') {
        return c.to_string();
    }
    let mut bytes = [0; 4];
    c.encode_utf8(&mut bytes).bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    action: String,
}

async fn act(auth: Auth<Visitor>, form: Form<Fields>) -> Result<Response> {
    check(&auth, form.csrf.as_deref())?;
    let Some(token) = auth.cookie(Cookie::Invitation).map(str::to_owned) else {
        return Ok(over(&auth, InvitationEnd::Unknown));
    };
    match form.fields.action.as_str() {
        "accept" => accept(&auth, &token).await,
        "decline" => match organizations::decline_invitation(&auth.app, &auth.cx, &token).await {
            Ok(()) => Ok(over(&auth, InvitationEnd::Declined)),
            Err(error) => refused(&auth, &token, error).await,
        },
        "switch" => another(&auth, &token).await,
        _ => Err(Error::not_found()),
    }
}

async fn accept(auth: &Auth<Visitor>, token: &str) -> Result<Response> {
    let Some(live) = auth.visitor() else { return Ok(SeeOther("/invitations".to_owned()).respond()) };
    let forget = cookies::clear(&auth.app, Cookie::Invitation);
    match organizations::accept_invitation(&auth.app, &auth.cx, live, token).await {
        Ok(accepted) => {
            let response = joined(auth, live, accepted.organization.slug.as_str()).await?;
            Ok(with_cookies(response, vec![forget]))
        }
        // The link was passed on, so the address is still to be proven; then back here.
        Err(error) if error.code() == Code::VerificationRequired => {
            Ok(SeeOther("/verify?return_to=%2Finvitations".to_owned()).respond())
        }
        Err(error) if error.code() == Code::MemberExists => {
            let to = SeeOther("/account/organizations".to_owned()).respond();
            Ok(with_cookies(to, vec![forget]))
        }
        Err(error) => refused(auth, token, error).await,
    }
}

/// The page again with why, or that it is over.
async fn refused(auth: &Auth<Visitor>, token: &str, error: Error) -> Result<Response> {
    if error.is_failure() {
        return Err(error);
    }
    if error.code() == Code::InvitationInvalid {
        return Ok(over(auth, end(&error)));
    }
    match organizations::look_up_invitation(&auth.app, &auth.cx, token).await {
        Ok(preview) => Ok(draw(auth, &preview, &refusal(&error), error.code().status())),
        Err(error) if error.code() == Code::InvitationInvalid => Ok(over(auth, end(&error))),
        Err(error) => Err(error),
    }
}

/// Signs out, and in again as whom the invitation is for.
async fn another(auth: &Auth<Visitor>, token: &str) -> Result<Response> {
    if let Some(live) = auth.visitor() {
        // Only with an invitation in hand.
        organizations::look_up_invitation(&auth.app, &auth.cx, token).await?;
        sessions::logout(&auth.app, &auth.cx, live).await?;
    }
    let gone = vec![cookies::clear(&auth.app, Cookie::Session), cookies::clear_organization(&auth.app)];
    Ok(with_cookies(SeeOther("/invitations".to_owned()).respond(), gone))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/invitations", show).limited(Bucket::IpAuth).answers_html(200),
        Route::post("/invitations", act).limited(Bucket::IpAuth).answers_redirect(303),
        Route::get("/invitations/{token}", open).limited(Bucket::IpAuth).answers_redirect(303),
    ]
}
