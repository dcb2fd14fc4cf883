//! What is told of what happens: `contract/70` §§1–2.

use avnology_model::events::{
    ActorType, EventResult,
    EventType::{self, *},
};
use avnology_testkit::{PASSWORD, TestApp, on_both_engines};
use serde_json::json;

const JANE: &str = "jane@acme.example";
const OTHER: &str = "amber canyon tulip 9";

on_both_engines! {
    an_event_says_who_did_what_to_whom_and_from_where,
    a_registration_tells_of_account_session_and_proof,
    a_failed_sign_in_tells_who_was_named_and_why,
    signing_out_and_ending_tell_their_reasons,
    a_change_tells_what_changed_and_nothing_secret,
    a_change_that_changes_nothing_tells_nothing,
    states_and_deletion_are_told,
    passwords_tell_by_whom_they_were_set,
    a_change_of_address_is_told_when_it_takes_effect,
    recovery_is_told_from_the_request_to_the_end,
    an_administrators_look_at_sessions_is_told,
    a_change_of_settings_is_told,
    a_session_that_expired_is_told_once,
    what_is_refused_tells_nothing,
    secrets_are_in_no_event,
}

async fn types_of(app: &TestApp) -> Vec<EventType> {
    // The operator's key is installed at start.
    app.event_types_after(2).await
}

async fn an_event_says_who_did_what_to_whom_and_from_where(app: TestApp) {
    let id = app.account(JANE).await;
    let client = app.program().from("198.51.100.7").as_agent("curl/8.5.0");
    client.signed_in(JANE).await;
    let change = client
        .patch("/v1/me")
        .header("x-request-id", "request-of-jane")
        .json(&json!({ "first_name": "Jane" }));
    change.await.ok();
    let events = app.events().await;
    let updated = events.iter().find(|e| e.event_type == UserUpdated).expect("an event");
    assert_eq!((updated.actor.kind, updated.actor.id.as_deref()), (ActorType::Identity, Some(id.as_str())));
    assert!(updated.actor.session_id.is_some());
    assert_eq!((updated.targets[0].kind.as_str(), updated.targets[0].id.as_str()), ("identity", id.as_str()));
    assert_eq!(updated.origin.ip.as_deref(), Some("198.51.100.7"));
    assert_eq!(updated.origin.user_agent.as_deref(), Some("curl/8.5.0"));
    assert_eq!(updated.origin.request_id.as_deref(), Some("request-of-jane"));
    assert_eq!(
        (updated.schema_version, updated.result, updated.organization_id),
        (1, EventResult::Success, None)
    );
    let made = events.iter().find(|e| e.event_type == UserCreated).expect("an event");
    assert_eq!(made.actor.kind, ActorType::ServiceAccount);
    let ids: std::collections::BTreeSet<_> = events.iter().map(|e| e.event_id).collect();
    assert_eq!(ids.len(), events.len(), "ids are unique");
}

async fn a_registration_tells_of_account_session_and_proof(app: TestApp) {
    let client = app.program();
    let done = client.register(JANE).await;
    let flow = client.resume("verification", &done.at("/verification_flow_id")).await;
    let code = app.latest_mail(JANE).await.code;
    flow.submit("code", json!({ "code": code })).await.goes_on("passed_challenge");
    assert_eq!(types_of(&app).await, [UserCreated, SessionCreated, UserEmailVerified]);
    let made = &app.payloads(UserCreated).await[0];
    assert_eq!((made["source"].clone(), made["user"]["email"].clone()), (json!("registration"), json!(JANE)));
    assert!(made["user"]["metadata"].get("admin").is_none(), "{made}");
    let session = &app.payloads(SessionCreated).await[0];
    assert_eq!(
        (session["session"]["id"].clone(), session["methods"].clone()),
        (done["session"]["id"].clone(), json!(["password"]))
    );
    let proven = &app.payloads(UserEmailVerified).await[0];
    assert_eq!(*proven, json!({ "user_id": done["session"]["identity_id"], "email": JANE }));
}

