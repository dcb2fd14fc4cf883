//! `/oauth2/register`, where clients register themselves (RFC 7591, 7592), and `/v1/initial-access-tokens`, by which they may.

use avnology_core::clients::{self, InitialToken, NewInitialToken, Refusal};
use avnology_http::{
    Auth, Json, NoContent, NoInput, OptionalBody, Path1, ProtocolJson, Public, Reply, Response, Route,
    StatusCode, TenantScoped, header, scopes,
};
use avnology_model::{Result, events::EventType};
use serde_json::Value;

use super::protocol::refused;

/// The bearer token of a request.
fn bearer(auth: &Auth<Public>) -> Option<&str> {
    let (scheme, token) = auth.headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// An answer of the endpoint: what is registered, or why not, in the words of the protocol.
fn answer(status: StatusCode, answer: Result<Value, Refusal>) -> Result<Response> {
    match answer {
        Ok(says) => {
            let mut response = Json(says).with_header(header::PRAGMA, "no-cache").respond();
            *response.status_mut() = status;
            Ok(response)
        }
        Err(refusal) => refuse(refusal),
    }
}

fn refuse(refusal: Refusal) -> Result<Response> {
    match refusal {
        Refusal::OAuth(error) => Ok(refused(&error, None)),
        Refusal::Failed(error) => Err(error),
    }
}

async fn register(auth: Auth<Public>, ProtocolJson(body): ProtocolJson) -> Result<Response> {
    let made = clients::register(&auth.app, &auth.cx, bearer(&auth), &body).await;
    answer(StatusCode::CREATED, made)
}

async fn read(auth: Auth<Public>, Path1(id): Path1<String>) -> Result<Response> {
    let read = clients::read_registration(&auth.app, &auth.cx, &id, bearer(&auth)).await;
    answer(StatusCode::OK, read)
}

async fn replace(
    auth: Auth<Public>,
    (Path1(id), ProtocolJson(body)): (Path1<String>, ProtocolJson),
) -> Result<Response> {
    let changed = clients::replace_registration(&auth.app, &auth.cx, &id, bearer(&auth), &body).await;
    answer(StatusCode::OK, changed)
}

async fn remove(auth: Auth<Public>, (Path1(id), _): (Path1<String>, NoInput)) -> Result<Response> {
    match clients::remove_registration(&auth.app, &auth.cx, &id, bearer(&auth)).await {
        Ok(()) => Ok(NoContent.respond()),
        Err(refusal) => refuse(refusal),
    }
}

async fn create_token(
    auth: Auth<TenantScoped<scopes::ClientsWrite>>,
    OptionalBody(asked): OptionalBody<NewInitialToken>,
) -> Result<Response> {
    let made: InitialToken = clients::create_initial_token(&auth.app, &auth.cx, asked).await?;
    let mut response = Json(made).respond();
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

pub(super) fn routes() -> Vec<Route> {
    let json = &["application/json"];
    let registered = "What is registered, every value that holds (RFC 7591 §3.2.1).";
    vec![
        Route::post("/v1/initial-access-tokens", create_token)
            .operation_id("createInitialAccessToken")
            .records(EventType::OauthInitialAccessTokenCreated)
            .summary("Create a token by which OAuth clients may register themselves")
            .tag("clients")
            .answers::<InitialToken>(201, "The token: in this answer, and never again."),
        Route::post("/oauth2/register", register)
            .summary("Register a client")
            .tag("oauth")
            .produces(json)
            .answers::<Value>(201, registered),
        Route::get("/oauth2/register/{client_id}", read)
            .summary("Read what is registered of oneself")
            .tag("oauth")
            .produces(json)
            .answers::<Value>(200, registered),
        Route::put("/oauth2/register/{client_id}", replace)
            .summary("Replace what is registered of oneself")
            .tag("oauth")
            .produces(json)
            .answers::<Value>(200, registered),
        Route::delete("/oauth2/register/{client_id}", remove)
            .summary("Remove oneself")
            .tag("oauth")
            .produces(json)
            .answers_empty(204),
    ]
}
