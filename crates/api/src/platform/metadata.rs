//! Documents that say what this server can (RFC 8414, OpenID Connect Discovery, RFC 9728; `contract/30` §12).

use avnology_core::platform::Document;
use avnology_http::{Auth, JsonBytes, NoInput, Public, Reply, Route, With, header};
use avnology_model::{Result, permissions::Scope, platform::DynamicRegistration};
use avnology_oauth::metadata;
use serde_json::Value;

use super::offered;

async fn authorization_server(auth: Auth<Public>, _: NoInput) -> Result<With<JsonBytes>> {
    let settings = auth.app.settings();
    let document = auth.app.documents.of("authorization_server", &settings, || {
        let tenant = metadata::Tenant {
            issuer: &auth.app.config.origin(),
            has_registration: settings.settings.dynamic_registration != DynamicRegistration::Off,
            takes_client_documents: settings.settings.client_id_metadata_documents,
            locales: &settings.settings.locales,
            policy_uri: None,
            tos_uri: None,
        };
        offered::of_server(metadata::authorization_server(&tenant))
    });
    document.map(reply)
}

async fn protected_resource(auth: Auth<Public>, _: NoInput) -> Result<With<JsonBytes>> {
    let document = auth.app.documents.of("protected_resource", &auth.app.settings(), || {
        let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        offered::of_resource(metadata::protected_resource(&auth.app.config.origin(), &scopes))
    });
    document.map(reply)
}

fn reply(document: Document) -> With<JsonBytes> {
    let Document { text, etag } = document;
    JsonBytes(text).with_header(header::CACHE_CONTROL, "public, max-age=300").with_etag(&etag)
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
