//! Domains of organizations: `contract/20` §8.

use avnology_model::{Code, events::EventType};
use avnology_testkit::{
    Answer, Client, Team, TestApp,
    dns::{ResponseCode, Said},
    on_both_engines,
};
use serde_json::{Value, json};

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

on_both_engines! {
    a_domain_is_claimed_with_the_record_that_proves_it,
    a_domain_is_proven_by_one_of_several_values,
    a_record_that_is_missing_is_told_with_what_is_there,
    a_domain_is_proven_by_its_name_as_well,
    public_suffixes_and_mailbox_providers_belong_to_nobody,
    an_organization_has_a_domain_once,
    the_first_to_prove_a_domain_holds_it,
    two_organizations_prove_a_domain_at_once_and_one_gets_it,
    an_organization_has_at_most_two_hundred,
    the_last_place_is_given_once,
    members_read_domains_and_change_none,
    the_role_of_those_who_join_by_a_domain_is_the_callers_to_give,
    what_a_domain_is_good_for_can_be_changed,
    a_domain_that_is_given_up_opens_no_door,
    a_domain_of_another_organization_is_not_there,
    servers_that_do_not_answer_prove_nothing,
    when_we_cannot_ask_nothing_is_changed,
    a_claimed_domain_is_tried_by_itself_for_a_week,
    the_try_by_itself_proves_a_domain_for_the_first_only,
    a_proof_that_is_gone_is_lost_after_a_week_and_owners_are_told,
    a_proof_that_is_back_in_time_is_kept,
    no_domain_is_asked_about_twice_at_a_time,
    a_new_organization_begins_with_the_domains_it_names,
    a_new_organization_gets_no_domain_of_another,
    the_same_request_twice_claims_once,
}

async fn add(team: &Team, domain: &str) -> Answer {
    team.owner.client.post(&team.path("/domains")).json(&json!({ "domain": domain })).await
}

async fn verify(team: &Team, id: &str) -> Answer {
    team.owner.client.post(&team.path(&format!("/domains/{id}:verify"))).await
}

async fn get(team: &Team, id: &str) -> Answer {
    // Weeks go by, and people's sessions with them.
    team.owner.client.app().admin_key().get(&team.path(&format!("/domains/{id}"))).await
}

/// Puts the record of a claimed domain into DNS.
fn publish(app: &TestApp, domain: &Answer) {
    app.dns().set_txt(&domain.at("/txt_record/name"), &[&domain.at("/txt_record/value")]);
}

fn unpublish(app: &TestApp, domain: &Answer) {
    app.dns().remove(&domain.at("/txt_record/name"));
}

/// A domain of this name, proven; its id.
async fn proven(app: &TestApp, team: &Team, name: &str) -> Answer {
    let domain = add(team, name).await;
    domain.created();
    publish(app, &domain);
    verify(team, &domain.at("/id")).await.ok();
    domain
}

/// How many warnings were mailed to an address.
async fn warnings(app: &TestApp, to: &str) -> usize {
    let asked = app.payloads(EventType::MessageRequested).await;
    asked.iter().filter(|mail| mail["type"] == "domain_lost" && mail["to"] == to).count()
}

async fn join(client: &Client, team: &Team) -> Answer {
    client.post(&team.path(":join")).await
}

async fn by_email(app: &TestApp, email: &str) -> Value {
    app.program().get("/v1/discovery:byEmail").query(&[("email", email)]).await.ok()["match"].clone()
}

