//! Safe writes: `contract/00` §8.

use avnology_model::Code;
use avnology_testkit::{Answer, Client, Engine, PASSWORD, Setup, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    the_entity_tag_stands_in_header_and_body_and_changes_with_every_change,
    a_change_of_another_version_is_refused_with_the_present_tag,
    if_match_guards_verbs_and_deletion,
    a_version_that_the_client_has_is_not_sent_again,
    the_same_key_and_body_create_once_and_answer_the_same,
    the_same_key_with_another_body_is_a_conflict,
    a_key_is_the_callers_own_and_ends_after_a_day,
    a_refusal_is_kept_for_its_key,
    a_key_that_is_no_text_is_refused,
    of_many_calls_with_one_key_one_creates,
    a_first_call_that_died_frees_its_key_after_a_minute,
    a_failure_of_ours_is_not_kept,
    a_dry_run_checks_everything_and_writes_nothing,
}

fn jane() -> Value {
    json!({ "identity": { "email": "jane@acme.example", "first_name": "Jane" } })
}

async fn create(client: &Client, key: &str, body: &Value) -> Answer {
    client.post("/v1/identities").header("idempotency-key", key).json(body).await
}

async fn count(app: &TestApp) -> usize {
    app.admin_key().get("/v1/identities").await.ok()["identities"].as_array().map_or(0, Vec::len)
}

async fn the_entity_tag_stands_in_header_and_body_and_changes_with_every_change(app: TestApp) {
    let admin = app.admin_key();
    let made = admin.post("/v1/identities").json(&jane()).await;
    made.created();
    let path = format!("/v1/identities/{}", made.at("/id"));
    assert_eq!(made.header("etag"), format!("\"{}\"", made.at("/etag")));
    assert_eq!(made.header("location"), format!("https://id.example.com{path}"));
    assert_eq!(admin.get(&path).await.at("/etag"), made.at("/etag"));
    let changed = admin.patch(&path).json(&json!({ "identity": { "first_name": "Janet" } })).await;
    assert_ne!(changed.at("/etag"), made.at("/etag"));
    assert_eq!(changed.header("etag"), format!("\"{}\"", changed.at("/etag")));
    let same = admin.patch(&path).json(&json!({ "identity": { "first_name": "Janet" } })).await;
    assert_eq!(same.at("/etag"), changed.at("/etag"), "nothing changed");
    let tenant = admin.get("/v1/tenant").await;
    assert_eq!(tenant.header("etag"), format!("\"{}\"", tenant.at("/etag")));
}

async fn a_change_of_another_version_is_refused_with_the_present_tag(app: TestApp) {
    let admin = app.admin_key();
    let made = admin.post("/v1/identities").json(&jane()).await;
    let path = format!("/v1/identities/{}", made.at("/id"));
    let rename = |name: &str| admin.patch(&path).json(&json!({ "identity": { "first_name": name } }));
    let second = rename("Janet").if_match(&made.at("/etag")).await;
    let late = rename("Joan").if_match(&made.at("/etag")).await;
    assert_eq!(late.refused(Code::EtagMismatch)["etag"], second.at("/etag"));
    assert_eq!(admin.get(&path).await.at("/first_name"), "Janet");
    rename("Joan").header("if-match", &format!("W/\"{}\"", second.at("/etag"))).await.ok();
    rename("Jo").header("if-match", "*").await.ok();
    rename("Jo").header("if-match", "\"never closed").await.refused(Code::MalformedRequest);
    let tenant = admin.get("/v1/tenant").await.at("/etag");
    admin.patch("/v1/tenant").if_match(&tenant).json(&json!({ "name": "Acme" })).await.ok();
    let late = admin.patch("/v1/tenant").if_match(&tenant).json(&json!({ "name": "Other" })).await;
    assert_eq!(late.refused(Code::EtagMismatch)["etag"], admin.get("/v1/tenant").await.at("/etag"));
}

