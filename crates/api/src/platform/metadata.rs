//! Documents that say what this server can (RFC 8414, OpenID Connect Discovery, RFC 9728; `contract/30` §12).

use std::sync::Arc;

use avnology_core::{Cx, Tenant, platform::Document};
use avnology_http::Route;
use avnology_model::{Result, permissions::Scope, platform::DynamicRegistration};
use avnology_oauth::metadata;
use serde_json::Value;

use super::offered;

async fn authorization_server(app: Arc<Tenant>, _: Cx) -> Result<Document> {
    let settings = app.settings();
    app.documents.of("authorization_server", &settings, || {
        let tenant = metadata::Tenant {
            issuer: &app.config.origin(),
            has_registration: settings.settings.dynamic_registration != DynamicRegistration::Off,
            takes_client_documents: settings.settings.client_id_metadata_documents,
            locales: &settings.settings.locales,
            policy_uri: None,
            tos_uri: None,
        };
        offered::of_server(metadata::authorization_server(&tenant))
    })
}

async fn protected_resource(app: Arc<Tenant>, _: Cx) -> Result<Document> {
    app.documents.of("protected_resource", &app.settings(), || {
        let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        offered::of_resource(metadata::protected_resource(&app.config.origin(), &scopes))
    })
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::document("/.well-known/openid-configuration", authorization_server)
            .summary("Read what the server can")
            .answers::<Value>(200, "Metadata of the authorization server."),
        Route::document("/.well-known/oauth-authorization-server", authorization_server)
            .summary("Read what the server can")
            .answers::<Value>(200, "Metadata of the authorization server."),
        Route::document("/.well-known/oauth-protected-resource", protected_resource)
            .summary("Read what the API takes")
            .answers::<Value>(200, "Metadata of the API as a protected resource."),
    ]
}
