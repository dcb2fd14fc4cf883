//! Registration with an invitation: `contract/11` §5, `contract/20` §7.

use avnology_model::{Code, events::EventType};
use avnology_testkit::{Answer, Client, FlowRun, PASSWORD, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    an_invitation_fixes_address_organization_and_role,
    the_token_of_a_mail_proves_the_address,
    a_link_that_was_passed_on_proves_nothing_and_a_code_does,
    registration_by_code_uses_the_invitation_too,
    it_is_used_once_whoever_comes_first,
    one_that_is_over_says_why,
    one_that_was_sent_again_or_taken_back_meanwhile_makes_no_account,
    another_address_is_refused_and_the_invitation_stays,
    an_address_with_an_account_signs_in_instead,
    an_account_that_is_hidden_from_others_is_told_to_the_invited,
    without_a_free_seat_nothing_is_made_and_the_invitation_stays,
    a_flow_of_another_organization_takes_no_such_invitation,
    a_missing_or_late_token_is_refused,
    the_invitation_says_where_to_go_on,
    a_page_opens_the_flow_with_the_invitation_in_it,
}

const BILL: &str = "bill@partner.example";

async fn invite(team: &Team, email: &str, more: Value) -> (String, String) {
    let mut body = json!({ "email": email, "role": "admin" });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    let made = team.owner.client.post(&team.path("/invitations")).json(&body).await;
    made.created();
    let link = match made["accept_url"].as_str() {
        Some(link) => link.to_owned(),
        None => team.owner.client.app().latest_mail(email).await.link,
    };
    (made.at("/id"), link.rsplit('/').next().expect("a token").to_owned())
}

async fn present(client: &Client, token: &str) -> (FlowRun, Answer) {
    let flow = client.open("registration").await;
    let answer = flow.submit("invitation", json!({ "invitation_token": token })).await;
    (flow, answer)
}

fn form() -> Value {
    json!({ "traits": { "first_name": "Bill" }, "password": PASSWORD })
}

async fn status_of(team: &Team, id: &str) -> String {
    team.owner.client.get(&team.path(&format!("/invitations/{id}"))).await.at("/status")
}

async fn count(app: &TestApp) -> usize {
    app.admin_key().get("/v1/identities").await.ok()["identities"].as_array().map_or(0, Vec::len)
}

async fn an_invitation_fixes_address_organization_and_role(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (id, token) = invite(&team, BILL, json!({})).await;
    let client = app.program();
    let (flow, answer) = present(&client, &token).await;
    answer.goes_on("show_form");
    assert_eq!(
        (&answer.flow()["organization_id"], &answer.flow()["organization"]["name"]),
        (&json!(team.id), &json!("Acme"))
    );
    assert_eq!(answer.flow()["ui"]["messages"][0]["text"], "You have been invited to Acme");
    assert_eq!(answer.messages(), ["1040002"]);
    let email = answer.node("traits.email").expect("a node")["attributes"].clone();
    assert_eq!((&email["value"], &email["readonly"]), (&json!(BILL), &json!(true)));
    assert_eq!(status_of(&team, &id).await, "pending", "looking at it uses nothing up");
    let done = flow.submit("password", form()).await;
    client.take(&done);
    let session = &done.ok()["session"];
    assert_eq!(
        (&session["organization_id"], &session["organization"]["role"], &session["identity"]["email"]),
        (&json!(team.id), &json!("admin"), &json!(BILL))
    );
    client.get(&team.path("/invitations")).await.ok();
    let read = team.owner.client.get(&team.path(&format!("/invitations/{id}"))).await;
    assert_eq!(
        (read.at("/status"), &read["accepted_identity_id"]),
        ("accepted".to_owned(), &session["identity_id"])
    );
    let seats = team.owner.client.get(&team.path("/seats")).await;
    assert_eq!((&seats.ok()["used"], &seats["invited"]), (&json!(2), &json!(0)));
}

async fn the_token_of_a_mail_proves_the_address(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    app.settings(json!({ "require_verified_email": true })).await;
    let (_, token) = invite(&team, BILL, json!({})).await;
    let (flow, _) = present(&app.program(), &token).await;
    let done = flow.submit("password", form()).await;
    assert_eq!(done.ok()["session"]["identity"]["email_verified"], true);
    assert!(done["verification_flow_id"].is_null(), "{done}");
    assert_eq!(app.mail_kinds(BILL).await, ["invitation"]);
    assert_eq!(app.payloads(EventType::UserEmailVerified).await.len(), 1);
}

