//! An administrator starts a recovery of factors, looks at it and cancels it. What opens the account goes to the person alone.

use std::sync::Arc;

use avnology_model::{Code, Error, FieldCode, Result, ids::IdentityId, text::optional_line};
use avnology_store::identities::factor_recoveries as rows;

use super::{
    FactorRecoveryView,
    cancel::cancel_of,
    start::{Start, Started, start},
};
use crate::{Cx, Tenant, identities::reach};

/// Longest waiting period, in hours.
const LONGEST: u32 = 720;
/// Most recoveries that a list shows.
const SHOWN: u32 = 50;

/// Starts the recovery of somebody's factors, with the tenant's waiting period unless another one is given. `_901`, `_100`;
/// `_902`; `_003`, `_022` and `_026` for an account that is not active, has no proven address or no second factor; `_801` while
/// one waits.
pub async fn start_for(
    app: &Arc<Tenant>,
    cx: &Cx,
    id: IdentityId,
    reason: Option<&str>,
    wait_hours: Option<u32>,
) -> Result<FactorRecoveryView> {
    let reason =
        optional_line(reason, 500).map_err(|(code, message)| Error::field("reason", code, message))?;
    let Some(reason) = reason else {
        return Err(Error::field("reason", FieldCode::Required, "Say why."));
    };
    let usual = match app.settings().settings.factor_recovery_wait_hours {
        0 => 72,
        hours => hours,
    };
    let wait_hours = wait_hours.unwrap_or(usual);
    if wait_hours > LONGEST {
        return Err(Error::field("wait_hours", FieldCode::TooLarge, "At most 720."));
    }
    let new = Start::by_administrator(app, cx, wait_hours, Some(reason));
    let (cx, job) = (cx.clone(), Arc::clone(app));
    app.store
        .identity()
        .write(move |tx| {
            let identity = reach::manage(tx, &cx, id)?;
            match start(tx, &job.keys, &cx, &identity, &new)? {
                Started::New(recovery) => Ok(FactorRecoveryView::for_administrators(recovery, cx.now)),
                Started::Before(before) => {
                    Err(Error::new(Code::JobRunning).with_member("id", before.id.to_string()))
                }
            }
        })
        .await
}

/// The recoveries of somebody's factors, the newest first. `_901`, `_100`.
pub async fn list_for(app: &Tenant, cx: &Cx, id: IdentityId) -> Result<Vec<FactorRecoveryView>> {
    let cx = cx.clone();
    app.store
        .identity()
        .read(move |tx| {
            reach::manage(tx, &cx, id)?;
            let found = rows::of_identity(tx, id, SHOWN)?;
            Ok(found.into_iter().map(|r| FactorRecoveryView::for_administrators(r, cx.now)).collect())
        })
        .await
}

/// Keeps somebody's factors. `_901` also when no recovery waits; `_100`.
pub async fn cancel_for(app: &Tenant, cx: &Cx, id: IdentityId) -> Result<FactorRecoveryView> {
    let cx = cx.clone();
    app.store
        .identity()
        .write(move |tx| {
            reach::manage(tx, &cx, id)?;
            let (recovery, now) = cancel_of(tx, &cx, id, "admin")?;
            Ok(FactorRecoveryView::for_administrators(recovery, now))
        })
        .await
}
