//! Roles of an organization (`contract/20` §4).

use avnology_core::organizations::{self, RoleInput, RoleView};
use avnology_http::{
    Auth, Body, Created, Idempotency, InOrganization, Json, NoContent, NoInput, PatchValue, Path1,
    Precondition, Query, Reply, Response, Route, With, scopes,
};
use avnology_model::{Code, Result, events::EventType};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::once::once;

type Reader = Auth<InOrganization<scopes::RolesRead>>;
type Writer = Auth<InOrganization<scopes::RolesWrite>>;

/// All roles of an organization.
#[derive(Serialize, ToSchema)]
struct RoleList {
    /// The built-in ones first.
    roles: Vec<RoleView>,
}

async fn list(auth: Reader, _: NoInput) -> Result<Json<RoleList>> {
    let roles = organizations::list_roles(&auth.app, &auth.cx, auth.acting()?).await?;
    Ok(Json(RoleList { roles }))
}

async fn create(
    auth: Writer,
    (Idempotency(key), Body(new)): (Idempotency, Body<RoleInput>),
) -> Result<Response> {
    let acting = auth.acting()?;
    let place = acting.id();
    let path = move |id: &str| format!("/v1/organizations/{place}/roles/{id}");
    let call = async {
        let made = organizations::create_role(&auth.app, &auth.cx, acting, new, key.as_ref()).await?;
        let location = path(&made.id.map(|id| id.to_string()).unwrap_or_default());
        let etag = made.etag.clone();
        Ok(Created { location, body: made }.with_etag(&etag).respond())
    };
    let location = |body: &serde_json::Value| body.get("id")?.as_str().map(path);
    once(&auth.app, &auth.cx, key, location, Box::pin(call)).await
}

fn tagged(role: RoleView) -> With<Json<RoleView>> {
    let etag = role.etag.clone();
    Json(role).with_etag(&etag)
}

async fn get(auth: Reader, Path1(role): Path1<String>) -> Result<impl Reply> {
    Ok(tagged(organizations::get_role(&auth.app, &auth.cx, auth.acting()?, &role).await?))
}

async fn update(
    auth: Writer,
    (Path1(role), expected, PatchValue(change)): (Path1<String>, Precondition, PatchValue),
) -> Result<impl Reply> {
    let acting = auth.acting()?;
    Ok(tagged(organizations::update_role(&auth.app, &auth.cx, acting, &role, &expected, change).await?))
}

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct Removal {
    /// Key of the role that whoever has this one gets instead.
    reassign_to: Option<String>,
}

async fn delete(
    auth: Writer,
    (Path1(role), expected, Query(removal)): (Path1<String>, Precondition, Query<Removal>),
) -> Result<NoContent> {
    let (acting, instead) = (auth.acting()?, removal.reassign_to.as_deref());
    organizations::delete_role(&auth.app, &auth.cx, acting, &role, &expected, instead).await?;
    Ok(NoContent)
}

pub(super) fn routes() -> Vec<Route> {
    let one = "The role.";
    vec![
        Route::get("/v1/organizations/{id}/roles", list)
            .operation_id("listRoles")
            .summary("List the roles of an organization, the built-in ones first")
            .tag("roles")
            .answers::<RoleList>(200, "All roles."),
        Route::post("/v1/organizations/{id}/roles", create)
            .operation_id("createRole")
            .records(EventType::RoleCreated)
            .summary("Make a custom role")
            .tag("roles")
            .answers::<RoleView>(201, one)
            .creates()
            .etag()
            .refuses(&[Code::FeatureDisabled, Code::AlreadyExists, Code::LimitReached]),
        Route::get("/v1/organizations/{id}/roles/{role}", get)
            .operation_id("getRole")
            .summary("Read a role by id or key")
            .tag("roles")
            .answers::<RoleView>(200, one)
            .etag(),
        Route::patch("/v1/organizations/{id}/roles/{role}", update)
            .operation_id("updateRole")
            .records(EventType::RoleUpdated)
            .summary("Change a custom role")
            .tag("roles")
            .answers::<RoleView>(200, one)
            .etag()
            .refuses(&[Code::FeatureDisabled, Code::RoleNotAssignable, Code::ConflictingState]),
        Route::delete("/v1/organizations/{id}/roles/{role}", delete)
            .operation_id("deleteRole")
            .records(EventType::RoleDeleted)
            .summary("Remove a custom role")
            .tag("roles")
            .answers_empty(204)
            .refuses(&[
                Code::FeatureDisabled,
                Code::RoleNotAssignable,
                Code::ConflictingState,
                Code::RoleInUse,
                Code::LimitReached,
            ]),
    ]
}
