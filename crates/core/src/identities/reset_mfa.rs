//! `:resetMfa`: an administrator removes second factors of someone who lost them.

use avnology_model::{
    Error, FieldCode, Result, credentials::Factor, identities::Identity, ids::IdentityId,
    platform::Precondition, sessions::RevokeReason, text::optional_line,
};
use avnology_store::{IdentityTx, identities::factor_recoveries as rows};

use super::{IdentityView, administer::administer, cancel_factor_recovery_with, factors};
use crate::{Cx, Tenant};

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
    let ends = revoke_sessions.then_some(RevokeReason::FactorChanged);
    let change = move |tx: &mut IdentityTx<'_>, cx: &Cx, identity: &mut Identity| {
        let removed = factors::remove_factors(tx, cx, identity, &methods)?;
        if let Some(recovery) = rows::waiting_of(tx, identity.id)?
            && !identity.has_second_factor()
        {
            cancel_factor_recovery_with(tx, cx, identity, &recovery, "admin")?;
        }
        factors::tell_reset(tx, cx, identity, &removed, reason.as_deref())
    };
    administer(app, cx, id, expected, ends, change).await
}
