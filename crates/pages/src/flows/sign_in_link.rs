//! `/sign-in/link`: a mailed link was opened. Only its button uses it.

use avnology_core::flows::peek_link;
use avnology_http::{Auth, BrowserKeys, Bucket, Query, Response, Route, Visitor};
use avnology_model::{Result, flows::FlowKind, ids::FlowId};
use avnology_views::{
    Context,
    flows::{LinkUsed, Origin, SignInLink},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::shell::{brand, entry_page};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    flow: String,
    token: String,
}

async fn show(auth: Auth<Visitor>, Query(q): Query<Params>) -> Result<Response> {
    let keys = BrowserKeys::of(&auth);
    let brand = brand(&auth.app);
    let cx = Context::english(&brand, auth.cx.now);
    let found = match q.flow.parse::<FlowId>() {
        Ok(id) => {
            let peek = peek_link(&auth.app, &auth.cx, FlowKind::Login, id, &q.token, keys.holder()).await?;
            peek.map(|peek| (id, peek))
        }
        Err(_) => None,
    };
    let Some((id, peek)) = found else {
        let html = LinkUsed { cx, sign_in_url: "/sign-in" }.render();
        return Ok(entry_page(&auth, html, 410, Vec::new()));
    };
    let asked = Origin { device: peek.device.clone(), place: peek.place.clone(), at: peek.sent_at };
    let token = keys.csrf_token(&auth, id);
    let html = SignInLink {
        cx,
        email: &peek.address,
        action: &format!("/v1/flows/login/{id}:submit"),
        csrf_token: &token,
        token: &q.token,
        other_device: (!peek.same_browser).then_some(&asked),
    }
    .render();
    Ok(entry_page(&auth, html, 200, keys.set))
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/sign-in/link", show).limited(Bucket::IpAuth).answers_html(200)]
}
