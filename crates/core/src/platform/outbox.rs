//! Messages captured in the test environment (`contract/00` §2.1).

use avnology_model::{
    Error, Result, Timestamp, events::MessageType, flows::Channel, ids::MessageId, platform::Environment,
};
use avnology_store::platform::messages::{self, OutboxQuery};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Cx, Tenant, events};

/// How long messages are kept, in seconds.
pub(super) const KEPT_SECONDS: i64 = 24 * 60 * 60;

/// A captured message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CapturedMessage {
    /// Id.
    #[schema(value_type = String)]
    pub id: MessageId,
    /// `email` or `sms`.
    pub channel: Channel,
    /// Address, or phone.
    pub to: String,
    /// Which message.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// Subject line; empty for text messages.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML; empty for text messages.
    pub html: String,
    /// One-time code in it.
    pub code: Option<String>,
    /// Link in it.
    pub link: Option<String>,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
}

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct OutboxSearch {
    /// To this address.
    pub to: Option<String>,
    /// Of this type.
    pub kind: Option<String>,
    /// Older than this one.
    pub after: Option<(Timestamp, MessageId)>,
    /// At most so many.
    pub page_size: u32,
}

/// A page of captured messages.
#[derive(Clone, Debug)]
pub struct OutboxPage {
    /// The messages.
    pub messages: Vec<CapturedMessage>,
    /// Where the next page begins.
    pub next: Option<(Timestamp, MessageId)>,
}

/// Captured messages, newest first. `_901` in a live tenant. Brings the mail consumer up to date first, so that what a
/// request before this one caused is there.
pub async fn list(app: &Tenant, cx: &Cx, search: OutboxSearch) -> Result<OutboxPage> {
    only_in_test(app)?;
    let consumer = std::sync::Arc::new(events::MailConsumer { environment: app.config.environment });
    events::follow_once(app, &consumer).await?;
    let size = usize::try_from(search.page_size).unwrap_or(usize::MAX);
    let query = OutboxQuery {
        since: cx.now.plus_seconds(-KEPT_SECONDS),
        to: search.to,
        kind: search.kind,
        after: search.after,
        limit: search.page_size.saturating_add(1),
    };
    let mut rows = app.store.identity().read(move |tx| messages::list(tx, &query)).await?;
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|m| (m.create_time, m.id));
    let messages = rows.iter().map(|message| shown(app, message)).collect::<Result<_>>()?;
    Ok(OutboxPage { messages, next })
}

fn shown(app: &Tenant, message: &messages::StoredMessage) -> Result<CapturedMessage> {
    let (letter, secrets) = events::compose(app, message)?;
    Ok(CapturedMessage {
        id: message.id,
        channel: message.request.channel,
        to: message.request.to.clone(),
        kind: message.request.kind,
        subject: letter.subject,
        text: letter.text,
        html: letter.html,
        code: secrets.code.map(|c| c.expose_secret().to_owned()),
        link: secrets.link.map(|l| l.expose_secret().to_owned()),
        create_time: message.create_time,
    })
}

/// Removes all captured messages. `_901` in a live tenant.
pub async fn clear(app: &Tenant) -> Result<()> {
    only_in_test(app)?;
    app.store.identity().write(messages::clear).await.map(drop)
}

fn only_in_test(app: &Tenant) -> Result<()> {
    match app.config.environment {
        Environment::Test => Ok(()),
        Environment::Live => Err(Error::not_found()),
    }
}
