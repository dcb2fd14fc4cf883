//! Tuples are written and removed (`contract/50` §2).

use avnology_model::{Code, events::EventType};
use avnology_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::kit::{SCHEMA, allowed, ask, grant, put_schema, revoke, tuple};

on_both_engines! {
    a_tuple_is_granted_once_and_revoked_once,
    a_tuple_is_revoked_by_its_query_too,
    a_subject_has_three_forms_and_one_canonical_one,
    a_batch_is_made_whole_or_not_at_all,
    a_precondition_that_fails_stops_the_batch,
    the_same_request_grants_once,
    two_grants_at_once_write_one_tuple,
    of_two_batches_that_exclude_each_other_one_is_made,
    what_the_schema_has_no_place_for_is_refused,
    every_change_is_told,
    who_is_deleted_is_named_by_no_tuple,
}

async fn a_tuple_is_granted_once_and_revoked_once(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    let made = grant(&key, None, "folders:a#viewer@usr_1").await;
    let now = serde_json::to_value(app.now()).expect("a time");
    let expected = json!({ "namespace": "folders", "object": "a", "relation": "viewer", "source": "api",
        "subject": "identities:usr_1", "expire_time": null, "create_time": now, "snaptoken": made["snaptoken"] });
    assert_eq!(*made.created(), expected);
    assert!(made.header("location").ends_with("/v1/permissions"));
    grant(&key, None, "folders:a#viewer@usr_1").await.refused(Code::AlreadyExists);
    let again = key.post("/v1/permissions?on_conflict=ignore").json(&tuple("folders:a#viewer@usr_1")).await;
    assert_eq!(again.ok()["create_time"], now);
    revoke(&key, None, "folders:a#viewer@usr_1").await.no_content();
    assert!(!allowed(&key, None, "folders:a#view@usr_1").await);
    revoke(&key, None, "folders:a#viewer@usr_1").await.refused(Code::NotFound);
    let gone = key.delete("/v1/permissions?on_missing=ignore").json(&tuple("folders:a#viewer@usr_1"));
    gone.await.no_content();
    let odd = key.post("/v1/permissions?on_conflict=maybe").json(&tuple("folders:a#viewer@usr_1")).await;
    odd.refused_fields(Code::ValidationFailed, &[("on_conflict", "not_in_enum")]);
}

async fn a_tuple_is_revoked_by_its_query_too(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    grant(&key, None, "folders:a#viewer@usr_1").await.created();
    let query = [("namespace", "folders"), ("object", "a"), ("relation", "viewer"), ("subject", "usr_1")];
    let both = key.delete("/v1/permissions").query(&query).json(&tuple("folders:a#viewer@usr_1")).await;
    both.refused_fields(Code::ValidationFailed, &[("namespace", "conflict")]);
    key.delete("/v1/permissions").query(&query).await.no_content();
    key.delete("/v1/permissions").query(&query).await.refused(Code::NotFound);
}

async fn a_subject_has_three_forms_and_one_canonical_one(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    for (form, canonical) in [
        (json!({ "subject": "user:usr_1" }), "identities:usr_1"),
        (json!({ "subject_id": "usr_2" }), "identities:usr_2"),
        (json!({ "subject": "*" }), "*"),
        (json!({ "subject": "jane@example.com" }), "jane@example.com"),
        (json!({ "subject": "groups:grp_1#member" }), "groups:grp_1#member"),
        (
            json!({ "subject_set": { "namespace": "groups", "object": "grp_2", "relation": "member" } }),
            "groups:grp_2#member",
        ),
    ] {
        let mut body = json!({ "namespace": "folders", "object": "a", "relation": "viewer" });
        body.as_object_mut().expect("an object").extend(form.as_object().cloned().expect("a form"));
        let made = key.post("/v1/permissions").json(&body).await;
        assert_eq!(made.created()["subject"], canonical, "{form}");
    }
    let mut body = tuple("folders:a#viewer@usr_9");
    body["subject_id"] = json!("usr_9");
    let refused = key.post("/v1/permissions").json(&body).await;
    refused.refused_fields(Code::ValidationFailed, &[("subject", "conflict")]);
}

async fn a_batch_is_made_whole_or_not_at_all(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    let insert = |text: &str| json!({ "action": "insert", "tuple": tuple(text) });
    let delete = |text: &str| json!({ "action": "delete", "tuple": tuple(text) });
    let write = async |operations: Value, query: &str| {
        let body = json!({ "operations": operations });
        key.post(&format!("/v1/permissions:batchWrite{query}")).json(&body).await
    };
    let done = write(json!([insert("folders:a#viewer@usr_1"), insert("folders:a#viewer@usr_2")]), "").await;
    assert_eq!((done.ok()["inserted"].clone(), done["deleted"].clone()), (json!(2), json!(0)));
    let half = json!([delete("folders:a#viewer@usr_1"), insert("folders:a#viewer@usr_2")]);
    write(half.clone(), "").await.refused(Code::AlreadyExists);
    assert!(allowed(&key, None, "folders:a#view@usr_1").await, "nothing of it was made");
    let done = write(half, "?on_conflict=ignore").await;
    assert_eq!((done.ok()["inserted"].clone(), done["deleted"].clone()), (json!(0), json!(1)));
    write(json!([delete("folders:a#viewer@usr_1")]), "").await.refused(Code::NotFound);
    write(json!([delete("folders:a#viewer@usr_1")]), "?on_missing=ignore").await.ok();
    let wrong = write(json!([insert("folders:a#viewer@usr_3"), insert("folders:#viewer@usr_4")]), "").await;
    wrong.refused_fields(Code::ValidationFailed, &[("operations[1].tuple.object", "invalid_format")]);
    let many: Vec<Value> = (0..1_001).map(|n| insert(&format!("folders:a#viewer@usr_{n}"))).collect();
    write(json!(many), "").await.refused_fields(Code::ValidationFailed, &[("operations", "too_long")]);
}

