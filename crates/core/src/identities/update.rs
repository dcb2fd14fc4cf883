//! An administrator changes an identity.

use avnology_model::{
    Error, FieldCode, Result,
    events::{EventType, MessageRequest, MessageType},
    identities::Identity,
    ids::IdentityId,
    platform::Precondition,
};
use avnology_store::{
    IdentityTx,
    identities::{avatars, identities},
    sessions::sessions,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{IdentityView, editable, from_json, input::Says, reach};
use crate::{
    Cx, Tenant,
    events::{emit, emit_message},
    patch::merge,
};

/// What an administrator asks for.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UpdateIdentity)]
pub struct IdentityUpdate {
    /// The members to change.
    #[schema(value_type = Object)]
    pub identity: Map<String, Value>,
    /// Comma-separated paths; absent, every member that is present is changed. A path that `identity` lacks is cleared.
    #[serde(default)]
    pub update_mask: Option<String>,
}

/// Changes an identity. `_901`, `_902`, `_905`, `_014`, `_023`, `_903`.
pub async fn update(
    app: &Tenant,
    cx: &Cx,
    id: IdentityId,
    expected: &Precondition,
    change: IdentityUpdate,
) -> Result<IdentityView> {
    let mask = change.update_mask.as_deref().map(parse_mask).transpose()?;
    let schema = app.traits_schema(&app.settings())?;
    let (cx, expected) = (cx.clone(), expected.clone());
    let (view, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let mut identity = reach::manage(tx, &cx, id)?;
            expected.check(&identity.etag())?;
            let before = identity.clone();
            apply(&mut identity, &change.identity, mask.as_deref(), "identity.")?;
            if let Some(schema) = schema.as_ref().filter(|_| before.traits != identity.traits) {
                Error::from_fields(schema.flaws(&identity.traits, "identity.traits"))?;
            }
            save(tx, &cx, &before, &mut identity)?;
            let hashes = sessions::token_hashes_of(tx, id)?;
            Ok((IdentityView::for_administrators(&identity, cx.now), hashes))
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(view)
}

fn parse_mask(mask: &str) -> Result<Vec<Vec<String>>> {
    let bad = |message| Error::field("update_mask", FieldCode::InvalidFormat, message);
    mask.split(',')
        .map(|path| {
            let names: Vec<String> = path.trim().split('.').map(str::to_owned).collect();
            match names.first().map(String::as_str) {
                Some("*") => Err(bad("`*` is not a path.")),
                _ if names.iter().any(String::is_empty) || names.len() > 3 => {
                    Err(bad("Comma-separated paths, as in email,traits.department."))
                }
                _ => Ok(names),
            }
        })
        .collect()
}

/// `prefix` is where the members stand in what was sent.
fn apply(
    identity: &mut Identity,
    change: &Map<String, Value>,
    mask: Option<&[Vec<String>]>,
    prefix: &str,
) -> Result<()> {
    let mut target = serde_json::to_value(editable(identity)).map_err(Error::internal)?;
    let is_said = |name: &str| {
        let is_masked = mask.is_none_or(|paths| paths.iter().any(|path| path.as_slice() == [name]));
        is_masked && change.get(name) == Some(&Value::Bool(true))
    };
    let says = Says { email: is_said("email_verified"), phone: is_said("phone_verified") };
    let change = Value::Object(change.clone());
    match mask {
        None => merge(&mut target, &change),
        Some(paths) => paths.iter().for_each(|path| set(&mut target, &change, path)),
    }
    let input = from_json(without_nulls(target), prefix)?;
    let fields = input.check_change(identity, prefix, &[]).map_err(Error::of_fields)?;
    fields.write_saying(identity, says);
    Ok(())
}

/// Changes every member that is present, as an update without a mask does.
pub(super) fn apply_members(identity: &mut Identity, members: &Map<String, Value>) -> Result<()> {
    apply(identity, members, None, "")
}

/// Takes the value at `path` over from `change`; one that is not there is removed.
fn set(target: &mut Value, change: &Value, path: &[String]) {
    let Some((last, parents)) = path.split_last() else { return };
    let wanted = path.iter().try_fold(change, |value, name| value.get(name)).filter(|v| !v.is_null());
    let mut place = target;
    for name in parents {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(map) = place else { return };
        place = map.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
    }
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    let Value::Object(map) = place else { return };
    match wanted {
        Some(value) => map.insert(last.clone(), value.clone()),
        None => map.remove(last),
    };
}

/// Members that are null read as absent; those inside traits and metadata stay.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.into_iter().filter(|(_, v)| !v.is_null()).collect()),
        other => other,
    }
}

