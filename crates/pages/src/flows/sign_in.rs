//! `/sign-in`.

use avnology_core::flows::{self, FlowRequest};
use avnology_http::{Auth, BrowserKeys, Bucket, Query, Reply, Response, Route, SeeOther, Visitor};
use avnology_model::{
    Code, Error, Result,
    flows::{FlowKind, FlowState},
    organizations::RegistrationMode,
};
use avnology_views::{
    Context,
    flows::{FlowPage, SignIn, SignedInAlready},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::gone;
use crate::{
    browser::{Found, Held, Opened, find, open, resend_at},
    shell::{brand, entry_page, person},
};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    flow: Option<String>,
    return_to: Option<String>,
    login_hint: Option<String>,
    refresh: bool,
    max_age: Option<u32>,
    organization_id: Option<String>,
}

async fn show(auth: Auth<Visitor>, Query(q): Query<Params>) -> Result<Response> {
    if let Some(id) = &q.flow {
        return Ok(match find(&auth, &[FlowKind::Login], id).await? {
            Found::Held(held) => draw(&auth, &held),
            Found::Gone(error) if error.code() == Code::FlowGone => over(&auth, id, &error).await?,
            Found::Gone(error) => gone(&auth, FlowPage::SignIn, "/sign-in", &error),
        });
    }
    let return_to = q.return_to.filter(|target| !target.is_empty());
    let asked_to_go = return_to.is_some();
    let request = FlowRequest {
        return_to,
        login_hint: q.login_hint,
        refresh: q.refresh,
        max_age: q.max_age,
        organization: q.organization_id,
        ..FlowRequest::default()
    };
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

/// A flow that is over; where its link was used in another browser, the page says that.
async fn over(auth: &Auth<Visitor>, id: &str, error: &Error) -> Result<Response> {
    let id = id.parse().map_err(|_| Error::not_found())?;
    let ended = flows::ended_elsewhere(&auth.app, id, BrowserKeys::of(auth).holder()).await?;
    Ok(match ended {
        Some(flow) => {
            let view = flows::view(&auth.app, &flow, None, None);
            draw(auth, &Held { flow, view })
        }
        None => gone(auth, FlowPage::SignIn, "/sign-in", error),
    })
}

fn draw(auth: &Auth<Visitor>, held: &Held) -> Response {
    let brand = brand(&auth.app);
    let settings = auth.app.settings();
    let open = settings.settings.registration.mode == RegistrationMode::Public;
    let html = SignIn {
        cx: Context::english(&brand, auth.cx.now),
        flow: &held.view,
        sign_up_url: (open && !held.view.refresh).then_some("/sign-up"),
        recovery_url: Some("/recovery"),
        resend_at: resend_at(&held.flow).filter(|_| held.flow.state != FlowState::ChooseMethod),
    }
    .render();
    entry_page(auth, html, 200, Vec::new())
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

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/sign-in", show).limited(Bucket::IpAuth).answers_html(200)]
}
