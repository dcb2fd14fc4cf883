//! `/sign-in`.

use avnology_core::{
    flows::{self, FlowRequest},
    organizations::{self, SignUp},
};
use avnology_http::{Auth, BrowserKeys, Bucket, Query, Reply, Response, Route, SeeOther, Visitor};
use avnology_model::{
    Code, Error, Result,
    flows::{Flow, FlowKind, FlowState},
    organizations::RegistrationMode,
};
use avnology_views::{
    Context,
    flows::{FlowPage, SignIn, SignedInAlready, TurnedAway},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Continuing, gone, leading_on};
use crate::{
    browser::{Found, Held, Opened, find, open, resend_at},
    shell::{brand, entry_page, flow_page, person},
};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    flow: Option<String>,
    return_to: Option<String>,
    login_hint: Option<String>,
    refresh: bool,
    max_age: Option<u32>,
    aal: Option<String>,
    organization_id: Option<String>,
    login_challenge: Option<String>,
    client_id: Option<String>,
    redirect_uri: Option<String>,
}

async fn show(auth: Auth<Visitor>, Query(q): Query<Params>) -> Result<Response> {
    if let Some(id) = &q.flow {
        return show_flow(&auth, id, "/sign-in").await;
    }
    if q.client_id.is_some() && q.redirect_uri.is_some() {
        // A whole authorization request.
        let query = auth.uri.query().unwrap_or_default();
        return Ok(SeeOther(format!("/oauth2/auth?{query}")).respond());
    }
    let continued = match &q.login_challenge {
        Some(challenge) => match super::continuing(&auth, challenge).await? {
            Continuing::By(request) => Some(*request),
            Continuing::Anew(url) => return Ok(SeeOther(url).respond()),
            Continuing::Over => None,
        },
        None => None,
    };
    let return_to = q.return_to.filter(|target| !target.is_empty());
    let asked_to_go = return_to.is_some() || continued.is_some();
    let request = continued.unwrap_or(FlowRequest {
        return_to,
        login_hint: q.login_hint,
        refresh: q.refresh,
        max_age: q.max_age,
        aal: q.aal,
        organization: q.organization_id,
        client: q.client_id,
        ..FlowRequest::default()
    });
    match open(&auth, FlowKind::Login, "/sign-in", request).await {
        Ok(Opened::Go(response)) => Ok(response),
        Ok(Opened::SignedIn(target)) if asked_to_go => Ok(SeeOther(target).respond()),
        Ok(Opened::SignedIn(_)) => Ok(already(&auth)),
        // A `return_to` that is not allowed is dropped, not followed: the person can still sign in.
        Err(error) if error.code() == Code::ValidationFailed && asked_to_go => {
            Ok(SeeOther("/sign-in".to_owned()).respond())
        }
        Err(error) => Err(error),
    }
}

/// The page of a login flow; `path` is where another one begins.
pub(super) async fn show_flow(auth: &Auth<Visitor>, id: &str, path: &str) -> Result<Response> {
    match find(auth, &[FlowKind::Login], id).await? {
        Found::Held(held) => draw(auth, &held).await,
        Found::Gone(error) if error.code() == Code::FlowGone => over(auth, id, path, &error).await,
        Found::Gone(error) => Ok(gone(auth, FlowPage::SignIn, path, &error)),
    }
}

/// A flow that is over; where its link was used in another browser, or somebody was turned away, the page says that.
async fn over(auth: &Auth<Visitor>, id: &str, path: &str, error: &Error) -> Result<Response> {
    let id = id.parse().map_err(|_| Error::not_found())?;
    let keys = BrowserKeys::of(auth);
    if let Some(flow) = flows::ended_elsewhere(&auth.app, id, keys.holder()).await? {
        let view = flows::view(&auth.app, &flow, None, None);
        return draw(auth, &Held { flow, view }).await;
    }
    let Some(flow) = flows::turned_away(&auth.app, id, keys.holder()).await? else {
        return Ok(gone(auth, FlowPage::SignIn, path, error));
    };
    let brand = brand(&auth.app);
    let html = TurnedAway {
        cx: Context::english(&brand, auth.cx.now),
        flow: &flows::view(&auth.app, &flow, None, None),
        again_url: &flows::page_path(&flow),
        // In a strict tenant there is no account without an organization.
        personal_url: (!auth.app.is_strict()).then_some("/sign-in"),
    }
    .render();
    Ok(entry_page(auth, html, 403, Vec::new()))
}

async fn draw(auth: &Auth<Visitor>, held: &Held) -> Result<Response> {
    let brand = brand(&auth.app);
    let urls = Urls::of(auth, &held.flow).await?;
    let html = SignIn {
        cx: Context::english(&brand, auth.cx.now),
        flow: &held.view,
        sign_up_url: urls.sign_up.as_deref().filter(|_| !held.view.refresh),
        recovery_url: Some(&urls.recovery),
        needs_home: auth.app.is_strict() && !held.flow.data.is_personal,
        resend_at: resend_at(&held.flow).filter(|_| held.flow.state != FlowState::ChooseMethod),
    }
    .render();
    Ok(flow_page(auth, &held.view, html))
}

/// Where those go who have no account, or cannot get into it.
struct Urls {
    sign_up: Option<String>,
    recovery: String,
}

impl Urls {
    async fn of(auth: &Auth<Visitor>, flow: &Flow) -> Result<Self> {
        let settings = auth.app.settings();
        let place = flow.data.organization.as_ref().filter(|_| flow.leads_into().is_some());
        let Some(place) = place else {
            let is_open = settings.settings.registration.mode == RegistrationMode::Public;
            return Ok(Self {
                sign_up: is_open.then(|| leading_on(&auth.app, "/sign-up", flow)),
                recovery: leading_on(&auth.app, "/recovery", flow),
            });
        };
        let entrance = organizations::entrance(&auth.app, &auth.cx, place.slug.as_str()).await;
        let takes = entrance.is_ok_and(|at| matches!(at.sign_up, SignUp::Anybody | SignUp::ByDomain));
        let recovery = if auth.app.is_strict() {
            format!("/recovery?organization_id={}", place.slug)
        } else {
            leading_on(&auth.app, "/recovery", flow)
        };
        let sign_up = takes.then(|| leading_on(&auth.app, &format!("/org/{}/sign-up", place.slug), flow));
        Ok(Self { sign_up, recovery })
    }
}

fn already(auth: &Auth<Visitor>) -> Response {
    let Some(live) = auth.visitor() else { return SeeOther("/sign-in".to_owned()).respond() };
    let brand = brand(&auth.app);
    let html = SignedInAlready {
        cx: Context::english(&brand, auth.cx.now),
        person: &person(live),
        continue_url: "/account",
        other_account_url: "/sign-out",
    }
    .render();
    entry_page(auth, html, 200, Vec::new())
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct StepUp {
    return_to: Option<String>,
}

/// `/mfa`: the second factor of who is signed in, shown or set up.
async fn mfa(auth: Auth<Visitor>, Query(q): Query<StepUp>) -> Result<Response> {
    show(auth, Query(Params { return_to: q.return_to, aal: Some("aal2".to_owned()), ..Params::default() }))
        .await
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/sign-in", show).limited(Bucket::IpAuth).answers_html(200),
        Route::get("/mfa", mfa).limited(Bucket::IpAuth).answers_html(200),
    ]
}
