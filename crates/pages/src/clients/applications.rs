//! `/account/applications`.

use avnology_core::{
    clients::{self, ConsentView, scope_words},
    organizations::{self, Choice},
};
use avnology_http::{Auth, Form, PageSignedIn, Path1, Query, Reply, Response, Route, SeeOther, csrf};
use avnology_model::{Code, Result, ids::ConsentId};
use avnology_views::{
    Notice,
    clients::{ApplicationRow, Applications},
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::shell::{page, person, shell};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    /// What was just done.
    done: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct NoFields {}

async fn list(auth: Auth<PageSignedIn>, Query(q): Query<Params>) -> Result<Response> {
    let live = auth.session();
    let shell = shell(&auth).await?;
    let own = organizations::choices(&auth.app, &auth.cx, live).await?.unwrap_or_default();
    let mut rows = Vec::new();
    for consent in clients::consents_of(&auth.app, live.identity.id).await? {
        let words = scope_words(&auth.app, &auth.cx, &consent.scopes).await?;
        rows.push(row(consent, words, &own));
    }
    let removed = Notice::success("The application was removed. Its access has ended.");
    let html = Applications {
        cx: shell.cx(),
        person: &person(live),
        notice: q.done.is_some().then_some(&removed),
        rows: &rows,
        is_grouped: auth.organization_scope().is_some(),
        csrf_token: &csrf::page_token(&auth.app, live.id()),
    }
    .render();
    Ok(page(&auth, html))
}

/// An organization that the person has left is not named any more.
fn row(consent: ConsentView, scopes: Vec<(String, Option<String>)>, own: &[Choice]) -> ApplicationRow {
    let organization = own.iter().find(|one| Some(one.id) == consent.organization_id);
    ApplicationRow {
        id: consent.id.to_string(),
        client: consent.client.name,
        organization: organization.map(|one| one.name.clone()),
        scopes,
        granted_at: consent.granted_at,
        last_used_at: consent.last_used_at,
        remove_action: format!("/account/applications/{}/remove", consent.id),
    }
}

async fn remove(
    auth: Auth<PageSignedIn>,
    (Path1(id), form): (Path1<ConsentId>, Form<NoFields>),
) -> Result<Response> {
    let live = auth.session();
    csrf::check_page(&auth.app, live.id(), form.csrf.as_deref())?;
    match clients::revoke_consent(&auth.app, &auth.cx, live.identity.id, id).await {
        // One that was taken back meanwhile is just as well.
        Ok(()) => {}
        Err(error) if error.code() == Code::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(SeeOther("/account/applications?done=removed".to_owned()).respond())
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/account/applications", list).answers_html(200),
        Route::post("/account/applications/{id}/remove", remove).answers_redirect(303),
    ]
}
