//! Tokens of clients for themselves (`contract/30` §4.4).

use avnology_testkit::{ORIGIN, TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{refused, register, verified};

on_both_engines! {
    a_machine_gets_a_token_of_its_own,
    scopes_about_people_are_for_nobody_here,
    a_service_account_limits_what_its_client_gets,
    an_organization_is_one_that_the_client_may_use,
    a_disabled_client_and_its_tokens_are_good_for_nothing,
    what_was_issued_before_a_revocation_is_refused,
    grants_that_a_client_may_not_use_are_refused,
    requests_per_client_are_limited,
}

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

async fn a_machine_gets_a_token_of_its_own(app: TestApp) {
    let machine = register(&app, "machine", json!({ "scopes": ["members:read", "openid"] })).await;
    let answer = machine.token(&[GRANT]).await;
    answer.ok();
    assert_eq!((answer["token_type"].clone(), answer["expires_in"].clone()), (json!("Bearer"), json!(900)));
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    assert_eq!((answer["refresh_token"].clone(), answer["id_token"].clone()), (json!(null), json!(null)));
    let claims = verified(&app, &answer.at("/access_token"), "at+jwt").await;
    let now = app.now().seconds();
    assert_eq!((claims["iss"].clone(), claims["sub"].clone()), (json!(ORIGIN), json!(machine.id)));
    assert_eq!(claims["client_id"], json!(machine.id));
    assert_eq!(claims["aud"], json!([machine.id, ORIGIN]));
    assert_eq!(
        (claims["iat"].clone(), claims["nbf"].clone(), claims["exp"].clone()),
        (json!(now), json!(now), json!(now + 900))
    );
    assert_eq!(claims["scope"], "members:read");
    assert!(claims["jti"].as_str().is_some_and(|jti| jti.len() >= 16) && !claims.contains_key("session_id"));
}

async fn scopes_about_people_are_for_nobody_here(app: TestApp) {
    let machine =
        register(&app, "machine", json!({ "scopes": ["members:read", "openid", "account:self"] })).await;
    refused(&machine.token(&[GRANT, ("scope", "openid")]).await, 400, "invalid_scope");
    refused(&machine.token(&[GRANT, ("scope", "account:self")]).await, 400, "invalid_scope");
    refused(&machine.token(&[GRANT, ("scope", "groups:read")]).await, 400, "invalid_scope");
    refused(&machine.token(&[GRANT, ("scope", "dance")]).await, 400, "invalid_scope");
    refused(&machine.token(&[GRANT, ("scope", "a  b")]).await, 400, "invalid_scope");
    assert_eq!(machine.token(&[GRANT, ("scope", "members:read")]).await["scope"], "members:read");
}

async fn a_service_account_limits_what_its_client_gets(app: TestApp) {
    let admin = app.admin_key();
    let owner = app.account("owner@acme.example").await;
    let body = json!({ "name": "Robot", "scopes": ["members:read"], "owner_id": owner });
    let account = admin.post("/v1/service-accounts").json(&body).await.at("/id");
    let more = json!({ "scopes": ["members:read", "members:write"], "service_account_id": account });
    let machine = register(&app, "machine", more).await;
    let answer = machine.token(&[GRANT, ("scope", "members:read members:write")]).await;
    assert_eq!(answer.ok()["scope"], "members:read");
    let claims = verified(&app, &answer.at("/access_token"), "at+jwt").await;
    assert_eq!(claims["sub"], json!(account));
    let path = format!("/v1/service-accounts/{account}");
    admin.patch(&path).json(&json!({ "active": false })).await.ok();
    refused(&machine.token(&[GRANT]).await, 400, "unauthorized_client");
    assert!(!machine.is_active(&answer.at("/access_token")).await);
}

async fn an_organization_is_one_that_the_client_may_use(app: TestApp) {
    let (acme, other) =
        (app.team("Acme", "a@acme.example").await, app.team("Other", "b@other.example").await);
    let machine = register(&app, "machine", json!({ "allowed_organizations": [acme.id] })).await;
    let answer = machine.token(&[GRANT, ("organization_id", &acme.slug)]).await;
    answer.ok();
    let claims = verified(&app, &answer.at("/access_token"), "at+jwt").await;
    assert_eq!((claims["org_id"].clone(), claims["org_slug"].clone()), (json!(acme.id), json!(acme.slug)));
    assert_eq!((claims["org_name"].clone(), claims.get("org_role")), (json!("Acme"), None));
    refused(&machine.token(&[GRANT, ("organization_id", &other.id)]).await, 400, "access_denied");
    refused(&machine.token(&[GRANT, ("organization_id", "nobody")]).await, 400, "access_denied");
}

async fn a_disabled_client_and_its_tokens_are_good_for_nothing(app: TestApp) {
    let machine = register(&app, "machine", json!({})).await;
    let token = machine.token(&[GRANT]).await.at("/access_token");
    let path = format!("/v1/clients/{}", machine.id);
    app.admin_key().patch(&path).json(&json!({ "state": "disabled" })).await.ok();
    refused(&machine.token(&[GRANT]).await, 400, "unauthorized_client");
    app.admin_key().patch(&path).json(&json!({ "state": "active" })).await.ok();
    assert!(!machine.is_active(&token).await, "what it held stays dead");
    let fresh = machine.token(&[GRANT]).await.at("/access_token");
    assert!(machine.is_active(&fresh).await);
}

async fn what_was_issued_before_a_revocation_is_refused(app: TestApp) {
    let machine = register(&app, "machine", json!({})).await;
    let token = machine.token(&[GRANT]).await.at("/access_token");
    assert!(machine.is_active(&token).await);
    app.admin_key().post(&format!("/v1/clients/{}:revokeTokens", machine.id)).await.ok();
    assert!(!machine.is_active(&token).await);
    let fresh = machine.token(&[GRANT]).await.at("/access_token");
    assert!(machine.is_active(&fresh).await, "one of the same second");
}

async fn grants_that_a_client_may_not_use_are_refused(app: TestApp) {
    let machine = register(&app, "machine", json!({})).await;
    refused(&machine.token(&[]).await, 400, "invalid_request");
    refused(&machine.token(&[("grant_type", "password")]).await, 400, "unsupported_grant_type");
    refused(
        &machine.token(&[("grant_type", "refresh_token"), ("refresh_token", "x")]).await,
        400,
        "unauthorized_client",
    );
    let web = register(&app, "web", json!({})).await;
    refused(&web.token(&[GRANT]).await, 400, "unauthorized_client");
}

async fn requests_per_client_are_limited(app: TestApp) {
    app.limit("token", 2, 60).await;
    let (one, other) =
        (register(&app, "machine", json!({})).await, register(&app, "machine", json!({})).await);
    one.token(&[GRANT]).await.ok();
    one.token(&[GRANT]).await.ok();
    let over = one.token(&[GRANT]).await;
    refused(&over, 429, "temporarily_unavailable");
    assert!(!over.header("retry-after").is_empty());
    other.token(&[GRANT]).await.ok();
}
