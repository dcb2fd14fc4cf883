//! Nobody comes by another person's account: what an attacker who was there first, or who comes late, tries.

use avnology_core::identities::create_admin;
use avnology_model::Code;
use avnology_testkit::{PASSWORD, TestApp, on_both_engines};
use serde_json::json;

on_both_engines! {
    an_administrator_by_command_line_is_not_whoever_registered_the_address_first,
    a_pending_address_dies_when_the_owner_recovers,
    a_code_for_one_mailbox_does_not_prove_another,
    an_account_that_was_ever_proven_does_not_give_way_to_a_new_one,
    a_change_of_address_is_undone_even_after_a_second_one,
    a_link_to_undo_goes_to_no_address_that_was_never_proven,
    a_sign_in_that_waits_ends_when_the_account_is_switched_off,
    a_sign_in_that_waits_for_a_new_password_ends_when_the_password_is_replaced,
    mail_goes_to_the_address_as_it_was_registered,
    a_recovery_link_dies_with_the_address_it_went_to,
    guesses_at_the_present_password_lock,
    a_recovery_code_from_an_administrator_works,
    the_last_administrator_who_can_sign_in_stays,
}

async fn an_administrator_by_command_line_is_not_whoever_registered_the_address_first(app: TestApp) {
    let mallory = app.program();
    mallory.register("boss@corp.example").await.ok();
    let cx = app.tenant().system_cx();
    create_admin(app.tenant(), &cx, "boss@corp.example").await.expect("an administrator");
    mallory.whoami().await.is(401);
    app.program().sign_in("boss@corp.example", PASSWORD).await.refused(Code::WrongCredentials);
}

async fn a_pending_address_dies_when_the_owner_recovers(app: TestApp) {
    let mallory = app.program();
    mallory.register("victim@acme.example").await.ok();
    let pending = mallory.patch("/v1/me").json(&json!({ "email": "evil@mallory.example" })).await;
    let code = app.latest_mail("evil@mallory.example").await.code;
    app.program().recover("victim@acme.example").await.ok();
    let flow = mallory.resume("verification", &pending.at("/pending/verification_flow_id")).await;
    flow.submit("code", json!({ "code": code })).await.refused(Code::CodeExpired);
    let mine =
        app.admin_key().get("/v1/identities").query(&[("filter", "email = \"victim@acme.example\"")]).await;
    assert_eq!(mine.ok()["identities"].as_array().map(Vec::len), Some(1));
}

async fn a_code_for_one_mailbox_does_not_prove_another(app: TestApp) {
    app.settings(json!({ "require_verified_email": true })).await;
    app.account("mallory@evil.example").await;
    app.account_with("victim@acme.example", json!({ "email_verified": false })).await;
    let flow = app.program().open("login").await;
    flow.submit("code", json!({ "identifier": "mallory@evil.example" })).await.goes_on("sent_email");
    let code = app.latest_mail("mallory@evil.example").await.code;
    app.limit("message.address", 1, 3_600).await;
    // The victim's address had its message of this hour.
    app.program().open("verification").await.submit("code", json!({ "email": "victim@acme.example" })).await;
    flow.submit("password", json!({ "identifier": "victim@acme.example", "password": PASSWORD })).await;
    let tried = flow.submit("code", json!({ "code": code })).await;
    assert_ne!(tried.status, 200, "{tried}");
    let found =
        app.admin_key().get("/v1/identities").query(&[("filter", "email = \"victim@acme.example\"")]).await;
    assert_eq!(found.ok()["identities"][0]["email_verified"], false);
}

async fn an_account_that_was_ever_proven_does_not_give_way_to_a_new_one(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    let moved = json!({ "identity": { "email": "jane.doe@acme.example" } });
    app.admin_key().patch(&format!("/v1/identities/{id}")).json(&moved).await.ok();
    app.advance(30 * 86_400);
    app.program().register("jane.doe@acme.example").await.refused(Code::EmailTaken);
    app.admin_key().get(&format!("/v1/identities/{id}")).await.ok();
    // One that was never proven does, after a week.
    app.program().register("squat@acme.example").await.ok();
    app.program().register("squat@acme.example").await.refused(Code::EmailTaken);
    app.advance(7 * 86_400);
    app.program().register("squat@acme.example").await.ok();
}

async fn a_change_of_address_is_undone_even_after_a_second_one(app: TestApp) {
    let hijacker = app.person("victim@acme.example").await;
    let change = async |to: &str| {
        let pending = hijacker.client.patch("/v1/me").json(&json!({ "email": to })).await;
        let code = app.latest_mail(to).await.code;
        let flow = hijacker.client.resume("verification", &pending.at("/pending/verification_flow_id")).await;
        flow.submit("code", json!({ "code": code })).await.goes_on("passed_challenge");
    };
    change("one@evil.example").await;
    let token = app.latest_mail("victim@acme.example").await.link_parameter("undo");
    app.advance(60);
    change("two@evil.example").await;
    let cx = app.tenant().system_cx();
    assert!(avnology_core::identities::undo_change(app.tenant(), &cx, &token).await.expect("an answer"));
    hijacker.client.whoami().await.is(401);
    app.program().sign_in("victim@acme.example", PASSWORD).await.ok();
    app.program().sign_in("two@evil.example", PASSWORD).await.refused(Code::WrongCredentials);
}

