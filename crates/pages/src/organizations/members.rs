//! `/organizations/{id}/members`.

use avnology_core::{
    identities::ListQuery,
    organizations::{self, Acting, MemberSearch, MemberView, NamedRole},
};
use avnology_http::{Access, Auth, List, PageInOrganization, Reply, Response, Route, SeeOther, scopes};
use avnology_model::{Code, Result, ids::IdentityId, permissions::Scope};
use avnology_views::{
    Person,
    organizations::{MemberRow, Members, Paging, Search},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    frame::{Place, answer},
    outcome,
};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(super) struct Params {
    q: String,
    role: String,
    state: String,
    done: Option<String>,
    failed: Option<String>,
}

const DONE: &[(&str, &str)] = &[("removed", "The member was removed.")];

async fn list(auth: Auth<PageInOrganization<scopes::MembersRead>>, list: List<Params>) -> Result<Response> {
    let acting = auth.acting()?;
    let mut place = Place::of(&auth).await?;
    let q = &list.query;
    let asked = MemberSearch { text: q.q.clone(), role: q.role.clone(), state: q.state.clone() };
    let query = ListQuery { filter: asked.filter(), ..query_of(&list) };
    let page = match organizations::list_members(&auth.app, acting, query).await {
        // A filter that is none: everybody is shown.
        Err(error) if error.code() == Code::ValidationFailed && asked != MemberSearch::default() => {
            return Ok(SeeOther(place.url("/members")).respond());
        }
        found => found?,
    };
    if list.position.is_none() {
        place.notice = outcome::notice(q.done.as_deref(), DONE);
        place.refusals = outcome::refusals(q.failed.as_deref());
    }
    let manages = acting.scopes.contains(Scope::MembersWrite);
    let you = auth.session().identity.id;
    let rows: Vec<MemberRow> =
        page.members.iter().map(|member| row(acting, member, you, manages.then_some(&place))).collect();
    let invite = format!("{}#invite", place.url("/invitations"));
    let html = Members {
        frame: place.frame(),
        rows: &rows,
        search: &Search { text: asked.text, role: asked.role, state: asked.state },
        roles: &pairs(organizations::named_roles(&acting.organization)),
        paging: &paging(&auth, &list, page.next),
        invite_url: manages.then_some(invite.as_str()),
    }
    .render();
    Ok(answer(&auth, html, 200))
}

fn row(acting: &Acting, member: &MemberView, you: IdentityId, manages: Option<&Place>) -> MemberRow {
    MemberRow {
        person: person_of(member),
        role: acting.organization.role_name(&member.role),
        state: member.state,
        joined_at: member.joined_at,
        last_active_at: member.last_active_at,
        is_you: member.identity_id == you,
        href: manages.map(|place| place.url(&format!("/members/{}", member.id))),
    }
}

/// A member as pages show people.
pub(super) fn person_of(member: &MemberView) -> Person {
    let card = &member.identity;
    Person {
        id: card.id,
        name: card.display_name.clone(),
        email: card.email.clone(),
        avatar_url: card.avatar_url.clone(),
    }
}

/// What is asked of a list, as core takes it.
pub(super) fn query_of<T>(list: &List<T>) -> ListQuery {
    ListQuery {
        filter: list.filter.clone(),
        order_by: list.order_by.clone(),
        page_size: list.page_size,
        after: list.position.clone(),
        include_total: false,
    }
}

/// Roles as keys and names.
pub(super) fn pairs(roles: Vec<NamedRole>) -> Vec<(String, String)> {
    roles.into_iter().map(|role| (role.key.into(), role.name)).collect()
}

/// Where the other pages of a list are: the same address with another token.
pub(crate) fn paging<A: Access, T>(
    auth: &Auth<A>,
    list: &List<T>,
    next: Option<Vec<avnology_core::identities::PageKey>>,
) -> Paging {
    let kept: Vec<&str> = auth
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("page_token="))
        .collect();
    let at = |token: Option<&str>| {
        let token = token.map(|token| format!("page_token={token}"));
        let pairs: Vec<&str> = kept.iter().copied().chain(token.as_deref()).collect();
        format!("{}?{}", auth.uri.path(), pairs.join("&"))
    };
    let token = list.next_page_token(&auth.app, auth.cx.now, next);
    Paging {
        first_url: list.position.is_some().then(|| at(None)),
        next_url: (!token.is_empty()).then(|| at(Some(&token))),
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/organizations/{id}/members", list).answers_html(200)]
}