async fn a_domain_is_claimed_with_the_record_that_proves_it(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = add(&team, " Bücher.Example. ").await;
    let value = made.at("/txt_record/value");
    let expected = json!({
        "id": made.created()["id"], "domain": "xn--bcher-kva.example", "status": "pending",
        "txt_record": { "name": "_avnology-challenge.xn--bcher-kva.example", "value": value }, "auto_join": true,
        "sign_in_routing": true, "default_role": null, "connection_id": null, "verified_at": null,
        "last_checked_at": null, "next_check_at": app.now().plus_seconds(10 * MINUTE), "create_time": app.now(),
    });
    assert_eq!(made.json(), &expected);
    assert!(made.header("location").ends_with(&team.path(&format!("/domains/{}", made.at("/id")))), "{made}");
    let secret = value.strip_prefix("avnology-domain-verification=").expect("the prefix");
    assert!(secret.len() == 43 && secret.bytes().all(|b| b.is_ascii_alphanumeric()), "{secret}");
    assert_eq!(get(&team, &made.at("/id")).await.ok(), &expected);
    let list = team.owner.client.get(&team.path("/domains")).await;
    assert_eq!(list.ok(), &json!({ "domains": [expected] }));
    assert_eq!(team.owner.client.get(&team.path("")).await.ok()["domains"], json!([expected]));
    let all = app.admin_key().get("/v1/organizations").await;
    assert!(all.ok()["organizations"][0].get("domains").is_none(), "{all}");
    assert_eq!(app.payloads(EventType::DomainAdded).await, [json!({ "domain": expected })]);
    let other = add(&team, "acme.example").await;
    assert_ne!(other.at("/txt_record/value"), value);
}

async fn a_domain_is_proven_by_one_of_several_values(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = add(&team, "acme.example").await;
    let value = made.at("/txt_record/value");
    app.dns()
        .set_txt(&made.at("/txt_record/name"), &["v=spf1 -all", &format!(" {value} "), "something else"]);
    let verified = verify(&team, &made.at("/id")).await;
    assert_eq!(
        (verified.ok()["status"].clone(), verified["verified_at"].clone(), verified["next_check_at"].clone()),
        (json!("verified"), json!(app.now()), json!(app.now().plus_seconds(DAY)))
    );
    assert_eq!(verified["txt_record"], made["txt_record"], "fixed for the life of the domain");
    assert_eq!(app.payloads(EventType::DomainVerified).await, [json!({ "domain": verified.json() })]);
    // Proving it again is nothing new.
    app.advance(60);
    let again = verify(&team, &made.at("/id")).await;
    assert_eq!(
        (&again.ok()["verified_at"], &again["last_checked_at"]),
        (&verified["verified_at"], &json!(app.now()))
    );
    assert_eq!(app.payloads(EventType::DomainVerified).await.len(), 1);
}

async fn a_record_that_is_missing_is_told_with_what_is_there(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = add(&team, "acme.example").await;
    let id = made.at("/id");
    let refused = verify(&team, &id).await;
    let problem = refused.refused(Code::DomainNotVerified);
    assert_eq!((&problem["expected"], &problem["found"]), (&made["txt_record"], &json!([])));
    app.dns().set_txt(&made.at("/txt_record/name"), &["avnology-domain-verification=nonsense"]);
    let refused = verify(&team, &id).await;
    let found = &refused.refused(Code::DomainNotVerified)["found"];
    assert_eq!(found, &json!(["avnology-domain-verification=nonsense"]));
    // Neither the domain itself nor where its name leads is the place for it.
    app.dns().set_txt("acme.example", &[&made.at("/txt_record/value")]);
    app.dns().set_alias(&made.at("/txt_record/name"), "acme.example");
    verify(&team, &id).await.refused(Code::DomainNotVerified);
    let after = get(&team, &id).await;
    assert_eq!((&after["status"], &after["last_checked_at"]), (&json!("pending"), &json!(app.now())));
}

async fn a_domain_is_proven_by_its_name_as_well(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = add(&team, "acme.example").await;
    publish(&app, &made);
    let call = |body: Value| team.owner.client.post(&team.path("/domains:verify")).json(&body).into_future();
    assert_eq!(call(json!({ "domain": "ACME.example" })).await.ok()["status"], "verified");
    call(json!({ "domain": "other.example" })).await.refused(Code::NotFound);
    call(json!({ "domain": "not a domain" }))
        .await
        .refused_fields(Code::ValidationFailed, &[("domain", "invalid_format")]);
    call(json!({ "domain": "gmail.com" })).await.refused(Code::DomainNotAcceptable);
}

