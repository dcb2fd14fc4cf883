//! `/organizations/{id}/groups`.

use avnology_core::organizations::{self, Acting, GroupView};
use avnology_http::{Auth, List, PageInOrganization, Response, Route, scopes};
use avnology_model::{Result, organizations::Feature, permissions::Scope};
use avnology_views::organizations::{GroupRow, Groups};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    frame::{Place, answer},
    members::{paging, query_of},
    outcome,
};

pub(super) type Reader = Auth<PageInOrganization<scopes::GroupsRead>>;
pub(super) type Writer = Auth<PageInOrganization<scopes::GroupsWrite>>;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    done: Option<String>,
}

async fn list(auth: Reader, list: List<Params>) -> Result<Response> {
    let acting = auth.acting()?;
    let mut place = Place::of(&auth).await?;
    if list.position.is_none() {
        let known = &[("deleted", "The group was deleted. Its members stay members of the organization.")];
        place.notice = outcome::notice(list.query.done.as_deref(), known);
    }
    let page = organizations::list_groups(&auth.app, acting, query_of(&list)).await?;
    let rows: Vec<GroupRow> = page.groups.iter().map(|group| row(&place, acting, group)).collect();
    let new = place.url("/groups/new");
    let is_off = acting.check_feature(&auth.app, Feature::Groups).is_err();
    let may = acting.scopes.contains(Scope::GroupsWrite) && !is_off;
    let html = Groups {
        frame: place.frame(),
        rows: &rows,
        paging: &paging(&auth, &list, page.next),
        new_url: may.then_some(new.as_str()),
        is_off,
    }
    .render();
    Ok(answer(&auth, html, 200))
}

fn row(place: &Place, acting: &Acting, group: &GroupView) -> GroupRow {
    GroupRow {
        name: group.name.clone(),
        description: group.description.clone(),
        kind: group.kind,
        source: group.source,
        role: group.role.as_ref().map(|role| acting.organization.role_name(role)),
        member_count: group.member_count,
        href: place.url(&format!("/groups/{}", group.id)),
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/organizations/{id}/groups", list).answers_html(200)]
}
