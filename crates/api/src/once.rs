//! Creating requests that may be sent twice (`contract/00` §8).

use avnology_core::{Cx, Tenant, platform};
use avnology_http::{IdempotencyKey, Reply, Response, Stored, problem};
use avnology_model::{Error, Result};

/// Runs `call` once for its key, or gives the first answer again. `location` reads the path of the resource from that answer.
pub(crate) async fn once<F>(
    app: &Tenant,
    cx: &Cx,
    key: Option<IdempotencyKey>,
    location: impl Fn(&serde_json::Value) -> Option<String>,
    call: F,
) -> Result<Response>
where
    F: Future<Output = Result<Response>>,
{
    let Some(key) = key else { return call.await };
    if let platform::Begun::Replay(status, body) = platform::begin(app, cx, &key).await? {
        let parsed = serde_json::from_slice(&body).unwrap_or_default();
        let location = location(&parsed).filter(|_| status == 201);
        return Ok(Stored { status, body: body.into(), location, replayed: true }.respond());
    }
    match call.await {
        Ok(response) => Ok(response),
        Err(error) => {
            keep_or_free(app, cx, &key, &error).await?;
            Err(error)
        }
    }
}

/// A refusal is kept like any answer; what failed or was limited may be tried again.
async fn keep_or_free(app: &Tenant, cx: &Cx, key: &IdempotencyKey, error: &Error) -> Result<()> {
    let status = error.code().status();
    if status >= 500 || status == 429 {
        return platform::abandon(app, key).await;
    }
    let document = problem::document(error, &app.config.origin(), &cx.request_id);
    platform::finish_refusal(app, cx, key, status, &document).await
}
