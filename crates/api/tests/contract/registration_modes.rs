//! The table of registration modes, row by row (`contract/20` §6): through the flows, and with accounts that are there
//! through `:join` and invitations; in `shared` and in `strict` federation. Rows that need a connection (R2, R5, R8, R11 to
//! R13) are tested as a function, in `core/organizations/admission`.

use avnology_model::{Code, events::EventType, permissions::RoleKey};
use avnology_testkit::{Answer, Client, PASSWORD, Person, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    r1_public_with_an_invitation_joins_with_its_role,
    r1_strict,
    r3_public_without_anything_joins_with_the_role_of_the_domain_or_the_default_one,
    r3_strict,
    r4_by_invitation_only_with_an_invitation_joins_with_its_role,
    r4_strict,
    r6_by_invitation_only_without_one_is_refused,
    r6_strict,
    r7_by_invitation_or_domain_with_an_invitation_joins_with_its_role,
    r7_strict,
    r9_by_invitation_or_domain_at_the_domain_joins_once_the_address_is_proven,
    r9_strict,
    r10_by_invitation_or_domain_elsewhere_is_refused,
    r10_strict,
    r14_sso_only_without_a_connection_is_told_so_and_an_invitation_stays,
    r14_strict,
    r15_closed_takes_nobody,
    r15_strict,
    a_required_single_sign_on_turns_every_open_door_into_r14,
    a_mode_that_changes_while_the_code_is_on_its_way_decides,
    a_new_personal_account_joins_by_its_domain_once_that_is_proven,
    a_registration_that_proves_first_joins_at_once_but_acts_for_nobody,
    accounts_that_are_there_and_other_modes_join_nothing_silently,
    a_full_organization_leaves_the_new_account_personal,
    a_tenant_by_invitation_takes_the_invited_only,
    a_tenant_by_invitation_or_domain_takes_who_proves_an_address_at_one,
    a_tenant_with_single_sign_on_only_makes_no_personal_accounts,
}

macro_rules! strict {
    ($($name:ident = $row:ident;)*) => {
        $(async fn $name(app: TestApp) {
            app.settings(json!({ "identity_federation_mode": "strict" })).await;
            $row(app).await;
        })*
    };
}

strict! {
    r1_strict = r1_public_with_an_invitation_joins_with_its_role;
    r3_strict = r3_public_without_anything_joins_with_the_role_of_the_domain_or_the_default_one;
    r4_strict = r4_by_invitation_only_with_an_invitation_joins_with_its_role;
    r6_strict = r6_by_invitation_only_without_one_is_refused;
    r7_strict = r7_by_invitation_or_domain_with_an_invitation_joins_with_its_role;
    r9_strict = r9_by_invitation_or_domain_at_the_domain_joins_once_the_address_is_proven;
    r10_strict = r10_by_invitation_or_domain_elsewhere_is_refused;
    r14_strict = r14_sso_only_without_a_connection_is_told_so_and_an_invitation_stays;
    r15_strict = r15_closed_takes_nobody;
}

fn is_strict(app: &TestApp) -> bool {
    app.tenant().settings().settings.identity_federation_mode.as_str() == "strict"
}

/// An organization that the platform runs, with a domain whose people become admins.
async fn acme(app: &TestApp, mode: &str) -> Team {
    let body = json!({ "name": "Acme", "registration_mode": mode });
    let answer = app.admin_key().post("/v1/organizations").json(&body).await;
    answer.created();
    let client = app.admin_key();
    let owner = Person { id: String::new(), email: String::new(), session_id: String::new(), client };
    let team = Team { id: answer.at("/id"), slug: answer.at("/slug"), owner };
    team.holds_domain("acme.example", |domain| domain.default_role = RoleKey::parse("admin")).await;
    team
}

async fn set_mode(app: &TestApp, team: &Team, mode: &str) {
    app.admin_key().patch(&team.path("")).json(&json!({ "registration_mode": mode })).await.ok();
}

fn form(email: &str) -> Value {
    json!({ "traits": { "email": email }, "password": PASSWORD })
}

/// Registers by password in a flow of the organization; the answer to the form.
async fn register(client: &Client, team: &Team, email: &str) -> Answer {
    let flow = client.open_with("registration", &[("organization_id", &team.id)]).await;
    let answer = flow.submit("password", form(email)).await;
    client.take(&answer);
    answer
}

