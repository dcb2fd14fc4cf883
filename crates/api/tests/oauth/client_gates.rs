//! A client's own conditions (`contract/30` §2.4, `contract/20` §6 *Clients*).

use avnology_model::Code;
use avnology_store::{
    IdentityTx,
    permissions::tuples::{self, Tuple},
};
use avnology_testkit::{Client, PASSWORD, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::kit::{Back, Relying, challenge_of, csrf_of, jane, own_app, refused};

on_both_engines! {
    a_client_for_single_sign_on_lets_nobody_else_in,
    a_client_that_is_closed_registers_nobody,
    a_client_by_invitation_registers_the_invited_alone,
    a_client_by_domain_registers_who_proves_an_address_there,
    the_stricter_of_client_and_organization_holds,
    only_allowed_organizations_count,
    who_is_invited_accepts_on_the_way,
    a_refused_choice_of_organization_is_told_to_the_client,
    a_relation_is_asked_of_the_person,
    a_relation_is_spelled_in_three_ways,
    a_stored_star_lets_everybody_in,
    roles_are_relations_too,
    what_names_no_relation_is_refused_when_it_is_written,
}

/// A registration in a browser on the way to a client.
async fn registering(client: &Relying, browser: &Client, more: &[(&str, &str)]) -> String {
    let asked = [&[("prompt", "create")], more].concat();
    let location = browser.get(&client.request(&asked)).await.is(303).header("location").to_owned();
    let (_, rest) = location.split_once("login_challenge%3D").unwrap_or_else(|| panic!("{location}"));
    rest.split('&').next().expect("a challenge").to_owned()
}

fn form(email: &str) -> Value {
    json!({ "traits": { "email": email }, "password": PASSWORD })
}

async fn a_client_for_single_sign_on_lets_nobody_else_in(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let tokens = client.tokens(&jane.client, &[]).await;
    let path = format!("/v1/clients/{}", client.id);
    app.admin_key().patch(&path).json(&json!({ "sso_required": true })).await.ok();
    assert_eq!(client.back(&jane.client, &[]).await.error(), "access_denied");
    assert_eq!(client.back(&jane.client, &[("prompt", "none")]).await.error(), "access_denied");
    refused(&client.refresh(&tokens.at("/refresh_token"), &[]).await, 400, "invalid_grant");
    let browser = app.browser();
    let challenge = registering(&client, &browser, &[]).await;
    let opened = browser.get("/v1/flows/registration").query(&[("login_challenge", &challenge)]).await;
    opened.refused(Code::SsoRequired);
}

async fn a_client_that_is_closed_registers_nobody(app: TestApp) {
    let client = own_app(&app, json!({ "registration_mode": "closed" })).await;
    let browser = app.browser();
    let challenge = registering(&client, &browser, &[]).await;
    let opened = browser.get("/v1/flows/registration").query(&[("login_challenge", &challenge)]).await;
    opened.refused(Code::RegistrationDisabled);
    assert_eq!(opened["registration_mode"], "closed");
    browser.open("registration").await;
    client.back(&jane(&app).await.client, &[]).await.code();
}

async fn a_client_by_invitation_registers_the_invited_alone(app: TestApp) {
    let client = own_app(&app, json!({ "registration_mode": "by_invitation_only" })).await;
    let team = app.team("Acme", "owner@acme.example").await;
    let invite = json!({ "email": "new@acme.example", "role": "member" });
    team.owner.client.post(&team.path("/invitations")).json(&invite).await.created();
    let browser = app.browser();
    let challenge = registering(&client, &browser, &[]).await;
    let flow = browser.open_with("registration", &[("login_challenge", &challenge)]).await;
    flow.submit("password", form("other@acme.example")).await.refused(Code::RegistrationDisabled);
    let waits = flow.submit("password", form("new@acme.example")).await;
    waits.goes_on("verify_address");
    let code = app.latest_mail("new@acme.example").await.code;
    let done = flow.submit("code", json!({ "code": code })).await;
    let target = done.ok()["redirect_to"].as_str().expect("a way on").to_owned();
    let path = target.strip_prefix("https://id.example.com").unwrap_or(&target);
    Back::of(browser.get(path).await.is(303).header("location")).code();
}

async fn a_client_by_domain_registers_who_proves_an_address_there(app: TestApp) {
    let client = own_app(&app, json!({ "registration_mode": "by_invitation_or_domain" })).await;
    let mode = json!({ "registration_mode": "by_invitation_or_domain" });
    let team = app.team_with("Acme", "owner@acme.example", mode).await;
    team.holds_domain("acme.example", |_| {}).await;
    let browser = app.browser();
    let challenge = registering(&client, &browser, &[]).await;
    let flow = browser.open_with("registration", &[("login_challenge", &challenge)]).await;
    flow.submit("password", form("joe@elsewhere.example")).await.refused(Code::RegistrationDisabled);
    flow.submit("password", form("new@acme.example")).await.goes_on("verify_address");
    let code = app.latest_mail("new@acme.example").await.code;
    flow.submit("code", json!({ "code": code })).await.ok();
    let own = browser.get("/v1/me/organizations").await;
    assert_eq!(own.ok()["memberships"][0]["organization"]["id"], json!(team.id), "the domain joins");
}

async fn the_stricter_of_client_and_organization_holds(app: TestApp) {
    let strict = own_app(&app, json!({ "registration_mode": "by_invitation_only" })).await;
    let free = own_app(&app, json!({ "registration_mode": "public" })).await;
    let open = app.team_with("Open", "a@open.example", json!({ "registration_mode": "public" })).await;
    let jane = jane(&app).await;
    let there = [("organization_id", open.id.as_str())];
    assert_eq!(strict.back(&jane.client, &there).await.error(), "access_denied");
    challenge_of(&jane.client.get(&free.request(&there)).await, "/select-organization");
    let browser = app.browser();
    let challenge = registering(&strict, &browser, &there).await;
    let asked = [("login_challenge", challenge.as_str()), ("organization_id", open.id.as_str())];
    let flow = browser.open_with("registration", &asked).await;
    flow.submit("password", form("new@open.example")).await.refused(Code::RegistrationDisabled);
}

async fn only_allowed_organizations_count(app: TestApp) {
    let team = app.team("Acme", "owner@acme.example").await;
    let other = app.team("Other", "bob@other.example").await;
    let more = json!({ "registration_mode": "by_invitation_only", "allowed_organizations": [other.id] });
    let client = own_app(&app, more).await;
    let invite = json!({ "email": "new@acme.example", "role": "member" });
    team.owner.client.post(&team.path("/invitations")).json(&invite).await.created();
    let browser = app.browser();
    let challenge = registering(&client, &browser, &[]).await;
    let flow = browser.open_with("registration", &[("login_challenge", &challenge)]).await;
    flow.submit("password", form("new@acme.example")).await.refused(Code::RegistrationDisabled);
    other.owner.client.post(&other.path("/invitations")).json(&invite).await.created();
    flow.submit("password", form("new@acme.example")).await.goes_on("verify_address");
}

async fn who_is_invited_accepts_on_the_way(app: TestApp) {
    let client = own_app(&app, json!({ "organization_selection": "required" })).await;
    let team = app.team("Acme", "owner@acme.example").await;
    let jane = jane(&app).await;
    let invite = json!({ "email": jane.email, "role": "admin" });
    team.owner.client.post(&team.path("/invitations")).json(&invite).await.created();
    let challenge = challenge_of(&jane.client.get(&client.request(&[])).await, "/select-organization");
    let page = jane.client.get(&format!("/select-organization?login_challenge={challenge}")).await;
    assert!(page.is(200).text().contains("Accept the invitation to Acme"), "{}", page.text());
    let invitation = jane.client.get("/v1/me/organizations").await.at("/invitations/0/id");
    let form = [
        ("csrf_token", csrf_of(&page)),
        ("login_challenge", challenge.clone()),
        ("organization", invitation),
    ];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = jane.client.post("/select-organization").form(&form).await;
    let goes_on = jane.client.get(answer.is(303).header("location")).await;
    let tokens = client.redeem(&Back::of(goes_on.header("location")).code()).await;
    let claims = crate::kit::verified(&app, &tokens.at("/access_token"), "at+jwt").await;
    assert_eq!((claims["org_id"].clone(), claims["org_role"].clone()), (json!(team.id), json!("admin")));
}

async fn a_refused_choice_of_organization_is_told_to_the_client(app: TestApp) {
    let client = own_app(&app, json!({})).await;
    let jane = jane(&app).await;
    let closed = app.team_with("Closed", "a@closed.example", json!({ "registration_mode": "closed" })).await;
    assert_eq!(client.back(&jane.client, &[("organization_id", &closed.id)]).await.error(), "access_denied");
    assert_eq!(client.back(&jane.client, &[("organization_id", "nobody")]).await.error(), "access_denied");
}

/// Stores a tuple of an organization, or takes it away.
async fn relate(app: &TestApp, organization: &str, relation: &'static str, subject: &str, holds: bool) {
    let (organization, subject, now) = (organization.to_owned(), subject.to_owned(), app.now());
    let write = move |tx: &mut IdentityTx<'_>| {
        let tuple = Tuple { namespace: "organizations", object: &organization, relation, subject: &subject };
        if holds { tuples::put(tx, &tuple, now).map(drop) } else { tuples::remove(tx, &tuple).map(drop) }
    };
    app.tenant().store.identity().write(write).await.expect("a tuple");
}

