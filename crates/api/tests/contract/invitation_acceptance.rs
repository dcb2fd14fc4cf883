//! Answering an invitation with an account that is there: `contract/20` §7, `contract/10` §5.

use avnology_model::{Code, events::EventType, organizations::RegistrationMode};
use avnology_store::organizations::organizations;
use avnology_testkit::{Answer, Client, PASSWORD, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    an_existing_person_accepts_and_is_a_member_at_once,
    the_wrong_account_is_refused_and_the_invitation_stays,
    addresses_are_compared_whatever_their_case,
    twice_at_once_makes_one_member,
    two_invitees_want_the_last_seat_and_one_gets_it,
    taken_back_and_accepted_at_once_ends_one_way_or_the_other,
    one_that_is_over_says_why,
    a_full_organization_takes_nobody_and_the_invitation_stays,
    the_token_of_a_mail_proves_the_mailbox,
    a_link_that_was_passed_on_needs_a_proven_address,
    a_closed_organization_refuses_open_invitations,
    where_only_single_sign_on_leads_in_the_session_is_asked_for_it,
    a_suspended_organization_takes_nobody,
    a_member_cannot_accept,
    a_role_that_is_gone_since_gives_way_to_the_default_one,
    a_program_and_a_recovering_person_cannot_accept,
    whoever_holds_the_token_may_decline,
    ones_own_invitations_are_accepted_and_declined_by_id,
    an_invitation_to_an_unproven_or_foreign_address_is_not_ones_own,
    a_cookie_that_names_another_organization_does_not_stand_in_the_way,
}

