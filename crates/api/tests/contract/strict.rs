//! Strict federation: an account belongs to one organization, and a person has one in each (`contract/20` §13).

use avnology_model::{Code, permissions::PlatformRole};
use avnology_testkit::{Answer, Client, PASSWORD, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    accounts_are_made_inside_one_organization_or_not_at_all,
    two_accounts_of_one_person_share_no_password_session_or_lock,
    recovery_concerns_one_of_the_accounts,
    codes_and_proofs_of_an_address_concern_one_of_the_accounts,
    what_is_taken_in_one_organization_is_free_in_another,
    an_address_is_changed_without_a_word_about_other_organizations,
    nobody_is_added_from_elsewhere,
    an_invitation_is_answered_inside_its_organization,
    joining_and_switching_elsewhere_is_refused,
    an_account_shows_its_home_and_nothing_else,
    who_is_removed_is_switched_off_and_can_come_back,
    who_leaves_is_switched_off_unless_nobody_else_owns_the_organization,
    an_account_ends_with_its_membership,
    deleting_one_account_leaves_the_other_with_its_messages,
    an_organization_goes_with_its_people,
    who_runs_the_platform_outlives_their_organization,
    organizations_are_made_by_the_platform_and_their_first_owner_is_invited,
    those_who_run_the_platform_sign_in_without_an_organization,
}

const JANE: &str = "jane@home.example";
const OTHER: &str = "amber canyon tulip 9";

/// Two organizations of a strict tenant.
async fn strict(app: &TestApp) -> (Team, Team) {
    let acme = app.team("Acme", "boss@acme.example").await;
    let initech = app.team("Initech", "boss@initech.example").await;
    app.finish_organizations().await;
    app.settings(json!({ "identity_federation_mode": "strict" })).await;
    (acme, initech)
}

/// Makes an account in an organization.
async fn make(app: &TestApp, team: &Team, identity: Value, password: &str) -> Answer {
    let body = json!({ "identity": identity, "organization_id": team.id, "initial_password": password });
    app.admin_key().post("/v1/identities").json(&body).await
}

/// An account of this address; its id.
async fn account(app: &TestApp, team: &Team, email: &str, password: &str) -> String {
    let made = make(app, team, json!({ "email": email, "email_verified": true }), password).await;
    made.created();
    made.at("/id")
}

/// Jane at Acme and Jane at Initech.
async fn janes(app: &TestApp, acme: &Team, initech: &Team) -> (String, String) {
    (account(app, acme, JANE, PASSWORD).await, account(app, initech, JANE, OTHER).await)
}

async fn sign_in(client: &Client, team: &Team, password: &str) -> Answer {
    let flow = client.open_with("login", &[("organization_id", &team.slug)]).await;
    let answer = flow.submit("password", json!({ "identifier": JANE, "password": password })).await;
    client.take(&answer);
    answer
}

/// Somebody who is signed in there.
async fn signed_in(app: &TestApp, team: &Team, password: &str) -> Client {
    let client = app.program();
    sign_in(&client, team, password).await.ok();
    client
}

async fn accounts_are_made_inside_one_organization_or_not_at_all(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    let body = json!({ "identity": { "email": JANE } });
    let refused = app.admin_key().post("/v1/identities").json(&body).await;
    refused.refused_fields(Code::ValidationFailed, &[("organization_id", "required")]);
    let made = make(&app, &acme, json!({ "email": JANE }), PASSWORD).await;
    assert_eq!(made.created()["organization_id"], json!(acme.id));
    assert_eq!(made["managed_by"], json!(acme.id));
    let member = app.admin_key().get(&acme.path(&format!("/members/{}", made.at("/id")))).await;
    assert_eq!((member.at("/role"), member.at("/state")), ("member".into(), "active".into()));

    // Nobody registers for themselves alone.
    let flow = app.program().open("registration").await;
    let fields = json!({ "traits": { "email": "nina@home.example" }, "password": PASSWORD });
    let refused = flow.submit("password", fields.clone()).await;
    refused.refused_fields(Code::ValidationFailed, &[("organization_id", "required")]);
    app.admin_key().patch(&initech.path("")).json(&json!({ "registration_mode": "public" })).await.ok();
    let program = app.program();
    let flow = program.open_with("registration", &[("organization_id", &initech.slug)]).await;
    let answer = flow.submit("password", fields).await;
    assert_eq!(answer.ok()["session"]["identity"]["organization_id"], json!(initech.id));
}

