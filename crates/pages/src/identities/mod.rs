//! The account: overview, profile and picture.

mod factor_recovery;
mod picture;

use avnology_core::{
    flows::FlowRequest,
    identities::{OwnSummary, own_summary},
};
use avnology_http::{Auth, NoInput, PageSignedIn, Query, Reply, Response, Route, SeeOther};
use avnology_model::{Result, flows::FlowKind, sessions::Agent};
use avnology_views::identities::{Overview, RecentSignIn};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    browser::{Found, Opened, find, open},
    shell::{page, person_of, shell},
};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    flow: Option<String>,
    picture: Option<String>,
}

async fn overview(auth: Auth<PageSignedIn>, _: NoInput) -> Result<Response> {
    let live = auth.session();
    let OwnSummary { identity, active_sessions, password_changed_at, .. } =
        own_summary(&auth.app, &auth.cx, live).await?;
    let recent = RecentSignIn {
        at: live.session.authenticated_at,
        device: Some(Agent::parse(&live.session.user_agent).name()),
        place: Some(live.session.ip.clone()).filter(|ip| !ip.is_empty()),
    };
    let shell = shell(&auth).await?;
    let html = Overview {
        cx: shell.cx(),
        person: &person_of(&identity),
        notice: None,
        email_verified: identity.email_verified,
        pending_email: identity.pending_email.as_deref(),
        verify_url: "/verify",
        has_password: identity.has_password,
        password_changed_at,
        active_sessions,
        recent_sign_in: Some(&recent),
        created_at: identity.create_time,
    }
    .render();
    Ok(page(&auth, html))
}

async fn profile(auth: Auth<PageSignedIn>, Query(q): Query<Params>) -> Result<Response> {
    if let Some(id) = &q.flow
        && let Found::Held(held) = find(&auth, &[FlowKind::Settings], id).await?
    {
        return picture::profile(&auth, &held, q.picture.as_deref()).await;
    }
    let request = FlowRequest { section: Some("profile".to_owned()), ..FlowRequest::default() };
    match open(&auth, FlowKind::Settings, "/account/profile", request).await? {
        Opened::Go(response) => Ok(response),
        Opened::SignedIn(_) => Ok(SeeOther("/account".to_owned()).respond()),
    }
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/account", overview).answers_html(200),
        Route::get("/account/profile", profile).answers_html(200),
    ]
    .into_iter()
    .chain(picture::routes())
    .chain(factor_recovery::routes())
    .collect()
}
