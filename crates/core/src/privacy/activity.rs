//! Own activity (`contract/70` §3.2): a follower of the identity layer's log keeps what concerns an account with it.

use avnology_model::{
    Error, Result, Timestamp,
    events::{ActorType, Event},
    ids::{EventId, IdentityId, SessionId},
    privacy::{Activity, ActivityActor},
    sessions::Agent,
};
use avnology_store::{
    IdentityTx, events::log::StoredEvent, identities::identities, privacy::activity as rows,
};
use serde_json::{Map, Value};

use crate::{Tenant, events::Consumer, sessions::LiveSession};

/// How long it is kept, in seconds.
const KEPT: i64 = 90 * 24 * 60 * 60;
/// What is kept.
const KINDS: &[&str] = &["user.", "session.", "device.", "oauth.", "organization.member.", "privacy."];
/// Particulars that are the owner's own business in every event.
const SHOWN: &[&str] = &[
    "methods",
    "method",
    "aal",
    "previous_aal",
    "changed_fields",
    "role",
    "previous_role",
    "deletion_id",
    "scheduled_for",
    "effective_time",
    "factor_recovery_id",
    "by",
    "export_id",
    "locked_until",
];
/// Particulars that are the owner's when the owner acted.
const SHOWN_OF_SELF: &[&str] = &["old", "new", "email", "reason"];

/// Keeps what happened to accounts.
#[derive(Clone, Copy, Debug, Default)]
pub struct ActivityFollower;

impl Consumer for ActivityFollower {
    fn name(&self) -> &'static str {
        "activity"
    }

    fn wants(&self, event_type: &str) -> bool {
        KINDS.iter().any(|kind| event_type.starts_with(kind))
    }

    fn take(&self, tx: &mut IdentityTx<'_>, event: &Event, _: &StoredEvent) -> Result<()> {
        let Some(person) = subject(event) else { return Ok(()) };
        // Of somebody who is gone nothing is kept.
        if identities::name(tx, person)?.is_none() {
            return Ok(());
        }
        rows::insert(tx, person, &activity(event, person))
    }
}

/// Whom an event is about: the person acted upon, or else the one who acted.
fn subject(event: &Event) -> Option<IdentityId> {
    let target =
        event.targets.iter().find(|target| target.kind == "identity").map(|target| target.id.as_str());
    target.or(event.actor.id.as_deref())?.parse().ok()
}

/// What the owner may see of an event.
fn activity(event: &Event, person: IdentityId) -> Activity {
    let is_self = event.actor.id.as_deref() == Some(person.to_string().as_str());
    // An attempt by nobody known is the owner's business; where somebody else acted, their address is not.
    let is_shown = is_self || event.actor.kind == ActorType::Anonymous;
    let user_agent = event.origin.user_agent.clone().filter(|_| is_shown);
    let session = event.targets.iter().find(|target| target.kind == "session");
    let session: Option<SessionId> = session.and_then(|target| target.id.parse().ok());
    Activity {
        id: event.event_id,
        action: event.event_type,
        timestamp: event.timestamp,
        result: event.result,
        error_code: event.error_code.clone(),
        actor: ActivityActor { kind: event.actor.kind, is_self },
        organization_id: event.organization_id,
        session_id: session.or(event.actor.session_id.filter(|_| is_self)),
        ip: event.origin.ip.clone().filter(|_| is_shown),
        device: user_agent.as_deref().map(|agent| Agent::parse(agent).name()),
        user_agent,
        details: details(&event.payload, is_self),
    }
}

fn details(payload: &Value, is_self: bool) -> Value {
    let Value::Object(members) = payload else { return Value::Object(Map::new()) };
    let is_shown = |name: &str| SHOWN.contains(&name) || (is_self && SHOWN_OF_SELF.contains(&name));
    let shown =
        members.iter().filter(|(name, value)| is_shown(name) && !value.is_null() && !value.is_object());
    Value::Object(shown.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// A page of what happened.
#[derive(Clone, Debug)]
pub struct ActivityPage {
    /// What happened, the newest first.
    pub events: Vec<Activity>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<(Timestamp, EventId)>,
}

/// A page of what happened to the caller's own account in the last 90 days.
pub async fn list_own(
    app: &Tenant,
    live: &LiveSession,
    after: Option<(Timestamp, EventId)>,
    page_size: u32,
) -> Result<ActivityPage> {
    let (id, limit) = (live.identity.id, page_size.saturating_add(1));
    let mut events = app.store.identity().read(move |tx| rows::list(tx, id, after, limit)).await?;
    let size = usize::try_from(page_size).map_err(Error::internal)?;
    let is_more = events.len() > size;
    events.truncate(size);
    let next = events.last().filter(|_| is_more).map(|last| (last.timestamp, last.id));
    Ok(ActivityPage { events, next })
}

/// Removes what happened more than 90 days ago.
pub async fn remove_old(app: &Tenant, now: Timestamp) -> Result<()> {
    app.store.identity().write(move |tx| rows::purge(tx, now.plus_seconds(-KEPT)).map(drop)).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_the_particulars_only_the_owners_are_kept() {
        let payload = json!({ "user": { "email": "x@y.example" }, "changed_fields": ["email"], "reason": "left", "by": null });
        assert_eq!(details(&payload, false), json!({ "changed_fields": ["email"] }));
        assert_eq!(details(&payload, true), json!({ "changed_fields": ["email"], "reason": "left" }));
        assert_eq!(details(&Value::Null, true), json!({}));
    }
}
