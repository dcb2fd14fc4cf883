//! `/account/organizations`: memberships, invitations, what can be joined; and the switcher's form.

use std::sync::Arc;

use avnology_core::{
    organizations::{self, OrganizationCard, OwnInvitation, OwnMembership, OwnOrganizations},
    sessions::LiveSession,
};
use avnology_http::{Auth, Form, List, PageSignedIn, Reply, Response, Route, SeeOther, cookies, csrf};
use avnology_model::{
    Code, Error, Result,
    ids::InvitationId,
    organizations::{MemberState, OrganizationState},
};
use avnology_views::organizations::{Home, InvitationRow, JoinRow, MembershipRow, Mine};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    members::{paging, query_of},
    outcome, switch,
};
use crate::shell::{page, person, shell};

const HERE: &str = "/account/organizations";

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    /// The membership that is about to be left.
    leave: Option<String>,
    done: Option<String>,
    failed: Option<String>,
}

const DONE: &[(&str, &str)] = &[
    ("left", "You left the organization."),
    ("declined", "The invitation was declined."),
    ("preparing", "Your team is being set up. It opens in a few seconds."),
];

async fn show(auth: Auth<PageSignedIn>, list: List<Params>) -> Result<Response> {
    let live = auth.session();
    let own = organizations::list_own(&auth.app, &auth.cx, live, query_of(&list)).await?;
    let OwnOrganizations { memberships, joinable, invitations, next, .. } = own;
    // To whoever has nothing to do with organizations the page is not there.
    if memberships.is_empty() && joinable.is_empty() && invitations.is_empty() {
        return Err(Error::not_found());
    }
    let q = &list.query;
    let is_first = list.position.is_none();
    let mut rows = Vec::with_capacity(memberships.len());
    for own in &memberships {
        let role =
            organizations::role_name(&auth.app, &auth.cx, own.organization.id, &own.member.role).await?;
        rows.push(membership(own, role));
    }
    let memberships = rows;
    let mut invited = Vec::with_capacity(invitations.len());
    for own in &invitations {
        let role = organizations::role_name(&auth.app, &auth.cx, own.organization.id, &own.role).await?;
        invited.push(invitation(own, role));
    }
    let leaving = q.leave.as_deref().and_then(|name| {
        memberships.iter().map(|row| &row.home).find(|home| home.id.to_string() == name || home.slug == name)
    });
    let shell = shell(&auth).await?;
    let html = Mine {
        cx: shell.cx(),
        person: &person(live),
        notice: outcome::notice(q.done.as_deref().filter(|_| is_first), DONE).as_ref(),
        refusals: &outcome::refusals(q.failed.as_deref().filter(|_| is_first)),
        memberships: &memberships,
        invitations: &invited,
        joinable: &joinable.iter().map(|card| JoinRow { home: home(card) }).collect::<Vec<_>>(),
        paging: &paging(&auth, &list, next),
        csrf_token: &csrf::page_token(&auth.app, live.id()),
        leaving,
    }
    .render();
    Ok(page(&auth, html))
}

fn home(card: &OrganizationCard) -> Home {
    Home { id: card.id, name: card.name.clone(), slug: card.slug.to_string() }
}

fn membership(own: &OwnMembership, role: String) -> MembershipRow {
    let organization = &own.organization;
    let is_open = match organization.state {
        OrganizationState::Active => true,
        OrganizationState::Deleting => own.member.role.is_owner(),
        OrganizationState::Provisioning | OrganizationState::Suspended => false,
    };
    MembershipRow {
        home: Home {
            id: organization.id,
            name: organization.name.clone(),
            slug: organization.slug.to_string(),
        },
        organization_state: organization.state,
        state: own.member.state,
        role,
        opens: is_open && own.member.state == MemberState::Active,
    }
}

fn invitation(own: &OwnInvitation, role: String) -> InvitationRow {
    InvitationRow { id: own.id.to_string(), home: home(&own.organization), role, expires_at: own.expires_at }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    action: String,
    organization: String,
    invitation: String,
}

async fn act(auth: Auth<PageSignedIn>, form: Form<Fields>) -> Result<Response> {
    let live = auth.session();
    csrf::check_page(&auth.app, live.id(), form.csrf.as_deref())?;
    let Fields { action, organization, invitation } = form.fields;
    let (app, cx) = (&auth.app, &auth.cx);
    let done = match action.as_str() {
        "switch" if organization == "personal" => switch::be_personal(&auth, live).await,
        "switch" => return entered(switch::enter(&auth, live, &organization, None).await, &organization),
        "join" => match organizations::join_organization(app, cx, live, &organization).await {
            Ok(_) => return joined(&auth, live, &organization).await,
            Err(error) => Err(error),
        },
        "leave" => left(&auth, live, &organization).await,
        "accept" => match organizations::accept_own_invitation(app, cx, live, id(&invitation)?).await {
            Ok(accepted) => return joined(&auth, live, accepted.organization.slug.as_str()).await,
            Err(error) => Err(error),
        },
        "decline" => organizations::decline_own_invitation(app, cx, live, id(&invitation)?)
            .await
            .map(|()| outcome::done(HERE, "declined")),
        _ => return Err(Error::not_found()),
    };
    done.or_else(|error| outcome::failed(HERE, error))
}

fn id(text: &str) -> Result<InvitationId> {
    text.parse().map_err(|_| Error::not_found())
}

/// A switch that asks for a better sign-in leads through it to where the person wanted.
fn entered(answer: Result<Response>, name: &str) -> Result<Response> {
    match answer {
        Err(error) if matches!(error.code(), Code::StepUpRequired | Code::SecondFactorRequired) => {
            Ok(outcome::step_up(&format!("/organizations/{name}")))
        }
        Err(error) => outcome::failed(HERE, error),
        Ok(response) => Ok(response),
    }
}

/// Whoever has just joined is there at once.
pub(super) async fn joined<A: avnology_http::Access>(
    auth: &Auth<A>,
    live: &Arc<LiveSession>,
    name: &str,
) -> Result<Response> {
    let to = format!("/organizations/{name}?done=joined");
    entered(switch::enter(auth, live, name, Some(&to)).await, name)
}

async fn left(auth: &Auth<PageSignedIn>, live: &Arc<LiveSession>, name: &str) -> Result<Response> {
    let left = organizations::leave(&auth.app, &auth.cx, live, name).await?;
    let is_last = organizations::choices(&auth.app, &auth.cx, live).await?.is_none();
    let to = if is_last { SeeOther("/account".to_owned()).respond() } else { outcome::done(HERE, "left") };
    // A browser that acts for this one acts for none from now on.
    let acts_there = auth.cookies.get(cookies::ORGANIZATION).is_some_and(|shown| shown == left.to_string());
    Ok(if is_last || acts_there {
        to.with_cookie(cookies::clear_organization(&auth.app)).respond()
    } else {
        to
    })
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get(HERE, show).answers_html(200), Route::post(HERE, act).answers_redirect(303)]
}
