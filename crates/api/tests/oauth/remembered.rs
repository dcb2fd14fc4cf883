//! One memory of access tokens for all who ask (`contract/30` §§6.4, 9): each token is looked at before something ends or changes,
//! so that memory holds it, and again after it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use avnology_testkit::{Answer, Person, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::kit::{Relying, jane, own_app, refused, register};

on_both_engines! {
    a_hot_token_is_told_of_without_the_database,
    what_is_told_of_a_person_is_as_of_now,
    what_is_told_of_organizations_is_as_of_now,
    whoever_ends_it_ends_it_at_once,
    a_token_ends_with_its_session_whose_time_is_over,
    a_place_that_is_lost_takes_its_tokens_along,
    a_clients_own_token_ends_with_its_account,
    a_programs_token_ends_with_its_organization,
    what_ends_one_persons_token_leaves_the_other_alone,
    a_client_that_is_disabled_learns_nothing_and_its_tokens_end,
    a_secret_that_is_replaced_opens_nothing_at_once,
    a_client_that_may_know_less_is_told_less_at_once,
    what_a_removed_key_signed_is_good_no_more,
    whoever_acts_for_a_person_takes_their_token_along,
    a_token_is_over_when_its_time_is,
    nobody_is_told_that_a_token_is_active_once_its_end_is_acknowledged,
    nobody_is_told_of_a_person_who_is_gone_once_that_is_acknowledged,
}

/// A token that lives and dies with the session.
async fn token(client: &Relying, person: &Person) -> String {
    client.tokens(&person.client, &[("scope", "openid profile email")]).await.at("/access_token")
}

async fn info(app: &TestApp, token: &str) -> Answer {
    app.program().get("/userinfo").header("authorization", &format!("Bearer {token}")).await
}

async fn patch(app: &TestApp, person: &Person, identity: Value) {
    let body = json!({ "identity": identity });
    app.admin_key().patch(&format!("/v1/identities/{}", person.id)).json(&body).await.ok();
}

/// Asks twice, so that the second answer is from memory.
async fn warm(client: &Relying, token: &str) {
    for _ in 0..2 {
        assert!(client.is_active(token).await);
        info(&client.app, token).await.ok();
    }
}

/// Refused by everybody who is asked.
async fn is_over(client: &Relying, token: &str, why: &str) {
    assert!(!client.is_active(token).await, "{why}");
    info(&client.app, token).await.is(401);
}

async fn a_hot_token_is_told_of_without_the_database(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let team = app.team("Acme", "owner@acme.example").await;
    let jane = jane(&app).await;
    team.add(&jane.id, "admin").await;
    let asked = [("scope", "openid profile email organizations"), ("organization_id", team.id.as_str())];
    let token = client.tokens(&jane.client, &asked).await.at("/access_token");
    warm(&client, &token).await;
    app.tenant().store.close().await.expect("closed");
    warm(&client, &token).await;
    let says = client.post("/oauth2/introspect", &[("token", &token)]).await;
    assert_eq!(
        (says.ok()["username"].clone(), says["org_role"].clone()),
        (json!(jane.email), json!("admin"))
    );
    assert_eq!(info(&app, &token).await.ok()["organizations"][0]["slug"], "acme");
    let wrong = Relying { secret: Some(format!("{}x", client.secret.clone().expect("a secret"))), ..client };
    refused(&wrong.post("/oauth2/introspect", &[("token", &token)]).await, 401, "invalid_client");
}

async fn what_is_told_of_a_person_is_as_of_now(app: TestApp) {
    let (client, jane) = (own_app(&app, json!({})).await, jane(&app).await);
    let token = token(&client, &jane).await;
    for name in ["Jane", "Joan", "June"] {
        patch(&app, &jane, json!({ "first_name": name })).await;
        assert_eq!(info(&app, &token).await.ok()["given_name"], name);
        assert_eq!(info(&app, &token).await.ok()["given_name"], name, "from memory");
    }
    patch(&app, &jane, json!({ "email": "new@acme.example" })).await;
    let says = client.post("/oauth2/introspect", &[("token", &token)]).await;
    assert_eq!(says.ok()["username"], "new@acme.example");
    assert_eq!(info(&app, &token).await.ok()["email"], "new@acme.example");
}

