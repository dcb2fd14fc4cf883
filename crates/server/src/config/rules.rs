//! What one value demands of another.

use avnology_model::platform::Environment;
use secrecy::ExposeSecret;
use url::{Host, Url};

use super::{Config, EncryptionKeys, Key, PasswordHash, Problem, SmtpTls, Source, sources::Gathered};

/// Everything that does not go together.
pub(super) fn check(config: &Config, gathered: &Gathered) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut refuse = |key: Key, what: &str, remedy: &str| {
        let source = gathered.values.get(&key).map_or(Source::Default, |w| w.source.clone());
        found.push(Problem::of(key, &source, what, remedy));
    };
    let is_set = |key: Key| gathered.values.contains_key(&key);
    let is_loopback = is_loopback(&config.public_url);
    let is_test = config.environment == Environment::Test;

    if config.public_url.scheme() == "http" && !is_loopback && !is_test {
        refuse(
            Key::PublicUrl,
            "plain http would send session cookies in the clear.",
            "Write https:// and put TLS in front of us.",
        );
    }
    if matches!(config.encryption_keys, EncryptionKeys::InFile(_)) && !is_loopback {
        let remedy =
            "Set it to the output of `openssl rand -base64 32`, and keep a copy outside this machine.";
        refuse(Key::EncryptionKey, "it is required, because the public URL is not loopback.", remedy);
    }
    match (is_set(Key::SmtpUrl), is_set(Key::MailFrom)) {
        (true, false) => {
            refuse(Key::MailFrom, "it is required with smtp_url.", "Set the sender, as in id@example.com.");
        }
        (false, false) if !is_loopback && !is_test => {
            let what = "it is required, because the public URL is not loopback: nobody could get a code.";
            refuse(
                Key::SmtpUrl,
                what,
                "Set it, as in smtps://user:password@smtp.example.com, and mail_from.",
            );
        }
        _ => {}
    }
    if let Some(mail) = &config.mail
        && mail.server.tls == SmtpTls::None
        && mail.server.credentials.is_some()
        && !mail.server.is_loopback()
    {
        refuse(
            Key::SmtpUrl,
            "smtp:// would send the password in the clear.",
            "Write smtps:// or smtp+starttls://.",
        );
    }
    match (is_set(Key::SmsWebhookUrl), is_set(Key::SmsWebhookSecret)) {
        (true, false) => refuse(
            Key::SmsWebhookSecret,
            "it is required with sms_webhook_url.",
            "Set it to what the gateway checks signatures with.",
        ),
        (false, true) => refuse(
            Key::SmsWebhookSecret,
            "it has no effect without sms_webhook_url.",
            "Set sms_webhook_url too, or remove it.",
        ),
        _ => {}
    }
    if let Some(sms) = &config.sms
        && sms.url.scheme() == "http"
        && !self::is_loopback(&sms.url)
    {
        refuse(Key::SmsWebhookUrl, "plain http would send codes in the clear.", "Write https://.");
    }
    if let Some(url) = &config.captcha_url
        && url.scheme() == "http"
        && !self::is_loopback(url)
    {
        refuse(Key::CaptchaUrl, "plain http would send the secret in the clear.", "Write https://.");
    }
    if config.org_database_url.is_some() && config.database_url.is_none() {
        refuse(
            Key::OrgDatabaseUrl,
            "it has no effect without database_url.",
            "Set database_url too, or remove it.",
        );
    }
    if config.breach_file.is_some() && config.breach_api.is_some() {
        refuse(Key::BreachApi, "breach_file is set, too.", "Keep one of them.");
    }
    if config.password_hash == PasswordHash::Cheapest && !is_test {
        refuse(
            Key::PasswordHash,
            "`cheapest` would leave passwords nearly unprotected.",
            "Remove it, or set environment to test.",
        );
    }
    if let Some(key) = &config.bootstrap_api_key {
        let prefix = if is_test { "ak_test_" } else { "ak_live_" };
        if !key.expose_secret().starts_with(prefix) {
            refuse(
                Key::BootstrapApiKey,
                "it is a key of the other environment.",
                "ak_live_ is for live, ak_test_ for test.",
            );
        }
    }
    found
}

/// Whether this origin leads to this machine only.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback()),
        None => false,
    }
}
