//! Work that nobody waits for: mail, times of use, sweeping. Every node does the same; what must be done once is claimed
//! in the database.

use std::{sync::Arc, time::Duration};

use avnology_model::Result;
use avnology_oauth::code::REMEMBERED as CODES_KEPT;
use avnology_store::{
    clients::{codes, device_codes, grants, initial_tokens, once, pushed_requests, requests},
    credentials::lockouts,
    flows::{flows, links},
    organizations::organizations as slugs,
    platform::{idempotency, messages, rate_cells, signing_keys},
    sessions::{devices, sessions},
};
use tokio::sync::watch;

use super::{idempotency::KEPT_SECONDS as ANSWERS_KEPT, outbox::KEPT_SECONDS as MESSAGES_KEPT, rotate_due};
use crate::{
    Tenant, audit, clients, events, identities, organizations, permissions, privacy, service_accounts,
    sessions as sessions_verbs,
};

const DAY: i64 = 24 * 60 * 60;
/// How long a session is remembered after its end, so that its token answers `_004`, in seconds (`contract/10` §8.1).
const SESSIONS_KEPT: i64 = 30 * DAY;
/// How long a device is remembered that nobody uses: as long as browsers keep a cookie, in seconds.
const DEVICES_KEPT: i64 = 400 * DAY;
/// How long a finished flow is remembered, so that it answers `_009`, in seconds.
const FLOWS_KEPT: i64 = DAY;
/// How long a request that was pushed is kept after its time, in seconds: longer than a person may be at a page of it.
const PUSHED_KEPT: i64 = 60 * 60;
const SWEEP_EVERY: Duration = Duration::from_mins(10);
/// Memberships that ran out are gone within a minute.
const MEMBERS_EVERY: Duration = Duration::from_secs(30);
/// A new rule goes through 100,000 members within a minute.
const RULES_EVERY: Duration = Duration::from_secs(2);
/// Audit logs are cut once a day, by whoever comes first.
const CUT_EVERY: Duration = Duration::from_hours(1);
/// Tuples that ended are gone within a minute.
const TUPLES_EVERY: Duration = Duration::from_secs(30);
const USES_EVERY: Duration = Duration::from_secs(5);
/// Of who was deleted nothing is left soon after the last database has followed.
const DELETIONS_EVERY: Duration = Duration::from_mins(1);
/// Whoever has waited for days gets the link within a minute.
const FACTORS_EVERY: Duration = Duration::from_mins(1);
const MAIL_EVERY: Duration = Duration::from_secs(5);
/// Clients that did not answer are called again about when they are due.
const CALLS_EVERY: Duration = Duration::from_secs(2);
const DOMAINS_EVERY: Duration = Duration::from_secs(20);

/// Runs all jobs until `stop` turns true, then writes what is still in memory. What a crash cut off is gone on with first.
pub async fn run_jobs(app: Arc<Tenant>, stop: watch::Receiver<bool>) {
    go_on(&app).await;
    let mail = events::MailConsumer { environment: app.config.environment };
    tokio::join!(
        events::follow(Arc::clone(&app), mail, stop.clone()),
        events::follow(Arc::clone(&app), organizations::GroupFollower::new(Arc::clone(&app)), stop.clone()),
        events::follow(Arc::clone(&app), privacy::ActivityFollower, stop.clone()),
        privacy::follow_exports(Arc::clone(&app), stop.clone()),
        events::watch_other_nodes(Arc::clone(&app), stop.clone()),
        permissions::keep_up(Arc::clone(&app), stop.clone()),
        audit::follow(Arc::clone(&app), stop.clone()),
        deliver(Arc::clone(&app), stop.clone()),
        tell_clients(Arc::clone(&app), stop.clone()),
        look_at_domains(Arc::clone(&app), stop.clone()),
        identities::run_imports(Arc::clone(&app), stop.clone()),
        every(USES_EVERY, stop.clone(), || async { flush_uses(&app).await }),
        every(RULES_EVERY, stop.clone(), || async { organizations::apply_rules(&app).await.map(drop) }),
        every(DELETIONS_EVERY, stop.clone(), || async { privacy::settle_deletions(&app).await.map(drop) }),
        every(FACTORS_EVERY, stop.clone(), || async {
            identities::advance_factor_recoveries(&app).await.map(drop)
        }),
        every(TUPLES_EVERY, stop.clone(), || permissions::sweep(&app)),
        every(SWEEP_EVERY, stop.clone(), || sweep(&app)),
        every(CUT_EVERY, stop.clone(), || audit::remove_old_daily(&app)),
        every(MEMBERS_EVERY, stop.clone(), || async {
            organizations::finish_provisioning(&app).await?;
            organizations::destroy_due(&app, &app.system_cx()).await?;
            organizations::end_expired_memberships(&app).await.map(drop)
        }),
    );
    if let Err(error) = flush_uses(&app).await {
        tracing::warn!(?error, "the last times of use were not written");
    }
}

