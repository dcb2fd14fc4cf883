//! Sign-in with password hashes of other systems: `contract/10` §§3 and 4.2.

use avnology_model::Code;
use avnology_store::credentials::passwords;
use avnology_testkit::{Answer, PASSWORD, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    a_hash_of_each_kind_lets_its_password_in_and_no_other,
    the_first_sign_in_leaves_no_old_hash_behind,
    a_hash_and_a_first_password_exclude_each_other,
    a_hash_that_asks_for_too_much_is_refused_before_any_work,
    a_hash_can_be_tried_without_writing_anything,
    an_imported_password_may_not_come_back_where_history_forbids_it,
    an_imported_password_opens_the_settings,
}

/// Hashes of [`PASSWORD`], made by passlib, argon2-cffi, firebase-scrypt and `hashlib`.
pub(crate) fn hashes() -> Vec<Value> {
    let encoded = |algorithm: &str, text: &str| json!({ "algorithm": algorithm, "encoded": text });
    vec![
        encoded(
            "argon2",
            "$argon2i$v=19$m=64,t=2,p=1$LvZu2TU7SKWS7o8sc1J+PQ$F9N9jL1GLHfU5Scjw1i/6fsZSeVqG+dpGADyX4z0d/A",
        ),
        encoded("bcrypt", "$2b$04$e2uWeP8jI9yp94Zr35aYtuFHHnZo7vi/8AVx3pBQz1thnbHgtaoRG"),
        encoded(
            "scrypt",
            "$scrypt$ln=8,r=8,p=1$zxlDiDEGQKjVmtPae2/t3Q$g68eTwTujDfjBDFN3iw82NdRQKpmWVPYCN3blay/pB8",
        ),
        json!({
            "algorithm": "firebase-scrypt", "rounds": 2, "mem_cost": 4, "salt": "42xEC+ixf3L2lw==",
            "salt_separator": "Bw==",
            "signer_key":
                "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
            "hash": "J0Fzi+nx3GpBC060JriHNjBRS8g7DVTy6BhdZwXWvgZcTIrvyt4lX03c7MprsZx4oC8xCRtEK4AIRDzzdqA5oA==",
        }),
        encoded("pbkdf2", "pbkdf2_sha256$1000$09GI7XbSl8Om$AQfSdqJeeeEXew6BY/FCjm4B/wrSBGw9yqePIIoY87A="),
        json!({
            "algorithm": "md5", "hash": "3d6131adb76d3f38b4db5b9765d1565b", "salt": "73616c7479", "encoding": "hex",
        }),
        json!({ "algorithm": "sha1", "hash": "hcWY93EIoKkXmf/2zcG63ThNyHs=", "salt": "c2FsdHk=",
            "salt_position": "suffix", "iterations": 3 }),
        json!({ "algorithm": "sha256", "hash": "ghuwf6T8/Oe4SfZ9QHF1lIX4tHAdfMBQ7LKx+rF/CHY=", "salt": "c2FsdHk=",
            "salt_position": "suffix", "iterations": 3 }),
        json!({
            "algorithm": "sha512", "salt": "c2FsdHk=", "salt_position": "suffix", "iterations": 3,
            "hash": "7jSCX6N6pxCVCjOZ8UqEe0KXpeLDSWn1fB370goty+ixp5T62z+Rw/hI7GfiHoW3GOqZJZJMSZvjYzCTiCl/6g==",
        }),
        encoded("ssha", "{SSHA}jK994Bgb+UjuUw5XOFc7NSigYabG2Jtz"),
        encoded("ssha256", "{SSHA256}rKgvtwUzEE855C2ssRpoGpqPxxKi4Ss2v1ICbAvJ3rMoxTgHQGitFQ=="),
        encoded(
            "ssha512",
            "{SSHA512}//qu5R+g8H+jGFGWNsNp4LoITCRepfUtpuPcNFh8uUEwwymXhV4wkjX5+qr4474YXGKQQN94p9FYqcYawwAXjxGC8L63Vkop",
        ),
        encoded("phpass", "$P$5iZHd4jML3Efw8wQstNCiUPGyftfWo."),
        encoded(
            "crypt-sha256",
            "$5$rounds=1000$FYuIGDKnktMcxG4y$26dUua6Y9g/MGiFANAABgC1KQWeGddED0BAgnNBsw7D",
        ),
        encoded(
            "crypt-sha512",
            "$6$rounds=1000$8DtlaEjgx8eKh9Vo$sImbUwvMctRs5xGFd.9helzzc6D1uIV/jsI.EyHhMereoU1Vbvfg1fUz8BnEKTZb6uCkc47oYixf3IjCxn5EK0",
        ),
    ]
}

async fn make(app: &TestApp, email: &str, hash: &Value) -> Answer {
    let identity = json!({ "email": email, "email_verified": true });
    let body = json!({ "identity": identity, "password_hash": hash });
    app.admin_key().post("/v1/identities").json(&body).await
}

