//! The one table of configuration keys: the file reader, the unknown-key check, `config check`, `config keys` and
//! `docs/configuration.md` all come from it.

macro_rules! keys {
    ($($variant:ident = $name:literal, $kind:ident, $default:literal, $meaning:literal;)*) => {
        /// A configuration key: `name` in the file, `AVNOLOGY_NAME` in the environment.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Key {
            $(#[doc = $meaning] $variant,)*
        }

        impl Key {
            /// Every key, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in the file, as in `public_url`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// How its value is written and whether it is secret.
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind),* }
            }

            /// What holds without it, in words or as the value itself.
            pub const fn default(self) -> &'static str {
                match self { $(Self::$variant => $default),* }
            }

            /// What it does, in one or two sentences of Markdown.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }
        }
    };
}

/// How the value of a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One value.
    Plain,
    /// An array in the file, comma-separated in the environment.
    List,
    /// One value that is never shown; `NAME_file` names a file that holds it.
    Secret,
    /// A secret URL, shown without its password.
    SecretUrl,
}

keys! {
    PublicUrl = "public_url", Plain, "http://localhost:8080",
        "The public origin: issuer, and base of every link. `https`, or `http` at a loopback host (in the test environment at any host).";
    Listen = "listen", Plain, "127.0.0.1:8080",
        "Address and port of the public listener. Put TLS in front of it unless it is loopback.";
    AdminAddr = "admin_addr", Plain, "127.0.0.1:9090",
        "Address and port of the administration listener: `/metrics`, `/healthz`, `/readyz`. Never publish it.";
    DataDir = "data_dir", Plain, "./data",
        "Directory of the SQLite databases and of generated keys. Made when missing, for our user alone.";
    DatabaseUrl = "database_url", SecretUrl, "unset: SQLite in `data_dir`",
        "`postgres://user:password@host:port/name`, or `host=… dbname=…`: the identity layer's database. `?sslmode=require` encrypts and checks the server's certificate.";
    OrgDatabaseUrl = "org_database_url", SecretUrl, "the server of `database_url`",
        "`postgres://…`: the server on which organizations' databases are made. Only with `database_url`.";
    EncryptionKey = "encryption_key", Secret, "generated into `<data_dir>/encryption.key` when `public_url` is loopback, otherwise required",
        "Master key: 32 bytes in base64. A comma-separated list is newest first; older keys only open what they sealed.";
    SmtpUrl = "smtp_url", SecretUrl, "unset: messages are logged (loopback and test environment only)",
        "`smtp://`, `smtps://` or `smtp+starttls://[user:password@]host[:port]`. User and password are percent-encoded; they need TLS unless the host is loopback.";
    MailFrom = "mail_from", Plain, "required with `smtp_url`",
        "Sender of our mail: `id@example.com` or `Example <id@example.com>`.";
    SmsWebhookUrl = "sms_webhook_url", SecretUrl, "unset: no text messages (in the test environment they are stored)",
        "`https` URL of a gateway that text messages are posted to, each signed with `sms_webhook_secret`; `http` at a loopback host.";
    SmsWebhookSecret = "sms_webhook_secret", Secret, "required with `sms_webhook_url`",
        "What these requests are signed with: at least 24 characters.";
    Environment = "environment", Plain, "live",
        "`live` or `test`. In `test` messages are stored for `GET /v1/outbox/messages` instead of sent.";
    BootstrapAdminEmail = "bootstrap_admin_email", Plain, "unset",
        "As long as there is no platform administrator: the address whose first verified registration becomes one. When `public_url` is loopback, `serve` makes that account itself and prints its sign-in link.";
    BootstrapApiKey = "bootstrap_api_key", Secret, "unset",
        "A well-formed `ak_live_…` or `ak_test_…` key, installed with every scope at start.";
    TrustedProxies = "trusted_proxies", List, "none",
        "Networks (CIDR) whose `X-Forwarded-For` is believed.";
    OutboundAllow = "outbound_allow", List, "none",
        "Networks (CIDR), addresses and host names that are not public and may be called all the same where clients and organizations name the URL, such as a private identity provider. At a loopback address named here, `http` is taken for `https`. In the test environment every loopback address is.";
    ExtraCaFile = "extra_ca_file", Plain, "none",
        "PEM bundle of certificate authorities trusted for outgoing connections besides the system's; for `database_url` they alone are.";
    DnsServer = "dns_server", Plain, "unset: the servers in charge of each domain, found by the machine's resolver",
        "Address and port of a DNS server that is asked for the TXT records of domains, as in `10.0.0.2:53`: for networks that cannot ask the servers of others, and for tests.";
    CaptchaUrl = "captcha_url", Plain, "unset: the providers' own addresses",
        "Base URL of a CAPTCHA service in place of hCaptcha's and Turnstile's own: its script is at `/api.js`, tokens are verified at `/siteverify`. For proxies and for tests; `https`, or `http` at a loopback host.";
    BreachFile = "breach_file", Plain, "unset",
        "File of breached passwords' hashes, made by `avnology breach-file`. Without it and `breach_api` no password counts as breached.";
    BreachApi = "breach_api", Plain, "unset",
        "Base URL of a range API for breached passwords, such as `https://api.pwnedpasswords.com/range`; in place of `breach_file`. It sees the first five characters of a SHA-1 hash.";
    PasswordHash = "password_hash", Plain, "production",
        "`production`: Argon2id with 64 MiB, 3 passes, 4 lanes. `cheapest`: the least that Argon2id takes, for tests; refused unless `environment` is `test`.";
    PasswordThreads = "password_threads", Plain, "one for each core",
        "How many passwords are hashed at one time, 1 to 256.";
    PasswordMemory = "password_memory", Plain, "1GiB",
        "Memory that all hashes together may take, as in `512MiB`; it bounds `password_threads`.";
    Log = "log", Plain, "info",
        "`tracing` filter, as in `info,avnology_core=debug`.";
    LogFormat = "log_format", Plain, "`text` on a terminal, else `json`",
        "`text` or `json`.";
}

