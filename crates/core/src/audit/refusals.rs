//! Calls that were refused: recorded as what they would have been (`contract/70` §3.1).

use avnology_model::{Code, Result, Timestamp, events::EventType};
use parking_lot::Mutex;
use quick_cache::unsync::Cache;

use crate::{Cx, Tenant, events::emit};

/// How long the same refusal is not recorded again.
const QUIET_SECONDS: i64 = 60;
/// How many refusals are remembered; of more, the oldest may be recorded again too soon.
const REMEMBERED: usize = 10_000;
/// Most bytes of an id in a path.
const ID_BYTES: usize = 64;

/// When each actor was last refused what upon which target.
pub(crate) struct Refusals(Mutex<Cache<Refusal, Timestamp>>);

/// Actor, action and first target.
type Refusal = (Option<String>, EventType, Option<String>);

impl Default for Refusals {
    fn default() -> Self {
        Self(Mutex::new(Cache::new(REMEMBERED)))
    }
}

impl Refusals {
    /// Whether this was not refused within a minute; it is noted.
    fn is_news(&self, refusal: Refusal, now: Timestamp) -> bool {
        let mut known = self.0.lock();
        let is_news = known.get(&refusal).is_none_or(|last| last.plus_seconds(QUIET_SECONDS) <= now);
        if is_news {
            known.insert(refusal, now);
        }
        is_news
    }
}

/// Records that the caller of `cx` was refused `action`, once a minute for each actor, action and target. `ids` are the ids in
/// the path, the first of which is the widest; others than ids of things that events are about are left out.
pub async fn record_refusal(
    app: &Tenant,
    cx: &Cx,
    action: EventType,
    code: Code,
    ids: &[String],
) -> Result<()> {
    let mut event = cx.event(action, serde_json::json!({})).denied(code);
    event.organization_id = cx.scope.map(|scope| scope.organization);
    for id in ids.iter().rev() {
        if let Some(kind) = kind_of(id) {
            event = event.on(kind, id);
        }
    }
    let target = event.targets.first().map(|target| target.id.clone());
    if !app.refusals.is_news((event.actor.id.clone(), action, target), cx.now) {
        return Ok(());
    }
    app.store.identity().write(move |tx| emit(tx, &event)).await
}

/// What kind of thing an id names, as targets call it.
fn kind_of(id: &str) -> Option<&'static str> {
    let (prefix, rest) = id.split_once('_')?;
    let is_id = id.len() <= ID_BYTES && !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric());
    let kind = match prefix {
        "usr" => "identity",
        "ses" => "session",
        "cred" => "credential",
        "org" => "organization",
        "mem" => "member",
        "inv" => "invitation",
        "dom" => "domain",
        "grp" => "group",
        "rol" => "role",
        "sa" => "service_account",
        "key" => "api_key",
        _ => return None,
    };
    is_id.then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_of_things_that_events_are_about_become_targets() {
        assert_eq!(kind_of("usr_01h2xcejqtf2nbrexx3vqjhp41"), Some("identity"));
        for other in ["", "_", "usr", "usr_", "owner", "aud_01h2", "usr_<script>", "org_1 OR 1", "acme_inc"] {
            assert_eq!(kind_of(other), None, "{other}");
        }
        assert_eq!(kind_of(&format!("usr_{}", "a".repeat(100))), None);
    }
}
