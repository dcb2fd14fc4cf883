//! Records, counts and checkpoints.

use avnology_core::{
    audit::{self, AuditEventView, CheckpointView, Period, Summary},
    identities::ListQuery,
};
use avnology_http::{Auth, Json, List, Path1, Query, Route, Scoped, scopes};
use avnology_model::{Result, Timestamp, ids::AuditId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::place;

/// A page of an audit log.
#[derive(Serialize, ToSchema)]
struct AuditEventList {
    events: Vec<AuditEventView>,
    next_page_token: String,
    /// How many there are; with `include_total` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    total_size: Option<u32>,
    /// Whether there are more than were counted; omitted when there are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    total_is_minimum: Option<bool>,
}

/// A page of checkpoints.
#[derive(Serialize, ToSchema)]
struct CheckpointList {
    checkpoints: Vec<CheckpointView>,
    next_page_token: String,
    /// How many there are; with `include_total` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    total_size: Option<u32>,
    /// Whether there are more than were counted; omitted when there are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    total_is_minimum: Option<bool>,
}

/// Whose log.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Whose {
    /// The organization whose log it is, by id or slug; the one that the request is about when absent.
    pub(super) organization_id: Option<String>,
}

/// Pages of records are longer than others.
type Events = List<Whose, 50, 500>;

fn query_of<const USUALLY: u32, const MOST: u32>(list: &List<Whose, USUALLY, MOST>) -> ListQuery {
    ListQuery {
        filter: list.filter.clone(),
        order_by: list.order_by.clone(),
        page_size: list.page_size,
        after: list.position.clone(),
        include_total: list.include_total,
    }
}

async fn list(auth: Auth<Scoped<scopes::AuditRead>>, list: Events) -> Result<Json<AuditEventList>> {
    let place = place(&auth, list.query.organization_id.as_deref()).await?;
    let page = audit::list(&auth.app, &place, query_of(&list)).await?;
    Ok(Json(AuditEventList {
        next_page_token: list.next_page_token(&auth.app, auth.cx.now, page.next),
        events: page.events,
        total_size: page.total.as_ref().map(|t| t.size),
        total_is_minimum: page.total.and_then(|t| t.is_minimum.then_some(true)),
    }))
}

async fn get(
    auth: Auth<Scoped<scopes::AuditRead>>,
    (Path1(id), Query(whose)): (Path1<AuditId>, Query<Whose>),
) -> Result<Json<AuditEventView>> {
    let place = place(&auth, whose.organization_id.as_deref()).await?;
    audit::get(&auth.app, &place, id).await.map(Json)
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct SummaryParams {
    /// From when; cut to the hour.
    #[param(value_type = String, format = DateTime)]
    start_time: Timestamp,
    /// Until before when; cut to the hour.
    #[param(value_type = String, format = DateTime)]
    end_time: Timestamp,
    /// The organization whose log it is, by id or slug; the one that the request is about when absent.
    #[serde(default)]
    organization_id: Option<String>,
}

async fn summary(
    auth: Auth<Scoped<scopes::AuditRead>>,
    Query(asked): Query<SummaryParams>,
) -> Result<Json<Summary>> {
    let place = place(&auth, asked.organization_id.as_deref()).await?;
    let period = Period { start_time: asked.start_time, end_time: asked.end_time };
    audit::summary(&auth.app, &place, period).await.map(Json)
}

async fn checkpoints(
    auth: Auth<Scoped<scopes::AuditRead>>,
    list: List<Whose>,
) -> Result<Json<CheckpointList>> {
    let place = place(&auth, list.query.organization_id.as_deref()).await?;
    let page = audit::list_checkpoints(&auth.app, &place, query_of(&list)).await?;
    Ok(Json(CheckpointList {
        next_page_token: list.next_page_token(&auth.app, auth.cx.now, page.next),
        checkpoints: page.checkpoints,
        total_size: page.total.as_ref().map(|t| t.size),
        total_is_minimum: page.total.and_then(|t| t.is_minimum.then_some(true)),
    }))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/audit/events", list)
            .operation_id("listAuditEvents")
            .summary("List the audit log")
            .tag("audit")
            .answers::<AuditEventList>(200, "One page, the newest first."),
        Route::get("/v1/audit/events:summary", summary)
            .operation_id("summarizeAuditEvents")
            .summary("Count the audit log by action")
            .tag("audit")
            .answers::<Summary>(200, "What happened how often."),
        Route::get("/v1/audit/events/{aud}", get)
            .operation_id("getAuditEvent")
            .summary("Read a record of the audit log")
            .tag("audit")
            .answers::<AuditEventView>(200, "The record."),
        Route::get("/v1/audit/checkpoints", checkpoints)
            .operation_id("listAuditCheckpoints")
            .summary("List the signed states of the audit log")
            .tag("audit")
            .answers::<CheckpointList>(200, "One page, the newest first."),
    ]
}
