//! Sending what waits in the queue, and the seal on what a message must keep secret until then.

use std::sync::Arc;

use avnology_model::{Error, Result, events::MessageRequest, flows::Channel};
use avnology_store::platform::messages::{self, StoredMessage};
use serde::{Deserialize, Serialize};

use crate::{
    Cx, Tenant,
    platform::{Keys, Place},
    ports::{Letter, MessageSecrets, TextMessage},
};

/// How many messages are taken at a time.
const BATCH: u32 = 20;
/// How long a try may take before the message is due again, in seconds.
const LEASE_SECONDS: i64 = 120;
/// Waits between tries, in seconds; after the last one the message is given up.
const RETRIES: &[i64] = &[5, 30, 120, 600, 1_800, 3_600, 10_800];

#[derive(Serialize, Deserialize)]
struct Sealed {
    code: Option<String>,
    link: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancel_link: Option<String>,
}

/// What a message must keep secret until it is sent.
#[derive(Clone, Copy, Default)]
pub(crate) struct Secrets<'a> {
    /// One-time code.
    pub(crate) code: Option<&'a str>,
    /// Link with a single-use token.
    pub(crate) link: Option<&'a str>,
    /// The link by which whoever did not ask for it says so.
    pub(crate) cancel_link: Option<&'a str>,
}

/// The place that a message's secrets are sealed for: its recipient.
fn sealed_place(recipient: &str) -> Place<'_> {
    Place { table: "messages", row: recipient, column: "sealed" }
}

/// Seals code and link for a message to `recipient`.
pub(crate) fn seal(keys: &Keys, recipient: &str, code: Option<&str>, link: Option<&str>) -> Result<Vec<u8>> {
    seal_all(keys, recipient, Secrets { code, link, cancel_link: None })
}

/// Seals all secrets of a message to `recipient`.
pub(crate) fn seal_all(keys: &Keys, recipient: &str, secrets: Secrets<'_>) -> Result<Vec<u8>> {
    let Secrets { code, link, cancel_link } = secrets;
    let [code, link, cancel_link] = [code, link, cancel_link].map(|text| text.map(str::to_owned));
    let sealed = Sealed { code, link, cancel_link };
    let plain = serde_json::to_vec(&sealed).map_err(Error::internal)?;
    keys.seal(&sealed_place(recipient), &plain)
}

/// The secrets of a message; none when it had none or they were forgotten.
pub(crate) fn open(keys: &Keys, request: &MessageRequest, sealed: Option<&[u8]>) -> Result<MessageSecrets> {
    let Some(sealed) = sealed else { return Ok(MessageSecrets::default()) };
    let plain = keys.open(&sealed_place(&request.to), sealed)?;
    let Sealed { code, link, cancel_link } = serde_json::from_slice(&plain).map_err(Error::internal)?;
    Ok(MessageSecrets {
        code: code.map(Into::into),
        link: link.map(Into::into),
        cancel_link: cancel_link.map(Into::into),
    })
}

/// The letter of a message, and its secrets; a text message is one without subject and HTML.
pub(crate) fn compose(app: &Tenant, message: &StoredMessage) -> Result<(Letter, MessageSecrets)> {
    let secrets = open(&app.keys, &message.request, message.sealed.as_deref())?;
    let settings = app.settings();
    let (composer, request) = (&app.composer, &message.request);
    let letter = match request.channel {
        Channel::Email => composer.compose(&settings.settings, &app.config.origin(), request, &secrets),
        Channel::Sms => {
            let text = composer.compose_text(&settings.settings, request, &secrets);
            Letter { subject: String::new(), text, html: String::new() }
        }
    };
    Ok((letter, secrets))
}

/// Sends the messages that are due; how many were tried. One that fails waits for its next try and holds up no other.
pub async fn deliver_due(app: &Arc<Tenant>) -> Result<usize> {
    let mut tried = 0;
    loop {
        let cx = app.system_cx();
        let lease = cx.now.plus_seconds(LEASE_SECONDS);
        let batch = app.store.identity().write(move |tx| messages::claim(tx, cx.now, lease, BATCH)).await?;
        if batch.is_empty() {
            return Ok(tried);
        }
        tried += batch.len();
        let mut sending = tokio::task::JoinSet::new();
        for message in batch {
            let app = Arc::clone(app);
            sending.spawn(async move { deliver(&app, message).await });
        }
        while let Some(result) = sending.join_next().await {
            if let Err(error) = result.map_err(Error::internal).and_then(|delivered| delivered) {
                tracing::warn!(
                    ?error,
                    "the fate of a message could not be noted; it is due again after its lease"
                );
            }
        }
    }
}

async fn deliver(app: &Tenant, message: StoredMessage) -> Result<()> {
    let sent = match (compose(app, &message), &app.mail) {
        (Err(error), _) => Err(error),
        (Ok((letter, secrets)), _) if message.request.channel == Channel::Sms => {
            text(app, &message, letter.text, secrets).await
        }
        (Ok((letter, _)), Some(mail)) => mail.send(&message.request.to, &letter).await,
        (Ok((letter, secrets)), None) => {
            log_instead(&message.request, &letter, &secrets);
            Ok(())
        }
    };
    let cx = app.system_cx();
    app.store.identity().write(move |tx| report(tx, &cx, &message, &sent)).await
}

/// Sends a text message, unless the code in it is too old by now.
async fn text(app: &Tenant, message: &StoredMessage, text: String, secrets: MessageSecrets) -> Result<()> {
    let request = &message.request;
    if request.until.is_some_and(|until| until <= app.now()) {
        return Err(Error::unavailable("its code is too old"));
    }
    let Some(texts) = &app.texts else {
        return Err(Error::unavailable("nothing carries text messages here"));
    };
    let message = TextMessage {
        id: message.id,
        to: request.to.clone(),
        text,
        code: secrets.code,
        purpose: request.kind,
        locale: request.locale.clone(),
        create_time: message.create_time,
        expires_at: request.until,
    };
    texts.send(&message).await
}

fn report(
    tx: &mut avnology_store::IdentityTx<'_>,
    cx: &Cx,
    message: &StoredMessage,
    sent: &Result<()>,
) -> Result<()> {
    let Err(error) = sent else { return messages::sent(tx, message.id, cx.now) };
    let tries = usize::try_from(message.attempts).unwrap_or(usize::MAX);
    let next = RETRIES.get(tries.saturating_sub(1)).map(|wait| cx.now.plus_seconds(*wait));
    // A text costs, and an old code helps nobody.
    let is_late = |at: &avnology_model::Timestamp| {
        message.request.channel == Channel::Sms && message.request.until.is_some_and(|until| *at >= until)
    };
    let next = next.filter(|at| !is_late(at));
    let given_up = next.is_none();
    tracing::warn!(message = %message.id, kind = %message.request.kind, given_up, ?error, "a message was not sent");
    messages::failed(tx, message.id, next, &format!("{error:?}"))
}

/// Development without a mail server: what the mail would have said stands in the log, secrets included. The
/// configuration allows this on a loopback address only.
fn log_instead(request: &MessageRequest, letter: &Letter, secrets: &MessageSecrets) {
    use secrecy::ExposeSecret;
    let code = secrets.code.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
    let link = secrets.link.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
    let cancel_link = secrets.cancel_link.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
    tracing::info!(to = %request.to, subject = %letter.subject, code, link, cancel_link, "mail (not sent: no mail server is configured)");
}