async fn a_link_to_undo_goes_to_no_address_that_was_never_proven(app: TestApp) {
    let mallory = app.program();
    mallory.register("victim@acme.example").await.ok();
    let pending = mallory.patch("/v1/me").json(&json!({ "email": "mallory@evil.example" })).await;
    let code = app.latest_mail("mallory@evil.example").await.code;
    let flow = mallory.resume("verification", &pending.at("/pending/verification_flow_id")).await;
    flow.submit("code", json!({ "code": code })).await.goes_on("passed_challenge");
    assert!(!app.mail_kinds("victim@acme.example").await.contains(&"email_changed".to_owned()));
}

async fn a_sign_in_that_waits_ends_when_the_account_is_switched_off(app: TestApp) {
    let id = app.account_with("jane@acme.example", json!({ "password_change_required": true })).await;
    let flow = app.program().open("login").await;
    let step =
        flow.submit("password", json!({ "identifier": "jane@acme.example", "password": PASSWORD })).await;
    step.goes_on("complete_profile");
    app.admin_key().post(&format!("/v1/identities/{id}:deactivate")).json(&json!({})).await.ok();
    flow.submit("password", json!({ "password": "tulip granite orbit 9" }))
        .await
        .refused(Code::AccountInactive);
    app.admin_key().post(&format!("/v1/identities/{id}:reactivate")).await.ok();
    let again = app.program().sign_in("jane@acme.example", PASSWORD).await;
    again.goes_on("complete_profile");
}

async fn a_sign_in_that_waits_for_a_new_password_ends_when_the_password_is_replaced(app: TestApp) {
    let id = app.account_with("jane@acme.example", json!({ "password_change_required": true })).await;
    let mallory = app.program().open("login").await;
    let step =
        mallory.submit("password", json!({ "identifier": "jane@acme.example", "password": PASSWORD })).await;
    step.goes_on("complete_profile");
    app.advance(1);
    let reset = json!({ "password": "tulip granite orbit 9" });
    app.admin_key().post(&format!("/v1/identities/{id}:setPassword")).json(&reset).await.ok();
    let late = mallory.submit("password", json!({ "password": "copper window lake 3" })).await;
    late.refused(Code::StepUnavailable);
    app.program().sign_in("jane@acme.example", "tulip granite orbit 9").await.ok();
}

async fn mail_goes_to_the_address_as_it_was_registered(app: TestApp) {
    app.account("Victim@acme.example").await;
    let flow = app.program().open("recovery").await;
    flow.submit("code", json!({ "email": "\u{ff56}ictim@acme.example" })).await.goes_on("sent_email");
    assert_eq!(app.mail_kinds("Victim@acme.example").await, ["recovery"]);
    assert!(app.mail_kinds("\u{ff56}ictim@acme.example").await.is_empty());
}

async fn a_recovery_link_dies_with_the_address_it_went_to(app: TestApp) {
    let id = app.account("old@acme.example").await;
    let flow = app.program().open("recovery").await;
    flow.submit("code", json!({ "email": "old@acme.example" })).await.goes_on("sent_email");
    let code = app.latest_mail("old@acme.example").await.code;
    let moved = json!({ "identity": { "email": "new@acme.example", "email_verified": true } });
    app.admin_key().patch(&format!("/v1/identities/{id}")).json(&moved).await.ok();
    flow.submit("code", json!({ "code": code })).await.refused(Code::RecoveryExpired);
}

async fn guesses_at_the_present_password_lock(app: TestApp) {
    app.account("jane@acme.example").await;
    let thief = app.program();
    thief.sign_in_by_code("jane@acme.example").await.ok();
    let flow = thief.open("settings").await;
    for _ in 0..5 {
        let guess = json!({ "password": "tulip granite orbit 9", "current_password": "a guess" });
        flow.submit("password", guess).await.refused(Code::WrongCredentials);
    }
    let right = json!({ "password": "tulip granite orbit 9", "current_password": PASSWORD });
    flow.submit("password", right).await.refused(Code::AccountLocked);
}

async fn a_recovery_code_from_an_administrator_works(app: TestApp) {
    let id = app.account("jane@acme.example").await;
    let link = app.admin_key().post(&format!("/v1/identities/{id}:recoveryLink")).json(&json!({})).await;
    let flow = app.program().resume("recovery", &link.at("/flow_id")).await;
    let step = flow.submit("code", json!({ "code": link.at("/recovery_code") })).await;
    assert_eq!(step.ok()["session"]["kind"], "recovery");
}

async fn the_last_administrator_who_can_sign_in_stays(app: TestApp) {
    use avnology_model::permissions::PlatformRole;
    let first = app.account("first@acme.example").await;
    let second = app.account("second@acme.example").await;
    app.grant(&first, PlatformRole::Admin).await;
    app.grant(&second, PlatformRole::Admin).await;
    app.admin_key().post(&format!("/v1/identities/{first}:deactivate")).json(&json!({})).await.ok();
    let last = app.admin_key().post(&format!("/v1/identities/{second}:deactivate")).json(&json!({})).await;
    last.refused(Code::LastOwner);
}
