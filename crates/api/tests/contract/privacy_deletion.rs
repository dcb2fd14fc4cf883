//! Deleting one's own account: `contract/10` §§9.2, 9.3.

use avnology_jose::{KeySet, jwt};
use avnology_model::{Code, events::EventType};
use avnology_testkit::{Answer, Engine, ORIGIN, PASSWORD, Person, TestApp, on_both_engines};
use serde_json::{Value, json};

const DAY: i64 = 24 * 3_600;
const JANE: &str = "jane@acme.example";

on_both_engines! {
    a_deletion_is_asked_for_and_told_by_mail,
    a_deletion_needs_a_fresh_sign_in,
    what_is_wrong_with_the_order_is_named,
    a_deletion_is_cancelled_by_its_owner_and_by_nobody_else,
    a_new_sign_in_cancels_it_unless_told_otherwise,
    sessions_end_at_once_when_that_is_asked_for,
    the_mailed_link_keeps_the_account_and_works_once,
    three_days_before_its_end_the_owner_is_told_once_more,
    a_sole_owner_is_refused_with_the_organizations_named,
    an_administrators_deletion_is_not_the_persons_to_cancel,
    when_everything_is_gone_a_signed_receipt_says_so,
    a_database_that_is_away_keeps_the_receipt_waiting,
    of_two_who_settle_a_deletion_one_signs_it,
    nothing_of_the_person_is_left_in_the_log_of_events,
}

async fn ask(person: &Person, order: &Value) -> Answer {
    person.client.post("/v1/privacy:requestAccountDeletion").json(order).await
}

fn local(url: &str) -> String {
    url.strip_prefix(ORIGIN).expect("our own link").to_owned()
}

async fn a_deletion_is_asked_for_and_told_by_mail(app: TestApp) {
    let jane = app.person(JANE).await;
    let asked = ask(&jane, &json!({ "reason": "UNUSED", "note": "  I moved on.\n" })).await;
    asked.is(202);
    assert_eq!(
        (asked.at("/status"), asked.at("/scheduled_for")),
        ("scheduled".into(), "2026-04-01T09:00:00.000Z".into())
    );
    let read = jane.client.get(&format!("/v1/privacy/deletions/{}", asked.at("/id"))).await;
    let expected = json!({
        "id": asked["id"], "status": "scheduled", "reason": "UNUSED", "note": "I moved on.", "revoke_sessions": false,
        "cancel_on_login": true, "create_time": "2026-03-02T09:00:00.000Z", "scheduled_for": asked["scheduled_for"],
        "finish_time": null, "receipt_url": asked["receipt_url"],
    });
    assert_eq!(*read.ok(), expected);
    assert_eq!(jane.client.whoami().await.at("/identity/state"), "scheduled_deletion", "the session goes on");
    let told = json!({ "deletion_id": asked["id"], "user_id": jane.id, "reason": "UNUSED" });
    assert_eq!(app.payloads(EventType::PrivacyDeletionRequested).await, [told]);
    assert_eq!(app.payloads(EventType::UserDeletionScheduled).await.len(), 1);
    let mail = app.latest_mail(JANE).await;
    assert_eq!(
        (mail.kind.as_str(), mail.link.as_str()),
        ("deletion_scheduled", asked.at("/cancel_url").as_str())
    );
    assert!(mail.text.contains(&asked.at("/receipt_url")), "{}", mail.text);
    let again = ask(&jane, &json!({})).await;
    assert_eq!(again.refused(Code::JobRunning)["id"], asked["id"]);
}

async fn a_deletion_needs_a_fresh_sign_in(app: TestApp) {
    let jane = app.person(JANE).await;
    app.advance(1_000);
    let refused = ask(&jane, &json!({})).await;
    assert_eq!(refused.refused(Code::StepUpRequired)["continue_flow"]["type"], "login");
    assert_eq!(jane.client.whoami().await.at("/identity/state"), "active");
    app.recovering("max@acme.example")
        .await
        .client
        .post("/v1/privacy:requestAccountDeletion")
        .await
        .refused(Code::StepUpRequired);
}

async fn what_is_wrong_with_the_order_is_named(app: TestApp) {
    let jane = app.person(JANE).await;
    for (order, field, code) in [
        (json!({ "reason": "BORED" }), "reason", "not_in_enum"),
        (json!({ "note": "x".repeat(1_001) }), "note", "too_long"),
        (json!({ "when": "now" }), "when", "unknown_field"),
    ] {
        ask(&jane, &order).await.refused_fields(Code::ValidationFailed, &[(field, code)]);
    }
}

