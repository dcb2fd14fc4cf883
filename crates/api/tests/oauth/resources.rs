//! Resources that tokens are for (RFC 8707, `contract/30` §2.2).

use avnology_model::Code;
use avnology_testkit::{TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{jane, own_app, refused, register, verified};

on_both_engines! {
    a_resource_is_made_read_changed_and_removed,
    what_cannot_be_a_resource_is_named,
    a_token_names_the_resources_that_it_is_for,
    an_unknown_resource_is_an_invalid_target,
    a_scope_for_some_roles_is_granted_to_their_holders,
    the_shortest_life_of_the_resources_holds,
}

const RESOURCES: &str = "/v1/resources";
const API: &str = "https://api.example.com";

async fn a_resource_is_made_read_changed_and_removed(app: TestApp) {
    let admin = app.admin_key();
    let body = json!({ "identifier": API, "name": "Invoices", "scopes": [{ "name": "invoices:read" }] });
    let made = admin.post(RESOURCES).json(&body).await;
    made.created();
    let path = format!("{RESOURCES}/{}", made.at("/id"));
    assert_eq!(admin.get(&path).await.ok(), made.json());
    admin.post(RESOURCES).json(&body).await.refused(Code::AlreadyExists);
    let changed = admin.patch(&path).json(&json!({ "name": "Bills" })).await;
    assert_eq!((changed.ok()["name"].clone(), changed["identifier"].clone()), (json!("Bills"), json!(API)));
    let all = admin.get(RESOURCES).await;
    assert_eq!(all.ok()["resources"].as_array().map(Vec::len), Some(1));
    admin.delete(&path).await.no_content();
    admin.get(&path).await.refused(Code::NotFound);
}

async fn what_cannot_be_a_resource_is_named(app: TestApp) {
    for (body, field, code) in [
        (json!({ "identifier": "invoices", "name": "A" }), "identifier", "invalid_format"),
        (json!({ "identifier": format!("{API}#x"), "name": "A" }), "identifier", "invalid_format"),
        (json!({ "identifier": API, "name": "" }), "name", "too_short"),
        (
            json!({ "identifier": API, "name": "A", "scopes": [{ "name": "a b" }] }),
            "scopes[0].name",
            "invalid_format",
        ),
        (
            json!({ "identifier": API, "name": "A", "scopes": [{ "name": "openid" }] }),
            "scopes[0].name",
            "conflict",
        ),
        (
            json!({ "identifier": API, "name": "A", "scopes": [{ "name": "a" }, { "name": "a" }] }),
            "scopes[1].name",
            "duplicate",
        ),
        (
            json!({ "identifier": API, "name": "A", "access_token_ttl_seconds": 10 }),
            "access_token_ttl_seconds",
            "too_small",
        ),
    ] {
        let answer = app.admin_key().post(RESOURCES).json(&body).await;
        answer.refused_fields(Code::ValidationFailed, &[(field, code)]);
    }
}

async fn resource(app: &TestApp, more: serde_json::Value) {
    let mut body = json!({ "identifier": API, "name": "Invoices", "scopes": [{ "name": "invoices:read" }] });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    app.admin_key().post(RESOURCES).json(&body).await.created();
}

async fn a_token_names_the_resources_that_it_is_for(app: TestApp) {
    resource(&app, json!({})).await;
    let more = json!({ "resources": [API], "scopes": ["openid", "invoices:read"] });
    let client = own_app(&app, more).await;
    let jane = jane(&app).await;
    let tokens = client.tokens(&jane.client, &[("scope", "openid invoices:read"), ("resource", API)]).await;
    let claims = verified(&app, &tokens.at("/access_token"), "at+jwt").await;
    assert_eq!(claims["aud"], json!([API, avnology_testkit::ORIGIN]));
    assert_eq!(claims["scope"], "openid invoices:read");
    let plain = client.tokens(&jane.client, &[("scope", "openid")]).await;
    let claims = verified(&app, &plain.at("/access_token"), "at+jwt").await;
    assert_eq!(claims["aud"], json!([client.id, avnology_testkit::ORIGIN]));
}

async fn an_unknown_resource_is_an_invalid_target(app: TestApp) {
    resource(&app, json!({})).await;
    let jane = jane(&app).await;
    let client = own_app(&app, json!({})).await;
    let back = client.back(&jane.client, &[("resource", API)]).await;
    assert_eq!(back.error(), "invalid_target");
    let machine = register(&app, "machine", json!({ "resources": [API], "scopes": ["invoices:read"] })).await;
    let grant = ("grant_type", "client_credentials");
    machine.token(&[grant, ("resource", API)]).await.ok();
    refused(&machine.token(&[grant, ("resource", "https://other.example")]).await, 400, "invalid_target");
    refused(&machine.token(&[grant, ("resource", "no-uri")]).await, 400, "invalid_target");
}

async fn a_scope_for_some_roles_is_granted_to_their_holders(app: TestApp) {
    resource(&app, json!({ "scopes": [{ "name": "invoices:pay", "roles": ["admin", "owner"] }] })).await;
    let more = json!({ "resources": [API], "scopes": ["openid", "invoices:pay"] });
    let client = own_app(&app, more).await;
    let team = app.team("Acme", "owner@acme.example").await;
    let jane = jane(&app).await;
    team.add(&jane.id, "member").await;
    let ask = [("scope", "openid invoices:pay"), ("resource", API), ("organization_id", team.slug.as_str())];
    assert_eq!(client.tokens(&jane.client, &ask).await["scope"], "openid");
    let owner = app.browser().signed_in("owner@acme.example").await;
    assert_eq!(client.tokens(&owner.client, &ask).await["scope"], "openid invoices:pay");
}

async fn the_shortest_life_of_the_resources_holds(app: TestApp) {
    resource(&app, json!({ "access_token_ttl_seconds": 300 })).await;
    let machine = register(&app, "machine", json!({ "resources": [API], "scopes": ["invoices:read"] })).await;
    let grant = ("grant_type", "client_credentials");
    assert_eq!(machine.token(&[grant]).await["expires_in"], 900);
    assert_eq!(machine.token(&[grant, ("resource", API)]).await["expires_in"], 300);
}
