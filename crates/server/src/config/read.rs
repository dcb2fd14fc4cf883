//! Understands each value by itself.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, str::FromStr};

use avnology_model::{identities::Email, platform::Environment, secret_token::SecretToken};
use ipnet::IpNet;
use lettre::message::Mailbox;
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::{
    Config, EncryptionKeys, Key, LogFormat, Mail, PasswordHash, Problem, SmsWebhook, Source, encryption_key,
    show, smtp_url::SmtpServer, sources::Gathered,
};
use crate::outbound::Allowed;

/// What is wrong with a value and what to write instead. The first part must not show a secret.
pub(super) type Refusal = (String, &'static str);

/// The configuration; `None` when a problem was noted on the way.
pub(super) fn config(gathered: &mut Gathered) -> Option<Config> {
    let shown = show::all(gathered);
    let mut r = Reader(gathered);
    // Every value is read before any is given up, so that all problems are told at once.
    let public_url = r.required(Key::PublicUrl, origin);
    let listen = r.required(Key::Listen, socket_addr);
    let admin_addr = r.required(Key::AdminAddr, socket_addr);
    let data_dir = r.required(Key::DataDir, |text| Ok(PathBuf::from(text)));
    let database_url = r.optional(Key::DatabaseUrl, postgres_url);
    let org_database_url = r.optional(Key::OrgDatabaseUrl, postgres_url);
    let keys = r.optional(Key::EncryptionKey, encryption_key::parse);
    let smtp = r.optional(Key::SmtpUrl, SmtpServer::parse);
    let from = r.optional(Key::MailFrom, mailbox);
    let sms_url = r.optional(Key::SmsWebhookUrl, webhook_url);
    let sms_secret = r.optional(Key::SmsWebhookSecret, webhook_secret);
    let environment = r.required(Key::Environment, environment);
    let bootstrap_admin_email = r.optional(Key::BootstrapAdminEmail, email);
    let bootstrap_api_key = r.optional(Key::BootstrapApiKey, api_key);
    let trusted_proxies = r.list(Key::TrustedProxies, network);
    let outbound_allow = r.list(Key::OutboundAllow, allowed);
    let extra_ca_file = r.optional(Key::ExtraCaFile, readable_file);
    let dns_server = r.optional(Key::DnsServer, socket_addr);
    let captcha_url = r.optional(Key::CaptchaUrl, captcha_url);
    let breach_file = r.optional(Key::BreachFile, readable_file);
    let breach_api = r.optional(Key::BreachApi, http_url);
    let password_hash = r.required(Key::PasswordHash, password_hash);
    let threads = r.optional(Key::PasswordThreads, thread_count);
    let password_memory_kib = r.required(Key::PasswordMemory, size_kib);
    let log = r.required(Key::Log, log_filter);
    let log_format = r.optional(Key::LogFormat, log_format);

    let data_dir = data_dir?;
    let encryption_keys = keys.map_or_else(|| EncryptionKeys::in_dir(&data_dir), EncryptionKeys::Given);
    Some(Config {
        public_url: public_url?,
        listen: listen?,
        admin_addr: admin_addr?,
        data_dir,
        database_url,
        org_database_url,
        encryption_keys,
        mail: smtp.zip(from).map(|(server, from)| Mail { server, from }),
        sms: sms_url.zip(sms_secret).map(|(url, secret)| SmsWebhook { url, secret }),
        environment: environment?,
        bootstrap_admin_email,
        bootstrap_api_key,
        trusted_proxies,
        outbound_allow,
        extra_ca_file,
        dns_server,
        captcha_url,
        breach_file,
        breach_api,
        password_hash: password_hash?,
        password_threads: threads.unwrap_or_else(cores),
        password_memory_kib: password_memory_kib?,
        log: log?,
        log_format,
        shown,
    })
}

struct Reader<'a>(&'a mut Gathered);

