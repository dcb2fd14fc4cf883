use std::sync::{Arc, atomic::AtomicU64};

use serde_json::{Value, json};

use super::{line::Line, *};

fn made(line: Result<Line, Refusal>) -> (Value, Vec<String>) {
    let line = line.unwrap();
    (Value::Object(line.members), line.notes)
}

#[test]
fn auth0_gives_profile_metadata_and_a_bcrypt_hash() {
    let record = json!({
        "_id": { "$oid": "60425dc43519d90068f82973" }, "email": "jane@acme.example", "email_verified": true,
        "passwordHash": "$2b$10$Z6hUTEEeoJXN5/AmSm/4.eZ75RYgFVriQM9LPhNEC7kbAbS/VAaJ2", "name": "jane@acme.example",
        "given_name": "Jane", "picture": "http://x.example/1.png", "user_metadata": { "plan": "pro" },
        "app_metadata": {}, "tenant": "dev", "connection": "Username-Password-Authentication",
    });
    let (line, notes) = made(auth0::line(&record));
    assert_eq!(notes, Vec::<String>::new());
    assert_eq!(
        line,
        json!({
            "external_id": "auth0|60425dc43519d90068f82973", "email": "jane@acme.example", "email_verified": true,
            "first_name": "Jane", "metadata": { "public": { "plan": "pro" } },
            "password_hash": { "algorithm": "bcrypt",
                "encoded": "$2b$10$Z6hUTEEeoJXN5/AmSm/4.eZ75RYgFVriQM9LPhNEC7kbAbS/VAaJ2" },
        })
    );
    assert!(auth0::line(&json!({ "email": "x@x.example", "blocked": true })).is_err());
}

#[test]
fn custom_hashes_of_auth0_are_rewritten_in_one_encoding() {
    let hash = |custom: Value| {
        let (line, notes) =
            made(auth0::line(&json!({ "user_id": "auth0|1", "custom_password_hash": custom })));
        (line["password_hash"].clone(), notes.len())
    };
    let sha = json!({
        "algorithm": "sha256", "hash": { "value": "00ff", "encoding": "hex" },
        "salt": { "value": "salty", "position": "suffix" },
    });
    let expected =
        json!({ "algorithm": "sha256", "hash": "AP8=", "salt": "c2FsdHk=", "salt_position": "suffix" });
    assert_eq!(hash(sha), (expected, 0));
    let ldap = json!({ "algorithm": "ldap", "hash": { "value": "{SSHA}abc" } });
    assert_eq!(hash(ldap).0, json!({ "algorithm": "ssha", "encoded": "{SSHA}abc" }));
    let scrypt = json!({
        "algorithm": "scrypt", "hash": { "value": "AP8=", "encoding": "base64" }, "salt": { "value": "salty" },
        "keylen": 2, "cost": 16, "blockSize": 4, "parallelization": 2,
    });
    let expected = json!({
        "algorithm": "scrypt", "hash": "AP8=", "salt": "c2FsdHk=", "n": 16, "r": 4, "p": 2, "length": 2,
    });
    assert_eq!(hash(scrypt).0, expected);
    assert_eq!(hash(json!({ "algorithm": "md4", "hash": { "value": "00" } })), (Value::Null, 1));
}

#[test]
fn clerk_is_read_as_a_table_and_as_its_api_shows_it() {
    let row = json!({
        "id": "user_1", "first_name": "Jane", "last_name": "", "username": "jane", "totp_secret": "JBSWY3DPEHPK3PXP",
        "primary_email_address": "jane@acme.example", "verified_email_addresses": "other@acme.example|jane@acme.example",
        "primary_phone_number": "", "password_digest": "$argon2id$x", "password_hasher": "argon2id",
    });
    let (line, notes) = made(clerk::line(&row));
    assert_eq!(
        line,
        json!({
            "external_id": "user_1", "email": "jane@acme.example", "email_verified": true, "first_name": "Jane",
            "username": "jane", "totp_seed": "JBSWY3DPEHPK3PXP",
            "password_hash": { "algorithm": "argon2", "encoded": "$argon2id$x" },
        })
    );
    assert_eq!(notes, Vec::<String>::new());
    let shown = json!({
        "id": "user_2", "primary_email_address_id": "idn_2", "public_metadata": { "plan": "pro" }, "banned": false,
        "email_addresses": [
            { "id": "idn_1", "email_address": "a@x.example", "verification": { "status": "verified" } },
            { "id": "idn_2", "email_address": "b@x.example", "verification": { "status": "unverified" } },
        ],
        "password_hasher": "scrypt_firebase", "password_digest": "aGFzaA==$c2FsdA==$a2V5$Bw==$8$14",
    });
    let (line, _) = made(clerk::line(&shown));
    assert_eq!((line["email"].clone(), line["email_verified"].clone()), (json!("b@x.example"), json!(false)));
    assert_eq!(
        line["password_hash"],
        json!({
            "algorithm": "firebase-scrypt", "hash": "aGFzaA==", "salt": "c2FsdA==", "signer_key": "a2V5",
            "salt_separator": "Bw==", "rounds": 8, "mem_cost": 14,
        })
    );
    let (line, notes) = made(clerk::line(
        &json!({ "id": "user_3", "password_digest": "x", "password_hasher": "awscognito" }),
    ));
    assert_eq!((line.get("password_hash"), notes.len()), (None, 1));
}

