//! Invitations as organizations keep them: `contract/20` §7.

use avnology_model::{Code, events::EventType};
use avnology_testkit::{Answer, Live, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

const WEEK: i64 = 7 * 24 * 3600;

on_both_engines! {
    an_invitation_is_mailed_and_has_every_documented_member,
    the_mail_says_who_invites_as_what_and_in_which_words,
    an_invitation_by_link_tells_it_once_and_mails_nothing,
    no_token_is_kept_or_told_anywhere,
    without_a_role_an_invitation_offers_the_default_one,
    values_that_are_not_acceptable_are_all_named,
    a_role_that_is_not_there_or_above_ones_own_cannot_be_offered,
    members_read_invitations_and_send_none,
    an_address_has_one_open_invitation,
    two_requests_for_one_address_make_one_invitation,
    a_member_is_not_invited_again,
    nobody_is_invited_when_every_seat_is_taken,
    nobody_is_invited_into_a_closed_organization,
    several_people_are_invited_each_on_its_own,
    the_same_request_twice_invites_once_and_tells_the_same_link,
    lists_show_what_is_open_unless_asked_for_more,
    an_invitation_of_another_organization_is_not_there,
    an_invitation_sent_again_has_another_token_and_end,
    an_address_is_not_flooded_with_invitations,
    a_revoked_invitation_is_good_no_more,
    an_invitation_that_runs_out_is_told_and_makes_room,
    open_invitations_are_counted_beside_the_seats,
    whoever_holds_the_token_may_read_the_invitation,
    an_address_at_anothers_domain_is_invited_like_any_other,
    what_a_member_has_sent_ends_when_they_go,
}

async fn invite(team: &Team, email: &str) -> Answer {
    invite_with(team, email, json!({})).await
}

async fn invite_with(team: &Team, email: &str, more: Value) -> Answer {
    let mut body = json!({ "email": email });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    team.owner.client.post(&team.path("/invitations")).json(&body).await
}

fn token(link: &str) -> String {
    link.rsplit('/').next().expect("a last part").to_owned()
}

async fn lookup(app: &TestApp, token: &str) -> Answer {
    app.program().post("/v1/invitations:lookup").json(&json!({ "token": token })).await
}

fn emails(answer: &Answer) -> Vec<String> {
    let all = answer.ok()["invitations"].as_array().expect("invitations").clone();
    all.iter().map(|v| v["email"].as_str().expect("an address").to_owned()).collect()
}

async fn an_invitation_is_mailed_and_has_every_documented_member(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = invite(&team, "Bill@Partner.example").await;
    let expected = json!({
        "id": made.created()["id"], "organization_id": team.id, "email": "Bill@Partner.example", "role": "member",
        "group_ids": [], "status": "pending", "delivery": "email", "message": null, "return_to": null,
        "invited_by": team.owner.id, "expires_at": "2026-03-09T09:00:00.000Z", "create_time": "2026-03-02T09:00:00.000Z",
        "accepted_at": null, "accepted_identity_id": null,
    });
    assert_eq!(made.json(), &expected);
    let path = team.path(&format!("/invitations/{}", made.at("/id")));
    assert!(made.header("location").ends_with(&path));
    assert_eq!(team.owner.client.get(&path).await.ok(), &expected);
    let mail = app.latest_mail("Bill@Partner.example").await;
    assert_eq!(mail.kind, "invitation");
    assert!(mail.link.starts_with("https://id.example.com/invitations/avnl_inv_"), "{}", mail.link);
    let told = app.payloads(EventType::InvitationCreated).await;
    assert_eq!(told, [json!({ "invitation": expected })]);
}

async fn the_mail_says_who_invites_as_what_and_in_which_words(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    team.owner.client.patch("/v1/me").json(&json!({ "display_name": "Jane Doe" })).await.ok();
    app.account_with("bill@partner.example", json!({ "first_name": "William" })).await;
    let more = json!({ "role": "admin", "message": "Join us,\r\nplease." });
    let made = invite_with(&team, "bill@partner.example", more).await;
    assert_eq!(made.created()["message"], "Join us,\nplease.");
    let mail = app.latest_mail("bill@partner.example").await;
    for part in ["Jane Doe", "Acme", "admin", "Join us,", "William", &mail.link] {
        assert!(mail.text.contains(part), "{part}: {}", mail.text);
    }
    // A program that invites is not named as if it were a person.
    app.admin_key()
        .post(&team.path("/invitations"))
        .json(&json!({ "email": "b@partner.example" }))
        .await
        .created();
    assert_eq!(app.latest_mail("b@partner.example").await.subject, "You are invited to Acme");
}

async fn an_invitation_by_link_tells_it_once_and_mails_nothing(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = invite_with(&team, "bill@partner.example", json!({ "delivery": "link" })).await;
    made.created();
    let link = made.at("/accept_url");
    assert!(link.starts_with("https://id.example.com/invitations/avnl_inv_"), "{link}");
    lookup(&app, &token(&link)).await.ok();
    let read = team.owner.client.get(&team.path(&format!("/invitations/{}", made.at("/id")))).await;
    assert_eq!(read.ok().get("accept_url"), None);
    assert!(app.mail_kinds("bill@partner.example").await.is_empty());
}

async fn no_token_is_kept_or_told_anywhere(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let by_link = invite_with(&team, "a@partner.example", json!({ "delivery": "link" })).await;
    invite(&team, "b@partner.example").await.created();
    let secrets =
        [token(&by_link.at("/accept_url")), token(&app.latest_mail("b@partner.example").await.link)];
    for event in app.events().await {
        let text = serde_json::to_string(&event).expect("JSON");
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
    }
    let list = team.owner.client.get(&team.path("/invitations")).await;
    assert!(secrets.iter().all(|secret| !list.text().contains(secret)));
}

async fn without_a_role_an_invitation_offers_the_default_one(app: TestApp) {
    let team = app.team_with("Acme", "jane@acme.example", json!({ "default_role": "admin" })).await;
    assert_eq!(invite(&team, "bill@partner.example").await.created()["role"], "admin");
}

async fn values_that_are_not_acceptable_are_all_named(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let body = json!({
        "email": "bill", "message": "x".repeat(501), "expires_in_seconds": 60, "return_to": "https://evil.example/",
    });
    team.owner.client.post(&team.path("/invitations")).json(&body).await.refused_fields(
        Code::ValidationFailed,
        &[
            ("email", "invalid_format"),
            ("message", "too_long"),
            ("expires_in_seconds", "too_small"),
            ("return_to", "not_allowed"),
        ],
    );
    let body = json!({ "email": "bill@partner.example", "expires_in_seconds": 2_592_001 });
    let long = team.owner.client.post(&team.path("/invitations")).json(&body).await;
    long.refused_fields(Code::ValidationFailed, &[("expires_in_seconds", "too_large")]);
    let missing = json!({ "email": "b@partner.example", "group_ids": ["grp_01kjpwd6m0emptw6bw4v8qtn83"] });
    let missing = team.owner.client.post(&team.path("/invitations")).json(&missing).await;
    missing.refused_fields(Code::ValidationFailed, &[("group_ids[0]", "not_found")]);
    let kept = json!({ "return_to": "/account", "expires_in_seconds": 3600 });
    let kept = invite_with(&team, "bill@partner.example", kept).await;
    assert_eq!(
        (kept.at("/return_to"), kept.at("/expires_at")),
        ("/account".to_owned(), "2026-03-02T10:00:00.000Z".to_owned())
    );
}

async fn a_role_that_is_not_there_or_above_ones_own_cannot_be_offered(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let admin = team.member("adam@acme.example", "admin").await;
    let path = team.path("/invitations");
    let by = async |client: &avnology_testkit::Client, email: &str, role: &str| {
        client.post(&path).json(&json!({ "email": email, "role": role })).await
    };
    by(&admin.client, "a@partner.example", "owner").await.refused(Code::RoleNotAssignable);
    by(&admin.client, "a@partner.example", "nonsense").await.refused(Code::RoleNotAssignable);
    by(&admin.client, "a@partner.example", "Not a role!").await.refused(Code::RoleNotAssignable);
    by(&admin.client, "a@partner.example", "admin").await.created();
    let owners = by(&team.owner.client, "o@partner.example", "owner").await;
    owners.created();
    // Sending it again is giving it again.
    let resend = team.path(&format!("/invitations/{}:resend", owners.at("/id")));
    admin.client.post(&resend).await.refused(Code::RoleNotAssignable);
    team.owner.client.post(&resend).await.ok();
}

async fn members_read_invitations_and_send_none(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = team.member("mary@acme.example", "member").await;
    let made = invite(&team, "bill@partner.example").await;
    assert_eq!(emails(&mary.client.get(&team.path("/invitations")).await), ["bill@partner.example"]);
    let body = json!({ "email": "b@partner.example" });
    mary.client.post(&team.path("/invitations")).json(&body).await.refused(Code::ScopeMissing);
    for verb in ["resend", "revoke"] {
        let path = team.path(&format!("/invitations/{}:{verb}", made.at("/id")));
        mary.client.post(&path).await.refused(Code::ScopeMissing);
    }
    let stranger = app.person("sam@other.example").await;
    stranger.client.get(&team.path("/invitations")).await.refused(Code::NotAMember);
    app.program().get(&team.path("/invitations")).await.is(401);
}

async fn an_address_has_one_open_invitation(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let first = invite(&team, "bill@partner.example").await;
    first.created();
    assert_eq!(invite(&team, "BILL@partner.EXAMPLE").await.refused(Code::AlreadyExists)["field"], "email");
    team.owner.client.post(&team.path(&format!("/invitations/{}:revoke", first.at("/id")))).await.ok();
    invite(&team, "bill@partner.example").await.created();
    // Elsewhere the address is as free as ever.
    let other = app.team("Initech", "joe@initech.example").await;
    invite(&other, "bill@partner.example").await.created();
}

async fn two_requests_for_one_address_make_one_invitation(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (one, other) =
        tokio::join!(invite(&team, "bill@partner.example"), invite(&team, "bill@partner.example"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{one} {other}");
    assert_eq!(app.mail_kinds("bill@partner.example").await.len(), 1);
    assert_eq!(team.owner.client.get(&team.path("/seats")).await.ok()["invited"], 1);
}

async fn a_member_is_not_invited_again(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mary = app.person("mary@acme.example").await;
    let member = team.add(&mary.id, "member").await;
    let refused = invite(&team, "Mary@acme.example").await;
    assert_eq!(refused.refused(Code::MemberExists)["member_id"], member.to_string());
    // A suspended one neither: they are reactivated.
    let path = team.path(&format!("/members/{member}"));
    team.owner.client.patch(&path).json(&json!({ "state": "suspended" })).await.ok();
    invite(&team, "mary@acme.example").await.refused(Code::MemberExists);
}

async fn nobody_is_invited_when_every_seat_is_taken(app: TestApp) {
    let team = app.team_with("Acme", "jane@acme.example", json!({ "seat_limit": 2 })).await;
    // More may be invited than there are seats left: who accepts first gets one.
    invite(&team, "a@partner.example").await.created();
    invite(&team, "b@partner.example").await.created();
    team.member("mary@acme.example", "member").await;
    let refused = invite(&team, "c@partner.example").await;
    let problem = refused.refused(Code::SeatLimitReached);
    assert_eq!((&problem["limit"], &problem["used"]), (&json!(2), &json!(2)));
}

async fn nobody_is_invited_into_a_closed_organization(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = invite(&team, "a@partner.example").await;
    app.admin_key().patch(&team.path("")).json(&json!({ "registration_mode": "closed" })).await.ok();
    assert_eq!(invite(&team, "b@partner.example").await.refused(Code::ConflictingState)["state"], "closed");
    let resend = team.path(&format!("/invitations/{}:resend", made.at("/id")));
    team.owner.client.post(&resend).await.refused(Code::ConflictingState);
    team.owner.client.post(&team.path(&format!("/invitations/{}:revoke", made.at("/id")))).await.ok();
}

async fn several_people_are_invited_each_on_its_own(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let path = team.path("/invitations:batchCreate");
    let invitations = json!([
        { "email": "a@partner.example" },
        { "email": "nonsense" },
        { "email": "jane@acme.example" },
        { "email": "b@partner.example", "role": "admin", "delivery": "link" },
        { "email": "A@partner.example" },
    ]);
    let body = json!({ "invitations": invitations });
    let answer = team.owner.client.post(&path).header("idempotency-key", "k1").json(&body).await;
    let results = answer.ok()["results"].as_array().expect("results").clone();
    let codes: Vec<&Value> = results.iter().map(|r| &r["error"]["code"]).collect();
    let code = |code: Code| json!(code.text());
    assert_eq!(
        codes,
        [
            &Value::Null,
            &code(Code::ValidationFailed),
            &code(Code::MemberExists),
            &Value::Null,
            &code(Code::AlreadyExists)
        ]
    );
    assert_eq!((&results[1]["email"], &results[1]["invitation"]), (&json!("nonsense"), &Value::Null));
    assert!(results[3]["invitation"]["accept_url"].is_string());
    let again = team.owner.client.post(&path).header("idempotency-key", "k1").json(&body).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.ok(), answer.json());
    let many: Vec<Value> = (0..101).map(|i| json!({ "email": format!("p{i}@partner.example") })).collect();
    let many = team.owner.client.post(&path).json(&json!({ "invitations": many })).await;
    many.refused_fields(Code::ValidationFailed, &[("invitations", "too_long")]);
}

async fn the_same_request_twice_invites_once_and_tells_the_same_link(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let body = json!({ "email": "bill@partner.example", "delivery": "link" });
    let call =
        || team.owner.client.post(&team.path("/invitations")).header("idempotency-key", "k1").json(&body);
    let (first, again) = (call().await, call().await);
    first.created();
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!((again.created(), again.header("location")), (first.json(), first.header("location")));
}

async fn lists_show_what_is_open_unless_asked_for_more(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mut ids = Vec::new();
    for (i, email) in ["c@partner.example", "a@partner.example", "b@partner.example"].into_iter().enumerate()
    {
        let more = json!({ "expires_in_seconds": 86_400 * (3 - i), "role": if i == 0 { "admin" } else { "member" } });
        ids.push(invite_with(&team, email, more).await.at("/id"));
        app.advance(1);
    }
    team.owner.client.post(&team.path(&format!("/invitations/{}:revoke", ids[1]))).await.ok();
    let list = async |query: &[(&str, &str)]| {
        emails(&app.admin_key().get(&team.path("/invitations")).query(query).await)
    };
    assert_eq!(list(&[]).await, ["b@partner.example", "c@partner.example"], "the newest first");
    assert_eq!(list(&[("filter", "status = \"revoked\"")]).await, ["a@partner.example"]);
    assert_eq!(list(&[("filter", "status:*"), ("order_by", "email")]).await.len(), 3);
    assert_eq!(list(&[("filter", "role = \"admin\"")]).await, ["c@partner.example"]);
    assert_eq!(list(&[("filter", "email:\"B@*\"")]).await, ["b@partner.example"]);
    assert_eq!(list(&[("order_by", "expires_at")]).await, ["b@partner.example", "c@partner.example"]);
    assert_eq!(list(&[("order_by", "role")]).await, ["c@partner.example", "b@partner.example"]);
    let page = app.admin_key().get(&team.path("/invitations")).query(&[("page_size", "1")]).await;
    let next = page.at("/next_page_token");
    assert_eq!(list(&[("page_size", "1"), ("page_token", &next)]).await, ["c@partner.example"]);
    let shoe = team.owner.client.get(&team.path("/invitations")).query(&[("filter", "shoe = \"1\"")]).await;
    shoe.refused_fields(Code::ValidationFailed, &[("filter", "unknown_field")]);
    // One that has run out is not open, swept or not.
    app.advance(2 * 86_400);
    assert_eq!(list(&[]).await, ["c@partner.example"]);
    assert_eq!(list(&[("filter", "status = \"expired\"")]).await, ["b@partner.example"]);
}

async fn an_invitation_of_another_organization_is_not_there(app: TestApp) {
    let (acme, initech) =
        (app.team("Acme", "jane@acme.example").await, app.team("Initech", "joe@initech.example").await);
    let made = invite(&acme, "bill@partner.example").await;
    let id = made.at("/id");
    let foreign = initech.path(&format!("/invitations/{id}"));
    initech.owner.client.get(&foreign).await.refused(Code::NotFound);
    for verb in ["resend", "revoke"] {
        initech.owner.client.post(&format!("{foreign}:{verb}")).await.refused(Code::NotFound);
    }
    initech.owner.client.get(&acme.path(&format!("/invitations/{id}"))).await.refused(Code::NotAMember);
    assert!(emails(&initech.owner.client.get(&initech.path("/invitations")).await).is_empty());
}

async fn an_invitation_sent_again_has_another_token_and_end(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = invite_with(&team, "bill@partner.example", json!({ "expires_in_seconds": 86_400 })).await;
    let old = token(&app.latest_mail("bill@partner.example").await.link);
    app.advance(3600);
    let resending = team.path(&format!("/invitations/{}:resend", made.at("/id")));
    let again = team.owner.client.post(&resending).await;
    assert_eq!(
        (again.at("/status"), again.at("/expires_at")),
        ("pending".to_owned(), "2026-03-03T10:00:00.000Z".to_owned())
    );
    let new = token(&app.latest_mail("bill@partner.example").await.link);
    assert_ne!(old, new);
    assert_eq!(lookup(&app, &old).await.refused(Code::InvitationInvalid)["reason"], "unknown");
    lookup(&app, &new).await.ok();
    assert_eq!(app.payloads(EventType::InvitationResent).await.len(), 1);
    // One by link answers another link.
    let by_link = invite_with(&team, "b@partner.example", json!({ "delivery": "link" })).await;
    let resent =
        team.owner.client.post(&team.path(&format!("/invitations/{}:resend", by_link.at("/id")))).await;
    assert_ne!(resent.at("/accept_url"), by_link.at("/accept_url"));
    // What has run out is not sent again.
    app.advance(25 * 3600);
    assert_eq!(app.admin_key().post(&resending).await.refused(Code::ConflictingState)["state"], "expired");
}

async fn an_address_is_not_flooded_with_invitations(Live(app): Live) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = invite(&team, "bill@partner.example").await;
    made.created();
    let resend = team.path(&format!("/invitations/{}:resend", made.at("/id")));
    let early = team.owner.client.post(&resend).await;
    early.refused(Code::TooManyRequests);
    assert_eq!(early.header("retry-after"), "60");
    let token_before = token(&app.latest_mail("bill@partner.example").await.link);
    lookup(&app, &token_before).await.ok();
    // Taking it back and inviting again is no way around.
    team.owner.client.post(&team.path(&format!("/invitations/{}:revoke", made.at("/id")))).await.ok();
    invite(&team, "bill@partner.example").await.refused(Code::TooManyRequests);
    app.advance(60);
    invite(&team, "bill@partner.example").await.created();
    assert_eq!(app.mail_to("bill@partner.example").await.len(), 2);
}

async fn a_revoked_invitation_is_good_no_more(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = invite(&team, "bill@partner.example").await;
    let secret = token(&app.latest_mail("bill@partner.example").await.link);
    let revoke = team.path(&format!("/invitations/{}:revoke", made.at("/id")));
    assert_eq!(team.owner.client.post(&revoke).await.ok()["status"], "revoked");
    assert_eq!(lookup(&app, &secret).await.refused(Code::InvitationInvalid)["reason"], "revoked");
    assert_eq!(team.owner.client.post(&revoke).await.refused(Code::ConflictingState)["state"], "revoked");
    assert_eq!(app.payloads(EventType::InvitationRevoked).await.len(), 1);
}

async fn an_invitation_that_runs_out_is_told_and_makes_room(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = invite(&team, "bill@partner.example").await;
    let secret = token(&app.latest_mail("bill@partner.example").await.link);
    app.advance(WEEK - 1);
    lookup(&app, &secret).await.ok();
    app.sweep().await;
    assert!(app.payloads(EventType::InvitationExpired).await.is_empty());
    app.advance(1);
    // From then on it is good no more, before any sweep.
    assert_eq!(lookup(&app, &secret).await.refused(Code::InvitationInvalid)["reason"], "expired");
    let read = app.admin_key().get(&team.path(&format!("/invitations/{}", made.at("/id")))).await;
    assert_eq!(read.ok()["status"], "expired");
    app.sweep().await;
    app.sweep().await;
    let told = app.payloads(EventType::InvitationExpired).await;
    assert_eq!((told.len(), &told[0]["invitation"]["status"]), (1, &json!("expired")));
    let seats = app.admin_key().get(&team.path("/seats")).await;
    assert_eq!(seats.ok()["invited"], 0);
    // Inviting again does not wait for a sweep.
    let body = json!({ "email": "bill@partner.example", "expires_in_seconds": 3600 });
    app.admin_key().post(&team.path("/invitations")).json(&body).await.created();
    app.advance(3600);
    app.admin_key().post(&team.path("/invitations")).json(&body).await.created();
    assert_eq!(app.payloads(EventType::InvitationExpired).await.len(), 2);
    assert_eq!(app.admin_key().get(&team.path("/seats")).await.ok()["invited"], 1);
}

async fn open_invitations_are_counted_beside_the_seats(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let mut made = Vec::new();
    for email in ["a@partner.example", "b@partner.example", "c@partner.example"] {
        made.push(invite(&team, email).await.at("/id"));
    }
    let seats = async |query: &str| {
        let answer = team.owner.client.get(&team.path(&format!("/seats{query}"))).await;
        (answer.ok()["used"].clone(), answer["invited"].clone())
    };
    assert_eq!(seats("").await, (json!(1), json!(3)));
    assert_eq!(seats("?count_pending=true").await, (json!(4), json!(3)));
    team.owner.client.post(&team.path(&format!("/invitations/{}:revoke", made[0]))).await.ok();
    let secret = token(&app.latest_mail("b@partner.example").await.link);
    app.program().post("/v1/invitations:decline").json(&json!({ "token": secret })).await.no_content();
    assert_eq!(seats("").await, (json!(1), json!(1)));
}

async fn whoever_holds_the_token_may_read_the_invitation(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    team.owner.client.patch("/v1/me").json(&json!({ "display_name": "Jane Doe" })).await.ok();
    invite_with(&team, "bill@partner.example", json!({ "role": "admin" })).await.created();
    let secret = token(&app.latest_mail("bill@partner.example").await.link);
    let preview = lookup(&app, &secret).await;
    let methods = json!(["password", "passkey", "code", "link"]);
    assert_eq!(
        preview.ok(),
        &json!({
            "organization": { "id": team.id, "name": "Acme", "slug": "acme", "logo_url": null },
            "email": "bill@partner.example", "role": "admin", "invited_by_name": "Jane Doe",
            "expires_at": "2026-03-09T09:00:00.000Z", "account_exists": false,
            "auth_options": { "sso_required": false, "methods": methods, "registration": "by_invitation_only", "connections": [] },
        })
    );
    app.account("bill@partner.example").await;
    assert_eq!(lookup(&app, &secret).await.ok()["account_exists"], true);
    // Reading uses nothing up.
    lookup(&app, &secret).await.ok();
    for unknown in ["", "nonsense", &secret[..secret.len() - 1], &team.owner.client.token()] {
        assert_eq!(lookup(&app, unknown).await.refused(Code::InvitationInvalid)["reason"], "unknown");
    }
}

async fn an_address_at_anothers_domain_is_invited_like_any_other(app: TestApp) {
    let (acme, initech) =
        (app.team("Acme", "jane@acme.example").await, app.team("Initech", "joe@initech.example").await);
    initech.holds_domain("initech.example", |_| {}).await;
    let at_initech = invite(&acme, "bill@initech.example").await;
    let anywhere = invite(&acme, "bill@nowhere.example").await;
    let without_names = |answer: &Answer| {
        let mut body = answer.created().clone();
        for name in ["id", "email"] {
            body[name] = Value::Null;
        }
        body
    };
    assert_eq!(
        without_names(&at_initech),
        without_names(&anywhere),
        "nothing tells of the other organization"
    );
    // Whoever it is for may belong to both.
    let bill = initech.member("bill@initech.example", "member").await;
    let secret = token(&app.latest_mail("bill@initech.example").await.link);
    bill.client.post("/v1/invitations:accept").json(&json!({ "token": secret })).await.ok();
}

async fn what_a_member_has_sent_ends_when_they_go(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let adam = team.member("adam@acme.example", "admin").await;
    let by_adam = json!({ "email": "a@partner.example" });
    adam.client.post(&team.path("/invitations")).json(&by_adam).await.created();
    invite(&team, "j@partner.example").await.created();
    let elsewhere = app.team("Initech", "joe@initech.example").await;
    elsewhere.add(&adam.id, "admin").await;
    adam.client.post(&elsewhere.path("/invitations")).json(&by_adam).await.created();
    team.owner.client.delete(&team.path(&format!("/members/{}", adam.id))).await.no_content();
    assert_eq!(emails(&team.owner.client.get(&team.path("/invitations")).await), ["j@partner.example"]);
    assert_eq!(
        emails(&elsewhere.owner.client.get(&elsewhere.path("/invitations")).await),
        ["a@partner.example"]
    );
    assert_eq!(team.owner.client.get(&team.path("/seats")).await.ok()["invited"], 1);
}