/// Enters the code that a registration waits for.
async fn enter_code(client: &Client, waits: &Answer, email: &str) -> Answer {
    waits.goes_on("verify_address");
    let code = client.app().latest_mail(email).await.code;
    let answer = client.follow(waits).submit("code", json!({ "code": code })).await;
    client.take(&answer);
    answer
}

async fn invite(team: &Team, email: &str) -> (String, String) {
    let body = json!({ "email": email, "role": "owner" });
    let made = team.owner.client.post(&team.path("/invitations")).json(&body).await;
    made.created();
    let link = team.owner.client.app().latest_mail(email).await.link;
    (made.at("/id"), link.rsplit('/').next().expect("a token").to_owned())
}

async fn accept(client: &Client, token: &str) -> Answer {
    client.post("/v1/invitations:accept").json(&json!({ "token": token })).await
}

/// Role and source of the member with this address.
async fn member(team: &Team, email: &str) -> Option<(String, String)> {
    let filter = format!("identity.email = \"{email}\"");
    let list = team.owner.client.get(&team.path("/members")).query(&[("filter", &filter)]).await;
    let found = list.ok()["members"].as_array().and_then(|all| all.first()).cloned()?;
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    Some((text("role"), text("source")))
}

async fn has_account(app: &TestApp, email: &str) -> bool {
    let filter = format!("email = \"{email}\"");
    let found = app.admin_key().get("/v1/identities").query(&[("filter", &filter)]).await;
    found.ok()["identities"].as_array().is_some_and(|all| !all.is_empty())
}

async fn expect_joined(team: &Team, client: &Client, answer: &Answer, role: &str, source: &str) {
    let session = &answer.ok()["session"];
    assert_eq!(session["organization_id"], team.id, "{answer}");
    assert_eq!(session["organization"]["role"], role, "{answer}");
    let email = session["identity"]["email"].as_str().expect("an address");
    assert_eq!(member(team, email).await, Some((role.to_owned(), source.to_owned())));
    assert_eq!(client.whoami().await.ok()["organization"]["slug"], team.slug.as_str());
    // In strict mode the account lives in the organization.
    let home = if is_strict(client.app()) { json!(team.id) } else { Value::Null };
    assert_eq!(session["identity"]["organization_id"], home, "{answer}");
}

async fn expect_nothing(team: &Team, email: &str) {
    let app = team.owner.client.app();
    assert!(!has_account(app, email).await, "no account of {email}");
    assert_eq!(member(team, email).await, None);
    assert_eq!(app.payloads(EventType::SessionCreated).await.len(), 0, "no session");
}

async fn by_invitation(app: &TestApp, mode: &str) {
    let team = acme(app, mode).await;
    for email in ["ann@acme.example", "bill@partner.example"] {
        let (id, token) = invite(&team, email).await;
        let client = app.program();
        let flow = client.open("registration").await;
        flow.submit("invitation", json!({ "invitation_token": token })).await.goes_on("show_form");
        let done = flow.submit("password", form(email)).await;
        client.take(&done);
        expect_joined(&team, &client, &done, "owner", "invitation").await;
        let read = team.owner.client.get(&team.path(&format!("/invitations/{id}"))).await;
        assert_eq!(read.at("/status"), "accepted");
    }
    if !is_strict(app) {
        let joe = app.person("joe@partner.example").await;
        let (_, token) = invite(&team, "joe@partner.example").await;
        assert_eq!(accept(&joe.client, &token).await.ok()["member"]["role"], "owner");
    }
}

async fn r1_public_with_an_invitation_joins_with_its_role(app: TestApp) {
    by_invitation(&app, "public").await;
}

async fn r4_by_invitation_only_with_an_invitation_joins_with_its_role(app: TestApp) {
    by_invitation(&app, "by_invitation_only").await;
}

async fn r7_by_invitation_or_domain_with_an_invitation_joins_with_its_role(app: TestApp) {
    by_invitation(&app, "by_invitation_or_domain").await;
}

/// Somebody at the domain proves the address and is a member by it.
async fn joins_by_domain(app: &TestApp, team: &Team) {
    let (email, client) = ("ann@acme.example", app.program());
    let waits = register(&client, team, email).await;
    expect_nothing(team, email).await;
    let done = enter_code(&client, &waits, email).await;
    expect_joined(team, &client, &done, "admin", "domain").await;
    assert_eq!(done["session"]["identity"]["email_verified"], true);
    if !is_strict(app) {
        let (flow, join) = (app.person("ben@acme.example").await, app.person("bea@acme.example").await);
        is_asked_and_joins(team, &flow, "admin", "domain").await;
        assert_eq!(join.client.post(&team.path(":join")).await.ok()["role"], "admin");
    }
}

