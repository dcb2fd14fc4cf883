//! The log of events as a test reads it.

use avnology_model::{
    events::{Event, EventResult, EventType},
    ids::EventId,
};
use avnology_store::events::log::{self, Cursor, NewEvent, StoredEvent};
use serde_json::{Value, json};

use crate::{TestApp, wait::until};

const MARKER: &str = "testkit.marker";

impl TestApp {
    /// Writes a marker behind everything that happened so far and waits until readers see it; its place, and all events
    /// up to it.
    pub(crate) async fn mark(&self) -> (Cursor, Vec<StoredEvent>) {
        let cx = self.tenant().system_cx();
        let id = EventId::new(cx.now, cx.random());
        let write = move |tx: &mut avnology_store::IdentityTx<'_>| {
            let marker = NewEvent {
                event_id: id,
                organization_id: None,
                managing_organization_id: None,
                event_type: MARKER,
                body: &json!({}),
                sealed: None,
                create_time: cx.now,
            };
            log::append(tx, &marker)
        };
        self.tenant().store.identity().write(write).await.expect("a marker");
        // PostgreSQL holds an event back while an older transaction runs.
        until("the end of the log", async || {
            let read = |tx: &mut avnology_store::IdentityTx<'_>| log::read_after(tx, Cursor::START, 100_000);
            let events = self.tenant().store.identity().read(read).await.expect("events");
            let marker = events.iter().find(|event| event.event_id == id).map(|event| event.cursor);
            marker.map(|marker| (marker, events))
        })
        .await
    }

    /// Everything that happened so far, in order, requests for messages included and refused calls left out.
    pub async fn events(&self) -> Vec<Event> {
        let (_, stored) = self.mark().await;
        let ours = stored.into_iter().filter(|e| e.event_type != MARKER);
        let read = ours.map(|e| serde_json::from_value::<Event>(e.body).expect("an event reads back"));
        read.filter(|event| event.result != EventResult::Denied).collect()
    }

    /// The payloads of the events of one type, in order.
    pub async fn payloads(&self, kind: EventType) -> Vec<Value> {
        self.events().await.into_iter().filter(|e| e.event_type == kind).map(|e| e.payload).collect()
    }

    /// The types of the events after the first `skip`, in order, without requests for messages.
    pub async fn event_types_after(&self, skip: usize) -> Vec<EventType> {
        let told = self.events().await.into_iter().skip(skip).map(|e| e.event_type);
        told.filter(|kind| !kind.is_internal()).collect()
    }

    /// How many events there are, requests for messages included.
    pub async fn event_count(&self) -> usize {
        self.events().await.len()
    }
}
