//! `/organizations/{id}/members/{member}`.

use avnology_core::organizations::{self, MemberChange};
use avnology_http::{Auth, Form, PageInOrganization, Path1, Query, Response, Route, csrf, scopes};
use avnology_model::{
    Error, Result,
    organizations::{MemberState, MembershipSource},
};
use avnology_views::organizations::Member;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    frame::{Place, answer},
    members::{pairs, person_of},
    outcome,
};

type Manager = Auth<PageInOrganization<scopes::MembersWrite>>;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    done: Option<String>,
    failed: Option<String>,
}

const DONE: &[(&str, &str)] = &[
    ("role", "The role was saved. It is in force."),
    ("suspend", "The member is suspended."),
    ("activate", "The member is active again."),
];

async fn show(auth: Manager, (Path1(name), Query(q)): (Path1<String>, Query<Params>)) -> Result<Response> {
    let acting = auth.acting()?;
    let member = organizations::get_member(&auth.app, acting, &name).await?;
    let mut place = Place::of(&auth).await?;
    place.notice = outcome::notice(q.done.as_deref(), DONE);
    place.refusals = outcome::refusals(q.failed.as_deref());
    let is_you = member.identity_id == auth.session().identity.id;
    let named = |role| acting.organization.role_name(role);
    let groups: Vec<String> = member.group_roles.iter().map(named).collect();
    let html = Member {
        frame: place.frame(),
        person: &person_of(&member),
        url: &place.url(&format!("/members/{}", member.id)),
        role: (member.role.as_str(), &named(&member.role)),
        group_roles: &groups,
        state: member.state,
        source: source(member.source),
        joined_at: member.joined_at,
        last_active_at: member.last_active_at,
        expire_time: member.expire_time,
        assignable: &pairs(organizations::roles_assignable_to(acting, &member)),
        is_you,
    }
    .render();
    Ok(answer(&auth, html, 200))
}

fn source(source: MembershipSource) -> &'static str {
    match source {
        MembershipSource::Creator => "made the organization",
        MembershipSource::Admin => "added by an administrator",
        MembershipSource::Invitation => "by invitation",
        MembershipSource::Domain => "by the domain of the address",
        MembershipSource::Join => "joined without invitation",
        MembershipSource::Sso => "by single sign-on",
        MembershipSource::Scim => "from a directory",
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    action: String,
    role: String,
}

async fn change(auth: Manager, (Path1(name), form): (Path1<String>, Form<Fields>)) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let acting = auth.acting()?;
    let list = format!("/organizations/{}/members", acting.organization.organization.slug);
    let here = format!("{list}/{name}");
    let Fields { action, role } = form.fields;
    let change = match action.as_str() {
        "role" => MemberChange { role: Some(role), ..MemberChange::default() },
        "suspend" => MemberChange { state: Some(MemberState::Suspended), ..MemberChange::default() },
        "activate" => MemberChange { state: Some(MemberState::Active), ..MemberChange::default() },
        "remove" => return remove(&auth, &name, (&list, &here)).await,
        _ => return Err(Error::not_found()),
    };
    match organizations::update_member(&auth.app, &auth.cx, acting, &name, change).await {
        Ok(_) => Ok(outcome::done(&here, &action)),
        Err(error) => outcome::failed(&here, error),
    }
}

async fn remove(auth: &Manager, name: &str, (list, here): (&str, &str)) -> Result<Response> {
    let acting = auth.acting()?;
    let member = organizations::get_member(&auth.app, acting, name).await?;
    match organizations::remove_member(&auth.app, &auth.cx, acting, name).await {
        // Who has removed itself does not get in any more.
        Ok(()) if member.identity_id == auth.session().identity.id => {
            Ok(outcome::done("/account/organizations", "left"))
        }
        Ok(()) => Ok(outcome::done(list, "removed")),
        Err(error) => outcome::failed(here, error),
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/organizations/{id}/members/{member}", show).answers_html(200),
        Route::post("/organizations/{id}/members/{member}", change).answers_redirect(303),
    ]
}