/// An account that is there is asked in the organization's own sign-in before it joins.
async fn is_asked_and_joins(team: &Team, person: &Person, role: &str, source: &str) {
    let client = team.owner.client.app().program();
    let flow = client.open_with("login", &[("organization_id", &team.slug)]).await;
    let asked = flow.submit("password", json!({ "identifier": person.email, "password": PASSWORD })).await;
    asked.goes_on("choose_organization");
    assert_eq!(asked.messages(), ["1040003"]);
    assert_eq!(member(team, &person.email).await, None, "nobody joins unasked");
    let done = flow.submit("organization", json!({ "organization_id": team.id })).await;
    client.take(&done);
    expect_joined(team, &client, &done, role, source).await;
}

async fn r3_public_without_anything_joins_with_the_role_of_the_domain_or_the_default_one(app: TestApp) {
    let team = acme(&app, "public").await;
    joins_by_domain(&app, &team).await;
    let client = app.program();
    let done = register(&client, &team, "bob@other.example").await;
    expect_joined(&team, &client, &done, "member", "join").await;
    assert_eq!(done["session"]["identity"]["email_verified"], false);
    if !is_strict(&app) {
        let person = app.person("joe@other.example").await;
        is_asked_and_joins(&team, &person, "member", "join").await;
    }
}

/// Nobody gets in with this address: neither by registration nor with an account.
async fn is_turned_away(app: &TestApp, team: &Team, mode: &str) {
    let email = "bob@other.example";
    let refused = register(&app.program(), team, email).await;
    assert_eq!(refused.refused(Code::RegistrationDisabled)["registration_mode"], mode);
    assert_eq!(refused.messages(), ["4040001"]);
    expect_nothing(team, email).await;
    if !is_strict(app) {
        let joe = app.person("joe@other.example").await;
        joe.client.post(&team.path(":join")).await.refused(Code::RegistrationDisabled);
        is_no_member(team, &joe).await;
    }
}

/// A sign-in in the organization's flow leads nowhere; a personal one does.
async fn is_no_member(team: &Team, person: &Person) {
    let app = team.owner.client.app();
    let sessions = app.payloads(EventType::SessionCreated).await.len();
    let flow = app.program().open_with("login", &[("organization_id", &team.id)]).await;
    let refused = flow.submit("password", json!({ "identifier": person.email, "password": PASSWORD })).await;
    assert!(refused.refused(Code::NotAMember)["continue_flow"].is_null(), "{refused}");
    flow.read().await.refused(Code::FlowGone);
    assert_eq!(app.payloads(EventType::SessionCreated).await.len(), sessions);
    assert_eq!(member(team, &person.email).await, None);
    app.program().sign_in(&person.email, PASSWORD).await.token();
}

async fn r6_by_invitation_only_without_one_is_refused(app: TestApp) {
    let team = acme(&app, "by_invitation_only").await;
    let refused = register(&app.program(), &team, "ann@acme.example").await;
    refused.refused(Code::RegistrationDisabled);
    is_turned_away(&app, &team, "by_invitation_only").await;
}

async fn r9_by_invitation_or_domain_at_the_domain_joins_once_the_address_is_proven(app: TestApp) {
    let team = acme(&app, "by_invitation_or_domain").await;
    joins_by_domain(&app, &team).await;
}

async fn r10_by_invitation_or_domain_elsewhere_is_refused(app: TestApp) {
    let team = acme(&app, "by_invitation_or_domain").await;
    team.holds_domain("quiet.example", |domain| domain.auto_join = false).await;
    for email in ["ann@quiet.example", "ann@sub.acme.example"] {
        register(&app.program(), &team, email).await.refused(Code::RegistrationDisabled);
    }
    is_turned_away(&app, &team, "by_invitation_or_domain").await;
}

