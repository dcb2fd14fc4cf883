//! The gateway: a JSON document is posted to it, signed as webhooks are (`contract/70` §4.2).

use std::{sync::Arc, time::Duration};

use avnology_core::{
    Clock,
    ports::{PortFuture, TextMessage, TextTransport},
};
use avnology_model::{Error, Result, text::hex};
use aws_lc_rs::hmac;
use reqwest::{Client, StatusCode, redirect::Policy};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use url::Url;

use crate::{config::SmsWebhook, outbound::http_client};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long the whole may take.
const WHOLE: Duration = Duration::from_secs(10);
/// Who we are.
const AGENT: &str = "Avnology-ID-Webhooks/1";
/// What a request is about.
const EVENT: &str = "sms.requested";

/// Posts text messages.
pub struct Webhook {
    client: Client,
    url: Url,
    secret: SecretString,
    clock: Arc<dyn Clock>,
}

impl Webhook {
    /// A client for this gateway; nothing is sent yet. `extra_roots` is a PEM bundle trusted besides the system's
    /// authorities.
    ///
    /// # Errors
    /// `_999` when the bundle cannot be used.
    pub fn new(sms: &SmsWebhook, extra_roots: Option<&[u8]>, clock: Arc<dyn Clock>) -> Result<Self> {
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .user_agent(AGENT)
            // A code goes where the operator said, and nowhere else.
            .redirect(Policy::none());
        let client = http_client(client, extra_roots)?;
        Ok(Self { client, url: sms.url.clone(), secret: sms.secret.clone(), clock })
    }

    async fn post(&self, message: &TextMessage) -> Result<()> {
        let body = json!({
            "id": message.id,
            "to": message.to,
            "text": message.text,
            "code": message.code.as_ref().map(ExposeSecret::expose_secret),
            "purpose": message.purpose,
            "locale": message.locale,
            "create_time": message.create_time,
            "expires_at": message.expires_at,
        })
        .to_string();
        let timestamp = (self.clock.now().micros() / 1_000_000).to_string();
        let signature = sign(self.secret.expose_secret(), &timestamp, &body);
        let request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json; charset=utf-8")
            .header("x-avnology-signature", signature)
            .header("x-avnology-timestamp", timestamp)
            .header("x-avnology-event-type", EVENT)
            .header("x-avnology-delivery-id", message.id.to_string())
            .body(body);
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(refused(status)) }
    }
}

impl TextTransport for Webhook {
    fn send<'a>(&'a self, message: &'a TextMessage) -> PortFuture<'a, ()> {
        Box::pin(self.post(message))
    }

    fn check(&self) -> PortFuture<'_, ()> {
        Box::pin(async move {
            // Whatever it answers: somebody is there, and nothing was asked of them.
            let asked = self.client.request(reqwest::Method::OPTIONS, self.url.clone());
            asked.send().await.map(drop).map_err(unreachable)
        })
    }
}

/// Hexadecimal HMAC-SHA256 of `{timestamp}.{body}` with the whole secret.
fn sign(secret: &str, timestamp: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    hex(hmac::sign(&key, format!("{timestamp}.{body}").as_bytes()).as_ref())
}

/// The URL may hold a secret of the gateway: it stays out of the log.
fn unreachable(error: reqwest::Error) -> Error {
    Error::unavailable(error.without_url())
}

fn refused(status: StatusCode) -> Error {
    Error::unavailable(format!("the gateway for texts answered {status}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_signed_as_the_vector_of_webhooks_says() {
        let signature = sign("whsec_test", "1772442000", r#"{"event_type":"webhook.test"}"#);
        assert_eq!(signature, "296274bc4422b3dab728a39dac082b150ff3cb3253988997548629271699dd7c");
    }
}