async fn two_accounts_of_one_person_share_no_password_session_or_lock(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    let (one, two) = janes(&app, &acme, &initech).await;
    assert_ne!(one, two);
    let (here, there) = (signed_in(&app, &acme, PASSWORD).await, signed_in(&app, &initech, OTHER).await);
    sign_in(&app.program(), &acme, OTHER).await.refused(Code::WrongCredentials);
    sign_in(&app.program(), &initech, PASSWORD).await.refused(Code::WrongCredentials);
    for (client, id, team) in [(&here, &one, &acme), (&there, &two, &initech)] {
        let session = client.whoami().await;
        assert_eq!(
            (session.at("/identity/id"), session.at("/organization_id")),
            (id.clone(), team.id.clone())
        );
        assert_eq!(client.get("/v1/sessions").await.ok()["sessions"].as_array().map(Vec::len), Some(1));
    }
    // One is locked, given another password, and switched off; the other notices nothing.
    for _ in 0..5 {
        sign_in(&app.program(), &acme, "wrong").await;
    }
    sign_in(&app.program(), &acme, PASSWORD).await.refused(Code::AccountLocked);
    sign_in(&app.program(), &initech, OTHER).await.ok();
    let path = format!("/v1/identities/{one}");
    app.admin_key()
        .post(&format!("{path}:setPassword"))
        .json(&json!({ "password": "plum harbor signal 3" }))
        .await
        .ok();
    app.admin_key().post(&format!("{path}:deactivate")).json(&json!({})).await.ok();
    here.whoami().await.refused(Code::SessionInvalid);
    there.whoami().await.ok();
    sign_in(&app.program(), &initech, OTHER).await.ok();
}

