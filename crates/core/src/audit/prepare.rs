//! From events to records, ready to be written behind the end of a chain. Hashes are computed here, outside of
//! transactions; whoever writes them checks that the chain still ends where it did.

use std::collections::BTreeSet;

use avnology_jose::canonical;
use avnology_model::{
    Result,
    audit::{Digest, Log, Record, RecordTarget},
    events::{Actor, Event, EventResult},
    ids::AuditId,
};
use avnology_store::{
    audit::records::{Head, NewRecord},
    events::log::StoredEvent,
};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::{chain, names::Names, separate};
use crate::{Cx, Tenant};

/// Records, and whom they tell about.
#[derive(Clone, Debug, Default)]
pub(super) struct Prepared {
    pub(super) records: Vec<NewRecord>,
    /// Everybody who has a part in them.
    pub(super) people: Vec<String>,
    /// Those of them who are gone.
    pub(super) gone: Vec<String>,
}

/// The events of the log that can be read. Others were written by a newer version.
pub(super) fn readable(stored: &[StoredEvent]) -> Vec<Event> {
    let read = |stored: &StoredEvent| match Event::deserialize(&stored.body) {
        Ok(event) => Some(event),
        Err(error) => {
            tracing::warn!(event = %stored.event_id, %error, "an event could not be read");
            None
        }
    };
    stored.iter().filter_map(read).collect()
}

/// The records of these events behind `head`, which moves to the last of them.
pub(super) async fn prepare(
    app: &Tenant,
    cx: &Cx,
    log: Log,
    head: &mut Head,
    mut events: Vec<Event>,
) -> Result<Prepared> {
    events.retain(|event| !event.event_type.is_internal());
    let names = Names::of(app, &events).await?;
    let mut records = Vec::with_capacity(events.len());
    let mut people = BTreeSet::new();
    for event in events {
        let prev_hash = head.hash.unwrap_or_else(|| chain::first_hash(log));
        let new = next(cx, &names, &event, head.sequence + 1, prev_hash);
        head.sequence = new.record.sequence;
        head.hash = Some(new.record.hash);
        people.extend(new.record.parts.iter().filter_map(|(_, part)| part.person.clone()));
        records.push(new);
    }
    let gone = names.gone().filter(|id| people.contains(*id)).cloned().collect();
    Ok(Prepared { records, people: people.into_iter().collect(), gone })
}

fn next(cx: &Cx, names: &Names, event: &Event, sequence: i64, prev_hash: Digest) -> NewRecord {
    let id = AuditId::new(event.timestamp, cx.random());
    let mut public = shown(names, event, sequence, id);
    let parts = separate::salted(separate::separate(&mut public), || cx.random());
    let text = canonical::to_text(&public);
    let personal_hashes: Vec<Digest> = parts.iter().map(chain::part_hash).collect();
    let hash = chain::record_hash(&prev_hash, &public, &personal_hashes);
    let parts = parts.into_iter().enumerate().collect();
    let record = Record {
        sequence,
        id,
        event_id: event.event_id,
        timestamp: event.timestamp,
        public,
        parts,
        personal_hashes,
        prev_hash,
        hash,
    };
    NewRecord {
        record,
        text,
        action: event.event_type.to_string(),
        result: event.result.to_string(),
        actor_type: event.actor.kind.to_string(),
        actor_id: event.actor.id.clone(),
        session_id: event.actor.session_id.map(|id| id.to_string()),
        ip: event.origin.ip.clone(),
        request_id: event.origin.request_id.clone(),
        error_code: event.error_code.clone(),
        targets: targets(event),
    }
}

/// The record as its readers see it (`contract/70` §3.1), without its integrity.
fn shown(names: &Names, event: &Event, sequence: i64, id: AuditId) -> Value {
    let details = &event.payload;
    let name_of = |kind: &str, id: &str| names.of_id(kind, id, details);
    // What a caller was refused to touch may be another's: it stays without a name.
    let is_named = event.result != EventResult::Denied;
    let targets: Vec<Value> = event
        .targets
        .iter()
        .map(|target| {
            let display = is_named.then(|| name_of(&target.kind, &target.id)).flatten();
            json!({ "type": target.kind, "id": target.id, "display": display })
        })
        .collect();
    json!({
        "id": id, "event_id": event.event_id, "sequence": sequence, "timestamp": event.timestamp,
        "action": event.event_type, "result": event.result,
        "actor": actor(&event.actor, event.actor.id.as_deref().and_then(|id| name_of("", id)).as_deref()),
        "targets": targets, "organization_id": event.organization_id, "ip": event.origin.ip,
        "user_agent": event.origin.user_agent, "location": null, "device_id": event.origin.device_id,
        "request_id": event.origin.request_id, "decision_id": null, "error_code": event.error_code,
        "details": details,
    })
}

fn actor(actor: &Actor, display: Option<&str>) -> Value {
    json!({
        "type": actor.kind, "id": actor.id, "display": display, "session_id": actor.session_id,
        "client_id": null, "act": null,
    })
}

fn targets(event: &Event) -> Vec<RecordTarget> {
    let subject = event.targets.iter().find(|target| target.kind == "identity").map(|t| t.id.clone());
    let subject = subject.or_else(|| event.actor.id.clone());
    let target = |target: &avnology_model::events::Target| RecordTarget {
        kind: target.kind.clone(),
        id: target.id.clone(),
        person: match target.kind.as_str() {
            "identity" => Some(target.id.clone()),
            "session" => subject.clone(),
            _ => None,
        },
    };
    event.targets.iter().map(target).collect()
}
