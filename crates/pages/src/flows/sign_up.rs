//! `/sign-up`.

use avnology_core::flows::FlowRequest;
use avnology_http::{Auth, Bucket, Query, Reply, Response, Route, SeeOther, Visitor};
use avnology_model::{Code, Result, flows::FlowKind};
use avnology_views::{
    Context,
    flows::{FlowPage, SignUp, SignUpClosed},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::gone;
use crate::{
    browser::{Found, Opened, find, open, resend_at},
    shell::{brand, entry_page},
};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    flow: Option<String>,
    return_to: Option<String>,
    login_hint: Option<String>,
}

async fn show(auth: Auth<Visitor>, Query(q): Query<Params>) -> Result<Response> {
    let brand = brand(&auth.app);
    let cx = Context::english(&brand, auth.cx.now);
    if let Some(id) = &q.flow {
        return Ok(match find(&auth, &[FlowKind::Registration], id).await? {
            Found::Held(held) => {
                let resend_at = resend_at(&held.flow);
                let html = SignUp { cx, flow: &held.view, sign_in_url: "/sign-in", resend_at }.render();
                entry_page(&auth, html, 200, Vec::new())
            }
            Found::Gone(error) => gone(&auth, FlowPage::SignUp, "/sign-up", &error),
        });
    }
    let return_to = q.return_to.filter(|target| !target.is_empty());
    let asked_to_go = return_to.is_some();
    let request = FlowRequest { return_to, login_hint: q.login_hint, ..FlowRequest::default() };
    match open(&auth, FlowKind::Registration, "/sign-up", request).await {
        Ok(Opened::Go(response)) => Ok(response),
        Ok(Opened::SignedIn(_)) => Ok(SeeOther("/account".to_owned()).respond()),
        Err(error) if matches!(error.code(), Code::RegistrationDisabled | Code::SsoRequired) => {
            let html = SignUpClosed { cx, sign_in_url: "/sign-in" }.render();
            Ok(entry_page(&auth, html, 403, Vec::new()))
        }
        Err(error) if error.code() == Code::ValidationFailed && asked_to_go => {
            Ok(SeeOther("/sign-up".to_owned()).respond())
        }
        Err(error) => Err(error),
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/sign-up", show).limited(Bucket::IpAuth).answers_html(200)]
}
