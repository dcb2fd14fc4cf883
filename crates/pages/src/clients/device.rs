//! `/device`.

use avnology_core::clients::device::{self, Decided, Decision, DeviceAsked, Entered, Place};
use avnology_http::{Auth, Bucket, Form, PageSignedIn, Query, Reply, Response, Route, SeeOther, csrf};
use avnology_model::{Code, Result};
use avnology_views::{
    Context,
    clients::{
        CodeRefused, ConfirmDevice, ConsentScope, DeviceEnd, DeviceEnded, DevicePlace, EnterCode,
        OrganizationChoice,
    },
    flows::Origin,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::consent::one_or_more;
use crate::shell::{brand, client_page, entry_page, person};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    /// The code, where the address holds it.
    user_code: String,
    /// How it ended.
    state: String,
}

async fn show(auth: Auth<PageSignedIn>, Query(q): Query<Params>) -> Result<Response> {
    match q.state.as_str() {
        "done" => return Ok(ended(&auth, DeviceEnd::Done)),
        "denied" => return Ok(ended(&auth, DeviceEnd::Denied)),
        "expired" => return Ok(ended(&auth, DeviceEnd::Expired)),
        _ => {}
    }
    if q.user_code.is_empty() {
        return Ok(enter(&auth, "", None));
    }
    ask(&auth, &q.user_code, None).await
}

/// Asks whether the device with this code may; or for the code again.
async fn ask(auth: &Auth<PageSignedIn>, code: &str, refused: Option<&str>) -> Result<Response> {
    Ok(match device::look_up(&auth.app, &auth.cx, auth.session(), code).await? {
        Entered::Asked(asked) => confirm(auth, &asked, refused),
        Entered::Over => ended(auth, DeviceEnd::Expired),
        Entered::Wrong => enter(auth, code, Some(CodeRefused::Wrong)),
        Entered::TooMany(seconds) => enter(auth, code, Some(CodeRefused::TooMany(seconds))),
    })
}

fn enter(auth: &Auth<PageSignedIn>, entered: &str, refused: Option<CodeRefused>) -> Response {
    let brand = brand(&auth.app);
    let html = EnterCode {
        cx: Context::english(&brand, auth.cx.now),
        action: "/device",
        csrf_token: &csrf::page_token(&auth.app, auth.session().id()),
        entered,
        refused,
    }
    .render();
    let status = match refused {
        None => 200,
        Some(CodeRefused::Wrong) => 400,
        Some(CodeRefused::TooMany(_)) => 429,
    };
    entry_page(auth, html, status, Vec::new())
}

fn confirm(auth: &Auth<PageSignedIn>, asked: &DeviceAsked, refused: Option<&str>) -> Response {
    let live = auth.session();
    let brand = brand(&auth.app);
    let scopes: Vec<ConsentScope> = asked.scopes.iter().map(super::consent::scope).collect();
    let html = ConfirmDevice {
        cx: Context::english(&brand, auth.cx.now),
        person: &person(live),
        user_code: &asked.user_code,
        client: &asked.client,
        origin: &Origin {
            device: Some(asked.program.clone()),
            place: asked.address.clone(),
            at: asked.asked_at,
        },
        scopes: &scopes,
        resources: &asked.resources,
        place: &place(&asked.place),
        refused,
        action: "/device/confirm",
        csrf_token: &csrf::page_token(&auth.app, live.id()),
        other_account_url: &other_account(&asked.user_code),
    }
    .render();
    client_page(auth, html, if refused.is_some() { 403 } else { 200 }, Vec::new(), &asked.client)
}

fn place(place: &Place) -> DevicePlace {
    match place {
        Place::Personal => DevicePlace::Personal,
        Place::Fixed(offer) => DevicePlace::Fixed(offer.name.clone()),
        Place::Join { name, .. } => DevicePlace::Join(name.clone()),
        Place::Choice { offers, has_personal, active } => DevicePlace::Choice {
            choices: offers
                .iter()
                .map(|offer| OrganizationChoice {
                    value: offer.id.to_string(),
                    name: offer.name.clone(),
                    role: offer.role.clone(),
                })
                .collect(),
            has_personal: *has_personal,
            chosen: active.map(|id| id.to_string()).unwrap_or_default(),
        },
        Place::Missing => DevicePlace::Missing,
    }
}

fn here(user_code: &str) -> String {
    format!("/device?user_code={}", utf8_percent_encode(user_code, NON_ALPHANUMERIC))
}

fn other_account(user_code: &str) -> String {
    let back = here(user_code);
    format!("/sign-in?refresh=true&return_to={}", utf8_percent_encode(&back, NON_ALPHANUMERIC))
}

fn ended(auth: &Auth<PageSignedIn>, end: DeviceEnd) -> Response {
    let brand = brand(&auth.app);
    let html = DeviceEnded { cx: Context::english(&brand, auth.cx.now), end }.render();
    entry_page(auth, html, 200, Vec::new())
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    user_code: String,
}

async fn take_code(auth: Auth<PageSignedIn>, form: Form<Entry>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    ask(&auth, &form.fields.user_code, None).await
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    user_code: String,
    decision: String,
    organization: String,
    #[serde(deserialize_with = "one_or_more")]
    scope: Vec<String>,
}

async fn decide(auth: Auth<PageSignedIn>, form: Form<Answer>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let Answer { user_code, decision, organization, scope } = form.fields;
    let decision = Decision {
        user_code: &user_code,
        allows: decision == "accept",
        scopes: &scope,
        organization: &organization,
    };
    let go = |path: &str| Ok(SeeOther(path.to_owned()).respond());
    match device::decide(&auth.app, &auth.cx, auth.session(), decision).await? {
        Decided::Allowed => go("/device?state=done"),
        Decided::Denied => go("/device?state=denied"),
        Decided::Over => go("/device?state=expired"),
        Decided::SignIn(path) => go(&path),
        Decided::Wrong => Ok(enter(&auth, &user_code, Some(CodeRefused::Wrong))),
        Decided::TooMany(seconds) => Ok(enter(&auth, &user_code, Some(CodeRefused::TooMany(seconds)))),
        Decided::Refused(code) => ask(&auth, &user_code, Some(words(code))).await,
    }
}

fn words(code: Code) -> &'static str {
    match code {
        Code::RegistrationDisabled | Code::StepUpRequired => {
            "You need an invitation to join this organization."
        }
        Code::SeatLimitReached => "This organization has no seat left. Ask its administrators.",
        Code::NotAMember => "Choose an organization that you belong to.",
        Code::PermissionDenied => "You may not use this application.",
        _ => "This organization does not let you use the device.",
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/device", show).limited(Bucket::IpAuth).answers_html(200),
        Route::post("/device", take_code).limited(Bucket::IpAuth).answers_html(200),
        Route::post("/device/confirm", decide).answers_redirect(303),
    ]
}
