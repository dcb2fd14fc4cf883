//! Access tokens as callers of the API (`contract/00` §§10–12, `contract/30` §6).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use avnology_model::{Code, events::EventType};
use avnology_testkit::{Client, Person, TestApp, on_both_engines};
use serde_json::json;

use crate::kit::{Relying, jane, own_app, register};

on_both_engines! {
    an_application_reads_and_changes_the_account_of_whoever_let_it,
    without_the_scope_nothing_of_the_account_is_shown,
    a_token_that_is_not_for_us_is_refused,
    what_only_a_session_may_do_no_token_does,
    a_token_for_an_organization_is_about_that_one_alone,
    a_token_is_no_more_than_the_role_of_the_person_now,
    the_end_of_what_a_token_stands_on_is_in_force_at_once,
    a_given_back_token_and_a_disabled_client_are_refused_at_once,
    an_offline_token_outlives_the_sign_out_and_not_the_account,
    a_weak_sign_in_is_told_as_rfc_9470_has_it,
    a_client_calls_for_itself_as_far_as_its_scopes_go,
    a_client_of_an_organizations_account_stays_in_it,
    a_token_in_a_url_is_refused_and_ended,
    only_access_tokens_are_access_tokens,
    an_application_makes_organizations_for_whoever_may,
    a_hot_token_asks_no_database,
    no_call_gets_through_once_a_sign_out_is_acknowledged,
}

/// The scopes of an application that acts for people.
const SCOPES: &str = "openid profile email offline_access organizations account:self members:read members:write \
                      organizations:read clients:read identities:read";

async fn acting_app(app: &TestApp) -> Relying {
    let scopes: Vec<&str> = SCOPES.split_whitespace().collect();
    own_app(app, json!({ "scopes": scopes })).await
}

/// A program with an access token that a person gave to an application.
async fn token_of(client: &Relying, person: &Person, more: &[(&str, &str)]) -> (Client, String) {
    let more = [&[("scope", SCOPES)], more].concat();
    let tokens = client.tokens(&person.client, &more).await;
    (client.app.program().with_token(&tokens.at("/access_token")), tokens.at("/refresh_token"))
}

async fn an_application_reads_and_changes_the_account_of_whoever_let_it(app: TestApp) {
    let (client, jane) = (acting_app(&app).await, jane(&app).await);
    let (token, _) = token_of(&client, &jane, &[]).await;
    assert_eq!(token.get("/v1/me").await.ok()["id"], json!(jane.id));
    token.patch("/v1/me").json(&json!({ "first_name": "Janet" })).await.ok();
    assert_eq!(jane.client.get("/v1/me").await.ok()["first_name"], "Janet");
    let consents = token.get("/v1/me/consents").await;
    assert_eq!(consents.ok()["consents"], json!([]));
    let sessions = token.get("/v1/sessions").await;
    assert_eq!(sessions.ok()["sessions"][0]["id"], json!(jane.session_id));
    let events = app.events().await;
    let told = events.iter().rfind(|event| event.event_type == EventType::UserUpdated).expect("an event");
    assert_eq!(told.actor.id.as_deref(), Some(jane.id.as_str()));
}