async fn r14_sso_only_without_a_connection_is_told_so_and_an_invitation_stays(app: TestApp) {
    let team = acme(&app, "sso_only").await;
    let (id, token) = invite(&team, "ann@acme.example").await;
    let refused = register(&app.program(), &team, "ann@acme.example").await;
    assert_eq!(refused.refused(Code::SsoRequired)["connections"], json!([]));
    assert_eq!(refused.messages(), ["4010007"]);
    let flow = app.program().open("registration").await;
    let refused = flow.submit("invitation", json!({ "invitation_token": token })).await;
    refused.refused(Code::SsoRequired);
    expect_nothing(&team, "ann@acme.example").await;
    let read = team.owner.client.get(&team.path(&format!("/invitations/{id}"))).await;
    assert_eq!(read.at("/status"), "pending");
    if !is_strict(&app) {
        let ann = app.person("ann@acme.example").await;
        for answer in [ann.client.post(&team.path(":join")).await, accept(&ann.client, &token).await] {
            let problem = answer.refused(Code::StepUpRequired);
            assert_eq!(problem["required"]["methods"], json!(["sso"]));
            assert_eq!(problem["continue_flow"]["organization_id"], team.id, "{answer}");
        }
        is_no_member(&team, &ann).await;
    }
}

async fn r15_closed_takes_nobody(app: TestApp) {
    let team = acme(&app, "public").await;
    let (id, token) = invite(&team, "ann@acme.example").await;
    let open = app.program().open_with("registration", &[("organization_id", &team.id)]).await;
    set_mode(&app, &team, "closed").await;
    let query = [("organization_id", team.id.as_str())];
    let refused = app.program().get("/v1/flows/registration").query(&query).await;
    assert_eq!(refused.refused(Code::RegistrationDisabled)["registration_mode"], "closed");
    let refused = open.submit("password", form("bob@other.example")).await;
    refused.refused(Code::RegistrationDisabled);
    assert_eq!(refused.messages(), ["4040002"]);
    let flow = app.program().open("registration").await;
    let refused = flow.submit("invitation", json!({ "invitation_token": token })).await;
    refused.refused(Code::RegistrationDisabled);
    expect_nothing(&team, "ann@acme.example").await;
    let read = team.owner.client.get(&team.path(&format!("/invitations/{id}"))).await;
    assert_eq!(read.at("/status"), "pending");
    if !is_strict(&app) {
        let ann = app.person("ann@acme.example").await;
        accept(&ann.client, &token).await.refused(Code::RegistrationDisabled);
        ann.client.post(&team.path(":join")).await.refused(Code::RegistrationDisabled);
        is_no_member(&team, &ann).await;
    }
}

async fn a_required_single_sign_on_turns_every_open_door_into_r14(app: TestApp) {
    let team = acme(&app, "public").await;
    crate::organization_flows::change(&app, &team, |organization| organization.sso_required = true).await;
    let refused = register(&app.program(), &team, "bob@other.example").await;
    assert_eq!(refused.refused(Code::SsoRequired)["connections"], json!([]));
    expect_nothing(&team, "bob@other.example").await;
}

async fn a_mode_that_changes_while_the_code_is_on_its_way_decides(app: TestApp) {
    let team = acme(&app, "by_invitation_or_domain").await;
    let client = app.program();
    let waits = register(&client, &team, "ann@acme.example").await;
    set_mode(&app, &team, "by_invitation_only").await;
    let refused = enter_code(&client, &waits, "ann@acme.example").await;
    refused.refused(Code::RegistrationDisabled);
    assert_eq!((refused.state(), refused.messages()), ("show_form".to_owned(), vec!["4040001".to_owned()]));
    expect_nothing(&team, "ann@acme.example").await;
}

async fn a_new_personal_account_joins_by_its_domain_once_that_is_proven(app: TestApp) {
    let team = acme(&app, "public").await;
    for mode in ["public", "by_invitation_or_domain"] {
        set_mode(&app, &team, mode).await;
        let (client, email) = (app.program(), format!("{}@acme.example", mode.replace('_', "-")));
        let done = client.register(&email).await;
        assert_eq!(done.ok()["session"]["organization_id"], Value::Null);
        assert_eq!(member(&team, &email).await, None, "not before the address is proven");
        let flow = client.resume("verification", &done.at("/verification_flow_id")).await;
        let code = app.latest_mail(&email).await.code;
        flow.submit("code", json!({ "code": code })).await.goes_on("passed_challenge");
        assert_eq!(member(&team, &email).await, Some(("admin".to_owned(), "domain".to_owned())));
        // The session is the person's own, and may act there.
        assert_eq!(client.whoami().await.ok()["organization_id"], Value::Null);
        let switch = json!({ "organization_id": team.id });
        client.post("/v1/sessions:switchOrganization").json(&switch).await.ok();
    }
}

