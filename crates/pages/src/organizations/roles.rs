//! `/organizations/{id}/roles`.

use avnology_core::organizations::{self, Acting, RoleView};
use avnology_http::{Auth, PageInOrganization, Query, Response, Route, scopes};
use avnology_model::{Result, organizations::Feature, permissions::Scope};
use avnology_views::organizations::{RoleRow, Roles};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    frame::{Place, answer},
    outcome,
};

pub(super) type Reader = Auth<PageInOrganization<scopes::RolesRead>>;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    done: Option<String>,
}

async fn list(auth: Reader, Query(q): Query<Params>) -> Result<Response> {
    let acting = auth.acting()?;
    let mut place = Place::of(&auth).await?;
    let known = &[("deleted", "The role was deleted. Whoever had it has the other one now.")];
    place.notice = outcome::notice(q.done.as_deref(), known);
    let roles = organizations::list_roles(&auth.app, &auth.cx, acting).await?;
    let rows: Vec<RoleRow> = roles.iter().map(|role| row(&place, acting, role)).collect();
    let new = place.url("/roles/new");
    let is_off = acting.check_feature(&auth.app, Feature::CustomRoles).is_err();
    let may = acting.scopes.contains(Scope::RolesWrite) && !is_off;
    let html =
        Roles { frame: place.frame(), rows: &rows, new_url: may.then_some(new.as_str()), is_off }.render();
    Ok(answer(&auth, html, 200))
}

fn row(place: &Place, acting: &Acting, role: &RoleView) -> RoleRow {
    RoleRow {
        name: role.name.clone(),
        key: role.key.to_string(),
        description: role.description.clone(),
        base: base_name(acting, role),
        member_count: role.member_count,
        group_count: role.group_count,
        href: url(place, role),
    }
}

/// What the role is called that this one extends.
pub(super) fn base_name(acting: &Acting, role: &RoleView) -> Option<String> {
    role.base.map(|base| acting.organization.role_name(&base.role().into()))
}

/// The page of a role: by id, so that no key takes the place of another page; a built-in one by its key.
pub(super) fn url(place: &Place, role: &RoleView) -> String {
    let name = role.id.map_or_else(|| role.key.to_string(), |id| id.to_string());
    place.url(&format!("/roles/{name}"))
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/organizations/{id}/roles", list).answers_html(200)]
}
