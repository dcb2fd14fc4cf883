//! The switch of the federation mode, there and back (`contract/20` §13).

use avnology_model::{Code, permissions::PlatformRole, platform::FederationMode};
use avnology_testkit::{Answer, Engine, PASSWORD, TestApp, on_both_engines, run};
use serde_json::{Value, json};

on_both_engines! {
    a_tenant_becomes_strict_and_shared_again_and_ids_and_sessions_stay,
    who_has_no_organization_or_several_is_in_the_way_of_strict,
    the_first_hundred_in_the_way_are_named_and_all_are_counted,
    what_occurs_twice_is_in_the_way_of_shared,
    those_who_run_the_platform_need_no_organization,
    a_dialogue_begun_before_the_switch_is_over,
    accounts_made_during_the_switch_belong_where_the_mode_says,
    memberships_made_during_the_switch_leave_nobody_with_two,
    only_those_who_may_change_settings_switch,
    a_switch_for_another_version_of_the_settings_changes_nothing,
}

/// Asks for a mode.
async fn switch(app: &TestApp, mode: &str) -> Answer {
    app.admin_key().patch("/v1/tenant").json(&json!({ "identity_federation_mode": mode })).await
}

async fn identity(app: &TestApp, id: &str) -> Value {
    app.admin_key().get(&format!("/v1/identities/{id}")).await.ok().clone()
}

/// The conflicts of a refusal, as (id, reason), sorted, and their number.
fn conflicts(answer: &Answer) -> (Vec<(String, String)>, u64) {
    let body = answer.refused(Code::FederationConflict);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let list = body["conflicts"].as_array().expect("conflicts").iter();
    let mut list: Vec<_> = list.map(|c| (text(&c["identity_id"]), text(&c["reason"]))).collect();
    list.sort();
    (list, body["total"].as_u64().expect("a total"))
}

fn sorted(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = pairs.iter().map(|(id, why)| ((*id).to_owned(), (*why).to_owned())).collect();
    pairs.sort();
    pairs
}

async fn a_tenant_becomes_strict_and_shared_again_and_ids_and_sessions_stay(app: TestApp) {
    let (acme, initech) =
        (app.team("Acme", "jane@acme.example").await, app.team("Initech", "peter@initech.example").await);
    let mary = acme.member("mary@acme.example", "member").await;
    let before = identity(&app, &mary.id).await;
    assert_eq!(before["organization_id"], Value::Null);
    mary.client.whoami().await.ok();
    let settings = switch(&app, "strict").await;
    assert_eq!(settings.ok()["identity_federation_mode"], json!("strict"));

    for (person, home) in [(&acme.owner, &acme.id), (&mary, &acme.id), (&initech.owner, &initech.id)] {
        let after = identity(&app, &person.id).await;
        assert_eq!(
            (after["id"].as_str(), after["organization_id"].as_str()),
            (Some(&*person.id), Some(&**home))
        );
        // The session is the same one and acts where the account is at home.
        let session = person.client.whoami().await;
        assert_eq!(session.ok()["id"], json!(person.session_id));
        assert_eq!(session["organization_id"], json!(home));
        assert_eq!(session["identity"]["organization_id"], json!(home));
    }
    assert_ne!(identity(&app, &mary.id).await["etag"], before["etag"]);

    // Asking again changes nothing.
    assert_eq!(switch(&app, "strict").await.ok()["etag"], settings["etag"]);
    switch(&app, "shared").await.ok();
    let after = identity(&app, &mary.id).await;
    assert_eq!((&after["id"], &after["organization_id"]), (&before["id"], &Value::Null));
    assert_eq!(mary.client.whoami().await.ok()["id"], json!(mary.session_id));
    // By now people have any number of organizations again.
    initech.add(&mary.id, "member").await;
}