async fn an_application_makes_organizations_for_whoever_may(app: TestApp) {
    let scopes = ["openid", "account:self", "organizations:create"];
    let client = own_app(&app, json!({ "scopes": scopes })).await;
    let jane = jane(&app).await;
    let asked = [("scope", "openid account:self organizations:create")];
    let tokens = client.tokens(&jane.client, &asked).await;
    assert_eq!(tokens["scope"], asked[0].1);
    let token = app.program().with_token(&tokens.at("/access_token"));
    let made = token.post("/v1/organizations").json(&json!({ "name": "Acme" })).await;
    let members = jane
        .client
        .get(&format!("/v1/organizations/{}/members", made.created()["id"].as_str().expect("an id")))
        .await;
    assert_eq!(members.ok()["members"][0]["role"], "owner", "{members}");
    let without = client.tokens(&jane.client, &[("scope", "openid account:self")]).await;
    let without = app.program().with_token(&without.at("/access_token"));
    let refused = without.post("/v1/organizations").json(&json!({ "name": "Northwind" })).await;
    assert_eq!(refused.refused(Code::ScopeMissing)["required_scopes"], json!(["organizations:create"]));
    // Where only administrators make organizations, nobody else's client does.
    let admins = json!({ "organization_creation": "admins" });
    app.admin_key().patch("/v1/tenant").json(&admins).await.ok();
    let late = token.post("/v1/organizations").json(&json!({ "name": "Globex" })).await;
    late.refused(Code::OrganizationCreationRefused);
    let tokens = client.tokens(&jane.client, &asked).await;
    assert_eq!(tokens["scope"], "openid account:self", "what the person may not do is left out");
}

async fn without_the_scope_nothing_of_the_account_is_shown(app: TestApp) {
    let (client, jane) = (acting_app(&app).await, jane(&app).await);
    let tokens = client.tokens(&jane.client, &[("scope", "openid profile")]).await;
    let token = app.program().with_token(&tokens.at("/access_token"));
    let answer = token.get("/v1/me").await;
    answer.refused(Code::ScopeMissing);
    assert_eq!(answer["required_scopes"], json!(["account:self"]));
    assert!(answer.header("www-authenticate").contains("insufficient_scope"), "{answer}");
    token.post("/v1/privacy:exportMyData").await.refused(Code::ScopeMissing);
}

async fn a_token_that_is_not_for_us_is_refused(app: TestApp) {
    let api = "https://api.example.com";
    let body = json!({ "identifier": api, "name": "API", "scopes": [{ "name": "invoices:read" }] });
    app.admin_key().post("/v1/resources").json(&body).await.created();
    let client =
        own_app(&app, json!({ "scopes": ["invoices:read", "account:self"], "resources": [api] })).await;
    let jane = jane(&app).await;
    let for_api = client.tokens(&jane.client, &[("scope", "invoices:read"), ("resource", api)]).await;
    let token = app.program().with_token(&for_api.at("/access_token"));
    let answer = token.get("/v1/me").await;
    answer.refused(Code::WrongAudience);
    assert!(answer.header("www-authenticate").contains("resource_metadata="), "{answer}");
    let both = client.tokens(&jane.client, &[("scope", "account:self"), ("resource", api)]).await;
    app.program().with_token(&both.at("/access_token")).get("/v1/me").await.ok();
}

async fn what_only_a_session_may_do_no_token_does(app: TestApp) {
    let (client, jane) = (acting_app(&app).await, jane(&app).await);
    let (token, _) = token_of(&client, &jane, &[]).await;
    token.get("/v1/sessions/whoami").await.refused(Code::PermissionDenied);
    let nowhere = json!({ "organization_id": null });
    token.post("/v1/sessions:switchOrganization").json(&nowhere).await.refused(Code::PermissionDenied);
    token.post("/v1/sessions:tokenize").await.refused(Code::PermissionDenied);
}

