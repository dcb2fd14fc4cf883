//! Home-realm discovery in the sign-in: `contract/11` §4.1.

use avnology_model::{Code, organizations::OrganizationState};
use avnology_testkit::{Answer, Client, FlowRun, PASSWORD, Person, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::organization_flows::change;

on_both_engines! {
    an_address_at_a_routed_domain_leads_to_its_organization,
    the_answer_does_not_depend_on_the_account,
    what_was_found_restricts_nobody,
    only_a_verified_routed_domain_of_an_organization_in_use_leads_anywhere,
    an_organization_that_is_not_in_use_says_so,
    another_address_leads_elsewhere,
    a_password_sent_at_once_is_led_the_same_way,
    a_hint_is_an_identifier_like_any_other,
    a_flow_that_names_its_organization_asks_no_domain,
    where_single_sign_on_is_required_nothing_else_is_offered,
    strict_an_address_without_a_home_is_refused,
    strict_the_domain_leads_home,
    strict_one_address_is_two_people_in_two_organizations,
    strict_registration_finds_its_organization_by_the_domain,
    strict_recovery_and_verification_need_an_organization_too,
}

async fn acme(app: &TestApp) -> Team {
    let methods = json!({ "allowed_methods": ["code", "link"] });
    let team = app.team_with("Acme", "jane@elsewhere.example", methods).await;
    team.holds_domain("acme.example", |_| {}).await;
    team
}

async fn identify(flow: &FlowRun, identifier: &str) -> Answer {
    flow.submit("identifier", json!({ "identifier": identifier })).await
}

fn card(team: &Team, name: &str) -> Value {
    json!({ "id": team.id, "name": name, "slug": team.slug, "logo_url": null })
}

async fn an_address_at_a_routed_domain_leads_to_its_organization(app: TestApp) {
    let team = acme(&app).await;
    let flow = app.program().open("login").await;
    let found = identify(&flow, "Ann@ACME.example").await;
    found.goes_on("choose_method");
    assert_eq!(
        (&found.flow()["organization_id"], &found.flow()["organization"]),
        (&json!(""), &card(&team, "Acme"))
    );
    assert_eq!(
        found.node_names(),
        ["identifier", "method=code", "channel", "method=link", "method=identifier"]
    );
    flow.submit("password", json!({ "password": PASSWORD })).await.refused(Code::MethodDisabled);
}

async fn the_answer_does_not_depend_on_the_account(app: TestApp) {
    acme(&app).await;
    app.account("ann@acme.example").await;
    let (known, unknown) = (app.program().open("login").await, app.program().open("login").await);
    let shown = |answer: &Answer| {
        let flow = answer.flow();
        (
            answer.status,
            flow["state"].clone(),
            flow["organization"].clone(),
            answer.node_names(),
            answer.messages(),
        )
    };
    let (a, b) = (identify(&known, "ann@acme.example").await, identify(&unknown, "bob@acme.example").await);
    assert_eq!(shown(&a), shown(&b));
    let (a, b) = (known.submit("code", json!({})).await, unknown.submit("code", json!({})).await);
    assert_eq!(shown(&a), shown(&b));
    let no = json!({ "password": PASSWORD });
    let (a, b) = (known.submit("password", no.clone()).await, unknown.submit("password", no).await);
    assert_eq!((a.code(), b.code()), (Some(Code::MethodDisabled), Some(Code::MethodDisabled)));
}

async fn what_was_found_restricts_nobody(app: TestApp) {
    let team = acme(&app).await;
    app.account("ann@acme.example").await;
    let browser = app.browser();
    let flow = browser.open("login").await;
    identify(&flow, "ann@acme.example").await.goes_on("choose_method");
    flow.submit("code", json!({})).await.goes_on("sent_email");
    let code = app.latest_mail("ann@acme.example").await.code;
    let done = flow.submit("code", json!({ "code": code })).await;
    assert_eq!(done.ok()["session"]["organization_id"], Value::Null);
    assert_eq!(browser.cookie("X-Avnology-Org"), None);
    browser.get(&team.path("")).await.refused(Code::NotAMember);
}

async fn only_a_verified_routed_domain_of_an_organization_in_use_leads_anywhere(app: TestApp) {
    let team = acme(&app).await;
    team.holds_domain("quiet.example", |domain| domain.sign_in_routing = false).await;
    team.holds_domain("pending.example", |domain| {
        domain.status = avnology_model::organizations::DomainStatus::Pending;
    })
    .await;
    let leads = async |identifier: &str| {
        let found = identify(&app.program().open("login").await, identifier).await;
        found.goes_on("choose_method");
        !found.flow()["organization"].is_null()
    };
    for identifier in ["ann@quiet.example", "ann@pending.example", "ann@sub.acme.example", "ann", "+15550100"]
    {
        assert!(!leads(identifier).await, "{identifier}");
    }
    assert!(leads("ann@acme.example").await);
    change(&app, &team, |organization| organization.state = OrganizationState::Deleting).await;
    assert!(!leads("ann@acme.example").await, "one that is about to go signs nobody in");
}

async fn an_organization_that_is_not_in_use_says_so(app: TestApp) {
    let team = acme(&app).await;
    app.account("ann@acme.example").await;
    for (state, code, message) in [
        (OrganizationState::Suspended, Code::OrganizationSuspended, "4010011"),
        (OrganizationState::Provisioning, Code::OrganizationNotReady, "4010012"),
    ] {
        change(&app, &team, move |organization| organization.state = state).await;
        let flow = app.program().open("login").await;
        for address in ["ann@acme.example", "nobody@acme.example"] {
            let refused = identify(&flow, address).await;
            refused.refused(code);
            assert_eq!(refused.messages(), [message]);
            let at_once = flow.submit("code", json!({ "identifier": address })).await;
            at_once.refused(code);
        }
        assert_eq!(identify(&flow, "joe@other.example").await.flow()["organization"], Value::Null);
    }
}

async fn another_address_leads_elsewhere(app: TestApp) {
    let acme = acme(&app).await;
    let initech = app.team("Initech", "joe@elsewhere.example").await;
    initech.holds_domain("initech.example", |_| {}).await;
    let flow = app.program().open("login").await;
    let mut seen = Vec::new();
    for address in ["ann@acme.example", "ann@initech.example", "ann@other.example"] {
        seen.push(identify(&flow, address).await.flow()["organization"].clone());
    }
    assert_eq!(seen, [card(&acme, "Acme"), card(&initech, "Initech"), Value::Null]);
    identify(&flow, "ann@acme.example").await.goes_on("choose_method");
    let anew = flow.submit("identifier", json!({})).await;
    assert_eq!((&anew.flow()["organization"], &anew.flow()["identifier"]), (&Value::Null, &Value::Null));
}

async fn a_password_sent_at_once_is_led_the_same_way(app: TestApp) {
    acme(&app).await;
    app.account("ann@acme.example").await;
    app.account("joe@other.example").await;
    for address in ["ann@acme.example", "nobody@acme.example"] {
        let refused = app.program().sign_in(address, PASSWORD).await;
        assert_eq!(refused.refused(Code::MethodDisabled)["allowed_methods"], json!(["code", "link"]));
    }
    app.program().sign_in("joe@other.example", PASSWORD).await.token();
}

async fn a_hint_is_an_identifier_like_any_other(app: TestApp) {
    let team = acme(&app).await;
    let open = async || app.program().open_with("login", &[("login_hint", "ann@acme.example")]).await.opened;
    let hinted = open().await;
    assert_eq!(hinted["organization"], card(&team, "Acme"));
    assert!(!hinted.node_names().contains(&"password".to_owned()), "{hinted}");
    change(&app, &team, |organization| organization.state = OrganizationState::Suspended).await;
    let hinted = open().await;
    assert_eq!((&hinted["identifier"], hinted.messages()), (&Value::Null, vec!["4010011".to_owned()]));
}

async fn a_flow_that_names_its_organization_asks_no_domain(app: TestApp) {
    acme(&app).await;
    let initech = app.team("Initech", "joe@elsewhere.example").await;
    let ann = app.account("ann@acme.example").await;
    initech.add(&ann, "member").await;
    let flow = app.program().open_with("login", &[("organization_id", &initech.id)]).await;
    let found = identify(&flow, "ann@acme.example").await;
    assert_eq!(found.flow()["organization"], card(&initech, "Initech"));
    let done = flow.submit("password", json!({ "password": PASSWORD })).await;
    assert_eq!(done.ok()["session"]["organization_id"], initech.id);
}

async fn where_single_sign_on_is_required_nothing_else_is_offered(app: TestApp) {
    let team = acme(&app).await;
    change(&app, &team, |organization| organization.sso_required = true).await;
    app.account("ann@acme.example").await;
    let flow = app.program().open("login").await;
    let found = identify(&flow, "ann@acme.example").await;
    assert_eq!(
        (found.messages(), found.node_names()),
        (vec!["4010010".to_owned()], vec!["identifier".to_owned(), "method=identifier".to_owned()])
    );
    for method in ["password", "code", "link"] {
        let refused = flow.submit(method, json!({ "password": PASSWORD })).await;
        assert_eq!(refused.refused(Code::SsoRequired)["connections"], json!([]), "{method}");
        assert!(refused.messages().contains(&"4010007".to_owned()), "{refused}");
    }
}

async fn strict(app: &TestApp, name: &str, domain: Option<&str>) -> Team {
    app.settings(json!({ "identity_federation_mode": "strict" })).await;
    let body = json!({ "name": name, "registration_mode": "public" });
    let made = app.admin_key().post("/v1/organizations").json(&body).await;
    made.created();
    let client = app.admin_key();
    let owner = Person { id: String::new(), email: String::new(), session_id: String::new(), client };
    let team = Team { id: made.at("/id"), slug: made.at("/slug"), owner };
    if let Some(domain) = domain {
        team.holds_domain(domain, |_| {}).await;
    }
    team
}

/// Registers in a strict organization; the id of the account.
async fn settle(client: &Client, team: &Team, email: &str, password: &str) -> String {
    let flow = client.open_with("registration", &[("organization_id", &team.id)]).await;
    let mut done =
        flow.submit("password", json!({ "traits": { "email": email }, "password": password })).await;
    if done["session"].is_null() {
        let code = client.app().latest_mail(email).await.code;
        done = flow.submit("code", json!({ "code": code })).await;
    }
    client.take(&done);
    assert_eq!(done.ok()["session"]["organization_id"], team.id);
    done.at("/session/identity_id")
}

async fn strict_an_address_without_a_home_is_refused(app: TestApp) {
    let team = strict(&app, "Acme", Some("acme.example")).await;
    settle(&app.program(), &team, "bob@other.example", PASSWORD).await;
    let flow = app.program().open("login").await;
    for identifier in ["bob@other.example", "bob", "nobody@nowhere.example"] {
        let refused = identify(&flow, identifier).await;
        refused.refused_fields(Code::ValidationFailed, &[("organization_id", "required")]);
        assert_eq!(
            (refused.state(), refused.messages()),
            ("choose_method".to_owned(), vec!["4000002".to_owned()])
        );
        let at_once =
            flow.submit("password", json!({ "identifier": identifier, "password": PASSWORD })).await;
        at_once.refused_fields(Code::ValidationFailed, &[("organization_id", "required")]);
    }
    let flow = app.program().open_with("login", &[("organization_id", &team.slug)]).await;
    let done =
        flow.submit("password", json!({ "identifier": "bob@other.example", "password": PASSWORD })).await;
    assert_eq!(done.ok()["session"]["organization_id"], team.id);
}

async fn strict_the_domain_leads_home(app: TestApp) {
    let team = strict(&app, "Acme", Some("acme.example")).await;
    settle(&app.program(), &team, "ann@acme.example", PASSWORD).await;
    let client = app.program();
    let done = client.sign_in("ann@acme.example", PASSWORD).await;
    assert_eq!(
        (&done.ok()["session"]["organization_id"], done.at("/session/organization/role")),
        (&json!(team.id), "member".to_owned(),)
    );
    let by_code = app.program().sign_in_by_code("ann@acme.example").await;
    assert_eq!(by_code.ok()["session"]["organization_id"], team.id);
}

async fn strict_one_address_is_two_people_in_two_organizations(app: TestApp) {
    let (acme, initech) = (strict(&app, "Acme", None).await, strict(&app, "Initech", None).await);
    let (first, second) = ("velvet otter ladder 8", "amber canyon tulip 9");
    let here = settle(&app.program(), &acme, "jane@mail.example", first).await;
    let there = settle(&app.program(), &initech, "jane@mail.example", second).await;
    assert_ne!(here, there);
    for (team, right, wrong, id) in [(&acme, first, second, here), (&initech, second, first, there)] {
        let flow = app.program().open_with("login", &[("organization_id", &team.id)]).await;
        let with = |password: &str| json!({ "identifier": "jane@mail.example", "password": password });
        flow.submit("password", with(wrong)).await.refused(Code::WrongCredentials);
        let done = flow.submit("password", with(right)).await;
        assert_eq!(done.ok()["session"]["identity_id"], id);
    }
}

async fn strict_registration_finds_its_organization_by_the_domain(app: TestApp) {
    let team = strict(&app, "Acme", Some("acme.example")).await;
    let client = app.program();
    client
        .register("bob@other.example")
        .await
        .refused_fields(Code::ValidationFailed, &[("organization_id", "required")]);
    let waits = client.register("ann@acme.example").await;
    waits.goes_on("verify_address");
    let code = app.latest_mail("ann@acme.example").await.code;
    let done = client.follow(&waits).submit("code", json!({ "code": code })).await;
    assert_eq!(
        (&done.ok()["session"]["organization_id"], &done["session"]["identity"]["organization_id"]),
        (&json!(team.id), &json!(team.id))
    );
}

async fn strict_recovery_and_verification_need_an_organization_too(app: TestApp) {
    let team = strict(&app, "Acme", None).await;
    settle(&app.program(), &team, "bob@other.example", PASSWORD).await;
    for kind in ["recovery", "verification"] {
        app.advance(60);
        let flow = app.program().open(kind).await;
        flow.submit("code", json!({ "email": "bob@other.example" }))
            .await
            .refused_fields(Code::ValidationFailed, &[("organization_id", "required")]);
        let flow = app.program().open_with(kind, &[("organization_id", &team.id)]).await;
        flow.submit("code", json!({ "email": "bob@other.example" })).await.goes_on("sent_email");
        let code = app.latest_mail("bob@other.example").await.code;
        flow.submit("code", json!({ "code": code })).await.is(200);
    }
}