#[test]
fn digests_of_clerk_are_rewritten_in_one_encoding() {
    let hash = |hasher: &str, digest: &str| {
        let record = json!({ "id": "1", "password_hasher": hasher, "password_digest": digest });
        let (line, notes) = made(clerk::line(&record));
        (line["password_hash"].clone(), notes.len())
    };
    let pbkdf2 = |digest: &str, salt: &str, hash: &str| {
        let iterations = 1_000;
        json!({ "algorithm": "pbkdf2", "digest": digest, "iterations": iterations, "salt": salt, "hash": hash })
    };
    for (hasher, digest, expected) in [
        ("pbkdf2_sha256", "pbkdf2_sha256$1000$c2FsdA==$AP8=", pbkdf2("sha256", "c2FsdA==", "AP8=")),
        ("pbkdf2_sha512", "pbkdf2_sha512$1000$salt$00ff", pbkdf2("sha512", "c2FsdA==", "AP8=")),
        ("pbkdf2_sha1", "pbkdf2_sha1$1000$salt$00ff$2", pbkdf2("sha1", "c2FsdA==", "AP8=")),
        (
            "scrypt_werkzeug",
            "scrypt:16384:8:1$salt$00ff",
            json!({ "algorithm": "scrypt", "n": 16384, "r": 8, "p": 1, "salt": "c2FsdA==", "hash": "AP8=" }),
        ),
        ("ldap_ssha", "{SSHA}x", json!({ "algorithm": "ssha", "encoded": "{SSHA}x" })),
    ] {
        assert_eq!(hash(hasher, digest), (expected, 0), "{hasher}");
    }
    for (hasher, digest) in [
        ("pbkdf2_sha256", "pbkdf2_sha256$1000$c2FsdA=="),
        ("pbkdf2_sha512", "pbkdf2_sha512$1000$salt$xyz"),
        ("scrypt_werkzeug", "scrypt:1:1$salt$00"),
        ("scrypt_firebase", "hash$salt"),
        ("bcrypt_sha256_django", "bcrypt_sha256$$2b$12$x"),
    ] {
        assert_eq!(hash(hasher, digest), (Value::Null, 1), "{hasher}");
    }
}

