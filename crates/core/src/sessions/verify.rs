//! Checking somebody else's session token (`POST /v1/sessions:verify`).

use avnology_model::{Code, Result};
use serde::Serialize;
use utoipa::ToSchema;

use super::{SessionView, authenticate};
use crate::{Cx, Tenant};

/// Whether a token stands for an active session, and for which.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Verified {
    /// Whether the session can be used.
    pub active: bool,
    /// The session, when it can.
    pub session: Option<SessionView>,
}

/// Checks a session token; a bad one is an answer, not an error.
pub async fn verify(app: &Tenant, cx: &Cx, token: &str) -> Result<Verified> {
    match authenticate(app, cx, token).await {
        Ok(live) => {
            Ok(Verified { active: true, session: Some(SessionView::of_live(&live, &app.settings(), cx.now)) })
        }
        Err(e) if matches!(e.code(), Code::SessionInvalid | Code::SessionExpired) => {
            Ok(Verified { active: false, session: None })
        }
        Err(e) => Err(e),
    }
}
