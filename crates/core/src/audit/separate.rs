//! What of a record is personal, and whose it is (`contract/70` §3.4).
//!
//! Personal values are taken out of the record and kept beside it, by person; `deleted` stands in their place. An actor who is
//! a person, or nobody known, has a part; so has each target that is one; and so have others whom the particulars name.

use avnology_model::{
    audit::Digest,
    ids::{DeviceId, IdentityId, SessionId},
};
use serde_json::{Map, Value};

/// What stands where something personal was.
pub(super) const DELETED: &str = "deleted";

/// Members of particulars that tell about the person concerned, in every event.
const ALWAYS: &[&str] = &[
    "user",
    "session",
    "user_id",
    "session_id",
    "identity_id",
    "accepted_identity_id",
    "email",
    "phone",
    "username",
    "display_name",
    "first_name",
    "last_name",
    "identifier_hash",
    "ip",
    "user_agent",
    "message",
    "return_to",
    "note",
];
/// The same in events about a person.
const ABOUT_PEOPLE: &[&str] = &["old", "new", "previous_values", "new_values", "label", "name"];
/// Events whose `reason` is somebody's words. In others it is one of ours.
const WORDS: &[&str] = &[
    "user.disabled",
    "user.mfa_reset",
    "organization.member.suspended",
    "organization.member.reactivated",
    "oauth.impersonation.started",
    "risk.level_changed",
];

/// A part without its salt.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unsalted {
    /// The identity whose part it is.
    pub(super) person: Option<String>,
    /// JSON pointers into the record, each with the value there.
    pub(super) values: Map<String, Value>,
}

/// Whose a part is; parts are in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Actor,
    Target(usize),
    Other(String),
}

/// Takes what is personal out of a record, which is as its readers see it; the parts, in their order.
pub(super) fn separate(record: &mut Value) -> Vec<Unsalted> {
    let people = People::of(record);
    let mut places: Vec<(Owner, String)> = Vec::new();
    people.of_actor(record, &mut places);
    people.of_targets(record, &mut places);
    if let Some(details) = record.get("details") {
        match people.owner("", details) {
            Some(owner) => places.push((owner, "/details".to_owned())),
            None => people.walk(details, "/details", &mut places),
        }
    }
    let mut parts: Vec<(Owner, Unsalted)> = Vec::new();
    for (owner, pointer) in places {
        let Some(slot) = record.pointer_mut(&pointer).filter(|value| !value.is_null()) else { continue };
        let value = std::mem::replace(slot, DELETED.into());
        if let Some((_, part)) = parts.iter_mut().find(|(other, _)| *other == owner) {
            part.values.insert(pointer, value);
        } else {
            let person = people.person(&owner);
            parts.push((owner, Unsalted { person, values: Map::from_iter([(pointer, value)]) }));
        }
    }
    parts.sort_by(|one, other| one.0.cmp(&other.0));
    parts.into_iter().map(|(_, part)| part).collect()
}

/// Puts what is still there of the personal parts back into a record.
pub(super) fn put_back<'a>(record: &mut Value, parts: impl Iterator<Item = &'a Map<String, Value>>) {
    for (pointer, value) in parts.flatten() {
        if let Some(slot) = record.pointer_mut(pointer) {
            *slot = value.clone();
        }
    }
}

/// With their salts; `salt` draws one.
pub(super) fn salted(
    parts: Vec<Unsalted>,
    mut salt: impl FnMut() -> Digest,
) -> Vec<avnology_model::audit::Part> {
    let with = |part: Unsalted| avnology_model::audit::Part {
        person: part.person,
        salt: salt(),
        values: part.values,
    };
    parts.into_iter().map(with).collect()
}

/// The people of a record.
struct People {
    action: String,
    actor: Option<String>,
    is_personal_actor: bool,
    /// The identity of each target that is one.
    targets: Vec<Option<String>>,
    /// The kind of each target.
    kinds: Vec<String>,
}

