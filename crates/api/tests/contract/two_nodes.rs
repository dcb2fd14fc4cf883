//! Two nodes on one PostgreSQL: what one changes the other knows within a second (`contract/00` §8, *Consistency*).

use avnology_model::Code;
use avnology_testkit::{Answer, Engine, Nodes, PASSWORD, TestApp, run, soon};
use serde_json::json;

#[test]
fn a_session_ended_on_one_node_ends_on_the_other() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        let jane = nodes.first.person("jane@acme.example").await;
        let there = nodes.second.program().with_token(&jane.client.token());
        there.whoami().await.ok();
        jane.client.post("/v1/sessions:logout").await.no_content();
        soon(|| there.whoami(), |answer| answer.code() == Some(Code::SessionInvalid)).await;
        nodes.stop().await;
    });
}

#[test]
fn a_deactivation_and_a_new_password_hold_on_the_other_node() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        for (email, verb, body) in [
            ("jane@acme.example", "deactivate", json!({})),
            ("joe@acme.example", "setPassword", json!({ "password": "amber canyon tulip 9" })),
        ] {
            let person = nodes.first.person(email).await;
            let there = nodes.second.program().with_token(&person.client.token());
            there.whoami().await.ok();
            nodes
                .first
                .admin_key()
                .post(&format!("/v1/identities/{}:{verb}", person.id))
                .json(&body)
                .await
                .ok();
            soon(|| there.whoami(), |answer| answer.status == 401).await;
        }
        nodes.stop().await;
    });
}

#[test]
fn a_changed_profile_is_shown_by_the_other_node() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        let jane = nodes.first.person("jane@acme.example").await;
        let there = nodes.second.program().with_token(&jane.client.token());
        there.whoami().await.ok();
        jane.client.patch("/v1/me").json(&json!({ "first_name": "Jane" })).await.ok();
        soon(|| there.whoami(), |answer| answer["identity"]["first_name"] == json!("Jane")).await;
        nodes.stop().await;
    });
}

#[test]
fn settings_changed_on_one_node_hold_on_the_other() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        nodes.first.settings(json!({ "registration": { "mode": "closed" } })).await;
        let open = || nodes.second.program().get("/v1/flows/registration").into_future();
        soon(open, |answer| answer.code() == Some(Code::RegistrationDisabled)).await;
        nodes.stop().await;
    });
}

#[test]
fn a_flow_begun_on_one_node_ends_on_the_other_and_a_code_works_once_on_both() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        nodes.first.account("jane@acme.example").await;
        let flow = nodes.first.program().open("login").await;
        let there = nodes.second.program();
        flow.submit_as(
            &there,
            "password",
            json!({ "identifier": "jane@acme.example", "password": PASSWORD }),
        )
        .await
        .token();
        let flow = nodes.first.program().open("login").await;
        flow.submit("code", json!({ "identifier": "jane@acme.example" })).await.goes_on("sent_email");
        let code = nodes.first.latest_mail("jane@acme.example").await.code;
        let (here, other) = (nodes.first.program(), nodes.second.program());
        let body = json!({ "code": code });
        let (a, b) =
            tokio::join!(flow.submit_as(&here, "code", body.clone()), flow.submit_as(&other, "code", body));
        let won = [&a, &b].into_iter().filter(|answer| answer.status == 200).count();
        assert_eq!(won, 1, "{a}\n{b}");
        nodes.stop().await;
    });
}

#[test]
fn failures_are_counted_for_both_nodes_together() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        nodes.first.account("jane@acme.example").await;
        for n in 0..5 {
            let node = if n % 2 == 0 { &nodes.first } else { &nodes.second };
            node.program().sign_in("jane@acme.example", "wrong").await.refused(Code::WrongCredentials);
        }
        for node in [&nodes.first, &nodes.second] {
            node.program().sign_in("jane@acme.example", PASSWORD).await.refused(Code::AccountLocked);
        }
        nodes.stop().await;
    });
}

