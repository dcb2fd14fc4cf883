//! What is reached over the network: our own ports, the public URL, DNS, the mail server.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use avnology_core::{
    Clock, SystemClock,
    ports::{MailTransport, TxtLookup as _},
};
use avnology_model::platform::Environment;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::finding::Finding;
use crate::{
    config::{Config, Key},
    dns::Dns,
    mail::SmtpTransport,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether a port is free, or already ours.
pub(super) async fn port(check: &'static str, key: Key, address: SocketAddr) -> Finding {
    match TcpListener::bind(address).await {
        Ok(_) => Finding::ok(check, format!("{address} is free")),
        Err(_) if is_ours(address).await => {
            Finding::ok(check, format!("{address} is served by a running Avnology ID"))
        }
        Err(e) => Finding::fail(
            check,
            format!("{address} cannot be used ({e})"),
            format!("stop what uses it, or set {}", key.variable()),
        ),
    }
}

/// Whether `/healthz` there answers as ours does.
pub(super) async fn is_ours(address: SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
        let mut answer = Vec::new();
        stream.take(4096).read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).contains("\"status\":\"ok\""))
    };
    matches!(timeout(PATIENCE, ask).await, Ok(Ok(true)))
}

/// Whether the public URL protects what travels.
pub(super) fn public_url(config: &Config) -> Finding {
    let url = config.public_url.as_str().trim_end_matches('/');
    let is_https = config.public_url.scheme() == "https";
    if !is_https && !config.is_loopback() {
        return Finding::warn("public URL", format!("{url} is plain http"), "use https outside of tests");
    }
    if is_https && !config.listen.ip().is_loopback() && config.trusted_proxies.is_empty() {
        let found = format!("{url}, but every client will seem to have the proxy's address");
        return Finding::warn(
            "public URL",
            found,
            "name the network of the proxy in front of us in trusted_proxies",
        );
    }
    Finding::ok("public URL", url)
}

/// Whether the records that prove domains can be looked for.
pub(super) async fn dns(config: &Config) -> Finding {
    let whom = config.dns_server.map_or_else(
        || "the servers in charge of a domain answer".to_owned(),
        |server| format!("{server} answers"),
    );
    if let Ok(Ok(())) = timeout(PATIENCE * 5, Dns::new(config.dns_server).check()).await {
        return Finding::ok("DNS", whom);
    }
    let found = "cannot be asked, so no organization can prove a domain";
    Finding::warn("DNS", found, "let this machine ask other name servers, or name one in dns_server")
}

/// Whether mail leaves.
pub(super) async fn mail(config: &Config) -> Finding {
    let mode = config.mail_mode();
    let Some(mail) = config.mail.as_ref().filter(|_| config.environment == Environment::Live) else {
        return Finding::ok("mail", mode);
    };
    let remedy = "check smtp_url, and whether this machine may reach that host and port";
    let roots = match crate::outbound::extra_roots(config) {
        Ok(roots) => roots,
        Err(e) => return Finding::fail("mail", e.to_string(), "mend extra_ca_file"),
    };
    let host = config.public_url.host_str().unwrap_or("localhost");
    let checked = match SmtpTransport::new(mail, host, roots.as_deref()) {
        Ok(transport) => timeout(PATIENCE * 5, transport.check()).await,
        Err(e) => return Finding::fail("mail", format!("{e:?}"), remedy),
    };
    match checked {
        Ok(Ok(())) => Finding::ok("mail", mode),
        Ok(Err(e)) => Finding::fail("mail", format!("{} does not take our mail: {e:?}", mail.server), remedy),
        Err(_) => Finding::fail("mail", format!("{} does not answer", mail.server), remedy),
    }
}

/// Whether text messages leave.
pub(super) async fn sms(config: &Config) -> Finding {
    let mode = config.sms_mode();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let transport = match crate::sms::transport(config, &clock) {
        Ok(Some(transport)) => transport,
        Ok(None) => return Finding::ok("texts", mode),
        Err(e) => return Finding::fail("texts", format!("{e:?}"), "mend extra_ca_file"),
    };
    match timeout(PATIENCE * 5, transport.check()).await {
        Ok(Ok(())) => Finding::ok("texts", mode),
        Ok(Err(_)) | Err(_) => Finding::fail(
            "texts",
            format!("{mode}, but nothing answers there"),
            "check sms_webhook_url, and whether this machine may reach that host and port",
        ),
    }
}
