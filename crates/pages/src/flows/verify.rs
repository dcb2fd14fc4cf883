//! `/verify`: the flow, the button of a mailed link, and undoing a change of address.

use avnology_core::{
    flows::{FlowRequest, account_made, peek_link},
    identities::{peek_undo, undo_change},
};
use avnology_http::{
    Auth, BrowserKeys, Bucket, Cookie, Form, Query, Reply, Response, Route, SeeOther, Visitor, csrf,
};
use avnology_model::{Code, Result, flows::FlowKind, ids::FlowId};
use avnology_views::{
    Context,
    flows::{FlowPage, Origin, UndoChange, Undone, Verify, VerifyDenied, VerifyLink, VerifyLinkUsed},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::gone;
use crate::{
    browser::{Found, Opened, find, open, resend_at},
    shell::{brand, entry_page, flow_page},
};

/// Stands in for a flow in the form token of the undo page, which belongs to none.
const NO_FLOW: FlowId = FlowId::from_bytes([0; 16]);

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    flow: Option<String>,
    token: Option<String>,
    undo: Option<String>,
    denied: Option<String>,
    return_to: Option<String>,
    email: Option<String>,
    /// A number to prove, or empty to ask for one.
    phone: Option<String>,
}

async fn show(auth: Auth<Visitor>, Query(q): Query<Params>) -> Result<Response> {
    if q.denied.is_some() {
        let brand = brand(&auth.app);
        let html = VerifyDenied { cx: Context::english(&brand, auth.cx.now) }.render();
        return Ok(entry_page(&auth, html, 200, Vec::new()));
    }
    if let Some(token) = &q.undo {
        return undo_page(&auth, token).await;
    }
    if let (Some(id), Some(token)) = (&q.flow, &q.token) {
        return link(&auth, id, token).await;
    }
    if let Some(id) = &q.flow {
        return Ok(match find(&auth, &[FlowKind::Verification], id).await? {
            Found::Held(held) => {
                let brand = brand(&auth.app);
                let html = Verify {
                    cx: Context::english(&brand, auth.cx.now),
                    flow: &held.view,
                    continue_url: held.view.return_to.as_deref().unwrap_or("/account"),
                    resend_at: resend_at(&held.flow),
                }
                .render();
                flow_page(&auth, &held.view, html)
            }
            Found::Gone(error) => gone(&auth, FlowPage::Verify, "/verify", &error),
        });
    }
    let return_to = q.return_to.filter(|target| !target.is_empty());
    let asked_to_go = return_to.is_some();
    let own =
        auth.visitor().and_then(|l| l.identity.pending_email.clone().or_else(|| l.identity.email.clone()));
    let request = FlowRequest { return_to, email: q.email.or(own), phone: q.phone, ..FlowRequest::default() };
    match open(&auth, FlowKind::Verification, "/verify", request).await {
        Ok(Opened::Go(response)) => Ok(response),
        Ok(Opened::SignedIn(_)) => Ok(SeeOther("/account".to_owned()).respond()),
        Err(error) if error.code() == Code::ValidationFailed && asked_to_go => {
            Ok(SeeOther("/verify".to_owned()).respond())
        }
        Err(error) => Err(error),
    }
}

async fn link(auth: &Auth<Visitor>, flow: &str, token: &str) -> Result<Response> {
    let keys = BrowserKeys::of(auth);
    let brand = brand(&auth.app);
    let cx = Context::english(&brand, auth.cx.now);
    let found = match flow.parse::<FlowId>() {
        Ok(id) => {
            let peek =
                peek_link(&auth.app, &auth.cx, FlowKind::Verification, id, token, keys.holder()).await?;
            peek.map(|peek| (id, peek))
        }
        Err(_) => None,
    };
    let Some((id, peek)) = found else {
        let html = VerifyLinkUsed { cx, verify_url: "/verify" }.render();
        return Ok(entry_page(auth, html, 410, Vec::new()));
    };
    let csrf_token = keys.csrf_token(auth, id);
    let visitor = auth.visitor().map(|live| live.identity.id);
    let made = account_made(&auth.app, id, visitor).await?;
    let made = made.map(|made| Origin { device: made.device, place: made.place, at: made.at });
    let html = VerifyLink {
        cx,
        email: &peek.address,
        action: &format!("/v1/flows/verification/{id}:submit"),
        csrf_token: &csrf_token,
        token,
        made: made.as_ref(),
    }
    .render();
    Ok(entry_page(auth, html, 200, keys.set))
}

async fn undo_page(auth: &Auth<Visitor>, token: &str) -> Result<Response> {
    let keys = BrowserKeys::of(auth);
    let brand = brand(&auth.app);
    let cx = Context::english(&brand, auth.cx.now);
    let Some(address) = peek_undo(&auth.app, &auth.cx, token).await? else {
        let html = VerifyLinkUsed { cx, verify_url: "/verify" }.render();
        return Ok(entry_page(auth, html, 410, Vec::new()));
    };
    let csrf_token = keys.csrf_token(auth, NO_FLOW);
    let html = UndoChange { cx, email: &address, action: "/verify", csrf_token: &csrf_token, token }.render();
    Ok(entry_page(auth, html, 200, keys.set))
}

#[derive(Clone, Debug, Deserialize)]
struct UndoForm {
    token: String,
}

async fn undo(auth: Auth<Visitor>, form: Form<UndoForm>) -> Result<Response> {
    csrf::check(&auth.app, auth.cookie(Cookie::Csrf), NO_FLOW, form.csrf.as_deref())?;
    let brand = brand(&auth.app);
    let cx = Context::english(&brand, auth.cx.now);
    let address = peek_undo(&auth.app, &auth.cx, &form.fields.token).await?;
    let done = undo_change(&auth.app, &auth.cx, &form.fields.token).await?;
    let (html, status) = match address.filter(|_| done) {
        Some(email) => (Undone { cx, email: &email, recovery_url: "/recovery" }.render(), 200),
        None => (VerifyLinkUsed { cx, verify_url: "/verify" }.render(), 410),
    };
    Ok(entry_page(&auth, html, status, Vec::new()))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/verify", show).limited(Bucket::IpAuth).answers_html(200),
        Route::post("/verify", undo).limited(Bucket::IpAuth).answers_html(200),
    ]
}
