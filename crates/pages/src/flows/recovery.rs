//! `/recovery`: the flow, the settings flow that it goes on with, and the button of a mailed link.

use avnology_core::flows::{FlowRequest, peek_link};
use avnology_http::{Auth, BrowserKeys, Bucket, Query, Reply, Response, Route, SeeOther, Visitor};
use avnology_model::{
    Code, Result,
    flows::{FlowKind, MessageId},
    ids::FlowId,
};
use avnology_views::{
    Context,
    flows::{FlowPage, Recovery, RecoveryDone, RecoveryLink},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::gone;
use crate::{
    browser::{Found, Held, Opened, find, open, resend_at},
    shell::{brand, entry_page, flow_page},
};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    flow: Option<String>,
    token: Option<String>,
    return_to: Option<String>,
    email: Option<String>,
    /// A number to recover by, or empty to ask for one.
    phone: Option<String>,
    /// In a strict tenant, the organization whose account is meant.
    organization_id: Option<String>,
}

async fn show(auth: Auth<Visitor>, Query(q): Query<Params>) -> Result<Response> {
    if let (Some(id), Some(token)) = (&q.flow, &q.token) {
        return link(&auth, id, token).await;
    }
    if let Some(id) = &q.flow {
        return Ok(match find(&auth, &[FlowKind::Recovery, FlowKind::Settings], id).await? {
            Found::Held(held) => draw(&auth, &held),
            Found::Gone(error) => gone(&auth, FlowPage::Recovery, "/recovery", &error),
        });
    }
    let return_to = q.return_to.filter(|target| !target.is_empty());
    let asked_to_go = return_to.is_some();
    let request = FlowRequest {
        return_to,
        email: q.email,
        phone: q.phone,
        organization: q.organization_id,
        ..FlowRequest::default()
    };
    match open(&auth, FlowKind::Recovery, "/recovery", request).await {
        Ok(Opened::Go(response)) => Ok(response),
        Ok(Opened::SignedIn(_)) => Ok(SeeOther("/account".to_owned()).respond()),
        Err(error) if error.code() == Code::ValidationFailed && asked_to_go => {
            Ok(SeeOther("/recovery".to_owned()).respond())
        }
        Err(error) => Err(error),
    }
}

fn draw(auth: &Auth<Visitor>, held: &Held) -> Response {
    let brand = brand(&auth.app);
    let cx = Context::english(&brand, auth.cx.now);
    let saved = held.flow.data.messages.iter().any(|m| m.id == MessageId::Saved.id());
    let html = if held.flow.kind == FlowKind::Settings && saved {
        let target = held.view.return_to.as_deref().unwrap_or("/account");
        let by_passkey = held.flow.active == "passkey";
        RecoveryDone { cx, by_passkey, continue_url: target }.render()
    } else {
        let place = held.flow.data.organization.as_ref();
        let sign_in = place.map_or_else(|| "/sign-in".to_owned(), |place| format!("/org/{}", place.slug));
        Recovery { cx, flow: &held.view, sign_in_url: &sign_in, resend_at: resend_at(&held.flow) }.render()
    };
    flow_page(auth, &held.view, html)
}

/// The page of a mailed or handed-over link; only its button uses it.
async fn link(auth: &Auth<Visitor>, flow: &str, token: &str) -> Result<Response> {
    let keys = BrowserKeys::of(auth);
    let Ok(id) = flow.parse::<FlowId>() else {
        return Ok(gone(auth, FlowPage::Recovery, "/recovery", &avnology_model::Error::not_found()));
    };
    let peek = peek_link(&auth.app, &auth.cx, FlowKind::Recovery, id, token, keys.holder()).await?;
    let Some(peek) = peek else {
        return Ok(gone(auth, FlowPage::Recovery, "/recovery", &Code::FlowGone.into()));
    };
    let brand = brand(&auth.app);
    let csrf = keys.csrf_token(auth, id);
    let html = RecoveryLink {
        cx: Context::english(&brand, auth.cx.now),
        email: &peek.address,
        action: &format!("/v1/flows/recovery/{id}:submit"),
        csrf_token: &csrf,
        token,
    }
    .render();
    Ok(entry_page(auth, html, 200, keys.set))
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/recovery", show).limited(Bucket::IpAuth).answers_html(200)]
}
