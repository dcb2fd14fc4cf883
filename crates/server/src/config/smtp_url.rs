//! Reads `smtp_url`.

use std::fmt;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Host, Url};

use super::read::Refusal;

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all (`smtp://`).
    None,
    /// TLS before the first word (`smtps://`, RFC 8314).
    Implicit,
    /// TLS by STARTTLS, and nothing without (`smtp+starttls://`, RFC 3207).
    StartTls,
}

/// The mail server that takes our mail.
#[derive(Clone, Debug)]
pub struct SmtpServer {
    /// Protection.
    pub tls: SmtpTls,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User and password.
    pub credentials: Option<(String, SecretString)>,
}

impl SmtpServer {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let remedy = "Write smtp://, smtps:// or smtp+starttls://[user:password@]host[:port], with user and password percent-encoded.";
        let refuse = |what: &str| Err((what.to_owned(), remedy));
        let Ok(url) = Url::parse(text) else { return refuse("it is no URL.") };
        let (tls, default_port) = match url.scheme() {
            "smtp" => (SmtpTls::None, 25),
            "smtps" => (SmtpTls::Implicit, 465),
            "smtp+starttls" => (SmtpTls::StartTls, 587),
            other => return refuse(&format!("`{other}:` is no way to send mail.")),
        };
        let Some(host) = url.host_str().filter(|h| !h.is_empty()) else { return refuse("it names no host.") };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return refuse("it has more than user, password, host and port.");
        }
        let decode =
            |part: &str| percent_decode_str(part).decode_utf8().ok().map(std::borrow::Cow::into_owned);
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            ("", Some(_)) => return refuse("it has a password without a user."),
            (_, None) => return refuse("it has a user without a password."),
            (user, Some(password)) => match (decode(user), decode(password)) {
                (Some(user), Some(password)) => Some((user, password.into())),
                _ => return refuse("its user or password is not percent-encoded UTF-8."),
            },
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { tls, host, port: url.port().unwrap_or(default_port), credentials })
    }

    /// Whether the server is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        match Host::parse(&self.host) {
            Ok(Host::Ipv4(ip)) => ip.is_loopback(),
            Ok(Host::Domain(name)) => name == "localhost",
            _ => self.host == "::1",
        }
    }
}

impl fmt::Display for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = match self.tls {
            SmtpTls::None => "without TLS",
            SmtpTls::Implicit => "TLS",
            SmtpTls::StartTls => "STARTTLS",
        };
        write!(f, "{}:{} ({tls})", self.host, self.port)
    }
}
