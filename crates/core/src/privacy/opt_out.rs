//! Objecting to the sale of one's data (`contract/10` §9.4).

use avnology_model::{Code, Error, Result, Timestamp, events::EventType};
use avnology_store::{identities::identities, sessions::sessions};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{Cx, Tenant, events::emit, identities::save, sessions::LiveSession};

/// Where the choice is kept, in `metadata.public`.
pub const OPTED_OUT: &str = "sale_opt_out_at";

/// A choice that was recorded.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct OptOut {
    /// When; the first time counts.
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
}

/// Records that the caller's data is not to be sold.
pub async fn opt_out(app: &Tenant, cx: &Cx, live: &LiveSession) -> Result<OptOut> {
    let (id, cx) = (live.identity.id, cx.clone());
    let (recorded_at, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let mut identity = identities::get(tx, id)?;
            let before = identity.clone();
            let held =
                identity.metadata.public.get(OPTED_OUT).and_then(|at| at.as_str()).and_then(Timestamp::parse);
            if let Some(at) = held {
                return Ok((at, Vec::new()));
            }
            identity.metadata.public.insert(OPTED_OUT.to_owned(), json!(cx.now));
            save(tx, &cx, &before, &mut identity)?;
            let event = cx.event(EventType::PrivacyOptOutRecorded, json!({ "user_id": id }));
            emit(tx, &event.on("identity", &id))?;
            Ok((cx.now, sessions::token_hashes_of(tx, id)?))
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(OptOut { recorded_at })
}

/// `_016`: who is not signed in would have to prove by a CAPTCHA that a person asks, and this tenant has none.
pub fn refuse_unknown() -> Error {
    Error::new(Code::CaptchaWrong)
        .with_detail("Sign in to record your choice.")
        .with_member("captcha", json!({ "provider": "none", "site_key": null }))
}
