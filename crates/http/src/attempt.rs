//! A call by somebody known that would change something for others: if it is refused, that is recorded.

use std::sync::Arc;

use avnology_core::{Cx, Tenant, audit};
use avnology_model::{Code, Result, events::EventType};
use axum::{http::StatusCode, response::Response};

use crate::{access::Caller, endpoint::RouteRules, input::Raw, reply::Pending};

/// Who tries what upon which ids.
pub(crate) struct Attempt {
    app: Arc<Tenant>,
    cx: Cx,
    action: EventType,
    ids: Vec<String>,
}

impl Attempt {
    /// What this call tries; none where nothing is recorded.
    pub(crate) fn of(raw: &Raw, route: &RouteRules) -> Option<Self> {
        let action = route.records.filter(|_| !matches!(raw.caller, Caller::Anonymous))?;
        Some(Self { app: Arc::clone(&raw.app), cx: raw.cx.clone(), action, ids: raw.params.clone() })
    }

    /// It is tried in the organization that the request is about: the log of that one tells of it. Who has nothing to do with an
    /// organization cannot write to its log; that is in the log of the tenant.
    pub(crate) fn go_to(&mut self, raw: &Raw) {
        self.cx.scope = raw.cx.scope;
        self.ids.clone_from(&raw.params);
    }

    /// Records that it was refused. That it could not be recorded does not change the answer.
    pub(crate) async fn note_refusal(self, code: Code) {
        let noted = audit::record_refusal(&self.app, &self.cx, self.action, code, &self.ids).await;
        if let Err(error) = noted {
            tracing::warn!(?error, "a refusal could not be recorded");
        }
    }
}

/// The code of a 403; none of other answers.
pub(crate) fn refusal(result: &Result<Response>) -> Option<Code> {
    let code = match result {
        Err(error) => error.code(),
        Ok(response) => response.extensions().get::<Pending>()?.0.code(),
    };
    (code.status() == StatusCode::FORBIDDEN.as_u16()).then_some(code)
}