async fn what_is_told_of_organizations_is_as_of_now(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let (acme, beta) =
        (app.team("Acme", "owner@acme.example").await, app.team("Beta", "bob@beta.example").await);
    let jane = jane(&app).await;
    acme.add(&jane.id, "member").await;
    let asked = [("scope", "openid organizations"), ("organization_id", acme.id.as_str())];
    let token = client.tokens(&jane.client, &asked).await.at("/access_token");
    let told = async || {
        let (first, second) = (info(&app, &token).await, info(&app, &token).await);
        assert_eq!(first.ok(), second.ok(), "from memory");
        let names: Vec<String> = first["organizations"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| {
                format!("{}:{}", one["name"].as_str().unwrap_or(""), one["role"].as_str().unwrap_or(""))
            })
            .collect();
        (first["org_role"].clone(), first["org_name"].clone(), names.join(" "))
    };
    assert_eq!(told().await, (json!("member"), json!("Acme"), "Acme:member".to_owned()));
    let member = acme.path(&format!("/members/{}", jane.id));
    acme.owner.client.patch(&member).json(&json!({ "role": "admin" })).await.ok();
    assert_eq!(told().await, (json!("admin"), json!("Acme"), "Acme:admin".to_owned()));
    acme.owner.client.patch(&acme.path("")).json(&json!({ "name": "Ajax" })).await.ok();
    assert_eq!(told().await, (json!("admin"), json!("Ajax"), "Ajax:admin".to_owned()));
    let body = json!({ "identity_id": jane.id, "role": "member" });
    app.admin_key().post(&beta.path("/members")).json(&body).await.created();
    assert_eq!(told().await, (json!("admin"), json!("Ajax"), "Ajax:admin Beta:member".to_owned()));
    let no_reason = json!({});
    app.admin_key().post(&beta.path(":suspend")).json(&no_reason).await.ok();
    assert_eq!(told().await, (json!("admin"), json!("Ajax"), "Ajax:admin".to_owned()));
    app.admin_key().post(&beta.path(":activate")).json(&no_reason).await.ok();
    assert_eq!(told().await, (json!("admin"), json!("Ajax"), "Ajax:admin Beta:member".to_owned()));
}

async fn whoever_ends_it_ends_it_at_once(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let identity = |person: &Person| format!("/v1/identities/{}", person.id);
    for way in [
        "sign-out",
        "one session",
        "all sessions",
        "deactivation",
        "erasure",
        "revocation",
        "client",
        "password",
    ] {
        let jane = app.browsing(&format!("{}@acme.example", way.replace(' ', "-"))).await;
        let token = token(&client, &jane).await;
        warm(&client, &token).await;
        let admin = app.admin_key();
        match way {
            "sign-out" => jane.client.post("/v1/sessions:logout").await.no_content(),
            "one session" => {
                let session = format!("{}/sessions/{}", identity(&jane), jane.session_id);
                admin.delete(&session).await.no_content();
            }
            "all sessions" => admin.delete(&format!("{}/sessions", identity(&jane))).await.no_content(),
            "deactivation" => {
                admin.post(&format!("{}:deactivate", identity(&jane))).json(&json!({})).await.ok();
            }
            "erasure" => {
                let answer = admin.delete(&format!("{}?force=true", identity(&jane))).await;
                assert!(answer.status < 300, "{answer}");
            }
            "revocation" => {
                client.post("/oauth2/revoke", &[("token", &token)]).await.is(200);
            }
            "client" => {
                admin.post(&format!("/v1/clients/{}:revokeTokens", client.id)).await.ok();
            }
            _ => {
                let body = json!({ "password": "another horse battery staple 9" });
                let answer = admin.post(&format!("{}:setPassword", identity(&jane))).json(&body).await;
                assert!(answer.status < 300, "{answer}");
            }
        }
        is_over(&client, &token, way).await;
        // What is given from now on is later than what was ended.
        app.advance(2);
    }
}

async fn a_token_ends_with_its_session_whose_time_is_over(app: TestApp) {
    app.settings(json!({ "session_policy": {
        "idle_timeout_seconds": 600, "absolute_timeout_seconds": 600, "privileged_max_age_seconds": 300,
    } }))
    .await;
    let (client, jane) = (own_app(&app, json!({})).await, jane(&app).await);
    let token = token(&client, &jane).await;
    app.advance(570);
    warm(&client, &token).await;
    app.advance(31);
    is_over(&client, &token, "the session is over, and memory is younger than a minute").await;
}

