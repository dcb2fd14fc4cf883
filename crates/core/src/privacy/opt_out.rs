//! Objecting to the sale of one's data (`contract/10` §9.4).

use avnology_model::{Error, FieldCode, Result, Timestamp, events::EventType, identities::Email};
use avnology_store::{identities::identities, sessions::sessions};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    Cx, Tenant,
    events::emit,
    hex,
    identities::save,
    network_of,
    platform::captcha::{is_person, refusal},
    sessions::LiveSession,
};

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

/// What the widget of a CAPTCHA is told that this is about.
const ACTION: &str = "opt_out";

/// Records the objection of somebody who is not signed in, by keyed hashes of the address and of the network that it comes
/// from. Whether there is an account makes no difference. `_016` unless a CAPTCHA shows that a person asks.
pub async fn opt_out_by_address(
    app: &Tenant,
    cx: &Cx,
    email: Option<&str>,
    captcha_token: Option<&str>,
) -> Result<OptOut> {
    let settings = app.settings();
    let captcha = &settings.settings.captcha;
    let refused = || refusal(captcha).with_detail("Sign in to record your choice, or send `captcha_token`.");
    if !captcha.is_on() {
        return Err(refused());
    }
    let problem = |code, message: &str| Error::field("email", code, message);
    let email = email.ok_or_else(|| problem(FieldCode::Required, "Whose data it is about."))?;
    let email = Email::parse(email).map_err(|(code, message)| problem(code, message))?;
    if !is_person(app, cx, captcha, captcha_token.unwrap_or_default(), ACTION).await? {
        return Err(refused());
    }
    let hash = |bytes: &[u8]| hex(app.keys.hmac("privacy.opt_out", bytes).get(..16).unwrap_or_default());
    let payload = json!({
        "email_hash": hash(email.key().as_bytes()), "network_hash": hash(&network_of(cx.ip)),
    });
    let event = cx.event(EventType::PrivacyOptOutRecorded, payload);
    app.store.identity().write(move |tx| emit(tx, &event)).await?;
    Ok(OptOut { recorded_at: cx.now })
}
