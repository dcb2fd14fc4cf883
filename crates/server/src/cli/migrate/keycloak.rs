//! Keycloak: the export of a realm (`kc.sh export --users same_file`), or one of its files of users.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use serde_json::{Map, Value, json};

use super::line::{Line, Refusal, base32, flag, list, switched_off, text};

pub(super) fn line(record: &Value) -> Result<Line, Refusal> {
    if flag(record, "enabled") == Some(false) {
        return Err(switched_off());
    }
    if text(record, "serviceAccountClientId").is_some() {
        return Err("it is the account of a client, not of a person".to_owned());
    }
    let mut line = Line::default();
    line.set("external_id", text(record, "id").or_else(|| text(record, "username")));
    line.set("email", text(record, "email"));
    line.set("email_verified", flag(record, "emailVerified").filter(|_| text(record, "email").is_some()));
    line.set("first_name", text(record, "firstName"));
    line.set("last_name", text(record, "lastName"));
    line.username(text(record, "username"));
    attributes(record, &mut line);
    for credential in list(record, "credentials") {
        match text(credential, "type") {
            Some("password") => password(credential, &mut line),
            Some("otp") => app(credential, &mut line),
            Some(other) => line.note_factor(other),
            None => {}
        }
    }
    let must_change =
        list(record, "requiredActions").filter_map(Value::as_str).any(|action| action == "UPDATE_PASSWORD");
    line.set("password_change_required", Some(true).filter(|_| must_change));
    line.note_providers(list(record, "federatedIdentities").filter_map(|one| text(one, "identityProvider")));
    Ok(line)
}

/// An authenticator application. What is not counted by time, with SHA-1, in six digits every 30 seconds cannot come along.
fn app(credential: &Value, line: &mut Line) {
    let seed = || {
        let (secret, data) = (inner(credential, "secretData")?, inner(credential, "credentialData")?);
        let is_usual = text(&data, "subType") == Some("totp")
            && text(&data, "algorithm").is_none_or(|name| name == "HmacSHA1")
            && data.get("digits").and_then(Value::as_u64).is_none_or(|digits| digits == 6)
            && data.get("period").and_then(Value::as_u64).is_none_or(|period| period == 30);
        let value = text(&secret, "value").filter(|_| is_usual)?;
        // It keeps the bytes as text, unless it says otherwise.
        match text(&data, "secretEncoding") {
            None => Some(base32(value.as_bytes())),
            Some("BASE32") => Some(value.to_owned()),
            Some(_) => None,
        }
    };
    match seed() {
        Some(_) if line.members.contains_key("totp_seed") => line.note_factor("a further authenticator app"),
        Some(seed) => line.totp_seed(&seed),
        None => line.note_factor("otp"),
    }
}

/// JSON within a text.
fn inner(credential: &Value, name: &str) -> Option<Value> {
    serde_json::from_str(text(credential, name)?).ok()
}

/// Attributes are lists of texts; those of one text become that text.
fn attributes(record: &Value, line: &mut Line) {
    let all = record.get("attributes").and_then(Value::as_object).into_iter().flatten();
    let mut rest = Map::new();
    for (name, values) in all {
        let value = match values.as_array().map(Vec::as_slice) {
            Some([one]) => one.clone(),
            _ => values.clone(),
        };
        match name.as_str() {
            "locale" => line.set("locale", value.as_str()),
            _ => {
                rest.insert(name.clone(), value);
            }
        }
    }
    line.metadata(None, Some(&Value::Object(rest)));
}

fn password(credential: &Value, line: &mut Line) {
    let hash = inner(credential, "secretData")
        .zip(inner(credential, "credentialData"))
        .and_then(|(secret, data)| hash(&secret, &data));
    match hash {
        Some(hash) => line.set("password_hash", Some(hash)),
        None => line.note("the password cannot be imported; recovery sets a new one"),
    }
}

fn hash(secret: &Value, data: &Value) -> Option<Value> {
    let (hash, salt) = (text(secret, "value")?, text(secret, "salt")?);
    let iterations = data.get("hashIterations")?.as_u64()?;
    let digest = match text(data, "algorithm")? {
        "pbkdf2" => "sha1",
        "pbkdf2-sha256" => "sha256",
        "pbkdf2-sha512" => "sha512",
        "argon2" => return argon2((hash, salt), data, iterations),
        _ => return None,
    };
    Some(
        json!({ "algorithm": "pbkdf2", "digest": digest, "iterations": iterations, "hash": hash, "salt": salt }),
    )
}

fn argon2((hash, salt): (&str, &str), data: &Value, passes: u64) -> Option<Value> {
    let parameter = |name: &str| data.get("additionalParameters")?.get(name)?.get(0)?.as_str();
    let version = match parameter("version").unwrap_or("1.3") {
        "1.3" => 19,
        "1.0" => 16,
        _ => return None,
    };
    let kind = parameter("type").unwrap_or("id");
    let (memory, lanes) = (parameter("memory")?, parameter("parallelism")?);
    let bare = |text: &str| STANDARD.decode(text).ok().map(|bytes| STANDARD_NO_PAD.encode(bytes));
    let (salt, hash) = (bare(salt)?, bare(hash)?);
    let encoded = format!("$argon2{kind}$v={version}$m={memory},t={passes},p={lanes}${salt}${hash}");
    Some(json!({ "algorithm": "argon2", "encoded": encoded }))
}