async fn public_suffixes_and_mailbox_providers_belong_to_nobody(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    for name in
        ["co.uk", "com", "github.io", "gmail.com", "Outlook.com", "192.0.2.1", "printer.local", "localhost"]
    {
        add(&team, name).await.refused(Code::DomainNotAcceptable);
        let body = json!({ "name": "Beta", "domains": ["beta.example", name] });
        let refused = app.admin_key().post("/v1/organizations").json(&body).await;
        assert_eq!(refused.refused(Code::DomainNotAcceptable)["field"], "domains[1]", "{name}");
    }
    for name in ["", "jane@acme.example", "https://acme.example", "acme_inc.example"] {
        add(&team, name).await.refused_fields(Code::ValidationFailed, &[("domain", "invalid_format")]);
    }
    assert_eq!(team.owner.client.get(&team.path("/domains")).await.ok()["domains"], json!([]));
}

async fn an_organization_has_a_domain_once(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = proven(&app, &team, "acme.example").await;
    assert_eq!(add(&team, "ACME.example").await.refused(Code::AlreadyExists)["field"], "domain");
    // A sub-domain is another one.
    add(&team, "mail.acme.example").await.created();
    assert_eq!(get(&team, &made.at("/id")).await.ok()["status"], "verified");
}

async fn the_first_to_prove_a_domain_holds_it(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let beta = app.team("Beta", "bob@beta.example").await;
    let (mine, theirs) = (add(&acme, "acme.example").await, add(&beta, "acme.example").await);
    assert_ne!(mine.created()["txt_record"]["value"], theirs.created()["txt_record"]["value"]);
    let name = mine.at("/txt_record/name");
    // Each has a value of its own: that of one proves nothing for the other.
    publish(&app, &mine);
    verify(&beta, &theirs.at("/id")).await.refused(Code::DomainNotVerified);
    app.dns().set_txt(&name, &[&mine.at("/txt_record/value"), &theirs.at("/txt_record/value")]);
    verify(&acme, &mine.at("/id")).await.ok();
    let asked = app.dns().questions(&name);
    verify(&beta, &theirs.at("/id")).await.refused(Code::DomainTaken);
    let by_name =
        beta.owner.client.post(&beta.path("/domains:verify")).json(&json!({ "domain": "acme.example" }));
    by_name.await.refused(Code::DomainTaken);
    assert_eq!(app.dns().questions(&name), asked, "there is nothing to ask");
    assert_eq!(get(&beta, &theirs.at("/id")).await.ok()["status"], "pending");
    let gamma = app.team("Gamma", "gina@gamma.example").await;
    add(&gamma, "acme.example").await.refused(Code::DomainTaken);
}

async fn two_organizations_prove_a_domain_at_once_and_one_gets_it(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let beta = app.team("Beta", "bob@beta.example").await;
    for round in 0..5 {
        let name = format!("shared{round}.example");
        let (mine, theirs) = (add(&acme, &name).await, add(&beta, &name).await);
        let values = [mine.at("/txt_record/value"), theirs.at("/txt_record/value")];
        app.dns().set_txt(&mine.at("/txt_record/name"), &[&values[0], &values[1]]);
        let (ids, before) = ([mine.at("/id"), theirs.at("/id")], app.event_count().await);
        let (a, b) = tokio::join!(verify(&acme, &ids[0]), verify(&beta, &ids[1]));
        let late = if a.status == 200 { &b } else { &a };
        assert_eq!([a.status, b.status].iter().filter(|status| **status == 200).count(), 1, "{a} {b}");
        late.refused(Code::DomainTaken);
        assert_eq!(app.event_types_after(before).await, [EventType::DomainVerified]);
        let states = [get(&acme, &ids[0]).await.at("/status"), get(&beta, &ids[1]).await.at("/status")];
        assert_eq!(states.iter().filter(|state| *state == "verified").count(), 1, "{states:?}");
    }
}

/// An organization with so many domains.
async fn with_domains(app: &TestApp, count: usize) -> Team {
    let owner = app.person("jane@acme.example").await;
    let domains: Vec<String> = (0..count).map(|n| format!("acme{n}.example")).collect();
    let made =
        owner.client.post("/v1/organizations").json(&json!({ "name": "Acme", "domains": domains })).await;
    assert_eq!(made.created()["domains"].as_array().map(Vec::len), Some(count));
    Team { id: made.at("/id"), slug: made.at("/slug"), owner }
}