async fn a_place_that_is_lost_takes_its_tokens_along(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let acme = app.team("Acme", "owner@acme.example").await;
    let jane = jane(&app).await;
    acme.add(&jane.id, "member").await;
    let asked = [("scope", "openid"), ("organization_id", acme.id.as_str())];
    let token = client.tokens(&jane.client, &asked).await.at("/access_token");
    warm(&client, &token).await;
    let member = acme.path(&format!("/members/{}", jane.id));
    acme.owner.client.patch(&member).json(&json!({ "state": "suspended" })).await.ok();
    is_over(&client, &token, "suspended").await;
    acme.owner.client.patch(&member).json(&json!({ "state": "active" })).await.ok();
    let token = client.tokens(&jane.client, &asked).await.at("/access_token");
    warm(&client, &token).await;
    app.admin_key().post(&acme.path(":suspend")).json(&json!({})).await.ok();
    is_over(&client, &token, "the organization is suspended").await;
    app.admin_key().post(&acme.path(":activate")).json(&json!({})).await.ok();
    warm(&client, &token).await;
    acme.owner.client.delete(&member).await.no_content();
    is_over(&client, &token, "removed").await;
}

async fn a_clients_own_token_ends_with_its_account(app: TestApp) {
    let admin = app.admin_key();
    let owner = app.account("owner@acme.example").await;
    let body = json!({ "name": "Robot", "scopes": ["members:read"], "owner_id": owner });
    let account = admin.post("/v1/service-accounts").json(&body).await.at("/id");
    let more = json!({ "scopes": ["members:read"], "service_account_id": account });
    let machine = register(&app, "machine", more).await;
    let token = machine.token(&[("grant_type", "client_credentials")]).await.at("/access_token");
    assert!(machine.is_active(&token).await && machine.is_active(&token).await);
    admin.delete(&format!("/v1/service-accounts/{account}")).await.is(204);
    assert!(!machine.is_active(&token).await);
}

async fn a_programs_token_ends_with_its_organization(app: TestApp) {
    let acme = app.team("Acme", "owner@acme.example").await;
    let account = acme.service_account(&["members:read"]).await;
    let more = json!({ "scopes": ["members:read"], "service_account_id": account });
    let machine = register(&app, "machine", more).await;
    let token = machine.token(&[("grant_type", "client_credentials")]).await.at("/access_token");
    assert!(machine.is_active(&token).await && machine.is_active(&token).await);
    app.admin_key().post(&acme.path(":suspend")).json(&json!({})).await.ok();
    assert!(!machine.is_active(&token).await);
}

async fn what_ends_one_persons_token_leaves_the_other_alone(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let (jane, joe) = (jane(&app).await, app.browsing("joe@acme.example").await);
    let (hers, his) = (token(&client, &jane).await, token(&client, &joe).await);
    warm(&client, &hers).await;
    warm(&client, &his).await;
    client.post("/oauth2/revoke", &[("token", &hers)]).await.is(200);
    is_over(&client, &hers, "given back").await;
    // His is in memory still: no database is needed to tell of it.
    app.tenant().store.close().await.expect("closed");
    warm(&client, &his).await;
}

async fn a_client_that_is_disabled_learns_nothing_and_its_tokens_end(app: TestApp) {
    let (client, jane) = (own_app(&app, json!({})).await, jane(&app).await);
    let token = token(&client, &jane).await;
    warm(&client, &token).await;
    let path = format!("/v1/clients/{}", client.id);
    app.admin_key().patch(&path).json(&json!({ "state": "disabled" })).await.ok();
    let answer = client.post("/oauth2/introspect", &[("token", &token)]).await;
    refused(&answer, 400, "unauthorized_client");
    info(&app, &token).await.is(401);
    app.admin_key().patch(&path).json(&json!({ "state": "active" })).await.ok();
    is_over(&client, &token, "its tokens ended when it was disabled").await;
    app.admin_key().delete(&path).await.no_content();
    let answer = client.post("/oauth2/introspect", &[("token", &token)]).await;
    refused(&answer, 401, "invalid_client");
}

async fn a_secret_that_is_replaced_opens_nothing_at_once(app: TestApp) {
    let (client, jane) = (own_app(&app, json!({})).await, jane(&app).await);
    let token = token(&client, &jane).await;
    warm(&client, &token).await;
    let rotate = format!("/v1/clients/{}:rotateSecret", client.id);
    let body = json!({ "grace_period_seconds": 0 });
    let secret = app.admin_key().post(&rotate).json(&body).await.at("/client_secret");
    let answer = client.post("/oauth2/introspect", &[("token", &token)]).await;
    refused(&answer, 401, "invalid_client");
    let with_it = Relying { secret: Some(secret), ..client.clone() };
    warm(&with_it, &token).await;
    let body = json!({ "grace_period_seconds": 60 });
    let next = app.admin_key().post(&rotate).json(&body).await.at("/client_secret");
    warm(&Relying { secret: Some(next), ..client }, &token).await;
    warm(&with_it, &token).await;
    app.advance(60);
    let answer = with_it.post("/oauth2/introspect", &[("token", &token)]).await;
    refused(&answer, 401, "invalid_client");
}