async fn a_precondition_that_fails_stops_the_batch(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    grant(&key, None, "folders:a#editor@usr_1").await.created();
    let write = async |exists: bool, of: &str| {
        let body = json!({
            "operations": [{ "action": "insert", "tuple": tuple("folders:b#editor@usr_1") }],
            "preconditions": [{ "tuple": tuple(of), "exists": exists }],
        });
        key.post("/v1/permissions:batchWrite").json(&body).await
    };
    let failed = write(false, "folders:a#editor@usr_1").await;
    assert_eq!(failed.refused(Code::ConflictingState)["state"], "present");
    assert_eq!(
        write(true, "folders:c#editor@usr_1").await.refused(Code::ConflictingState)["state"],
        "missing"
    );
    assert!(!allowed(&key, None, "folders:b#edit@usr_1").await);
    write(true, "folders:a#editor@usr_1").await.ok();
    assert!(allowed(&key, None, "folders:b#edit@usr_1").await);
}

async fn the_same_request_grants_once(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    let send = async |text: &str| {
        key.post("/v1/permissions").header("idempotency-key", "once").json(&tuple(text)).await
    };
    let first = send("folders:a#viewer@usr_1").await;
    first.created();
    let again = send("folders:a#viewer@usr_1").await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(again["create_time"], first["create_time"]);
    send("folders:a#viewer@usr_2").await.refused(Code::IdempotencyConflict);
    // The token of the kept answer is good.
    let mut question = tuple("folders:a#view@usr_1");
    question["snaptoken"] = again["snaptoken"].clone();
    assert_eq!(ask(&key, None, "check", &question).await.ok()["allowed"], true);
}

async fn two_grants_at_once_write_one_tuple(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let key = app.admin_key();
            tokio::spawn(async move { grant(&key, None, "folders:a#viewer@usr_1").await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.expect("an answer"));
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

async fn of_two_batches_that_exclude_each_other_one_is_made(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let write = |of: &'static str, not: &'static str| {
        let key = app.admin_key();
        let body = json!({
            "operations": [{ "action": "insert", "tuple": tuple(of) }],
            "preconditions": [{ "tuple": tuple(not), "exists": false }],
        });
        tokio::spawn(async move { key.post("/v1/permissions:batchWrite").json(&body).await.status })
    };
    for _ in 0..5 {
        let one = write("folders:a#editor@usr_1", "folders:a#banned@usr_1");
        let other = write("folders:a#banned@usr_1", "folders:a#editor@usr_1");
        let mut statuses = [one.await.expect("an answer"), other.await.expect("an answer")];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "never both");
        for text in ["folders:a#editor@usr_1", "folders:a#banned@usr_1"] {
            let gone = app.admin_key().delete("/v1/permissions?on_missing=ignore").json(&tuple(text));
            gone.await.no_content();
        }
    }
}

async fn what_the_schema_has_no_place_for_is_refused(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    for text in [
        "nothing:a#viewer@usr_1",
        "folders:a#dance@usr_1",
        "folders:a#view@usr_1",
        "folders:a#parent@usr_1",
        "folders:a#banned@groups:grp_1#member",
        "folders:a#viewer@groups:grp_1#manager",
        "folders:a#parent@*",
    ] {
        grant(&key, None, text).await.refused(Code::PermissionUnknown);
    }
}

async fn every_change_is_told(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let team = app.team("Acme", "jane@acme.example").await;
    let text = format!("folders:a#viewer@{}", team.owner.id);
    grant(&team.owner.client, Some(&team.id), &text).await.created();
    revoke(&team.owner.client, Some(&team.id), &text).await.no_content();
    let told = json!({ "namespace": "folders", "object": "a", "relation": "viewer",
        "subject": format!("identities:{}", team.owner.id), "expire_time": null });
    assert_eq!(app.payloads(EventType::PermissionGranted).await, std::slice::from_ref(&told));
    assert_eq!(app.payloads(EventType::PermissionRevoked).await, [told]);
    let events = app.events().await;
    let granted = events.iter().find(|event| event.event_type == EventType::PermissionGranted);
    let of = granted.and_then(|event| event.organization_id).map(|id| id.to_string());
    assert_eq!(of.as_deref(), Some(team.id.as_str()));
    assert_eq!(app.payloads(EventType::PermissionSchemaUpdated).await[0]["namespaces"], json!(["folders"]));
}

async fn who_is_deleted_is_named_by_no_tuple(app: TestApp) {
    put_schema(&app, SCHEMA, &[]).await.ok();
    let key = app.admin_key();
    let team = app.team("Acme", "jane@acme.example").await;
    let paul = team.member("paul@acme.example", "member").await;
    let text = format!("folders:a#viewer@{}", paul.id);
    grant(&key, None, &text).await.created();
    grant(&team.owner.client, Some(&team.id), &text).await.created();
    grant(&key, None, &format!("identities:{}#manager@{}", paul.id, team.owner.id)).await.created();
    key.delete(&format!("/v1/identities/{}?force=true", paul.id)).await.no_content();
    let left = key.get("/v1/permissions").query(&[("subject", &paul.id)]).await;
    assert_eq!(left.ok()["permissions"], json!([]));
    assert!(!allowed(&team.owner.client, Some(&team.id), &text).await);
    let managed = key.get(&format!("/v1/permissions?namespace=identities&object={}", paul.id)).await;
    assert_eq!(managed.ok()["permissions"], json!([]));
}