async fn an_organization_has_at_most_two_hundred(app: TestApp) {
    let team = with_domains(&app, 200).await;
    let refused = add(&team, "acme.example").await;
    let problem = refused.refused(Code::LimitReached);
    assert_eq!((&problem["limit"], &problem["used"]), (&json!(200), &json!(200)));
    add(&team, "acme7.example").await.refused(Code::AlreadyExists);
    let list = team.owner.client.get(&team.path("/domains")).await;
    let first = list.at("/domains/0/id");
    team.owner.client.delete(&team.path(&format!("/domains/{first}"))).await.no_content();
    add(&team, "acme.example").await.created();
    let many: Vec<String> = (0..=200).map(|n| format!("beta{n}.example")).collect();
    let body = json!({ "name": "Beta", "domains": many });
    let refused = app.admin_key().post("/v1/organizations").json(&body).await;
    refused.refused_fields(Code::ValidationFailed, &[("domains", "too_long")]);
}

async fn the_last_place_is_given_once(app: TestApp) {
    let team = with_domains(&app, 199).await;
    let (a, b) = tokio::join!(add(&team, "one.example"), add(&team, "two.example"));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{a} {b}");
    if a.status == 201 { b } else { a }.refused(Code::LimitReached);
}

async fn members_read_domains_and_change_none(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let id = add(&team, "acme.example").await.at("/id");
    let (mary, eve) =
        (team.member("mary@acme.example", "member").await, app.person("eve@evil.example").await);
    let one = team.path(&format!("/domains/{id}"));
    mary.client.get(&team.path("/domains")).await.ok();
    mary.client.get(&one).await.ok();
    let calls = |client: &Client| {
        [
            client.post(&team.path("/domains")).json(&json!({ "domain": "evil.example" })),
            client.post(&team.path("/domains:verify")).json(&json!({ "domain": "acme.example" })),
            client.post(&format!("{one}:verify")),
            client.patch(&one).json(&json!({ "auto_join": false })),
            client.delete(&one),
        ]
    };
    for call in calls(&mary.client) {
        assert_eq!(call.await.refused(Code::ScopeMissing)["required_scopes"], json!(["organizations:write"]));
    }
    for call in calls(&eve.client) {
        call.await.refused(Code::NotAMember);
    }
    eve.client.get(&one).await.refused(Code::NotAMember);
    for call in calls(&app.program()) {
        call.await.is(401);
    }
    assert_eq!(get(&team, &id).await.ok()["auto_join"], true);
}

async fn the_role_of_those_who_join_by_a_domain_is_the_callers_to_give(app: TestApp) {
    let team = app.team_with("Acme", "jane@acme.example", json!({ "registration_mode": "public" })).await;
    let body = |role: &str| json!({ "domain": "acme.example", "default_role": role });
    let create = |role: &str| team.owner.client.post(&team.path("/domains")).json(&body(role)).into_future();
    create("owner").await.refused_fields(Code::ValidationFailed, &[("default_role", "not_allowed")]);
    create("nobody").await.refused(Code::RoleNotAssignable);
    let made = create("admin").await;
    assert_eq!(made.created()["default_role"], "admin");
    publish(&app, &made);
    verify(&team, &made.at("/id")).await.ok();
    let ann = app.person("ann@acme.example").await;
    assert_eq!(join(&ann.client, &team).await.ok()["role"], "admin");
    let one = team.path(&format!("/domains/{}", made.at("/id")));
    let patch =
        |role: Value| team.owner.client.patch(&one).json(&json!({ "default_role": role })).into_future();
    patch(json!("owner")).await.refused_fields(Code::ValidationFailed, &[("default_role", "not_allowed")]);
    patch(json!("nobody")).await.refused(Code::RoleNotAssignable);
    // A key that may change settings makes no administrators by the way.
    let account = json!({ "name": "CI", "scopes": ["organizations:read", "organizations:write"] });
    let account = team
        .owner
        .client
        .post("/v1/service-accounts")
        .header("x-avnology-org", &team.id)
        .json(&account)
        .await;
    account.created();
    let keys = format!("/v1/service-accounts/{}/keys", account.at("/id"));
    let key =
        team.owner.client.post(&keys).header("x-avnology-org", &team.id).json(&json!({ "name": "CI" })).await;
    let program = app.program().with_token(&key.at("/key"));
    program.patch(&one).json(&json!({ "default_role": "admin" })).await.refused(Code::RoleNotAssignable);
    program.patch(&one).json(&json!({ "auto_join": true })).await.ok();
    assert_eq!(patch(Value::Null).await.ok()["default_role"], Value::Null);
    let bob = app.person("bob@acme.example").await;
    assert_eq!(join(&bob.client, &team).await.ok()["role"], "member");
}

