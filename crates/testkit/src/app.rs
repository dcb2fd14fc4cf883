//! The whole app in one process, put together by the same functions as the real one.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use avnology_core::{Clock as _, Tenant};
use avnology_http::Kit;
use avnology_model::{
    Timestamp,
    secret_token::{SecretKind, SecretToken},
};
use avnology_server::{
    config::{Config, PasswordHash},
    wiring::{self, Parts},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Client, Engine, FakeClock, Mailbox, SeededEntropy, Web, dns::DnsServer, postgres::ThrowawayPostgres,
};

/// Where the app lives.
pub const ORIGIN: &str = "https://id.example.com";

/// What an app is put together from.
#[derive(Clone, Debug)]
pub struct Setup {
    engine: Engine,
    is_live: bool,
    hash: PasswordHash,
    variables: Vec<(String, String)>,
    seed: u64,
}

impl Setup {
    /// A test environment on this engine.
    pub fn on(engine: Engine) -> Self {
        Self { engine, is_live: false, hash: PasswordHash::Cheapest, variables: Vec::new(), seed: 1 }
    }

    /// The live environment.
    #[must_use]
    pub fn live(mut self) -> Self {
        self.is_live = true;
        self
    }

    /// With the password hash of production, which takes its time.
    #[must_use]
    pub fn with_production_hash(mut self) -> Self {
        self.hash = PasswordHash::Production;
        self
    }

    /// Another tenant than all others: its keys are drawn from other numbers.
    #[must_use]
    pub fn drawing(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// A variable of the configuration besides.
    #[must_use]
    pub fn with(mut self, variable: &str, value: &str) -> Self {
        self.variables.push((variable.to_owned(), value.to_owned()));
        self
    }

    fn config(&self, data_dir: &Path, database: Option<&str>, dns: &DnsServer) -> Config {
        let environment = if self.is_live { "live" } else { "test" };
        let (data_dir, dns) = (data_dir.to_string_lossy(), dns.address().to_string());
        let (master, key) = (BASE64_STANDARD.encode([7; 32]), admin_token(self.is_live));
        let mut variables = vec![
            ("AVNOLOGY_PUBLIC_URL", ORIGIN),
            ("AVNOLOGY_DATA_DIR", &data_dir),
            ("AVNOLOGY_ENVIRONMENT", environment),
            ("AVNOLOGY_ENCRYPTION_KEY", &master),
            ("AVNOLOGY_BOOTSTRAP_API_KEY", key.expose()),
            ("AVNOLOGY_SMTP_URL", "smtps://mail.example.com"),
            ("AVNOLOGY_MAIL_FROM", "id@example.com"),
            ("AVNOLOGY_PASSWORD_THREADS", "2"),
            ("AVNOLOGY_DNS_SERVER", &dns),
        ];
        variables.extend(database.map(|url| ("AVNOLOGY_DATABASE_URL", url)));
        variables.extend(self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let variables =
            variables.into_iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let mut config = Config::load(None, variables).unwrap_or_else(|e| panic!("the configuration: {e}"));
        // A live tenant may not be configured so; its tests must be quick all the same.
        config.password_hash = self.hash;
        config
    }
}

/// The operator's key of an environment.
fn admin_token(is_live: bool) -> SecretToken {
    let kind = if is_live { SecretKind::LiveKey } else { SecretKind::TestKey };
    SecretToken::new(kind, &[11; 32])
}

/// A whole app. Clones are the same app.
#[derive(Clone)]
pub struct TestApp(Arc<Inner>);

struct Inner {
    tenant: Arc<Tenant>,
    kit: Kit,
    clock: Arc<FakeClock>,
    mailbox: Mailbox,
    setup: Setup,
    database: Option<String>,
    data_dir: PathBuf,
    directory: Arc<TempDir>,
    dns: DnsServer,
    web: Web,
}

/// What nodes of one app have in common.
struct Outside {
    database: Option<String>,
    clock: Arc<FakeClock>,
    dns: DnsServer,
    web: Web,
}

impl TestApp {
    /// Starts an app with nothing in it.
    pub async fn start(setup: Setup) -> Self {
        let directory = Arc::new(directory());
        let database = match setup.engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(ThrowawayPostgres::shared().create_database()),
        };
        let data_dir = directory.path().join("data");
        let (clock, web) = (Arc::default(), Web::default());
        let outside = Outside { database, clock, dns: DnsServer::start().await, web };
        let seed = setup.seed;
        Self::open(setup, data_dir, directory, outside, seed).await
    }

    /// Another node of the same app on the same database, with the same clock and memory of its own. PostgreSQL only.
    pub async fn second_node(&self) -> Self {
        let inner = &self.0;
        assert!(inner.database.is_some(), "SQLite has one node");
        let directory = Arc::new(directory());
        let data_dir = directory.path().join("data");
        let outside = Outside {
            database: inner.database.clone(),
            clock: Arc::clone(&inner.clock),
            dns: inner.dns.clone(),
            web: inner.web.clone(),
        };
        Self::open(inner.setup.clone(), data_dir, directory, outside, 2).await
    }

    /// The same app after a stop and a start, on the same data. Clients of the stopped one must be gone.
    pub async fn restarted(self) -> Self {
        self.tenant().store.close().await.expect("the store closes");
        let inner = Arc::into_inner(self.0).expect("nobody else has the app");
        let Inner { setup, data_dir, directory, database, clock, dns, web, tenant, kit, .. } = inner;
        drop(kit);
        drop(tenant);
        Self::open(setup, data_dir, directory, Outside { database, clock, dns, web }, 3).await
    }

    async fn open(
        setup: Setup,
        data_dir: PathBuf,
        directory: Arc<TempDir>,
        outside: Outside,
        seed: u64,
    ) -> Self {
        let Outside { database, clock, dns, web } = outside;
        let config = setup.config(&data_dir, database.as_deref(), &dns);
        let mailbox = Mailbox::default();
        let texts =
            avnology_server::sms::transport(&config, &(clock.clone() as Arc<dyn avnology_core::Clock>));
        let parts = Parts {
            texts: texts.expect("a way for texts"),
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::new(seed)),
            mail: setup
                .is_live
                .then(|| Arc::new(mailbox.clone()) as Arc<dyn avnology_core::ports::MailTransport>),
            outbound: Arc::new(web.clone()),
            migrate: true,
        };
        let tenant =
            wiring::open(&config, parts).await.unwrap_or_else(|e| panic!("the app does not open: {e:?}"));
        let kit = wiring::kit(&tenant, &config).unwrap_or_else(|e| panic!("the routes collide: {e:?}"));
        Self(Arc::new(Inner { tenant, kit, clock, mailbox, setup, database, data_dir, directory, dns, web }))
    }

