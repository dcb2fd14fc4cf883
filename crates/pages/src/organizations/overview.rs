//! `/organizations/{id}`.

use avnology_core::organizations;
use avnology_http::{Auth, PageInOrganization, Query, Response, Route, scopes};
use avnology_model::{
    Result,
    organizations::{DomainStatus, OrganizationState},
    permissions::Scope,
};
use avnology_views::{
    Link,
    organizations::{Overview, Task},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    frame::{Place, answer},
    outcome,
};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    done: Option<String>,
    failed: Option<String>,
}

const DONE: &[(&str, &str)] = &[
    ("joined", "You belong to it now."),
    ("deleting", "It is closed now, and will be deleted."),
    ("restored", "It is kept, and members get in again."),
    ("transferred", "It has a new owner."),
];

async fn show(
    auth: Auth<PageInOrganization<scopes::OrganizationsRead>>,
    Query(q): Query<Params>,
) -> Result<Response> {
    let acting = auth.acting()?;
    let mut place = Place::of(&auth).await?;
    place.notice = outcome::notice(q.done.as_deref(), DONE);
    place.refusals = outcome::refusals(q.failed.as_deref());
    let view = organizations::get(&auth.app, acting).await?;
    let seats = organizations::seats(&auth.app, &auth.cx, acting, false, None).await?;
    let is_active = view.state == OrganizationState::Active;
    let mut tasks = Vec::new();
    if is_active && acting.scopes.contains(Scope::MembersWrite) {
        let invite = |text: &str| Link::new(text, format!("{}#invite", place.url("/invitations")));
        if seats.active <= 1 && seats.invited == 0 {
            tasks.push(Task {
                title: "Invite your colleagues".to_owned(),
                text: "You are the only one here. An invitation goes by mail or by a link that you pass on."
                    .to_owned(),
                link: invite("Invite people"),
            });
        }
        if seats.limit.is_some_and(|limit| seats.used >= limit) {
            tasks.push(Task {
                title: "Every seat is taken".to_owned(),
                text: "Nobody else can join until somebody is suspended or removed, or there are more seats."
                    .to_owned(),
                link: Link::new("Members", place.url("/members")),
            });
        }
    }
    if is_active && acting.scopes.contains(Scope::OrganizationsWrite) {
        let domains = organizations::list_domains(&auth.app, acting).await?;
        if let Some(open) = domains.iter().find(|domain| domain.status != DomainStatus::Verified) {
            tasks.push(Task {
                title: format!("Prove {}", open.domain),
                text: "Until its record is found in DNS nobody joins or is led here by this domain."
                    .to_owned(),
                link: Link::new("Show record", place.url(&format!("/domains/{}", open.id))),
            });
        }
    }
    let role = acting.member().map(|member| acting.organization.role_name(&member.membership.role));
    let html = Overview {
        frame: place.frame(),
        address: &format!("{}/organizations/{}", auth.app.config.origin(), view.slug),
        role: role.as_deref(),
        seats: (seats.used, seats.limit),
        invited: seats.invited,
        created_at: view.create_time,
        deletion_at: view.deletion_scheduled_for,
        tasks: &tasks,
    }
    .render();
    Ok(answer(&auth, html, 200))
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/organizations/{id}", show).answers_html(200)]
}
