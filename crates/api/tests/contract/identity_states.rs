//! States of an identity, deletion, unlocking: `contract/10` §§2.1, 3.

use avnology_model::{Code, permissions::PlatformRole};
use avnology_testkit::{PASSWORD, TestApp, on_both_engines};
use serde_json::{Value, json};

const DAY: i64 = 24 * 3600;

on_both_engines! {
    an_inactive_identity_cannot_sign_in_and_has_no_sessions,
    sessions_go_on_when_that_is_asked_for,
    a_state_that_does_not_allow_it_is_a_conflict_with_the_state,
    a_reason_is_one_line_of_500_characters,
    a_deletion_waits_for_its_grace_period_and_then_removes_everything,
    a_deletion_can_be_taken_back_until_it_is_done,
    a_deleted_identity_goes_back_to_the_state_it_had,
    without_a_grace_period_deletion_is_at_once,
    a_forced_deletion_is_at_once_and_needs_more_than_a_password,
    an_address_is_free_again_after_the_deletion,
    the_last_administrator_stays,
    a_lock_is_told_and_lifted_by_an_administrator,
}

fn path(id: &str) -> String {
    format!("/v1/identities/{id}")
}

async fn an_inactive_identity_cannot_sign_in_and_has_no_sessions(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let admin = app.admin_key();
    let off = admin.post(&format!("{}:deactivate", path(&jane.id))).json(&json!({ "reason": "left" })).await;
    off.ok();
    assert_eq!(off.at("/state"), "inactive");
    jane.client.whoami().await.refused(Code::SessionInvalid);
    let refused = app.program().sign_in("jane@acme.example", PASSWORD).await;
    refused.refused(Code::AccountInactive);
    assert_eq!(refused.messages(), ["4010003"]);
    app.program().sign_in("jane@acme.example", "wrong").await.refused(Code::WrongCredentials);
    let on = admin.post(&format!("{}:reactivate", path(&jane.id))).await;
    on.ok();
    assert_eq!(on.at("/state"), "active");
    app.program().signed_in("jane@acme.example").await;
}

async fn sessions_go_on_when_that_is_asked_for(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let body = json!({ "keep_sessions": true });
    app.admin_key().post(&format!("{}:deactivate", path(&jane.id))).json(&body).await.ok();
    assert_eq!(jane.client.whoami().await.at("/identity/state"), "inactive");
    app.program().sign_in("jane@acme.example", PASSWORD).await.refused(Code::AccountInactive);
}

async fn a_state_that_does_not_allow_it_is_a_conflict_with_the_state(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    let admin = app.admin_key();
    let verb = |verb: &str| admin.post(&format!("{}:{verb}", path(&id)));
    assert_eq!(verb("reactivate").await.refused(Code::ConflictingState)["state"], "active");
    verb("cancelDeletion").await.refused(Code::DeletionFinal);
    verb("deactivate").await.ok();
    assert_eq!(verb("deactivate").await.refused(Code::ConflictingState)["state"], "inactive");
    admin.delete(&path(&id)).await.no_content();
    assert_eq!(verb("deactivate").await.refused(Code::ConflictingState)["state"], "scheduled_deletion");
    assert_eq!(verb("reactivate").await.refused(Code::ConflictingState)["state"], "scheduled_deletion");
    admin.delete(&path(&id)).await.no_content();
}

async fn a_reason_is_one_line_of_500_characters(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    let verb = |reason: String| {
        app.admin_key().post(&format!("{}:deactivate", path(&id))).json(&json!({ "reason": reason }))
    };
    verb("x".repeat(501)).await.refused_fields(Code::ValidationFailed, &[("reason", "too_long")]);
    verb("a\u{7}b".to_owned()).await.refused_fields(Code::ValidationFailed, &[("reason", "invalid_format")]);
    verb("x".repeat(500)).await.ok();
}

async fn a_deletion_waits_for_its_grace_period_and_then_removes_everything(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let admin = app.admin_key();
    admin.delete(&path(&jane.id)).await.no_content();
    let read = admin.get(&path(&jane.id)).await;
    assert_eq!(read.at("/state"), "scheduled_deletion");
    assert_eq!(read.at("/deletion/scheduled_for"), "2026-04-01T09:00:00.000Z");
    assert!(
        read.at("/deletion/id").starts_with("del_") && read["deletion"]["cancel_on_login"] == json!(false),
        "{read}"
    );
    jane.client.whoami().await.refused(Code::SessionInvalid);
    app.program().sign_in("jane@acme.example", PASSWORD).await.refused(Code::AccountInactive);
    assert_eq!(app.mail_kinds("jane@acme.example").await, ["deletion_scheduled"]);
    app.advance(30 * DAY - 1);
    app.sweep().await;
    admin.get(&path(&jane.id)).await.ok();
    app.advance(1);
    app.sweep().await;
    admin.get(&path(&jane.id)).await.refused(Code::NotFound);
    admin.get(&format!("{}/credentials", path(&jane.id))).await.refused(Code::NotFound);
    assert_eq!(admin.get("/v1/identities").await.ok()["identities"], json!([]));
    app.program().sign_in("jane@acme.example", PASSWORD).await.refused(Code::WrongCredentials);
}