impl People {
    fn of(record: &Value) -> Self {
        let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let kind = text("/actor/type").unwrap_or_default();
        let targets = record.get("targets").and_then(Value::as_array).cloned().unwrap_or_default();
        let member = |target: &Value, name: &str| target.get(name).and_then(Value::as_str).map(str::to_owned);
        let kinds: Vec<String> = targets.iter().map(|t| member(t, "type").unwrap_or_default()).collect();
        let ids = targets.iter().zip(&kinds);
        Self {
            action: text("/action").unwrap_or_default(),
            actor: text("/actor/id").filter(|_| kind == "identity"),
            is_personal_actor: kind == "identity" || kind == "anonymous",
            targets: ids.map(|(t, kind)| member(t, "id").filter(|_| kind == "identity")).collect(),
            kinds,
        }
    }

    fn person(&self, owner: &Owner) -> Option<String> {
        match owner {
            Owner::Actor => self.actor.clone(),
            Owner::Target(at) => self.targets.get(*at).cloned().flatten(),
            Owner::Other(id) => Some(id.clone()),
        }
    }

    /// Whom an event is about: its first target who is a person; or else, whom its first target is for; or the actor.
    fn subject(&self) -> Owner {
        let person = self.targets.iter().position(Option::is_some);
        match person {
            Some(at) => Owner::Target(at),
            None if self.kinds.first().is_some_and(|kind| kind == "invitation") => Owner::Target(0),
            None => Owner::Actor,
        }
    }

    fn named(&self, id: &str) -> Owner {
        let at = self.targets.iter().position(|target| target.as_deref() == Some(id));
        match at {
            Some(at) => Owner::Target(at),
            None if self.actor.as_deref() == Some(id) => Owner::Actor,
            None => Owner::Other(id.to_owned()),
        }
    }

    fn of_actor(&self, record: &Value, places: &mut Vec<(Owner, String)>) {
        if self.is_personal_actor {
            let members = ["/actor/id", "/actor/display", "/actor/session_id", "/ip", "/user_agent"];
            let others = ["/location", "/device_id"];
            let there = members.into_iter().chain(others).filter(|at| record.pointer(at).is_some());
            places.extend(there.map(|at| (Owner::Actor, at.to_owned())));
        }
    }

    fn of_targets(&self, record: &Value, places: &mut Vec<(Owner, String)>) {
        for (at, kind) in self.kinds.iter().enumerate() {
            let owner = match kind.as_str() {
                "identity" => Owner::Target(at),
                "session" | "device" => self.subject(),
                "invitation" => {
                    places.push((Owner::Target(at), format!("/targets/{at}/display")));
                    continue;
                }
                _ => continue,
            };
            for member in ["id", "display"] {
                let pointer = format!("/targets/{at}/{member}");
                if record.pointer(&pointer).is_some() {
                    places.push((owner.clone(), pointer));
                }
            }
        }
    }

    fn walk(&self, value: &Value, pointer: &str, places: &mut Vec<(Owner, String)>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let at = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                    match self.owner(name, member) {
                        Some(owner) => places.push((owner, at)),
                        None => self.walk(member, &at, places),
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let at = format!("{pointer}/{index}");
                    match self.owner("", item) {
                        Some(owner) => places.push((owner, at)),
                        None => self.walk(item, &at, places),
                    }
                }
            }
            _ => {}
        }
    }

    /// Whose a member of the particulars is, when it is personal.
    fn owner(&self, name: &str, value: &Value) -> Option<Owner> {
        if let Value::String(text) = value {
            if text.parse::<IdentityId>().is_ok() {
                return Some(self.named(text));
            }
            if text.parse::<SessionId>().is_ok() || text.parse::<DeviceId>().is_ok() {
                return Some(self.subject());
            }
        }
        let about_person = ["user.", "session.", "device."].iter().any(|area| self.action.starts_with(area));
        let is_personal = ALWAYS.contains(&name)
            || (about_person && ABOUT_PEOPLE.contains(&name))
            || (name == "reason" && WORDS.contains(&self.action.as_str()));
        (is_personal && !value.is_null()).then(|| self.subject())
    }
}

#[cfg(test)]
mod tests;