async fn a_relation_is_asked_of_the_person(app: TestApp) {
    let team = app.team("Avnology", "owner@avnology.example").await;
    let jane = jane(&app).await;
    let spelling = format!("organizations:{}#employee", team.slug);
    let console = own_app(&app, json!({ "required_relation": spelling })).await;
    assert_eq!(console.back(&jane.client, &[]).await.error(), "access_denied");
    assert_eq!(console.back(&jane.client, &[("prompt", "none")]).await.error(), "access_denied");
    relate(&app, &team.id, "employee", &jane.id, true).await;
    let tokens = console.tokens(&jane.client, &[]).await;
    let refresh = console.refresh(&tokens.at("/refresh_token"), &[]).await.at("/refresh_token");
    relate(&app, &team.id, "employee", &jane.id, false).await;
    refused(&console.refresh(&refresh, &[]).await, 400, "invalid_grant");
    assert_eq!(console.back(&jane.client, &[]).await.error(), "access_denied");
    relate(&app, &team.id, "employee", &jane.id, true).await;
    console.refresh(&refresh, &[]).await.ok();
}

async fn a_relation_is_spelled_in_three_ways(app: TestApp) {
    let team = app.team("Avnology", "owner@avnology.example").await;
    let (jane, joe) = (jane(&app).await, app.browsing("joe@acme.example").await);
    relate(&app, &team.id, "employee", &jane.id, true).await;
    for spelling in [
        format!("organizations:{}#employee", team.slug),
        format!("organizations:{}:employee", team.slug),
        format!("organizations:{}:employee@*", team.slug),
        format!("organizations:{}#employee", team.id),
    ] {
        let console = own_app(&app, json!({ "required_relation": spelling })).await;
        console.back(&jane.client, &[]).await.code();
        assert_eq!(console.back(&joe.client, &[]).await.error(), "access_denied", "{spelling}");
    }
}