async fn a_link_that_was_passed_on_proves_nothing_and_a_code_does(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (id, token) = invite(&team, BILL, json!({ "delivery": "link" })).await;
    let (flow, _) = present(&app.program(), &token).await;
    let before = count(&app).await;
    flow.submit("password", form()).await.goes_on("verify_address");
    assert_eq!((count(&app).await, status_of(&team, &id).await), (before, "pending".to_owned()));
    flow.submit("code", json!({ "code": "000000" })).await.refused(Code::WrongCode);
    let code = app.latest_mail(BILL).await.code;
    let done = flow.submit("code", json!({ "code": code })).await;
    assert_eq!(
        (&done.ok()["session"]["identity"]["email_verified"], &done["session"]["organization"]["role"]),
        (&json!(true), &json!("admin"))
    );
    assert_eq!(status_of(&team, &id).await, "accepted");
    app.program().sign_in(BILL, PASSWORD).await.token();
}

async fn registration_by_code_uses_the_invitation_too(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (id, token) = invite(&team, BILL, json!({})).await;
    app.advance(60);
    let (flow, _) = present(&app.program(), &token).await;
    flow.submit("code", json!({ "traits": { "first_name": "Bill" } })).await.goes_on("sent_email");
    let code = app.latest_mail(BILL).await.code;
    let done = flow.submit("code", json!({ "code": code })).await;
    assert_eq!(done.ok()["session"]["organization"]["role"], "admin");
    assert_eq!(status_of(&team, &id).await, "accepted");
}

async fn it_is_used_once_whoever_comes_first(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    for round in 0..3 {
        let email = format!("bill-{round}@partner.example");
        let (_, token) = invite(&team, &email, json!({})).await;
        let (one, _) = present(&app.program(), &token).await;
        let (other, _) = present(&app.program(), &token).await;
        let before = count(&app).await;
        let (one, other) = tokio::join!(one.submit("password", form()), other.submit("password", form()));
        let late = match (one.status, other.status) {
            (200, _) => &other,
            (_, 200) => &one,
            _ => panic!("nobody came in: {one} {other}"),
        };
        // The slower one finds the invitation used or, where both had looked at it before, the address taken.
        match late.code() {
            Some(Code::EmailTaken) => {}
            _ => assert_eq!(late.refused(Code::InvitationInvalid)["reason"], "accepted"),
        }
        assert_eq!(count(&app).await, before + 1, "round {round}");
    }
    let seats = team.owner.client.get(&team.path("/seats")).await;
    assert_eq!((&seats.ok()["used"], &seats["invited"]), (&json!(4), &json!(0)));
}

async fn one_that_is_over_says_why(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let reason = async |token: &str| {
        let (_, answer) = present(&app.program(), token).await;
        assert_eq!(answer.state(), "show_form", "the flow stays usable: {answer}");
        answer.refused(Code::InvitationInvalid)["reason"].clone()
    };
    assert_eq!(reason("nonsense").await, "unknown");
    let (id, token) = invite(&team, BILL, json!({ "delivery": "link" })).await;
    team.owner.client.post(&team.path(&format!("/invitations/{id}:revoke"))).await.ok();
    assert_eq!(reason(&token).await, "revoked");
    let (_, token) = invite(&team, BILL, json!({ "delivery": "link", "expires_in_seconds": 3600 })).await;
    app.advance(3600);
    assert_eq!(reason(&token).await, "expired");
    let (_, token) = invite(&team, BILL, json!({ "delivery": "link" })).await;
    app.program().post("/v1/invitations:decline").json(&json!({ "token": token })).await.no_content();
    assert_eq!(reason(&token).await, "revoked");
}

async fn one_that_was_sent_again_or_taken_back_meanwhile_makes_no_account(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let before = count(&app).await;
    let (id, token) = invite(&team, BILL, json!({ "delivery": "link" })).await;
    let (flow, _) = present(&app.program(), &token).await;
    flow.submit("password", form()).await.goes_on("verify_address");
    team.owner.client.post(&team.path(&format!("/invitations/{id}:resend"))).await.ok();
    let code = app.latest_mail(BILL).await.code;
    let refused = flow.submit("code", json!({ "code": code })).await;
    assert_eq!(refused.refused(Code::InvitationInvalid)["reason"], "unknown");
    let (id, token) = invite(&team, "ann@partner.example", json!({})).await;
    let (flow, _) = present(&app.program(), &token).await;
    team.owner.client.post(&team.path(&format!("/invitations/{id}:revoke"))).await.ok();
    let refused = flow.submit("password", form()).await;
    assert_eq!(refused.refused(Code::InvitationInvalid)["reason"], "revoked");
    assert_eq!(count(&app).await, before);
}

async fn another_address_is_refused_and_the_invitation_stays(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (id, token) = invite(&team, BILL, json!({})).await;
    let (flow, _) = present(&app.program(), &token).await;
    let other = json!({ "traits": { "email": "will@partner.example" }, "password": PASSWORD });
    let refused = flow.submit("password", other).await;
    refused.refused(Code::InvitationForAnother);
    assert_eq!(refused.node("traits.email").expect("a node")["attributes"]["value"], BILL);
    assert_eq!(status_of(&team, &id).await, "pending");
    let same = json!({ "traits": { "email": "BILL@Partner.Example" }, "password": PASSWORD });
    flow.submit("password", same).await.token();
}

