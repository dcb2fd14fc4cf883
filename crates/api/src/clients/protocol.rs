//! The endpoints at which programs speak OAuth: forms in, JSON out, errors as RFC 6749 §5.2 has them.

use avnology_core::clients::{
    self, ClientAuthentication, Introspecting, PresentedToken, Refusal, TokenResponse, Userinfo,
    device::DeviceAnswer,
};
use avnology_http::{
    Auth, Bucket, HeaderValue, Json, JsonBytes, NoInput, OurPagesOnly, ProtocolForm, Public, Reply, Response,
    ResponseBody, Route, StatusCode, header, proofs,
};
use avnology_model::{Code, Result};
use avnology_oauth::{OAuthError, Params};
use serde_json::Value;

async fn token(auth: Auth<Public>, form: ProtocolForm) -> Result<Response> {
    let answer = with(&auth, &form, "/oauth2/token", async |shown| {
        clients::answer(&auth.app, &auth.cx, &shown).await.map(|made: TokenResponse| Json(made).respond())
    });
    answer.await
}

async fn device(auth: Auth<Public>, form: ProtocolForm) -> Result<Response> {
    let answer = with(&auth, &form, "/oauth2/device/auth", async |shown| {
        let made: DeviceAnswer = clients::device::begin(&auth.app, &auth.cx, &shown).await?;
        Ok(Json(made).respond())
    });
    answer.await
}

async fn par(auth: Auth<Public>, form: ProtocolForm) -> Result<Response> {
    let answer = with(&auth, &form, "/oauth2/par", async |shown| {
        let mut response = Json(clients::push(&auth.app, &auth.cx, &shown).await?).respond();
        *response.status_mut() = StatusCode::CREATED;
        Ok(response)
    });
    answer.await
}

async fn introspect(auth: Auth<Public>, form: ProtocolForm) -> Result<Response> {
    let answer = with(&auth, &form, "/oauth2/introspect", async |shown| {
        let caller = Introspecting::of(&auth.app, &auth.cx, &shown).await?;
        let says = clients::introspect(&auth.app, &auth.cx, &caller, &shown).await?;
        Ok(JsonBytes(says).respond())
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

/// The token of a request, and whether it was sent as one that is bound to a key: in the header, or of a form (RFC 6750 §2). It
/// is no session's.
fn access_token<'r>(auth: &'r Auth<Public>, form: Option<&'r Params>) -> Option<(&'r str, bool)> {
    let header = auth.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let in_header = header.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        let is_bound = scheme.eq_ignore_ascii_case("dpop");
        (is_bound || scheme.eq_ignore_ascii_case("bearer")).then(|| (token.trim(), is_bound))
    });
    in_header.or_else(|| form?.get("access_token").map(|token| (token, false)))
}

async fn userinfo_get(auth: Auth<Public>, _: NoInput) -> Result<Response> {
    userinfo(&auth, "GET", None).await
}

async fn userinfo_post(auth: Auth<Public>, form: ProtocolForm) -> Result<Response> {
    userinfo(&auth, "POST", Params::parse(&form.0).ok().as_ref()).await
}

async fn userinfo(auth: &Auth<Public>, method: &str, form: Option<&Params>) -> Result<Response> {
    let (token, is_bound) = access_token(auth, form).ok_or(Code::SessionInvalid)?;
    let proofs = proofs(&auth.headers);
    let presented = PresentedToken { token, is_bound, proofs: &proofs, method, path: auth.uri.path() };
    Ok(match clients::userinfo(&auth.app, &auth.cx, &presented).await? {
        Userinfo::Json(claims) => JsonBytes(claims).respond(),
        Userinfo::Signed(token) => {
            let mut response = Response::new(ResponseBody::from(token));
            let kind = HeaderValue::from_static("application/jwt");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
    })
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
    let proofs = proofs(&auth.headers);
    let shown = ClientAuthentication { authorization, params: &params, path, proofs: &proofs };
    let is_open = auth.origin.is_none() || clients::is_for_browsers(&auth.app, &auth.cx, &shown).await?;
    let mut response = match call(shown).await {
        Ok(response) => response.with_header(header::PRAGMA, "no-cache").respond(),
        Err(Refusal::OAuth(error)) => refused(&error, authorization),
        Err(Refusal::Failed(error)) => return Err(error),
    };
    if !is_open {
        response.extensions_mut().insert(OurPagesOnly);
    }
    Ok(response)
}

/// An error in the words of the protocol; 401 names the scheme that the client tried.
pub(super) fn refused(error: &OAuthError, authorization: Option<&str>) -> Response {
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
        Route::post("/oauth2/device/auth", device)
            .limited(Bucket::Token)
            .summary("Begin the sign-in of a device")
            .tag("oauth")
            .produces(json)
            .answers::<Value>(200, "The codes of the device (RFC 8628 §3.2)."),
        Route::post("/oauth2/par", par)
            .limited(Bucket::Token)
            .summary("Push an authorization request")
            .tag("oauth")
            .produces(json)
            .answers::<Value>(201, "The URI to begin the authorization with (RFC 9126 §2.2)."),
        Route::post("/oauth2/introspect", introspect)
            .limited(Bucket::Introspect)
            .only_asks()
            .summary("Ask about a token")
            .tag("oauth")
            .produces(json)
            .answers::<Value>(200, "What the token says, or that it is not active (RFC 7662)."),
        Route::get("/userinfo", userinfo_get)
            .summary("Read the claims of the person")
            .tag("oauth")
            .produces(&["application/json", "application/jwt"])
            .answers::<Value>(200, "The claims of the granted scopes (OpenID Connect Core §5.3)."),
        Route::post("/userinfo", userinfo_post)
            .summary("Read the claims of the person")
            .tag("oauth")
            .produces(&["application/json", "application/jwt"])
            .answers::<Value>(200, "The claims of the granted scopes (OpenID Connect Core §5.3)."),
        Route::post("/oauth2/revoke", revoke)
            .summary("Give a token back")
            .tag("oauth")
            .produces(&["*/*"])
            .answers_empty(200),
    ]
}