async fn if_match_guards_verbs_and_deletion(app: TestApp) {
    let admin = app.admin_key();
    let id = app.account("jane@acme.example").await;
    let path = format!("/v1/identities/{id}");
    let verbs = ["deactivate", "reactivate", "cancelDeletion", "unlock"];
    for verb in verbs {
        admin.post(&format!("{path}:{verb}")).if_match("0-beef").await.refused(Code::EtagMismatch);
    }
    let password =
        admin.post(&format!("{path}:setPassword")).json(&json!({ "password": "amber canyon tulip 9" }));
    password.if_match("0-beef").await.refused(Code::EtagMismatch);
    admin.delete(&path).if_match("0-beef").await.refused(Code::EtagMismatch);
    let present = admin.get(&path).await;
    assert_eq!(present.at("/state"), "active");
    admin.post(&format!("{path}:deactivate")).if_match(&present.at("/etag")).await.ok();
}

async fn a_version_that_the_client_has_is_not_sent_again(app: TestApp) {
    let admin = app.admin_key();
    let id = app.account("jane@acme.example").await;
    let path = format!("/v1/identities/{id}");
    let tag = admin.get(&path).await.header("etag").to_owned();
    let known = admin.get(&path).header("if-none-match", &tag).await;
    assert_eq!((known.is(304).body.len(), known.header("etag")), (0, tag.as_str()));
    admin.get(&path).header("if-none-match", "\"0-beef\"").await.ok();
    admin.patch(&path).json(&json!({ "identity": { "first_name": "Jane" } })).await.ok();
    admin.get(&path).header("if-none-match", &tag).await.ok();
}

async fn the_same_key_and_body_create_once_and_answer_the_same(app: TestApp) {
    let admin = app.admin_key();
    let first = create(&admin, "once", &jane()).await;
    first.created();
    assert_eq!(first.header("idempotency-replayed"), "");
    let reordered = json!({ "identity": { "first_name": "Jane", "email": "jane@acme.example" } });
    let again = create(&admin, "once", &reordered).await;
    assert_eq!((again.status, again.json()), (201, first.json()));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(count(&app).await, 1);
}

async fn the_same_key_with_another_body_is_a_conflict(app: TestApp) {
    let admin = app.admin_key();
    create(&admin, "once", &jane()).await.created();
    let other = json!({ "identity": { "email": "joe@acme.example" } });
    let answer = create(&admin, "once", &other).await;
    answer.refused(Code::IdempotencyConflict);
    assert_eq!(answer.header("retry-after"), "");
    assert_eq!(count(&app).await, 1);
}

async fn a_key_is_the_callers_own_and_ends_after_a_day(app: TestApp) {
    let admin = app.admin_key();
    let other =
        app.person_with_role("root@acme.example", avnology_model::permissions::PlatformRole::Admin).await;
    create(&admin, "once", &jane()).await.created();
    let joe = json!({ "identity": { "email": "joe@acme.example" } });
    create(&other.client, "once", &joe).await.created();
    app.advance(24 * 3600 + 1);
    let jim = json!({ "identity": { "email": "jim@acme.example" } });
    create(&admin, "once", &jim).await.created();
}

async fn a_refusal_is_kept_for_its_key(app: TestApp) {
    let admin = app.admin_key();
    let id = app.account("jane@acme.example").await;
    let first = create(&admin, "once", &jane()).await;
    first.refused(Code::EmailTaken);
    let path = format!("/v1/identities/{id}");
    admin.patch(&path).json(&json!({ "identity": { "email": "other@acme.example" } })).await.ok();
    let again = create(&admin, "once", &jane()).await;
    again.refused(Code::EmailTaken);
    assert_eq!((again.header("idempotency-replayed"), again.json()), ("true", first.json()));
    create(&admin, "twice", &jane()).await.created();
}

