//! What the administration listener answers: metrics and health, for the operator's own machines only.

use std::sync::Arc;

use avnology_core::{Tenant, platform};
use axum::{
    Json, Router,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde_json::{Map, Value, json};

use crate::{serve::Stop, telemetry::Metrics};

/// Routes of the administration listener. `stop` is the public listener's: once asked, we are not ready any more.
pub(crate) fn router(app: Arc<Tenant>, metrics: Metrics, stop: Stop) -> Router {
    let text = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Router::new()
        .route("/metrics", get(|| async move { (text, metrics.render()) }))
        .route("/healthz", get(|| async { Json(json!({ "status": "ok" })) }))
        .route("/readyz", get(|| async move { readiness(&app, &stop).await }))
}

/// 200 when requests can be served, else 503 with what is wrong (`contract/00` §2).
async fn readiness(app: &Tenant, stop: &Stop) -> Response {
    let mut failed = Map::new();
    if stop.is_asked() {
        failed.insert("server".to_owned(), Value::from("stopping"));
    }
    for check in platform::checks(app).await {
        if let Err(error) = check.result {
            tracing::warn!(check = check.name, ?error, "not ready");
            failed.insert(check.name.to_owned(), Value::from(error.detail()));
        }
    }
    if failed.is_empty() {
        Json(json!({ "status": "ok" })).into_response()
    } else {
        let body = json!({ "status": "unavailable", "checks": failed });
        (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
    }
}
