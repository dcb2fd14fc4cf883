//! Sign-in and registration that lead into an organization: `contract/11` §§1.1, 4.5, 4.6.

use avnology_model::{
    Code,
    events::EventType,
    organizations::{Organization, OrganizationState},
};
use avnology_store::organizations::organizations;
use avnology_testkit::{Answer, Authenticator, Client, FlowRun, PASSWORD, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    a_flow_names_its_organization,
    an_organization_that_is_not_there_or_not_in_use_has_no_flows,
    a_member_signs_in_and_acts_there,
    a_browser_acts_there_by_its_cookie,
    a_personal_sign_in_acts_for_nobody,
    a_suspended_member_gets_no_session,
    who_would_join_is_asked_and_nothing_happens_before,
    who_does_not_want_to_join_gets_no_session,
    somebody_who_joined_meanwhile_just_goes_on,
    a_door_that_closed_meanwhile_lets_nobody_join,
    an_address_that_decides_is_proven_before_anybody_joins,
    an_organization_suspended_meanwhile_stops_the_flow,
    only_the_methods_of_the_organization_are_offered,
    an_organization_that_requires_a_second_factor_has_it_set_up_on_the_way_in,
    a_mailed_link_leads_into_the_organization_too,
    a_member_who_is_signed_in_already_acts_there_at_once,
    a_session_that_falls_short_is_raised_and_acts_there,
    switching_says_what_is_missing_and_brings_the_flow,
    joining_where_single_sign_on_is_required_brings_the_flow,
    somebody_without_business_there_may_sign_in_as_somebody_else,
    without_a_free_seat_nothing_is_made,
    two_who_register_for_the_last_seat_and_one_gets_it,
    a_form_is_led_through_the_question,
}

/// Changes an organization past the rules for who may.
pub(crate) async fn change(app: &TestApp, team: &Team, change: impl Fn(&mut Organization) + Send + 'static) {
    let (id, now) = (team.id.parse().expect("an organization"), app.now());
    let write = app.tenant().store.identity().write(move |tx| {
        let mut organization = organizations::get(tx, id)?;
        change(&mut organization);
        organizations::update(tx, &mut organization, now)
    });
    write.await.expect("a change");
    app.tenant().organizations.forget(id);
}

async fn enter(client: &Client, team: &Team) -> FlowRun {
    client.open_with("login", &[("organization_id", &team.id)]).await
}

fn credentials(email: &str) -> Value {
    json!({ "identifier": email, "password": PASSWORD })
}

async fn public(app: &TestApp) -> Team {
    app.team_with("Acme", "jane@acme.example", json!({ "registration_mode": "public" })).await
}

async fn is_member(team: &Team, identity: &str) -> bool {
    team.owner.client.get(&team.path(&format!("/members/{identity}"))).await.status == 200
}

async fn a_flow_names_its_organization(app: TestApp) {
    let team = public(&app).await;
    let card = json!({ "id": team.id, "name": "Acme", "slug": "acme", "logo_url": null });
    for kind in ["login", "registration"] {
        for name in [&team.id, &team.slug] {
            let flow = app.program().open_with(kind, &[("organization_id", name)]).await;
            let read = flow.read().await;
            for seen in [&flow.opened, &read] {
                assert_eq!((&seen["organization_id"], &seen["organization"]), (&json!(team.id), &card));
            }
        }
        let personal = app.program().open(kind).await;
        assert_eq!(
            (&personal.opened["organization_id"], &personal.opened["organization"]),
            (&json!(""), &Value::Null)
        );
    }
}