async fn a_token_for_an_organization_is_about_that_one_alone(app: TestApp) {
    let (acme, beta) =
        (app.team("Acme", "owner@acme.example").await, app.team("Beta", "bob@beta.example").await);
    let (client, jane) = (acting_app(&app).await, jane(&app).await);
    acme.add(&jane.id, "admin").await;
    beta.add(&jane.id, "admin").await;
    let (token, _) = token_of(&client, &jane, &[("organization_id", &acme.id)]).await;
    let members = token.get(&acme.path("/members")).await;
    assert_eq!(members.ok()["members"].as_array().map(Vec::len), Some(2));
    let listed = token.get("/v1/organizations").await;
    assert_eq!(listed.ok()["organizations"][0]["id"], json!(acme.id));
    assert_eq!(listed["organizations"].as_array().map(Vec::len), Some(1));
    token.get(&beta.path("/members")).await.refused(Code::OrganizationMismatch);
    token.get_in(&beta.id, "/v1/identities").await.refused(Code::OrganizationMismatch);
    token.get_in("personal", "/v1/identities").await.refused(Code::OrganizationMismatch);
    token.get_in("nowhere", "/v1/identities").await.refused(Code::OrganizationMismatch);
    assert_eq!(token.get("/v1/identities").await.ok()["identities"].as_array().map(Vec::len), Some(2));
    assert_eq!(token.get("/v1/me").await.ok()["id"], json!(jane.id));
    let rights = token.get("/v1/me/permissions").await;
    assert_eq!(rights.ok()["organization_id"], json!(acme.id));
    let (personal, _) = token_of(&client, &jane, &[("organization_id", "personal")]).await;
    personal.get(&acme.path("/members")).await.refused(Code::ScopeMissing);
    personal.get("/v1/identities").await.refused(Code::ScopeMissing);
}

async fn a_token_is_no_more_than_the_role_of_the_person_now(app: TestApp) {
    let acme = app.team("Acme", "owner@acme.example").await;
    let (client, jane) = (acting_app(&app).await, jane(&app).await);
    acme.add(&jane.id, "admin").await;
    let (token, _) = token_of(&client, &jane, &[("organization_id", &acme.id)]).await;
    token.get("/v1/identities").await.ok();
    token.get("/v1/service-accounts").await.refused(Code::ScopeMissing);
    token.get("/v1/clients").await.refused(Code::ScopeMissing);
    let member = acme.path(&format!("/members/{}", jane.id));
    acme.owner.client.patch(&member).json(&json!({ "role": "member" })).await.ok();
    token.get("/v1/identities").await.refused(Code::ScopeMissing);
    token.get(&acme.path("/members")).await.ok();
    acme.owner.client.delete(&member).await.is(204);
    token.get(&acme.path("/members")).await.refused(Code::TokenRevoked);
}

async fn the_end_of_what_a_token_stands_on_is_in_force_at_once(app: TestApp) {
    let client = acting_app(&app).await;
    let online = [("scope", "openid account:self")];
    let admin = app.admin_key();
    let ends = [("DELETE", "/sessions"), ("POST", ":deactivate"), ("DELETE", "?force=true")];
    for (n, (method, end)) in ends.into_iter().enumerate() {
        let person = app.browsing(&format!("person{n}@acme.example")).await;
        let tokens = client.tokens(&person.client, &online).await;
        let token = app.program().with_token(&tokens.at("/access_token"));
        token.get("/v1/me").await.ok();
        let path = format!("/v1/identities/{}{end}", person.id);
        let answer = match method {
            "POST" => admin.post(&path).json(&json!({})).await,
            _ => admin.delete(&path).await,
        };
        assert!(answer.status < 300, "{answer}");
        token.get("/v1/me").await.refused(Code::TokenRevoked);
    }
    let person = app.browsing("out@acme.example").await;
    let tokens = client.tokens(&person.client, &online).await;
    let token = app.program().with_token(&tokens.at("/access_token"));
    token.get("/v1/me").await.ok();
    person.client.post("/v1/sessions:logout").await.is(204);
    token.get("/v1/me").await.refused(Code::TokenRevoked);
}

