//! Checking the chain.

use avnology_core::audit::{self, Period, Verification};
use avnology_http::{Auth, Body, Json, Route, Scoped, scopes};
use avnology_model::{Error, FieldCode, Result, Timestamp, ids::EventId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::place;

/// A period, or one event.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerifyAuditEvents {
    /// From when; with `end_time`.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    start_time: Option<Timestamp>,
    /// Until before when.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    end_time: Option<Timestamp>,
    /// The event whose record is to be proven, without a period.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    event_id: Option<EventId>,
    /// The organization whose log it is, by id or slug; the one that the request is about when absent.
    #[serde(default)]
    organization_id: Option<String>,
}

async fn verify(
    auth: Auth<Scoped<scopes::AuditRead>>,
    Body(asked): Body<VerifyAuditEvents>,
) -> Result<Json<Verification>> {
    let place = place(&auth, asked.organization_id.as_deref()).await?;
    match (asked.start_time, asked.end_time, asked.event_id) {
        (Some(start_time), Some(end_time), None) => {
            audit::verify_period(&auth.app, &place, Period { start_time, end_time }).await.map(Json)
        }
        (None, None, Some(event)) => audit::verify_event(&auth.app, &place, event).await.map(Json),
        (_, _, Some(_)) => Err(Error::field("event_id", FieldCode::Conflict, "Either an event or a period.")),
        (None, _, None) => Err(Error::field("start_time", FieldCode::Required, "This field is required.")),
        (_, None, None) => Err(Error::field("end_time", FieldCode::Required, "This field is required.")),
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/audit/events:verify", verify)
            .operation_id("verifyAuditEvents")
            .summary("Check that the audit log is what was recorded")
            .tag("audit")
            .answers::<Verification>(200, "What was found."),
    ]
}