async fn what_a_domain_is_good_for_can_be_changed(app: TestApp) {
    let open = json!({ "registration_mode": "by_invitation_or_domain" });
    let team = app.team_with("Acme", "jane@acme.example", open).await;
    let made = proven(&app, &team, "acme.example").await;
    let one = team.path(&format!("/domains/{}", made.at("/id")));
    let patch = |body: Value| team.owner.client.patch(&one).json(&body).into_future();
    assert_eq!(by_email(&app, "ann@acme.example").await, "organization");
    let before = app.event_count().await;
    let after = patch(json!({ "auto_join": false, "sign_in_routing": false })).await;
    assert_eq!((&after.ok()["auto_join"], &after["sign_in_routing"]), (&json!(false), &json!(false)));
    assert_eq!(by_email(&app, "ann@acme.example").await, "personal", "at once");
    let ann = app.person("ann@acme.example").await;
    join(&ann.client, &team).await.refused(Code::RegistrationDisabled);
    let told = app.payloads(EventType::OrganizationUpdated).await.pop().expect("an event");
    assert_eq!(told["changed_fields"], json!(["domain.auto_join", "domain.sign_in_routing"]));
    assert_eq!(told["previous_values"]["domain"], json!({ "auto_join": true, "sign_in_routing": true }));
    assert_eq!(&told["domain"], after.json());
    // The same again is no change, and null is the default.
    patch(json!({ "auto_join": false })).await.ok();
    patch(json!({ "auto_join": null, "sign_in_routing": null, "connection_id": null })).await.ok();
    let updates = app
        .events()
        .await
        .into_iter()
        .skip(before)
        .filter(|e| e.event_type == EventType::OrganizationUpdated);
    assert_eq!(updates.count(), 2);
    assert_eq!(by_email(&app, "ann@acme.example").await, "organization");
    join(&ann.client, &team).await.ok();
    let connection = json!({ "connection_id": "sso_01kjpwfz7ne51bmc97fk2g9mqt" });
    patch(connection.clone()).await.refused_fields(Code::ValidationFailed, &[("connection_id", "not_found")]);
    let mut body = json!({ "domain": "other.example" });
    body["connection_id"] = connection["connection_id"].clone();
    let refused = team.owner.client.post(&team.path("/domains")).json(&body).await;
    refused.refused_fields(Code::ValidationFailed, &[("connection_id", "not_found")]);
    for (body, field) in
        [(json!({ "domain": "x.example" }), "domain"), (json!({ "status": "verified" }), "status")]
    {
        patch(body).await.refused_fields(Code::ValidationFailed, &[(field, "unknown_field")]);
    }
}

async fn a_domain_that_is_given_up_opens_no_door(app: TestApp) {
    let open = json!({ "registration_mode": "by_invitation_or_domain" });
    let acme = app.team_with("Acme", "jane@acme.example", open).await;
    let beta = app.team("Beta", "bob@beta.example").await;
    let made = proven(&app, &acme, "acme.example").await;
    let (ann, ben) = (app.person("ann@acme.example").await, app.person("ben@acme.example").await);
    join(&ann.client, &acme).await.ok();
    assert_eq!(by_email(&app, "ann@acme.example").await, "organization");
    let one = acme.path(&format!("/domains/{}", made.at("/id")));
    acme.owner.client.delete(&one).await.no_content();
    acme.owner.client.delete(&one).await.refused(Code::NotFound);
    acme.owner.client.get(&one).await.refused(Code::NotFound);
    assert_eq!(by_email(&app, "ann@acme.example").await, "personal");
    join(&ben.client, &acme).await.refused(Code::RegistrationDisabled);
    ann.client.get(&acme.path("")).await.ok();
    let told = app.payloads(EventType::DomainRemoved).await;
    assert_eq!(told[0]["domain"]["domain"], "acme.example");
    // It is free for whoever proves it, with another value.
    let theirs = add(&beta, "acme.example").await;
    verify(&beta, &theirs.at("/id")).await.refused(Code::DomainNotVerified);
    publish(&app, &theirs);
    verify(&beta, &theirs.at("/id")).await.ok();
}