async fn recovery_concerns_one_of_the_accounts(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    let (_, two) = janes(&app, &acme, &initech).await;
    let program = app.program();
    let flow = program.open_with("recovery", &[("organization_id", &initech.slug)]).await;
    flow.submit("code", json!({ "email": JANE })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    let recovered = flow.submit("code", json!({ "code": code })).await;
    assert_eq!(recovered.at("/session/identity_id"), two);
    program.set_token(&recovered.token());
    let settings = program.follow(&recovered);
    settings.submit("password", json!({ "password": "plum harbor signal 3" })).await.ok();
    sign_in(&app.program(), &acme, PASSWORD).await.ok();
    sign_in(&app.program(), &initech, OTHER).await.refused(Code::WrongCredentials);
    sign_in(&app.program(), &initech, "plum harbor signal 3").await.ok();
}

async fn codes_and_proofs_of_an_address_concern_one_of_the_accounts(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    let one = make(&app, &acme, json!({ "email": JANE }), PASSWORD).await.at("/id");
    let two = make(&app, &initech, json!({ "email": JANE }), OTHER).await.at("/id");
    let flow = app.program().open_with("verification", &[("organization_id", &acme.slug)]).await;
    flow.submit("code", json!({ "email": JANE })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    flow.submit("code", json!({ "code": code })).await.ok();
    for (id, proven) in [(&one, true), (&two, false)] {
        let found = app.admin_key().get(&format!("/v1/identities/{id}")).await;
        assert_eq!(found.ok()["email_verified"], json!(proven));
    }
    // A code for one signs in to that one.
    let flow = app.program().open_with("login", &[("organization_id", &acme.slug)]).await;
    flow.submit("code", json!({ "identifier": JANE })).await.goes_on("sent_email");
    let code = app.latest_mail(JANE).await.code;
    let other = app.program().open_with("login", &[("organization_id", &initech.slug)]).await;
    other.submit("code", json!({ "identifier": JANE })).await.goes_on("sent_email");
    other.submit("code", json!({ "code": code })).await.refused(Code::WrongCode);
    assert_eq!(flow.submit("code", json!({ "code": code })).await.at("/session/identity_id"), one);
}

async fn what_is_taken_in_one_organization_is_free_in_another(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    let full = json!({ "email": JANE, "username": "jane", "phone": "+14155550123", "phone_verified": true,
        "external_id": "42" });
    make(&app, &acme, full.clone(), PASSWORD).await.created();
    make(&app, &initech, full, PASSWORD).await.created();
    for (fields, code, field) in [
        (json!({ "email": "JANE@home.example" }), Code::EmailTaken, Value::Null),
        (json!({ "email": "a@home.example", "username": "Jane" }), Code::HandleTaken, json!("username")),
        (
            json!({ "email": "a@home.example", "phone": "+14155550123", "phone_verified": true }),
            Code::HandleTaken,
            json!("phone"),
        ),
        (
            json!({ "email": "a@home.example", "external_id": "42" }),
            Code::AlreadyExists,
            json!("external_id"),
        ),
    ] {
        let refused = make(&app, &acme, fields, PASSWORD).await;
        assert_eq!(refused.refused(code)["field"], field);
    }
    // Whoever registers is told of accounts there, and of no other.
    let third = app
        .admin_key()
        .post("/v1/organizations")
        .json(&json!({ "name": "Hooli", "registration_mode": "public" }));
    let third = third.await.at("/id");
    app.finish_organizations().await;
    app.admin_key().patch(&acme.path("")).json(&json!({ "registration_mode": "public" })).await.ok();
    let fields = json!({ "traits": { "email": JANE }, "password": PASSWORD });
    let flow = app.program().open_with("registration", &[("organization_id", &acme.id)]).await;
    flow.submit("password", fields.clone()).await.refused(Code::EmailTaken);
    let flow = app.program().open_with("registration", &[("organization_id", &third)]).await;
    flow.submit("password", fields).await.ok();
}

async fn an_address_is_changed_without_a_word_about_other_organizations(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    account(&app, &acme, JANE, PASSWORD).await;
    let path = format!("/v1/identities/{}", initech.owner.id);
    let changed = app.admin_key().patch(&path).json(&json!({ "identity": { "email": JANE } })).await;
    assert_eq!(changed.ok()["email"], json!(JANE));
    let path = format!("/v1/identities/{}", acme.owner.id);
    app.admin_key()
        .patch(&path)
        .json(&json!({ "identity": { "email": JANE } }))
        .await
        .refused(Code::EmailTaken);
}

async fn nobody_is_added_from_elsewhere(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    let (one, two) = janes(&app, &acme, &initech).await;
    let add = async |body: Value| app.admin_key().post(&initech.path("/members")).json(&body).await;
    add(json!({ "identity_id": one })).await.refused(Code::NotFound);
    add(json!({ "email": "boss@acme.example" })).await.refused(Code::NotFound);
    let own = add(json!({ "identity_id": two })).await;
    own.refused(Code::MemberExists);
    // The address means the account of this organization.
    let own = add(json!({ "email": JANE })).await;
    let member = app.admin_key().get(&initech.path(&format!("/members/{two}"))).await.at("/id");
    assert_eq!(own.refused(Code::MemberExists)["member_id"], json!(member));
}

async fn an_invitation_is_answered_inside_its_organization(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    let one = account(&app, &acme, JANE, PASSWORD).await;
    let jane = signed_in(&app, &acme, PASSWORD).await;
    let body = json!({ "email": JANE, "role": "admin", "delivery": "link" });
    let invited = initech.owner.client.post(&initech.path("/invitations")).json(&body).await;
    let url = invited.created()["accept_url"].as_str().expect("a link").to_owned();
    let token = url.rsplit('/').next().expect("a token");
    let seen = app.program().post("/v1/invitations:lookup").json(&json!({ "token": token })).await;
    assert_eq!(seen.ok()["account_exists"], json!(false));
    assert_eq!(jane.get("/v1/me/organizations").await.ok()["invitations"], json!([]));
    let id = invited.at("/id");
    jane.post("/v1/invitations:accept")
        .json(&json!({ "token": token }))
        .await
        .refused(Code::InvitationForAnother);
    jane.post(&format!("/v1/me/invitations/{id}:accept")).await.refused(Code::InvitationInvalid);

    // Jane makes an account there, with a password of its own.
    let flow = app.program().open("registration").await;
    flow.submit("invitation", json!({ "invitation_token": token })).await.goes_on("show_form");
    flow.submit("password", json!({ "password": OTHER })).await.goes_on("verify_address");
    let code = app.latest_mail(JANE).await.code;
    let answer = flow.submit("code", json!({ "code": code })).await;
    let two = answer.at("/session/identity_id");
    assert_ne!(one, two);
    assert_eq!(answer["session"]["identity"]["organization_id"], json!(initech.id));
    let member = initech.owner.client.get(&initech.path(&format!("/members/{two}"))).await;
    assert_eq!(member.at("/role"), "admin");
    sign_in(&app.program(), &acme, PASSWORD).await.ok();
}

async fn joining_and_switching_elsewhere_is_refused(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    account(&app, &acme, JANE, PASSWORD).await;
    let jane = signed_in(&app, &acme, PASSWORD).await;
    app.admin_key().patch(&initech.path("")).json(&json!({ "registration_mode": "public" })).await.ok();
    initech.holds_domain("home.example", |_| {}).await;
    jane.post(&initech.path(":join")).await.refused(Code::RegistrationDisabled);
    let switch = async |to: Value| {
        jane.post("/v1/sessions:switchOrganization").json(&json!({ "organization_id": to })).await
    };
    switch(json!(initech.id)).await.refused(Code::NotAMember);
    switch(Value::Null).await.refused(Code::NotAMember);
    assert_eq!(switch(json!(acme.id)).await.ok()["organization_id"], json!(acme.id));
    jane.get(&initech.path("")).await.refused(Code::NotAMember);
    jane.get_in(&initech.id, "/v1/me").await.refused(Code::NotAMember);
}

async fn an_account_shows_its_home_and_nothing_else(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    janes(&app, &acme, &initech).await;
    // Initech would let anybody at this domain join.
    app.admin_key().patch(&initech.path("")).json(&json!({ "registration_mode": "public" })).await.ok();
    initech.holds_domain("home.example", |_| {}).await;
    let jane = signed_in(&app, &acme, PASSWORD).await;
    let own = jane.get("/v1/me/organizations").await;
    let organizations: Vec<_> = own.ok()["memberships"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|m| &m["organization"]["id"])
        .collect();
    assert_eq!(organizations, [&json!(acme.id)]);
    assert_eq!((&own["joinable"], &own["invitations"]), (&json!([]), &json!([])));
    // In Initech's scope there is no Jane of Acme.
    let list = initech.owner.client.get_in(&initech.id, "/v1/identities").await;
    let homes = list.ok()["identities"].as_array().expect("a list");
    assert!(homes.iter().all(|found| found["organization_id"] == json!(initech.id)), "{list}");
}

async fn who_is_removed_is_switched_off_and_can_come_back(app: TestApp) {
    let (acme, _) = strict(&app).await;
    let id = account(&app, &acme, JANE, PASSWORD).await;
    let jane = signed_in(&app, &acme, PASSWORD).await;
    jane.whoami().await.ok();
    acme.owner.client.delete(&acme.path(&format!("/members/{id}"))).await.no_content();
    jane.whoami().await.refused(Code::SessionInvalid);
    let found = app.admin_key().get(&format!("/v1/identities/{id}")).await;
    assert_eq!((found.at("/state"), found.at("/organization_id")), ("inactive".into(), acme.id.clone()));
    sign_in(&app.program(), &acme, PASSWORD).await.refused(Code::AccountInactive);
    // The organization still holds the account, and nobody else gets it.
    make(&app, &acme, json!({ "email": JANE }), PASSWORD).await.refused(Code::EmailTaken);
    let body = json!({ "identity_id": id, "role": "member" });
    app.admin_key().post(&acme.path("/members")).json(&body).await.created();
    let verb = format!("/v1/identities/{id}:reactivate");
    acme.owner.client.post(&verb).header("x-avnology-org", &acme.id).json(&json!({})).await.ok();
    sign_in(&app.program(), &acme, PASSWORD).await.ok();
}

async fn who_leaves_is_switched_off_unless_nobody_else_owns_the_organization(app: TestApp) {
    let (acme, _) = strict(&app).await;
    let id = account(&app, &acme, JANE, PASSWORD).await;
    let jane = signed_in(&app, &acme, PASSWORD).await;
    let leave = format!("/v1/me/organizations/{}", acme.id);
    acme.owner.client.delete(&leave).await.refused(Code::LastOwner);
    acme.owner.client.whoami().await.ok();
    jane.delete(&leave).await.no_content();
    jane.whoami().await.refused(Code::SessionInvalid);
    assert_eq!(app.admin_key().get(&format!("/v1/identities/{id}")).await.at("/state"), "inactive");
    // The last one who runs the platform stays even so.
    let root = account(&app, &acme, "root@acme.example", PASSWORD).await;
    app.grant(&root, PlatformRole::Admin).await;
    let path = acme.path(&format!("/members/{root}"));
    acme.owner.client.delete(&path).await.refused(Code::LastOwner);
    acme.owner.client.get(&path).await.ok();
}

async fn an_account_ends_with_its_membership(app: TestApp) {
    let (acme, _) = strict(&app).await;
    let id = account(&app, &acme, JANE, PASSWORD).await;
    let jane = signed_in(&app, &acme, PASSWORD).await;
    let end = json!({ "expire_time": app.now().plus_seconds(60) });
    acme.owner.client.patch(&acme.path(&format!("/members/{id}"))).json(&end).await.ok();
    app.advance(61);
    app.sweep().await;
    jane.whoami().await.refused(Code::SessionInvalid);
    assert_eq!(app.admin_key().get(&format!("/v1/identities/{id}")).await.at("/state"), "inactive");
}

async fn deleting_one_account_leaves_the_other_with_its_messages(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    let (one, two) = janes(&app, &acme, &initech).await;
    for team in [&acme, &initech] {
        let flow = app.program().open_with("login", &[("organization_id", &team.slug)]).await;
        flow.submit("code", json!({ "identifier": JANE })).await.goes_on("sent_email");
    }
    assert_eq!(app.mail_kinds(JANE).await.len(), 2);
    app.admin_key().delete(&format!("/v1/identities/{one}?force=true")).await.no_content();
    app.admin_key().get(&format!("/v1/identities/{one}")).await.refused(Code::NotFound);
    app.admin_key().get(&format!("/v1/identities/{two}")).await.ok();
    assert_eq!(app.mail_kinds(JANE).await.len(), 1);
    sign_in(&app.program(), &acme, PASSWORD).await.refused(Code::WrongCredentials);
    sign_in(&app.program(), &initech, OTHER).await.ok();
}

/// Deletes an organization and lets its grace period go by.
async fn destroy(app: &TestApp, team: &Team) {
    app.admin_key().delete(&team.path("")).await.is(202);
    app.advance(31 * 24 * 3600);
    app.sweep().await;
}

async fn an_organization_goes_with_its_people(app: TestApp) {
    let (acme, initech) = strict(&app).await;
    let (one, two) = janes(&app, &acme, &initech).await;
    let jane = signed_in(&app, &acme, PASSWORD).await;
    destroy(&app, &acme).await;
    for id in [&one, &acme.owner.id] {
        app.admin_key().get(&format!("/v1/identities/{id}")).await.refused(Code::NotFound);
    }
    jane.whoami().await.refused(Code::SessionInvalid);
    app.admin_key().get(&format!("/v1/identities/{two}")).await.ok();
    sign_in(&app.program(), &initech, OTHER).await.ok();
}

async fn who_runs_the_platform_outlives_their_organization(app: TestApp) {
    let (acme, _) = strict(&app).await;
    app.grant(&acme.owner.id, PlatformRole::Admin).await;
    destroy(&app, &acme).await;
    let found = app.admin_key().get(&format!("/v1/identities/{}", acme.owner.id)).await;
    assert_eq!((found.at("/state"), found["organization_id"].clone()), ("active".into(), Value::Null));
}

async fn organizations_are_made_by_the_platform_and_their_first_owner_is_invited(app: TestApp) {
    let (acme, _) = strict(&app).await;
    let admin = account(&app, &acme, "root@acme.example", PASSWORD).await;
    app.grant(&admin, PlatformRole::Admin).await;
    let body = json!({ "name": "Hooli" });
    acme.owner.client.post("/v1/organizations").json(&body).await.refused(Code::OrganizationCreationRefused);
    let owned = json!({ "name": "Hooli", "owner_id": admin });
    let refused = app.admin_key().post("/v1/organizations").json(&owned).await;
    refused.refused_fields(Code::ValidationFailed, &[("owner_id", "not_allowed")]);
    // Even a person of the platform makes it for others.
    let root = app.program();
    let flow = root.open_with("login", &[("organization_id", &acme.slug)]).await;
    let fields = json!({ "identifier": "root@acme.example", "password": PASSWORD });
    root.set_token(&flow.submit("password", fields).await.token());
    let made = root.post("/v1/organizations").json(&body).await;
    assert_eq!(made.created()["member_count"], json!(0));
    let hooli = made.at("/id");
    app.finish_organizations().await;

    let invite = json!({ "email": JANE, "role": "owner" });
    let path = format!("/v1/organizations/{hooli}/invitations");
    app.admin_key().post(&path).json(&invite).await.created();
    let token = app.latest_mail(JANE).await.link.rsplit('/').next().expect("a token").to_owned();
    let program = app.program();
    let flow = program.open("registration").await;
    flow.submit("invitation", json!({ "invitation_token": token })).await.goes_on("show_form");
    let answer = flow.submit("password", json!({ "password": PASSWORD })).await;
    program.set_token(&answer.token());
    assert_eq!(
        program.get(&format!("/v1/organizations/{hooli}/members")).await.ok()["members"][0]["role"],
        "owner"
    );
}

async fn those_who_run_the_platform_sign_in_without_an_organization(app: TestApp) {
    let root = app.person_with_role("root@id.example.com", PlatformRole::Admin).await;
    strict(&app).await;
    let fields = json!({ "identifier": root.email, "password": PASSWORD });
    // Otherwise an address means nobody, whoever has it.
    for email in ["root@id.example.com", "nobody@id.example.com"] {
        let flow = app.program().open("login").await;
        let refused = flow.submit("password", json!({ "identifier": email, "password": PASSWORD })).await;
        refused.refused_fields(Code::ValidationFailed, &[("organization_id", "required")]);
    }
    let flow = app.program().open_with("login", &[("organization_id", "personal")]).await;
    let answer = flow.submit("password", fields).await;
    assert_eq!(answer.at("/session/identity_id"), root.id);
    assert_eq!(answer["session"]["organization_id"], Value::Null);
    let flow = app.program().open_with("login", &[("organization_id", "personal")]).await;
    let others = json!({ "identifier": "boss@acme.example", "password": PASSWORD });
    flow.submit("password", others).await.refused(Code::WrongCredentials);
    // Nobody makes such an account for themselves.
    let registration =
        app.program().get("/v1/flows/registration").query(&[("organization_id", "personal")]).await;
    registration.refused(Code::RegistrationDisabled);
}
