//! Joining without an invitation: `contract/20` §6, *Existing identities*.

use avnology_model::{Code, organizations::RegistrationMode, permissions::RoleKey};
use avnology_store::organizations::organizations;
use avnology_testkit::{Answer, Client, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

on_both_engines! {
    the_table_of_modes_decides_who_joins,
    a_required_single_sign_on_lets_nobody_join_without,
    the_domain_may_have_a_role_of_its_own,
    only_a_proven_address_at_a_proven_domain_with_auto_join_counts,
    another_organizations_domain_opens_no_door,
    a_member_does_not_join_again,
    two_people_want_the_last_seat_and_one_gets_it,
    an_organization_that_is_not_there_or_not_in_use_takes_nobody,
    a_header_that_names_another_organization_is_refused,
    programs_do_not_join,
}

async fn join(client: &Client, team: &Team) -> Answer {
    client.post(&team.path(":join")).await
}

async fn in_mode(app: &TestApp, team: &Team, mode: RegistrationMode, sso_required: bool) {
    let (id, now) = (team.id.parse().expect("an organization"), app.now());
    let change = app.tenant().store.identity().write(move |tx| {
        let mut organization = organizations::get(tx, id)?;
        (organization.registration_mode, organization.sso_required) = (mode, sso_required);
        organizations::update(tx, &mut organization, now)
    });
    change.await.expect("a change");
    app.tenant().organizations.forget(id);
}

async fn the_table_of_modes_decides_who_joins(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    team.holds_domain("acme.example", |_| {}).await;
    let (inside, outside) = (app.person("ann@acme.example").await, app.person("bob@other.example").await);
    let uninvited = ("You need an invitation to join.", Code::RegistrationDisabled);
    let closed = ("Registration is closed.", Code::RegistrationDisabled);
    let sso = ("", Code::StepUpRequired);
    let rows: [(&str, RegistrationMode, Result<&str, _>, Result<&str, _>); 5] = [
        ("R3", RegistrationMode::Public, Ok("domain"), Ok("join")),
        ("R6", RegistrationMode::ByInvitationOnly, Err(uninvited), Err(uninvited)),
        ("R9, R10", RegistrationMode::ByInvitationOrDomain, Ok("domain"), Err(uninvited)),
        ("R14", RegistrationMode::SsoOnly, Err(sso), Err(sso)),
        ("R15", RegistrationMode::Closed, Err(closed), Err(closed)),
    ];
    for (row, mode, at_domain, elsewhere) in rows {
        in_mode(&app, &team, mode, false).await;
        for (person, expected) in [(&inside, at_domain), (&outside, elsewhere)] {
            let answer = join(&person.client, &team).await;
            match expected {
                Ok(source) => {
                    assert_eq!(
                        (answer.ok()["source"].clone(), answer.at("/role")),
                        (json!(source), "member".to_owned()),
                        "{row}"
                    );
                    person.client.get(&team.path("/members")).await.ok();
                    person.client.delete(&format!("/v1/me/organizations/{}", team.id)).await.no_content();
                }
                Err((words, code)) => {
                    let problem = answer.refused(code);
                    if code == Code::RegistrationDisabled {
                        assert_eq!(
                            (&problem["detail"], &problem["registration_mode"]),
                            (&json!(words), &json!(mode)),
                            "{row}"
                        );
                    } else {
                        assert_eq!(problem["required"]["methods"], json!(["sso"]), "{row}");
                    }
                    person.client.get(&team.path("")).await.refused(Code::NotAMember);
                }
            }
        }
    }
    assert_eq!(team.owner.client.get(&team.path("/seats")).await.ok()["used"], 1);
}

async fn a_required_single_sign_on_lets_nobody_join_without(app: TestApp) {
    let team = app.team("Acme", "jane@acme.example").await;
    team.holds_domain("acme.example", |_| {}).await;
    let ann = app.person("ann@acme.example").await;
    for mode in [RegistrationMode::Public, RegistrationMode::ByInvitationOrDomain] {
        in_mode(&app, &team, mode, true).await;
        join(&ann.client, &team).await.refused(Code::StepUpRequired);
    }
    in_mode(&app, &team, RegistrationMode::ByInvitationOnly, true).await;
    join(&ann.client, &team).await.refused(Code::RegistrationDisabled);
}

async fn the_domain_may_have_a_role_of_its_own(app: TestApp) {
    let team = app.team_with("Acme", "jane@acme.example", json!({ "registration_mode": "public" })).await;
    team.holds_domain("acme.example", |domain| domain.default_role = RoleKey::parse("admin")).await;
    let (inside, outside) = (app.person("ann@acme.example").await, app.person("bob@other.example").await);
    assert_eq!(join(&inside.client, &team).await.ok()["role"], "admin");
    assert_eq!(join(&outside.client, &team).await.ok()["role"], "member");
}

async fn only_a_proven_address_at_a_proven_domain_with_auto_join_counts(app: TestApp) {
    let mode = json!({ "registration_mode": "by_invitation_or_domain" });
    let team = app.team_with("Acme", "jane@acme.example", mode).await;
    team.holds_domain("acme.example", |_| {}).await;
    team.holds_domain("quiet.example", |domain| domain.auto_join = false).await;
    let pending = |domain: &mut avnology_model::organizations::Domain| {
        domain.status = avnology_model::organizations::DomainStatus::Pending;
    };
    team.holds_domain("pending.example", pending).await;
    let unproven = app.program();
    unproven.register("ann@acme.example").await.ok();
    join(&unproven, &team).await.refused(Code::RegistrationDisabled);
    for email in ["bob@quiet.example", "bob@pending.example", "bob@sub.acme.example"] {
        join(&app.person(email).await.client, &team).await.refused(Code::RegistrationDisabled);
    }
    // A registration that is completed by the proof joins with it: nothing is left to ask for.
    unproven.verify("ann@acme.example").await.is(200);
    join(&unproven, &team).await.refused(Code::MemberExists);
    join(&app.person("ben@acme.example").await.client, &team).await.ok();
}

async fn another_organizations_domain_opens_no_door(app: TestApp) {
    let mode = json!({ "registration_mode": "by_invitation_or_domain" });
    let acme = app.team_with("Acme", "jane@acme.example", mode.clone()).await;
    let initech = app.team_with("Initech", "joe@initech.example", mode).await;
    initech.holds_domain("initech.example", |_| {}).await;
    let bob = app.person("bob@initech.example").await;
    join(&bob.client, &acme).await.refused(Code::RegistrationDisabled);
    join(&bob.client, &initech).await.ok();
}

async fn a_member_does_not_join_again(app: TestApp) {
    let team = app.team_with("Acme", "jane@acme.example", json!({ "registration_mode": "public" })).await;
    let bob = app.person("bob@other.example").await;
    let joined = join(&bob.client, &team).await;
    joined.ok();
    let again = join(&bob.client, &team).await;
    assert_eq!(again.refused(Code::MemberExists)["member_id"], joined["id"]);
    // Nor does one who was suspended come back in this way.
    let path = team.path(&format!("/members/{}", bob.id));
    team.owner.client.patch(&path).json(&json!({ "state": "suspended" })).await.ok();
    join(&bob.client, &team).await.refused(Code::MemberExists);
}

async fn two_people_want_the_last_seat_and_one_gets_it(app: TestApp) {
    let more = json!({ "registration_mode": "public", "seat_limit": 2 });
    let team = app.team_with("Acme", "jane@acme.example", more).await;
    let (a, b) = (app.person("a@other.example").await, app.person("b@other.example").await);
    let (one, other) = tokio::join!(join(&a.client, &team), join(&b.client, &team));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{one} {other}");
    let late = if one.status == 200 { &other } else { &one };
    late.refused(Code::SeatLimitReached);
    assert_eq!(team.owner.client.get(&team.path("")).await.ok()["member_count"], 2);
}

async fn an_organization_that_is_not_there_or_not_in_use_takes_nobody(app: TestApp) {
    let team = app.team_with("Acme", "jane@acme.example", json!({ "registration_mode": "public" })).await;
    let bob = app.person("bob@other.example").await;
    for name in ["org_01kjpwd6m0emptw6bw4v8qtn83", "nowhere", "Not a slug!"] {
        let path = format!("/v1/organizations/{}:join", name.replace(' ', "%20"));
        bob.client.post(&path).await.refused(Code::OrganizationNotFound);
    }
    app.admin_key().post(&team.path(":suspend")).json(&json!({})).await.ok();
    assert_eq!(join(&bob.client, &team).await.refused(Code::OrganizationSuspended)["state"], "suspended");
    app.admin_key().post(&team.path(":activate")).await.ok();
    app.admin_key().delete(&team.path("")).await.is(202);
    assert_eq!(join(&bob.client, &team).await.refused(Code::OrganizationSuspended)["state"], "deleting");
}

async fn a_header_that_names_another_organization_is_refused(app: TestApp) {
    let public = json!({ "registration_mode": "public" });
    let acme = app.team_with("Acme", "jane@acme.example", public.clone()).await;
    let initech = app.team_with("Initech", "joe@initech.example", public).await;
    let bob = app.person("bob@other.example").await;
    let with_header =
        |name: &str| bob.client.post(&acme.path(":join")).header("x-avnology-org", name).into_future();
    for other in [&initech.id, "initech", "personal", "nowhere"] {
        with_header(other).await.refused(Code::OrganizationMismatch);
    }
    with_header("acme").await.ok();
}

async fn programs_do_not_join(app: TestApp) {
    let team = app.team_with("Acme", "jane@acme.example", json!({ "registration_mode": "public" })).await;
    let refused = join(&app.admin_key(), &team).await;
    assert_eq!(refused.refused(Code::ScopeMissing)["required_scopes"], json!(["account:self"]));
    join(&app.program(), &team).await.is(401);
    let recovering = app.recovering("bob@other.example").await;
    join(&recovering.client, &team).await.refused(Code::StepUpRequired);
    assert_eq!(team.owner.client.get(&team.path("")).await["member_count"], Value::from(1));
}
