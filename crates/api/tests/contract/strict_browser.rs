//! Sessions of several organizations side by side in one browser (`contract/20` §13).

use avnology_model::Code;
use avnology_testkit::{Client, PASSWORD, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    one_browser_holds_a_session_for_each_organization,
    the_organization_that_a_request_names_says_which_session_it_is_made_with,
    signing_out_of_one_leaves_the_other,
    a_session_begun_before_the_tenant_was_strict_stays_beside_a_new_one,
    a_browser_holds_no_more_than_eight,
    a_cookie_of_an_organization_is_bound_by_the_rules_for_cookies,
    a_cookie_counts_for_the_organization_of_its_account_only,
    in_a_shared_tenant_nobody_looks_at_those_cookies,
}

const JANE: &str = "jane@home.example";
const SESSION: &str = "__Host-avnology_session";

/// Two organizations of a strict tenant, in each of which Jane has an account.
async fn strict(app: &TestApp) -> (Team, Team) {
    let acme = app.team("Acme", "boss@acme.example").await;
    let initech = app.team("Initech", "boss@initech.example").await;
    app.finish_organizations().await;
    app.settings(json!({ "identity_federation_mode": "strict" })).await;
    account(app, &acme.id).await;
    account(app, &initech.id).await;
    (acme, initech)
}

async fn account(app: &TestApp, organization: &str) {
    let body = json!({ "identity": { "email": JANE, "email_verified": true }, "organization_id": organization,
        "initial_password": PASSWORD });
    app.admin_key().post("/v1/identities").json(&body).await.created();
}

async fn sign_in(browser: &Client, organization: &str) {
    let flow = browser.open_with("login", &[("organization_id", organization)]).await;
    flow.submit("password", json!({ "identifier": JANE, "password": PASSWORD })).await.ok();
}

/// The organization of the account that a request is made with.
async fn home(browser: &Client) -> Value {
    browser.whoami().await.ok()["identity"]["organization_id"].clone()
}

async fn home_in(browser: &Client, organization: &str) -> Value {
    browser.get_in(organization, "/v1/sessions/whoami").await.ok()["identity"]["organization_id"].clone()
}

fn beside(organization: &str) -> String {
    format!("{SESSION}.{organization}")
}

async fn one_browser_holds_a_session_for_each_organization(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    let browser = app.browser();
    sign_in(&browser, &acme.id).await;
    let first = browser.cookie(SESSION).expect("a session");
    assert_eq!(browser.cookie(&beside(&acme.id)), Some(first.clone()));
    sign_in(&browser, &initech.id).await;
    let second = browser.cookie(SESSION).expect("a session");
    assert_ne!(first, second);
    assert_eq!(browser.cookie(&beside(&acme.id)), Some(first.clone()));
    assert_eq!(browser.cookie(&beside(&initech.id)), Some(second));
    // What was signed in to last is the present one; neither session has ended.
    assert_eq!(home(&browser).await, json!(initech.id));
    app.program().with_token(&first).whoami().await.ok();
    // Once more into Acme, where a session is: nobody is asked.
    let opened = browser
        .get("/v1/flows/login")
        .query(&[("organization_id", &acme.id)])
        .header("x-avnology-org", &acme.id);
    assert_ne!(opened.await.status, 401);
}

async fn the_organization_that_a_request_names_says_which_session_it_is_made_with(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    let browser = app.browser();
    sign_in(&browser, &acme.id).await;
    sign_in(&browser, &initech.id).await;
    for (team, name) in [(&acme, &acme.id), (&initech, &initech.id), (&acme, &acme.slug)] {
        assert_eq!(home_in(&browser, name).await, json!(team.id));
        // The path does the same.
        browser.get(&team.path("/members")).await.ok();
    }
    // Two tabs that send the header do not disturb the present session.
    assert_eq!(home(&browser).await, json!(initech.id));
    browser.set_cookie("X-Avnology-Org", &acme.id);
    assert_eq!(home(&browser).await, json!(acme.id));
    assert_eq!(home_in(&browser, &initech.id).await, json!(initech.id));
    browser.drop_cookie("X-Avnology-Org");
    // Switching to where one is signed in is a matter of the browser's, with the session there.
    let body = json!({ "organization_id": acme.id });
    browser.post("/v1/sessions:switchOrganization").json(&body).await.refused(Code::NotAMember);
    let switch =
        browser.post("/v1/sessions:switchOrganization").header("x-avnology-org", &acme.id).json(&body);
    switch.await.ok();
    assert_eq!(home(&browser).await, json!(acme.id));
    // Where one is not signed in, the present session is no member.
    let other = app.admin_key().post("/v1/organizations").json(&json!({ "name": "Hooli" })).await.at("/id");
    browser.drop_cookie("X-Avnology-Org");
    browser.get_in(&other, "/v1/me").await.refused(Code::NotAMember);
}