async fn a_failed_sign_in_tells_who_was_named_and_why(app: TestApp) {
    let id = app.account(JANE).await;
    app.program().sign_in("JANE@acme.example", "wrong").await.is(401);
    app.program().sign_in(JANE, "wrong").await.is(401);
    app.program().sign_in("nobody@acme.example", "wrong").await.is(401);
    let told = app.payloads(SessionLoginFailed).await;
    assert_eq!((told[0]["user_id"].clone(), told[2]["user_id"].clone()), (json!(id), json!(null)));
    assert_eq!(
        (told[0]["method"].clone(), told[0]["reason"].clone()),
        (json!("password"), json!("AVNOLOGY_AUTH_001"))
    );
    assert_eq!(told[0]["identifier_hash"], told[1]["identifier_hash"]);
    assert_ne!(told[0]["identifier_hash"], told[2]["identifier_hash"]);
    assert!(!json!(told).to_string().to_lowercase().contains("acme.example"));
    let events = app.events().await;
    let failed = events.iter().find(|e| e.event_type == SessionLoginFailed).expect("an event");
    assert_eq!(
        (failed.result, failed.error_code.as_deref()),
        (EventResult::Failure, Some("AVNOLOGY_AUTH_001"))
    );
}

async fn signing_out_and_ending_tell_their_reasons(app: TestApp) {
    let first = app.person(JANE).await;
    let others = [
        app.program().signed_in(JANE).await,
        app.program().signed_in(JANE).await,
        app.program().signed_in(JANE).await,
    ];
    first.client.delete(&format!("/v1/sessions/{}", others[0].session_id)).await.no_content();
    others[1].client.post("/v1/sessions:logout").await.no_content();
    let path = format!("/v1/identities/{}/sessions/{}", first.id, others[2].session_id);
    app.admin_key().delete(&path).await.no_content();
    app.admin_key().post(&format!("/v1/identities/{}:deactivate", first.id)).await.ok();
    let told = app.payloads(SessionRevoked).await;
    let expected =
        [("user", &others[0]), ("logout", &others[1]), ("admin", &others[2]), ("deactivated", &first)];
    for (payload, (reason, person)) in told.iter().zip(expected) {
        assert_eq!(
            *payload,
            json!({ "session_id": person.session_id, "user_id": first.id, "reason": reason })
        );
    }
    assert_eq!(told.len(), 4);
}

async fn a_change_tells_what_changed_and_nothing_secret(app: TestApp) {
    let id = app
        .account_with(JANE, json!({ "first_name": "Jane", "metadata": { "admin": { "note": "vip" } } }))
        .await;
    let change = json!({ "identity": { "first_name": "Joan", "metadata": { "public": { "plan": "pro" }, "admin": { "note": "secret note" } } } });
    app.admin_key().patch(&format!("/v1/identities/{id}")).json(&change).await.ok();
    let told = &app.payloads(UserUpdated).await[0];
    assert_eq!(told["changed_fields"], json!(["first_name", "metadata"]));
    assert_eq!(
        (told["previous_values"]["first_name"].clone(), told["new_values"]["first_name"].clone()),
        (json!("Jane"), json!("Joan"))
    );
    assert_eq!(told["new_values"]["metadata"]["public"], json!({ "plan": "pro" }));
    assert!(!told.to_string().contains("secret note") && !told.to_string().contains("vip"), "{told}");
    assert_eq!(told["user"]["id"], json!(id));
}

async fn a_change_that_changes_nothing_tells_nothing(app: TestApp) {
    let id = app.account_with(JANE, json!({ "first_name": "Jane" })).await;
    let before = app.event_count().await;
    let same = json!({ "identity": { "first_name": "Jane", "email": "jane@acme.example" } });
    app.admin_key().patch(&format!("/v1/identities/{id}")).json(&same).await.ok();
    app.settings(json!({ "name": "Avnology ID" })).await;
    app.admin_key().post(&format!("/v1/identities/{id}:unlock")).await.ok();
    assert_eq!(app.event_count().await, before);
}