async fn a_key_that_is_no_text_is_refused(app: TestApp) {
    let admin = app.admin_key();
    for key in ["", "caf\u{e9}", &"x".repeat(256)] {
        let answer = create(&admin, key, &jane()).await;
        answer.refused_fields(Code::ValidationFailed, &[("Idempotency-Key", "invalid_format")]);
    }
    create(&admin, &"x".repeat(255), &jane()).await.created();
}

async fn of_many_calls_with_one_key_one_creates(app: TestApp) {
    let admin = app.admin_key();
    let body = json!({ "identity": { "email": "jane@acme.example" }, "initial_password": PASSWORD });
    let calls = (0..12).map(|_| {
        let (admin, body) = (admin.clone(), body.clone());
        tokio::spawn(async move { create(&admin, "once", &body).await })
    });
    let mut ids = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        let answer = call.await.expect("an answer");
        if answer.status == 201 {
            ids.push(answer.at("/id"));
        } else {
            answer.refused(Code::IdempotencyConflict);
            assert_eq!(answer.header("retry-after"), "1", "{answer}");
        }
    }
    ids.dedup();
    assert_eq!((ids.len(), count(&app).await), (1, 1));
}

/// Hashing takes long enough to call twice meanwhile.
async fn a_first_call_that_died_frees_its_key_after_a_minute(engine: Engine) {
    let app = TestApp::start(Setup::on(engine).with_production_hash()).await;
    let admin = app.admin_key();
    for attempt in 0..20 {
        let key = format!("once-{attempt}");
        let email = format!("jane{attempt}@acme.example");
        let body = json!({ "identity": { "email": email }, "initial_password": PASSWORD });
        let (first_admin, first_key, first_body) = (admin.clone(), key.clone(), body.clone());
        let first = tokio::spawn(async move { create(&first_admin, &first_key, &first_body).await });
        tokio::time::sleep(std::time::Duration::from_millis(15)).await;
        let second = create(&admin, &key, &body).await;
        first.abort();
        if second.status == 201 || first.await.is_ok() {
            // The second was the first, or the first was done already: again, with another key.
            continue;
        }
        second.refused(Code::IdempotencyConflict);
        assert_eq!(second.header("retry-after"), "1");
        app.advance(59);
        create(&admin, &key, &body).await.refused(Code::IdempotencyConflict);
        app.advance(2);
        create(&admin, &key, &body).await.created();
        return;
    }
    panic!("twenty times the first call was too quick");
}

async fn a_failure_of_ours_is_not_kept(app: TestApp) {
    let admin = app.admin_key();
    admin.get("/v1/tenant").await.ok();
    app.tenant().store.close().await.expect("the store closes");
    let answer = create(&admin, "once", &jane()).await;
    answer.refused(Code::Unavailable);
    assert_eq!(answer.header("retry-after"), "1");
    drop(admin);
    let app = app.restarted().await;
    create(&app.admin_key(), "once", &jane()).await.created();
}

async fn a_dry_run_checks_everything_and_writes_nothing(app: TestApp) {
    let admin = app.admin_key();
    let before = app.event_count().await;
    let dry = |email: &str, password: &str| {
        let identity = json!({ "email": email, "first_name": "Jane" });
        admin.post("/v1/identities").json(
            &json!({ "identity": identity, "initial_password": password, "send_welcome": true, "validate_only": true }),
        )
    };
    let would = dry("jane@acme.example", PASSWORD).await;
    would.ok();
    assert_eq!((would.at("/first_name"), would["has_password"].clone()), ("Jane".to_owned(), json!(true)));
    assert!(would.json().get("id").is_none() && would.header("location").is_empty(), "{would}");
    dry("jane@acme.example", "short").await.refused(Code::PasswordWeak);
    dry("jane", PASSWORD).await.refused(Code::ValidationFailed);
    assert_eq!((count(&app).await, app.event_count().await), (0, before));
    assert!(app.mail_to("jane@acme.example").await.is_empty());
    app.account("jane@acme.example").await;
    dry("Jane@Acme.example", PASSWORD).await.refused(Code::EmailTaken);
}
