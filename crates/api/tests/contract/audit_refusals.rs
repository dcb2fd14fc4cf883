//! Refused administrative calls are in the audit log (`contract/70` §3.1).

use avnology_model::Code;
use avnology_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

async fn a_refused_call_is_recorded_as_what_it_would_have_been(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let jane = team.member("jane@acme.example", "member").await;
    let path = team.path(&format!("/members/{}", team.owner.id));
    jane.client.delete(&path).header("x-request-id", "the-coup-of-jane").await.refused(Code::ScopeMissing);

    let records = app.audit(Some(&team.id), "result = \"denied\"").await;
    assert_eq!(records.len(), 1, "{records:#?}");
    let record = &records[0];
    assert_eq!(record["action"], "organization.member.removed");
    assert_eq!(record["error_code"], Code::ScopeMissing.text());
    assert_eq!((&record["actor"]["id"], &record["actor"]["display"]), (&json!(jane.id), &json!("jane")));
    assert_eq!(record["targets"], json!([{ "type": "identity", "id": team.owner.id, "display": null }]));
    assert_eq!((&record["ip"], &record["request_id"]), (&json!("192.0.2.1"), &json!("the-coup-of-jane")));
    assert_eq!(record["organization_id"], team.id.as_str());
    team.owner.client.get_in(&team.id, &format!("/v1/organizations/{}/members", team.id)).await.ok();
    assert!(
        app.audit(Some(&team.id), "action = \"organization.member.removed\" AND result = \"success\"")
            .await
            .is_empty()
    );
}

async fn a_refusal_is_recorded_once_a_minute_for_each_actor_action_and_target(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let jane = team.member("jane@acme.example", "member").await;
    let john = team.member("john@acme.example", "member").await;
    let denied = async || app.audit(Some(&team.id), "result = \"denied\"").await.len();
    let remove = async |who: &avnology_testkit::Person, whom: &str| {
        who.client.delete(&team.path(&format!("/members/{whom}"))).await.refused(Code::ScopeMissing);
    };
    remove(&jane, &john.id).await;
    remove(&jane, &john.id).await;
    assert_eq!(denied().await, 1);
    remove(&jane, &team.owner.id).await;
    assert_eq!(denied().await, 2, "another target");
    remove(&john, &team.owner.id).await;
    assert_eq!(denied().await, 3, "another actor");
    let promote = team.path(&format!("/members/{}", john.id));
    jane.client.patch(&promote).json(&json!({ "role": "admin" })).await.refused(Code::ScopeMissing);
    assert_eq!(denied().await, 4, "another action");
    app.advance(60);
    remove(&jane, &john.id).await;
    assert_eq!(denied().await, 5, "a minute later");
}

async fn who_has_nothing_to_do_with_an_organization_cannot_write_to_its_log(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let eve = app.person("eve@elsewhere.example").await;
    eve.client.patch(&team.path("")).json(&json!({ "name": "Eve's" })).await.refused(Code::NotAMember);

    assert!(app.audit(Some(&team.id), "result = \"denied\"").await.is_empty());
    let records = app.audit(None, "result = \"denied\"").await;
    assert_eq!(records.len(), 1, "{records:#?}");
    assert_eq!(records[0]["action"], "organization.updated");
    assert_eq!(records[0]["targets"], json!([{ "type": "organization", "id": team.id, "display": null }]));
}

async fn a_refusal_reveals_nothing_of_what_was_named(app: TestApp) {
    let acme = app.team("Acme", "olivia@acme.example").await;
    let initech = app.team("Initech", "bill@initech.example").await;
    let member = acme.member("jane@acme.example", "member").await;
    let made = initech.owner.client.post("/v1/service-accounts").header("x-avnology-org", &initech.id);
    let made = made.json(&json!({ "name": "Payroll of Initech", "scopes": ["members:read"] })).await;
    let foreign = made.created()["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/service-accounts/{foreign}");
    member.client.delete(&path).header("x-avnology-org", &acme.id).await.refused(Code::ScopeMissing);

    let records = app.audit(Some(&acme.id), "result = \"denied\"").await;
    assert_eq!(records.len(), 1);
    assert!(!Value::from(records).to_string().contains("Payroll"));
}

async fn reads_and_calls_of_nobody_known_are_not_recorded(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let jane = team.member("jane@acme.example", "member").await;
    jane.client.get_in(&team.id, "/v1/audit/events").await.refused(Code::ScopeMissing);
    app.program().delete(&team.path("")).await.refused(Code::SessionInvalid);
    let odd = team.path("/members/..%2F..%2Fetc");
    jane.client.delete(&odd).await.refused(Code::ScopeMissing);

    let records = app.audit(Some(&team.id), "result = \"denied\"").await;
    assert_eq!(records.len(), 1, "{records:#?}");
    assert_eq!(records[0]["targets"], json!([]));
    assert!(app.audit(None, "result = \"denied\"").await.is_empty());
}

on_both_engines! {
    a_refused_call_is_recorded_as_what_it_would_have_been,
    a_refusal_is_recorded_once_a_minute_for_each_actor_action_and_target,
    who_has_nothing_to_do_with_an_organization_cannot_write_to_its_log,
    a_refusal_reveals_nothing_of_what_was_named,
    reads_and_calls_of_nobody_known_are_not_recorded,
}
