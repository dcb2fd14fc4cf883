//! Two nodes on one PostgreSQL (`contract/50` §3).

use avnology_testkit::{Client, Engine, Nodes, TestApp, run, soon};
use serde_json::json;

use crate::kit::{SCHEMA, allowed, ask, grant, put_schema, revoke, tuple};

/// Asks until the answer is this.
async fn becomes(client: &Client, text: &str, wanted: bool) {
    let body = tuple(text);
    soon(|| ask(client, None, "check", &body), |answer| answer["allowed"] == wanted).await;
}

#[test]
fn what_one_node_writes_the_other_knows_within_a_second_and_at_once_by_its_token() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        put_schema(&nodes.first, SCHEMA, &[]).await.ok();
        let (here, there) = (nodes.first.admin_key(), nodes.second.admin_key());
        becomes(&there, "organizations:o#admin@usr_1", false).await;
        for n in 0..10 {
            let (write, view) = (format!("folders:f{n}#viewer@usr_1"), format!("folders:f{n}#view@usr_1"));
            let token = grant(&here, None, &write).await.at("/snaptoken");
            let mut body = tuple(&view);
            body["at_least_as_fresh"] = json!(token);
            assert_eq!(ask(&there, None, "check", &body).await.ok()["allowed"], true, "{n}: by its token");
            revoke(&here, None, &write).await.no_content();
            let mut body = tuple(&view);
            body["consistency"] = json!("full");
            assert_eq!(ask(&there, None, "check", &body).await.ok()["allowed"], false, "{n}: in full");
        }
        grant(&here, None, "folders:a#viewer@usr_1").await.created();
        becomes(&there, "folders:a#view@usr_1", true).await;
        revoke(&there, None, "folders:a#viewer@usr_1").await.no_content();
        assert!(!allowed(&there, None, "folders:a#view@usr_1").await, "at once where it was written");
        becomes(&here, "folders:a#view@usr_1", false).await;
        nodes.stop().await;
    });
}

#[test]
fn roles_and_memberships_reach_the_other_node() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        let team = nodes.first.team("Acme", "jane@acme.example").await;
        let there = nodes.second.admin_key();
        let role = json!({ "key": "billing", "name": "Billing", "permissions": ["invoices:read"] });
        team.owner.client.post(&team.path("/roles")).json(&role).await.created();
        let bill = team.member("bill@acme.example", "billing").await;
        let may = |permission: &str| format!("organizations:{}#{permission}@{}", team.id, bill.id);
        becomes(&there, &may("invoices:read"), true).await;
        let change = json!({ "permissions": ["invoices:write"] });
        team.owner.client.patch(&team.path("/roles/billing")).json(&change).await.ok();
        becomes(&there, &may("invoices:write"), true).await;
        becomes(&there, &may("invoices:read"), false).await;
        team.owner.client.delete(&team.path(&format!("/members/{}", bill.id))).await.no_content();
        becomes(&there, &may("member"), false).await;
        nodes.stop().await;
    });
}

#[test]
fn both_nodes_write_at_once_and_end_with_the_same_tuples() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        put_schema(&nodes.first, SCHEMA, &[]).await.ok();
        becomes(&nodes.second.admin_key(), "organizations:o#admin@usr_1", false).await;
        let work = |app: TestApp, seed: usize| {
            tokio::spawn(async move {
                let key = app.admin_key();
                for n in 0..40 {
                    let text = format!("folders:f{}#viewer@usr_1", (n * 7 + seed) % 5);
                    let body = tuple(&text);
                    if (n + seed).is_multiple_of(2) {
                        key.post("/v1/permissions?on_conflict=ignore").json(&body).await;
                    } else {
                        key.delete("/v1/permissions?on_missing=ignore").json(&body).await;
                    }
                }
            })
        };
        let all: Vec<_> = (0..4)
            .map(|n| work(if n % 2 == 0 { nodes.first.clone() } else { nodes.second.clone() }, n))
            .collect();
        for one in all {
            one.await.expect("an end");
        }
        for n in 0..5 {
            let object = format!("f{n}");
            let list = nodes
                .first
                .admin_key()
                .get("/v1/permissions")
                .query(&[("namespace", "folders"), ("object", &object)]);
            let is_there = list.await.ok()["permissions"].as_array().is_some_and(|found| !found.is_empty());
            for node in [&nodes.first, &nodes.second] {
                becomes(&node.admin_key(), &format!("folders:f{n}#view@usr_1"), is_there).await;
            }
        }
        nodes.stop().await;
    });
}
