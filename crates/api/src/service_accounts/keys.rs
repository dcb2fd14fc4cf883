//! `/v1/service-accounts/{sa}/keys`.

use avnology_core::service_accounts::{self, ApiKeyChange, ApiKeyView, NewApiKey, RotatedKey, Whose};
use avnology_http::{
    Auth, Body, Created, Idempotency, Json, NoContent, OptionalBody, Patch, Path1, Path2, Reply, Response,
    Route, Scoped, scopes,
};
use avnology_model::{
    Code, Result,
    events::EventType,
    ids::{ApiKeyId, ServiceAccountId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::keeper;
use crate::once::once;

/// All keys of an account, or of an organization.
#[derive(Serialize, ToSchema)]
pub(super) struct ApiKeyList {
    pub(super) keys: Vec<ApiKeyView>,
}

/// Where a key stands.
pub(super) fn path(account: &str, key: &str) -> String {
    format!("/v1/service-accounts/{account}/keys/{key}")
}

/// The same, read from the answer that was made.
pub(super) fn location(body: &serde_json::Value) -> Option<String> {
    Some(path(body.get("service_account_id")?.as_str()?, body.get("id")?.as_str()?))
}

/// 201 with a key that was made.
pub(super) fn created(made: ApiKeyView) -> Response {
    let location = path(&made.service_account_id.to_string(), &made.id.to_string());
    Created { location, body: made }.respond()
}

async fn list(
    auth: Auth<Scoped<scopes::KeysRead>>,
    Path1(account): Path1<ServiceAccountId>,
) -> Result<Json<ApiKeyList>> {
    let keeper = keeper(&auth, None).await?;
    let keys = service_accounts::list_keys(&auth.app, &auth.cx, &keeper, account).await?;
    Ok(Json(ApiKeyList { keys }))
}

async fn create(
    auth: Auth<Scoped<scopes::KeysWrite>>,
    (Path1(account), Idempotency(key), Body(new)): (Path1<ServiceAccountId>, Idempotency, Body<NewApiKey>),
) -> Result<Response> {
    let keeper = keeper(&auth, None).await?;
    let call = async {
        let asked = (Whose::Account(account), new);
        service_accounts::create_key(&auth.app, &auth.cx, &keeper, asked, key.as_ref()).await.map(created)
    };
    once(&auth.app, &auth.cx, key, location, Box::pin(call)).await
}

#[derive(Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct Rotation {
    /// How long the former key still works, in seconds; an hour when absent, at most 30 days.
    #[schema(maximum = 2_592_000)]
    grace_period_seconds: u32,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { grace_period_seconds: 3_600 }
    }
}

async fn rotate(
    auth: Auth<Scoped<scopes::KeysWrite>>,
    (Path2(account, id), Idempotency(key), OptionalBody(body)): (
        Path2<ServiceAccountId, ApiKeyId>,
        Idempotency,
        OptionalBody<Rotation>,
    ),
) -> Result<Response> {
    let keeper = keeper(&auth, None).await?;
    let call = async {
        let asked = (account, id, body.grace_period_seconds);
        let rotated = service_accounts::rotate_key(&auth.app, &auth.cx, &keeper, asked, key.as_ref()).await?;
        Ok(Json(rotated).respond())
    };
    once(&auth.app, &auth.cx, key, |_| None, Box::pin(call)).await
}

async fn update(
    auth: Auth<Scoped<scopes::KeysWrite>>,
    (Path2(account, id), Patch(change)): (Path2<ServiceAccountId, ApiKeyId>, Patch<ApiKeyChange>),
) -> Result<Json<ApiKeyView>> {
    let keeper = keeper(&auth, None).await?;
    service_accounts::update_key(&auth.app, &auth.cx, &keeper, (account, id), change).await.map(Json)
}

async fn revoke(
    auth: Auth<Scoped<scopes::KeysWrite>>,
    Path2(account, id): Path2<ServiceAccountId, ApiKeyId>,
) -> Result<NoContent> {
    let keeper = keeper(&auth, None).await?;
    service_accounts::revoke_key(&auth.app, &auth.cx, &keeper, Some(account), id).await?;
    Ok(NoContent)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/service-accounts/{sa}/keys", list)
            .operation_id("listApiKeys")
            .summary("List the keys of a service account")
            .tag("service_accounts")
            .answers::<ApiKeyList>(200, "The keys, the newest first."),
        Route::post("/v1/service-accounts/{sa}/keys", create)
            .operation_id("createApiKey")
            .records(EventType::ApiKeyCreated)
            .summary("Create an API key")
            .tag("service_accounts")
            .answers::<ApiKeyView>(201, "The key, with the secret that is not shown again.")
            .creates()
            .refuses(&[Code::FeatureDisabled, Code::ConflictingState, Code::LimitReached]),
        Route::post("/v1/service-accounts/{sa}/keys/{key}:rotate", rotate)
            .operation_id("rotateApiKey")
            .records(EventType::ApiKeyRotated)
            .summary("Replace an API key, with a time in which both work")
            .tag("service_accounts")
            .answers::<RotatedKey>(200, "The new key, and when the former one ends.")
            .refuses(&[
                Code::FeatureDisabled,
                Code::ConflictingState,
                Code::LimitReached,
                Code::IdempotencyConflict,
            ]),
        Route::patch("/v1/service-accounts/{sa}/keys/{key}", update)
            .operation_id("updateApiKey")
            .records(EventType::ServiceAccountUpdated)
            .summary("Change an API key")
            .tag("service_accounts")
            .answers::<ApiKeyView>(200, "The key.")
            .refuses(&[Code::FeatureDisabled]),
        Route::delete("/v1/service-accounts/{sa}/keys/{key}", revoke)
            .operation_id("revokeApiKey")
            .records(EventType::ApiKeyRevoked)
            .summary("End an API key")
            .tag("service_accounts")
            .answers_empty(204)
            .refuses(&[Code::FeatureDisabled]),
    ]
}
