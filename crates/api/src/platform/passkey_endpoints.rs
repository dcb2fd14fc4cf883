//! Where passkeys are made and managed (W3C, "A well-known URL for relying party passkey endpoints"; `contract/95` §10), and
//! where else they are used (WebAuthn Level 3 §5.11).

use avnology_core::credentials::related_origins;
use avnology_http::{Auth, Json, NoInput, Public, Route};
use avnology_model::Result;
use serde::Serialize;
use utoipa::ToSchema;

/// Pages for password managers to lead to.
#[derive(Serialize, ToSchema)]
struct PasskeyEndpoints {
    /// Where a passkey is added.
    enroll: String,
    /// Where passkeys are managed.
    manage: String,
}

async fn endpoints(auth: Auth<Public>, _: NoInput) -> Result<Json<PasskeyEndpoints>> {
    let page = format!("{}/account/security#passkeys", auth.app.config.origin());
    Ok(Json(PasskeyEndpoints { enroll: page.clone(), manage: page }))
}

/// Origins that use the passkeys of this server, besides those under its domain.
#[derive(Serialize, ToSchema)]
struct RelatedOrigins {
    origins: Vec<String>,
}

async fn related(auth: Auth<Public>, _: NoInput) -> Result<Json<RelatedOrigins>> {
    Ok(Json(RelatedOrigins { origins: related_origins(&auth.app) }))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/.well-known/webauthn", related)
            .summary("List the origins that use this server's passkeys")
            .produces(&["application/json", "*/*"])
            .answers::<RelatedOrigins>(200, "The origins."),
        Route::get("/.well-known/passkey-endpoints", endpoints)
            .summary("Read where passkeys are managed")
            .produces(&["application/json", "*/*"])
            .answers::<PasskeyEndpoints>(200, "The pages."),
    ]
}