/// What every variable of ours begins with.
pub(super) const ENV_PREFIX: &str = "AVNOLOGY_";
/// The variable that names the file. It has no place in the file itself.
pub(super) const CONFIG_VARIABLE: &str = "AVNOLOGY_CONFIG";

impl Key {
    /// The variable, as in `AVNOLOGY_PUBLIC_URL`.
    pub fn variable(self) -> String {
        format!("{ENV_PREFIX}{}", self.name().to_ascii_uppercase())
    }

    /// Whether the value is never shown whole.
    pub const fn is_secret(self) -> bool {
        matches!(self.kind(), Kind::Secret | Kind::SecretUrl)
    }

    /// The key that a name of the file means, and whether it is its `_file` form.
    pub fn of_file_name(name: &str) -> Option<(Self, bool)> {
        Self::ALL.iter().copied().find_map(|key| match name.strip_prefix(key.name()) {
            Some("") => Some((key, false)),
            Some("_file") if key.is_secret() => Some((key, true)),
            _ => None,
        })
    }

    /// The key that a variable means, and whether it is its `_FILE` form.
    pub fn of_variable(variable: &str) -> Option<(Self, bool)> {
        let name = variable.strip_prefix(ENV_PREFIX)?;
        if name.bytes().any(|b| b.is_ascii_lowercase()) {
            return None;
        }
        Self::of_file_name(&name.to_ascii_lowercase())
    }

    /// Every name that may stand in the file.
    pub fn file_names() -> Vec<String> {
        let secret_files = Self::ALL.iter().filter(|k| k.is_secret()).map(|k| format!("{}_file", k.name()));
        Self::ALL.iter().map(|k| k.name().to_owned()).chain(secret_files).collect()
    }
}

/// The reference of `docs/configuration.md`: a Markdown table of every key.
pub fn markdown() -> String {
    let mut text = String::from("| Key in the file | Variable | Default | Meaning |\n|---|---|---|---|\n");
    for key in Key::ALL {
        let default = match key.default() {
            words if words.contains(['`', ' ']) || ["unset", "none"].contains(&words) => words.to_owned(),
            value => format!("`{value}`"),
        };
        let secret = if key.is_secret() { " *(secret)*" } else { "" };
        let row =
            format!("| `{}`{secret} | `{}` | {default} | {} |\n", key.name(), key.variable(), key.meaning());
        text.push_str(&row);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_holds_the_table_of_keys_as_it_is() {
        let page = include_str!("../../../../docs/configuration.md");
        assert!(page.contains(&markdown()), "docs/configuration.md: replace its table by:\n{}", markdown());
    }

    #[test]
    fn every_key_is_found_by_its_names_and_only_secrets_have_a_file_form() {
        for key in Key::ALL {
            assert_eq!(Key::of_file_name(key.name()), Some((*key, false)));
            assert_eq!(Key::of_variable(&key.variable()), Some((*key, false)));
            let file = Key::of_variable(&format!("{}_FILE", key.variable()));
            assert_eq!(file, key.is_secret().then_some((*key, true)));
        }
        assert_eq!(Key::of_variable("AVNOLOGY_public_url"), None);
    }
}