async fn states_and_deletion_are_told(app: TestApp) {
    let id = app.account(JANE).await;
    let (admin, path) = (app.admin_key(), format!("/v1/identities/{id}"));
    admin.post(&format!("{path}:deactivate")).json(&json!({ "reason": "left" })).await.ok();
    admin.post(&format!("{path}:reactivate")).await.ok();
    admin.delete(&path).await.no_content();
    admin.post(&format!("{path}:cancelDeletion")).await.ok();
    admin.delete(&path).await.no_content();
    app.advance(31 * 86_400);
    app.sweep().await;
    let expected = [
        UserCreated,
        UserDisabled,
        UserEnabled,
        UserDeletionScheduled,
        UserDeletionCancelled,
        UserDeletionScheduled,
        UserDeleted,
    ];
    assert_eq!(types_of(&app).await, expected);
    assert_eq!(app.payloads(UserDisabled).await, [json!({ "user_id": id, "reason": "left" })]);
    assert_eq!(app.payloads(UserEnabled).await, [json!({ "user_id": id })]);
    let scheduled = &app.payloads(UserDeletionScheduled).await[0];
    assert_eq!(
        (scheduled["user_id"].clone(), scheduled["scheduled_for"].clone()),
        (json!(id), json!("2026-04-01T09:00:00.000Z"))
    );
    let cancelled = &app.payloads(UserDeletionCancelled).await[0];
    assert_eq!(
        (cancelled["deletion_id"].clone(), cancelled["by"].clone()),
        (scheduled["deletion_id"].clone(), json!("admin"))
    );
    let deleted = &app.payloads(UserDeleted).await[0];
    assert_eq!(deleted["user_id"], json!(id));
    let events = app.events().await;
    let last = events.iter().find(|e| e.event_type == UserDeleted).expect("an event");
    assert_eq!(last.actor.kind, ActorType::System);
}

async fn passwords_tell_by_whom_they_were_set(app: TestApp) {
    let jane = app.person(JANE).await;
    let flow = jane.client.open("settings").await;
    flow.submit("password", json!({ "password": OTHER })).await.goes_on("show_form");
    let body = json!({ "password": "copper lantern fjord 3" });
    app.admin_key().post(&format!("/v1/identities/{}:setPassword", jane.id)).json(&body).await.ok();
    let client = app.program();
    let recovered = client.recover(JANE).await;
    client.set_token(&recovered.token());
    client.follow(&recovered).submit("password", json!({ "password": "silver harbor maple 4" })).await.ok();
    let told = app.payloads(UserPasswordChanged).await;
    let by = |by: &str| json!({ "user_id": jane.id, "by": by });
    assert_eq!(told, [by("self"), by("admin"), by("recovery")]);
    let kinds = app.mail_kinds(JANE).await;
    assert_eq!(kinds.iter().filter(|k| *k == "password_changed").count(), 3);
}

async fn a_change_of_address_is_told_when_it_takes_effect(app: TestApp) {
    let jane = app.person(JANE).await;
    let pending = jane.client.patch("/v1/me").json(&json!({ "email": "new@acme.example" })).await;
    assert!(app.payloads(UserEmailChanged).await.is_empty());
    let code = app.latest_mail("new@acme.example").await.code;
    let flow = jane.client.resume("verification", &pending.at("/pending/verification_flow_id")).await;
    flow.submit("code", json!({ "code": code })).await.goes_on("passed_challenge");
    let change = json!({ "user_id": jane.id, "old": JANE, "new": "new@acme.example" });
    assert_eq!(app.payloads(UserEmailChanged).await, [change]);
    assert_eq!(
        app.payloads(UserEmailVerified).await,
        [json!({ "user_id": jane.id, "email": "new@acme.example" })]
    );
}

async fn recovery_is_told_from_the_request_to_the_end(app: TestApp) {
    let id = app.account(JANE).await;
    let client = app.program();
    let recovered = client.recover(JANE).await;
    client.set_token(&recovered.token());
    client.follow(&recovered).submit("password", json!({ "password": OTHER })).await.ok();
    let expected =
        [UserCreated, UserRecoveryRequested, SessionCreated, UserPasswordChanged, UserRecoveryCompleted];
    assert_eq!(types_of(&app).await, expected);
    let told = json!({ "user_id": id, "channel": "email" });
    assert_eq!(app.payloads(UserRecoveryRequested).await, std::slice::from_ref(&told));
    assert_eq!(app.payloads(UserRecoveryCompleted).await, [told]);
    app.admin_key().post(&format!("/v1/identities/{id}:recoveryLink")).await.ok();
    assert_eq!(app.payloads(UserRecoveryLinkCreated).await, [json!({ "user_id": id })]);
}

