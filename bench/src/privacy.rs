//! A copy of all that is held about a person with a long past.

use std::{net::SocketAddr, path::Path, time::Duration};

use avnology_core::{Clock as _, SystemClock};
use avnology_model::{
    Error, Result,
    events::{Actor, Event, EventResult, EventType, Origin},
    ids::{EventId, IdentityId},
};
use avnology_store::{
    IdentityTx, Row, Store, StoreConfig,
    events::log::{self, NewEvent},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    Outcome,
    client::Client,
    seed::{self, random, told},
};

/// Rows written in one transaction.
const BATCH: usize = 1_000;
/// How often is looked whether something is done.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long something may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Makes a person to whom `count` things happened, in a new data directory; the token of their session.
pub(crate) async fn make(data_dir: &Path, count: usize) -> Outcome<String> {
    let token = seed::with_sessions(data_dir, 1).await?.pop().ok_or("no session was made")?;
    let store = Store::open(StoreConfig::new(data_dir, SystemClock.now())).await.map_err(told)?;
    let found = store.identity().read(|tx| {
        let mut rows = tx.query_text("SELECT id FROM identities LIMIT 1", &[])?;
        rows.first_mut().map_or_else(|| Err(Error::not_found()), Row::take)
    });
    let person: IdentityId = found.await.map_err(told)?;
    for first in (0..count).step_by(BATCH) {
        let numbers = first..(first + BATCH).min(count);
        let add = move |tx: &mut IdentityTx<'_>| {
            numbers.clone().try_for_each(|number| happened(tx, person, number))
        };
        store.identity().write(add).await.map_err(told)?;
    }
    store.close().await.map_err(told)?;
    Ok(token)
}

fn happened(tx: &mut IdentityTx<'_>, person: IdentityId, number: usize) -> Result<()> {
    let now = SystemClock.now();
    let (old, new) = (format!("Ada {number}"), format!("Ada {}", number + 1));
    let event = Event {
        event_id: EventId::new(now, random()),
        event_type: EventType::UserUpdated,
        schema_version: 1,
        timestamp: now,
        actor: Actor::identity(person, None),
        organization_id: None,
        result: EventResult::Success,
        error_code: None,
        targets: Vec::new(),
        origin: Origin {
            ip: Some("192.0.2.7".to_owned()),
            user_agent: Some(
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
            ),
            request_id: Some(format!("request-{number}")),
            device_id: None,
        },
        payload: json!({
            "changed_fields": ["first_name"], "previous_values": { "first_name": old },
            "new_values": { "first_name": new },
        }),
    }
    .on("identity", &person);
    let body = serde_json::to_value(&event).map_err(Error::internal)?;
    log::append(
        tx,
        &NewEvent {
            event_id: event.event_id,
            organization_id: None,
            managing_organization_id: None,
            event_type: event.event_type.as_str(),
            body: &body,
            sealed: None,
            create_time: now,
        },
    )
}

/// Waits until the log has taken over `count` events.
pub(crate) async fn wait_until_recorded(address: SocketAddr, api_key: &str, count: usize) -> Outcome<()> {
    let mut client = Client::connect(address).await?;
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let newest = client.get("/v1/audit/events?page_size=1", Some(api_key)).await?.json()?;
        let sequence = newest.pointer("/events/0/sequence").and_then(Value::as_u64).unwrap_or_default();
        if usize::try_from(sequence)? >= count {
            return Ok(());
        }
        sleep(LOOK_EVERY).await;
    }
    Err("the audit log does not come to its end".into())
}

/// Has a copy made and waits for its file; how long that took, and how many bytes it has.
pub(crate) async fn copy(address: SocketAddr, token: &str) -> Outcome<(Duration, u64)> {
    let mut client = Client::connect(address).await?;
    let begin = Instant::now();
    let answer = client.post_as("/v1/privacy:exportMyData", token).await?;
    if answer.status != 202 {
        return Err(format!("no copy was begun: {}", answer.status).into());
    }
    let told = answer.json()?;
    let id = told.get("export_id").and_then(Value::as_str).ok_or("a copy without an id")?;
    let path = format!("/v1/privacy/exports/{id}");
    while begin.elapsed() < PATIENCE {
        let state = client.get(&path, Some(token)).await?.json()?;
        match state.get("status").and_then(Value::as_str) {
            Some("completed") => {
                let size = state.get("size_bytes").and_then(Value::as_u64);
                return Ok((begin.elapsed(), size.unwrap_or_default()));
            }
            Some("pending" | "running") => sleep(LOOK_EVERY).await,
            other => return Err(format!("the copy ended as {other:?}").into()),
        }
    }
    Err("the copy does not come to its end".into())
}