async fn who_has_no_organization_or_several_is_in_the_way_of_strict(app: TestApp) {
    let (acme, initech) =
        (app.team("Acme", "jane@acme.example").await, app.team("Initech", "peter@initech.example").await);
    let nobody = app.account("nina@home.example").await;
    let both = acme.member("mary@acme.example", "member").await;
    initech.add(&both.id, "member").await;
    let patch = json!({ "identity_federation_mode": "strict", "name": "Renamed" });
    let refused = app.admin_key().patch("/v1/tenant").json(&patch).await;
    let expected = sorted(&[(&nobody, "no_membership"), (&both.id, "several_memberships")]);
    assert_eq!(conflicts(&refused), (expected, 2));
    let settings = app.admin_key().get("/v1/tenant").await;
    assert_eq!(
        (settings.at("/identity_federation_mode"), settings.at("/name")),
        ("shared".into(), "Avnology ID".into())
    );
    assert_eq!(identity(&app, &acme.owner.id).await["organization_id"], Value::Null);

    both.client.delete(&format!("/v1/me/organizations/{}", initech.id)).await.no_content();
    acme.add(&nobody, "member").await;
    switch(&app, "strict").await.ok();
}

async fn the_first_hundred_in_the_way_are_named_and_all_are_counted(app: TestApp) {
    app.settings(json!({ "registration": { "required_fields": [] } })).await;
    for number in 0..103 {
        let body = json!({ "identity": { "username": format!("person{number}") } });
        app.admin_key().post("/v1/identities").json(&body).await.created();
    }
    let (named, total) = conflicts(&switch(&app, "strict").await);
    assert_eq!((named.len(), total), (100, 103));
}

async fn what_occurs_twice_is_in_the_way_of_shared(app: TestApp) {
    let (acme, initech) =
        (app.team("Acme", "jane@acme.example").await, app.team("Initech", "peter@initech.example").await);
    app.settings(json!({ "registration": { "required_fields": [] } })).await;
    switch(&app, "strict").await.ok();
    let make = async |team: &str, identity: Value| {
        let body = json!({ "identity": identity, "organization_id": team });
        let made = app.admin_key().post("/v1/identities").json(&body).await;
        made.created();
        made.at("/id")
    };
    let mut twice = Vec::new();
    for (reason, fields) in [
        ("email", json!({ "email": "mary@home.example" })),
        ("username", json!({ "username": "Mary" })),
        ("phone", json!({ "phone": "+14155550123", "phone_verified": true })),
        ("external_id", json!({ "external_id": "42" })),
    ] {
        for team in [&acme.id, &initech.id] {
            twice.push((make(team, fields.clone()).await, reason));
        }
    }
    // Letters of both cases are one name, as everywhere; phones that nobody has proven are nobody's.
    make(&acme.id, json!({ "phone": "+14155550199" })).await;
    make(&initech.id, json!({ "phone": "+14155550199" })).await;
    let expected: Vec<_> = twice.iter().map(|(id, reason)| (&**id, *reason)).collect();
    assert_eq!(conflicts(&switch(&app, "shared").await), (sorted(&expected), 8));
    assert_eq!(identity(&app, &twice[0].0).await["organization_id"], json!(acme.id));

    for (id, _) in twice.iter().step_by(2) {
        let gone = app.admin_key().delete(&format!("/v1/identities/{id}?force=true")).await;
        gone.no_content();
    }
    switch(&app, "shared").await.ok();
}

async fn those_who_run_the_platform_need_no_organization(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let admin = app.person_with_role("root@id.example.com", PlatformRole::Admin).await;
    let viewer = app.person_with_role("eye@id.example.com", PlatformRole::Viewer).await;
    app.grant(&acme.owner.id, PlatformRole::Viewer).await;
    switch(&app, "strict").await.ok();
    for (person, home) in [(&admin, Value::Null), (&viewer, Value::Null), (&acme.owner, json!(acme.id))] {
        assert_eq!(identity(&app, &person.id).await["organization_id"], home);
        person.client.get("/v1/organizations").await.ok();
    }
    // They belong nowhere, and cannot be put anywhere.
    let body = json!({ "identity_id": admin.id, "role": "member" });
    app.admin_key().post(&acme.path("/members")).json(&body).await.refused(Code::NotFound);
    admin
        .client
        .post(&format!("/v1/organizations/{}:join", acme.id))
        .await
        .refused(Code::RegistrationDisabled);
    switch(&app, "shared").await.ok();
    // Two organizations are one too many for them as well.
    let initech = app.team("Initech", "peter@initech.example").await;
    acme.add(&admin.id, "member").await;
    initech.add(&admin.id, "member").await;
    let expected = sorted(&[(&admin.id, "several_memberships")]);
    assert_eq!(conflicts(&switch(&app, "strict").await), (expected, 1));
}

