//! Refresh tokens (RFC 6749 §6, RFC 9700 §4.14.2, `contract/30` §4.3).

use avnology_model::events::EventType;
use avnology_testkit::{PASSWORD, TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{jane, own_app, refused, verified};

on_both_engines! {
    each_use_gives_another_token,
    a_lost_answer_can_be_had_again,
    a_retry_after_the_successor_was_used_is_refused_and_ends_nothing,
    an_old_token_that_comes_back_ends_the_family,
    tabs_that_refresh_at_once_all_get_tokens,
    scopes_and_resources_never_grow,
    another_clients_token_is_no_good_and_stays_whole,
    without_offline_access_there_is_none,
    it_outlives_the_sign_out_and_not_the_password,
    it_ends_when_nobody_uses_it_and_at_its_limit,
    a_client_that_keeps_a_secret_may_keep_its_token,
    what_is_told_of_the_person_is_as_of_now,
    an_inactive_person_gets_nothing,
}

async fn each_use_gives_another_token(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let first = client.tokens(&jane.client, &[("nonce", "n")]).await;
    let second = client.refresh(&first.at("/refresh_token"), &[]).await;
    second.ok();
    assert_ne!(first.at("/refresh_token"), second.at("/refresh_token"));
    let id = verified(&app, &second.at("/id_token"), "JWT").await;
    assert_eq!((id.get("nonce"), id["sub"].clone()), (None, json!(jane.id)));
    assert_eq!(second["scope"], first["scope"]);
    client.refresh(&second.at("/refresh_token"), &[]).await.ok();
    refused(&client.refresh("avnl_rt_nonsense", &[]).await, 400, "invalid_grant");
    refused(&client.token(&[("grant_type", "refresh_token")]).await, 400, "invalid_request");
}

async fn a_lost_answer_can_be_had_again(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let first = client.tokens(&jane.client, &[]).await.at("/refresh_token");
    let lost = client.refresh(&first, &[]).await;
    app.advance(9);
    let again = client.refresh(&first, &[]).await;
    again.ok();
    assert_eq!(lost.at("/refresh_token"), again.at("/refresh_token"));
    assert_ne!(lost.at("/access_token"), again.at("/access_token"));
    client.refresh(&again.at("/refresh_token"), &[]).await.ok();
}

async fn a_retry_after_the_successor_was_used_is_refused_and_ends_nothing(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let first = client.tokens(&jane.client, &[]).await.at("/refresh_token");
    let second = client.refresh(&first, &[]).await.at("/refresh_token");
    let third = client.refresh(&second, &[]).await.at("/refresh_token");
    refused(&client.refresh(&first, &[]).await, 400, "invalid_grant");
    client.refresh(&third, &[]).await.ok();
}

async fn an_old_token_that_comes_back_ends_the_family(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let first = client.tokens(&jane.client, &[]).await.at("/refresh_token");
    let second = client.refresh(&first, &[]).await;
    assert!(client.is_active(&second.at("/access_token")).await);
    app.advance(10);
    refused(&client.refresh(&first, &[]).await, 400, "invalid_grant");
    assert!(!client.is_active(&second.at("/access_token")).await);
    refused(&client.refresh(&second.at("/refresh_token"), &[]).await, 400, "invalid_grant");
    refused(&client.refresh(&first, &[]).await, 400, "invalid_grant");
    let told = app.payloads(EventType::OauthTokenReuseDetected).await;
    let expected = json!({ "client_id": client.id, "user_id": jane.id, "session_id": jane.session_id });
    assert_eq!(told, [expected]);
    assert_eq!(jane.client.whoami().await.status, 200, "the session stays");
}

async fn tabs_that_refresh_at_once_all_get_tokens(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let mut token = client.tokens(&jane.client, &[]).await.at("/refresh_token");
    for _ in 0..4 {
        let (one, two, three) = tokio::join!(
            client.refresh(&token, &[]),
            client.refresh(&token, &[]),
            client.refresh(&token, &[]),
        );
        let next = one.at("/refresh_token");
        assert_eq!((two.at("/refresh_token"), three.at("/refresh_token")), (next.clone(), next.clone()));
        token = next;
    }
    assert!(app.payloads(EventType::OauthTokenReuseDetected).await.is_empty());
}

async fn scopes_and_resources_never_grow(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let token = client.tokens(&jane.client, &[("scope", "openid email offline_access")]).await;
    let less = client.refresh(&token.at("/refresh_token"), &[("scope", "openid")]).await;
    assert_eq!(less.ok()["scope"], "openid");
    let all = client.refresh(&less.at("/refresh_token"), &[]).await;
    assert_eq!(all.ok()["scope"], "openid email offline_access");
    let more = [("scope", "openid profile")];
    refused(&client.refresh(&all.at("/refresh_token"), &more).await, 400, "invalid_scope");
    let there = [("resource", "https://api.example.com")];
    refused(&client.refresh(&all.at("/refresh_token"), &there).await, 400, "invalid_target");
    client.refresh(&all.at("/refresh_token"), &[]).await.ok();
}

async fn another_clients_token_is_no_good_and_stays_whole(app: TestApp) {
    let (client, other) = (own_app(&app, json!({})).await, own_app(&app, json!({})).await);
    let jane = jane(&app).await;
    let token = client.tokens(&jane.client, &[]).await.at("/refresh_token");
    refused(&other.refresh(&token, &[]).await, 400, "invalid_grant");
    client.refresh(&token, &[]).await.ok();
}

async fn without_offline_access_there_is_none(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let tokens = client.tokens(&jane.client, &[("scope", "openid")]).await;
    assert_eq!(tokens["refresh_token"], json!(null));
}

async fn it_outlives_the_sign_out_and_not_the_password(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let offline = client.tokens(&jane.client, &[]).await;
    let online = client.tokens(&jane.client, &[("scope", "openid")]).await;
    jane.client.delete(&format!("/v1/sessions/{}", jane.session_id)).await.no_content();
    assert!(!client.is_active(&online.at("/access_token")).await);
    let second = client.refresh(&offline.at("/refresh_token"), &[]).await;
    assert!(client.is_active(&second.at("/access_token")).await);
    let path = format!("/v1/identities/{}:setPassword", jane.id);
    let body = json!({ "password": format!("{PASSWORD} and more") });
    let changed = app.admin_key().post(&path).json(&body).await;
    assert!(changed.status < 300, "{changed}");
    refused(&client.refresh(&second.at("/refresh_token"), &[]).await, 400, "invalid_grant");
    assert!(!client.is_active(&second.at("/access_token")).await);
}

async fn it_ends_when_nobody_uses_it_and_at_its_limit(app: TestApp) {
    let more = json!({ "refresh_token_ttl_seconds": 10_000, "refresh_token_idle_ttl_seconds": 3_600 });
    let client = own_app(&app, more).await;
    let jane = jane(&app).await;
    let idle = client.tokens(&jane.client, &[]).await.at("/refresh_token");
    let mut used = client.tokens(&jane.client, &[]).await.at("/refresh_token");
    for _ in 0..3 {
        app.advance(3_000);
        let next = client.refresh(&used, &[]).await;
        next.ok();
        used = next.at("/refresh_token");
    }
    refused(&client.refresh(&idle, &[]).await, 400, "invalid_grant");
    app.advance(1_000);
    refused(&client.refresh(&used, &[]).await, 400, "invalid_grant");
}

async fn a_client_that_keeps_a_secret_may_keep_its_token(app: TestApp) {
    let client = own_app(&app, json!({ "refresh_token_rotation": false })).await;
    let jane = jane(&app).await;
    let token = client.tokens(&jane.client, &[]).await.at("/refresh_token");
    for _ in 0..3 {
        app.advance(60);
        assert_eq!(client.refresh(&token, &[]).await.at("/refresh_token"), token);
    }
}

async fn what_is_told_of_the_person_is_as_of_now(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let tokens = client.tokens(&jane.client, &[]).await;
    let path = format!("/v1/identities/{}", jane.id);
    app.admin_key().patch(&path).json(&json!({ "identity": { "first_name": "Jane" } })).await.ok();
    let next = client.refresh(&tokens.at("/refresh_token"), &[]).await;
    let id = verified(&app, &next.at("/id_token"), "JWT").await;
    assert_eq!(id["given_name"], "Jane");
}

async fn an_inactive_person_gets_nothing(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let tokens = client.tokens(&jane.client, &[]).await;
    app.admin_key().post(&format!("/v1/identities/{}:deactivate", jane.id)).await.ok();
    refused(&client.refresh(&tokens.at("/refresh_token"), &[]).await, 400, "invalid_grant");
    assert!(!client.is_active(&tokens.at("/access_token")).await);
}
