//! Groups of an organization and their members (`contract/20` §5).

use avnology_core::organizations::{self, GroupInput, GroupView, MemberView, NewGroupMember};
use avnology_http::{
    Auth, Body, Created, Idempotency, InOrganization, Json, List, NoContent, PatchValue, Path1, Path2,
    Precondition, Reply, Response, Route, With, scopes,
};
use avnology_model::{
    Code, Result,
    events::EventType,
    ids::{GroupId, IdentityId},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::resource::query_of;
use crate::once::once;

type Reader = Auth<InOrganization<scopes::GroupsRead>>;
type Writer = Auth<InOrganization<scopes::GroupsWrite>>;

/// A page of groups.
#[derive(Serialize, ToSchema)]
struct GroupList {
    groups: Vec<GroupView>,
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

/// A page of the members of a group.
#[derive(Serialize, ToSchema)]
struct GroupMemberList {
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

async fn list(auth: Reader, list: List) -> Result<Json<GroupList>> {
    let page = organizations::list_groups(&auth.app, auth.acting()?, query_of(&list)).await?;
    Ok(Json(GroupList {
        next_page_token: list.next_page_token(&auth.app, auth.cx.now, page.next),
        groups: page.groups,
        total_size: page.total.as_ref().map(|t| t.size),
        total_is_minimum: page.total.and_then(|t| t.is_minimum.then_some(true)),
    }))
}

async fn create(
    auth: Writer,
    (Idempotency(key), Body(new)): (Idempotency, Body<GroupInput>),
) -> Result<Response> {
    let acting = auth.acting()?;
    let place = acting.id();
    let path = move |id: &str| format!("/v1/organizations/{place}/groups/{id}");
    let call = async {
        let made = organizations::create_group(&auth.app, &auth.cx, acting, new, key.as_ref()).await?;
        let (location, etag) = (path(&made.id.to_string()), made.etag.clone());
        Ok(Created { location, body: made }.with_etag(&etag).respond())
    };
    let location = |body: &serde_json::Value| body.get("id")?.as_str().map(path);
    once(&auth.app, &auth.cx, key, location, Box::pin(call)).await
}

fn tagged(group: GroupView) -> With<Json<GroupView>> {
    let etag = group.etag.clone();
    Json(group).with_etag(&etag)
}

async fn get(auth: Reader, Path1(group): Path1<GroupId>) -> Result<impl Reply> {
    Ok(tagged(organizations::get_group(&auth.app, auth.acting()?, group).await?))
}

async fn update(
    auth: Writer,
    (Path1(group), expected, PatchValue(change)): (Path1<GroupId>, Precondition, PatchValue),
) -> Result<impl Reply> {
    let acting = auth.acting()?;
    Ok(tagged(organizations::update_group(&auth.app, &auth.cx, acting, group, &expected, change).await?))
}

async fn delete(auth: Writer, (Path1(group), expected): (Path1<GroupId>, Precondition)) -> Result<NoContent> {
    organizations::delete_group(&auth.app, &auth.cx, auth.acting()?, group, &expected).await?;
    Ok(NoContent)
}

async fn list_members(
    auth: Reader,
    (Path1(group), list): (Path1<GroupId>, List),
) -> Result<Json<GroupMemberList>> {
    let page = organizations::list_group_members(&auth.app, auth.acting()?, group, query_of(&list)).await?;
    Ok(Json(GroupMemberList {
        next_page_token: list.next_page_token(&auth.app, auth.cx.now, page.next),
        members: page.members,
        total_size: page.total.as_ref().map(|t| t.size),
        total_is_minimum: page.total.and_then(|t| t.is_minimum.then_some(true)),
    }))
}

async fn add_member(
    auth: Writer,
    (Path1(group), Idempotency(key), Body(new)): (Path1<GroupId>, Idempotency, Body<NewGroupMember>),
) -> Result<Response> {
    let acting = auth.acting()?;
    let place = acting.id();
    let path = move |id: &str| format!("/v1/organizations/{place}/groups/{group}/members/{id}");
    let call = async {
        let added =
            organizations::add_group_member(&auth.app, &auth.cx, acting, group, new, key.as_ref()).await?;
        Ok(Created { location: path(&added.identity_id.to_string()), body: added }.respond())
    };
    let location = |body: &serde_json::Value| body.get("identity_id")?.as_str().map(path);
    once(&auth.app, &auth.cx, key, location, Box::pin(call)).await
}

async fn remove_member(
    auth: Writer,
    Path2(group, identity): Path2<GroupId, IdentityId>,
) -> Result<NoContent> {
    organizations::remove_group_member(&auth.app, &auth.cx, auth.acting()?, group, identity).await?;
    Ok(NoContent)
}

pub(super) fn routes() -> Vec<Route> {
    let mut all = of_groups();
    all.extend(of_members());
    all
}

fn of_groups() -> Vec<Route> {
    let one = "The group.";
    vec![
        Route::get("/v1/organizations/{id}/groups", list)
            .operation_id("listGroups")
            .summary("List the groups of an organization")
            .tag("groups")
            .answers::<GroupList>(200, "One page of groups."),
        Route::post("/v1/organizations/{id}/groups", create)
            .operation_id("createGroup")
            .records(EventType::GroupCreated)
            .summary("Make a group")
            .tag("groups")
            .answers::<GroupView>(201, one)
            .creates()
            .etag()
            .refuses(&[
                Code::FeatureDisabled,
                Code::RoleNotAssignable,
                Code::AlreadyExists,
                Code::LimitReached,
            ]),
        Route::get("/v1/organizations/{id}/groups/{group}", get)
            .operation_id("getGroup")
            .summary("Read a group")
            .tag("groups")
            .answers::<GroupView>(200, one)
            .etag(),
        Route::patch("/v1/organizations/{id}/groups/{group}", update)
            .operation_id("updateGroup")
            .records(EventType::GroupUpdated)
            .summary("Change a group")
            .tag("groups")
            .answers::<GroupView>(200, one)
            .etag()
            .refuses(&[
                Code::FeatureDisabled,
                Code::RoleNotAssignable,
                Code::AlreadyExists,
                Code::ConflictingState,
                Code::LimitReached,
            ]),
        Route::delete("/v1/organizations/{id}/groups/{group}", delete)
            .operation_id("deleteGroup")
            .records(EventType::GroupDeleted)
            .summary("Remove a group")
            .tag("groups")
            .answers_empty(204)
            .refuses(&[Code::FeatureDisabled, Code::ConflictingState]),
    ]
}

fn of_members() -> Vec<Route> {
    vec![
        Route::get("/v1/organizations/{id}/groups/{group}/members", list_members)
            .operation_id("listGroupMembers")
            .summary("List the members of a group")
            .tag("groups")
            .answers::<GroupMemberList>(200, "One page of members."),
        Route::post("/v1/organizations/{id}/groups/{group}/members", add_member)
            .operation_id("addGroupMember")
            .records(EventType::GroupMemberAdded)
            .summary("Put a member of the organization into a group")
            .tag("groups")
            .answers::<MemberView>(201, "The member.")
            .creates()
            .refuses(&[
                Code::FeatureDisabled,
                Code::MemberExists,
                Code::ConflictingState,
                Code::LimitReached,
            ]),
        Route::delete("/v1/organizations/{id}/groups/{group}/members/{identity}", remove_member)
            .operation_id("removeGroupMember")
            .records(EventType::GroupMemberRemoved)
            .summary("Take somebody out of a group")
            .tag("groups")
            .answers_empty(204)
            .refuses(&[Code::FeatureDisabled, Code::ConflictingState]),
    ]
}
