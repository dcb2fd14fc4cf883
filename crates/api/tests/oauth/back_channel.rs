//! Clients are told that a session ended (OpenID Connect Back-Channel Logout 1.0, `contract/30` §10.3).

use std::sync::Arc;

use avnology_core::clients::tell_clients;
use avnology_testkit::{TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{Relying, jane, own_app, verified};

on_both_engines! {
    every_client_that_got_tokens_in_a_session_is_told_of_its_end,
    whatever_ends_a_session_tells_of_it,
    what_a_logout_token_says,
    who_does_not_answer_is_called_again_three_times,
    two_nodes_make_each_call_once,
    a_client_that_is_gone_or_does_not_want_to_know_is_left_alone,
    only_addresses_that_may_be_called_are_registered,
}

const THERE: &str = "https://app.example.com/backchannel";

async fn told(app: &TestApp) -> Relying {
    app.web().answer_posts(THERE, 200);
    own_app(app, json!({ "backchannel_logout_uri": THERE })).await
}

async fn tell(app: &TestApp) -> usize {
    tell_clients(app.tenant()).await.expect("calls")
}

async fn every_client_that_got_tokens_in_a_session_is_told_of_its_end(app: TestApp) {
    let (one, silent, other) = (told(&app).await, own_app(&app, json!({})).await, told(&app).await);
    let stranger = told(&app).await;
    let jane = jane(&app).await;
    for client in [&one, &silent, &other] {
        client.tokens(&jane.client, &[]).await;
    }
    one.tokens(&jane.client, &[]).await;
    let joe = app.browsing("joe@acme.example").await;
    stranger.tokens(&joe.client, &[]).await;
    assert_eq!(tell(&app).await, 0);
    jane.client.post("/v1/sessions:logout").await.is(204);
    assert_eq!(tell(&app).await, 2, "offline grants live on, and are told all the same");
    let mut audiences = Vec::new();
    for posted in app.web().posted() {
        let claims = verified(&app, &posted.form["logout_token"], "logout+jwt").await;
        audiences.push(claims["aud"].as_str().expect("a client").to_owned());
    }
    audiences.sort();
    let mut expected = vec![one.id.clone(), other.id.clone()];
    expected.sort();
    assert_eq!(audiences, expected);
    assert_eq!(tell(&app).await, 0);
}

async fn whatever_ends_a_session_tells_of_it(app: TestApp) {
    let client = told(&app).await;
    let admin = app.admin_key();
    for n in 0..4 {
        let person = app.browsing(&format!("person{n}@acme.example")).await;
        client.tokens(&person.client, &[]).await;
        let ended = match n {
            0 => admin.delete(&format!("/v1/identities/{}/sessions", person.id)).await,
            1 => admin.post(&format!("/v1/identities/{}:deactivate", person.id)).json(&json!({})).await,
            2 => admin.delete(&format!("/v1/identities/{}?force=true", person.id)).await,
            _ => {
                app.advance(86_401);
                app.sweep().await;
                continue;
            }
        };
        assert!(ended.status < 300, "{ended}");
        assert_eq!(tell(&app).await, 1, "{n}");
    }
    assert_eq!(tell(&app).await, 1, "a session that expired");
}

async fn what_a_logout_token_says(app: TestApp) {
    let client = told(&app).await;
    let jane = jane(&app).await;
    let tokens = client.tokens(&jane.client, &[]).await;
    jane.client.post("/v1/sessions:logout").await.is(204);
    tell(&app).await;
    let posted = app.web().posted();
    assert_eq!((posted.len(), posted[0].url.as_str()), (1, THERE));
    let token = &posted[0].form["logout_token"];
    let claims = verified(&app, token, "logout+jwt").await;
    let now = app.now().seconds();
    for (name, value) in [
        ("iss", json!("https://id.example.com")),
        ("aud", json!(client.id)),
        ("sub", json!(jane.id)),
        ("sid", json!(jane.session_id)),
        ("iat", json!(now)),
        ("exp", json!(now + 120)),
        ("events", json!({ "http://schemas.openid.net/event/backchannel-logout": {} })),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert!(claims["jti"].as_str().is_some_and(|id| !id.is_empty()) && !claims.contains_key("nonce"));
    let id_token = verified(&app, &tokens.at("/id_token"), "JWT").await;
    assert_eq!(id_token["sid"], claims["sid"]);
    // It opens nothing.
    app.program().with_token(token).get("/v1/me").await.is(401);
    let hint = [("id_token_hint", token.as_str())];
    app.browser().get("/oauth2/logout").query(&hint).await.is(400);
}

async fn who_does_not_answer_is_called_again_three_times(app: TestApp) {
    let client = told(&app).await;
    app.web().answer_posts(THERE, 500);
    let jane = jane(&app).await;
    client.tokens(&jane.client, &[]).await;
    jane.client.post("/v1/sessions:logout").await.is(204);
    assert_eq!(tell(&app).await, 1);
    for wait in [5, 60, 600] {
        app.advance(wait - 1);
        assert_eq!(tell(&app).await, 0, "{wait}");
        app.advance(1);
        assert_eq!(tell(&app).await, 1, "{wait}");
    }
    app.advance(86_400);
    assert_eq!((tell(&app).await, app.web().posted().len()), (0, 4));
    let joe = app.browsing("joe@acme.example").await;
    client.tokens(&joe.client, &[]).await;
    joe.client.post("/v1/sessions:logout").await.is(204);
    assert_eq!(tell(&app).await, 1);
    app.web().answer_posts(THERE, 204);
    app.advance(5);
    assert_eq!(tell(&app).await, 1);
    app.advance(86_400);
    assert_eq!((tell(&app).await, app.web().posted().len()), (0, 6));
}

async fn two_nodes_make_each_call_once(app: TestApp) {
    let client = told(&app).await;
    for n in 0..8 {
        let person = app.browsing(&format!("person{n}@acme.example")).await;
        client.tokens(&person.client, &[]).await;
        person.client.post("/v1/sessions:logout").await.is(204);
    }
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let tenant = Arc::clone(app.tenant());
        running.spawn(async move { tell_clients(&tenant).await.expect("calls") });
    }
    let made: usize = running.join_all().await.into_iter().sum();
    assert_eq!((made, app.web().posted().len()), (8, 8));
}

async fn a_client_that_is_gone_or_does_not_want_to_know_is_left_alone(app: TestApp) {
    let (gone, quiet) = (told(&app).await, told(&app).await);
    let jane = jane(&app).await;
    gone.tokens(&jane.client, &[]).await;
    quiet.tokens(&jane.client, &[]).await;
    jane.client.post("/v1/sessions:logout").await.is(204);
    app.admin_key().delete(&format!("/v1/clients/{}", gone.id)).await.is(204);
    let nothing = json!({ "backchannel_logout_uri": null });
    app.admin_key().patch(&format!("/v1/clients/{}", quiet.id)).json(&nothing).await.ok();
    tell(&app).await;
    assert!(app.web().posted().is_empty());
    app.advance(86_400);
    assert_eq!(tell(&app).await, 0);
}

async fn only_addresses_that_may_be_called_are_registered(app: TestApp) {
    let admin = app.admin_key();
    for bad in ["http://app.example.com/x", "https://localhost/x", "https://app.example.com/x#y", "nonsense"]
    {
        let body = json!({
            "name": "Shop", "type": "web", "redirect_uris": ["https://app.example.com/callback"],
            "backchannel_logout_uri": bad,
        });
        let answer = admin.post("/v1/clients").json(&body).await;
        let fields = [("backchannel_logout_uri", "invalid_format")];
        answer.refused_fields(avnology_model::Code::ValidationFailed, &fields);
    }
    let metadata = app.program().get("/.well-known/openid-configuration").await;
    assert_eq!(metadata.ok()["backchannel_logout_supported"], true);
    assert_eq!(metadata["backchannel_logout_session_supported"], true);
}
