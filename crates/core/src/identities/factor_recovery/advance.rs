//! Time goes by: people are reminded, get the link to complete, and what nobody completed ends. Every node does this; what is
//! done once is claimed in the database.

use std::sync::Arc;

use avnology_model::{
    Result,
    events::MessageType,
    identities::{FactorRecovery, Identity, IdentityState},
};
use avnology_store::{
    IdentityTx,
    identities::{factor_recoveries as rows, identities},
};

use super::{
    cancel::{cancel_with, expire},
    notice::{CancelLink, CompleteLink, tell},
};
use crate::{Cx, Tenant, identities::recovery_link::Prepared};

const DAY: i64 = 24 * 60 * 60;
/// How many are looked at in one transaction.
const BATCH: u32 = 50;
/// Life of the link that completes, in seconds; after it the person asks for another one on the recovery page.
const LINK_SECONDS: i64 = DAY;
/// How long one that ended is remembered, in seconds.
const KEPT: i64 = 90 * DAY;

/// Does what is due; how many recoveries that were.
pub async fn advance(app: &Arc<Tenant>) -> Result<usize> {
    let mut done = 0;
    loop {
        let (cx, job) = (app.system_cx(), Arc::clone(app));
        let drawn: Vec<Drawn> = (0..BATCH).map(|_| Drawn::draw(app, &cx)).collect();
        let count = app.store.identity().write(move |tx| step(tx, &job, &cx, &drawn)).await?;
        done += count;
        if count == 0 {
            return Ok(done);
        }
    }
}

/// The links of one message, drawn before the transaction.
#[derive(Clone)]
struct Drawn {
    cancel: CancelLink,
    complete: Prepared,
}

impl Drawn {
    fn draw(app: &Tenant, cx: &Cx) -> Self {
        Self { cancel: CancelLink::draw(app, cx), complete: Prepared::draw(cx, LINK_SECONDS) }
    }
}

fn step(tx: &mut IdentityTx<'_>, app: &Tenant, cx: &Cx, drawn: &[Drawn]) -> Result<usize> {
    let ready = rows::send_link(tx, cx.now, BATCH)?;
    for (recovery, drawn) in ready.iter().zip(drawn) {
        if let Some(identity) = whose(tx, cx, recovery)? {
            let link = CompleteLink {
                url: drawn.complete.insert(tx, cx, &app.config.origin(), &identity, &recovery.address)?,
                until: cx.now.plus_seconds(LINK_SECONDS),
            };
            let kind = MessageType::FactorRecoveryReady;
            tell(tx, &app.keys, cx, (&identity, recovery), kind, &drawn.cancel, Some(&link))?;
        }
    }
    if !ready.is_empty() {
        return Ok(ready.len());
    }
    let soon = rows::remind(tx, cx.now, BATCH)?;
    for (recovery, drawn) in soon.iter().zip(drawn) {
        // After a long standstill the link went out already.
        if recovery.effective_time > cx.now
            && let Some(identity) = whose(tx, cx, recovery)?
        {
            let kind = MessageType::FactorRecoveryReminder;
            tell(tx, &app.keys, cx, (&identity, recovery), kind, &drawn.cancel, None)?;
        }
    }
    if !soon.is_empty() {
        return Ok(soon.len());
    }
    let late = rows::expired(tx, cx.now, BATCH)?;
    late.iter().try_for_each(|recovery| expire(tx, cx, recovery))?;
    rows::purge(tx, cx.now.plus_seconds(-KEPT))?;
    Ok(late.len())
}

/// Whose factors these are; nobody's once the account is switched off, has another address, or has no second factor any more:
/// then the recovery ends.
fn whose(tx: &mut IdentityTx<'_>, cx: &Cx, recovery: &FactorRecovery) -> Result<Option<Identity>> {
    let Some(identity) = identities::find(tx, recovery.identity_id)? else { return Ok(None) };
    let stands = identity.state == IdentityState::Active
        && identity.email.as_deref() == Some(recovery.address.as_str())
        && identity.has_second_factor();
    if !stands {
        cancel_with(tx, cx, &identity, recovery, "account_changed")?;
        return Ok(None);
    }
    Ok(Some(identity))
}
