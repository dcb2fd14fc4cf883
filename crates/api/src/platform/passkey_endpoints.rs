//! Where passkeys are made and managed (W3C, "A well-known URL for relying party passkey endpoints"; `contract/95` §10).

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

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/.well-known/passkey-endpoints", endpoints)
            .summary("Read where passkeys are managed")
            .produces(&["application/json", "*/*"])
            .answers::<PasskeyEndpoints>(200, "The pages."),
    ]
}
