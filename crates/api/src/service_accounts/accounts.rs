//! `/v1/service-accounts`.

use avnology_core::{
    identities::ListQuery,
    service_accounts::{self, NewServiceAccount, ServiceAccountChange, ServiceAccountView},
};
use avnology_http::{
    Auth, Body, Created, Idempotency, Json, List, NoContent, Patch, Path1, Reply, Response, Route, Scoped,
    scopes,
};
use avnology_model::{Code, Result, events::EventType, ids::ServiceAccountId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::keeper;
use crate::once::once;

/// A page of service accounts.
#[derive(Serialize, ToSchema)]
struct ServiceAccountList {
    service_accounts: Vec<ServiceAccountView>,
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

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct ListParams {
    /// The organization whose accounts are listed, by id or slug; the one that the request is about when absent.
    organization_id: Option<String>,
}

async fn list(
    auth: Auth<Scoped<scopes::ServiceAccountsRead>>,
    list: List<ListParams>,
) -> Result<Json<ServiceAccountList>> {
    let keeper = keeper(&auth, list.query.organization_id.as_deref()).await?;
    let query = ListQuery {
        filter: list.filter.clone(),
        order_by: list.order_by.clone(),
        page_size: list.page_size,
        after: list.position.clone(),
        include_total: list.include_total,
    };
    let page = service_accounts::list_accounts(&auth.app, &keeper, query).await?;
    Ok(Json(ServiceAccountList {
        next_page_token: list.next_page_token(&auth.app, auth.cx.now, page.next),
        service_accounts: page.service_accounts,
        total_size: page.total.as_ref().map(|t| t.size),
        total_is_minimum: page.total.and_then(|t| t.is_minimum.then_some(true)),
    }))
}

fn path(id: &str) -> String {
    format!("/v1/service-accounts/{id}")
}

async fn create(
    auth: Auth<Scoped<scopes::ServiceAccountsWrite>>,
    (Idempotency(key), Body(new)): (Idempotency, Body<NewServiceAccount>),
) -> Result<Response> {
    let keeper = keeper(&auth, new.organization_id.as_deref()).await?;
    let call = async {
        let made = service_accounts::create_account(&auth.app, &auth.cx, &keeper, new, key.as_ref()).await?;
        Ok(Created { location: path(&made.id.to_string()), body: made }.respond())
    };
    let location = |body: &serde_json::Value| body.get("id")?.as_str().map(path);
    once(&auth.app, &auth.cx, key, location, Box::pin(call)).await
}

async fn get(
    auth: Auth<Scoped<scopes::ServiceAccountsRead>>,
    Path1(id): Path1<ServiceAccountId>,
) -> Result<Json<ServiceAccountView>> {
    let keeper = keeper(&auth, None).await?;
    service_accounts::get_account(&auth.app, &keeper, id).await.map(Json)
}

async fn update(
    auth: Auth<Scoped<scopes::ServiceAccountsWrite>>,
    (Path1(id), Patch(change)): (Path1<ServiceAccountId>, Patch<ServiceAccountChange>),
) -> Result<Json<ServiceAccountView>> {
    let keeper = keeper(&auth, None).await?;
    service_accounts::update_account(&auth.app, &auth.cx, &keeper, id, change).await.map(Json)
}

async fn delete(
    auth: Auth<Scoped<scopes::ServiceAccountsWrite>>,
    Path1(id): Path1<ServiceAccountId>,
) -> Result<NoContent> {
    let keeper = keeper(&auth, None).await?;
    service_accounts::delete_account(&auth.app, &auth.cx, &keeper, id).await?;
    Ok(NoContent)
}

pub(super) fn routes() -> Vec<Route> {
    let one = "The service account.";
    vec![
        Route::get("/v1/service-accounts", list)
            .operation_id("listServiceAccounts")
            .summary("List service accounts")
            .tag("service_accounts")
            .answers::<ServiceAccountList>(
                200,
                "One page: of the organization, or of the tenant for the platform.",
            ),
        Route::post("/v1/service-accounts", create)
            .operation_id("createServiceAccount")
            .records(EventType::ServiceAccountCreated)
            .summary("Create a service account")
            .tag("service_accounts")
            .answers::<ServiceAccountView>(201, one)
            .creates()
            .refuses(&[Code::FeatureDisabled, Code::LimitReached]),
        Route::get("/v1/service-accounts/{sa}", get)
            .operation_id("getServiceAccount")
            .summary("Read a service account")
            .tag("service_accounts")
            .answers::<ServiceAccountView>(200, one),
        Route::patch("/v1/service-accounts/{sa}", update)
            .operation_id("updateServiceAccount")
            .records(EventType::ServiceAccountUpdated)
            .summary("Change a service account")
            .tag("service_accounts")
            .answers::<ServiceAccountView>(200, one)
            .refuses(&[Code::FeatureDisabled]),
        Route::delete("/v1/service-accounts/{sa}", delete)
            .operation_id("deleteServiceAccount")
            .records(EventType::ServiceAccountDeleted)
            .summary("Delete a service account and its keys")
            .tag("service_accounts")
            .answers_empty(204)
            .refuses(&[Code::FeatureDisabled]),
    ]
}