impl Reader<'_> {
    /// The value written, if any and if it can be understood.
    fn optional<T>(&mut self, key: Key, parse: impl FnOnce(&str) -> Result<T, Refusal>) -> Option<T> {
        let written = self.0.values.get(&key)?;
        let parsed = parse(&written.text());
        self.note(key, parsed)
    }

    /// The value written, else the default of the table.
    fn required<T>(&mut self, key: Key, parse: impl FnOnce(&str) -> Result<T, Refusal>) -> Option<T> {
        let text =
            self.0.values.get(&key).map_or_else(|| key.default().to_owned(), super::sources::Written::text);
        let parsed = parse(&text);
        self.note(key, parsed)
    }

    fn list<T>(&mut self, key: Key, parse: impl Fn(&str) -> Result<T, Refusal>) -> Vec<T> {
        let items = self.0.values.get(&key).map(|w| w.items.clone()).unwrap_or_default();
        items.iter().filter_map(|item| self.note(key, parse(item))).collect()
    }

    fn note<T>(&mut self, key: Key, parsed: Result<T, Refusal>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err((what, remedy)) => {
                let source = self.0.values.get(&key).map_or(Source::Default, |w| w.source.clone());
                self.0.problems.push(Problem::of(key, &source, what, remedy));
                None
            }
        }
    }
}

fn origin(text: &str) -> Result<Url, Refusal> {
    let remedy = "Write an origin, as in https://id.example.com.";
    let url = Url::parse(text).map_err(|e| (format!("`{text}` is no URL ({e})."), remedy))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err((format!("`{}:` is no web address.", url.scheme()), remedy));
    }
    let has_more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
    if has_more || !url.username().is_empty() || url.password().is_some() {
        let what = "it has more than scheme, host and port.".to_owned();
        return Err((what, "Leave out path, query, fragment and user."));
    }
    Ok(url)
}

fn socket_addr(text: &str) -> Result<SocketAddr, Refusal> {
    // `localhost` is worth knowing; other names could move under a running server.
    let text =
        text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    text.parse().map_err(|_| {
        (
            format!("`{text}` is no address with a port."),
            "Write an IP address and a port, as in 0.0.0.0:8080 or [::]:8080.",
        )
    })
}

fn postgres_url(text: &str) -> Result<SecretString, Refusal> {
    let remedy = "Write postgres://user:password@host:5432/name, or host=… dbname=….";
    if !text.contains("://") && text.contains("host=") && text.contains("dbname=") {
        return Ok(text.into());
    }
    let url = Url::parse(text).map_err(|e| (format!("it is no URL ({e})."), remedy))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err((format!("`{}:` is no PostgreSQL address.", url.scheme()), remedy));
    }
    Ok(text.into())
}

fn mailbox(text: &str) -> Result<Mailbox, Refusal> {
    let remedy = "Write an address, as in Example <id@example.com>.";
    if text.chars().any(char::is_control) {
        return Err(("it holds a control character.".to_owned(), remedy));
    }
    Mailbox::from_str(text).map_err(|e| (format!("`{text}` is no sender ({e})."), remedy))
}

fn environment(text: &str) -> Result<Environment, Refusal> {
    Environment::parse(text).ok_or_else(|| (format!("`{text}` is no environment."), "Write live or test."))
}

fn email(text: &str) -> Result<Email, Refusal> {
    Email::parse(text).map_err(|_| {
        (format!("`{text}` is no e-mail address."), "Write one address, as in admin@example.com.")
    })
}

fn api_key(text: &str) -> Result<SecretString, Refusal> {
    let remedy = "Write ak_live_ or ak_test_, 43 base62 characters and their 6-character check.";
    match SecretToken::parse(text) {
        Some(token) if token.expose().starts_with("ak_") => Ok(text.into()),
        Some(_) => Err(("it is another kind of secret.".to_owned(), remedy)),
        None => Err(("it is no well-formed API key: prefix, length or check is wrong.".to_owned(), remedy)),
    }
}

