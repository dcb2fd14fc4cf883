//! Looking at domains when it is time: those that are to be proven, and those that are.

use std::sync::Arc;

use avnology_model::{Error, Result, Timestamp, organizations::Domain};
use avnology_store::organizations::domains as rows;
use tokio::task::JoinSet;

use super::look;
use crate::Tenant;

/// How many domains are looked at together. Fewer than DNS takes questions at one time: people who ask come first.
const BATCH: u32 = 16;
/// Until when a node that has taken a domain must have reported, in seconds.
const LEASE: i64 = 120;
/// How long a domain waits when DNS could not be asked, in seconds: that says nothing about it.
const AGAIN_AFTER: i64 = 10 * 60;

/// Takes some of the domains that are due and looks at them; how many. Who takes them leaves a mark in the database, so that
/// no other node does the same; what a crash cuts off is due again after the lease.
pub async fn check_due(app: &Arc<Tenant>) -> Result<usize> {
    let now = app.now();
    let lease = now.plus_seconds(LEASE);
    let due = app.store.identity().write(move |tx| rows::claim(tx, now, lease, BATCH)).await?;
    let count = due.len();
    let mut looks = JoinSet::new();
    for domain in due {
        let app = Arc::clone(app);
        looks.spawn(async move { check(&app, domain, lease).await });
    }
    while let Some(look) = looks.join_next().await {
        if let Err(error) = look.map_err(Error::internal).and_then(|checked| checked) {
            tracing::warn!(?error, "a look at a domain could not be noted; it is due again after its lease");
        }
    }
    Ok(count)
}

async fn check(app: &Arc<Tenant>, taken: Domain, lease: Timestamp) -> Result<()> {
    let answer = app.dns.txt(&taken.txt_name()).await;
    let is_there = match &answer {
        Ok(answer) => Some(look::is_proof(&taken, answer)),
        Err(error) => {
            tracing::warn!(?error, "domains cannot be looked at");
            None
        }
    };
    let (organization, id, cx) = (taken.organization_id, taken.id, app.system_cx());
    app.store
        .identity()
        .write(move |tx| {
            let Some(mut domain) = rows::find(tx, organization, id)? else { return Ok(()) };
            if domain.next_check_at != Some(lease) {
                // Somebody asked meanwhile, and has seen what we saw or something newer.
                return Ok(());
            }
            let Some(is_there) = is_there else {
                domain.next_check_at = Some(cx.now.plus_seconds(AGAIN_AFTER));
                return rows::update(tx, &domain);
            };
            // What another organization has proven cannot be proven here as well; it may be given up in time.
            let holder = rows::verified_holder(tx, &domain.domain)?;
            let is_free = holder.is_none_or(|holder| holder.id == domain.id);
            look::record(tx, &cx, &mut domain, is_there && is_free)
        })
        .await?;
    app.organizations.forget_domain(&taken.domain);
    Ok(())
}
