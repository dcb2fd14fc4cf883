//! The public keys that verify what this tenant signs (`contract/30` §§1, 12).

use avnology_core::platform;
use avnology_http::{Auth, JsonBytes, NoInput, Public, Reply, Route, header};
use avnology_model::Result;
use serde_json::Value;

async fn keys(auth: Auth<Public>, _: NoInput) -> Result<impl Reply> {
    let published = platform::published_keys(&auth.app, &auth.cx).await?;
    Ok(JsonBytes(published.document)
        .with_header(header::CACHE_CONTROL, "public, max-age=300")
        .with_etag(&published.etag))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/.well-known/jwks.json", keys)
            .summary("Read the keys that verify tokens")
            // The answer is a JSON document whichever of the two a library asks for.
            .produces(&["application/json", "application/jwk-set+json"])
            .answers::<Value>(200, "A JWK set.")
            .etag(),
    ]
}