async fn an_organization_that_is_not_there_or_not_in_use_has_no_flows(app: TestApp) {
    let team = public(&app).await;
    let open = async |kind: &str, name: &str| {
        app.program().get(&format!("/v1/flows/{kind}")).query(&[("organization_id", name)]).await
    };
    for kind in ["login", "registration"] {
        for name in ["org_01kjpwd6m0emptw6bw4v8qtn83", "nowhere", "Not a slug!"] {
            open(kind, name).await.refused(Code::OrganizationNotFound);
        }
        for state in [OrganizationState::Suspended, OrganizationState::Deleting] {
            change(&app, &team, move |organization| organization.state = state).await;
            let refused = open(kind, &team.slug).await;
            assert_eq!(refused.refused(Code::OrganizationSuspended)["state"], state.as_str());
        }
        change(&app, &team, |organization| organization.state = OrganizationState::Provisioning).await;
        let refused = open(kind, &team.slug).await;
        refused.refused(Code::OrganizationNotReady);
        assert_eq!(refused.header("retry-after"), "1");
    }
}

async fn a_member_signs_in_and_acts_there(app: TestApp) {
    let team = public(&app).await;
    let ann = app.account("ann@other.example").await;
    team.add(&ann, "admin").await;
    let client = app.program();
    let done = enter(&client, &team).await.submit("password", credentials("ann@other.example")).await;
    client.take(&done);
    assert_eq!(done.ok()["session"]["organization_id"], team.id);
    assert_eq!(done["session"]["organization"]["role"], "admin");
    let own = client.whoami().await;
    assert_eq!(own.ok()["organization"]["id"], team.id);
    client.get("/v1/identities").await.ok();
}

async fn a_browser_acts_there_by_its_cookie(app: TestApp) {
    let team = public(&app).await;
    let browser = app.browser();
    browser.set_cookie("X-Avnology-Org", "org_01kjpwd6m0emptw6bw4v8qtn83");
    let done = enter(&browser, &team).await.submit("password", credentials("jane@acme.example")).await;
    done.ok();
    assert_eq!(browser.cookie("X-Avnology-Org").as_deref(), Some(team.id.as_str()));
    assert_eq!(browser.whoami().await.ok()["organization_id"], team.id);
}

async fn a_personal_sign_in_acts_for_nobody(app: TestApp) {
    public(&app).await;
    let browser = app.browser();
    let done = browser.sign_in("jane@acme.example", PASSWORD).await;
    assert_eq!(done.ok()["session"]["organization_id"], Value::Null);
    assert_eq!(browser.cookie("X-Avnology-Org"), None);
}

async fn a_suspended_member_gets_no_session(app: TestApp) {
    let team = public(&app).await;
    let ann = app.account("ann@other.example").await;
    team.add(&ann, "member").await;
    let path = team.path(&format!("/members/{ann}"));
    team.owner.client.patch(&path).json(&json!({ "state": "suspended" })).await.ok();
    let sessions = app.payloads(EventType::SessionCreated).await.len();
    let flow = enter(&app.program(), &team).await;
    // A wrong password tells nothing of memberships.
    let wrong = json!({ "identifier": "ann@other.example", "password": "wrong" });
    flow.submit("password", wrong).await.refused(Code::WrongCredentials);
    flow.submit("password", credentials("ann@other.example")).await.refused(Code::NotAMember);
    assert_eq!(app.payloads(EventType::SessionCreated).await.len(), sessions);
}

async fn who_would_join_is_asked_and_nothing_happens_before(app: TestApp) {
    let team = public(&app).await;
    let bob = app.account("bob@other.example").await;
    let client = app.program();
    let flow = enter(&client, &team).await;
    flow.submit("organization", json!({ "organization_id": team.id })).await.refused(Code::StepUnavailable);
    let asked = flow.submit("password", credentials("bob@other.example")).await;
    asked.goes_on("choose_organization");
    assert_eq!(asked.flow()["ui"]["messages"][0]["text"], "You will join Acme");
    assert_eq!(asked.node("organization_id").expect("a node")["attributes"]["value"], team.id.as_str());
    assert!(asked["session"].is_null() && !is_member(&team, &bob).await, "{asked}");
    assert_eq!(flow.read().await.messages(), ["1040003"]);
    flow.submit("organization", json!({}))
        .await
        .refused_fields(Code::InputRejected, &[("organization_id", "required")]);
    let other = flow.submit("organization", json!({ "organization_id": "initech" })).await;
    other.refused_fields(Code::InputRejected, &[("organization_id", "invalid_format")]);
    let done = flow.submit("organization", json!({ "organization_id": "acme" })).await;
    client.take(&done);
    assert_eq!(done.ok()["session"]["organization"]["role"], "member");
    assert!(is_member(&team, &bob).await);
    assert_eq!(client.whoami().await.ok()["organization_id"], team.id);
}