    /// The tenant behind it.
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.0.tenant
    }

    /// The service that answers.
    pub fn kit(&self) -> Kit {
        self.0.kit.clone()
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The clock.
    pub fn clock(&self) -> &FakeClock {
        &self.0.clock
    }

    /// Moves the clock forward.
    pub fn advance(&self, seconds: i64) {
        self.0.clock.advance(seconds);
    }

    /// The name server that it asks.
    pub fn dns(&self) -> &DnsServer {
        &self.0.dns
    }

    /// The web outside, which it calls for clients.
    pub fn web(&self) -> &Web {
        &self.0.web
    }

    /// Looks at every domain that is due.
    pub async fn check_domains(&self) {
        let tenant = self.tenant();
        while avnology_core::organizations::check_due_domains(tenant).await.expect("a look") > 0 {}
    }

    /// The directory of its files.
    pub fn data_dir(&self) -> &Path {
        &self.0.data_dir
    }

    /// Where it keeps its data.
    pub fn engine(&self) -> Engine {
        self.0.setup.engine
    }

    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.0.mailbox
    }

    /// A program without credentials or cookies.
    pub fn program(&self) -> Client {
        Client::program(self, None)
    }

    /// A browser on one of our pages, with a cookie jar of its own.
    pub fn browser(&self) -> Client {
        Client::browser(self)
    }

    /// A program with the operator's API key.
    pub fn admin_key(&self) -> Client {
        Client::program(self, Some(admin_token(self.0.setup.is_live).expose()))
    }

    /// The operator's key of the other environment, which this one refuses.
    pub fn foreign_key(&self) -> Client {
        Client::program(self, Some(admin_token(!self.0.setup.is_live).expose()))
    }

    /// Changes settings of the tenant.
    pub async fn settings(&self, patch: Value) {
        self.admin_key().patch("/v1/tenant").json(&patch).await.ok();
    }

    /// Limits one bucket to so many in so many seconds.
    pub async fn limit(&self, bucket: &str, limit: u32, window_seconds: u32) {
        self.settings(
            json!({ "rate_limits": { bucket: { "limit": limit, "window_seconds": window_seconds } } }),
        )
        .await;
    }

    /// Waits for the databases of organizations that were made: on a busy machine one may take longer than its maker waits.
    pub async fn finish_organizations(&self) {
        avnology_core::organizations::finish_provisioning(self.tenant()).await.expect("their databases");
    }

    /// Runs the sweeping job once.
    pub async fn sweep(&self) {
        avnology_core::platform::sweep(self.tenant()).await.expect("a sweep");
    }
}

/// In memory where the machine offers that: a test does not need to survive a power cut.
fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a directory")
}