async fn an_administrators_look_at_sessions_is_told(app: TestApp) {
    let jane = app.person(JANE).await;
    jane.client.get("/v1/sessions").await.ok();
    app.admin_key().get(&format!("/v1/identities/{}/sessions", jane.id)).await.ok();
    assert_eq!(app.payloads(UserSessionsRead).await, [json!({ "user_id": jane.id })]);
}

async fn a_change_of_settings_is_told(app: TestApp) {
    app.settings(json!({ "name": "Acme", "lockout": { "max_failures": 7 } })).await;
    let told = &app.payloads(TenantUpdated).await[0];
    assert_eq!(told["changed_fields"], json!(["lockout", "name"]));
    assert_eq!(
        (told["previous_values"]["name"].clone(), told["new_values"]["name"].clone()),
        (json!("Avnology ID"), json!("Acme"))
    );
    assert_eq!(told["new_values"]["lockout"]["max_failures"], 7);
}

async fn a_session_that_expired_is_told_once(app: TestApp) {
    let idle = app.person(JANE).await;
    app.advance(25 * 3600);
    app.sweep().await;
    app.sweep().await;
    let told = app.payloads(SessionExpired).await;
    assert_eq!(told, [json!({ "session_id": idle.session_id, "user_id": idle.id, "limit": "idle" })]);
}

async fn what_is_refused_tells_nothing(app: TestApp) {
    let jane = app.person(JANE).await;
    let root = app.admin_key();
    let before = app.event_count().await;
    root.post("/v1/identities").json(&json!({ "identity": { "email": JANE } })).await.is(409);
    root.patch(&format!("/v1/identities/{}", jane.id))
        .json(&json!({ "identity": { "email": "x" } }))
        .await
        .is(400);
    root.post(&format!("/v1/identities/{}:reactivate", jane.id)).await.is(409);
    root.post(&format!("/v1/identities/{}:setPassword", jane.id))
        .json(&json!({ "password": "x" }))
        .await
        .is(422);
    root.patch("/v1/tenant").json(&json!({ "name": "" })).await.is(400);
    jane.client.patch("/v1/me").json(&json!({ "email": "x" })).await.is(400);
    jane.client.delete("/v1/sessions/ses_01kjpwe457etztza3v90genf98").await.is(404);
    let flow = app.program().open("registration").await;
    flow.submit("password", json!({ "traits": { "email": JANE }, "password": PASSWORD })).await.is(409);
    let flow = app.program().open("recovery").await;
    flow.submit("code", json!({ "email": "nobody@acme.example" })).await.ok();
    assert_eq!(app.event_count().await, before);
}

async fn secrets_are_in_no_event(app: TestApp) {
    let client = app.program();
    client.register(JANE).await.token();
    let flow = client.open("settings").await;
    let saved = flow.submit("password", json!({ "password": OTHER })).await;
    app.advance(60);
    app.program().recover(JANE).await.ok();
    app.settle().await;
    let mails = app.mail_to(JANE).await;
    let events = serde_json::to_string(&app.events().await).expect("JSON");
    for secret in [PASSWORD, OTHER, "argon2", "avnl_ses_", "avnl_lnk_", &saved.token()] {
        assert!(!events.contains(secret), "{secret}");
    }
    for mail in mails.iter().filter(|m| !m.code.is_empty()) {
        assert!(!events.contains(&format!("\"{}\"", mail.code)), "{mail:?}");
    }
    let (_, log) = (
        0,
        app.tenant()
            .store
            .identity()
            .read(|tx| {
                avnology_store::events::log::read_after(tx, avnology_store::events::log::Cursor::START, 1_000)
            })
            .await
            .expect("the log"),
    );
    assert!(log.iter().all(|e| e.sealed.is_none()), "sealed secrets are cleared once they were used");
}
