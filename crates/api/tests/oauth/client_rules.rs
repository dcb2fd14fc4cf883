//! What organizations say of clients for their members (`contract/30` §10.1).

use avnology_model::{Code, events::EventType};
use avnology_testkit::{Person, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::kit::{Relying, challenge_of, jane, refused, register};

on_both_engines! {
    what_is_preapproved_nobody_is_asked_about,
    what_goes_beyond_the_preapproved_scopes_is_asked,
    a_blocked_client_gets_nothing_any_more,
    rules_are_written_read_and_taken_back,
    rules_are_for_those_who_run_the_organization,
    rules_name_clients_and_scopes_that_there_are,
    a_rule_goes_with_its_client_and_its_organization,
}

async fn rule(team: &Team, client: &Relying, body: Value) {
    let path = team.path(&format!("/client-rules/{}", client.id));
    team.owner.client.call("PUT", &path).json(&body).await.ok();
}

/// A client of others, Acme, and Jane, who is of it.
async fn world(app: &TestApp) -> (Relying, Team, Person) {
    let client = register(app, "web", json!({})).await;
    let team = app.team("Acme", "owner@acme.example").await;
    let jane = jane(app).await;
    team.add(&jane.id, "member").await;
    (client, team, jane)
}

async fn what_is_preapproved_nobody_is_asked_about(app: TestApp) {
    let (client, team, jane) = world(&app).await;
    let there = [("organization_id", team.id.as_str())];
    challenge_of(&jane.client.get(&client.request(&there)).await, "/consent");
    rule(&team, &client, json!({ "rule": "preapproved" })).await;
    client.back(&jane.client, &there).await.code();
    challenge_of(&jane.client.get(&client.request(&[])).await, "/consent");
    let again = [there[0], ("prompt", "consent")];
    challenge_of(&jane.client.get(&client.request(&again)).await, "/consent");
    assert!(app.payloads(EventType::OauthConsentGranted).await.is_empty(), "nobody agreed to anything");
}

async fn what_goes_beyond_the_preapproved_scopes_is_asked(app: TestApp) {
    let (client, team, jane) = world(&app).await;
    rule(&team, &client, json!({ "rule": "preapproved", "scopes": ["openid", "email"] })).await;
    let there = ("organization_id", team.id.as_str());
    client.back(&jane.client, &[there, ("scope", "openid email")]).await.code();
    let more = [there, ("scope", "openid email profile")];
    challenge_of(&jane.client.get(&client.request(&more)).await, "/consent");
}

async fn a_blocked_client_gets_nothing_any_more(app: TestApp) {
    let (client, team, jane) = world(&app).await;
    let there = ("organization_id", team.id.as_str());
    rule(&team, &client, json!({ "rule": "preapproved" })).await;
    let tokens = client.tokens(&jane.client, &[there]).await;
    let personal = register(&app, "web", json!({ "first_party": true })).await;
    let elsewhere = personal.tokens(&jane.client, &[]).await;
    assert!(client.is_active(&tokens.at("/access_token")).await);
    rule(&team, &client, json!({ "rule": "blocked" })).await;
    assert!(!client.is_active(&tokens.at("/access_token")).await);
    refused(&client.refresh(&tokens.at("/refresh_token"), &[]).await, 400, "invalid_grant");
    assert_eq!(client.back(&jane.client, &[there]).await.error(), "access_denied");
    assert_eq!(client.back(&jane.client, &[there, ("prompt", "none")]).await.error(), "access_denied");
    assert!(personal.is_active(&elsewhere.at("/access_token")).await);
    // A grant of another place does not come in by a refresh.
    let token = personal.refresh(&elsewhere.at("/refresh_token"), &[]).await.at("/refresh_token");
    rule(&team, &personal, json!({ "rule": "blocked" })).await;
    refused(&personal.refresh(&token, &[there]).await, 400, "invalid_grant");
    personal.refresh(&token, &[]).await.ok();
    rule(&team, &client, json!({ "rule": "ask" })).await;
    challenge_of(&jane.client.get(&client.request(&[there])).await, "/consent");
}

async fn rules_are_written_read_and_taken_back(app: TestApp) {
    let (client, team, jane) = world(&app).await;
    let owner = &team.owner.client;
    let path = team.path(&format!("/client-rules/{}", client.id));
    let made = owner.call("PUT", &path).json(&json!({ "rule": "preapproved", "scopes": ["openid"] })).await;
    let wanted = json!({
        "client": { "id": client.id, "name": "Shop", "logo_uri": null },
        "rule": "preapproved", "scopes": ["openid"],
        "create_time": made["create_time"], "update_time": made["update_time"],
    });
    assert_eq!(made.ok(), &wanted);
    app.advance(1);
    let changed = owner.call("PUT", &path).json(&json!({ "rule": "blocked" })).await;
    assert_eq!(changed.ok()["create_time"], made["create_time"]);
    assert_ne!(changed["update_time"], made["update_time"]);
    let listed = owner.get(&team.path("/client-rules")).await;
    assert_eq!(listed.ok(), &json!({ "client_rules": [changed.json()] }));
    let seen = jane.client.get(&team.path("/client-rules")).await;
    assert_eq!(seen.ok()["client_rules"][0]["rule"], "blocked", "members may know");
    owner.delete(&path).await.no_content();
    owner.delete(&path).await.refused(Code::NotFound);
    assert_eq!(owner.get(&team.path("/client-rules")).await.ok(), &json!({ "client_rules": [] }));
    let told: Vec<Value> = app.payloads(EventType::OauthClientRuleUpdated).await;
    let rules: Vec<&Value> = told.iter().map(|payload| &payload["rule"]).collect();
    assert_eq!(rules, [&json!("preapproved"), &json!("blocked"), &json!(null)]);
}

async fn rules_are_for_those_who_run_the_organization(app: TestApp) {
    let (client, team, jane) = world(&app).await;
    let path = team.path(&format!("/client-rules/{}", client.id));
    let body = json!({ "rule": "blocked" });
    jane.client.call("PUT", &path).json(&body).await.refused(Code::ScopeMissing);
    jane.client.delete(&path).await.refused(Code::ScopeMissing);
    let stranger = app.browsing("bob@beta.example").await;
    stranger.client.call("PUT", &path).json(&body).await.refused(Code::NotAMember);
    stranger.client.get(&team.path("/client-rules")).await.refused(Code::NotAMember);
    let robot = team.robot(&["organizations:write"]).await;
    robot.call("PUT", &path).json(&body).await.ok();
}

async fn rules_name_clients_and_scopes_that_there_are(app: TestApp) {
    let (client, team, _) = world(&app).await;
    let owner = &team.owner.client;
    let put = async |id: &str, body: Value| {
        owner.call("PUT", &team.path(&format!("/client-rules/{id}"))).json(&body).await
    };
    put("cli_01kjpwfebhf9xrvqney6fmm27s", json!({ "rule": "ask" })).await.refused(Code::NotFound);
    let too_much = put(&client.id, json!({ "rule": "preapproved", "scopes": ["tenant:write"] })).await;
    too_much.refused_fields(Code::ValidationFailed, &[("scopes[0]", "not_in_enum")]);
    let idle = put(&client.id, json!({ "rule": "ask", "scopes": ["openid"] })).await;
    idle.refused_fields(Code::ValidationFailed, &[("scopes", "not_allowed")]);
    put(&client.id, json!({ "rule": "maybe" })).await.refused(Code::ValidationFailed);
}

async fn a_rule_goes_with_its_client_and_its_organization(app: TestApp) {
    let (client, team, _) = world(&app).await;
    rule(&team, &client, json!({ "rule": "blocked" })).await;
    app.admin_key().delete(&format!("/v1/clients/{}", client.id)).await.no_content();
    let listed = team.owner.client.get(&team.path("/client-rules")).await;
    assert_eq!(listed.ok(), &json!({ "client_rules": [] }));
}
