//! What all changes of one identity by an administrator have in common.

use avnology_model::{
    Result, identities::Identity, ids::IdentityId, platform::Precondition, sessions::RevokeReason,
};
use avnology_store::{IdentityTx, sessions::sessions as session_rows};

use super::{IdentityView, reach};
use crate::{Cx, Tenant, sessions};

/// Makes a change in one transaction with what it does to the identity's sessions: they end for a reason, or go on and show
/// the change at once. `_901` and `_100` for who does not manage the identity, `_905` for one that was changed meanwhile.
pub(super) async fn administer<F>(
    app: &Tenant,
    cx: &Cx,
    id: IdentityId,
    expected: &Precondition,
    ends_sessions: Option<RevokeReason>,
    change: F,
) -> Result<IdentityView>
where
    F: Fn(&mut IdentityTx<'_>, &Cx, &mut Identity) -> Result<()> + Send + 'static,
{
    let (cx, expected) = (cx.clone(), expected.clone());
    let (view, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let mut identity = reach::manage(tx, &cx, id)?;
            expected.check(&identity.etag())?;
            change(tx, &cx, &mut identity)?;
            let hashes = match ends_sessions {
                Some(reason) => sessions::end_all(tx, &cx, id, None, reason)?,
                None => session_rows::token_hashes_of(tx, id)?,
            };
            Ok((IdentityView::for_administrators(&identity, cx.now), hashes))
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(view)
}
