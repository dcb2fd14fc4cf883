//! What the administration listener answers: metrics and health, for the operator's own machines only.

use std::sync::Arc;

use avnology_core::Tenant;
use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use serde_json::Value;

use crate::{health, serve::Stop, telemetry::Metrics};

/// Routes of the administration listener. `stop` is the public listener's: once asked, we are not ready any more.
pub(crate) fn router(app: Arc<Tenant>, metrics: Metrics, stop: Stop) -> Router {
    let text = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    let ready = move || async move {
        let mut failed = health::failures(&app).await;
        if stop.is_asked() {
            failed.insert("server".to_owned(), Value::from("stopping"));
        }
        health::answer(&failed)
    };
    Router::new()
        .route("/metrics", get(|| async move { (text, metrics.render()) }))
        .route("/healthz", get(|| async { health::alive() }))
        .route("/readyz", get(ready))
}
