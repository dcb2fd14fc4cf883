//! Amazon Cognito: `aws cognito-idp list-users`, or a table with the columns of its own import. It gives no password away.

use serde_json::{Map, Value};

use super::line::{Line, Refusal, flag, list, switched_off, text};

pub(super) fn line(record: &Value) -> Result<Line, Refusal> {
    if flag(record, "Enabled") == Some(false) {
        return Err(switched_off());
    }
    let attributes = attributes(record);
    let name = text(record, "Username").or_else(|| text(&attributes, "cognito:username"));
    let mut line = Line::default();
    line.set("external_id", text(&attributes, "sub").or(name));
    for (ours, theirs) in [
        ("email", "email"),
        ("phone", "phone_number"),
        ("first_name", "given_name"),
        ("last_name", "family_name"),
        ("display_name", "name"),
        ("locale", "locale"),
        ("timezone", "zoneinfo"),
    ] {
        line.set(ours, text(&attributes, theirs));
    }
    line.set(
        "email_verified",
        flag(&attributes, "email_verified").filter(|_| text(&attributes, "email").is_some()),
    );
    let phone_verified = flag(&attributes, "phone_number_verified");
    line.set("phone_verified", phone_verified.filter(|_| text(&attributes, "phone_number").is_some()));
    let is_sub = name.is_some() && name == text(&attributes, "sub");
    line.username(text(&attributes, "preferred_username").or(name.filter(|_| !is_sub)));
    line.picture(text(&attributes, "picture"));
    let custom: Map<String, Value> = attributes
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.strip_prefix("custom:")?.to_owned(), value.clone())))
        .filter(|(_, value)| value.as_str() != Some(""))
        .collect();
    line.metadata(None, Some(&Value::Object(custom)));
    let mut factors: Vec<&str> = list(record, "UserMFASettingList").filter_map(Value::as_str).collect();
    factors.extend(list(record, "MFAOptions").filter_map(|one| text(one, "DeliveryMedium")));
    if factors.is_empty() && flag(&attributes, "cognito:mfa_enabled") == Some(true) {
        factors.push("of an unknown kind");
    }
    for factor in factors {
        line.note_factor(factor);
    }
    let linked: Option<Value> =
        text(&attributes, "identities").and_then(|linked| serde_json::from_str(linked).ok());
    let linked = linked.as_ref().and_then(Value::as_array).into_iter().flatten();
    line.note_providers(linked.filter_map(|one| text(one, "providerName")));
    Ok(line)
}

/// The attributes as one object: a table has them as columns.
fn attributes(record: &Value) -> Value {
    let Some(list) = record.get("Attributes").and_then(Value::as_array) else { return record.clone() };
    let pairs =
        list.iter().filter_map(|one| Some((text(one, "Name")?.to_owned(), one.get("Value")?.clone())));
    Value::Object(pairs.collect())
}