async fn who_does_not_want_to_join_gets_no_session(app: TestApp) {
    let team = public(&app).await;
    let bob = app.account("bob@other.example").await;
    for no in [Value::Null, json!("")] {
        let flow = enter(&app.program(), &team).await;
        flow.submit("password", credentials("bob@other.example")).await.goes_on("choose_organization");
        let refused = flow.submit("organization", json!({ "organization_id": no })).await;
        assert!(refused.refused(Code::NotAMember)["continue_flow"].is_null(), "{refused}");
        flow.submit("organization", json!({ "organization_id": team.id })).await.refused(Code::FlowGone);
    }
    assert!(!is_member(&team, &bob).await);
}

async fn asked(app: &TestApp, team: &Team, email: &str) -> FlowRun {
    let flow = enter(&app.program(), team).await;
    flow.submit("password", credentials(email)).await.goes_on("choose_organization");
    flow
}

async fn somebody_who_joined_meanwhile_just_goes_on(app: TestApp) {
    let team = public(&app).await;
    let bob = app.account("bob@other.example").await;
    let flow = asked(&app, &team, "bob@other.example").await;
    team.add(&bob, "admin").await;
    let done = flow.submit("organization", json!({ "organization_id": team.id })).await;
    assert_eq!(done.ok()["session"]["organization"]["role"], "admin");
}

async fn a_door_that_closed_meanwhile_lets_nobody_join(app: TestApp) {
    let team = public(&app).await;
    let bob = app.account("bob@other.example").await;
    let flow = asked(&app, &team, "bob@other.example").await;
    let mode = json!({ "registration_mode": "by_invitation_only" });
    team.owner.client.patch(&team.path("")).json(&mode).await.ok();
    flow.submit("organization", json!({ "organization_id": team.id })).await.refused(Code::NotAMember);
    assert!(!is_member(&team, &bob).await);
}

async fn an_address_that_decides_is_proven_before_anybody_joins(app: TestApp) {
    let mode = json!({ "registration_mode": "by_invitation_or_domain" });
    let team = app.team_with("Acme", "jane@acme.example", mode).await;
    app.program().register("ann@acme.example").await.token();
    team.holds_domain("acme.example", |_| {}).await;
    app.advance(60);
    let flow = enter(&app.program(), &team).await;
    flow.submit("password", credentials("ann@acme.example")).await.goes_on("verify_address");
    let code = app.latest_mail("ann@acme.example").await.code;
    flow.submit("code", json!({ "code": code })).await.goes_on("choose_organization");
    let done = flow.submit("organization", json!({ "organization_id": team.id })).await;
    assert_eq!(done.ok()["session"]["identity"]["email_verified"], true);
    assert_eq!(done["session"]["organization_id"], team.id);
}

async fn an_organization_suspended_meanwhile_stops_the_flow(app: TestApp) {
    let team = public(&app).await;
    let (login, registration) = (
        enter(&app.program(), &team).await,
        app.program().open_with("registration", &[("organization_id", &team.id)]).await,
    );
    let form = json!({ "traits": { "email": "bob@other.example" }, "password": PASSWORD });
    for (state, code, message) in [
        (OrganizationState::Suspended, Code::OrganizationSuspended, "4010011"),
        (OrganizationState::Provisioning, Code::OrganizationNotReady, "4010012"),
    ] {
        change(&app, &team, move |organization| organization.state = state).await;
        let refused = login.submit("password", credentials("jane@acme.example")).await;
        refused.refused(code);
        assert_eq!(refused.messages(), [message]);
        registration.submit("password", form.clone()).await.refused(code);
    }
    change(&app, &team, |organization| organization.state = OrganizationState::Active).await;
    login.submit("password", credentials("jane@acme.example")).await.token();
    registration.submit("password", form).await.token();
}

