//! Configuration: one TOML file and `AVNOLOGY_*` variables become one [`Config`], or a list of what is wrong.
//!
//! `keys` is the table everything comes from, `sources` gathers, `read` understands values, `rules` compares them
//! with one another, `show` prints. Nothing else in the house reads a variable or a configuration file.

mod encryption_key;
mod keys;
mod problem;
mod read;
mod rules;
mod show;
mod smtp_url;
mod sources;
#[cfg(test)]
mod tests;

use std::{ffi::OsString, net::SocketAddr, num::NonZeroUsize, path::Path, path::PathBuf};

use avnology_model::{identities::Email, platform::Environment};
use ipnet::IpNet;
use lettre::message::Mailbox;
use secrecy::SecretString;
use url::Url;

pub use encryption_key::{EncryptionKeys, MasterKey};
pub use keys::{Key, markdown};
pub use problem::{ConfigError, Problem};
pub use show::Shown;
pub use smtp_url::{SmtpServer, SmtpTls};
pub use sources::Source;

use crate::outbound::Allowed;

/// Everything an operator decides, understood and checked.
#[derive(Debug)]
pub struct Config {
    /// Public origin, without a path.
    pub public_url: Url,
    /// Public listener.
    pub listen: SocketAddr,
    /// Administration listener.
    pub admin_addr: SocketAddr,
    /// SQLite databases and generated keys.
    pub data_dir: PathBuf,
    /// The identity layer's PostgreSQL; `None` is SQLite.
    pub database_url: Option<SecretString>,
    /// The PostgreSQL of organizations' databases, when it is another one.
    pub org_database_url: Option<SecretString>,
    /// Master keys, or the file they are kept in.
    pub encryption_keys: EncryptionKeys,
    /// Where mail goes and in whose name; `None` logs or stores it.
    pub mail: Option<Mail>,
    /// Where text messages go; `None` sends or stores none.
    pub sms: Option<SmsWebhook>,
    /// Live or test.
    pub environment: Environment,
    /// Who becomes the first administrator.
    pub bootstrap_admin_email: Option<Email>,
    /// A tenant-level API key to install.
    pub bootstrap_api_key: Option<SecretString>,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whom we may call besides public addresses.
    pub outbound_allow: Vec<Allowed>,
    /// More certificate authorities for outgoing connections.
    pub extra_ca_file: Option<PathBuf>,
    /// Who is asked for TXT records; `None` asks the servers in charge.
    pub dns_server: Option<SocketAddr>,
    /// Where CAPTCHAs are shown and verified in place of the providers.
    pub captcha_url: Option<Url>,
    /// Breached passwords in a file.
    pub breach_file: Option<PathBuf>,
    /// Breached passwords behind a range API.
    pub breach_api: Option<Url>,
    /// What a password hash costs.
    pub password_hash: PasswordHash,
    /// Hashes at one time.
    pub password_threads: NonZeroUsize,
    /// Memory of all hashes at one time, in KiB.
    pub password_memory_kib: u64,
    /// `tracing` filter.
    pub log: String,
    /// How log lines look; `None` decides by whether a terminal reads them.
    pub log_format: Option<LogFormat>,
    shown: Vec<Shown>,
}

/// How mail leaves.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Who takes it.
    pub server: SmtpServer,
    /// Sender.
    pub from: Mailbox,
}

/// Who takes text messages.
#[derive(Clone)]
pub struct SmsWebhook {
    /// Where they are posted.
    pub url: Url,
    /// What the requests are signed with.
    pub secret: SecretString,
}

impl std::fmt::Debug for SmsWebhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmsWebhook")
            .field("url", &show::masked_url(&self.url.as_str().into()))
            .finish_non_exhaustive()
    }
}

/// What a password hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordHash {
    /// What the contract names.
    Production,
    /// The least there is, for tests.
    Cheapest,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

impl Config {
    /// Reads the configuration from `file` (else the one that `AVNOLOGY_CONFIG` names) and `environment`.
    ///
    /// Writes nothing: a missing encryption key is made by [`EncryptionKeys::load`].
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut gathered = sources::Gathered::read(file, environment);
        let config = read::config(&mut gathered);
        match config {
            Some(config) if gathered.problems.is_empty() => {
                let problems = rules::check(&config, &gathered);
                if problems.is_empty() { Ok(config) } else { Err(ConfigError(problems)) }
            }
            _ => Err(ConfigError(gathered.problems)),
        }
    }

    /// Each key with its effective value, secrets masked, and where it came from.
    pub fn shown(&self) -> &[Shown] {
        &self.shown
    }

    /// Whether the public URL leads to this machine only: development.
    pub fn is_loopback(&self) -> bool {
        rules::is_loopback(&self.public_url)
    }

    /// Whether messages are sent, logged or stored, in words.
    pub fn mail_mode(&self) -> String {
        match (&self.mail, self.environment) {
            (_, Environment::Test) => "stored, see GET /v1/outbox/messages (test environment)".to_owned(),
            (Some(mail), Environment::Live) => format!("sent by {} as {}", mail.server, mail.from.email),
            (None, Environment::Live) => "logged (no smtp_url)".to_owned(),
        }
    }

    /// Whether text messages are sent or stored, in words.
    pub fn sms_mode(&self) -> String {
        match (&self.sms, self.environment) {
            (_, Environment::Test) => "stored, see GET /v1/outbox/messages (test environment)".to_owned(),
            (Some(sms), Environment::Live) => {
                format!("posted to {}", show::masked_url(&sms.url.as_str().into()))
            }
            (None, Environment::Live) => "none (no sms_webhook_url)".to_owned(),
        }
    }

    /// The engine and where its data lies, in words, without a password.
    pub fn database(&self) -> String {
        match &self.database_url {
            Some(url) => show::masked_url(url),
            None => format!("SQLite in {}", self.data_dir.display()),
        }
    }
}