/// The hash that is stored, and those of the history.
async fn stored(app: &TestApp, id: &str) -> (String, Vec<String>) {
    let id = id.parse().expect("an identity");
    let read = app.tenant().store.identity().read(move |tx| {
        let phc = passwords::find(tx, id)?.map(|p| p.phc).unwrap_or_default();
        Ok((phc, passwords::history(tx, id, 24)?))
    });
    read.await.expect("a password")
}

async fn a_hash_of_each_kind_lets_its_password_in_and_no_other(app: TestApp) {
    for (at, hash) in hashes().iter().enumerate() {
        let email = format!("jane{at}@acme.example");
        let made = make(&app, &email, hash).await;
        made.created();
        assert_eq!(made["has_password"], json!(true));
        let wrong = app.program().sign_in(&email, "velvet otter ladder 8").await;
        assert_eq!(wrong.status, 401, "{hash}");
        assert!(app.program().sign_in(&email, PASSWORD).await["session_token"].is_string(), "{hash}");
    }
}

async fn the_first_sign_in_leaves_no_old_hash_behind(app: TestApp) {
    for (at, hash) in hashes().iter().enumerate() {
        let email = format!("jane{at}@acme.example");
        let id = make(&app, &email, hash).await.at("/id");
        let before = stored(&app, &id).await;
        assert!(!before.0.starts_with("$argon2id$"), "{hash}");
        app.program().sign_in(&email, "velvet otter ladder 8").await;
        assert_eq!(stored(&app, &id).await, before, "a wrong password changes nothing: {hash}");
        app.program().sign_in(&email, PASSWORD).await.ok();
        let (now, history) = stored(&app, &id).await;
        assert!(now.starts_with("$argon2id$v=19$"), "{hash}: {now}");
        assert_eq!(history, [now]);
        app.program().sign_in(&email, PASSWORD).await.ok();
    }
}

async fn a_hash_and_a_first_password_exclude_each_other(app: TestApp) {
    let body = json!({
        "identity": { "email": "jane@acme.example" }, "initial_password": PASSWORD, "password_hash": hashes()[1],
    });
    let refused = app.admin_key().post("/v1/identities").json(&body).await;
    refused.refused_fields(Code::ValidationFailed, &[("password_hash", "conflict")]);
}

async fn a_hash_that_asks_for_too_much_is_refused_before_any_work(app: TestApp) {
    let before = app.tenant().hasher.finished();
    let long = "A".repeat(43);
    for hash in [
        json!({ "algorithm": "scrypt", "n": 1 << 30, "r": 8, "p": 1, "salt": "AAAA", "hash": long }),
        json!({ "algorithm": "argon2",
            "encoded": "$argon2id$v=19$m=4194304,t=1,p=1$LvZu2TU7SKWS7o8sc1J+PQ$F9N9jL1GLHfU5Scjw1i/6fsZSeVqG+dpGADyX4z0d/A" }),
        json!({ "algorithm": "pbkdf2", "digest": "sha1", "iterations": 4_000_000_000_u32, "salt": "AAAA", "hash": long }),
        json!({ "algorithm": "bcrypt", "encoded": "$2b$31$e2uWeP8jI9yp94Zr35aYtuFHHnZo7vi/8AVx3pBQz1thnbHgtaoRG" }),
    ] {
        let refused = make(&app, "jane@acme.example", &hash).await;
        refused.refused_fields(Code::ValidationFailed, &[("password_hash", "not_allowed")]);
    }
    let unknown = json!({ "algorithm": "rot13", "encoded": "iryirg" });
    make(&app, "jane@acme.example", &unknown)
        .await
        .refused_fields(Code::ValidationFailed, &[("password_hash.algorithm", "not_in_enum")]);
    assert_eq!(app.tenant().hasher.finished(), before);
}

async fn a_hash_can_be_tried_without_writing_anything(app: TestApp) {
    let body = json!({
        "identity": { "email": "jane@acme.example" }, "password_hash": hashes()[1], "validate_only": true,
    });
    let tried = app.admin_key().post("/v1/identities").json(&body).await;
    assert_eq!((tried.ok()["has_password"].clone(), tried["id"].clone()), (json!(true), Value::Null));
    make(&app, "jane@acme.example", &hashes()[1]).await.created();
}

async fn an_imported_password_may_not_come_back_where_history_forbids_it(app: TestApp) {
    let id = make(&app, "jane@acme.example", &hashes()[4]).await.at("/id");
    let set = |password: &'static str| {
        app.admin_key()
            .post(&format!("/v1/identities/{id}:setPassword"))
            .json(&json!({ "password": password }))
    };
    set(PASSWORD).await.refused(Code::PasswordReused);
    set("marble kettle orbit 5").await.ok();
}

async fn an_imported_password_opens_the_settings(app: TestApp) {
    make(&app, "jane@acme.example", &hashes()[12]).await.created();
    let jane = app.program().signed_in("jane@acme.example").await;
    let flow = jane.client.open("settings").await;
    let change = json!({ "current_password": PASSWORD, "password": "marble kettle orbit 5" });
    flow.submit("password", change).await.ok();
    assert_eq!(app.program().sign_in("jane@acme.example", PASSWORD).await.status, 401);
    app.program().sign_in("jane@acme.example", "marble kettle orbit 5").await.ok();
}
