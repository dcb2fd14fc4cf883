//! Members of an organization (`contract/20` §3).

use avnology_core::organizations::{self, MemberChange, MemberView, NewMember};
use avnology_http::{
    Auth, Body, Created, Idempotency, InOrganization, Json, List, NoContent, Patch, Path1, Reply, Response,
    Route, problem, scopes,
};
use avnology_model::{Code, Error, FieldCode, Result, events::EventType};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::resource::query_of;
use crate::once::once;

/// Most members of one batch.
const BATCH: usize = 100;

/// A page of members.
#[derive(Serialize, ToSchema)]
struct MemberList {
    members: Vec<MemberView>,
    next_page_token: String,
    /// How many there are; with `include_total` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    total_size: Option<u32>,
    /// Whether there are more than were counted; omitted when there are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    total_is_minimum: Option<bool>,
}

async fn list(auth: Auth<InOrganization<scopes::MembersRead>>, list: List) -> Result<Json<MemberList>> {
    let page = organizations::list_members(&auth.app, auth.acting()?, query_of(&list)).await?;
    Ok(Json(MemberList {
        next_page_token: list.next_page_token(&auth.app, auth.cx.now, page.next),
        members: page.members,
        total_size: page.total.as_ref().map(|t| t.size),
        total_is_minimum: page.total.and_then(|t| t.is_minimum.then_some(true)),
    }))
}

async fn add(
    auth: Auth<InOrganization<scopes::MembersWrite>>,
    (Idempotency(key), Body(new)): (Idempotency, Body<NewMember>),
) -> Result<Response> {
    let acting = auth.acting()?;
    let place = acting.id();
    let path = move |id: &str| format!("/v1/organizations/{place}/members/{id}");
    let call = async {
        let member = organizations::add_member(&auth.app, &auth.cx, acting, new, key.as_ref()).await?;
        Ok(Created { location: path(&member.id.to_string()), body: member }.respond())
    };
    let location = |body: &serde_json::Value| body.get("id")?.as_str().map(path);
    once(&auth.app, &auth.cx, key, location, Box::pin(call)).await
}

async fn get(
    auth: Auth<InOrganization<scopes::MembersRead>>,
    Path1(member): Path1<String>,
) -> Result<Json<MemberView>> {
    organizations::get_member(&auth.app, auth.acting()?, &member).await.map(Json)
}

async fn update(
    auth: Auth<InOrganization<scopes::MembersWrite>>,
    (Path1(member), Patch(change)): (Path1<String>, Patch<MemberChange>),
) -> Result<Json<MemberView>> {
    organizations::update_member(&auth.app, &auth.cx, auth.acting()?, &member, change).await.map(Json)
}

async fn remove(
    auth: Auth<InOrganization<scopes::MembersWrite>>,
    Path1(member): Path1<String>,
) -> Result<NoContent> {
    organizations::remove_member(&auth.app, &auth.cx, auth.acting()?, &member).await?;
    Ok(NoContent)
}

/// One change of a batch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Update {
    /// `mem_…` or `usr_…`.
    id: String,
    /// Role.
    #[serde(default)]
    role: Option<String>,
    /// `active` or `suspended`.
    #[serde(default)]
    state: Option<avnology_model::organizations::MemberState>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Updates {
    /// Up to 100 changes, each on its own.
    updates: Vec<Update>,
}

/// What became of one change.
#[derive(Serialize, ToSchema)]
struct Updated {
    id: String,
    member: Option<MemberView>,
    /// The problem document of a refusal.
    #[schema(value_type = Option<Object>)]
    error: Option<serde_json::Value>,
}

#[derive(Serialize, ToSchema)]
struct UpdatedList {
    results: Vec<Updated>,
}

async fn batch_update(
    auth: Auth<InOrganization<scopes::MembersWrite>>,
    Body(body): Body<Updates>,
) -> Result<Json<UpdatedList>> {
    if body.updates.len() > BATCH {
        return Err(Error::field("updates", FieldCode::TooLong, "At most 100."));
    }
    let mut results = Vec::with_capacity(body.updates.len());
    for update in body.updates {
        let change = MemberChange { role: update.role, state: update.state, expire_time: None };
        let changed =
            organizations::update_member(&auth.app, &auth.cx, auth.acting()?, &update.id, change).await;
        let (member, error) = match changed {
            Ok(member) => (Some(member), None),
            Err(error) if error.is_failure() => return Err(error),
            Err(error) => {
                let text = problem::document(&error, &auth.app.config.origin(), &auth.cx.request_id);
                (None, serde_json::from_slice(&text).ok())
            }
        };
        results.push(Updated { id: update.id, member, error });
    }
    Ok(Json(UpdatedList { results }))
}

pub(super) fn routes() -> Vec<Route> {
    let one = "The member.";
    vec![
        Route::get("/v1/organizations/{id}/members", list)
            .operation_id("listMembers")
            .summary("List the members of an organization")
            .tag("members")
            .answers::<MemberList>(200, "One page of members."),
        Route::post("/v1/organizations/{id}/members", add)
            .operation_id("addMember")
            .records(EventType::MemberAdded)
            .summary("Add an existing identity to an organization")
            .tag("members")
            .answers::<MemberView>(201, one)
            .creates()
            .refuses(&[Code::RoleNotAssignable, Code::NotFound, Code::MemberExists, Code::SeatLimitReached]),
        Route::get("/v1/organizations/{id}/members/{member}", get)
            .operation_id("getMember")
            .summary("Read a member")
            .tag("members")
            .answers::<MemberView>(200, one),
        Route::patch("/v1/organizations/{id}/members/{member}", update)
            .operation_id("updateMember")
            .records(EventType::MemberUpdated)
            .summary("Change a member")
            .tag("members")
            .answers::<MemberView>(200, one)
            .refuses(&[Code::RoleNotAssignable, Code::LastOwner, Code::SeatLimitReached]),
        Route::delete("/v1/organizations/{id}/members/{member}", remove)
            .operation_id("removeMember")
            .records(EventType::MemberRemoved)
            .summary("Remove a member")
            .tag("members")
            .answers_empty(204)
            .refuses(&[Code::LastOwner]),
        Route::post("/v1/organizations/{id}/members:batchUpdate", batch_update)
            .operation_id("updateMembers")
            .records(EventType::MemberUpdated)
            .summary("Change several members")
            .tag("members")
            .answers::<UpdatedList>(200, "What became of each.")
            .refuses(&[Code::RoleNotAssignable]),
    ]
}