async fn only_the_methods_of_the_organization_are_offered(app: TestApp) {
    let team = public(&app).await;
    let methods = json!({ "allowed_methods": ["code"] });
    team.owner.client.patch(&team.path("")).json(&methods).await.ok();
    let flow = enter(&app.program(), &team).await;
    let refused = flow.submit("password", credentials("jane@acme.example")).await;
    assert_eq!(refused.refused(Code::MethodDisabled)["allowed_methods"], json!(["code"]));
    assert_eq!(refused.node_names(), ["identifier", "method=code", "channel", "method=identifier"]);
    flow.submit("link", json!({ "identifier": "jane@acme.example" })).await.refused(Code::MethodDisabled);
    flow.submit("code", json!({})).await.goes_on("sent_email");
    let code = app.latest_mail("jane@acme.example").await.code;
    let done = flow.submit("code", json!({ "code": code })).await;
    assert_eq!(done.ok()["session"]["organization_id"], team.id);
    // Whoever registers there does it in a way that lets them in.
    let flow = app.program().open_with("registration", &[("organization_id", &team.id)]).await;
    assert!(!flow.opened.node_names().contains(&"password".to_owned()), "{}", flow.opened);
    let form = json!({ "traits": { "email": "bob@other.example" }, "password": PASSWORD });
    flow.submit("password", form).await.refused(Code::MethodDisabled);
    flow.submit("code", json!({ "traits": { "email": "bob@other.example" } })).await.goes_on("sent_email");
    let code = app.latest_mail("bob@other.example").await.code;
    let done = flow.submit("code", json!({ "code": code })).await;
    assert_eq!(done.ok()["session"]["organization"]["role"], "member");
}

async fn an_organization_that_requires_a_second_factor_has_it_set_up_on_the_way_in(app: TestApp) {
    let team = public(&app).await;
    team.owner.client.patch(&team.path("")).json(&json!({ "mfa_required": true })).await.ok();
    let flow = enter(&app.program(), &team).await;
    flow.submit("password", credentials("jane@acme.example")).await.goes_on("enroll_factor");
    let flow = app.program().open_with("registration", &[("organization_id", &team.id)]).await;
    let form = json!({ "traits": { "email": "bob@other.example" }, "password": PASSWORD });
    let waits = flow.submit("password", form).await;
    waits.goes_on("enroll_factor");
    app.program().sign_in("bob@other.example", PASSWORD).await.refused(Code::WrongCredentials);
    let code = Authenticator::of(&waits).code(app.now());
    let done = flow.submit("totp", json!({ "totp_code": code })).await;
    assert_eq!((done.at("/session/aal"), done.at("/session/organization_id")), ("aal2".to_owned(), team.id));
    assert_eq!(done.at("/session/organization/role"), "member");
}

async fn a_mailed_link_leads_into_the_organization_too(app: TestApp) {
    let team = public(&app).await;
    let (here, there) = (app.browser(), app.browser());
    let flow = enter(&here, &team).await;
    flow.submit("link", json!({ "identifier": "jane@acme.example" })).await.goes_on("sent_email");
    let mail = app.latest_mail("jane@acme.example").await;
    there.get(&mail.link.replace(avnology_testkit::ORIGIN, "")).await.is(200);
    let body = json!({ "token": mail.link_parameter("token"), "csrf_token": there.csrf_of(&flow.id) });
    let done = flow.submit_as(&there, "link", body).await;
    assert_eq!(done.ok()["session"]["organization_id"], team.id);
    assert_eq!(there.cookie("X-Avnology-Org").as_deref(), Some(team.id.as_str()));
    assert_eq!(here.cookie("X-Avnology-Org"), None);
}

