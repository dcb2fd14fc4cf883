//! What do machines get? The JSON API under `/v1`: each route with its authorisation, its inputs and its answers, and from
//! them the OpenAPI document.
//!
//! A handler parses, calls one verb of core and maps the value. It decides nothing.

mod audit;
mod clients;
mod file;
mod flows;
mod identities;
mod once;
mod organizations;
mod permissions;
mod platform;
mod privacy;
mod service_accounts;
mod sessions;

use avnology_http::{Route, openapi};

/// Every route of the API.
pub fn routes() -> Vec<Route> {
    [
        audit::routes(),
        identities::routes(),
        privacy::routes(),
        organizations::routes(),
        service_accounts::routes(),
        clients::routes(),
        permissions::routes(),
        sessions::routes(),
        flows::routes(),
        platform::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The OpenAPI 3.1 document of the API, as it is committed under `openapi/`: pretty-printed JSON with a final newline.
pub fn document() -> String {
    let info = openapi::Info {
        title: "Avnology ID",
        version: env!("CARGO_PKG_VERSION"),
        description: "Identity for consumer apps and multi-tenant products through one API.",
    };
    let mut text = openapi::document(&routes(), info).to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
