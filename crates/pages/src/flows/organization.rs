//! `/org/{slug}` and `/org/{slug}/sign-up`: sign-in and sign-up that lead to one organization and nowhere else.

use avnology_core::{
    flows::FlowRequest,
    organizations::{self, Entrance, SignUp},
};
use avnology_http::{Auth, Bucket, Path1, Query, Reply, Response, Route, SeeOther, Visitor};
use avnology_model::{Code, Error, Result, flows::FlowKind, organizations::OrganizationState};
use avnology_views::{
    Context,
    flows::{AtDoor, Door},
    organizations::Home,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{sign_in, sign_up};
use crate::{
    browser::{Opened, open},
    shell::{brand, entry_page},
};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    flow: Option<String>,
    return_to: Option<String>,
    login_hint: Option<String>,
}

async fn show_sign_in(
    auth: Auth<Visitor>,
    (Path1(slug), Query(q)): (Path1<String>, Query<Params>),
) -> Result<Response> {
    let path = format!("/org/{slug}");
    if let Some(id) = &q.flow {
        return sign_in::show_flow(&auth, id, &path).await;
    }
    let entrance = entrance(&auth, &slug).await?;
    if let Some(door) = shut(&entrance) {
        return Ok(at_door(&auth, &entrance, door));
    }
    enter(&auth, FlowKind::Login, &path, &slug, q).await
}

async fn show_sign_up(
    auth: Auth<Visitor>,
    (Path1(slug), Query(q)): (Path1<String>, Query<Params>),
) -> Result<Response> {
    let path = format!("/org/{slug}/sign-up");
    if let Some(id) = &q.flow {
        return sign_up::show_flow(&auth, id, &path).await;
    }
    let entrance = entrance(&auth, &slug).await?;
    let door = match entrance.sign_up {
        SignUp::Closed => return Err(Error::not_found()),
        _ if entrance.state != OrganizationState::Active => shut(&entrance),
        SignUp::ByInvitation => Some(Door::InvitationOnly),
        SignUp::BySso => Some(Door::SsoOnly),
        SignUp::Anybody | SignUp::ByDomain => None,
    };
    match door {
        Some(door) => Ok(at_door(&auth, &entrance, door)),
        None => enter(&auth, FlowKind::Registration, &path, &slug, q).await,
    }
}

/// What stands at the door; to whoever knows of none, or of one that is being deleted, there is nothing here.
async fn entrance(auth: &Auth<Visitor>, slug: &str) -> Result<Entrance> {
    organizations::entrance(&auth.app, &auth.cx, slug).await.map_err(|error| match error.code() {
        Code::OrganizationNotFound => Error::not_found(),
        _ => error,
    })
}

fn shut(entrance: &Entrance) -> Option<Door> {
    match entrance.state {
        OrganizationState::Active => None,
        OrganizationState::Provisioning => Some(Door::NotReady),
        OrganizationState::Suspended | OrganizationState::Deleting => Some(Door::Suspended),
    }
}

fn at_door(auth: &Auth<Visitor>, entrance: &Entrance, door: Door) -> Response {
    let brand = brand(&auth.app);
    let card = &entrance.organization;
    let personal = !auth.app.is_strict();
    let html = AtDoor {
        cx: Context::english(&brand, auth.cx.now),
        home: &Home { id: card.id, name: card.name.clone(), slug: card.slug.to_string() },
        door,
        personal_url: personal.then_some("/sign-in"),
    }
    .render();
    let status = if door == Door::NotReady { 409 } else { 403 };
    entry_page(auth, html, status, Vec::new())
}

/// Opens the flow; afterwards the person is where they wanted to go, or on the organization's page.
async fn enter(auth: &Auth<Visitor>, kind: FlowKind, path: &str, slug: &str, q: Params) -> Result<Response> {
    let wanted = q.return_to.filter(|target| !target.is_empty());
    let asked_to_go = wanted.is_some();
    let request = FlowRequest {
        return_to: Some(wanted.unwrap_or_else(|| format!("/organizations/{slug}"))),
        login_hint: q.login_hint,
        organization: Some(slug.to_owned()),
        ..FlowRequest::default()
    };
    match open(auth, kind, path, request).await {
        Ok(Opened::Go(response)) => Ok(response),
        Ok(Opened::SignedIn(target)) => Ok(SeeOther(target).respond()),
        // A `return_to` that is not allowed is dropped, not followed.
        Err(error) if error.code() == Code::ValidationFailed && asked_to_go => {
            Ok(SeeOther(path.to_owned()).respond())
        }
        Err(error) => Err(error),
    }
}

pub(super) fn routes() -> Vec<Route> {
    [Route::get("/org/{slug}", show_sign_in), Route::get("/org/{slug}/sign-up", show_sign_up)]
        .into_iter()
        .map(|route| route.about_organization().limited(Bucket::IpAuth).answers_html(200))
        .collect()
}
