//! Clerk: the table that its dashboard exports, and users as its API shows them, with `password_digest` and
//! `password_hasher` added.

use avnology_model::text::from_hex;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::line::{Line, Refusal, flag, list, switched_off, text};

pub(super) fn line(record: &Value) -> Result<Line, Refusal> {
    if flag(record, "banned") == Some(true) {
        return Err(switched_off());
    }
    let mut line = Line::default();
    line.set("external_id", text(record, "id"));
    let (email, email_verified) = address(
        record,
        "email_addresses",
        "email_address",
        ["primary_email_address", "verified_email_addresses"],
    );
    line.set("email_verified", email.as_ref().map(|_| email_verified));
    line.set("email", email);
    let (phone, phone_verified) =
        address(record, "phone_numbers", "phone_number", ["primary_phone_number", "verified_phone_numbers"]);
    line.set("phone_verified", phone.as_ref().map(|_| phone_verified));
    line.set("phone", phone);
    line.set("first_name", text(record, "first_name"));
    line.set("last_name", text(record, "last_name"));
    line.username(text(record, "username"));
    line.picture(text(record, "image_url"));
    line.metadata(record.get("public_metadata"), record.get("private_metadata"));
    if let Some(digest) = text(record, "password_digest") {
        password(&mut line, digest, text(record, "password_hasher").unwrap_or_default());
    }
    match text(record, "totp_secret") {
        Some(secret) => line.totp_seed(secret),
        None if flag(record, "totp_enabled") == Some(true) => line.note_factor("authenticator app"),
        None if flag(record, "two_factor_enabled") == Some(true) => line.note_factor("of an unknown kind"),
        None => {}
    }
    line.note_providers(list(record, "external_accounts").filter_map(|one| text(one, "provider")));
    Ok(line)
}

/// The first address and whether it is proven: of the list that the API shows, or of the columns of the table.
fn address(record: &Value, list: &str, member: &str, columns: [&str; 2]) -> (Option<String>, bool) {
    if let Some(all) = record.get(list).and_then(Value::as_array) {
        let primary = text(record, &format!("primary_{member}_id"));
        let chosen = all.iter().find(|one| primary.is_some() && text(one, "id") == primary).or(all.first());
        let verified = chosen.and_then(|one| one.get("verification")).and_then(|v| text(v, "status"));
        return (chosen.and_then(|one| text(one, member)).map(str::to_owned), verified == Some("verified"));
    }
    let [primary, verified] = columns;
    let verified: Vec<&str> = text(record, verified)
        .map(|all| all.split(['|', ',', ';', ' ']).filter(|one| !one.is_empty()).collect())
        .unwrap_or_default();
    let chosen = text(record, primary).or(verified.first().copied());
    (chosen.map(str::to_owned), chosen.is_some_and(|chosen| verified.contains(&chosen)))
}

fn password(line: &mut Line, digest: &str, hasher: &str) {
    match hasher {
        "bcrypt" => line.encoded_hash("bcrypt", digest),
        "argon2i" | "argon2id" => line.encoded_hash("argon2", digest),
        "pbkdf2_sha256_django" => line.encoded_hash("pbkdf2", digest),
        "phpass" | "md5_phpass" => line.encoded_hash("phpass", digest),
        "ldap_ssha" => line.encoded_hash("ssha", digest),
        "md5" | "sha256" => {
            let hash = json!({ "algorithm": hasher, "hash": digest, "encoding": "hex" });
            line.set("password_hash", Some(hash));
        }
        "pbkdf2_sha1" | "pbkdf2_sha256" | "pbkdf2_sha512" | "scrypt_firebase" | "scrypt_werkzeug" => {
            let hash = match hasher {
                "scrypt_firebase" => firebase(digest),
                "scrypt_werkzeug" => werkzeug(digest),
                _ => pbkdf2(digest),
            };
            match hash {
                Some(hash) => line.set("password_hash", Some(hash)),
                None => line.note(format!("the password ({hasher}) cannot be read; recovery sets a new one")),
            }
        }
        other => line.note(format!("the password ({other}) cannot be imported; recovery sets a new one")),
    }
}

/// `pbkdf2_<hash>$<iterations>$<salt>$<hash>`: with SHA-256, both parts are base64; else the salt is text and the hash
/// hexadecimal, of SHA-1 with its length behind it.
fn pbkdf2(digest: &str) -> Option<Value> {
    let parts: Vec<&str> = digest.split('$').collect();
    let (["pbkdf2_sha256" | "pbkdf2_sha512" | "pbkdf2_sha1", iterations, salt, hash]
    | ["pbkdf2_sha1", iterations, salt, hash, _]) = parts.as_slice()
    else {
        return None;
    };
    let kind = parts.first()?.strip_prefix("pbkdf2_")?;
    let (salt, hash) = if kind == "sha256" {
        ((*salt).to_owned(), (*hash).to_owned())
    } else {
        (STANDARD.encode(salt), STANDARD.encode(from_hex(hash)?))
    };
    Some(json!({
        "algorithm": "pbkdf2", "digest": kind, "iterations": iterations.parse::<u32>().ok()?, "hash": hash, "salt": salt,
    }))
}

/// `scrypt:<n>:<r>:<p>$<salt>$<hash>`: the salt is text, the hash hexadecimal.
fn werkzeug(digest: &str) -> Option<Value> {
    let [method, salt, hash] = digest.split('$').collect::<Vec<_>>().try_into().ok()?;
    let parts: Vec<&str> = method.split(':').collect();
    let ["scrypt", n, r, p] = parts.as_slice() else { return None };
    let number = |text: &str| text.parse::<u32>().ok();
    Some(json!({
        "algorithm": "scrypt", "n": number(n)?, "r": number(r)?, "p": number(p)?, "salt": STANDARD.encode(salt),
        "hash": STANDARD.encode(from_hex(hash)?),
    }))
}

/// `<hash>$<salt>$<signer key>$<salt separator>$<rounds>$<memory cost>`.
fn firebase(digest: &str) -> Option<Value> {
    let [hash, salt, signer_key, separator, rounds, mem_cost] =
        digest.split('$').collect::<Vec<_>>().try_into().ok()?;
    Some(json!({
        "algorithm": "firebase-scrypt", "hash": hash, "salt": salt, "signer_key": signer_key,
        "salt_separator": separator, "rounds": rounds.parse::<u32>().ok()?, "mem_cost": mem_cost.parse::<u32>().ok()?,
    }))
}
