//! The limit of what moves much at a time: exports and imports (`contract/00` §9).

use avnology_model::{Code, Error, Result, platform::RateLimit};
use avnology_store::platform::rate_cells;

use crate::{Cx, Tenant, flows::bucket_limits};

/// Takes from the bucket `export` of the caller. `_021`.
pub(crate) async fn take_bulk_turn(app: &Tenant, cx: &Cx) -> Result<()> {
    let subject = cx.actor.id.clone().unwrap_or_default();
    let usual = RateLimit { limit: 10, window_seconds: 3_600 };
    let limits = bucket_limits(app, &app.settings(), "export", &[usual]);
    let now = cx.now;
    let wait = app
        .store
        .identity()
        .write(move |tx| rate_cells::take(tx, "export", subject.as_bytes(), &limits, now))
        .await?;
    match wait {
        Some(seconds) => Err(Error::new(Code::TooManyRequests).with_retry_after(seconds)),
        None => Ok(()),
    }
}
