//! The endpoints at which programs speak OAuth: forms in, JSON out, errors as RFC 6749 §5.2 has them.

use avnology_core::clients::{self, ClientAuthentication, Introspecting, Refusal, TokenResponse};
use avnology_http::{
    Auth, Bucket, Json, ProtocolForm, Public, Reply, Response, ResponseBody, Route, StatusCode, header,
};
use avnology_model::Result;
use avnology_oauth::{OAuthError, Params};
use serde_json::Value;

async fn token(auth: Auth<Public>, form: ProtocolForm) -> Result<Response> {
    let answer = with(&auth, &form, "/oauth2/token", async |shown| {
        clients::answer(&auth.app, &auth.cx, &shown).await.map(|made: TokenResponse| Json(made).respond())
    });
    answer.await
}

async fn introspect(auth: Auth<Public>, form: ProtocolForm) -> Result<Response> {
    let answer = with(&auth, &form, "/oauth2/introspect", async |shown| {
        let caller = Introspecting::of(&auth.app, &auth.cx, &shown).await?;
        let says: Value = clients::introspect(&auth.app, &auth.cx, &caller, &shown).await?;
        Ok(Json(says).respond())
    });
    answer.await
}

async fn revoke(auth: Auth<Public>, form: ProtocolForm) -> Result<Response> {
    let answer = with(&auth, &form, "/oauth2/revoke", async |shown| {
        clients::revoke_token(&auth.app, &auth.cx, &shown).await?;
        Ok(Response::new(ResponseBody::empty()))
    });
    answer.await
}

/// Reads the form, lets `call` answer it, and writes what it refuses as the protocol has it.
async fn with(
    auth: &Auth<Public>,
    form: &ProtocolForm,
    path: &str,
    call: impl AsyncFnOnce(ClientAuthentication<'_>) -> Result<Response, Refusal>,
) -> Result<Response> {
    let authorization =
        auth.headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let params = match Params::parse(&form.0) {
        Ok(params) => params,
        Err(error) => return Ok(refused(&error, authorization)),
    };
    match call(ClientAuthentication { authorization, params: &params, path }).await {
        Ok(response) => Ok(response.with_header(header::PRAGMA, "no-cache").respond()),
        Err(Refusal::OAuth(error)) => Ok(refused(&error, authorization)),
        Err(Refusal::Failed(error)) => Err(error),
    }
}

/// An error in the words of the protocol; 401 names the scheme that the client tried.
fn refused(error: &OAuthError, authorization: Option<&str>) -> Response {
    let mut response = Json(error.to_json()).with_header(header::PRAGMA, "no-cache").respond();
    *response.status_mut() = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let used_basic = authorization.is_none_or(|value| !value.to_ascii_lowercase().starts_with("bearer"));
    match error.www_authenticate(used_basic) {
        Some(challenge) => response.with_header(header::WWW_AUTHENTICATE, &challenge).respond(),
        None => response,
    }
}

pub(super) fn routes() -> Vec<Route> {
    let json = &["application/json"];
    vec![
        Route::post("/oauth2/token", token)
            .limited(Bucket::Token)
            .summary("Get tokens")
            .tag("oauth")
            .produces(json)
            .answers::<Value>(200, "Tokens (RFC 6749 §5.1)."),
        Route::post("/oauth2/introspect", introspect)
            .limited(Bucket::Introspect)
            .summary("Ask about a token")
            .tag("oauth")
            .produces(json)
            .answers::<Value>(200, "What the token says, or that it is not active (RFC 7662)."),
        Route::post("/oauth2/revoke", revoke)
            .summary("Give a token back")
            .tag("oauth")
            .produces(&["*/*"])
            .answers_empty(200),
    ]
}
