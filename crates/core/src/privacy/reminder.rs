//! Three days before an account goes its owner is told once more (`contract/10` §9.2).

use std::sync::Arc;

use avnology_model::{Result, ids::DeletionId, ids::IdentityId};
use avnology_store::{IdentityTx, identities::identities, privacy::deletions};

use super::{KeepLink, draw_keep_link, receipt_url};
use crate::{
    Cx, Tenant,
    events::seal,
    identities::{Notice, announce},
};

/// How long before, in seconds.
const BEFORE: i64 = 3 * 24 * 60 * 60;
/// How many are told at a time.
const BATCH: u32 = 50;

/// Tells those whose account goes within three days and who were not told; how many. Whose grace period is no longer than
/// that were told when it began.
pub async fn remind_of_deletions(app: &Arc<Tenant>) -> Result<usize> {
    let mut told = 0;
    loop {
        let (cx, job) = (app.system_cx(), Arc::clone(app));
        let until = cx.now.plus_seconds(BEFORE);
        let drawn: Vec<KeepLink> = (0..BATCH).map(|_| draw_keep_link(app, &cx)).collect();
        let count = app
            .store
            .identity()
            .write(move |tx| {
                let due = deletions::remind(tx, cx.now, until, BEFORE * 1_000_000, BATCH)?;
                for (due, keep) in due.iter().zip(&drawn) {
                    remind(tx, &job, &cx, *due, keep)?;
                }
                Ok(due.len())
            })
            .await?;
        told += count;
        if count == 0 {
            return Ok(told);
        }
    }
}

fn remind(
    tx: &mut IdentityTx<'_>,
    app: &Tenant,
    cx: &Cx,
    (deletion, person): (DeletionId, IdentityId),
    keep: &KeepLink,
) -> Result<()> {
    let (Some(identity), Some(request)) = (identities::find(tx, person)?, deletions::find(tx, deletion)?)
    else {
        return Ok(());
    };
    let mut notice = Notice { receipt_url: receipt_url(app, deletion), sealed_link: None };
    if request.is_own {
        keep.insert(tx, person, deletion, cx.now, request.scheduled_for)?;
        let address = identity.email.clone().unwrap_or_default();
        notice.sealed_link = Some(seal(&app.keys, &address, None, Some(&keep.url))?);
    }
    announce(tx, cx, &identity, &notice)
}
