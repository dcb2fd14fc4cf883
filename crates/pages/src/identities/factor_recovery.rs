//! Keeping one's second factors: the page behind the mailed link, which works without a sign-in, and the button that stands on
//! every account page.

use avnology_core::identities::{
    cancel_factor_recovery, cancel_factor_recovery_by_link, peek_factor_recovery_link,
};
use avnology_http::{
    Auth, BrowserKeys, Bucket, Cookie, Form, PageSignedIn, Query, Response, Route, Visitor, csrf,
};
use avnology_model::{Code, Result, ids::FlowId};
use avnology_views::{
    Context,
    identities::{FactorsKept, KeepFactors, KeepFactorsUsed},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::shell::{brand, entry_page};

/// Stands in for a flow in the form token of this page, which belongs to none.
const NO_FLOW: FlowId = FlowId::from_bytes([2; 16]);
const PATH: &str = "/account/factor-recovery";
const SIGN_IN: &str = "/sign-in";
const SECURITY: &str = "/account/security";

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    token: String,
}

async fn show(auth: Auth<Visitor>, Query(q): Query<Params>) -> Result<Response> {
    let brand = brand(&auth.app);
    let cx = Context::english(&brand, auth.cx.now);
    let Some(found) = peek_factor_recovery_link(&auth.app, &auth.cx, &q.token).await? else {
        let html = KeepFactorsUsed { cx, sign_in_url: SIGN_IN }.render();
        return Ok(entry_page(&auth, html, 410, Vec::new()));
    };
    let keys = BrowserKeys::of(&auth);
    let csrf_token = keys.csrf_token(&auth, NO_FLOW);
    let html = KeepFactors {
        cx,
        email: &found.email,
        effective_at: found.effective_time,
        action: PATH,
        csrf_token: &csrf_token,
        token: &q.token,
    }
    .render();
    Ok(entry_page(&auth, html, 200, keys.set))
}

#[derive(Clone, Debug, Deserialize)]
struct Fields {
    token: String,
}

async fn keep(auth: Auth<Visitor>, form: Form<Fields>) -> Result<Response> {
    csrf::check(&auth.app, auth.cookie(Cookie::Csrf), NO_FLOW, form.csrf.as_deref())?;
    let brand = brand(&auth.app);
    let cx = Context::english(&brand, auth.cx.now);
    let (html, status) = if cancel_factor_recovery_by_link(&auth.app, &auth.cx, &form.fields.token).await? {
        (FactorsKept { cx, security_url: SECURITY }.render(), 200)
    } else {
        (KeepFactorsUsed { cx, sign_in_url: SIGN_IN }.render(), 410)
    };
    Ok(entry_page(&auth, html, status, Vec::new()))
}

#[derive(Clone, Debug, Deserialize)]
struct NoFields {}

async fn keep_own(auth: Auth<PageSignedIn>, form: Form<NoFields>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    match cancel_factor_recovery(&auth.app, &auth.cx, auth.session()).await {
        // One that ended meanwhile is just as well.
        Ok(_) => {}
        Err(error) if error.code() == Code::NotFound => {}
        Err(error) => return Err(error),
    }
    let brand = brand(&auth.app);
    let cx = Context::english(&brand, auth.cx.now);
    let html = FactorsKept { cx, security_url: SECURITY }.render();
    Ok(entry_page(&auth, html, 200, Vec::new()))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(PATH, show).limited(Bucket::IpAuth).answers_html(200),
        Route::post(PATH, keep).limited(Bucket::IpAuth).answers_html(200),
        Route::post("/account/factor-recovery/cancel", keep_own).answers_html(200),
    ]
}