async fn a_deletion_is_cancelled_by_its_owner_and_by_nobody_else(app: TestApp) {
    let (jane, joe) = (app.person(JANE).await, app.person("joe@acme.example").await);
    let asked = ask(&jane, &json!({})).await;
    let path = format!("/v1/privacy/deletions/{}", asked.at("/id"));
    joe.client.get(&path).await.refused(Code::NotFound);
    joe.client.post(&format!("{path}:cancel")).await.refused(Code::NotFound);
    let kept = jane.client.post(&format!("{path}:cancel")).await;
    assert_eq!(
        (kept.ok()["status"].as_str(), kept.at("/finish_time")),
        (Some("cancelled"), "2026-03-02T09:00:00.000Z".into())
    );
    jane.client.post(&format!("{path}:cancel")).await.refused(Code::DeletionFinal);
    assert_eq!(jane.client.whoami().await.at("/identity/state"), "active");
    assert_eq!(app.payloads(EventType::PrivacyDeletionCancelled).await.len(), 1);
    assert_eq!(app.payloads(EventType::UserDeletionCancelled).await[0]["by"], "self");
    assert_eq!(app.latest_mail(JANE).await.kind, "deletion_cancelled");
    app.advance(31 * DAY);
    app.sweep().await;
    app.program().signed_in(JANE).await;
}

async fn a_new_sign_in_cancels_it_unless_told_otherwise(app: TestApp) {
    let jane = app.person(JANE).await;
    ask(&jane, &json!({})).await.is(202);
    let again = app.program().signed_in(JANE).await;
    assert_eq!(again.client.whoami().await.at("/identity/state"), "active");
    ask(&again, &json!({ "cancel_on_login": false })).await.is(202);
    app.program().sign_in(JANE, PASSWORD).await.refused(Code::AccountInactive);
    assert_eq!(again.client.whoami().await.at("/identity/state"), "scheduled_deletion");
}

async fn sessions_end_at_once_when_that_is_asked_for(app: TestApp) {
    let jane = app.person(JANE).await;
    ask(&jane, &json!({ "revoke_sessions": true })).await.is(202);
    jane.client.whoami().await.refused(Code::SessionInvalid);
}

/// The page behind a mailed link, and its form.
async fn keep(app: &TestApp, url: &str) -> (Answer, Option<Answer>) {
    let browser = app.browser();
    let page = browser.get(&local(url)).header("accept", "text/html").await;
    let text = page.text();
    let Some((_, rest)) = text.split_once("name=\"csrf_token\" value=\"") else { return (page, None) };
    let csrf = rest.split('"').next().expect("a token").to_owned();
    let (_, token) = url.split_once("token=").expect("a token");
    let form = [("csrf_token", csrf.as_str()), ("token", token)];
    let done = browser.post("/account/privacy/deletion").header("accept", "text/html").form(&form).await;
    (page, Some(done))
}

async fn the_mailed_link_keeps_the_account_and_works_once(app: TestApp) {
    let jane = app.person(JANE).await;
    let asked = ask(&jane, &json!({ "cancel_on_login": false, "revoke_sessions": true })).await;
    let url = asked.at("/cancel_url");
    let shown = app.browser().get(&local(&url)).header("accept", "text/html").await;
    assert!(shown.is(200).text().contains(JANE));
    app.program().sign_in(JANE, PASSWORD).await.refused(Code::AccountInactive);
    let (_, done) = keep(&app, &url).await;
    assert!(done.expect("a form").is(200).text().contains("stays"));
    app.program().signed_in(JANE).await;
    let (gone, form) = keep(&app, &url).await;
    assert!(gone.is(410).text().contains("no longer works") && form.is_none());
    assert_eq!(app.payloads(EventType::UserDeletionCancelled).await[0]["by"], "link");
}

async fn three_days_before_its_end_the_owner_is_told_once_more(app: TestApp) {
    let jane = app.person(JANE).await;
    ask(&jane, &json!({})).await.is(202);
    app.advance(26 * DAY);
    app.sweep().await;
    assert_eq!(app.mail_kinds(JANE).await.len(), 0, "the outbox keeps mail for a day");
    app.advance(DAY);
    app.sweep().await;
    app.sweep().await;
    assert_eq!(app.mail_kinds(JANE).await, ["deletion_scheduled"]);
    let (_, done) = keep(&app, &app.latest_mail(JANE).await.link).await;
    done.expect("a form").is(200);
    app.advance(4 * DAY);
    app.sweep().await;
    app.program().signed_in(JANE).await;
}

async fn a_sole_owner_is_refused_with_the_organizations_named(app: TestApp) {
    let team = app.team("Acme", JANE).await;
    let refused = ask(&team.owner, &json!({})).await;
    assert_eq!(refused.refused(Code::LastOwner)["organization_ids"], json!([team.id]));
    let other = team.member("olivia@acme.example", "owner").await;
    ask(&team.owner, &json!({})).await.is(202);
    assert_eq!(other.client.whoami().await.at("/identity/state"), "active");
}