async fn a_member_who_is_signed_in_already_acts_there_at_once(app: TestApp) {
    let team = public(&app).await;
    let query = [("organization_id", team.slug.as_str())];
    let passed = team.owner.client.get("/v1/flows/login").query(&query).await;
    passed.goes_on("passed");
    assert_eq!(passed["session"]["organization"]["role"], "owner");
    assert_eq!(team.owner.client.whoami().await.ok()["organization_id"], team.id);
    let browser = app.browser();
    browser.sign_in("jane@acme.example", PASSWORD).await.ok();
    browser.get("/v1/flows/login").query(&query).await.goes_on("passed");
    assert_eq!(browser.cookie("X-Avnology-Org").as_deref(), Some(team.id.as_str()));
}

async fn a_session_that_falls_short_is_raised_and_acts_there(app: TestApp) {
    let team = public(&app).await;
    let owner = &team.owner;
    owner.client.patch(&team.path("")).json(&json!({ "allowed_methods": ["code"] })).await.ok();
    let flow = enter(&owner.client, &team).await;
    assert_eq!(
        (flow.opened.state(), flow.opened.at("/identifier"), flow.opened.at("/organization_id")),
        ("choose_method".to_owned(), "jane@acme.example".to_owned(), team.id.clone())
    );
    flow.submit("password", json!({ "password": PASSWORD })).await.refused(Code::MethodDisabled);
    flow.submit("code", json!({})).await.goes_on("sent_email");
    let code = app.latest_mail("jane@acme.example").await.code;
    let done = flow.submit("code", json!({ "code": code })).await;
    owner.client.take(&done);
    assert_eq!(
        (done.at("/session/id"), done.at("/session/organization_id")),
        (owner.session_id.clone(), team.id.clone())
    );
    owner.client.get(&team.path("/members")).await.ok();
    let switched = app.payloads(EventType::SessionOrganizationSwitched).await;
    assert_eq!(switched.last().expect("an event")["to"], team.id.as_str());
}

async fn switching_says_what_is_missing_and_brings_the_flow(app: TestApp) {
    let team = public(&app).await;
    let client = &team.owner.client;
    let switch = json!({ "organization_id": team.id });
    client.patch(&team.path("")).json(&json!({ "allowed_methods": ["code"] })).await.ok();
    let refused = client.post("/v1/sessions:switchOrganization").json(&switch).await;
    let problem = refused.refused(Code::StepUpRequired);
    assert_eq!(problem["required"]["methods"], json!(["code"]));
    assert_eq!(problem["continue_flow"]["organization_id"], team.id.as_str());
    let flow = client.follow(&refused);
    flow.submit("code", json!({})).await.goes_on("sent_email");
    let code = app.latest_mail("jane@acme.example").await.code;
    let done = flow.submit("code", json!({ "code": code })).await;
    assert_eq!(done.ok()["session"]["organization_id"], team.id);
    client.take(&done);
    client.patch(&team.path("")).json(&json!({ "mfa_required": true })).await.ok();
    let refused = client.post("/v1/sessions:switchOrganization").json(&switch).await;
    let problem = refused.refused(Code::SecondFactorRequired);
    assert_eq!(problem["continue_flow"]["organization_id"], team.id.as_str());
}

async fn joining_where_single_sign_on_is_required_brings_the_flow(app: TestApp) {
    let team = public(&app).await;
    let bob = app.person("bob@other.example").await;
    change(&app, &team, |organization| organization.sso_required = true).await;
    let refused = bob.client.post(&team.path(":join")).await;
    let problem = refused.refused(Code::StepUpRequired);
    assert_eq!(problem["required"]["methods"], json!(["sso"]));
    // There is no connection yet, and the flow says so.
    assert_eq!(
        (refused.messages(), refused.node_names()),
        (vec!["4010010".to_owned(), "1010002".to_owned()], vec!["identifier".to_owned()],)
    );
    let tried = bob.client.follow(&refused).submit("password", json!({ "password": PASSWORD })).await;
    assert_eq!(tried.refused(Code::SsoRequired)["connections"], json!([]));
}

