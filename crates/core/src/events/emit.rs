//! Writing events, in the transaction that makes the change.

use avnology_model::{
    Error, Result,
    events::{Event, EventType, MessageOrigin, MessageRequest},
};
use avnology_store::{
    Tx,
    events::log::{self, NewEvent},
};

use crate::Cx;

/// Writes an event.
pub(crate) fn emit(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    append(tx, event, None)
}

/// Asks for a message to a person, and notes who made it necessary. `sealed` holds its secrets, see [`super::seal`].
pub(crate) fn emit_message(
    tx: &mut Tx<'_>,
    cx: &Cx,
    request: &MessageRequest,
    sealed: Option<&[u8]>,
) -> Result<()> {
    let mut request = request.clone();
    request.origin =
        Some(MessageOrigin { device: cx.device_name(), place: cx.ip.map(|ip| ip.to_string()), at: cx.now });
    let payload = serde_json::to_value(&request).map_err(Error::internal)?;
    append(tx, &cx.event(EventType::MessageRequested, payload), sealed)
}

fn append(tx: &mut Tx<'_>, event: &Event, sealed: Option<&[u8]>) -> Result<()> {
    let body = serde_json::to_value(event).map_err(Error::internal)?;
    log::append(
        tx,
        &NewEvent {
            event_id: event.event_id,
            organization_id: event.organization_id,
            event_type: event.event_type.as_str(),
            body: &body,
            sealed,
            create_time: event.timestamp,
        },
    )
}