/// Writes a changed identity and tells of it; nothing happens when nothing changed.
pub(crate) fn save(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    before: &Identity,
    identity: &mut Identity,
) -> Result<()> {
    let (changed, old, new) = difference(before, identity);
    if changed.is_empty() {
        return Ok(());
    }
    if before.email_key != identity.email_key {
        identity.pending_email = None;
    }
    if before.phone != identity.phone {
        identity.pending_phone = None;
    }
    if before.avatar_url != identity.avatar_url {
        // An uploaded picture that nothing points to any more.
        avatars::erase(tx, identity.id)?;
    }
    identities::update(tx, identity, cx.now)?;
    let payload = json!({
        "user": IdentityView::for_events(identity, cx.now), "changed_fields": changed,
        "previous_values": old, "new_values": new,
    });
    emit(tx, &cx.event(EventType::UserUpdated, payload).on("identity", &identity.id))?;
    if identity.email_verified && (!before.email_verified || before.email_key != identity.email_key) {
        let payload = json!({ "user_id": identity.id, "email": identity.email });
        emit(tx, &cx.event(EventType::UserEmailVerified, payload).on("identity", &identity.id))?;
    }
    if before.email_key != identity.email_key {
        tell_old_address(tx, cx, before, identity)?;
    }
    super::phone::tell_of_change(tx, cx, before, identity)
}

fn tell_old_address(tx: &mut IdentityTx<'_>, cx: &Cx, before: &Identity, identity: &Identity) -> Result<()> {
    let payload = json!({ "user_id": identity.id, "old": before.email, "new": identity.email });
    emit(tx, &cx.event(EventType::UserEmailChanged, payload).on("identity", &identity.id))?;
    let Some(old) = &before.email else { return Ok(()) };
    let mut notice = MessageRequest::to_person(MessageType::EmailChanged, old, identity);
    notice.new_address.clone_from(&identity.email);
    emit_message(tx, cx, &notice, None)
}

/// Names of what changed, with old and new values; administrators' metadata by name only.
fn difference(before: &Identity, after: &Identity) -> (Vec<String>, Map<String, Value>, Map<String, Value>) {
    let as_map = |identity| match serde_json::to_value(editable(identity)) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let (mut old, mut new) = (as_map(before), as_map(after));
    let changed: Vec<String> = new.keys().filter(|name| old.get(*name) != new.get(*name)).cloned().collect();
    for map in [&mut old, &mut new] {
        map.retain(|name, _| changed.contains(name));
        if let Some(Value::Object(metadata)) = map.get_mut("metadata") {
            metadata.remove("admin");
        }
    }
    (changed, old, new)
}

#[cfg(test)]
mod tests {
    use avnology_model::Timestamp;

    use super::*;

    fn jane() -> Identity {
        let mut identity = Identity::new(IdentityId::from_bytes([1; 16]), Timestamp::from_micros(0));
        identity.email = Some("jane@acme.example".to_owned());
        identity.email_key = Some("jane@acme.example".to_owned());
        identity.email_verified = true;
        identity.first_name = Some("Jane".to_owned());
        identity.traits.insert("department".to_owned(), json!("engineering"));
        identity.traits.insert("level".to_owned(), json!(3));
        identity
    }

    fn changed(change: Value, mask: Option<&str>) -> Result<Identity> {
        let mut identity = jane();
        let Value::Object(change) = change else { panic!("an object") };
        let mask = mask.map(parse_mask).transpose()?;
        apply(&mut identity, &change, mask.as_deref(), "identity.").map(|()| identity)
    }

    #[test]
    fn without_a_mask_present_members_change_and_objects_merge() {
        let after = changed(json!({ "first_name": null, "traits": { "level": 4 } }), None).unwrap();
        assert_eq!(after.first_name, None);
        assert_eq!(Value::Object(after.traits), json!({ "department": "engineering", "level": 4 }));
        assert!(after.email_verified);
    }

    #[test]
    fn a_masked_path_that_is_missing_is_cleared_and_others_are_ignored() {
        let after = changed(json!({ "last_name": "Doe" }), Some("traits.level,first_name")).unwrap();
        assert_eq!((after.first_name, after.last_name), (None, None));
        assert_eq!(Value::Object(after.traits), json!({ "department": "engineering" }));
    }

    #[test]
    fn a_masked_object_is_replaced_whole() {
        let after = changed(json!({ "traits": { "a": 1 } }), Some("traits")).unwrap();
        assert_eq!(Value::Object(after.traits), json!({ "a": 1 }));
    }

    #[test]
    fn a_new_address_is_not_proven_unless_the_administrator_says_so() {
        assert!(!changed(json!({ "email": "new@acme.example" }), None).unwrap().email_verified);
        assert!(changed(json!({ "email": "JANE@acme.example" }), None).unwrap().email_verified);
        let vouched = json!({ "email": "new@acme.example", "email_verified": true });
        assert!(changed(vouched.clone(), None).unwrap().email_verified, "although the old one was proven");
        assert!(changed(vouched.clone(), Some("email,email_verified")).unwrap().email_verified);
        assert!(!changed(vouched, Some("email")).unwrap().email_verified, "it is not asked for");
    }

    #[test]
    fn unknown_members_and_wrong_types_are_named() {
        for (change, field) in [(json!({ "shoe": 1 }), "identity.shoe"), (json!({ "email": 3 }), "identity.")]
        {
            let error = changed(change, None).unwrap_err();
            assert!(error.errors()[0].field.starts_with(field), "{error}");
        }
        assert!(changed(json!({}), Some("*")).is_err() && changed(json!({}), Some("a..b")).is_err());
    }
}
