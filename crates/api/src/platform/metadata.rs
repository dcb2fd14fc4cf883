//! Documents that say what this server can (RFC 8414, OpenID Connect Discovery, RFC 9728; `contract/30` §12).

use avnology_core::Tenant;
use avnology_http::{Auth, JsonBytes, NoInput, Public, Reply, Route, header};
use avnology_model::{Error, Result, permissions::Scope, secret_token::sha256, text::hex};
use avnology_oauth::metadata;
use serde_json::Value;

use super::offered;

async fn authorization_server(auth: Auth<Public>, _: NoInput) -> Result<impl Reply> {
    document(of_server(&auth.app))
}

async fn protected_resource(auth: Auth<Public>, _: NoInput) -> Result<impl Reply> {
    let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    document(metadata::protected_resource(&auth.app.config.origin(), &scopes))
}

fn of_server(app: &Tenant) -> Value {
    let settings = app.settings();
    metadata::authorization_server(&metadata::Tenant {
        issuer: &app.config.origin(),
        has_registration: true,
        takes_client_documents: false,
        locales: &settings.settings.locales,
        policy_uri: None,
        tos_uri: None,
    })
}

fn document(mut document: Value) -> Result<impl Reply> {
    if let Value::Object(members) = &mut document {
        offered::cut(members);
    }
    let text = serde_json::to_vec(&document).map_err(Error::internal)?;
    let etag = hex(sha256(&text).get(..8).unwrap_or_default());
    Ok(JsonBytes(text.into()).with_header(header::CACHE_CONTROL, "public, max-age=300").with_etag(&etag))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/.well-known/openid-configuration", authorization_server)
            .summary("Read what the server can")
            .produces(&["application/json"])
            .answers::<Value>(200, "Metadata of the authorization server.")
            .etag(),
        Route::get("/.well-known/oauth-authorization-server", authorization_server)
            .summary("Read what the server can")
            .produces(&["application/json"])
            .answers::<Value>(200, "Metadata of the authorization server.")
            .etag(),
        Route::get("/.well-known/oauth-protected-resource", protected_resource)
            .summary("Read what the API takes")
            .produces(&["application/json"])
            .answers::<Value>(200, "Metadata of the API as a protected resource.")
            .etag(),
    ]
}