async fn a_domain_of_another_organization_is_not_there(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let beta = app.team("Beta", "bob@beta.example").await;
    let id = add(&acme, "acme.example").await.at("/id");
    let one = beta.path(&format!("/domains/{id}"));
    let bob = &beta.owner.client;
    for call in [
        bob.get(&one),
        bob.patch(&one).json(&json!({ "auto_join": false })),
        bob.delete(&one),
        bob.post(&format!("{one}:verify")),
        bob.get(&beta.path("/domains/dom_01kjpwd6m0emptw6bw4v8qtn83")),
    ] {
        call.await.refused(Code::NotFound);
    }
    assert_eq!(bob.get(&beta.path("/domains")).await.ok()["domains"], json!([]));
    assert_eq!(get(&acme, &id).await.ok()["auto_join"], true);
}

async fn servers_that_do_not_answer_prove_nothing(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = add(&team, "acme.example").await;
    app.dns().set(&made.at("/txt_record/name"), Said::Code(ResponseCode::ServFail));
    let refused = verify(&team, &made.at("/id")).await;
    let problem = refused.refused(Code::DomainNotVerified);
    assert_eq!((&problem["expected"], &problem["found"]), (&made["txt_record"], &json!([])));
    assert!(refused.at("/detail").contains("name servers"), "{refused}");
}

async fn when_we_cannot_ask_nothing_is_changed(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let (pending, verified) = (add(&team, "acme.test").await, proven(&app, &team, "acme.example").await);
    let before = [get(&team, &pending.at("/id")).await, get(&team, &verified.at("/id")).await];
    app.dns().stop();
    verify(&team, &pending.at("/id")).await.refused(Code::Unavailable);
    app.advance(8 * DAY);
    app.check_domains().await;
    for (domain, before) in [&pending, &verified].into_iter().zip(before) {
        let after = get(&team, &domain.at("/id")).await;
        assert_eq!(
            (&after.ok()["status"], &after["last_checked_at"]),
            (&before["status"], &before["last_checked_at"])
        );
        assert_eq!(after["next_check_at"], json!(app.now().plus_seconds(10 * MINUTE)));
    }
    assert_eq!(warnings(&app, "jane@acme.example").await, 0);
}

async fn a_claimed_domain_is_tried_by_itself_for_a_week(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = add(&team, "acme.example").await;
    let (id, name) = (made.at("/id"), made.at("/txt_record/name"));
    app.check_domains().await;
    assert_eq!(app.dns().questions(&name), 0, "it is not time yet");
    app.advance(10 * MINUTE);
    app.check_domains().await;
    app.check_domains().await;
    assert_eq!(app.dns().questions(&name), 1);
    let next = get(&team, &id).await;
    assert_eq!(next["next_check_at"], json!(app.now().plus_seconds(10 * MINUTE)));
    app.advance(7 * DAY);
    app.check_domains().await;
    let failed = get(&team, &id).await;
    assert_eq!((&failed.ok()["status"], &failed["next_check_at"]), (&json!("failed"), &Value::Null));
    app.advance(DAY);
    app.check_domains().await;
    assert_eq!(app.dns().questions(&name), 2, "nobody asks for a failed one");
    // Asked again, it is tried again.
    let again = app.admin_key().post(&team.path(&format!("/domains/{id}:verify"))).await;
    again.refused(Code::DomainNotVerified);
    assert_eq!(get(&team, &id).await.ok()["status"], "pending");
    publish(&app, &made);
    app.advance(10 * MINUTE);
    app.check_domains().await;
    assert_eq!(get(&team, &id).await.ok()["status"], "verified");
    let told = app.events().await.into_iter().rfind(|e| e.event_type == EventType::DomainVerified);
    assert_eq!(told.expect("an event").actor.kind.as_str(), "system");
    assert_eq!(by_email(&app, "ann@acme.example").await, "organization");
}