async fn signing_out_of_one_leaves_the_other(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    let browser = app.browser();
    sign_in(&browser, &acme.id).await;
    sign_in(&browser, &initech.id).await;
    let token = browser.cookie(&beside(&acme.id)).expect("a session");
    browser.post("/v1/sessions:logout").header("x-avnology-org", &acme.id).await.no_content();
    app.program().with_token(&token).whoami().await.refused(Code::SessionInvalid);
    assert_eq!(browser.cookie(&beside(&acme.id)), None);
    assert_eq!(home(&browser).await, json!(initech.id));

    sign_in(&browser, &acme.id).await;
    // Out of the present one: the other is not taken for it, but is there.
    browser.post("/v1/sessions:logout").await.no_content();
    assert_eq!((browser.cookie(SESSION), browser.cookie(&beside(&acme.id))), (None, None));
    browser.whoami().await.refused(Code::SessionInvalid);
    assert_eq!(home_in(&browser, &initech.id).await, json!(initech.id));
}

async fn a_session_begun_before_the_tenant_was_strict_stays_beside_a_new_one(app: TestApp) {
    let acme = app.team("Acme", "boss@acme.example").await;
    let initech = app.team("Initech", "boss@initech.example").await;
    app.finish_organizations().await;
    let browser = app.browser();
    let boss = browser.signed_in("boss@acme.example").await;
    app.settings(json!({ "identity_federation_mode": "strict" })).await;
    assert_eq!(home(&browser).await, json!(acme.id));
    account(&app, &initech.id).await;
    sign_in(&browser, &initech.id).await;
    assert_eq!(home(&browser).await, json!(initech.id));
    let there = browser.get_in(&acme.id, "/v1/sessions/whoami").await;
    assert_eq!(there.at("/identity/id"), boss.id);
}

async fn a_browser_holds_no_more_than_eight(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    let mut all = vec![acme.id, initech.id];
    for number in 0..7 {
        let body = json!({ "name": format!("Team {number}") });
        let id = app.admin_key().post("/v1/organizations").json(&body).await.at("/id");
        account(&app, &id).await;
        all.push(id);
    }
    app.finish_organizations().await;
    let browser = app.browser();
    for id in &all {
        sign_in(&browser, id).await;
    }
    let held = all.iter().filter(|id| browser.cookie(&beside(id)).is_some()).count();
    assert_eq!(held, 8);
    assert_eq!(home(&browser).await, json!(all[8]));
}

async fn a_cookie_of_an_organization_is_bound_by_the_rules_for_cookies(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    let browser = app.browser();
    sign_in(&browser, &acme.id).await;
    sign_in(&browser, &initech.id).await;
    let change =
        browser.patch("/v1/me").header("x-avnology-org", &acme.id).json(&json!({ "first_name": "J" }));
    let foreign = change.header("origin", "https://evil.example").header("sec-fetch-site", "cross-site");
    foreign.await.refused(Code::CsrfFailed);
    // A token in the header beats every cookie.
    let token = browser.cookie(&beside(&initech.id)).expect("a session");
    let named = browser.get_in(&acme.id, "/v1/me").header("authorization", &format!("Bearer {token}"));
    named.await.refused(Code::NotAMember);
    let set = app.browser();
    let flow = set.open_with("login", &[("organization_id", &acme.id)]).await;
    let answer = flow.submit("password", json!({ "identifier": JANE, "password": PASSWORD })).await;
    let name = beside(&acme.id);
    let cookies = answer.set_cookies();
    let cookie = cookies.iter().find(|cookie| cookie.starts_with(&name)).expect("a cookie");
    for attribute in ["HttpOnly", "Secure", "Path=/", "SameSite=Lax"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
}

async fn a_cookie_counts_for_the_organization_of_its_account_only(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    let browser = app.browser();
    sign_in(&browser, &acme.id).await;
    // Whoever renames cookies gets nowhere: membership decides.
    let token = browser.cookie(SESSION).expect("a session");
    browser.set_cookie(&beside(&initech.id), &token);
    browser.get_in(&initech.id, "/v1/me").await.refused(Code::NotAMember);
    browser.set_cookie(&beside(&initech.id), "avnl_ses_nonsense");
    browser.get_in(&initech.id, "/v1/me").await.refused(Code::SessionInvalid);
}

async fn in_a_shared_tenant_nobody_looks_at_those_cookies(app: TestApp) {
    let acme = app.team("Acme", "boss@acme.example").await;
    app.account(JANE).await;
    let (jane, boss) = (app.browser(), app.browser());
    jane.signed_in(JANE).await;
    boss.signed_in("boss@acme.example").await;
    assert_eq!(jane.cookie(&beside(&acme.id)), None);
    jane.set_cookie(&beside(&acme.id), &boss.cookie(SESSION).expect("a session"));
    jane.get_in(&acme.id, "/v1/me").await.refused(Code::NotAMember);
    jane.post("/v1/sessions:logout").await.no_content();
    assert_eq!(jane.cookie(SESSION), None);
}
