//! Plugs everything together: configuration, databases, keys, mail and clocks into a tenant, its routes into a kit.
//!
//! Tests use the same functions with other parts, so that what they prove is what runs.

use std::{path::Path, sync::Arc, time::Duration};

use avnology_core::{
    Clock, Cx, Entropy, OsEntropy, SystemClock, Tenant, TenantConfig, TenantParts,
    credentials::{Breaches, HasherConfig, PasswordHasher},
    platform::{self, Keys, MasterKeys},
    ports::{MailTransport, OutboundCalls, TextTransport},
    service_accounts,
};
use avnology_http::{Kit, KitConfig, Route};
use avnology_model::{Error, Result, Timestamp, credentials::ArgonCost, platform::Environment};
use avnology_store::{Placement, Store, StoreConfig};
use secrecy::ExposeSecret;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    captcha,
    config::{Config, PasswordHash},
    dns::Dns,
    health,
    mail::{LetterComposer, SmtpTransport},
    outbound::{Calls, extra_roots, http_client, told},
    sms,
};

/// How many more passwords may wait than are hashed at one time, for each thread.
const WAITING: usize = 16;
/// How long the service that knows breached passwords may take.
const BREACH_TIMEOUT: Duration = Duration::from_secs(3);

/// What a tenant gets from outside that tests replace.
pub struct Parts {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Carries mail; `None` logs it.
    pub mail: Option<Arc<dyn MailTransport>>,
    /// Carries text messages; `None` offers none.
    pub texts: Option<Arc<dyn TextTransport>>,
    /// Calls URLs that clients and organizations choose.
    pub outbound: Arc<dyn OutboundCalls>,
    /// Whether pending migrations are applied.
    pub migrate: bool,
}

impl Parts {
    /// The machine's clock and generator, and the mail server of the configuration.
    ///
    /// # Errors
    /// When the certificate authorities for mail and texts cannot be read.
    pub fn of(config: &Config) -> Result<Self> {
        let mail = match &config.mail {
            Some(mail) if config.environment == Environment::Live => {
                let roots = extra_roots(config).map_err(told)?;
                let host = config.public_url.host_str().unwrap_or("localhost");
                let transport: Arc<dyn MailTransport> =
                    Arc::new(SmtpTransport::new(mail, host, roots.as_deref())?);
                Some(transport)
            }
            _ => None,
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let texts = sms::transport(config, &clock)?;
        let outbound = Arc::new(Calls::new(config)?);
        Ok(Self { clock, entropy: Arc::new(OsEntropy), mail, texts, outbound, migrate: true })
    }
}

/// A tenant ready to serve: databases migrated, keys open, settings read, the operator's API key installed.
///
/// # Errors
/// With a `detail` for the operator where there is something to do.
pub async fn open(config: &Config, parts: Parts) -> Result<Arc<Tenant>> {
    // Another provider may have been chosen by whoever embeds us: that is theirs to decide.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let Parts { clock, entropy, mail, texts, outbound, migrate } = parts;
    let now = clock.now();
    let masters = MasterKeys::new(&config.encryption_keys.load(&*entropy).map_err(told)?)?;
    let store = Store::open(store_config(config, now, migrate)).await?;
    let cx = Cx::system(now, Arc::clone(&entropy));
    let tenant = Tenant::new(TenantParts {
        keys: Keys::load(&store, masters, &cx).await?,
        config: TenantConfig {
            public_url: config.public_url.clone(),
            environment: config.environment,
            bootstrap_admin_email: config.bootstrap_admin_email.as_ref().map(ToString::to_string),
            bootstrap_api_key: config.bootstrap_api_key.clone(),
        },
        hasher: PasswordHasher::new(hasher_config(config))?,
        breaches: breaches(config)?,
        composer: Arc::new(LetterComposer::new(Arc::clone(&clock))),
        mail,
        texts,
        dns: Arc::new(Dns::new(config.dns_server)),
        captcha: Arc::new(captcha::Verifier::new(config)?),
        outbound,
        clock,
        entropy,
        settings: platform::load_settings(&store).await?,
        store,
    });
    if let Some(key) = &config.bootstrap_api_key {
        service_accounts::install_bootstrap_key(&tenant, &cx, key.expose_secret()).await?;
    }
    Ok(Arc::new(tenant))
}

/// Every route of the public listener: the API, the pages, health.
pub fn routes() -> Vec<Route> {
    let mut routes = avnology_api::routes();
    routes.extend(avnology_pages::routes());
    routes.extend(health::routes());
    routes
}

/// The service that answers requests to this tenant.
///
/// # Errors
/// When two routes collide.
pub fn kit(app: &Arc<Tenant>, config: &Config) -> Result<Kit> {
    let kit_config = KitConfig {
        trusted_proxies: config.trusted_proxies.clone(),
        html_error: Some(avnology_pages::html_error(Arc::clone(app))),
    };
    avnology_http::router(Arc::clone(app), routes(), kit_config)
}

/// The jobs of a tenant while they run.
pub struct Jobs {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Jobs {
    /// Starts them.
    pub fn start(app: &Arc<Tenant>) -> Self {
        let (stop, asked) = watch::channel(false);
        Self { stop, task: tokio::spawn(platform::run_jobs(Arc::clone(app), asked)) }
    }

    /// Ends them after the step they are at, and writes what is still in memory.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the jobs broke off");
        }
    }
}

/// Where the databases are.
pub(crate) fn store_config(config: &Config, now: Timestamp, migrate: bool) -> StoreConfig {
    let mut store = StoreConfig::new(&config.data_dir, now);
    if let Some(url) = &config.database_url {
        store = store.on_postgres(url.expose_secret());
    }
    if let Some(url) = &config.org_database_url {
        store.organizations = Placement::Postgres { url: url.expose_secret().to_owned() };
    }
    store.pg_ca_file.clone_from(&config.extra_ca_file);
    store.migrate = migrate;
    store
}

/// What password hashing may cost.
pub(crate) fn hasher_config(config: &Config) -> HasherConfig {
    let threads = config.password_threads.get();
    let cost = match config.password_hash {
        PasswordHash::Production => ArgonCost::PRODUCTION,
        PasswordHash::Cheapest => ArgonCost::CHEAPEST,
    };
    HasherConfig { cost, threads, memory_budget_kib: config.password_memory_kib, queue: threads * WAITING }
}

fn breaches(config: &Config) -> Result<Breaches> {
    match (&config.breach_file, &config.breach_api) {
        (Some(path), _) => Breaches::from_file(path).map_err(|e| named(path, e)),
        (None, Some(url)) => {
            let client = reqwest::Client::builder().timeout(BREACH_TIMEOUT).user_agent("Avnology-ID");
            let roots = extra_roots(config).map_err(told)?;
            Ok(Breaches::range_api(url, http_client(client, roots.as_deref())?))
        }
        (None, None) => Ok(Breaches::none()),
    }
}

fn named(path: &Path, error: Error) -> Error {
    let text = format!("the breach file {}: {error:?}", path.display());
    error.with_detail(text)
}
