//! Mail is a consumer: it turns events into messages of the queue, once each.

use avnology_model::{
    Result, Timestamp,
    events::{Event, EventType, MessageRequest},
    ids::MessageId,
    platform::Environment,
};
use avnology_store::{
    IdentityTx,
    events::log::{self, StoredEvent},
    platform::messages::{self, StoredMessage},
};

use super::Consumer;

/// Puts wanted messages into the queue, or into the outbox of the test environment.
pub struct MailConsumer {
    /// Live: to be sent. Test: captured.
    pub environment: Environment,
}

impl Consumer for MailConsumer {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn wants(&self, event_type: &str) -> bool {
        event_type == EventType::MessageRequested.as_str()
    }

    fn take(&self, tx: &mut IdentityTx<'_>, event: &Event, stored: &StoredEvent) -> Result<()> {
        let request: MessageRequest = match serde_json::from_value(event.payload.clone()) {
            Ok(request) => request,
            Err(error) => {
                // Written by a newer version, which sends it itself; the others must not wait for it.
                tracing::warn!(event = %event.event_id, %error, "a wanted message could not be read");
                return Ok(());
            }
        };
        let message = StoredMessage {
            id: MessageId::from_bytes(event.event_id.bytes()),
            request,
            sealed: stored.sealed.clone(),
            create_time: event.timestamp,
            attempts: 0,
        };
        let due = (self.environment == Environment::Live).then_some(Timestamp::from_micros(0));
        messages::insert(tx, &message, due)?;
        // The secrets have moved on; the log keeps none.
        log::clear_sealed(tx, event.event_id).map(drop)
    }
}
