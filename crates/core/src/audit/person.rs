//! What a log tells about one person, for that person.

use avnology_model::{
    Result,
    audit::{Log, Record},
    ids::IdentityId,
};
use avnology_store::audit::{erasures, records};
use serde_json::{Value, json};

use super::{home, view};
use crate::Tenant;

/// What stands where somebody else's parts are.
const WITHHELD: &str = "withheld";

/// The logs that tell about a person.
pub(crate) async fn logs_of(app: &Tenant, person: IdentityId) -> Result<Vec<Log>> {
    app.store.identity().read(move |tx| erasures::logs_of(tx, &person.to_string())).await
}

/// A page of what a log tells about a person.
#[derive(Clone, Debug, Default)]
pub(crate) struct OfPerson {
    /// The records, without what they tell about others.
    pub(crate) records: Vec<Value>,
    /// Where the page ends.
    pub(crate) last: i64,
    /// Whether there may be more.
    pub(crate) is_more: bool,
    /// The end of the log.
    pub(crate) head: i64,
}

/// Up to `limit` records behind `after` in which a person acts or is acted upon. `_912` when the database is away.
pub(crate) async fn of_person(
    app: &Tenant,
    log: Log,
    person: IdentityId,
    after: i64,
    limit: u32,
) -> Result<OfPerson> {
    let home = home::open(app, log).await?;
    let name = person.to_string();
    let read = {
        let name = name.clone();
        home.scan(move |tx| Ok((records::of_person(tx, &name, after, limit)?, records::head(tx)?.sequence)))
    };
    let (found, head) = read.await?;
    let size = u32::try_from(found.len()).unwrap_or(u32::MAX);
    Ok(OfPerson {
        last: found.last().map_or(after, |record| record.sequence),
        is_more: size >= limit,
        records: found.into_iter().map(|record| shown(record, &name)).collect(),
        head,
    })
}

/// A record with the parts of one person, and those of nobody known.
fn shown(mut record: Record, person: &str) -> Value {
    let (own, others): (Vec<_>, Vec<_>) = std::mem::take(&mut record.parts)
        .into_iter()
        .partition(|(_, part)| part.person.as_deref().is_none_or(|whose| whose == person));
    record.parts = own;
    for pointer in others.iter().flat_map(|(_, part)| part.values.keys()) {
        if let Some(slot) = record.public.pointer_mut(pointer) {
            *slot = json!(WITHHELD);
        }
    }
    let mut shown = view::line(&record, false);
    if let Value::Object(members) = &mut shown {
        members.remove("integrity");
    }
    shown
}

#[cfg(test)]
mod tests {
    use avnology_model::{
        Timestamp,
        audit::Part,
        ids::{AuditId, EventId},
    };

    use super::*;

    #[test]
    fn of_other_people_a_record_tells_nothing() {
        let part = |person: &str, pointer: &str, value: &str| Part {
            person: Some(person.to_owned()),
            salt: [0; 32],
            values: serde_json::Map::from_iter([(pointer.to_owned(), json!(value))]),
        };
        let record = Record {
            sequence: 1,
            id: AuditId::from_bytes([1; 16]),
            event_id: EventId::from_bytes([2; 16]),
            timestamp: Timestamp::from_micros(0),
            public: json!({ "ip": "deleted", "targets": [{ "type": "identity", "id": "deleted", "display": null }] }),
            parts: vec![
                (0, part("usr_admin", "/ip", "192.0.2.1")),
                (1, part("usr_jane", "/targets/0/id", "usr_jane")),
            ],
            personal_hashes: vec![[0; 32], [0; 32]],
            prev_hash: [0; 32],
            hash: [0; 32],
        };
        let shown = shown(record, "usr_jane");
        assert_eq!(shown["ip"], WITHHELD);
        assert_eq!(shown["targets"][0]["id"], "usr_jane");
        assert_eq!(shown.get("integrity"), None);
    }
}