async fn a_dialogue_begun_before_the_switch_is_over(app: TestApp) {
    app.team("Acme", "jane@acme.example").await;
    let fields = json!({ "identifier": "jane@acme.example", "password": PASSWORD });
    let (there, back) = (app.program().open("login").await, app.program().open("login").await);
    switch(&app, "strict").await.ok();
    there.submit("password", fields.clone()).await.refused(Code::FlowGone);
    switch(&app, "shared").await.ok();
    back.submit("password", fields).await.refused(Code::FlowGone);
    app.program().sign_in("jane@acme.example", PASSWORD).await.ok();
}

/// All identities as (organization, state).
async fn homes(app: &TestApp) -> Vec<(Value, String)> {
    let list = app.admin_key().get("/v1/identities").query(&[("page_size", "100")]).await;
    let list = list.ok()["identities"].as_array().cloned().expect("identities");
    list.iter()
        .map(|i| (i["organization_id"].clone(), i["email"].as_str().unwrap_or_default().to_owned()))
        .collect()
}

async fn accounts_made_during_the_switch_belong_where_the_mode_says(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    for round in 0..6 {
        let make = |number: u32| {
            let (app, email) = (app.clone(), format!("p{round}-{number}@home.example"));
            async move {
                let body = json!({ "identity": { "email": email } });
                app.admin_key().post("/v1/identities").json(&body).await
            }
        };
        let register = |number: u32| {
            let (program, email) = (app.program(), format!("r{round}-{number}@home.example"));
            async move {
                let opened = program.get("/v1/flows/registration").await;
                if opened.status != 200 {
                    return opened;
                }
                let fields = json!({ "traits": { "email": email }, "password": PASSWORD });
                program.follow(&opened).submit("password", fields).await
            }
        };
        let later = async {
            for _ in 0..round {
                tokio::task::yield_now().await;
            }
            switch(&app, "strict").await
        };
        let (switched, a, b, c, d) = tokio::join!(later, make(1), register(2), make(3), register(4));
        let is_strict = switched.status == 200;
        for answer in [&a, &b, &c, &d] {
            // Whoever came after the switch was refused, never let in; whoever came before stood in its way.
            let is_made = matches!(answer.status, 200 | 201);
            assert!(is_made || matches!(answer.status, 400 | 403 | 410 | 503), "{answer}");
            assert!(!(is_made && is_strict), "{answer}\n{switched}");
        }
        for (organization, email) in homes(&app).await {
            assert_eq!(organization.is_string(), is_strict, "{email} in round {round}");
        }
        if is_strict {
            switch(&app, "shared").await.ok();
        } else {
            switched.refused(Code::FederationConflict);
            for found in
                app.admin_key().get("/v1/identities").query(&[("page_size", "100")]).await.ok()["identities"]
                    .as_array()
                    .expect("identities")
                    .iter()
                    .filter(|found| found["id"] != json!(acme.owner.id))
            {
                let path = format!("/v1/identities/{}?force=true", found["id"].as_str().expect("an id"));
                app.admin_key().delete(&path).await.no_content();
            }
        }
    }
}

async fn memberships_made_during_the_switch_leave_nobody_with_two(app: TestApp) {
    let (acme, initech) =
        (app.team("Acme", "jane@acme.example").await, app.team("Initech", "peter@initech.example").await);
    let mary = acme.member("mary@acme.example", "member").await;
    for _ in 0..4 {
        let body = json!({ "identity_id": mary.id, "role": "member" });
        let key = app.admin_key();
        let path = initech.path("/members");
        let add = key.post(&path).json(&body);
        let (switched, added) = tokio::join!(switch(&app, "strict"), add.into_future());
        assert_ne!(switched.status == 200, added.status == 201, "{switched}\n{added}");
        let there = format!("/v1/organizations/{}/members/{}", initech.id, mary.id);
        if added.status == 201 {
            switched.refused(Code::FederationConflict);
            key.delete(&there).await.no_content();
        } else {
            assert!(matches!(added.code(), Some(Code::NotFound | Code::NotAMember)), "{added}");
            key.get(&there).await.refused(Code::NotFound);
            switch(&app, "shared").await.ok();
        }
    }
}

