//! `:resetMfa`: an administrator removes second factors of someone who lost them.

use avnology_model::{
    Error, FieldCode, Result, credentials::Factor, ids::IdentityId, platform::Precondition,
    sessions::RevokeReason, text::optional_line,
};
use avnology_store::sessions::sessions as session_rows;

use super::{IdentityView, factors, reach};
use crate::{Cx, Tenant, sessions};

/// Removes second factors, all when none is named; tells the person, and ends their sessions unless told otherwise.
/// `_901`, `_905`, `_902`.
pub async fn reset_mfa(
    app: &Tenant,
    cx: &Cx,
    id: IdentityId,
    expected: &Precondition,
    methods: Option<Vec<Factor>>,
    revoke_sessions: bool,
    reason: Option<&str>,
) -> Result<IdentityView> {
    let reason =
        optional_line(reason, 500).map_err(|(code, message)| Error::field("reason", code, message))?;
    let methods = methods.unwrap_or_else(|| Factor::ALL.to_vec());
    if methods.is_empty() {
        return Err(Error::field("methods", FieldCode::TooShort, "At least one."));
    }
    let (cx, expected) = (cx.clone(), expected.clone());
    let (view, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let mut identity = reach::manage(tx, &cx, id)?;
            expected.check(&identity.etag())?;
            let removed = factors::remove_factors(tx, &cx, &mut identity, &methods)?;
            factors::tell_reset(tx, &cx, &identity, &removed, reason.as_deref())?;
            let hashes = if revoke_sessions {
                sessions::end_all(tx, &cx, id, None, RevokeReason::FactorChanged)?
            } else {
                session_rows::token_hashes_of(tx, id)?
            };
            Ok((IdentityView::for_administrators(&identity, cx.now), hashes))
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(view)
}