/// Makes the databases that organizations still lack, and destroys the organizations whose time is over. No request waits
/// for it.
async fn go_on(app: &Arc<Tenant>) {
    let done = async {
        organizations::finish_provisioning(app).await?;
        organizations::destroy_due(app, &app.system_cx()).await
    };
    if let Err(error) = done.await {
        tracing::warn!(?error, "organizations' databases could not be looked at; the sweep goes on");
    }
}

/// Writes the times of use of sessions and API keys.
async fn flush_uses(app: &Tenant) -> Result<()> {
    sessions_verbs::flush_uses(app).await?;
    service_accounts::flush_uses(app).await.map(drop)
}

/// Sends mail when there is some: woken by commits of this node, looking every few seconds for those of others.
async fn deliver(app: Arc<Tenant>, mut stop: watch::Receiver<bool>) {
    let mut news = app.store.identity().commits();
    while !*stop.borrow() {
        news.mark_unchanged();
        if let Err(error) = events::deliver_due(&app).await {
            tracing::warn!(?error, "mail could not be sent; trying again");
        }
        tokio::select! {
            // The consumer that fills the queue is woken by the same commit: give it a moment.
            _ = news.changed() => tokio::time::sleep(Duration::from_millis(20)).await,
            () = tokio::time::sleep(MAIL_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Tells clients of sessions that ended, as [`deliver`] sends mail.
async fn tell_clients(app: Arc<Tenant>, mut stop: watch::Receiver<bool>) {
    let mut news = app.store.identity().commits();
    while !*stop.borrow() {
        news.mark_unchanged();
        if let Err(error) = clients::tell_clients(&app).await {
            tracing::warn!(?error, "clients could not be told of a sign-out; trying again");
        }
        tokio::select! {
            _ = news.changed() => {}
            () = tokio::time::sleep(CALLS_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Looks at domains that are due. Their servers may take their time, and the end does not wait for them: what was taken is
/// due again after its lease.
async fn look_at_domains(app: Arc<Tenant>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let looked = tokio::select! {
            looked = organizations::check_due_domains(&app) => looked,
            _ = stop.changed() => return,
        };
        match looked {
            // There may be more.
            Ok(1..) => continue,
            Ok(0) => {}
            Err(error) => tracing::warn!(?error, "domains could not be looked at; trying again"),
        }
        tokio::select! {
            () = tokio::time::sleep(DOMAINS_EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn every<F, Fut>(period: Duration, mut stop: watch::Receiver<bool>, job: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<()>>,
{
    while !*stop.borrow() {
        tokio::select! {
            () = tokio::time::sleep(period) => {}
            _ = stop.changed() => return,
        }
        if let Err(error) = job().await {
            tracing::warn!(?error, "a job failed; it will be tried again");
        }
    }
}

/// Removes what has served its time, and the identities whose grace period is over.
pub async fn sweep(app: &Arc<Tenant>) -> Result<()> {
    let cx = app.system_cx();
    privacy::remind_of_deletions(app).await?;
    identities::purge_due(app, &cx).await?;
    identities::advance_factor_recoveries(app).await?;
    privacy::settle_deletions(app).await?;
    privacy::remove_old_activity(app, cx.now).await?;
    privacy::remove_old_exports(app, cx.now).await?;
    identities::purge_imports(app).await?;
    organizations::destroy_due(app, &cx).await?;
    organizations::end_expired_memberships(app).await?;
    organizations::expire_invitations(app).await?;
    organizations::apply_rules(app).await?;
    organizations::finish_provisioning(app).await?;
    organizations::destroy_due(app, &cx).await?;
    sessions_verbs::note_expired(app).await?;
    service_accounts::note_expired(app).await?;
    service_accounts::end_ownerless(app).await?;
    service_accounts::purge_ended(app).await?;
    permissions::sweep(app).await?;
    rotate_due(app).await?;
    clients::remove_unused(app, &cx).await?;
    let now = cx.now;
    app.store
        .identity()
        .write(move |tx| {
            sessions::purge(tx, now.plus_seconds(-SESSIONS_KEPT), now)?;
            devices::purge(tx, now.plus_seconds(-DEVICES_KEPT))?;
            flows::purge(tx, now.plus_seconds(-FLOWS_KEPT))?;
            links::purge(tx, now)?;
            rate_cells::purge(tx, now)?;
            lockouts::purge(tx, now.plus_seconds(-DAY))?;
            slugs::free_slugs(tx, now)?;
            signing_keys::purge(tx, now)?;
            requests::purge(tx, now.plus_seconds(-DAY))?;
            initial_tokens::purge(tx, now)?;
            device_codes::purge(tx, now.plus_seconds(-DAY))?;
            pushed_requests::purge(tx, now.plus_seconds(-PUSHED_KEPT))?;
            codes::purge(tx, now.plus_seconds(-CODES_KEPT))?;
            grants::purge(tx, now.plus_seconds(-DAY))?;
            once::purge(tx, now)?;
            messages::purge(tx, now.plus_seconds(-MESSAGES_KEPT))?;
            idempotency::purge(tx, now.plus_seconds(-ANSWERS_KEPT)).map(drop)
        })
        .await
}