async fn only_those_who_may_change_settings_switch(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let body = json!({ "identity_federation_mode": "strict" });
    acme.owner.client.patch("/v1/tenant").json(&body).await.refused(Code::ScopeMissing);
    app.admin_key()
        .patch("/v1/tenant")
        .json(&json!({ "identity_federation_mode": "both" }))
        .await
        .refused(Code::ValidationFailed);
    assert_eq!(app.admin_key().get("/v1/tenant").await.at("/identity_federation_mode"), "shared");
}

async fn a_switch_for_another_version_of_the_settings_changes_nothing(app: TestApp) {
    let acme = app.team("Acme", "jane@acme.example").await;
    let body = json!({ "identity_federation_mode": "strict" });
    let call = app.admin_key().patch("/v1/tenant").header("if-match", "\"77-tenant\"").json(&body);
    call.await.refused(Code::EtagMismatch);
    assert_eq!(identity(&app, &acme.owner.id).await["organization_id"], Value::Null);
}

#[test]
fn a_node_that_has_not_heard_of_the_switch_makes_nothing_in_the_wrong_place() {
    run(Engine::Postgres, |app: TestApp| async move {
        let (acme, initech) =
            (app.team("Acme", "jane@acme.example").await, app.team("Initech", "peter@initech.example").await);
        // It runs no jobs and so hears of nothing.
        let deaf = app.second_node().await;
        deaf.admin_key().get("/v1/tenant").await.ok();
        switch(&app, "strict").await.ok();
        let body = json!({ "identity": { "email": "nina@home.example" } });
        deaf.admin_key().post("/v1/identities").json(&body).await.refused(Code::Unavailable);
        let body = json!({ "identity": { "email": "nina@home.example" }, "organization_id": acme.id });
        deaf.admin_key().post("/v1/identities").json(&body).await.refused(Code::Unavailable);
        let body = json!({ "identity_id": acme.owner.id, "role": "member" });
        let add = deaf.admin_key().post(&initech.path("/members")).json(&body).await;
        assert!(matches!(add.code(), Some(Code::NotFound | Code::NotAMember)), "{add}");
        assert_eq!(homes(&app).await.len(), 2);
    });
}

#[test]
fn more_than_a_hundred_thousand_identities_are_switched_offline_only() {
    run(Engine::Sqlite, |app: TestApp| async move {
        let acme = app.team("Acme", "jane@acme.example").await;
        let (from, home) = (acme.owner.id.clone(), acme.id.clone());
        let copy = move |tx: &mut avnology_store::IdentityTx<'_>| {
            let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)";
            let people = format!(
                "{numbers} INSERT INTO identities (id, state, email_verified, phone_verified, traits, metadata_public, \
                 metadata_admin, has_password, password_change_required, create_time, update_time, version, realm, \
                 ever_verified) SELECT substr(x.id, 1, 22) || printf('%08d', n.i), x.state, x.email_verified, \
                 x.phone_verified, x.traits, x.metadata_public, x.metadata_admin, x.has_password, \
                 x.password_change_required, x.create_time, x.update_time, x.version, x.realm, x.ever_verified \
                 FROM identities x, n WHERE x.id = $1"
            );
            tx.execute_text(&people, &[from.clone().into()])?;
            let memberships = "INSERT INTO memberships (id, organization_id, identity_id, role, role_source, state, source, \
                create_time, update_time, version) SELECT 'mem_' || substr(i.id, 5), $2, i.id, 'member', 'manual', 'active', \
                'admin', 0, 0, 1 FROM identities i WHERE i.id <> $1";
            tx.execute_text(memberships, &[from.clone().into(), home.clone().into()])
        };
        app.tenant().store.identity().write(copy).await.expect("many people");
        let refused = switch(&app, "strict").await;
        refused.refused(Code::ConflictingState);
        assert_eq!(refused.at("/state"), "too_many_identities");
        let cx = app.tenant().system_cx();
        let set = avnology_core::platform::set_federation_mode(app.tenant(), &cx, FederationMode::Strict);
        set.await.expect("a switch");
        let total = app
            .admin_key()
            .get("/v1/identities")
            .query(&[("filter", "email = null"), ("page_size", "1")])
            .await;
        assert_eq!(total.ok()["identities"][0]["organization_id"], json!(acme.id));
        let set = avnology_core::platform::set_federation_mode(app.tenant(), &cx, FederationMode::Shared);
        set.await.expect("a switch back");
        assert_eq!(identity(&app, &acme.owner.id).await["organization_id"], Value::Null);
    });
}
