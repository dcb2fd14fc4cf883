//! Deleting one's own account: asking for it, keeping it after all, and the receipt.

use avnology_core::privacy::{self, DeletionOrder, DeletionReceipt, DeletionView, ScheduledDeletion};
use avnology_http::{
    Auth, Json, OptionalBody, Path1, Public, Query, Reply as _, Response, Route, StatusCode,
    step_up::with_step_up,
};
use avnology_model::{Code, Result, events::EventType, ids::DeletionId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Own, person};

async fn request(auth: Own, OptionalBody(order): OptionalBody<DeletionOrder>) -> Result<Response> {
    let live = person(&auth)?;
    let scheduled = privacy::request_deletion(&auth.app, &auth.cx, live, order).await;
    let mut response = Json(with_step_up(&auth, live, scheduled).await?).respond();
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

async fn get(auth: Own, Path1(id): Path1<DeletionId>) -> Result<Json<DeletionView>> {
    privacy::get_deletion(&auth.app, person(&auth)?, id).await.map(Json)
}

async fn cancel(auth: Own, Path1(id): Path1<DeletionId>) -> Result<Json<DeletionView>> {
    privacy::cancel_deletion(&auth.app, &auth.cx, person(&auth)?, id).await.map(Json)
}

/// What the link of a receipt says.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Signed {
    /// That we made the link.
    signature: String,
}

async fn receipt(
    auth: Auth<Public>,
    (Path1(id), Query(link)): (Path1<DeletionId>, Query<Signed>),
) -> Result<Json<DeletionReceipt>> {
    privacy::get_receipt(&auth.app, id, &link.signature).await.map(Json)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/privacy:requestAccountDeletion", request)
            .operation_id("requestAccountDeletion")
            .records(EventType::PrivacyDeletionRequested)
            .summary("Ask for the deletion of one's own account")
            .tag("privacy")
            .answers::<ScheduledDeletion>(202, "It is scheduled.")
            .refuses(&[Code::StepUpRequired, Code::SecondFactorRequired, Code::LastOwner, Code::JobRunning]),
        Route::get("/v1/privacy/deletions/{del_id}", get)
            .operation_id("getAccountDeletion")
            .summary("Read the deletion of one's own account")
            .tag("privacy")
            .answers::<DeletionView>(200, "The deletion."),
        Route::post("/v1/privacy/deletions/{del_id}:cancel", cancel)
            .operation_id("cancelAccountDeletion")
            .records(EventType::PrivacyDeletionCancelled)
            .summary("Keep one's own account after all")
            .tag("privacy")
            .answers::<DeletionView>(200, "The deletion, cancelled.")
            .refuses(&[Code::DeletionFinal]),
        Route::get("/v1/privacy/deletions/{del_id}:receipt", receipt)
            .operation_id("getDeletionReceipt")
            .summary("Read by its signed link how far a deletion is, and the receipt once everything is gone")
            .tag("privacy")
            .answers::<DeletionReceipt>(200, "Where the deletion stands."),
    ]
}