async fn an_administrators_deletion_is_not_the_persons_to_cancel(app: TestApp) {
    let jane = app.account(JANE).await;
    app.admin_key().delete(&format!("/v1/identities/{jane}")).await.no_content();
    let mail = app.latest_mail(JANE).await;
    assert_eq!((mail.kind.as_str(), mail.link.as_str()), ("deletion_scheduled", ""));
    assert!(mail.text.contains(":receipt?signature="), "{}", mail.text);
    assert_eq!(app.payloads(EventType::PrivacyDeletionRequested).await, Vec::<Value>::new());
}

async fn when_everything_is_gone_a_signed_receipt_says_so(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let jane = team.member(JANE, "member").await;
    app.record_audit().await;
    let asked = ask(&jane, &json!({ "note": "Jane Doe was here" })).await;
    let (receipt, id) = (local(&asked.at("/receipt_url")), asked.at("/id"));
    assert_eq!(app.program().get(&receipt).await.ok()["status"], "scheduled");
    app.advance(30 * DAY);
    app.sweep().await;
    assert_eq!(app.program().get(&receipt).await.ok()["status"], "erasing");
    assert_eq!(app.finish_erasing().await, 1);
    let done = app.program().get(&receipt).await;
    assert_eq!(done.ok()["status"], "completed");
    let keys = KeySet::parse(&app.program().get("/.well-known/jwks.json").await.text()).expect("keys");
    let said =
        jwt::verify(&done.at("/receipt"), &keys, "avnology-deletion-receipt+jwt").expect("our signature");
    assert_eq!(
        (&said["iss"], &said["deletion_id"], &said["databases"]),
        (&json!(ORIGIN), &json!(id), &json!(2))
    );
    assert_eq!(said["removed_at"], done["removed_at"]);
    assert!(said["categories"].as_array().expect("categories").contains(&json!("audit")));
    let text = format!("{said:?} {}", done.text());
    assert!(!text.contains(&jane.id) && !text.contains("jane") && !text.contains("was here"), "{text}");
    let log = serde_json::to_string(&app.audit(Some(&team.id), "").await).expect("JSON");
    assert!(!log.contains(&jane.id) && !log.contains(JANE) && log.contains("\"deleted\""), "{log}");
    // Only who has the link reads it.
    let forged = receipt.replace("signature=", "signature=0");
    app.program().get(&forged).await.refused(Code::NotFound);
    assert_eq!(app.finish_erasing().await, 0, "it is signed once");
}

async fn a_database_that_is_away_keeps_the_receipt_waiting(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let jane = team.member(JANE, "member").await;
    app.record_audit().await;
    let asked = ask(&jane, &json!({})).await;
    let receipt = local(&asked.at("/receipt_url"));
    app.advance(30 * DAY);
    app.sweep().await;
    app.advance(120);
    assert_eq!(
        avnology_core::privacy::settle_deletions(app.tenant()).await.expect("looked at"),
        0,
        "the organization's log was not visited yet"
    );
    assert_eq!(app.program().get(&receipt).await.ok()["receipt"], Value::Null);
    assert_eq!(app.finish_erasing().await, 1);
}

async fn of_two_who_settle_a_deletion_one_signs_it(app: TestApp) {
    let jane = app.person(JANE).await;
    ask(&jane, &json!({})).await.is(202);
    app.advance(30 * DAY);
    let other = if app.engine() == Engine::Postgres { app.second_node().await } else { app.clone() };
    app.sweep().await;
    app.record_audit().await;
    app.advance(120);
    app.record_audit().await;
    app.settle().await;
    app.settle_groups().await;
    app.keep_activity().await;
    let (one, two) = tokio::join!(
        avnology_core::privacy::settle_deletions(app.tenant()),
        avnology_core::privacy::settle_deletions(other.tenant()),
    );
    assert_eq!(one.expect("settled") + two.expect("settled"), 1);
}

async fn nothing_of_the_person_is_left_in_the_log_of_events(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let jane = team.member(JANE, "member").await;
    app.record_audit().await;
    app.admin_key()
        .delete(&format!("/v1/identities/{}", jane.id))
        .query(&[("force", "true")])
        .await
        .no_content();
    let told = serde_json::to_string(&app.events().await).expect("JSON");
    assert!(told.contains(&jane.id) && told.contains(JANE));
    assert_eq!(app.finish_erasing().await, 1);
    let told = serde_json::to_string(&app.events().await).expect("JSON");
    assert!(!told.contains(&jane.id) && !told.contains(JANE), "{told}");
    assert!(told.contains("organization.member.added"), "what happened is still told");
}
