//! Access tokens on two nodes on one PostgreSQL: what ends on one ends on the other within a second (`contract/30` §6.4).

use avnology_model::Code;
use avnology_testkit::{Client, Engine, Nodes, TestApp, comes_true, run, soon};
use serde_json::json;

use crate::kit::{Relying, jane, own_app, register};

/// Asks until the token is refused.
async fn ends_soon(token: &Client, path: &str) {
    soon(|| token.get(path).into_future(), |answer| answer.code() == Some(Code::TokenRevoked)).await;
}

#[test]
fn what_ends_a_persons_tokens_on_one_node_ends_them_on_the_other() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        let client = own_app(&nodes.first, json!({ "scopes": ["openid", "account:self"] })).await;
        for end in ["sign out", "give back", "deactivate"] {
            let jane = nodes.first.browsing(&format!("{}@acme.example", end.replace(' ', "-"))).await;
            let tokens = client.tokens(&jane.client, &[("scope", "openid account:self")]).await;
            let there = nodes.second.program().with_token(&tokens.at("/access_token"));
            there.get("/v1/me").await.ok();
            match end {
                "sign out" => jane.client.post("/v1/sessions:logout").await.no_content(),
                "give back" => {
                    let token = tokens.at("/access_token");
                    client.post("/oauth2/revoke", &[("token", &token)]).await.is(200);
                }
                _ => {
                    let path = format!("/v1/identities/{}:deactivate", jane.id);
                    nodes.first.admin_key().post(&path).json(&json!({})).await.ok();
                }
            }
            ends_soon(&there, "/v1/me").await;
        }
        nodes.stop().await;
    });
}

#[test]
fn a_clients_own_tokens_end_on_both_nodes() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        let machine = register(&nodes.first, "machine", json!({ "scopes": ["identities:read"] })).await;
        let get = async || machine.token(&[("grant_type", "client_credentials")]).await.at("/access_token");
        let path = "/v1/identities";
        let given_back = get().await;
        let there = nodes.second.program().with_token(&given_back);
        there.get(path).await.ok();
        machine.post("/oauth2/revoke", &[("token", &given_back)]).await.is(200);
        ends_soon(&there, path).await;
        let disabled = nodes.second.program().with_token(&get().await);
        disabled.get(path).await.ok();
        let client = format!("/v1/clients/{}", machine.id);
        nodes.first.admin_key().patch(&client).json(&json!({ "state": "disabled" })).await.ok();
        ends_soon(&disabled, path).await;
        nodes.stop().await;
    });
}

#[test]
fn a_client_that_an_organization_blocks_is_shut_out_on_both_nodes() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        let client = own_app(&nodes.first, json!({ "scopes": ["openid", "account:self"] })).await;
        let team = nodes.first.team("Acme", "owner@acme.example").await;
        let jane = jane(&nodes.first).await;
        team.add(&jane.id, "member").await;
        let asked = [("scope", "openid account:self"), ("organization_id", team.id.as_str())];
        let tokens = client.tokens(&jane.client, &asked).await;
        let there = nodes.second.program().with_token(&tokens.at("/access_token"));
        there.get("/v1/me").await.ok();
        let path = team.path(&format!("/client-rules/{}", client.id));
        team.owner.client.call("PUT", &path).json(&json!({ "rule": "blocked" })).await.ok();
        ends_soon(&there, "/v1/me").await;
        nodes.stop().await;
    });
}

#[test]
fn what_one_node_ends_or_changes_the_other_tells_so() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        let client = own_app(&nodes.first, json!({})).await;
        let there = Relying { app: nodes.second.clone(), ..client.clone() };
        let info = async |token: &str| {
            let call = nodes.second.program().get("/userinfo");
            call.header("authorization", &format!("Bearer {token}")).await
        };
        let admin = nodes.first.admin_key();
        for what in ["give back", "sign out", "deactivate", "rename", "key", "secret"] {
            let jane = nodes.first.browsing(&format!("{}@acme.example", what.replace(' ', "-"))).await;
            let token = client.tokens(&jane.client, &[("scope", "openid profile")]).await.at("/access_token");
            for _ in 0..2 {
                assert!(there.is_active(&token).await);
                info(&token).await.ok();
            }
            match what {
                "give back" => {
                    client.post("/oauth2/revoke", &[("token", &token)]).await.is(200);
                }
                "sign out" => jane.client.post("/v1/sessions:logout").await.no_content(),
                "deactivate" => {
                    let path = format!("/v1/identities/{}:deactivate", jane.id);
                    admin.post(&path).json(&json!({})).await.ok();
                }
                "rename" => {
                    let body = json!({ "identity": { "first_name": "Joan" } });
                    admin.patch(&format!("/v1/identities/{}", jane.id)).json(&body).await.ok();
                    comes_true(what, async || info(&token).await.ok()["given_name"] == "Joan").await;
                    continue;
                }
                "key" => {
                    let body = json!({ "alg": "ES256", "emergency": true });
                    admin.post("/v1/signing-keys:rotate").json(&body).await.ok();
                }
                _ => {
                    let body = json!({ "grace_period_seconds": 0 });
                    admin.post(&format!("/v1/clients/{}:rotateSecret", client.id)).json(&body).await.ok();
                    let ask = async || there.post("/oauth2/introspect", &[("token", &token)]).await;
                    comes_true(what, async || ask().await.status == 401).await;
                    continue;
                }
            }
            comes_true(what, async || !there.is_active(&token).await).await;
            comes_true(what, async || info(&token).await.status == 401).await;
        }
        nodes.stop().await;
    });
}

#[test]
fn a_role_that_changes_on_one_node_is_told_on_the_other() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        let client = own_app(&nodes.first, json!({})).await;
        let team = nodes.first.team("Acme", "owner@acme.example").await;
        let jane = jane(&nodes.first).await;
        team.add(&jane.id, "member").await;
        let asked = [("scope", "openid organizations"), ("organization_id", team.id.as_str())];
        let token = client.tokens(&jane.client, &asked).await.at("/access_token");
        let told = async || {
            let call = nodes.second.program().get("/userinfo");
            let answer = call.header("authorization", &format!("Bearer {token}")).await;
            (answer.status, answer["org_role"].clone(), answer["organizations"][0]["name"].clone())
        };
        assert_eq!(told().await, (200, json!("member"), json!("Acme")));
        let member = team.path(&format!("/members/{}", jane.id));
        team.owner.client.patch(&member).json(&json!({ "role": "admin" })).await.ok();
        comes_true("role", async || told().await.1 == "admin").await;
        team.owner.client.patch(&team.path("")).json(&json!({ "name": "Ajax" })).await.ok();
        comes_true("name", async || told().await.2 == "Ajax").await;
        nodes
            .first
            .admin_key()
            .patch(&format!("/v1/clients/{}", client.id))
            .json(&json!({ "state": "disabled" }))
            .await
            .ok();
        comes_true("client", async || told().await.0 == 401).await;
        nodes.stop().await;
    });
}
