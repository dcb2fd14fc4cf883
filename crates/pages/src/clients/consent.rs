//! `/consent`.

use avnology_core::clients::authorize::{self, Next, host_of};
use avnology_http::{Auth, BrowserKeys, Form, PageSignedIn, Query, Reply, Response, Route, SeeOther, csrf};
use avnology_model::Result;
use avnology_views::{
    Context,
    clients::{Consent, ConsentScope},
};
use serde::{Deserialize, Deserializer};
use utoipa::IntoParams;

use super::{respond, visitor};
use crate::shell::{brand, client_page, person};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(super) struct Params {
    /// The request.
    pub(super) login_challenge: String,
}

async fn show(auth: Auth<PageSignedIn>, Query(q): Query<Params>) -> Result<Response> {
    let keys = BrowserKeys::of(&auth);
    let challenge = &q.login_challenge;
    let asked = authorize::asked_for(&auth.app, &auth.cx, challenge, visitor(&auth, &keys)).await?;
    let live = auth.session();
    let brand = brand(&auth.app);
    let html = Consent {
        cx: Context::english(&brand, auth.cx.now),
        person: &person(live),
        client: &asked.client,
        comes_from: asked.document.as_deref().map(host_of).as_deref(),
        goes_to: &host_of(&asked.redirect_uri),
        organization: asked.organization.as_deref(),
        scopes: &asked.scopes.iter().map(scope).collect::<Vec<_>>(),
        resources: &asked.resources,
        action: "/consent",
        csrf_token: &csrf::page_token(&auth.app, live.id()),
        challenge,
        other_account_url: &super::choose::other_account(challenge),
    }
    .render();
    Ok(client_page(&auth, html, 200, keys.set, &asked.client))
}

pub(super) fn scope(asked: &authorize::AskedScope) -> ConsentScope {
    ConsentScope {
        name: asked.name.clone(),
        description: asked.description.clone(),
        is_optional: asked.is_optional,
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Agreement {
    login_challenge: String,
    decision: String,
    #[serde(deserialize_with = "one_or_more")]
    scope: Vec<String>,
}

/// One box that was ticked, or several.
pub(super) fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Ticked {
        One(String),
        More(Vec<String>),
    }
    Ok(match Ticked::deserialize(deserializer)? {
        Ticked::One(one) => vec![one],
        Ticked::More(more) => more,
    })
}

async fn decide(auth: Auth<PageSignedIn>, form: Form<Agreement>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let keys = BrowserKeys::of(&auth);
    let (fields, seen) = (form.fields, visitor(&auth, &keys));
    let next = if fields.decision == "accept" {
        authorize::allow(&auth.app, &auth.cx, &fields.login_challenge, seen, &fields.scope).await?;
        Next::Go(super::choose::go_on(&fields.login_challenge))
    } else {
        authorize::deny(&auth.app, &auth.cx, &fields.login_challenge, seen).await?
    };
    Ok(match next {
        Next::Go(path) => SeeOther(path).respond(),
        next => respond(&auth, keys, next),
    })
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/consent", show).answers_html(200),
        Route::post("/consent", decide).answers_redirect(303),
    ]
}
