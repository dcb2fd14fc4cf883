//! `/v1/clients`.

use avnology_core::{
    clients::{self, ClientView, RevokedTokens, RotateSecret, RotatedSecret},
    identities::ListQuery,
};
use avnology_http::{
    Auth, Body, Created, Idempotency, Json, List, NoContent, NoInput, OptionalBody, PatchValue, Path1,
    Precondition, Reply, Response, Route, TenantScoped, With, scopes,
};
use avnology_model::{Code, Result, clients::ClientSettings, events::EventType, ids::ClientId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::once::once;

/// A page of clients.
#[derive(Serialize, ToSchema)]
struct ClientList {
    clients: Vec<ClientView>,
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

async fn list(auth: Auth<TenantScoped<scopes::ClientsRead>>, list: List) -> Result<Json<ClientList>> {
    let query = ListQuery {
        filter: list.filter.clone(),
        order_by: list.order_by.clone(),
        page_size: list.page_size,
        after: list.position.clone(),
        include_total: list.include_total,
    };
    let page = clients::list(&auth.app, &auth.cx, query).await?;
    Ok(Json(ClientList {
        next_page_token: list.next_page_token(&auth.app, auth.cx.now, page.next),
        clients: page.clients,
        total_size: page.total.as_ref().map(|t| t.size),
        total_is_minimum: page.total.and_then(|t| t.is_minimum.then_some(true)),
    }))
}

fn path(id: &str) -> String {
    format!("/v1/clients/{id}")
}

fn tagged(view: ClientView) -> With<Json<ClientView>> {
    let etag = view.etag.clone();
    Json(view).with_etag(&etag)
}

async fn create(
    auth: Auth<TenantScoped<scopes::ClientsWrite>>,
    (Idempotency(key), Body(settings)): (Idempotency, Body<ClientSettings>),
) -> Result<Response> {
    let call = async {
        let made = clients::create(&auth.app, &auth.cx, settings, key.as_ref()).await?;
        let etag = made.etag.clone();
        Ok(Created { location: path(&made.id.to_string()), body: made }.with_etag(&etag).respond())
    };
    let location = |body: &serde_json::Value| body.get("id")?.as_str().map(path);
    once(&auth.app, &auth.cx, key, location, Box::pin(call)).await
}

async fn get(
    auth: Auth<TenantScoped<scopes::ClientsRead>>,
    Path1(id): Path1<ClientId>,
) -> Result<impl Reply> {
    Ok(tagged(clients::get(&auth.app, &auth.cx, id).await?))
}

async fn update(
    auth: Auth<TenantScoped<scopes::ClientsWrite>>,
    (Path1(id), (expected, PatchValue(change))): (Path1<ClientId>, (Precondition, PatchValue)),
) -> Result<impl Reply> {
    Ok(tagged(clients::update(&auth.app, &auth.cx, id, &expected, change).await?))
}

async fn delete(
    auth: Auth<TenantScoped<scopes::ClientsWrite>>,
    (Path1(id), expected): (Path1<ClientId>, Precondition),
) -> Result<NoContent> {
    clients::delete(&auth.app, &auth.cx, id, &expected).await?;
    Ok(NoContent)
}

async fn rotate_secret(
    auth: Auth<TenantScoped<scopes::ClientsWrite>>,
    (Path1(id), OptionalBody(asked)): (Path1<ClientId>, OptionalBody<RotateSecret>),
) -> Result<Json<RotatedSecret>> {
    clients::rotate_secret(&auth.app, &auth.cx, id, asked).await.map(Json)
}

async fn revoke_tokens(
    auth: Auth<TenantScoped<scopes::ClientsWrite>>,
    (Path1(id), _): (Path1<ClientId>, NoInput),
) -> Result<Json<RevokedTokens>> {
    clients::revoke_tokens(&auth.app, &auth.cx, id).await.map(Json)
}

pub(super) fn routes() -> Vec<Route> {
    let one = "The client.";
    vec![
        Route::get("/v1/clients", list)
            .operation_id("listClients")
            .summary("List OAuth clients")
            .tag("clients")
            .answers::<ClientList>(200, "One page."),
        Route::post("/v1/clients", create)
            .operation_id("createClient")
            .records(EventType::OauthClientCreated)
            .summary("Create an OAuth client")
            .tag("clients")
            .answers::<ClientView>(
                201,
                "The client, with its secret if it has one: in this answer, and never again.",
            )
            .etag()
            .creates(),
        Route::get("/v1/clients/{cli}", get)
            .operation_id("getClient")
            .summary("Read an OAuth client")
            .tag("clients")
            .answers::<ClientView>(200, one)
            .etag(),
        Route::patch("/v1/clients/{cli}", update)
            .operation_id("updateClient")
            .records(EventType::OauthClientUpdated)
            .summary("Change an OAuth client")
            .tag("clients")
            .answers::<ClientView>(200, one)
            .etag(),
        Route::delete("/v1/clients/{cli}", delete)
            .operation_id("deleteClient")
            .records(EventType::OauthClientDeleted)
            .summary("Delete an OAuth client, its tokens and consents")
            .tag("clients")
            .answers_empty(204),
        Route::post("/v1/clients/{cli}:rotateSecret", rotate_secret)
            .operation_id("rotateClientSecret")
            .records(EventType::OauthClientSecretRotated)
            .summary("Replace the secret of an OAuth client")
            .tag("clients")
            .answers::<RotatedSecret>(200, "The new secret: in this answer, and never again.")
            .refuses(&[Code::ConflictingState]),
        Route::post("/v1/clients/{cli}:revokeTokens", revoke_tokens)
            .operation_id("revokeClientTokens")
            .records(EventType::OauthTokenRevoked)
            .summary("End everything that was issued to an OAuth client")
            .tag("clients")
            .answers::<RevokedTokens>(200, "From when on what is issued is good."),
    ]
}
