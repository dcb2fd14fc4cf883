//! The keys that sign what this tenant says: their public halves for everybody, their state for administrators
//! (`contract/30` §§1, 12, 13).

use std::sync::Arc;

use avnology_core::{
    Cx, Tenant,
    platform::{self, Document, SigningKeyView},
};
use avnology_http::{Auth, Body, Json, NoInput, Route, TenantScoped, scopes};
use avnology_model::{Result, events::EventType, platform::SigningAlgorithm};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The keys that are published.
#[derive(Serialize, ToSchema)]
struct SigningKeys {
    /// By algorithm, the newest of each first.
    signing_keys: Vec<SigningKeyView>,
}

/// Which key is replaced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SigningKeyRotation {
    /// The one of this algorithm.
    alg: SigningAlgorithm,
    /// Whether the new key signs at once and every other key of the algorithm is removed: what they signed is good no more.
    #[serde(default)]
    emergency: bool,
}

async fn published(app: Arc<Tenant>, cx: Cx) -> Result<Document> {
    platform::published_keys(&app, &cx).await
}

async fn list(auth: Auth<TenantScoped<scopes::TenantRead>>, _: NoInput) -> Result<Json<SigningKeys>> {
    let signing_keys = platform::list_signing_keys(&auth.app, &auth.cx).await?;
    Ok(Json(SigningKeys { signing_keys }))
}

async fn rotate(
    auth: Auth<TenantScoped<scopes::TenantWrite>>,
    Body(SigningKeyRotation { alg, emergency }): Body<SigningKeyRotation>,
) -> Result<Json<SigningKeys>> {
    let signing_keys = platform::rotate_signing_key(&auth.app, &auth.cx, alg, emergency).await?;
    Ok(Json(SigningKeys { signing_keys }))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::document("/.well-known/jwks.json", published)
            .summary("Read the keys that verify tokens")
            // The answer is a JSON document whichever of the two a library asks for.
            .produces(&["application/json", "application/jwk-set+json"])
            .answers::<Value>(200, "A JWK set."),
        Route::get("/v1/signing-keys", list)
            .operation_id("listSigningKeys")
            .summary("List the keys that sign")
            .tag("tenant")
            .answers::<SigningKeys>(200, "The keys that are published."),
        Route::post("/v1/signing-keys:rotate", rotate)
            .operation_id("rotateSigningKey")
            .records(EventType::SigningKeyRotated)
            .summary("Replace the key of an algorithm")
            .tag("tenant")
            .answers::<SigningKeys>(200, "The keys that are published from now on."),
    ]
}