async fn a_client_that_may_know_less_is_told_less_at_once(app: TestApp) {
    let (client, jane) = (own_app(&app, json!({})).await, jane(&app).await);
    let claims = json!({ "userinfo": { "email": null } }).to_string();
    let asked = [("scope", "openid"), ("claims", claims.as_str())];
    let token = client.tokens(&jane.client, &asked).await.at("/access_token");
    warm(&client, &token).await;
    assert_eq!(info(&app, &token).await.ok()["email"], json!(jane.email));
    let path = format!("/v1/clients/{}", client.id);
    app.admin_key().patch(&path).json(&json!({ "scopes": ["openid"] })).await.ok();
    assert_eq!(info(&app, &token).await.ok()["email"], Value::Null);
    app.admin_key().patch(&path).json(&json!({ "userinfo_signed_response_alg": "ES256" })).await.ok();
    assert_eq!(info(&app, &token).await.is(200).header("content-type"), "application/jwt");
}

async fn what_a_removed_key_signed_is_good_no_more(app: TestApp) {
    let (client, jane) = (own_app(&app, json!({})).await, jane(&app).await);
    let token = token(&client, &jane).await;
    warm(&client, &token).await;
    let body = json!({ "alg": "ES256", "emergency": true });
    app.admin_key().post("/v1/signing-keys:rotate").json(&body).await.ok();
    is_over(&client, &token, "its key was removed").await;
}

async fn whoever_acts_for_a_person_takes_their_token_along(app: TestApp) {
    let support = json!({
        "scopes": ["openid", "account:self"],
        "token_exchange": { "enabled": true, "audiences": [], "may_impersonate": false },
    });
    let client = own_app(&app, support).await;
    let jane = jane(&app).await;
    let subject = client.tokens(&jane.client, &[("scope", "openid account:self")]).await.at("/access_token");
    let exchanged = client
        .token(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", &subject),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ])
        .await
        .at("/access_token");
    for token in [&subject, &exchanged] {
        warm(&client, token).await;
    }
    client.post("/oauth2/revoke", &[("token", &exchanged)]).await.is(200);
    is_over(&client, &exchanged, "given back").await;
    warm(&client, &subject).await;
    jane.client.post("/v1/sessions:logout").await.no_content();
    is_over(&client, &subject, "signed out").await;
}

async fn a_token_is_over_when_its_time_is(app: TestApp) {
    let (client, jane) = (own_app(&app, json!({})).await, jane(&app).await);
    let token = token(&client, &jane).await;
    app.advance(899);
    warm(&client, &token).await;
    app.advance(1);
    is_over(&client, &token, "its time is over").await;
}

/// Several who ask again and again while `end` is on its way: each answer to a question that was asked after its acknowledgement
/// says that the token is over.
async fn race(client: &Relying, token: &str, end: impl Future<Output = ()>) {
    let is_ended = Arc::new(AtomicBool::new(false));
    let mut asking = tokio::task::JoinSet::new();
    for n in 0..4 {
        let (client, token, is_ended) = (client.clone(), token.to_owned(), Arc::clone(&is_ended));
        asking.spawn(async move {
            let mut after = 0;
            while after < 3 {
                // Read before the question is asked.
                let was_ended = is_ended.load(Ordering::SeqCst);
                let is_good = match n % 2 {
                    0 => client.is_active(&token).await,
                    _ => info(&client.app, &token).await.status == 200,
                };
                assert!(!(was_ended && is_good), "asked after its end was acknowledged");
                after += u32::from(was_ended);
                tokio::task::yield_now().await;
            }
        });
    }
    tokio::task::yield_now().await;
    end.await;
    is_ended.store(true, Ordering::SeqCst);
    while let Some(done) = asking.join_next().await {
        done.expect("nobody was told so");
    }
}

async fn nobody_is_told_that_a_token_is_active_once_its_end_is_acknowledged(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    for _ in 0..8 {
        let token = token(&client, &jane).await;
        race(&client, &token, async {
            client.post("/oauth2/revoke", &[("token", &token)]).await.is(200);
        })
        .await;
    }
}

async fn nobody_is_told_of_a_person_who_is_gone_once_that_is_acknowledged(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    for n in 0..6 {
        let person = app.browsing(&format!("person{n}@acme.example")).await;
        let token = token(&client, &person).await;
        race(&client, &token, async {
            if n % 2 == 0 {
                person.client.post("/v1/sessions:logout").await.no_content();
            } else {
                let path = format!("/v1/identities/{}:deactivate", person.id);
                app.admin_key().post(&path).json(&json!({})).await.ok();
            }
        })
        .await;
    }
}
