//! `/v1/organizations/{id}/api-keys`: the keys of all accounts of an organization.

use avnology_core::service_accounts::{self, ApiKeyView, Keeper, NewApiKey, Whose};
use avnology_http::{
    Auth, Body, Idempotency, InOrganization, Json, NoContent, NoInput, Path1, Response, Route, ScopeMarker,
    scopes,
};
use avnology_model::{
    Code, Result, Timestamp,
    events::EventType,
    ids::{ApiKeyId, ServiceAccountId},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    keys::{ApiKeyList, created, location},
    person,
};
use crate::once::once;

fn keeper<S: ScopeMarker>(auth: &Auth<InOrganization<S>>) -> Result<Keeper> {
    Ok(Keeper::of_organization(auth.acting()?, person(&auth.caller)))
}

async fn list(auth: Auth<InOrganization<scopes::KeysRead>>, _: NoInput) -> Result<Json<ApiKeyList>> {
    let keys = service_accounts::list_keys_of_organization(&auth.app, &auth.cx, &keeper(&auth)?).await?;
    Ok(Json(ApiKeyList { keys }))
}

/// A key and the account that it is to belong to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateOrganizationApiKey {
    /// The account; the organization's default one, made on first use, when absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    service_account_id: Option<ServiceAccountId>,
    /// Name, 1–100 characters.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it allows, of what its account may; all of that when empty.
    #[serde(default)]
    scopes: Vec<String>,
    /// Networks that it may be used from, at most 50; any when empty.
    #[serde(default)]
    #[schema(max_items = 50)]
    allowed_cidrs: Vec<String>,
    /// End; null for never.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expire_time: Option<Timestamp>,
}

async fn create(
    auth: Auth<InOrganization<scopes::KeysWrite>>,
    (Idempotency(key), Body(body)): (Idempotency, Body<CreateOrganizationApiKey>),
) -> Result<Response> {
    let keeper = keeper(&auth)?;
    let whose = body.service_account_id.map_or(Whose::Default, Whose::Named);
    let new = NewApiKey {
        name: body.name,
        scopes: body.scopes,
        allowed_cidrs: body.allowed_cidrs,
        expire_time: body.expire_time,
    };
    let call = async {
        service_accounts::create_key(&auth.app, &auth.cx, &keeper, (whose, new), key.as_ref())
            .await
            .map(created)
    };
    once(&auth.app, &auth.cx, key, location, Box::pin(call)).await
}

async fn revoke(
    auth: Auth<InOrganization<scopes::KeysWrite>>,
    Path1(id): Path1<ApiKeyId>,
) -> Result<NoContent> {
    service_accounts::revoke_key(&auth.app, &auth.cx, &keeper(&auth)?, None, id).await?;
    Ok(NoContent)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/organizations/{id}/api-keys", list)
            .operation_id("listOrganizationApiKeys")
            .summary("List the keys of all service accounts of an organization")
            .tag("service_accounts")
            .answers::<ApiKeyList>(200, "The keys, the newest first."),
        Route::post("/v1/organizations/{id}/api-keys", create)
            .operation_id("createOrganizationApiKey")
            .records(EventType::ApiKeyCreated)
            .summary("Create an API key of an organization")
            .tag("service_accounts")
            .answers::<ApiKeyView>(201, "The key, with the secret that is not shown again.")
            .creates()
            .refuses(&[Code::FeatureDisabled, Code::ConflictingState, Code::LimitReached]),
        Route::delete("/v1/organizations/{id}/api-keys/{key}", revoke)
            .operation_id("revokeOrganizationApiKey")
            .records(EventType::ApiKeyRevoked)
            .summary("End an API key of an organization")
            .tag("service_accounts")
            .answers_empty(204)
            .refuses(&[Code::FeatureDisabled]),
    ]
}
