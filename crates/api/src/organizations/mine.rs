//! One's own organizations: memberships, what one may join, invitations (`contract/10` §5).

use std::sync::Arc;

use avnology_core::{
    organizations::{self, MemberView, OrganizationCard, OwnInvitation, OwnMembership},
    sessions::LiveSession,
};
use avnology_http::{
    Auth, Json, List, NoContent, Path1, Reply, Response, Route, SignedIn, TenantScoped, cookies, scopes,
    step_up::with_step_up,
};
use avnology_model::{Code, Error, Result, ids::InvitationId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{invitations::ANSWER, resource::query_of};

/// What one does about organizations that one need not belong to, and may be locked out of: whatever organization the
/// request names, it is about the person.
pub(super) type Own = Auth<TenantScoped<scopes::AccountSelf>>;

/// The session of whoever calls: no key holds `account:self`.
pub(super) fn person(auth: &Own) -> Result<&Arc<LiveSession>> {
    auth.caller.session().ok_or_else(|| Error::internal("a program holds account:self"))
}

/// What the caller has to do with organizations.
#[derive(Serialize, ToSchema)]
struct OwnOrganizationList {
    memberships: Vec<OwnMembership>,
    /// What the caller may join without being invited; on the first page.
    joinable: Vec<OrganizationCard>,
    /// Invitations to the caller's proven address; on the first page.
    invitations: Vec<OwnInvitation>,
    /// Of the memberships.
    next_page_token: String,
    /// How many memberships there are; with `include_total` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    total_size: Option<u32>,
    /// Whether there are more than were counted; omitted when there are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    total_is_minimum: Option<bool>,
}

async fn list(auth: Auth<SignedIn>, list: List) -> Result<Json<OwnOrganizationList>> {
    let own = organizations::list_own(&auth.app, &auth.cx, auth.session(), query_of(&list)).await?;
    Ok(Json(OwnOrganizationList {
        next_page_token: list.next_page_token(&auth.app, auth.cx.now, own.next),
        memberships: own.memberships,
        joinable: own.joinable,
        invitations: own.invitations,
        total_size: own.total.as_ref().map(|t| t.size),
        total_is_minimum: own.total.and_then(|t| t.is_minimum.then_some(true)),
    }))
}

async fn leave(auth: Own, Path1(name): Path1<String>) -> Result<Response> {
    let left = organizations::leave(&auth.app, &auth.cx, person(&auth)?, &name).await?;
    // A browser that acts for this organization acts for none from now on.
    let acts_there = match auth.cookies.get(cookies::ORGANIZATION) {
        Some(shown) => {
            let shown = organizations::find_named(&auth.app, &auth.cx, shown).await?;
            shown.is_some_and(|shown| shown.id() == left)
        }
        None => false,
    };
    if acts_there && auth.is_by_cookie() {
        return Ok(NoContent.with_cookie(cookies::clear_organization(&auth.app)).respond());
    }
    Ok(NoContent.respond())
}

/// Somebody who has just joined.
#[derive(Serialize, ToSchema)]
struct Joined {
    member: MemberView,
}

async fn accept(auth: Own, Path1(id): Path1<InvitationId>) -> Result<Json<Joined>> {
    let caller = person(&auth)?;
    let accepted = organizations::accept_own_invitation(&auth.app, &auth.cx, caller, id).await;
    let accepted = with_step_up(&auth, caller, accepted).await?;
    Ok(Json(Joined { member: accepted.member }))
}

async fn decline(auth: Own, Path1(id): Path1<InvitationId>) -> Result<NoContent> {
    organizations::decline_own_invitation(&auth.app, &auth.cx, person(&auth)?, id).await?;
    Ok(NoContent)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/me/organizations", list)
            .operation_id("listMyOrganizations")
            .summary("List the organizations one belongs to, may join or is invited to")
            .tag("me")
            .answers::<OwnOrganizationList>(200, "One page of memberships, and what else there is."),
        Route::delete("/v1/me/organizations/{org}", leave)
            .operation_id("leaveOrganization")
            .summary("Leave an organization")
            .tag("me")
            .answers_empty(204)
            .refuses(&[Code::LastOwner]),
        Route::post("/v1/me/invitations/{inv}:accept", accept)
            .operation_id("acceptMyInvitation")
            .summary("Accept an invitation to one's own address")
            .tag("me")
            .answers::<Joined>(200, "The new member.")
            .refuses(ANSWER),
        Route::post("/v1/me/invitations/{inv}:decline", decline)
            .operation_id("declineMyInvitation")
            .summary("Decline an invitation to one's own address")
            .tag("me")
            .answers_empty(204)
            .refuses(&[Code::InvitationInvalid]),
    ]
}