fn network(text: &str) -> Result<IpNet, Refusal> {
    let one_address = || text.parse().ok().map(|ip: std::net::IpAddr| IpNet::from(ip));
    text.parse().ok().or_else(one_address).ok_or_else(|| {
        (format!("`{text}` is no network."), "Write networks as in 10.0.0.0/8, fd00::/8 or 192.0.2.1.")
    })
}

fn allowed(text: &str) -> Result<Allowed, Refusal> {
    Allowed::parse(text).ok_or_else(|| {
        (
            format!("`{text}` is neither a network nor a host name."),
            "Write them as in 10.0.0.0/8, 192.0.2.1 or idp.internal.",
        )
    })
}

fn readable_file(text: &str) -> Result<PathBuf, Refusal> {
    match std::fs::File::open(text).and_then(|file| file.metadata()) {
        Ok(metadata) if metadata.is_file() => Ok(PathBuf::from(text)),
        Ok(_) => Err((format!("{text} is no file."), "Name a file.")),
        Err(e) => Err((format!("{text} cannot be read ({e})."), "Name a file that we may read.")),
    }
}

fn http_url(text: &str) -> Result<Url, Refusal> {
    let remedy = "Write a base URL, as in https://api.pwnedpasswords.com/range.";
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        Ok(url) => Err((format!("`{}:` is no web address.", url.scheme()), remedy)),
        Err(e) => Err((format!("`{text}` is no URL ({e})."), remedy)),
    }
}

fn captcha_url(text: &str) -> Result<Url, Refusal> {
    let remedy = "Write a base URL, as in https://captcha.example.com.";
    match Url::parse(text) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") || !url.has_host() => {
            Err((format!("`{}:` is no web address.", url.scheme()), remedy))
        }
        Ok(url) if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() => {
            Err(("it holds more than scheme, host and path.".to_owned(), remedy))
        }
        Ok(url) => Ok(url),
        Err(e) => Err((format!("`{text}` is no URL ({e})."), remedy)),
    }
}

fn webhook_url(text: &str) -> Result<Url, Refusal> {
    let remedy = "Write a URL, as in https://sms.example.com/send.";
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        Ok(url) => Err((format!("`{}:` is no web address.", url.scheme()), remedy)),
        Err(e) => Err((format!("it is no URL ({e})."), remedy)),
    }
}

fn webhook_secret(text: &str) -> Result<SecretString, Refusal> {
    if text.chars().count() < 24 {
        return Err((
            "it is too short.".to_owned(),
            "Write at least 24 characters, as `openssl rand -hex 32` makes.",
        ));
    }
    Ok(text.into())
}

fn password_hash(text: &str) -> Result<PasswordHash, Refusal> {
    match text {
        "production" => Ok(PasswordHash::Production),
        "cheapest" => Ok(PasswordHash::Cheapest),
        _ => Err((format!("`{text}` is no cost."), "Write production or cheapest.")),
    }
}

fn thread_count(text: &str) -> Result<NonZeroUsize, Refusal> {
    let count = text.parse().ok().filter(|n: &NonZeroUsize| n.get() <= 256);
    count.ok_or_else(|| (format!("`{text}` is no number from 1 to 256."), "Write a number, or leave it out."))
}

/// Reads `64MiB`, `1GiB` or `65536KiB`.
fn size_kib(text: &str) -> Result<u64, Refusal> {
    let units = [("KiB", 1), ("MiB", 1024), ("GiB", 1024 * 1024)];
    let read = units.iter().find_map(|(unit, kib)| {
        let number: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
        number.checked_mul(*kib).filter(|n| *n > 0)
    });
    read.ok_or_else(|| (format!("`{text}` is no size."), "Write a number and KiB, MiB or GiB, as in 512MiB."))
}

fn log_filter(text: &str) -> Result<String, Refusal> {
    let remedy = "Write a level, as in info, or levels of modules, as in info,avnology_core=debug.";
    match EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(e) => Err((format!("`{text}` is no filter ({e})."), remedy)),
    }
}

fn log_format(text: &str) -> Result<LogFormat, Refusal> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err((format!("`{text}` is no format."), "Write text or json.")),
    }
}

fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}
