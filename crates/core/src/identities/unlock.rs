//! Lifting the lock that failures brought.

use avnology_model::{Result, events::EventType, ids::IdentityId, platform::Precondition};
use avnology_store::{credentials::lockouts, sessions::sessions};
use serde_json::json;

use super::{IdentityView, reach};
use crate::{Cx, Tenant, events::emit};

/// Lifts the lock of an identity; nothing happens when there is none.
pub async fn unlock(app: &Tenant, cx: &Cx, id: IdentityId, expected: &Precondition) -> Result<IdentityView> {
    let (cx, expected) = (cx.clone(), expected.clone());
    let (view, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let mut identity = reach::manage(tx, &cx, id)?;
            expected.check(&identity.etag())?;
            if lockouts::clear(tx, &id.to_string())?
                && identity.locked_until.is_some_and(|until| until > cx.now)
            {
                let payload = json!({ "user_id": id, "by": "admin" });
                emit(tx, &cx.event(EventType::UserUnlocked, payload).on("identity", &id))?;
            }
            identity.locked_until = None;
            let hashes = sessions::token_hashes_of(tx, id)?;
            Ok((IdentityView::for_administrators(&identity, cx.now), hashes))
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(view)
}
