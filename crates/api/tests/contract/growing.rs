//! From consumers to a team to a business, and consumers beside it again: live, with the same accounts, sessions and ids
//! (`contract/20` §17).

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use avnology_model::Code;
use avnology_testkit::{Client, Person, TestApp, on_both_engines};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

on_both_engines! {
    a_consumer_app_becomes_a_business_product_and_takes_consumers_again,
}

/// Somebody who uses the app all the time and must notice nothing.
struct Bystander {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Bystander {
    /// Signs in anew in each round, and calls with the session of the beginning besides.
    async fn start(app: &TestApp, email: &str) -> Self {
        let old = app.person(email).await;
        let (stop, rounds) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (app, email) = (app.clone(), email.to_owned());
        let (is_over, counted) = (Arc::clone(&stop), Arc::clone(&rounds));
        let task = tokio::spawn(async move {
            while !is_over.load(Ordering::SeqCst) {
                let new = app.program().signed_in(&email).await;
                assert_eq!(new.id, old.id);
                for client in [&old.client, &new.client] {
                    let who = client.whoami().await;
                    assert_eq!(who.ok()["identity"]["id"], json!(old.id));
                    assert_eq!(who["organization_id"], Value::Null);
                    let name = format!("Kim {}", counted.load(Ordering::SeqCst));
                    let changed = client.patch("/v1/me").json(&json!({ "first_name": name })).await;
                    assert_eq!(changed.ok()["first_name"], json!(name));
                    let own = client.get("/v1/me/organizations").await;
                    assert_eq!(own.ok()["memberships"], json!([]));
                }
                new.client.post("/v1/sessions:logout").await.no_content();
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { stop, rounds, task }
    }

    /// Waits until another round is over: what was changed holds for all of it.
    async fn goes_on(&self) {
        let before = self.rounds.load(Ordering::SeqCst);
        while self.rounds.load(Ordering::SeqCst) < before + 2 {
            assert!(!self.task.is_finished(), "the bystander met an error");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    async fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.expect("not one error");
    }
}

/// A consumer who registered in the app.
async fn consumer(app: &TestApp, email: &str) -> Person {
    let client = app.program();
    let registered = client.register(email).await;
    registered.ok();
    client.verify(email).await.is(200);
    let who = client.whoami().await;
    Person { id: who.at("/identity/id"), email: email.to_owned(), session_id: who.at("/id"), client }
}

/// The same account and the same session as in the beginning.
async fn is_the_same(person: &Person) {
    let who = person.client.get("/v1/sessions/whoami").header("x-avnology-org", "personal").await;
    assert_eq!((who.at("/identity/id"), who.at("/id")), (person.id.clone(), person.session_id.clone()));
    person.client.get("/v1/me").header("x-avnology-org", "personal").await.ok();
}

async fn roles_of(person: &Person) -> Vec<(Value, Value)> {
    let own = person.client.get("/v1/me/organizations").await;
    let list = own.ok()["memberships"].as_array().cloned().expect("memberships");
    list.iter().map(|m| (m["organization"]["slug"].clone(), m["role"].clone())).collect()
}

async fn join(client: &Client, organization: &str) -> avnology_testkit::Answer {
    client.post(&format!("/v1/organizations/{organization}:join")).json(&json!({})).await
}

async fn a_consumer_app_becomes_a_business_product_and_takes_consumers_again(app: TestApp) {
    let bystander = Bystander::start(&app, "kim@elsewhere.example").await;

    // A consumer app: people, and no organization anywhere.
    app.settings(json!({ "organization_creation": "admins" })).await;
    let (jane, bob) = (consumer(&app, "jane@acme.example").await, consumer(&app, "bob@mail.example").await);
    let carl = consumer(&app, "carl@acme.example").await;
    let wish = json!({ "name": "Acme" });
    jane.client.post("/v1/organizations").json(&wish).await.refused(Code::OrganizationCreationRefused);
    assert_eq!(roles_of(&jane).await, []);
    bystander.goes_on().await;

    // A team: one of them makes it, and another one is invited.
    app.settings(json!({ "organization_creation": "verified" })).await;
    let team = jane.client.post("/v1/organizations").json(&wish).await;
    team.created();
    let path = |rest: &str| format!("/v1/organizations/{}{rest}", team.at("/id"));
    let invited = jane.client.post(&path("/invitations")).json(&json!({ "email": bob.email })).await;
    invited.created();
    let accept = format!("/v1/me/invitations/{}:accept", invited.at("/id"));
    bob.client.post(&accept).json(&json!({})).await.ok();
    join(&carl.client, "acme").await.refused(Code::RegistrationDisabled);
    assert_eq!(roles_of(&jane).await, [(json!("acme"), json!("owner"))]);
    assert_eq!(roles_of(&bob).await, [(json!("acme"), json!("member"))]);
    bob.client.get_in("acme", "/v1/sessions/whoami").await.ok();
    for person in [&jane, &bob, &carl] {
        is_the_same(person).await;
    }
    bystander.goes_on().await;

    // A business: its domain is proven, colleagues come by it, and roles say who does what.
    let domain = jane.client.post(&path("/domains")).json(&json!({ "domain": "acme.example" })).await;
    domain.created();
    app.dns().set_txt(&domain.at("/txt_record/name"), &[&domain.at("/txt_record/value")]);
    let verify = path(&format!("/domains/{}:verify", domain.at("/id")));
    assert_eq!(jane.client.post(&verify).json(&json!({})).await.ok()["status"], "verified");
    jane.client
        .patch(&path(&format!("/domains/{}", domain.at("/id"))))
        .json(&json!({ "auto_join": true }))
        .await
        .ok();
    let mode = json!({ "registration_mode": "by_invitation_or_domain" });
    jane.client.patch(&path("")).json(&mode).await.ok();
    app.settings(json!({ "registration": { "mode": "closed" } })).await;
    join(&carl.client, "acme").await.ok();
    let stranger = app.program().get("/v1/flows/registration").await;
    stranger.refused(Code::RegistrationDisabled);
    let role =
        json!({ "key": "billing", "name": "Billing", "permissions": ["invoices:write", "audit:read"] });
    jane.client.post(&path("/roles")).json(&role).await.created();
    let member = path(&format!("/members/{}", bob.id));
    jane.client.patch(&member).json(&json!({ "role": "billing" })).await.ok();
    let held = bob.client.get_in("acme", "/v1/me/permissions").await;
    let held = held.ok()["permissions"].as_array().cloned().expect("permissions");
    assert!(held.contains(&json!("invoices:write")) && held.contains(&json!("audit:read")), "{held:?}");
    assert_eq!(jane.client.get(&path("/seats")).await.ok()["used"], 3);
    // A program of theirs reads the members.
    let key = jane
        .client
        .post(&path("/api-keys"))
        .json(&json!({ "name": "Billing", "scopes": ["members:read"] }))
        .await;
    let program = app.program().with_token(&key.at("/key"));
    assert_eq!(
        program.get_in("acme", &path("/members")).await.ok()["members"].as_array().map(Vec::len),
        Some(3)
    );
    for person in [&jane, &bob, &carl] {
        is_the_same(person).await;
    }
    bystander.goes_on().await;

    // Consumers beside it again, and one who goes back to being one.
    app.settings(json!({ "registration": { "mode": "public" } })).await;
    let zoe = consumer(&app, "zoe@mail.example").await;
    assert_eq!(roles_of(&zoe).await, []);
    bob.client.delete(&format!("/v1/me/organizations/{}", team.at("/id"))).await.no_content();
    bob.client.get_in("acme", "/v1/me").await.refused(Code::NotAMember);
    assert_eq!(roles_of(&bob).await, []);
    for person in [&jane, &bob, &carl, &zoe] {
        is_the_same(person).await;
        let again = app.program();
        again.sign_in(&person.email, avnology_testkit::PASSWORD).await.ok();
        assert_eq!(again.whoami().await.at("/identity/id"), person.id);
    }
    assert_eq!(roles_of(&carl).await, [(json!("acme"), json!("member"))]);
    program.get(&path("/members")).await.ok();
    bystander.goes_on().await;
    bystander.end().await;
}
