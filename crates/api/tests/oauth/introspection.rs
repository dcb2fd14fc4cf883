//! Asking about tokens and giving them back (RFC 7662, RFC 7009, `contract/30` §9).

use avnology_testkit::{TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{Relying, jane, own_app, refused, register};

on_both_engines! {
    a_client_learns_all_about_its_own_tokens,
    who_may_learn_of_which_token,
    what_is_no_good_is_not_active,
    a_token_that_is_given_back_is_over_at_once,
    a_refresh_token_takes_its_family_along,
    what_is_not_the_clients_is_left_alone,
    sessions_are_not_ended_here,
}

async fn a_client_learns_all_about_its_own_tokens(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let team = app.team("Acme", "owner@acme.example").await;
    let jane = jane(&app).await;
    team.add(&jane.id, "admin").await;
    let tokens = client.tokens(&jane.client, &[("organization_id", &team.id)]).await;
    let answer = client.post("/oauth2/introspect", &[("token", &tokens.at("/access_token"))]).await;
    let says = answer.ok();
    for (name, value) in [
        ("active", json!(true)),
        ("token_type", json!("Bearer")),
        ("sub", json!(jane.id)),
        ("client_id", json!(client.id)),
        ("username", json!(jane.email)),
        ("session_id", json!(jane.session_id)),
        ("aal", json!("aal1")),
        ("org_id", json!(team.id)),
        ("org_role", json!("admin")),
    ] {
        assert_eq!(says[name], value, "{name}");
    }
    let refresh = client.post("/oauth2/introspect", &[("token", &tokens.at("/refresh_token"))]).await;
    assert_eq!(
        (refresh.ok()["token_type"].clone(), refresh["active"].clone()),
        (json!("refresh_token"), json!(true))
    );
}

async fn who_may_learn_of_which_token(app: TestApp) {
    let api = "https://api.example.com";
    let watcher = register(&app, "machine", json!({ "scopes": [] })).await;
    let body = json!({ "identifier": api, "name": "API", "introspection_clients": [watcher.id] });
    app.admin_key().post("/v1/resources").json(&body).await.created();
    let client = own_app(&app, json!({ "resources": [api] })).await;
    let stranger = register(&app, "machine", json!({})).await;
    let jane = jane(&app).await;
    let for_api = client.tokens(&jane.client, &[("resource", api)]).await;
    let for_itself = client.tokens(&jane.client, &[]).await;
    let session = jane.client.cookie("__Host-avnology_session").expect("a session");
    let key = app.admin_key().token();
    let access = |tokens: &avnology_testkit::Answer| tokens.at("/access_token");
    let may = async |who: &Relying, token: &str| who.is_active(token).await;
    assert!(may(&client, &access(&for_api)).await && may(&client, &session).await);
    assert!(may(&watcher, &access(&for_api)).await);
    assert!(
        !may(&watcher, &access(&for_itself)).await && !may(&watcher, &for_api.at("/refresh_token")).await
    );
    assert!(!may(&stranger, &access(&for_api)).await && !may(&stranger, &session).await);
    assert!(!may(&client, &key).await);
    let by_key = async |token: &str| {
        let call = app.program().post("/oauth2/introspect").header("authorization", &format!("Bearer {key}"));
        call.form(&[("token", token)]).await.ok()["active"] == true
    };
    assert!(
        by_key(&access(&for_api)).await && by_key(&for_api.at("/refresh_token")).await && by_key(&key).await
    );
    assert!(!by_key(&session).await);
    let team = app.team("Acme", "owner@acme.example").await;
    let made = team
        .owner
        .client
        .post(&team.path("/api-keys"))
        .json(&json!({ "name": "K", "scopes": ["members:read"] }));
    let own = made.await.at("/key");
    let call = app.program().post("/oauth2/introspect").header("authorization", &format!("Bearer {own}"));
    refused(&call.form(&[("token", &key)]).await, 401, "invalid_client");
}

async fn what_is_no_good_is_not_active(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let tokens = client.tokens(&jane.client, &[]).await;
    let (token, id_token) = (tokens.at("/access_token"), tokens.at("/id_token"));
    let (before, _) = token.rsplit_once('.').expect("a signature");
    for bad in
        ["nonsense", "", &format!("{before}.AAAA"), &id_token, &format!("{token}x"), "avnl_rt_x", "a.b.c"]
    {
        if bad.is_empty() {
            refused(&client.post("/oauth2/introspect", &[]).await, 400, "invalid_request");
        } else {
            assert!(!client.is_active(bad).await, "{bad}");
        }
    }
    app.advance(900);
    assert!(!client.is_active(&token).await);
}

async fn a_token_that_is_given_back_is_over_at_once(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let tokens = client.tokens(&jane.client, &[]).await;
    let token = tokens.at("/access_token");
    let answer = client.post("/oauth2/revoke", &[("token", &token)]).await;
    assert!(answer.is(200).body.is_empty());
    assert!(!client.is_active(&token).await);
    let bearer = format!("Bearer {token}");
    app.program().get("/userinfo").header("authorization", &bearer).await.is(401);
    assert!(client.is_active(&tokens.at("/refresh_token")).await, "it goes alone");
    client.post("/oauth2/revoke", &[("token", &token)]).await.is(200);
    client.post("/oauth2/revoke", &[("token", "nonsense")]).await.is(200);
    refused(&client.post("/oauth2/revoke", &[]).await, 400, "invalid_request");
}

async fn a_refresh_token_takes_its_family_along(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let first = client.tokens(&jane.client, &[]).await;
    let second = client.refresh(&first.at("/refresh_token"), &[]).await;
    client.post("/oauth2/revoke", &[("token", &second.at("/refresh_token"))]).await.is(200);
    for token in [first.at("/access_token"), second.at("/access_token"), second.at("/refresh_token")] {
        assert!(!client.is_active(&token).await);
    }
    refused(&client.refresh(&second.at("/refresh_token"), &[]).await, 400, "invalid_grant");
}

async fn what_is_not_the_clients_is_left_alone(app: TestApp) {
    let (client, other) = (own_app(&app, json!({})).await, own_app(&app, json!({})).await);
    let jane = jane(&app).await;
    let tokens = client.tokens(&jane.client, &[]).await;
    for token in [tokens.at("/access_token"), tokens.at("/refresh_token")] {
        other.post("/oauth2/revoke", &[("token", &token)]).await.is(200);
        assert!(client.is_active(&token).await);
    }
}

async fn sessions_are_not_ended_here(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let session = jane.client.cookie("__Host-avnology_session").expect("a session");
    refused(&client.post("/oauth2/revoke", &[("token", &session)]).await, 400, "unsupported_token_type");
    jane.client.whoami().await.ok();
}