async fn invite(team: &Team, email: &str, more: Value) -> (String, String) {
    let mut body = json!({ "email": email, "delivery": "link" });
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

async fn accept(client: &Client, token: &str) -> Answer {
    client.post("/v1/invitations:accept").json(&json!({ "token": token })).await
}

async fn status_of(team: &Team, id: &str) -> String {
    team.owner.client.get(&team.path(&format!("/invitations/{id}"))).await.at("/status")
}

fn statuses(one: &Answer, other: &Answer) -> [u16; 2] {
    let mut both = [one.status, other.status];
    both.sort_unstable();
    both
}

async fn an_existing_person_accepts_and_is_a_member_at_once(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bill = app.person("bill@partner.example").await;
    let (id, token) = invite(&team, "bill@partner.example", json!({ "role": "admin" })).await;
    bill.client.get(&team.path("/members")).await.refused(Code::NotAMember);
    let accepted = accept(&bill.client, &token).await;
    assert_eq!(
        accepted.ok()["organization"],
        json!({ "id": team.id, "name": "Acme", "slug": "acme", "logo_url": null })
    );
    let member = &accepted["member"];
    assert_eq!(
        (&member["role"], &member["source"], &member["state"], &member["identity"]["id"]),
        (&json!("admin"), &json!("invitation"), &json!("active"), &json!(bill.id))
    );
    let members = bill.client.get(&team.path("/members")).await;
    assert_eq!(members.ok()["members"].as_array().map(Vec::len), Some(2));
    let read = bill.client.get(&team.path(&format!("/invitations/{id}"))).await;
    assert_eq!(
        (read.at("/status"), read.at("/accepted_identity_id"), read.at("/accepted_at")),
        ("accepted".to_owned(), bill.id.clone(), "2026-03-02T09:00:00.000Z".to_owned())
    );
    let seats = bill.client.get(&team.path("/seats")).await;
    assert_eq!((&seats.ok()["used"], &seats["invited"]), (&json!(2), &json!(0)));
    let events = app.events().await;
    let told: Vec<EventType> = events
        .iter()
        .rev()
        .take(2)
        .filter(|e| e.actor.id.as_deref() == Some(&bill.id))
        .map(|e| e.event_type)
        .collect();
    assert_eq!(told, [EventType::InvitationAccepted, EventType::MemberAdded]);
    assert!(
        events
            .iter()
            .rev()
            .take(2)
            .all(|e| e.organization_id.map(|o| o.to_string()) == Some(team.id.clone()))
    );
}

async fn the_wrong_account_is_refused_and_the_invitation_stays(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (wrong, right) = (app.person("will@partner.example").await, app.person("bill@partner.example").await);
    let (_, token) = invite(&team, "bill@partner.example", json!({})).await;
    accept(&wrong.client, &token).await.refused(Code::InvitationForAnother);
    wrong.client.get(&team.path("")).await.refused(Code::NotAMember);
    accept(&right.client, &token).await.ok();
}

async fn addresses_are_compared_whatever_their_case(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bill = app.person("Bill@partner.example").await;
    let (_, token) = invite(&team, "BILL@Partner.Example", json!({})).await;
    accept(&bill.client, &token).await.ok();
}

async fn twice_at_once_makes_one_member(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bill = app.person("bill@partner.example").await;
    for round in 0..3 {
        let (_, token) = invite(&team, "bill@partner.example", json!({})).await;
        let (one, other) = tokio::join!(accept(&bill.client, &token), accept(&bill.client, &token));
        assert_eq!(statuses(&one, &other), [200, 400], "round {round}: {one} {other}");
        let late = if one.status == 200 { &other } else { &one };
        assert_eq!(late.refused(Code::InvitationInvalid)["reason"], "accepted");
        let seats = team.owner.client.get(&team.path("/seats")).await;
        assert_eq!((&seats.ok()["used"], &seats["invited"]), (&json!(2), &json!(0)));
        bill.client.delete(&format!("/v1/me/organizations/{}", team.id)).await.no_content();
    }
}

async fn two_invitees_want_the_last_seat_and_one_gets_it(app: TestApp) {
    let team = app.team_with("Acme", "jane@acme.example", json!({ "seat_limit": 2 })).await;
    let (a, b) = (app.person("a@partner.example").await, app.person("b@partner.example").await);
    let (_, token_a) = invite(&team, "a@partner.example", json!({})).await;
    let (_, token_b) = invite(&team, "b@partner.example", json!({})).await;
    let (one, other) = tokio::join!(accept(&a.client, &token_a), accept(&b.client, &token_b));
    assert_eq!(statuses(&one, &other), [200, 409], "{one} {other}");
    let late = if one.status == 200 { &other } else { &one };
    late.refused(Code::SeatLimitReached);
    let seats = team.owner.client.get(&team.path("/seats")).await;
    assert_eq!((&seats.ok()["used"], &seats["invited"]), (&json!(2), &json!(1)));
}

async fn taken_back_and_accepted_at_once_ends_one_way_or_the_other(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bill = app.person("bill@partner.example").await;
    for _ in 0..3 {
        let (id, token) = invite(&team, "bill@partner.example", json!({})).await;
        let revoke = team.path(&format!("/invitations/{id}:revoke"));
        let (accepted, revoked) =
            tokio::join!(accept(&bill.client, &token), team.owner.client.post(&revoke).into_future());
        assert_ne!(accepted.status == 200, revoked.status == 200, "{accepted} {revoked}");
        let is_member = bill.client.get(&team.path("")).await.status == 200;
        assert_eq!(is_member, accepted.status == 200);
        assert_eq!(status_of(&team, &id).await, if is_member { "accepted" } else { "revoked" });
        if is_member {
            revoked.refused(Code::ConflictingState);
            bill.client.delete(&format!("/v1/me/organizations/{}", team.id)).await.no_content();
        } else {
            assert_eq!(accepted.refused(Code::InvitationInvalid)["reason"], "revoked");
        }
    }
}

async fn one_that_is_over_says_why(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bill = app.person("bill@partner.example").await;
    let reason = async |token: &str| {
        accept(&bill.client, token).await.refused(Code::InvitationInvalid)["reason"].clone()
    };
    assert_eq!(reason("nonsense").await, "unknown");
    assert_eq!(reason(&bill.client.token()).await, "unknown");
    let (id, token) = invite(&team, "bill@partner.example", json!({})).await;
    team.owner.client.post(&team.path(&format!("/invitations/{id}:revoke"))).await.ok();
    assert_eq!(reason(&token).await, "revoked");
    let (_, token) = invite(&team, "bill@partner.example", json!({ "expires_in_seconds": 3600 })).await;
    app.advance(3600);
    assert_eq!(reason(&token).await, "expired");
    let (_, token) = invite(&team, "bill@partner.example", json!({})).await;
    accept(&bill.client, &token).await.ok();
    assert_eq!(reason(&token).await, "accepted");
}

async fn a_full_organization_takes_nobody_and_the_invitation_stays(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bill = app.person("bill@partner.example").await;
    let (id, token) = invite(&team, "bill@partner.example", json!({})).await;
    app.admin_key().patch(&team.path("")).json(&json!({ "seat_limit": 1 })).await.ok();
    let full = accept(&bill.client, &token).await;
    let problem = full.refused(Code::SeatLimitReached);
    assert_eq!((&problem["limit"], &problem["used"]), (&json!(1), &json!(1)));
    assert_eq!(status_of(&team, &id).await, "pending");
    bill.client.get(&team.path("")).await.refused(Code::NotAMember);
    app.admin_key().patch(&team.path("")).json(&json!({ "seat_limit": 2 })).await.ok();
    accept(&bill.client, &token).await.ok();
}

async fn the_token_of_a_mail_proves_the_mailbox(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bill = app.program();
    bill.register("bill@partner.example").await.ok();
    assert_eq!(bill.whoami().await["identity"]["email_verified"], false);
    let (_, token) = invite(&team, "bill@partner.example", json!({ "delivery": "email" })).await;
    accept(&bill, &token).await.ok();
    assert_eq!(bill.whoami().await.ok()["identity"]["email_verified"], true);
    // The session was the account's own: its password goes on.
    app.program().sign_in("bill@partner.example", PASSWORD).await.ok();
    assert_eq!(app.payloads(EventType::UserEmailVerified).await.len(), 1);
}

async fn a_link_that_was_passed_on_needs_a_proven_address(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bill = app.program();
    bill.register("bill@partner.example").await.ok();
    let (id, token) = invite(&team, "bill@partner.example", json!({})).await;
    let refused = accept(&bill, &token).await;
    let flow = refused.refused(Code::VerificationRequired)["verification_flow_id"].clone();
    assert_eq!(status_of(&team, &id).await, "pending");
    bill.get(&team.path("")).await.refused(Code::NotAMember);
    // The flow that the answer names leads on.
    let flow = bill.resume("verification", flow.as_str().expect("a flow")).await;
    let code = app.latest_mail("bill@partner.example").await.code;
    flow.submit("code", json!({ "code": code })).await.is(200);
    accept(&bill, &token).await.ok();
}

async fn a_closed_organization_refuses_open_invitations(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bill = app.person("bill@partner.example").await;
    let (id, token) = invite(&team, "bill@partner.example", json!({})).await;
    app.admin_key().patch(&team.path("")).json(&json!({ "registration_mode": "closed" })).await.ok();
    let refused = accept(&bill.client, &token).await;
    assert_eq!(refused.refused(Code::RegistrationDisabled)["registration_mode"], "closed");
    bill.client.post(&format!("/v1/me/invitations/{id}:accept")).await.refused(Code::RegistrationDisabled);
    app.admin_key()
        .patch(&team.path(""))
        .json(&json!({ "registration_mode": "by_invitation_only" }))
        .await
        .ok();
    accept(&bill.client, &token).await.ok();
}

async fn where_only_single_sign_on_leads_in_the_session_is_asked_for_it(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bill = app.person("bill@partner.example").await;
    let (id, token) = invite(&team, "bill@partner.example", json!({})).await;
    let organization = team.id.parse().expect("an organization");
    for (mode, sso_required) in [(RegistrationMode::SsoOnly, false), (RegistrationMode::Public, true)] {
        let now = app.now();
        let close = app.tenant().store.identity().write(move |tx| {
            let mut acme = organizations::get(tx, organization)?;
            (acme.registration_mode, acme.sso_required) = (mode, sso_required);
            organizations::update(tx, &mut acme, now)
        });
        close.await.expect("a change");
        let refused = accept(&bill.client, &token).await;
        let required = json!({ "aal": null, "max_age": null, "connection_id": null, "methods": ["sso"] });
        assert_eq!(refused.refused(Code::StepUpRequired)["required"], required);
        assert_eq!(status_of(&team, &id).await, "pending");
    }
}

async fn a_suspended_organization_takes_nobody(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bill = app.person("bill@partner.example").await;
    let (_, token) = invite(&team, "bill@partner.example", json!({})).await;
    app.admin_key().post(&team.path(":suspend")).json(&json!({ "reason": "unpaid" })).await.ok();
    assert_eq!(accept(&bill.client, &token).await.refused(Code::OrganizationSuspended)["state"], "suspended");
    app.admin_key().post(&team.path(":activate")).await.ok();
    accept(&bill.client, &token).await.ok();
}

async fn a_member_cannot_accept(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bill = app.person("bill@partner.example").await;
    let (_, token) = invite(&team, "bill@partner.example", json!({ "role": "owner" })).await;
    let member = team.add(&bill.id, "member").await;
    let refused = accept(&bill.client, &token).await;
    assert_eq!(refused.refused(Code::MemberExists)["member_id"], member.to_string());
    let read = bill.client.get(&team.path(&format!("/members/{member}"))).await;
    assert_eq!(read.ok()["role"], "member", "an invitation changes no role");
}

async fn a_role_that_is_gone_since_gives_way_to_the_default_one(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bill = app.person("bill@partner.example").await;
    let role = json!({ "key": "auditor", "name": "Auditor", "permissions": ["audit:read"] });
    team.owner.client.post(&team.path("/roles")).json(&role).await.created();
    let (_, token) = invite(&team, "bill@partner.example", json!({ "role": "auditor" })).await;
    team.owner.client.delete(&team.path("/roles/auditor")).await.no_content();
    assert_eq!(accept(&bill.client, &token).await.ok()["member"]["role"], "member");
}

async fn a_program_and_a_recovering_person_cannot_accept(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (_, token) = invite(&team, "bill@partner.example", json!({})).await;
    app.program().post("/v1/invitations:accept").json(&json!({ "token": token })).await.is(401);
    accept(&app.admin_key(), &token).await.refused(Code::ScopeMissing);
    let bill = app.recovering("bill@partner.example").await;
    accept(&bill.client, &token).await.refused(Code::StepUpRequired);
}

async fn whoever_holds_the_token_may_decline(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (id, token) = invite(&team, "bill@partner.example", json!({})).await;
    let decline =
        async || app.program().post("/v1/invitations:decline").json(&json!({ "token": token })).await;
    decline().await.no_content();
    assert_eq!(status_of(&team, &id).await, "declined");
    assert_eq!(decline().await.refused(Code::InvitationInvalid)["reason"], "revoked");
    assert_eq!(app.payloads(EventType::InvitationDeclined).await.len(), 1);
    let bill = app.person("bill@partner.example").await;
    accept(&bill.client, &token).await.refused(Code::InvitationInvalid);
}

async fn ones_own_invitations_are_accepted_and_declined_by_id(app: TestApp) {
    let (acme, initech) =
        (app.team("Acme", "jane@acme.example").await, app.team("Initech", "joe@initech.example").await);
    let bill = app.person("bill@partner.example").await;
    let (one, _) = invite(&acme, "bill@partner.example", json!({ "role": "admin" })).await;
    let (other, _) = invite(&initech, "bill@partner.example", json!({})).await;
    let accepted = bill.client.post(&format!("/v1/me/invitations/{one}:accept")).await;
    assert_eq!(
        (accepted.ok()["member"]["role"].clone(), accepted.json().as_object().map(serde_json::Map::len)),
        (json!("admin"), Some(1))
    );
    bill.client.post(&format!("/v1/me/invitations/{other}:decline")).await.no_content();
    assert_eq!(
        (status_of(&acme, &one).await, status_of(&initech, &other).await),
        ("accepted".to_owned(), "declined".to_owned())
    );
    for (id, reason) in [(&one, "accepted"), (&other, "revoked")] {
        for verb in ["accept", "decline"] {
            let again = bill.client.post(&format!("/v1/me/invitations/{id}:{verb}")).await;
            assert_eq!(again.refused(Code::InvitationInvalid)["reason"], reason);
        }
    }
}

async fn an_invitation_to_an_unproven_or_foreign_address_is_not_ones_own(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (unproven, stranger) = (app.program(), app.person("sam@other.example").await);
    unproven.register("bill@partner.example").await.ok();
    let (id, _) = invite(&team, "bill@partner.example", json!({})).await;
    for client in [&unproven, &stranger.client] {
        for verb in ["accept", "decline"] {
            let refused = client.post(&format!("/v1/me/invitations/{id}:{verb}")).await;
            assert_eq!(refused.refused(Code::InvitationInvalid)["reason"], "unknown");
        }
        assert_eq!(client.get("/v1/me/organizations").await.ok()["invitations"], json!([]));
    }
    assert_eq!(status_of(&team, &id).await, "pending");
}

async fn a_cookie_that_names_another_organization_does_not_stand_in_the_way(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let bill = app.browsing("bill@partner.example").await;
    bill.client.set_cookie("X-Avnology-Org", &team.id);
    let (_, token) = invite(&team, "bill@partner.example", json!({})).await;
    accept(&bill.client, &token).await.ok();
}