async fn somebody_without_business_there_may_sign_in_as_somebody_else(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bob = app.person("bob@other.example").await;
    let flow = enter(&bob.client, &team).await;
    assert_eq!(flow.opened.flow()["identifier"], Value::Null);
    let done = flow.submit("password", credentials("jane@acme.example")).await;
    assert_eq!(done.ok()["session"]["organization"]["role"], "owner");
    assert_ne!(done.at("/session/id"), bob.session_id);
    // Where one may join, the question is put to who is signed in.
    let mode = json!({ "registration_mode": "public" });
    team.owner.client.patch(&team.path("")).json(&mode).await.ok();
    let flow = enter(&bob.client, &team).await;
    assert_eq!(flow.opened.at("/identifier"), "bob@other.example");
    flow.submit("password", json!({ "password": PASSWORD })).await.goes_on("choose_organization");
    let done = flow.submit("organization", json!({ "organization_id": team.id })).await;
    assert_eq!(
        (done.at("/session/id"), done.at("/session/organization_id")),
        (bob.session_id.clone(), team.id.clone())
    );
}

fn registering(email: &str) -> Value {
    json!({ "traits": { "email": email }, "password": PASSWORD })
}

async fn without_a_free_seat_nothing_is_made(app: TestApp) {
    let team = public(&app).await;
    app.admin_key().patch(&team.path("")).json(&json!({ "seat_limit": 1 })).await.ok();
    let flow = app.program().open_with("registration", &[("organization_id", &team.id)]).await;
    let full = flow.submit("password", registering("bob@other.example")).await;
    let problem = full.refused(Code::SeatLimitReached);
    assert_eq!((&problem["limit"], &problem["used"]), (&json!(1), &json!(1)));
    app.program().sign_in("bob@other.example", PASSWORD).await.refused(Code::WrongCredentials);
    app.account("joe@other.example").await;
    let asked = asked(&app, &team, "joe@other.example").await;
    asked.submit("organization", json!({ "organization_id": team.id })).await.refused(Code::SeatLimitReached);
    app.admin_key().patch(&team.path("")).json(&json!({ "seat_limit": 3 })).await.ok();
    asked.submit("organization", json!({ "organization_id": team.id })).await.token();
    flow.submit("password", registering("bob@other.example")).await.token();
}

async fn two_who_register_for_the_last_seat_and_one_gets_it(app: TestApp) {
    let team = public(&app).await;
    app.admin_key().patch(&team.path("")).json(&json!({ "seat_limit": 2 })).await.ok();
    let open = || async { app.program().open_with("registration", &[("organization_id", &team.id)]).await };
    let (one, other) = (open().await, open().await);
    let (one, other) = tokio::join!(
        one.submit("password", registering("a@other.example")),
        other.submit("password", registering("b@other.example"))
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{one} {other}");
    let late: &Answer = if one.status == 200 { &other } else { &one };
    late.refused(Code::SeatLimitReached);
    assert_eq!(team.owner.client.get(&team.path("")).await.ok()["member_count"], 2);
    let people = app.admin_key().get("/v1/identities").await;
    assert_eq!(people.ok()["identities"].as_array().map(Vec::len), Some(2), "{people}");
}

async fn a_form_is_led_through_the_question(app: TestApp) {
    let team = public(&app).await;
    app.account("bob@other.example").await;
    let browser = app.browser();
    let flow = enter(&browser, &team).await;
    let csrf = flow.csrf();
    let submit = async |fields: &[(&str, &str)]| {
        let mut all = vec![("csrf_token", csrf.as_str())];
        all.extend_from_slice(fields);
        browser.post(&flow.submit_path()).form(&all).await
    };
    let password = [("method", "password"), ("identifier", "bob@other.example"), ("password", PASSWORD)];
    let next = submit(&password).await;
    assert_eq!(next.is(303).header("location"), format!("/org/{}?flow={}", team.slug, flow.id));
    let page = browser.get(next.header("location")).header("accept", "text/html").await;
    assert!(page.is(200).text().contains("You will join Acme"), "{page}");
    let done = submit(&[("method", "organization"), ("organization_id", &team.id)]).await;
    assert_eq!(done.is(303).header("location"), "/account");
    assert_eq!(browser.cookie("X-Avnology-Org").as_deref(), Some(team.id.as_str()));
}
