//! Features that the platform switches off (`contract/20` §1.2).

use avnology_model::Code;
use avnology_testkit::{Answer, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    without_custom_roles_those_that_are_there_stay_and_none_is_changed,
    without_groups_those_that_are_there_stay_and_none_is_changed,
    without_api_keys_those_that_are_there_work_on_and_none_is_made,
    an_organization_sets_no_feature,
    what_an_organization_does_not_say_is_as_the_tenant_says,
}

async fn switch(app: &TestApp, team: &Team, feature: &str, on: Value) {
    let flags = json!({ "feature_flags": { feature: on } });
    app.admin_key().patch(&team.path("")).json(&flags).await.ok();
}

fn is_off(answer: &Answer, feature: &str) {
    assert_eq!(answer.refused(Code::FeatureDisabled)["feature"], feature);
}

async fn without_custom_roles_those_that_are_there_stay_and_none_is_changed(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    let role = json!({ "key": "helper", "name": "Helper", "permissions": ["identities:read"] });
    jane.post(&team.path("/roles")).json(&role).await.created();
    let mary = team.member("mary@acme.example", "helper").await;
    switch(&app, &team, "custom_roles", json!(false)).await;
    let helper = team.path("/roles/helper");
    for client in [jane, &app.admin_key()] {
        let more = json!({ "key": "more", "name": "More" });
        is_off(&client.post(&team.path("/roles")).json(&more).await, "custom_roles");
        is_off(&client.patch(&helper).json(&json!({ "name": "H" })).await, "custom_roles");
        is_off(&client.delete(&helper).await, "custom_roles");
    }
    jane.get(&helper).await.ok();
    assert_eq!(jane.get(&team.path("/roles")).await.ok()["roles"].as_array().map(Vec::len), Some(4));
    mary.client.get_in(&team.id, "/v1/identities").await.ok();
    switch(&app, &team, "custom_roles", Value::Null).await;
    jane.patch(&helper).json(&json!({ "name": "H" })).await.ok();
}

async fn without_groups_those_that_are_there_stay_and_none_is_changed(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    let group = jane.post(&team.path("/groups")).json(&json!({ "name": "Sales", "role": "admin" })).await;
    let one = team.path(&format!("/groups/{}", group.at("/id")));
    let mary = team.member("mary@acme.example", "member").await;
    let body = json!({ "identity_id": mary.id });
    jane.post(&format!("{one}/members")).json(&body).await.created();
    switch(&app, &team, "groups", json!(false)).await;
    is_off(&jane.post(&team.path("/groups")).json(&json!({ "name": "More" })).await, "groups");
    is_off(&jane.patch(&one).json(&json!({ "name": "S" })).await, "groups");
    is_off(&jane.delete(&one).await, "groups");
    is_off(
        &jane.post(&format!("{one}/members")).json(&json!({ "identity_id": team.owner.id })).await,
        "groups",
    );
    is_off(&jane.delete(&format!("{one}/members/{}", mary.id)).await, "groups");
    jane.get(&one).await.ok();
    jane.get(&team.path("/groups")).await.ok();
    let members = jane.get(&format!("{one}/members")).await;
    assert_eq!(members.ok()["members"].as_array().map(Vec::len), Some(1));
    mary.client.get_in(&team.id, "/v1/identities").await.ok();
}

async fn without_api_keys_those_that_are_there_work_on_and_none_is_made(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let jane = &team.owner.client;
    let key = json!({ "name": "Robot", "scopes": ["members:read"] });
    let made = jane.post(&team.path("/api-keys")).json(&key).await;
    made.created();
    switch(&app, &team, "api_keys", json!(false)).await;
    is_off(&jane.post(&team.path("/api-keys")).json(&key).await, "api_keys");
    jane.get(&team.path("/api-keys")).await.ok();
    let robot = app.program().with_token(&made.at("/key"));
    robot.get(&team.path("/members")).await.ok();
}

async fn an_organization_sets_no_feature(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    switch(&app, &team, "groups", json!(false)).await;
    for flags in [json!({ "groups": true }), json!({ "groups": null }), json!({ "sso": true })] {
        let change = json!({ "feature_flags": flags });
        team.owner.client.patch(&team.path("")).json(&change).await.refused(Code::PermissionDenied);
    }
    let unknown = json!({ "feature_flags": { "shoes": true } });
    app.admin_key().patch(&team.path("")).json(&unknown).await.refused(Code::ValidationFailed);
    let made = json!({ "name": "Own", "feature_flags": { "groups": true } });
    team.owner.client.post("/v1/organizations").json(&made).await.refused(Code::PermissionDenied);
}

async fn what_an_organization_does_not_say_is_as_the_tenant_says(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let make = |name: &str| {
        let body = json!({ "name": name });
        team.owner.client.post(&team.path("/groups")).json(&body).into_future()
    };
    make("One").await.created();
    app.settings(json!({ "feature_defaults": { "groups": false } })).await;
    is_off(&make("Two").await, "groups");
    switch(&app, &team, "groups", json!(true)).await;
    make("Two").await.created();
    switch(&app, &team, "groups", Value::Null).await;
    is_off(&make("Three").await, "groups");
    app.settings(json!({ "feature_defaults": { "groups": true } })).await;
    make("Three").await.created();
}