async fn a_given_back_token_and_a_disabled_client_are_refused_at_once(app: TestApp) {
    let (client, jane) = (acting_app(&app).await, jane(&app).await);
    let (token, refresh) = token_of(&client, &jane, &[]).await;
    let again = client.refresh(&refresh, &[]).await;
    let second = app.program().with_token(&again.at("/access_token"));
    token.get("/v1/me").await.ok();
    second.get("/v1/me").await.ok();
    client.post("/oauth2/revoke", &[("token", &token.token())]).await.is(200);
    token.get("/v1/me").await.refused(Code::TokenRevoked);
    second.get("/v1/me").await.ok();
    client.post("/oauth2/revoke", &[("token", &again.at("/refresh_token"))]).await.is(200);
    second.get("/v1/me").await.refused(Code::TokenRevoked);
    let (third, _) = token_of(&client, &jane, &[]).await;
    third.get("/v1/me").await.ok();
    let path = format!("/v1/clients/{}", client.id);
    app.admin_key().patch(&path).json(&json!({ "state": "disabled" })).await.ok();
    third.get("/v1/me").await.refused(Code::TokenRevoked);
    app.admin_key().patch(&path).json(&json!({ "state": "active" })).await.ok();
    third.get("/v1/me").await.refused(Code::TokenRevoked);
    app.advance(2);
    let (fourth, _) = token_of(&client, &jane, &[]).await;
    fourth.get("/v1/me").await.ok();
    app.advance(900);
    fourth.get("/v1/me").await.refused(Code::TokenExpired);
}

async fn an_offline_token_outlives_the_sign_out_and_not_the_account(app: TestApp) {
    let (client, jane) = (acting_app(&app).await, jane(&app).await);
    let (token, _) = token_of(&client, &jane, &[]).await;
    token.get("/v1/me").await.ok();
    jane.client.post("/v1/sessions:logout").await.is(204);
    token.get("/v1/me").await.ok();
    let path = format!("/v1/identities/{}:deactivate", jane.id);
    app.admin_key().post(&path).json(&json!({})).await.ok();
    token.get("/v1/me").await.refused(Code::TokenRevoked);
}

async fn a_weak_sign_in_is_told_as_rfc_9470_has_it(app: TestApp) {
    let acme = app.team("Acme", "owner@acme.example").await;
    let (client, jane) = (acting_app(&app).await, jane(&app).await);
    acme.add(&jane.id, "member").await;
    let (token, _) = token_of(&client, &jane, &[("organization_id", "personal")]).await;
    app.advance(901);
    let (token_later, _) = token_of(&client, &jane, &[("organization_id", "personal")]).await;
    drop(token);
    let answer = token_later.patch("/v1/me").json(&json!({ "email": "new@acme.example" })).await;
    answer.is(401);
    assert_eq!((answer["code"].clone(), answer["status"].clone()), (json!("AVNOLOGY_AUTH_110"), json!(401)));
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains("error=\"insufficient_user_authentication\""), "{challenge}");
    assert!(challenge.contains("max_age=\"900\""), "{challenge}");
    assert!(answer["continue_flow"].is_null() && answer["required"]["max_age"] == 900, "{answer}");
    let rule = json!({ "mfa_required": true });
    acme.owner.client.patch(&acme.path("")).json(&rule).await.ok();
    let answer = token_later.get_in(&acme.id, "/v1/me").await;
    answer.is(401);
    assert_eq!(answer["code"], "AVNOLOGY_AUTH_006");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains("acr_values=\"urn:avnology:acr:aal2\""), "{challenge}");
}

async fn a_client_calls_for_itself_as_far_as_its_scopes_go(app: TestApp) {
    let acme = app.team("Acme", "owner@acme.example").await;
    let machine = register(&app, "machine", json!({ "scopes": ["members:read", "identities:read"] })).await;
    let tokens = machine.token(&[("grant_type", "client_credentials")]).await;
    let token = app.program().with_token(&tokens.at("/access_token"));
    token.get(&acme.path("/members")).await.ok();
    token.get("/v1/identities").await.ok();
    token.get("/v1/organizations/org_nowhere/members").await.refused(Code::OrganizationNotFound);
    token.get("/v1/clients").await.refused(Code::ScopeMissing);
    token.get("/v1/me").await.refused(Code::ScopeMissing);
    let body = json!({ "email": "new@acme.example", "role": "member" });
    token.post(&acme.path("/invitations")).json(&body).await.refused(Code::ScopeMissing);
}

