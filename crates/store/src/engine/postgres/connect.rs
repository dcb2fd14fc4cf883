//! Connections: addresses, TLS, timeouts and pools.

use std::{path::Path, sync::Arc, time::Duration};

use avnology_model::{Error, Result};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_postgres::{Config, NoTls, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a caller waits for a connection of a full pool, or for a new one, unless the URL has a `connect_timeout`.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server and how to speak to it.
#[derive(Clone)]
pub(super) struct Address {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Address {
    /// Reads an URL or a key=value text. With `sslmode=require` the server's certificate is checked, against
    /// `ca_file` or else the public authorities; without it nothing is encrypted.
    pub(super) fn parse(url: &str, ca_file: Option<&Path>) -> Result<Self> {
        let mut config: Config =
            url.parse().map_err(|e| bad(&format!("the PostgreSQL URL is not valid: {e}")))?;
        let tls = match config.get_ssl_mode() {
            SslMode::Require => Some(MakeRustlsConnect::new(tls_config(ca_file)?)),
            _ => None,
        };
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        if config.get_application_name().is_none() {
            config.application_name("avnology");
        }
        config.tcp_user_timeout(Duration::from_secs(15));
        config.keepalives_idle(Duration::from_secs(15));
        config.keepalives_interval(Duration::from_secs(5));
        config.keepalives_retries(3);
        // A transaction that does not end holds back the event log, so the server ends it. A scan of a whole table, which
        // small tables invite, conflicts with every change to it (PostgreSQL's manual, 13.2.3): indexes it is, where there is one; and the cost
        // that this puts on scans must not call for compiling them.
        let ours = "-c statement_timeout=10s -c lock_timeout=5s -c idle_in_transaction_session_timeout=10s \
                    -c client_min_messages=warning \
                    -c enable_seqscan=off -c random_page_cost=1 -c jit=off";
        let options =
            config.get_options().map_or_else(|| ours.to_owned(), |theirs| format!("{ours} {theirs}"));
        config.options(options);
        Ok(Self { config, tls })
    }

    /// The database that the URL names.
    pub(super) fn database(&self) -> &str {
        self.config.get_dbname().or_else(|| self.config.get_user()).unwrap_or("postgres")
    }

    /// Another database of the same server.
    pub(super) fn with_database(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.config.dbname(name);
        other
    }

    /// A pool of at most `size` connections, made as they are wanted.
    pub(super) fn pool(&self, size: usize) -> Result<Pool> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match &self.tls {
            Some(tls) => Manager::from_config(self.config.clone(), tls.clone(), recycling),
            None => Manager::from_config(self.config.clone(), NoTls, recycling),
        };
        let patience = self.config.get_connect_timeout().copied().or(Some(PATIENCE));
        let pool = Pool::builder(manager)
            .max_size(size.max(1))
            .wait_timeout(patience)
            .create_timeout(patience)
            .recycle_timeout(patience)
            .runtime(Runtime::Tokio1)
            .build();
        pool.map_err(Error::internal)
    }
}

fn tls_config(ca_file: Option<&Path>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            let unreadable = |e: &dyn std::fmt::Display| bad(&format!("{}: {e}", path.display()));
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| unreadable(&e))? {
                roots.add(certificate.map_err(|e| unreadable(&e))?).map_err(|e| unreadable(&e))?;
            }
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(Error::internal)?.with_root_certificates(roots).with_no_client_auth())
}

fn bad(text: &str) -> Error {
    Error::internal(text.to_owned()).with_detail(text)
}