#[test]
fn authenticator_apps_come_along_where_the_export_has_their_secret() {
    let seed = |line: Result<Line, Refusal>| {
        let (line, notes) = made(line);
        (line["totp_seed"].clone(), notes.len())
    };
    let factors = json!([{ "totp": { "secret": "JBSWY3DPEHPK3PXP" } }, { "phone": { "value": "+1" } }]);
    let auth0 = json!({ "user_id": "auth0|1", "mfa_factors": factors, "identities": [{ "provider": "google-oauth2" }] });
    assert_eq!(seed(auth0::line(&auth0)), (json!("JBSWY3DPEHPK3PXP"), 2));
    let keycloak = |secret: &str, data: &str| json!({ "id": "1", "credentials": [{ "type": "otp", "secretData": secret, "credentialData": data }] });
    let plain = keycloak(
        r#"{"value":"12345678901234567890"}"#,
        r#"{"subType":"totp","digits":6,"period":30,"algorithm":"HmacSHA1"}"#,
    );
    assert_eq!(seed(keycloak::line(&plain)), (json!("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), 0));
    let coded =
        keycloak(r#"{"value":"JBSWY3DPEHPK3PXP"}"#, r#"{"subType":"totp","secretEncoding":"BASE32"}"#);
    assert_eq!(seed(keycloak::line(&coded)), (json!("JBSWY3DPEHPK3PXP"), 0));
    for data in [
        r#"{"subType":"hotp"}"#,
        r#"{"subType":"totp","digits":8}"#,
        r#"{"subType":"totp","algorithm":"HmacSHA256"}"#,
    ] {
        assert_eq!(
            seed(keycloak::line(&keycloak(r#"{"value":"12345678901234567890"}"#, data))),
            (Value::Null, 1)
        );
    }
}

#[test]
fn cognito_is_read_as_a_list_and_as_a_table() {
    let listed = json!({
        "Username": "0b7d", "Enabled": true, "UserStatus": "CONFIRMED", "Attributes": [
            { "Name": "sub", "Value": "0b7d" }, { "Name": "email", "Value": "jane@acme.example" },
            { "Name": "email_verified", "Value": "true" }, { "Name": "custom:plan", "Value": "pro" },
        ],
    });
    let expected = json!({
        "external_id": "0b7d", "email": "jane@acme.example", "email_verified": true,
        "metadata": { "admin": { "plan": "pro" } },
    });
    assert_eq!(made(cognito::line(&listed)), (expected, Vec::new()));
    let row = json!({
        "cognito:username": "jane", "email": "jane@acme.example", "email_verified": "TRUE", "given_name": "Jane",
        "phone_number": "", "phone_number_verified": "FALSE", "cognito:mfa_enabled": "TRUE", "custom:plan": "",
    });
    let (line, notes) = made(cognito::line(&row));
    let expected = json!({
        "external_id": "jane", "email": "jane@acme.example", "email_verified": true, "first_name": "Jane",
        "username": "jane",
    });
    assert_eq!((line, notes.len()), (expected, 1));
    assert!(cognito::line(&json!({ "Username": "x", "Enabled": false })).is_err());
}

#[test]
fn keycloak_gives_pbkdf2_and_argon2() {
    let user = |secret: &str, data: &str| {
        json!({
            "id": "f0", "username": "jane@acme.example", "email": "jane@acme.example", "emailVerified": true,
            "enabled": true, "attributes": { "locale": ["de"], "team": ["a", "b"] },
            "credentials": [{ "type": "password", "secretData": secret, "credentialData": data }, { "type": "otp" }],
            "requiredActions": ["UPDATE_PASSWORD"],
        })
    };
    let pbkdf2 = user(
        r#"{"value":"aGFzaA==","salt":"c2FsdA==","additionalParameters":{}}"#,
        r#"{"hashIterations":27500,"algorithm":"pbkdf2-sha256","additionalParameters":{}}"#,
    );
    let (line, notes) = made(keycloak::line(&pbkdf2));
    assert_eq!(
        line,
        json!({
            "external_id": "f0", "email": "jane@acme.example", "email_verified": true, "locale": "de",
            "metadata": { "admin": { "team": ["a", "b"] } }, "password_change_required": true,
            "password_hash": { "algorithm": "pbkdf2", "digest": "sha256", "iterations": 27500, "hash": "aGFzaA==",
                "salt": "c2FsdA==" },
        })
    );
    assert_eq!(notes.len(), 1, "the second factor: {notes:?}");
    let argon2 = user(
        r#"{"value":"aGFzaGhhc2g=","salt":"c2FsdHNhbHQ=","additionalParameters":{}}"#,
        r#"{"hashIterations":5,"algorithm":"argon2","additionalParameters":{"hashLength":["32"],"memory":["7168"],
            "type":["id"],"version":["1.3"],"parallelism":["1"]}}"#,
    );
    let (line, _) = made(keycloak::line(&argon2));
    assert_eq!(
        line["password_hash"]["encoded"],
        json!("$argon2id$v=19$m=7168,t=5,p=1$c2FsdHNhbHQ$aGFzaGhhc2g")
    );
    assert!(keycloak::line(&json!({ "username": "x", "serviceAccountClientId": "api" })).is_err());
}

fn read(name: &str, text: &str, list: Option<&str>) -> Result<Vec<Value>, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    let file = records::Counted::new(std::fs::File::open(&path).unwrap(), Arc::new(AtomicU64::new(0)));
    let mut found = Vec::new();
    records::each(&path, file, list, &mut |record| {
        found.push(record);
        true
    })?;
    Ok(found)
}

#[test]
fn exports_are_read_in_whichever_shape_they_come() {
    let two = [json!({ "a": 1 }), json!({ "a": 2 })];
    assert_eq!(read("x.json", "\u{feff} [{\"a\":1},\n{\"a\":2}]", None).unwrap(), two);
    assert_eq!(read("x.json", "{\"a\":1}\n{\"a\":2}\n", None).unwrap(), two);
    assert_eq!(
        read("x.json", "{\"realm\":{\"users\":[9]},\"users\":[{\"a\":1},{\"a\":2}],\"z\":0}", Some("users"))
            .unwrap(),
        two
    );
    let table = read("x.CSV", "a, b\n1,\"x,\"\"y\"\n2,\n", None).unwrap();
    assert_eq!(table, [json!({ "a": "1", "b": "x,\"y" }), json!({ "a": "2", "b": "" })]);
    for (text, list) in
        [("", None), ("users", None), ("{\"x\":[]}", Some("users")), ("[{\"a\":1}", None), ("{\"a\":", None)]
    {
        assert!(read("x.json", text, list).is_err(), "{text}");
    }
}

#[test]
fn the_reading_ends_when_nobody_wants_more() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.json");
    std::fs::write(&path, "[1,2,3]").unwrap();
    let file = records::Counted::new(std::fs::File::open(&path).unwrap(), Arc::new(AtomicU64::new(0)));
    let mut count = 0;
    let done = records::each(&path, file, None, &mut |_| {
        count += 1;
        count < 2
    });
    assert_eq!((done, count), (Ok(()), 2));
}
