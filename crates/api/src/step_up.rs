//! A refusal for want of a fresh sign-in carries the login flow to go through (`contract/11` §4.6).

use std::sync::Arc;

use avnology_core::{
    Cx, Tenant,
    flows::{self, Holder},
    sessions::LiveSession,
};
use avnology_model::{Code, Error, Result};
use serde_json::json;

/// The answer, or for `_110` the same with `required` and a login flow bound to the session.
pub(crate) async fn with_step_up<T>(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveSession,
    answer: Result<T>,
) -> Result<T> {
    match answer {
        Err(error) if error.code() == Code::StepUpRequired => {
            let flow = flows::open_step_up(app, cx, live, Holder::Program, None).await?;
            let view = flows::view(app, &flow, None, None);
            let view = serde_json::to_value(view).map_err(Error::internal)?;
            Err(error.with_member("required", required(app)).with_member("continue_flow", view))
        }
        other => other,
    }
}

/// What a privileged change asks for.
pub(crate) fn required(app: &Tenant) -> serde_json::Value {
    let max_age = app.settings().settings.session_policy.privileged_max_age_seconds;
    json!({ "aal": null, "max_age": max_age, "connection_id": null, "methods": null })
}
