//! `/account/security`: the password.

use avnology_core::{flows::FlowRequest, identities::own_summary};
use avnology_http::{Auth, PageSignedIn, Query, Response, Route};
use avnology_model::{Result, flows::FlowKind};
use avnology_views::credentials::{PasswordSection, Security};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    browser::{Found, Held, Opened, find, open},
    shell::{page, person_of, shell},
};

const STEP_UP: &str = "/sign-in?refresh=true&return_to=%2Faccount%2Fsecurity";

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    flow: Option<String>,
}

async fn show(auth: Auth<PageSignedIn>, Query(q): Query<Params>) -> Result<Response> {
    if let Some(id) = &q.flow
        && let Found::Held(held) = find(&auth, &[FlowKind::Settings], id).await?
    {
        return draw(&auth, Some(&held)).await;
    }
    let policy = auth.app.settings().settings.session_policy;
    if !auth.session().is_fresh(&policy, auth.cx.now) {
        return draw(&auth, None).await;
    }
    let request = FlowRequest { section: Some("password".to_owned()), ..FlowRequest::default() };
    match open(&auth, FlowKind::Settings, "/account/security", request).await? {
        Opened::Go(response) => Ok(response),
        Opened::SignedIn(_) => draw(&auth, None).await,
    }
}

async fn draw(auth: &Auth<PageSignedIn>, held: Option<&Held>) -> Result<Response> {
    let summary = own_summary(&auth.app, &auth.cx, auth.session()).await?;
    let shell = shell(auth).await?;
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
    }
    .render();
    Ok(page(auth, html))
}

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/account/security", show).answers_html(200)]
}
