//! Auth0: the export of users by its extension or job, and the lines with `passwordHash` that its support sends; what its own
//! import takes (`custom_password_hash`) is read, too.

use avnology_model::text::from_hex;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::line::{Line, Refusal, flag, list, switched_off, text};

pub(super) fn line(record: &Value) -> Result<Line, Refusal> {
    if flag(record, "blocked") == Some(true) {
        return Err(switched_off());
    }
    let mut line = Line::default();
    let object_id = record.get("_id").and_then(|id| text(id, "$oid")).map(|id| format!("auth0|{id}"));
    line.set("external_id", text(record, "user_id").map(str::to_owned).or(object_id));
    let email = text(record, "email");
    line.set("email", email);
    line.set("email_verified", flag(record, "email_verified").filter(|_| email.is_some()));
    line.set("phone", text(record, "phone_number"));
    line.set(
        "phone_verified",
        flag(record, "phone_verified").filter(|_| text(record, "phone_number").is_some()),
    );
    line.set("first_name", text(record, "given_name"));
    line.set("last_name", text(record, "family_name"));
    // Where it knows no name, it writes the address.
    line.set("display_name", text(record, "name").filter(|name| Some(*name) != email));
    line.username(text(record, "username"));
    line.picture(text(record, "picture"));
    line.metadata(record.get("user_metadata"), record.get("app_metadata"));
    password(record, &mut line);
    factors(record, &mut line);
    let providers = list(record, "identities").filter_map(|one| text(one, "provider"));
    line.note_providers(providers.filter(|name| !matches!(*name, "auth0" | "email" | "sms")));
    Ok(line)
}

/// What its own import takes (`mfa_factors`) has the secret of an authenticator application; an export names kinds only.
fn factors(record: &Value, line: &mut Line) {
    for factor in list(record, "mfa_factors") {
        if let Some(secret) = factor.get("totp").and_then(|totp| text(totp, "secret")) {
            line.totp_seed(secret);
        } else {
            let kind = factor.as_object().and_then(|members| members.keys().next());
            line.note_factor(kind.map_or("of an unknown kind", String::as_str));
        }
    }
    for kind in list(record, "multifactor") {
        line.note_factor(kind.as_str().unwrap_or("of an unknown kind"));
    }
}

fn password(record: &Value, line: &mut Line) {
    if let Some(hash) = text(record, "passwordHash").or_else(|| text(record, "password_hash")) {
        line.encoded_hash("bcrypt", hash);
        return;
    }
    let Some(custom) = record.get("custom_password_hash") else { return };
    let algorithm = text(custom, "algorithm").unwrap_or_default();
    match hash(algorithm, custom) {
        Some(hash) => line.set("password_hash", Some(hash)),
        None => line.note(format!("the password ({algorithm}) cannot be imported; recovery sets a new one")),
    }
}

fn hash(algorithm: &str, custom: &Value) -> Option<Value> {
    let of_hash = custom.get("hash")?;
    let value = text(of_hash, "value")?;
    let encoded = |algorithm: &str| Some(json!({ "algorithm": algorithm, "encoded": value }));
    match algorithm {
        "argon2" | "bcrypt" | "pbkdf2" => encoded(algorithm),
        "ldap" if value.starts_with("{SSHA}") => encoded("ssha"),
        "ldap" if value.starts_with("{SSHA256}") => encoded("ssha256"),
        "ldap" if value.starts_with("{SSHA512}") => encoded("ssha512"),
        "md5" | "sha1" | "sha256" | "sha512" => {
            let salt = custom.get("salt");
            let mut hash = json!({ "algorithm": algorithm, "hash": STANDARD.encode(bytes(of_hash, "hex")?) });
            if let (Some(members), Some(salt)) = (hash.as_object_mut(), salt) {
                members.insert("salt".to_owned(), STANDARD.encode(bytes(salt, "utf8")?).into());
                let position = text(salt, "position").unwrap_or("prefix");
                members.insert("salt_position".to_owned(), position.into());
            }
            Some(hash)
        }
        "scrypt" => Some(json!({
            "algorithm": "scrypt",
            "hash": STANDARD.encode(bytes(of_hash, "hex")?),
            "salt": STANDARD.encode(bytes(custom.get("salt")?, "utf8")?),
            "n": custom.get("cost").cloned().unwrap_or(16_384.into()),
            "r": custom.get("blockSize").cloned().unwrap_or(8.into()),
            "p": custom.get("parallelization").cloned().unwrap_or(1.into()),
            "length": custom.get("keylen")?,
        })),
        _ => None,
    }
}

fn bytes(of: &Value, usual: &str) -> Option<Vec<u8>> {
    let value = text(of, "value")?;
    match text(of, "encoding").unwrap_or(usual) {
        "utf8" => Some(value.as_bytes().to_vec()),
        "base64" => STANDARD.decode(value).ok(),
        "hex" => from_hex(value),
        _ => None,
    }
}
