//! Objecting to the sale of one's data.

use avnology_core::privacy::{self, OptOut};
use avnology_http::{Auth, Bucket, Json, OptionalBody, Route, Visitor};
use avnology_model::{Code, Result, sessions::SessionKind};
use serde::Deserialize;
use utoipa::ToSchema;

/// What somebody who is not signed in says of themselves.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct OptOutRequest {
    /// Whose data it is about.
    email: Option<String>,
    /// That a person asks.
    captcha_token: Option<String>,
}

async fn opt_out(auth: Auth<Visitor>, body: OptionalBody<OptOutRequest>) -> Result<Json<OptOut>> {
    // A session that recovery opened is good for a new password only.
    let live = auth.visitor().filter(|live| live.session.kind != SessionKind::Recovery);
    let Some(live) = live else {
        let said = body.0;
        let (email, token) = (said.email.as_deref(), said.captcha_token.as_deref());
        return privacy::opt_out_by_address(&auth.app, &auth.cx, email, token).await.map(Json);
    };
    privacy::opt_out(&auth.app, &auth.cx, live).await.map(Json)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/privacy:optOutOfSale", opt_out)
            .operation_id("optOutOfSale")
            .summary("Object to the sale of one's data")
            .tag("privacy")
            .limited(Bucket::IpAuth)
            .answers::<OptOut>(200, "The choice is recorded.")
            .refuses(&[Code::CaptchaWrong]),
    ]
}