async fn the_try_by_itself_proves_a_domain_for_the_first_only(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let beta = app.team("Beta", "bob@beta.example").await;
    let (mine, theirs) = (add(&acme, "acme.example").await, add(&beta, "acme.example").await);
    let values = [mine.at("/txt_record/value"), theirs.at("/txt_record/value")];
    app.dns().set_txt(&mine.at("/txt_record/name"), &[&values[0], &values[1]]);
    for _ in 0..3 {
        // Two that meet in one moment: one is tried again.
        app.advance(10 * MINUTE);
        app.check_domains().await;
    }
    let states =
        [get(&acme, &mine.at("/id")).await.at("/status"), get(&beta, &theirs.at("/id")).await.at("/status")];
    assert!(states.contains(&"verified".to_owned()) && states.contains(&"pending".to_owned()), "{states:?}");
    assert_eq!(app.payloads(EventType::DomainVerified).await.len(), 1);
}

async fn a_proof_that_is_gone_is_lost_after_a_week_and_owners_are_told(app: TestApp) {
    let open = json!({ "registration_mode": "by_invitation_or_domain" });
    let team = app.team_with("Acme", "jane@acme.example", open).await;
    let (second, admin) =
        (team.member("olga@acme.example", "owner").await, team.member("adam@acme.example", "admin").await);
    let made = proven(&app, &team, "acme.example").await;
    let ann = app.person("ann@acme.example").await;
    join(&ann.client, &team).await.ok();
    unpublish(&app, &made);
    for (day, mails) in [(1, 1), (2, 1), (3, 1), (4, 1), (5, 2), (6, 2), (7, 2)] {
        app.advance(DAY);
        app.check_domains().await;
        for owner in ["jane@acme.example", &second.email] {
            assert_eq!(warnings(&app, owner).await, mails, "{owner} on day {day}");
            if [1, 5].contains(&day) {
                // Names are written so that no mail program makes links of them.
                let text = app.latest_mail(owner).await.text.replace('\u{2060}', "");
                assert!(text.contains("acme.example") && text.contains("Acme"), "{text}");
                assert!(text.contains("/organizations/acme/domains"), "{text}");
            }
        }
        assert_eq!(by_email(&app, "ann@acme.example").await, "organization", "day {day}");
    }
    assert_eq!(app.payloads(EventType::DomainVerificationLost).await, Vec::<Value>::new());
    app.advance(DAY);
    app.check_domains().await;
    assert_eq!((warnings(&app, "jane@acme.example").await, warnings(&app, &admin.email).await), (2, 0));
    let jane = app.program().signed_in("jane@acme.example").await;
    let lost = jane.client.get(&team.path(&format!("/domains/{}", made.at("/id")))).await;
    assert_eq!((&lost.ok()["status"], &lost["verified_at"]), (&json!("failed"), &Value::Null));
    assert_eq!(app.payloads(EventType::DomainVerificationLost).await, [json!({ "domain": lost.json() })]);
    assert_eq!(by_email(&app, "ann@acme.example").await, "personal");
    let ben = app.person("ben@acme.example").await;
    join(&ben.client, &team).await.refused(Code::RegistrationDisabled);
    // Members stay, and others may prove it.
    app.program().signed_in("ann@acme.example").await.client.get(&team.path("")).await.ok();
    let beta = app.team("Beta", "bob@beta.example").await;
    proven(&app, &beta, "acme.example").await;
    jane.client
        .post(&team.path(&format!("/domains/{}:verify", made.at("/id"))))
        .await
        .refused(Code::DomainTaken);
}

async fn a_proof_that_is_back_in_time_is_kept(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let made = proven(&app, &team, "acme.example").await;
    app.dns().set(&made.at("/txt_record/name"), Said::Code(ResponseCode::Refused));
    for _ in 0..3 {
        app.advance(DAY);
        app.check_domains().await;
    }
    publish(&app, &made);
    for _ in 0..8 {
        app.advance(DAY);
        app.check_domains().await;
    }
    let jane = app.program().signed_in("jane@acme.example").await;
    let kept = jane.client.get(&team.path(&format!("/domains/{}", made.at("/id")))).await;
    assert_eq!((&kept.ok()["status"], &kept["last_checked_at"]), (&json!("verified"), &json!(app.now())));
    assert_eq!(warnings(&app, "jane@acme.example").await, 1);
}