async fn a_deletion_can_be_taken_back_until_it_is_done(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    let admin = app.admin_key();
    admin.delete(&path(&id)).await.no_content();
    let back = admin.post(&format!("{}:cancelDeletion", path(&id))).await;
    back.ok();
    assert_eq!((back.at("/state"), back["deletion"].clone()), ("active".to_owned(), Value::Null));
    assert_eq!(app.mail_kinds("jane@acme.example").await, ["deletion_scheduled", "deletion_cancelled"]);
    admin.post(&format!("{}:cancelDeletion", path(&id))).await.refused(Code::DeletionFinal);
    app.advance(31 * DAY);
    app.sweep().await;
    app.program().signed_in("jane@acme.example").await;
}

async fn a_deleted_identity_goes_back_to_the_state_it_had(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    let admin = app.admin_key();
    admin.post(&format!("{}:deactivate", path(&id))).await.ok();
    admin.delete(&path(&id)).await.no_content();
    assert_eq!(admin.post(&format!("{}:cancelDeletion", path(&id))).await.at("/state"), "inactive");
}

async fn without_a_grace_period_deletion_is_at_once(app: TestApp) {
    app.settings(json!({ "deletion_grace_days": 0 })).await;
    let jane = app.person("jane@acme.example").await;
    app.admin_key().delete(&path(&jane.id)).await.no_content();
    app.admin_key().get(&path(&jane.id)).await.refused(Code::NotFound);
    jane.client.whoami().await.refused(Code::SessionInvalid);
}

async fn a_forced_deletion_is_at_once_and_needs_more_than_a_password(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let root = app.person_with_role("root@acme.example", PlatformRole::Admin).await;
    let forced = format!("{}?force=true", path(&jane.id));
    root.client.delete(&forced).await.refused(Code::SecondFactorRequired);
    jane.client.whoami().await.ok();
    app.admin_key().delete(&forced).await.no_content();
    jane.client.whoami().await.refused(Code::SessionInvalid);
    app.admin_key().delete(&forced).await.refused(Code::NotFound);
}

async fn an_address_is_free_again_after_the_deletion(app: TestApp) {
    let id = app.account_with("jane@acme.example", json!({ "username": "jane", "external_id": "x" })).await;
    app.admin_key().delete(&path(&id)).await.no_content();
    let again = json!({ "identity": { "email": "jane@acme.example" } });
    app.admin_key().post("/v1/identities").json(&again).await.refused(Code::EmailTaken);
    app.admin_key().delete(&format!("{}?force=true", path(&id))).await.no_content();
    let new = app.account_with("jane@acme.example", json!({ "username": "jane", "external_id": "x" })).await;
    assert_ne!(new, id, "ids are never used twice");
}

async fn the_last_administrator_stays(app: TestApp) {
    let root = app.person_with_role("root@acme.example", PlatformRole::Admin).await;
    let admin = app.admin_key();
    admin.delete(&path(&root.id)).await.refused(Code::LastOwner);
    admin.delete(&format!("{}?force=true", path(&root.id))).await.refused(Code::LastOwner);
    admin.post(&format!("{}:deactivate", path(&root.id))).await.refused(Code::LastOwner);
    root.client.whoami().await.ok();
    app.person_with_role("second@acme.example", PlatformRole::Admin).await;
    admin.post(&format!("{}:deactivate", path(&root.id))).await.ok();
}

async fn a_lock_is_told_and_lifted_by_an_administrator(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    for _ in 0..5 {
        app.program().sign_in("jane@acme.example", "wrong").await.refused(Code::WrongCredentials);
    }
    app.program().sign_in("jane@acme.example", PASSWORD).await.refused(Code::AccountLocked);
    let admin = app.admin_key();
    assert_eq!(admin.get(&path(&id)).await.at("/locked_until"), "2026-03-02T09:15:00.000Z");
    let unlocked = admin.post(&format!("{}:unlock", path(&id))).await;
    assert!(unlocked.ok()["locked_until"].is_null(), "{unlocked}");
    app.program().signed_in("jane@acme.example").await;
    admin.post(&format!("{}:unlock", path(&id))).await.ok();
}
