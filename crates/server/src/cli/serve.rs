//! `avnology serve`.

use std::{io::Write as _, sync::Arc};

use avnology_core::{Tenant, identities};
use clap::Args;

use super::Failure;
use crate::{
    admin_listener,
    config::{Config, Key, LogFormat},
    limits,
    serve::{self, Drained, Limits, Stop},
    telemetry::{self, Metrics},
    wiring::{self, Jobs, Parts},
};

/// The administration listener serves a scraper and a probe or two.
const ADMIN_CONNECTIONS: usize = 64;

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Refuse to start when migrations are pending, instead of applying them.
    #[arg(long)]
    no_migrate: bool,
}

pub(super) async fn run(config: Config, options: Options) -> Result<(), Failure> {
    telemetry::start_log(&config.log, config.log_format)?;
    // Ports first: a second server on this machine learns at once that there is one, before it touches a database.
    let public = serve::bind(Key::Listen, config.listen).await?;
    let admin = serve::bind(Key::AdminAddr, config.admin_addr).await?;
    let metrics = Metrics::install()?;
    let stop = Stop::default();
    serve::on_signal(&stop)?;
    let open_files = limits::raise_open_files();

    let parts = Parts { migrate: !options.no_migrate, ..Parts::of(&config)? };
    let app = wiring::open(&config, parts).await?;
    let kit = wiring::kit(&app, &config)?;
    let first_link = first_admin(&app, &config).await?;
    let jobs = Jobs::start(&app);
    let metrics = metrics.with_sample(sample(&app));
    tokio::spawn(metrics.clone().upkeep());

    let admin_stop = Stop::default();
    let admin_router = admin_listener::router(Arc::clone(&app), metrics, stop.clone());
    let admin_limits = Limits { connections: ADMIN_CONNECTIONS, ..Limits::default() };
    let admin_task =
        tokio::spawn(serve::serve(admin, move |_| admin_router.clone(), admin_limits, admin_stop.clone()));

    greet(&config, first_link.as_deref())?;
    let limits = Limits { connections: limits::most_connections(open_files), ..Limits::default() };
    let drained = serve::serve(public, move |peer| kit.with_peer(peer), limits, stop).await;

    jobs.stop().await;
    app.store.close().await?;
    admin_stop.now();
    if let Err(error) = admin_task.await {
        tracing::warn!(%error, "the administration listener broke off");
    }
    tracing::info!(
        requests = if drained == Drained::Whole { "all finished" } else { "some cut off" },
        "stopped"
    );
    Ok(())
}

/// The sign-in link of the first administrator, where there was none and a developer asked for one. On a public
/// server the address must first be proven, so there `core` waits for its registration.
async fn first_admin(app: &Tenant, config: &Config) -> Result<Option<String>, Failure> {
    let Some(email) = config.bootstrap_admin_email.as_ref().filter(|_| config.is_loopback()) else {
        return Ok(None);
    };
    let created = identities::ensure_first_admin(app, &app.system_cx(), email.as_str()).await?;
    Ok(created.map(|created| created.link))
}

/// Gauges of the tenant, set before each rendering.
fn sample(app: &Arc<Tenant>) -> impl Fn() + Send + Sync + 'static {
    let app = Arc::clone(app);
    let number = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    metrics::describe_gauge!("avnology_password_hashes_waiting", "Passwords that wait for a thread");
    metrics::describe_gauge!("avnology_password_hashes_running", "Passwords being hashed");
    metrics::describe_gauge!(
        "avnology_organization_databases_open",
        "Organizations' databases that are open"
    );
    metrics::describe_counter!("avnology_password_hashes_total", "Passwords hashed since the start");
    move || {
        metrics::gauge!("avnology_password_hashes_waiting").set(number(app.hasher.queue_length()));
        metrics::gauge!("avnology_password_hashes_running").set(number(app.hasher.in_flight()));
        metrics::counter!("avnology_password_hashes_total").absolute(app.hasher.finished());
        metrics::gauge!("avnology_organization_databases_open").set(number(app.store.open_orgs()));
    }
}

/// Says where we are. The link is a secret: it goes to standard output, never into the log.
fn greet(config: &Config, first_link: Option<&str>) -> Result<(), Failure> {
    let url = config.public_url.as_str().trim_end_matches('/');
    let (database, mail, sms) = (config.database(), config.mail_mode(), config.sms_mode());
    let is_text = telemetry::format(config.log_format) == LogFormat::Text;
    if is_text {
        let mut err = std::io::stderr().lock();
        writeln!(err, "\n  Avnology ID {}\n", env!("CARGO_PKG_VERSION"))?;
        writeln!(err, "  URL          {url}  (listening at {})", config.listen)?;
        writeln!(err, "  Database     {database}")?;
        writeln!(err, "  Environment  {}", config.environment)?;
        writeln!(err, "  Mail         {mail}")?;
        writeln!(err, "  Texts        {sms}")?;
        writeln!(err, "  Metrics      http://{}/metrics\n", config.admin_addr)?;
    } else {
        let (listen, environment) = (config.listen, config.environment);
        tracing::info!(url, %listen, database, %environment, mail, sms, "serving");
    }
    if let Some(link) = first_link {
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "First administrator: sign in with this link (it works once, for 24 hours):\n{link}\n"
        )?;
        out.flush()?;
    }
    Ok(())
}