async fn a_registration_that_proves_first_joins_at_once_but_acts_for_nobody(app: TestApp) {
    let team = acme(&app, "by_invitation_or_domain").await;
    app.settings(json!({ "require_verified_email": true })).await;
    let client = app.program();
    let waits = client.register("ann@acme.example").await;
    let done = enter_code(&client, &waits, "ann@acme.example").await;
    assert_eq!(done.ok()["session"]["organization_id"], Value::Null);
    assert_eq!(member(&team, "ann@acme.example").await, Some(("admin".to_owned(), "domain".to_owned())));
}

async fn accounts_that_are_there_and_other_modes_join_nothing_silently(app: TestApp) {
    let team = acme(&app, "by_invitation_or_domain").await;
    app.account("ben@acme.example").await;
    app.program().sign_in_by_code("ben@acme.example").await.token();
    assert_eq!(member(&team, "ben@acme.example").await, None);
    for mode in ["by_invitation_only", "sso_only", "closed"] {
        set_mode(&app, &team, mode).await;
        let email = format!("{}@acme.example", mode.replace('_', "-"));
        let client = app.program();
        client.register(&email).await.token();
        app.advance(60);
        client.verify(&email).await.goes_on("passed_challenge");
        assert_eq!(member(&team, &email).await, None, "{mode}");
    }
}

async fn a_full_organization_leaves_the_new_account_personal(app: TestApp) {
    let team = acme(&app, "by_invitation_or_domain").await;
    app.admin_key().patch(&team.path("")).json(&json!({ "seat_limit": 1 })).await.ok();
    app.settings(json!({ "require_verified_email": true })).await;
    for (email, expected) in [("ann@acme.example", true), ("ben@acme.example", false)] {
        let client = app.program();
        let waits = client.register(email).await;
        enter_code(&client, &waits, email).await.token();
        assert_eq!(member(&team, email).await.is_some(), expected, "{email}");
    }
}

async fn a_tenant_by_invitation_takes_the_invited_only(app: TestApp) {
    let team = acme(&app, "by_invitation_only").await;
    app.settings(json!({ "registration": { "mode": "by_invitation_only" } })).await;
    let refused = app.program().register("bill@partner.example").await;
    assert_eq!(refused.refused(Code::RegistrationDisabled)["registration_mode"], "by_invitation_only");
    assert_eq!(refused.messages(), ["4040001"]);
    expect_nothing(&team, "bill@partner.example").await;
    let (_, token) = invite(&team, "bill@partner.example").await;
    let flow = app.program().open("registration").await;
    flow.submit("invitation", json!({ "invitation_token": token })).await.goes_on("show_form");
    flow.submit("password", form("bill@partner.example")).await.token();
}

async fn a_tenant_by_invitation_or_domain_takes_who_proves_an_address_at_one(app: TestApp) {
    let team = acme(&app, "by_invitation_or_domain").await;
    app.settings(json!({ "registration": { "mode": "by_invitation_or_domain" } })).await;
    let refused = app.program().register("bob@other.example").await;
    refused.refused(Code::RegistrationDisabled);
    let client = app.program();
    let waits = client.register("ann@acme.example").await;
    expect_nothing(&team, "ann@acme.example").await;
    enter_code(&client, &waits, "ann@acme.example").await.token();
    // The domain of an organization in another mode opens no door.
    set_mode(&app, &team, "public").await;
    app.program().register("ben@acme.example").await.refused(Code::RegistrationDisabled);
}

async fn a_tenant_with_single_sign_on_only_makes_no_personal_accounts(app: TestApp) {
    let flow = app.program().open("registration").await;
    app.settings(json!({ "registration": { "mode": "sso_only" } })).await;
    let refused = app.program().get("/v1/flows/registration").await;
    assert_eq!(refused.refused(Code::SsoRequired)["connections"], json!([]));
    flow.submit("password", form("bob@other.example")).await.refused(Code::SsoRequired);
    // An organization's own registration is not the tenant's matter.
    let team = acme(&app, "public").await;
    register(&app.program(), &team, "bob@other.example").await.token();
}
