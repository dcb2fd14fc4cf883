//! One's own identity (`contract/10` §5).

use avnology_core::{
    identities::{self as people, IdentityView, OwnChange, OwnIdentity},
    sessions::ActiveOrganization,
};
use avnology_http::{
    Auth, Json, List, NoContent, NoInput, PatchValue, Path1, Reply, Route, SignedIn, Upload,
    step_up::with_step_up,
};
use avnology_model::{
    Code, Result,
    ids::{CredentialId, OrganizationId},
    permissions::Scope,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::verbs::CredentialList;
use crate::sessions::{SessionList, list_own};

async fn get(auth: Auth<SignedIn>, _: NoInput) -> Result<impl Reply> {
    let own = people::view_own(&auth.app, &auth.cx, auth.session()).await?;
    let etag = own.identity.etag.clone();
    Ok(Json(own).with_etag(&etag))
}

async fn patch(auth: Auth<SignedIn>, PatchValue(patch): PatchValue) -> Result<impl Reply> {
    let changed = people::patch_own(&auth.app, &auth.cx, auth.session(), patch).await;
    let changed = with_step_up(&auth, auth.session(), changed).await?;
    let etag = changed.identity.etag.clone();
    Ok(Json(changed).with_etag(&etag))
}

async fn set_avatar(
    auth: Auth<SignedIn>,
    Upload(file): Upload<{ people::AVATAR_BYTES }>,
) -> Result<impl Reply> {
    let file = file.to_vec();
    Ok(super::admin::tagged(people::set_avatar(&auth.app, &auth.cx, auth.session(), file).await?))
}

async fn remove_avatar(auth: Auth<SignedIn>, _: NoInput) -> Result<impl Reply> {
    Ok(super::admin::tagged(people::remove_avatar(&auth.app, &auth.cx, auth.session()).await?))
}

async fn sessions(auth: Auth<SignedIn>, list: List) -> Result<Json<SessionList>> {
    list_own(&auth, &list).await
}

async fn credentials(auth: Auth<SignedIn>, _: NoInput) -> Result<Json<CredentialList>> {
    Ok(Json(CredentialList { credentials: people::list_own_credentials(&auth.app, auth.session()).await? }))
}

async fn remove_credential(auth: Auth<SignedIn>, Path1(id): Path1<CredentialId>) -> Result<NoContent> {
    let removed = people::remove_own_credential(&auth.app, &auth.cx, auth.session(), id).await;
    with_step_up(&auth, auth.session(), removed).await?;
    Ok(NoContent)
}

/// What the caller may do where the request is about.
#[derive(Serialize, ToSchema)]
#[schema(as = Permissions)]
struct OwnRights {
    /// Role in the organization, or on the platform.
    role: Option<String>,
    /// Effective permissions, sorted.
    permissions: Vec<String>,
    /// The organization that the request is about.
    #[schema(value_type = Option<String>)]
    organization_id: Option<OrganizationId>,
}

async fn permissions(auth: Auth<SignedIn>, _: NoInput) -> Result<Json<OwnRights>> {
    if let Some(acting) = auth.organization_scope() {
        let place = ActiveOrganization::of(acting);
        return Ok(Json(OwnRights {
            role: place.role.map(String::from),
            permissions: place.permissions,
            organization_id: Some(place.id),
        }));
    }
    let held = Scope::ALL.iter().filter(|scope| auth.caller.holds(**scope));
    let mut permissions: Vec<String> = held.map(|scope| scope.as_str().to_owned()).collect();
    permissions.sort_unstable();
    let role = auth.session().role.map(|role| role.as_str().to_owned());
    Ok(Json(OwnRights { role, permissions, organization_id: None }))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/me", get)
            .operation_id("getMe")
            .summary("Read one's own identity")
            .tag("me")
            .answers::<OwnIdentity>(200, "The identity, and what is about to happen to it.")
            .etag(),
        Route::patch("/v1/me", patch)
            .operation_id("updateMe")
            .summary("Change one's own identity")
            .tag("me")
            .answers::<OwnChange>(200, "The identity, and what waits for its proof.")
            .refuses(&[
                Code::StepUpRequired,
                Code::SecondFactorRequired,
                Code::EmailTaken,
                Code::HandleTaken,
            ]),
        Route::post("/v1/me/avatar", set_avatar)
            .operation_id("setMyAvatar")
            .summary("Upload one's own picture: PNG, JPEG or WebP, up to 2 MiB")
            .tag("me")
            .answers::<IdentityView>(200, "The identity with its new picture.")
            .etag(),
        Route::delete("/v1/me/avatar", remove_avatar)
            .operation_id("deleteMyAvatar")
            .summary("Remove one's own picture")
            .tag("me")
            .answers::<IdentityView>(200, "The identity without a picture.")
            .etag(),
        Route::get("/v1/me/sessions", sessions)
            .operation_id("listMySessions")
            .summary("List one's own active sessions")
            .tag("me")
            .answers::<SessionList>(200, "One page of sessions, newest first."),
        Route::get("/v1/me/permissions", permissions)
            .operation_id("getMyPermissions")
            .summary("Read what one may do")
            .tag("me")
            .answers::<OwnRights>(200, "Role and permissions."),
        Route::get("/v1/me/credentials", credentials)
            .operation_id("listMyCredentials")
            .summary("List one's own credentials")
            .tag("me")
            .answers::<CredentialList>(200, "The credentials."),
        Route::delete("/v1/me/credentials/{cred_id}", remove_credential)
            .operation_id("deleteMyCredential")
            .summary("Remove one of one's own credentials")
            .tag("me")
            .answers_empty(204)
            .refuses(&[Code::StepUpRequired, Code::SecondFactorRequired, Code::LastCredential]),
    ]
}
