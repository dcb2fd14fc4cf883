//! Whether the process lives and can serve (`contract/00` §2): on both listeners.

use avnology_core::{Tenant, platform};
use avnology_http::{Auth, NoInput, Public, Route};
use avnology_model::Result;
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Map, Value, json};

/// `/healthz` and `/readyz` for everyone, and the same where clients of Keto look: what failed is named, why is not.
pub(crate) fn routes() -> Vec<Route> {
    let route = |route: Route| route.produces(&["application/json"]).answers::<Value>(200, "It is well.");
    vec![
        route(Route::get("/healthz", healthz)),
        route(Route::get("/readyz", readyz)),
        route(Route::get("/health/alive", healthz)),
        route(Route::get("/health/ready", readyz)),
        route(Route::get("/version", version)),
    ]
}

async fn version(_: Auth<Public>, _: NoInput) -> Result<Response> {
    Ok(Json(json!({ "version": env!("CARGO_PKG_VERSION") })).into_response())
}

async fn healthz(_: Auth<Public>, _: NoInput) -> Result<Response> {
    Ok(alive())
}

async fn readyz(auth: Auth<Public>, _: NoInput) -> Result<Response> {
    let mut failed = failures(&auth.app).await;
    failed.values_mut().for_each(|why| *why = Value::from("failed"));
    Ok(answer(&failed))
}

/// 200: the process lives, since it answers.
pub(crate) fn alive() -> Response {
    answer(&Map::new())
}

/// The checks that fail, each with the reason for the operator, which is logged too.
pub(crate) async fn failures(app: &Tenant) -> Map<String, Value> {
    let mut failed = Map::new();
    for check in platform::checks(app).await {
        if let Err(error) = check.result {
            tracing::warn!(check = check.name, ?error, "not ready");
            failed.insert(check.name.to_owned(), Value::from(error.detail()));
        }
    }
    failed
}

/// 200, or 503 when something failed.
pub(crate) fn answer(failed: &Map<String, Value>) -> Response {
    if failed.is_empty() {
        return Json(json!({ "status": "ok" })).into_response();
    }
    let body = json!({ "status": "unavailable", "checks": failed });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}
