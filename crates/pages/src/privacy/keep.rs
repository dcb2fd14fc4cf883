//! The page behind the mailed link that keeps an account. It works without a sign-in, which the deletion may forbid.

use avnology_core::privacy::{cancel_deletion_by_link, peek_deletion_link};
use avnology_http::{Auth, BrowserKeys, Bucket, Cookie, Form, Query, Response, Route, Visitor, csrf};
use avnology_model::{Result, ids::FlowId};
use avnology_views::{
    Context,
    privacy::{KeepAccount, KeepLinkUsed, Kept},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::shell::{brand, entry_page};

/// Stands in for a flow in the form token of this page, which belongs to none.
const NO_FLOW: FlowId = FlowId::from_bytes([1; 16]);
const PATH: &str = "/account/privacy/deletion";
const SIGN_IN: &str = "/sign-in";

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    token: String,
}

async fn show(auth: Auth<Visitor>, Query(q): Query<Params>) -> Result<Response> {
    let brand = brand(&auth.app);
    let cx = Context::english(&brand, auth.cx.now);
    let Some(found) = peek_deletion_link(&auth.app, &auth.cx, &q.token).await? else {
        let html = KeepLinkUsed { cx, sign_in_url: SIGN_IN }.render();
        return Ok(entry_page(&auth, html, 410, Vec::new()));
    };
    let keys = BrowserKeys::of(&auth);
    let csrf_token = keys.csrf_token(&auth, NO_FLOW);
    let html = KeepAccount {
        cx,
        email: found.email.as_deref(),
        scheduled_for: found.scheduled_for,
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
    let (html, status) = if cancel_deletion_by_link(&auth.app, &auth.cx, &form.fields.token).await? {
        (Kept { cx, sign_in_url: SIGN_IN }.render(), 200)
    } else {
        (KeepLinkUsed { cx, sign_in_url: SIGN_IN }.render(), 410)
    };
    Ok(entry_page(&auth, html, status, Vec::new()))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(PATH, show).limited(Bucket::IpAuth).answers_html(200),
        Route::post(PATH, keep).limited(Bucket::IpAuth).answers_html(200),
    ]
}