async fn a_client_of_an_organizations_account_stays_in_it(app: TestApp) {
    let (acme, beta) =
        (app.team("Acme", "owner@acme.example").await, app.team("Beta", "bob@beta.example").await);
    let account = acme.service_account(&["members:read"]).await;
    let more = json!({ "scopes": ["members:read", "members:write"], "service_account_id": account });
    let machine = register(&app, "machine", more).await;
    let tokens = machine.token(&[("grant_type", "client_credentials")]).await;
    let token = app.program().with_token(&tokens.at("/access_token"));
    token.get(&acme.path("/members")).await.ok();
    token.get(&beta.path("/members")).await.refused(Code::OrganizationMismatch);
    let path = format!("/v1/service-accounts/{account}");
    let fewer = acme.owner.client.patch(&path).header("x-avnology-org", &acme.id);
    fewer.json(&json!({ "scopes": ["groups:read"] })).await.ok();
    token.get(&acme.path("/members")).await.refused(Code::ScopeMissing);
    acme.owner.client.delete(&path).header("x-avnology-org", &acme.id).await.is(204);
    token.get(&acme.path("/members")).await.refused(Code::TokenRevoked);
}

async fn a_token_in_a_url_is_refused_and_ended(app: TestApp) {
    let (client, jane) = (acting_app(&app).await, jane(&app).await);
    let (token, _) = token_of(&client, &jane, &[]).await;
    token.get("/v1/me").await.ok();
    let leaked = format!("/v1/organizations?access_token={}", token.token());
    app.program().get(&leaked).await.refused(Code::ValidationFailed);
    token.get("/v1/me").await.refused(Code::TokenRevoked);
}

async fn only_access_tokens_are_access_tokens(app: TestApp) {
    let (client, jane) = (acting_app(&app).await, jane(&app).await);
    let tokens = client.tokens(&jane.client, &[("scope", SCOPES)]).await;
    let session = jane.client.post("/v1/sessions:tokenize").await;
    for other in
        [tokens.at("/id_token"), session.at("/token"), "a.b.c".to_owned(), tokens.at("/refresh_token")]
    {
        app.program().with_token(&other).get("/v1/me").await.refused(Code::SessionInvalid);
    }
}

async fn a_hot_token_asks_no_database(app: TestApp) {
    let (client, jane) = (acting_app(&app).await, jane(&app).await);
    let tokens = client.tokens(&jane.client, &[("scope", "openid account:self")]).await;
    let token = app.program().with_token(&tokens.at("/access_token"));
    token.get("/v1/me/permissions").await.ok();
    app.tenant().store.close().await.expect("closed");
    token.get("/v1/me/permissions").await.ok();
    token.get("/v1/me").await.is(503);
}

async fn no_call_gets_through_once_a_sign_out_is_acknowledged(app: TestApp) {
    let client = acting_app(&app).await;
    for n in 0..6 {
        let person = app.browsing(&format!("person{n}@acme.example")).await;
        let tokens = client.tokens(&person.client, &[("scope", "openid account:self")]).await;
        let token = app.program().with_token(&tokens.at("/access_token"));
        let is_over = Arc::new(AtomicBool::new(false));
        let mut calling = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let (token, is_over) = (token.clone(), Arc::clone(&is_over));
            calling.spawn(async move {
                let mut last = 0;
                while last < 3 {
                    // Read before the call: what it answers is about a sign-out that was acknowledged.
                    let was_over = is_over.load(Ordering::SeqCst);
                    let answer = token.get("/v1/me/permissions").await;
                    assert!(!was_over || answer.code() == Some(Code::TokenRevoked), "{answer}");
                    last += u32::from(was_over);
                    tokio::task::yield_now().await;
                }
            });
        }
        person.client.post("/v1/sessions:logout").await.is(204);
        is_over.store(true, Ordering::SeqCst);
        while let Some(done) = calling.join_next().await {
            done.expect("no call got through");
        }
    }
}