async fn a_stored_star_lets_everybody_in(app: TestApp) {
    let team = app.team("Avnology", "owner@avnology.example").await;
    let jane = jane(&app).await;
    let relation = format!("organizations:{}#employee", team.slug);
    let console = own_app(&app, json!({ "required_relation": relation })).await;
    relate(&app, &team.id, "employee", "*", true).await;
    console.back(&jane.client, &[]).await.code();
    relate(&app, &team.id, "employee", "*", false).await;
    assert_eq!(console.back(&jane.client, &[]).await.error(), "access_denied");
}

async fn roles_are_relations_too(app: TestApp) {
    let team = app.team("Avnology", "owner@avnology.example").await;
    let jane = jane(&app).await;
    let console =
        own_app(&app, json!({ "required_relation": format!("organizations:{}#admin", team.slug) })).await;
    team.add(&jane.id, "member").await;
    assert_eq!(console.back(&jane.client, &[]).await.error(), "access_denied");
    let member = team.path(&format!("/members/{}", jane.id));
    team.owner.client.patch(&member).json(&json!({ "role": "admin" })).await.ok();
    let tokens = console.tokens(&jane.client, &[]).await;
    team.owner.client.patch(&member).json(&json!({ "role": "member" })).await.ok();
    refused(&console.refresh(&tokens.at("/refresh_token"), &[]).await, 400, "invalid_grant");
}

async fn what_names_no_relation_is_refused_when_it_is_written(app: TestApp) {
    for (relation, code) in [
        ("employee", "invalid_format"),
        ("a:b", "invalid_format"),
        ("organizations:nobody#employee", "not_found"),
    ] {
        let body = json!({
            "name": "Console", "type": "web", "redirect_uris": [crate::kit::CALLBACK], "required_relation": relation,
        });
        let answer = app.admin_key().post("/v1/clients").json(&body).await;
        answer.refused_fields(Code::ValidationFailed, &[("required_relation", code)]);
    }
}