async fn no_domain_is_asked_about_twice_at_a_time(app: TestApp) {
    let team = with_domains(&app, 40).await;
    app.advance(10 * MINUTE);
    tokio::join!(app.check_domains(), app.check_domains());
    let list = team.owner.client.get(&team.path("/domains")).await;
    for domain in list.ok()["domains"].as_array().expect("domains") {
        let name = domain["txt_record"]["name"].as_str().expect("a name");
        assert_eq!(app.dns().questions(name), 1, "{name}");
        assert_eq!(domain["last_checked_at"], json!(app.now()));
    }
}

async fn a_new_organization_begins_with_the_domains_it_names(app: TestApp) {
    let jane = app.person("jane@acme.example").await;
    let create = |body: Value| jane.client.post("/v1/organizations").json(&body).into_future();
    let twice = create(json!({ "name": "Acme", "domains": ["acme.example", "a b", "ACME.example"] })).await;
    twice.refused_fields(
        Code::ValidationFailed,
        &[("domains[1]", "invalid_format"), ("domains[2]", "duplicate")],
    );
    let dry = create(json!({ "name": "Acme", "domains": ["acme.example"], "validate_only": true })).await;
    assert!(dry.ok().get("domains").is_none(), "{dry}");
    let made = create(json!({ "name": "Acme", "domains": ["acme.example", "acme.test"] })).await;
    let domains = made.created()["domains"].as_array().cloned().expect("domains");
    let names: Vec<&Value> = domains.iter().map(|domain| &domain["domain"]).collect();
    assert_eq!(names, [&json!("acme.example"), &json!("acme.test")]);
    assert!(domains.iter().all(|domain| domain["status"] == "pending"));
    let id = made.at("/id");
    let path = |rest: &str| format!("/v1/organizations/{id}{rest}");
    assert_eq!(jane.client.get(&path("/domains")).await.ok()["domains"], json!(domains));
    let changed = jane.client.patch(&path("")).json(&json!({ "name": "Acme Inc" })).await;
    assert_eq!(changed.ok()["domains"], json!(domains));
    assert_eq!(app.payloads(EventType::DomainAdded).await.len(), 2);
    let name = domains[0]["txt_record"]["name"].as_str().expect("a name");
    app.dns().set_txt(name, &[domains[0]["txt_record"]["value"].as_str().expect("a value")]);
    let verify = jane.client.post(&path("/domains:verify")).json(&json!({ "domain": "acme.example" }));
    assert_eq!(verify.await.ok()["status"], "verified");
}

async fn a_new_organization_gets_no_domain_of_another(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    proven(&app, &team, "acme.example").await;
    let bob = app.person("bob@beta.example").await;
    for validate_only in [true, false] {
        let body = json!({ "name": "Beta", "domains": ["beta.example", "acme.example"], "validate_only": validate_only });
        let refused = bob.client.post("/v1/organizations").json(&body).await;
        assert_eq!(refused.refused(Code::DomainTaken)["field"], "domains[1]");
    }
    assert_eq!(bob.client.get("/v1/organizations").await.ok()["organizations"], json!([]));
}

async fn the_same_request_twice_claims_once(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    let call = || {
        let post = team.owner.client.post(&team.path("/domains")).header("idempotency-key", "01kjpwd6m0");
        post.json(&json!({ "domain": "acme.example" })).into_future()
    };
    let (first, second) = (call().await, call().await);
    assert_eq!(first.created(), second.created());
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(second.header("location"), first.header("location"));
    assert_eq!(app.payloads(EventType::DomainAdded).await.len(), 1);
    let body = json!({ "name": "Beta", "domains": ["beta.example"] });
    let organization = || {
        let post = team.owner.client.post("/v1/organizations").header("idempotency-key", "01kjpwd6m1");
        post.json(&body).into_future()
    };
    let (first, second) = (organization().await, organization().await);
    assert_eq!(first.created()["domains"], second.created()["domains"]);
    assert_eq!(second["domains"].as_array().map(Vec::len), Some(1));
}
