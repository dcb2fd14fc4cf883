//! The SMTP client: a few kept connections, each step with a deadline.

use std::time::Duration;

use avnology_core::ports::{Letter, MailTransport, PortFuture};
use avnology_model::{Error, Result};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{
        self, PoolConfig,
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
    },
};
use secrecy::ExposeSecret;

use super::message;
use crate::config::{Mail, SmtpTls};

/// How long the server may take for one step (RFC 5321 §4.5.3.2 allows minutes; people wait for codes).
const STEP: Duration = Duration::from_secs(20);
/// How long a kept connection may be idle.
const IDLE: Duration = Duration::from_mins(1);
/// Most connections kept.
const KEPT: u32 = 4;

/// Carries mail by SMTP.
pub struct SmtpTransport {
    client: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpTransport {
    /// A client for this server; nothing is sent yet. `hello` is the name we greet with, `extra_roots` a PEM bundle
    /// trusted besides the system's authorities. Must be called in a Tokio runtime.
    ///
    /// # Errors
    /// `_999` when the bundle or the host cannot be used for TLS.
    pub fn new(mail: &Mail, hello: &str, extra_roots: Option<&[u8]>) -> Result<Self> {
        let server = &mail.server;
        let tls = match server.tls {
            SmtpTls::None => Tls::None,
            SmtpTls::Implicit => Tls::Wrapper(tls(&server.host, extra_roots)?),
            SmtpTls::StartTls => Tls::Required(tls(&server.host, extra_roots)?),
        };
        let mut client = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(tls)
            .hello_name(ClientId::Domain(hello.to_owned()))
            .timeout(Some(STEP))
            .pool_config(PoolConfig::new().max_size(KEPT).idle_timeout(IDLE));
        if let Some((user, password)) = &server.credentials {
            client = client.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
        }
        Ok(Self { client: client.build(), from: mail.from.clone() })
    }
}

impl MailTransport for SmtpTransport {
    fn send<'a>(&'a self, to: &'a str, letter: &'a Letter) -> PortFuture<'a, ()> {
        Box::pin(async move {
            let message = message::build(&self.from, to, letter)?;
            let client = self.client.clone();
            // In its own task: a send that were dropped half-way would return a connection to the pool in the middle
            // of a message, and the next message would be taken for the rest of this one.
            let sent = tokio::spawn(async move { client.send(message).await }).await;
            sent.map_err(Error::internal)?.map(drop).map_err(failure)
        })
    }

    fn check(&self) -> PortFuture<'_, ()> {
        Box::pin(async move {
            let client = self.client.clone();
            let checked = tokio::spawn(async move { client.test_connection().await }).await;
            if checked.map_err(Error::internal)?.map_err(failure)? {
                Ok(())
            } else {
                Err(Error::unavailable("the mail server did not answer NOOP"))
            }
        })
    }
}

/// What the server refused for good is `_999`, everything else may work later: `_912`.
fn failure(error: smtp::Error) -> Error {
    if error.is_permanent() || error.is_client() { Error::internal(error) } else { Error::unavailable(error) }
}

fn tls(host: &str, extra_roots: Option<&[u8]>) -> Result<TlsParameters> {
    let mut tls = TlsParameters::builder(host.to_owned());
    if let Some(pem) = extra_roots {
        tls = tls.add_root_certificate(Certificate::from_pem(pem).map_err(Error::internal)?);
    }
    tls.build().map_err(Error::internal)
}
