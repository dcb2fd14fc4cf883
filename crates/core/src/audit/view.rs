//! A record as its readers see it (`contract/70` §3.1).

use avnology_model::audit::Record;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::separate;
use crate::hex;

/// Who acted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditActor {
    /// `identity`, `service_account`, `system`, `anonymous`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Id; `deleted` for a person who was erased.
    pub id: Option<String>,
    /// Name at the time.
    pub display: Option<String>,
    /// Session used.
    pub session_id: Option<String>,
    /// Client used.
    pub client_id: Option<String>,
    /// Who acted in the actor's place.
    #[schema(value_type = Option<Object>)]
    pub act: Option<Value>,
}

/// What was acted upon.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditTarget {
    /// `identity`, `organization`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Id.
    pub id: String,
    /// Name at the time.
    pub display: Option<String>,
}

/// The place of a record in its chain.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Integrity {
    /// Hash of the record before.
    pub prev_hash: String,
    /// Hash of each personal part.
    pub personal_hashes: Vec<String>,
    /// Hash of this one.
    pub hash: String,
}

/// A record of an audit log.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditEvent)]
pub struct AuditEventView {
    /// Id.
    pub id: String,
    /// The event that it is of.
    pub event_id: String,
    /// Its number in the log, without gaps.
    pub sequence: i64,
    /// When it happened.
    #[schema(format = DateTime)]
    pub timestamp: String,
    /// The type of the event.
    pub action: String,
    /// `success`, `failure` or `denied`.
    pub result: String,
    /// Who acted.
    pub actor: AuditActor,
    /// Upon what, most specific first.
    pub targets: Vec<AuditTarget>,
    /// In which organization.
    pub organization_id: Option<String>,
    /// Client address.
    pub ip: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// From where.
    #[schema(value_type = Option<Object>)]
    pub location: Option<Value>,
    /// From which device.
    pub device_id: Option<String>,
    /// The request.
    pub request_id: Option<String>,
    /// The policy decision.
    pub decision_id: Option<String>,
    /// Code of a failure.
    pub error_code: Option<String>,
    /// The particulars.
    #[schema(value_type = Object)]
    pub details: Value,
    /// Its place in the chain.
    pub integrity: Integrity,
}

impl AuditEventView {
    /// A record with what is still there of the people in it.
    pub fn of(record: &Record) -> Self {
        let shown = shown(record);
        let text = |pointer: &str| shown.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let any = |name: &str| shown.get(name).filter(|value| !value.is_null()).cloned();
        let targets = shown.get("targets").and_then(Value::as_array).cloned().unwrap_or_default();
        Self {
            id: record.id.to_string(),
            event_id: record.event_id.to_string(),
            sequence: record.sequence,
            timestamp: record.timestamp.to_string(),
            action: text("/action").unwrap_or_default(),
            result: text("/result").unwrap_or_default(),
            actor: AuditActor {
                kind: text("/actor/type").unwrap_or_default(),
                id: text("/actor/id"),
                display: text("/actor/display"),
                session_id: text("/actor/session_id"),
                client_id: text("/actor/client_id"),
                act: shown.pointer("/actor/act").filter(|act| !act.is_null()).cloned(),
            },
            targets: targets.iter().map(target).collect(),
            organization_id: text("/organization_id"),
            ip: text("/ip"),
            user_agent: text("/user_agent"),
            location: any("location"),
            device_id: text("/device_id"),
            request_id: text("/request_id"),
            decision_id: text("/decision_id"),
            error_code: text("/error_code"),
            details: shown.get("details").cloned().unwrap_or(Value::Null),
            integrity: Integrity {
                prev_hash: hex(&record.prev_hash),
                personal_hashes: record.personal_hashes.iter().map(|hash| hex(hash)).collect(),
                hash: hex(&record.hash),
            },
        }
    }
}

impl AuditEventView {
    /// The particulars one by one, each with where it stands, as in `member.role`; what is empty is left out.
    pub fn particulars(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        collect(&mut found, String::new(), &self.details);
        found
    }
}

fn collect(found: &mut Vec<(String, String)>, place: String, value: &Value) {
    let below = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    match value {
        Value::Null => {}
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| collect(found, below(name), value));
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            items.iter().zip(1..).for_each(|(item, n)| collect(found, below(&n.to_string()), item));
        }
        Value::Array(items) if items.is_empty() => {}
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().map(text).collect();
            found.push((place, texts.join(", ")));
        }
        Value::String(shown) if shown.is_empty() => {}
        other => found.push((place, text(other))),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn target(target: &Value) -> AuditTarget {
    let text = |name: &str| target.get(name).and_then(Value::as_str).map(str::to_owned);
    AuditTarget {
        kind: text("type").unwrap_or_default(),
        id: text("id").unwrap_or_default(),
        display: text("display"),
    }
}

/// The record with what is still there of the people in it, without its integrity.
fn shown(record: &Record) -> Value {
    let mut shown = record.public.clone();
    separate::put_back(&mut shown, record.parts.iter().map(|(_, part)| &part.values));
    shown
}

/// The record as a line of an export holds it; with proof, also the salts of its parts and what each covers.
pub(super) fn line(record: &Record, with_proof: bool) -> Value {
    let mut line = serde_json::to_value(AuditEventView::of(record)).unwrap_or_default();
    if with_proof && let Value::Object(members) = &mut line {
        let parts: Vec<Value> = (0..record.personal_hashes.len())
            .map(|at| match record.parts.iter().find(|(place, _)| *place == at) {
                Some((_, part)) => {
                    let covers: Vec<&String> = part.values.keys().collect();
                    json!({ "salt": hex(&part.salt), "covers": covers })
                }
                None => Value::Null,
            })
            .collect();
        let proof = Map::from_iter([("parts".to_owned(), Value::from(parts))]);
        members.insert("proof".to_owned(), Value::Object(proof));
    }
    line
}
