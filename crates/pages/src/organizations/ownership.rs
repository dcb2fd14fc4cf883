//! `/organizations/{id}/ownership` and `/organizations/{id}/deletion`: what only owners do, after a fresh sign-in.

use avnology_core::{
    identities::ListQuery,
    organizations::{self, MemberSearch, MemberView},
};
use avnology_http::{
    Auth, Form, NoInput, PageInOrganization, Precondition, Query, Response, Route, csrf, scopes,
};
use avnology_model::{Code, Error, FieldCode, Result, ids::IdentityId};
use avnology_views::organizations::{Deletion, Ownership, Refusal};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    frame::{Place, answer},
    members::{pairs, person_of},
    outcome,
};

type Owner = Auth<PageInOrganization<scopes::OrganizationsDelete>>;

/// Most members who are offered as owners.
const HEIRS: u32 = 100;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    failed: Option<String>,
}

/// The way through a better sign-in, unless the present one is.
fn stale(auth: &Owner, url: &str) -> Option<Response> {
    let checked = auth.session().check_privileged(&auth.app.settings().settings, auth.cx.now);
    checked.is_err().then(|| outcome::step_up(url))
}

async fn ownership(auth: Owner, Query(q): Query<Params>) -> Result<Response> {
    let acting = auth.acting()?;
    let mut place = Place::of(&auth).await?;
    if let Some(first) = stale(&auth, &place.url("/ownership")) {
        return Ok(first);
    }
    place.refusals = outcome::refusals(q.failed.as_deref());
    let active = MemberSearch { state: "active".to_owned(), ..MemberSearch::default() };
    let query = ListQuery {
        filter: active.filter(),
        order_by: Vec::new(),
        page_size: HEIRS,
        after: None,
        include_total: false,
    };
    let page = organizations::list_members(&auth.app, acting, query).await?;
    let you = auth.session().identity.id;
    let named = |member: &MemberView| {
        let person = person_of(member);
        let email =
            person.email.clone().filter(|email| *email != person.name).map(|email| format!(" ({email})"));
        let name = if person.name.is_empty() { email.clone().unwrap_or_default() } else { person.name };
        (member.identity_id.to_string(), format!("{name}{}", email.unwrap_or_default()))
    };
    let heirs: Vec<_> = page.members.iter().filter(|member| member.identity_id != you).map(named).collect();
    let roles = pairs(organizations::assignable_roles(acting));
    let html = Ownership { frame: place.frame(), heirs: &heirs, roles: &roles }.render();
    Ok(answer(&auth, html, 200))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Heir {
    identity_id: String,
    keep_role: String,
}

async fn hand_over(auth: Owner, form: Form<Heir>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let acting = auth.acting()?;
    let overview = format!("/organizations/{}", acting.organization.organization.slug);
    let here = format!("{overview}/ownership");
    if let Some(first) = stale(&auth, &here) {
        return Ok(first);
    }
    let to = form.fields.identity_id.parse::<IdentityId>().map_err(|_| Error::from(Code::NotAMember));
    let keep = Some(form.fields.keep_role.as_str()).filter(|role| !role.is_empty());
    let done = match to {
        Ok(to) => organizations::transfer_ownership(&auth.app, &auth.cx, acting, to, keep).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(_) => Ok(outcome::done(&overview, "transferred")),
        Err(error) => outcome::failed(&here, error),
    }
}

async fn deletion(auth: Owner, _: NoInput) -> Result<Response> {
    let place = Place::of(&auth).await?;
    if let Some(first) = stale(&auth, &place.url("/deletion")) {
        return Ok(first);
    }
    draw(&auth, &place, 200)
}

fn draw(auth: &Owner, place: &Place, status: u16) -> Result<Response> {
    let html = Deletion {
        frame: place.frame(),
        grace_days: auth.app.settings().settings.deletion_grace_days,
        scheduled_for: auth.acting()?.organization.organization.deletion_scheduled_for,
    }
    .render();
    Ok(answer(auth, html, status))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    action: String,
    name: String,
}

async fn delete(auth: Owner, form: Form<Fields>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let acting = auth.acting()?;
    let overview = format!("/organizations/{}", acting.organization.organization.slug);
    let here = format!("{overview}/deletion");
    if let Some(first) = stale(&auth, &here) {
        return Ok(first);
    }
    let none = Precondition::None;
    let done = match form.fields.action.as_str() {
        "restore" => organizations::restore(&auth.app, &auth.cx, acting, &none).await.map(|_| "restored"),
        "delete" if form.fields.name.trim() == acting.organization.organization.name => {
            organizations::delete(&auth.app, &auth.cx, acting, &none).await.map(|_| "deleting")
        }
        "delete" => {
            let mut place = Place::of(&auth).await?;
            let error =
                Error::field("name", FieldCode::Conflict, "This is not its name, so nothing was deleted.");
            place.refusals = avnology_views::organizations::refusal(&error);
            return draw(&auth, &place, 400);
        }
        _ => return Err(Error::not_found()),
    };
    match done {
        Ok(word) => Ok(outcome::done(&overview, word)),
        Err(error) => {
            let mut place = Place::of(&auth).await?;
            let refusals: Vec<Refusal> = avnology_views::organizations::refusal(&error);
            if error.is_failure() {
                return Err(error);
            }
            place.refusals = refusals;
            draw(&auth, &place, error.code().status())
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/organizations/{id}/ownership", ownership).answers_html(200),
        Route::post("/organizations/{id}/ownership", hand_over).answers_redirect(303),
        Route::get("/organizations/{id}/deletion", deletion).answers_html(200),
        Route::post("/organizations/{id}/deletion", delete).answers_redirect(303),
    ]
}
