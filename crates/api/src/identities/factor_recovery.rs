//! Recovery that an administrator starts and of which nothing usable is answered: the link goes to the person. And keeping one's
//! own second factors.

use avnology_core::identities::{self as people, FactorRecoveryView, RecoverySent};
use avnology_http::{Auth, Body, Json, NoInput, Path1, Route, Scoped, SignedIn, scopes};
use avnology_model::{Code, Result, events::EventType, ids::IdentityId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

type Writer = Auth<Scoped<scopes::IdentitiesWrite>>;

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FactorRecoveryStart {
    /// Why, up to 500 characters.
    reason: String,
    /// Hours that it waits, 0–720; the tenant's when absent.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 720)]
    wait_hours: Option<u32>,
}

/// Recoveries of second factors.
#[derive(Serialize, ToSchema)]
struct FactorRecoveryList {
    /// The newest first.
    factor_recoveries: Vec<FactorRecoveryView>,
}

async fn start(
    auth: Writer,
    (Path1(id), Body(body)): (Path1<IdentityId>, Body<FactorRecoveryStart>),
) -> Result<Json<FactorRecoveryView>> {
    let reason = Some(body.reason.as_str());
    people::start_factor_recovery(&auth.app, &auth.cx, id, reason, body.wait_hours).await.map(Json)
}

async fn list(
    auth: Auth<Scoped<scopes::IdentitiesRead>>,
    Path1(id): Path1<IdentityId>,
) -> Result<Json<FactorRecoveryList>> {
    let factor_recoveries = people::list_factor_recoveries(&auth.app, &auth.cx, id).await?;
    Ok(Json(FactorRecoveryList { factor_recoveries }))
}

async fn cancel(auth: Writer, Path1(id): Path1<IdentityId>) -> Result<Json<FactorRecoveryView>> {
    people::cancel_factor_recovery_for(&auth.app, &auth.cx, id).await.map(Json)
}

async fn cancel_own(auth: Auth<SignedIn>, _: NoInput) -> Result<Json<FactorRecoveryView>> {
    people::cancel_factor_recovery(&auth.app, &auth.cx, auth.session()).await.map(Json)
}

async fn send_recovery(auth: Writer, Path1(id): Path1<IdentityId>) -> Result<Json<RecoverySent>> {
    people::send_recovery(&auth.app, &auth.cx, id).await.map(Json)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/identities/{id}:startFactorRecovery", start)
            .operation_id("startFactorRecovery")
            .records(EventType::UserFactorRecoveryStarted)
            .summary("Let somebody who has lost their second factors remove them after a waiting period")
            .tag("identities")
            .answers::<FactorRecoveryView>(200, "The recovery; the link goes to the person.")
            .refuses(&[
                Code::AccountInactive,
                Code::VerificationRequired,
                Code::FactorNotEnrolled,
                Code::JobRunning,
            ]),
        Route::post("/v1/identities/{id}:cancelFactorRecovery", cancel)
            .operation_id("cancelFactorRecovery")
            .records(EventType::UserFactorRecoveryCancelled)
            .summary("Keep somebody's second factors")
            .tag("identities")
            .answers::<FactorRecoveryView>(200, "The recovery, cancelled."),
        Route::get("/v1/identities/{id}/factor-recoveries", list)
            .operation_id("listFactorRecoveries")
            .summary("List the recoveries of somebody's second factors")
            .tag("identities")
            .answers::<FactorRecoveryList>(200, "The recoveries."),
        Route::post("/v1/identities/{id}:sendRecovery", send_recovery)
            .operation_id("sendRecovery")
            .records(EventType::UserRecoveryRequested)
            .summary("Mail somebody the link to recover their account")
            .tag("identities")
            .answers::<RecoverySent>(200, "It is on its way; the link goes to the person alone.")
            .refuses(&[Code::AccountInactive, Code::VerificationRequired, Code::TooManyRequests]),
        Route::post("/v1/me/factor-recovery:cancel", cancel_own)
            .operation_id("cancelMyFactorRecovery")
            .records(EventType::UserFactorRecoveryCancelled)
            .summary("Keep one's own second factors")
            .tag("me")
            .answers::<FactorRecoveryView>(200, "The recovery, cancelled."),
    ]
}