async fn an_address_with_an_account_signs_in_instead(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bill = app.person(BILL).await;
    let (id, token) = invite(&team, BILL, json!({})).await;
    let (flow, _) = present(&app.program(), &token).await;
    flow.submit("password", form()).await.refused(Code::EmailTaken);
    assert_eq!(status_of(&team, &id).await, "pending");
    bill.client.post("/v1/invitations:accept").json(&json!({ "token": token })).await.ok();
}

async fn an_account_that_is_hidden_from_others_is_told_to_the_invited(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    app.settings(json!({ "registration": { "discloses_accounts": false } })).await;
    app.account("ann@partner.example").await;
    let (_, token) = invite(&team, "ann@partner.example", json!({})).await;
    let (flow, _) = present(&app.program(), &token).await;
    flow.submit("password", form()).await.refused(Code::EmailTaken);
    let (_, token) = invite(&team, BILL, json!({})).await;
    let (flow, _) = present(&app.program(), &token).await;
    flow.submit("password", form()).await.token();
}

async fn without_a_free_seat_nothing_is_made_and_the_invitation_stays(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (id, token) = invite(&team, BILL, json!({})).await;
    app.admin_key().patch(&team.path("")).json(&json!({ "seat_limit": 1 })).await.ok();
    let (flow, _) = present(&app.program(), &token).await;
    let before = count(&app).await;
    flow.submit("password", form()).await.refused(Code::SeatLimitReached);
    assert_eq!((count(&app).await, status_of(&team, &id).await), (before, "pending".to_owned()));
    app.admin_key().patch(&team.path("")).json(&json!({ "seat_limit": 2 })).await.ok();
    flow.submit("password", form()).await.token();
}

async fn a_flow_of_another_organization_takes_no_such_invitation(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let initech = app.team("Initech", "joe@initech.example").await;
    let (_, token) = invite(&acme, BILL, json!({})).await;
    let body = json!({ "invitation_token": token });
    let flow = app.program().open_with("registration", &[("organization_id", &initech.id)]).await;
    let refused = flow.submit("invitation", body.clone()).await;
    assert_eq!(refused.refused(Code::InvitationInvalid)["reason"], "unknown");
    let flow = app.program().open_with("registration", &[("organization_id", &acme.id)]).await;
    flow.submit("invitation", body).await.goes_on("show_form");
    flow.submit("password", form()).await.token();
}

async fn a_missing_or_late_token_is_refused(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (_, token) = invite(&team, BILL, json!({ "delivery": "link" })).await;
    let flow = app.program().open("registration").await;
    let missing = flow.submit("invitation", json!({})).await;
    missing.refused_fields(Code::InputRejected, &[("invitation_token", "required")]);
    flow.submit("invitation", json!({ "invitation_token": token })).await.goes_on("show_form");
    flow.submit("password", form()).await.goes_on("verify_address");
    let late = flow.submit("invitation", json!({ "invitation_token": token })).await;
    late.refused(Code::StepUnavailable);
    let login = app.program().open("login").await;
    login.submit("invitation", json!({ "invitation_token": token })).await.refused(Code::MethodDisabled);
}

async fn the_invitation_says_where_to_go_on(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (_, token) = invite(&team, BILL, json!({ "return_to": "/account/security" })).await;
    let browser = app.browser();
    let (flow, answer) = present(&browser, &token).await;
    assert_eq!(answer.flow()["return_to"], "/account/security");
    let done = flow.submit("password", form()).await;
    assert_eq!(done.ok()["redirect_to"], "/account/security");
    assert_eq!(browser.cookie("X-Avnology-Org").as_deref(), Some(team.id.as_str()));
}

async fn a_page_opens_the_flow_with_the_invitation_in_it(app: TestApp) {
    use avnology_core::flows::{Created, FlowRequest, Holder, create};
    use avnology_model::flows::{FlowKind, Transport};
    let team = app.team("Acme", "jane@acme.example").await;
    let (_, token) = invite(&team, BILL, json!({})).await;
    let (tenant, cx) = (app.tenant(), app.tenant().system_cx());
    let open = async |token: &str| {
        let request = FlowRequest { invitation: Some(token.to_owned()), ..FlowRequest::default() };
        create(tenant, &cx, FlowKind::Registration, Transport::Api, Holder::Program, request, None).await
    };
    let Ok(Created::Flow(flow)) = open(&token).await else { panic!("a flow") };
    let flow = app.program().resume("registration", &flow.id.to_string()).await;
    assert_eq!(flow.opened["organization_id"], team.id);
    flow.submit("password", form()).await.token();
    let Err(error) = open(&token).await else { panic!("the invitation is used") };
    assert_eq!(error.code(), Code::InvitationInvalid);
}