#[test]
fn what_ends_or_narrows_a_key_on_one_node_holds_on_the_other() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        let team = nodes.first.team("Acme", "jane@acme.example").await;
        let members = team.path("/members");
        for (way, code) in [
            ("revoke", Code::SessionInvalid),
            ("rotate", Code::SessionInvalid),
            ("deactivate", Code::SessionInvalid),
            ("remove", Code::SessionInvalid),
            ("narrow", Code::ScopeMissing),
            ("fence", Code::AddressNotAllowed),
        ] {
            let account = team.service_account(&["members:read", "roles:read"]).await;
            let made = team.key_of(&account, json!({})).await;
            let there = nodes.second.program().with_token(&made.at("/key"));
            there.get(&members).await.ok();
            let account = format!("/v1/service-accounts/{account}");
            let key = format!("{account}/keys/{}", made.at("/id"));
            let (method, path, body) = match way {
                "revoke" => ("DELETE", key, json!(null)),
                "rotate" => ("POST", format!("{key}:rotate"), json!({ "grace_period_seconds": 0 })),
                "deactivate" => ("PATCH", account, json!({ "active": false })),
                "remove" => ("DELETE", account, json!(null)),
                "narrow" => ("PATCH", account, json!({ "scopes": ["roles:read"] })),
                _ => ("PATCH", key, json!({ "allowed_cidrs": ["203.0.113.1"] })),
            };
            let call = team.owner.client.call(method, &path).header("x-avnology-org", &team.id);
            let answer = if body.is_null() { call.await } else { call.json(&body).await };
            assert!(answer.status < 300, "{way}: {answer}");
            soon(|| there.get(&members).into_future(), |answer| answer.code() == Some(code)).await;
        }
        nodes.stop().await;
    });
}

#[test]
fn a_membership_that_ends_or_changes_on_one_node_does_on_the_other() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        let team = nodes.first.team("Acme", "jane@acme.example").await;
        let mary = team.member("mary@acme.example", "admin").await;
        let there = nodes.second.program().with_token(&mary.client.token());
        let accounts = || there.get_in(&team.id, "/v1/service-accounts").into_future();
        accounts().await.ok();
        let path = team.path(&format!("/members/{}", mary.id));
        team.owner.client.patch(&path).json(&json!({ "role": "member" })).await.ok();
        soon(accounts, |answer| answer.code() == Some(Code::ScopeMissing)).await;
        team.owner.client.delete(&path).await.no_content();
        soon(accounts, |answer| answer.code() == Some(Code::NotAMember)).await;
        // What the whole organization may holds there as well.
        let owner = nodes.second.program().with_token(&team.owner.client.token());
        owner.get(&team.path("")).await.ok();
        nodes.first.admin_key().post(&team.path(":suspend")).json(&json!({})).await.ok();
        let read = || owner.get(&team.path("/members")).into_future();
        soon(read, |answer| answer.code() == Some(Code::OrganizationSuspended)).await;
        nodes.stop().await;
    });
}

#[test]
fn a_domain_leads_elsewhere_on_the_other_node_as_well() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        let team = nodes.first.team("Acme", "jane@acme.example").await;
        let ask = || {
            let program = nodes.second.program();
            program.get("/v1/discovery:byEmail").query(&[("email", "ann@acme.example")]).into_future()
        };
        let leads_to = |wanted: &'static str| move |answer: &Answer| answer["match"] == json!(wanted);
        // The other node remembers that the domain leads nowhere.
        assert_eq!(ask().await.at("/match"), "personal");
        let owner = &team.owner.client;
        let domain = owner.post(&team.path("/domains")).json(&json!({ "domain": "acme.example" })).await;
        nodes.first.dns().set_txt(&domain.at("/txt_record/name"), &[&domain.at("/txt_record/value")]);
        let one = team.path(&format!("/domains/{}", domain.at("/id")));
        owner.post(&format!("{one}:verify")).await.ok();
        soon(ask, leads_to("organization")).await;
        for routing in [false, true] {
            owner.patch(&one).json(&json!({ "sign_in_routing": routing })).await.ok();
            soon(ask, leads_to(if routing { "organization" } else { "personal" })).await;
        }
        owner.delete(&one).await.no_content();
        soon(ask, leads_to("personal")).await;
        nodes.stop().await;
    });
}

#[test]
fn a_switch_of_the_federation_mode_holds_on_the_other_node() {
    run(Engine::Postgres, |app: TestApp| async move {
        let nodes = Nodes::start(app).await;
        let team = nodes.first.team("Acme", "jane@acme.example").await;
        let there = nodes.second.program().with_token(&team.owner.client.token());
        there.whoami().await.ok();
        for (mode, home) in [("strict", json!(team.id)), ("shared", json!(null))] {
            let body = json!({ "identity_federation_mode": mode });
            nodes.first.admin_key().patch("/v1/tenant").json(&body).await.ok();
            // Both what the other node knows of the settings and what it remembers of the session.
            let at_home = |answer: &Answer| answer["identity"]["organization_id"] == home;
            soon(|| there.whoami(), at_home).await;
            let known = nodes.second.admin_key().get("/v1/tenant").await;
            assert_eq!(known.ok()["identity_federation_mode"], mode);
        }
        nodes.stop().await;
    });
}
