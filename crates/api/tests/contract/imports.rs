//! Import of identities: `contract/10` §4.1.

use std::fmt::Write as _;

use avnology_core::identities::work_on_imports;
use avnology_model::{Code, events::EventType, ids::IdentityId};
use avnology_store::{credentials::passwords, identities::imports as rows};
use avnology_testkit::{Answer, Authenticator, Call, PASSWORD, TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::imported_hashes::hashes;

on_both_engines! {
    people_of_an_import_sign_in_with_the_passwords_they_had,
    an_import_is_answered_before_it_is_worked_on,
    a_list_is_taken_as_lines_are,
    lines_are_independent_and_each_refusal_says_which,
    a_repeated_import_changes_nothing,
    a_proven_address_is_the_same_person_and_another_is_refused,
    an_update_changes_what_the_line_names_and_leaves_the_password,
    an_import_can_insist_on_new_people,
    a_dry_run_counts_and_writes_nothing,
    memberships_come_along_and_a_line_without_a_seat_leaves_nothing,
    everybody_can_be_imported_into_one_organization,
    in_a_strict_tenant_an_organization_is_home,
    one_import_at_a_time,
    an_import_whose_sender_went_away_makes_room,
    bodies_of_another_shape_are_refused_whole_and_leave_nothing,
    hostile_hashes_are_errors_of_their_line,
    providers_are_refused_by_name,
    an_authenticator_app_comes_along_and_the_old_hash_goes_at_the_first_sign_in,
    an_app_that_is_there_stays_and_one_that_is_missing_is_added,
    a_line_of_an_import_into_an_organization_names_no_other,
    plain_passwords_are_hashed_and_kept_nowhere,
    what_is_kept_of_the_lines_is_sealed_and_goes_with_the_end,
    only_the_platform_imports,
    the_end_of_an_import_is_told_and_it_is_forgotten_later,
    the_first_thousand_errors_are_kept,
    an_import_that_broke_off_is_gone_on_with_where_it_stood,
    a_schema_of_traits_holds_for_lines,
}

fn send(app: &TestApp, query: &[(&str, &str)], lines: &[Value]) -> Call {
    let body: String = lines.iter().fold(String::new(), |mut body, line| {
        let _ = writeln!(body, "{line}");
        body
    });
    app.admin_key().post("/v1/identities:import").query(query).raw("application/x-ndjson", body)
}

async fn work(app: &TestApp) {
    work_on_imports(app.tenant()).await.expect("an import that can be worked on");
}

async fn job(app: &TestApp, id: &str) -> Answer {
    app.admin_key().get(&format!("/v1/identities/imports/{id}")).await
}

/// The job of these lines, after its end.
async fn import(app: &TestApp, query: &[(&str, &str)], lines: &[Value]) -> Answer {
    let begun = send(app, query, lines).await;
    let id = begun.is(202).at("/id");
    work(app).await;
    let job = job(app, &id).await;
    assert_eq!(job.ok()["status"], json!("completed"));
    job
}

/// `created`, `updated`, `skipped` and `failed`.
fn counts(job: &Answer) -> [i64; 4] {
    ["created", "updated", "skipped", "failed"].map(|name| job[name].as_i64().expect("a count"))
}

/// Line, external id and code of each error.
fn errors(job: &Answer) -> Vec<(i64, Value, String)> {
    let errors = job["errors"].as_array().expect("errors").iter();
    errors
        .map(|e| {
            let code = e["code"].as_str().expect("a code").trim_start_matches("AVNOLOGY_AUTH_");
            (e["line"].as_i64().expect("a line"), e["external_id"].clone(), code.to_owned())
        })
        .collect()
}

async fn found(app: &TestApp, filter: &str) -> Vec<Value> {
    let list = app.admin_key().get("/v1/identities").query(&[("filter", filter)]).await;
    list.ok()["identities"].as_array().expect("identities").clone()
}

fn jane() -> Value {
    json!({ "email": "jane@acme.example", "email_verified": true, "external_id": "legacy|1", "first_name": "Jane" })
}

fn with(mut line: Value, more: Value) -> Value {
    if let (Value::Object(line), Value::Object(more)) = (&mut line, more) {
        line.extend(more);
    }
    line
}

async fn people_of_an_import_sign_in_with_the_passwords_they_had(app: TestApp) {
    let lines: Vec<Value> = hashes()
        .iter()
        .enumerate()
        .map(|(at, hash)| {
            json!({ "email": format!("p{at}@acme.example"), "email_verified": true, "password_hash": hash })
        })
        .collect();
    let job = import(&app, &[], &lines).await;
    assert_eq!(counts(&job), [15, 0, 0, 0], "{}", job.text());
    assert_eq!((job["total"].clone(), job["legacy"].clone()), (json!(15), json!(4)));
    for at in 0..lines.len() {
        let email = format!("p{at}@acme.example");
        app.program().sign_in(&email, PASSWORD).await.ok();
    }
}

async fn an_import_is_answered_before_it_is_worked_on(app: TestApp) {
    let begun = send(&app, &[], &[jane()]).await;
    assert_eq!(begun.is(202).at("/status"), "pending");
    assert_eq!((begun["total"].clone(), begun["finish_time"].clone()), (json!(1), Value::Null));
    let id = begun.at("/id");
    assert!(id.starts_with("imp_"));
    assert_eq!(job(&app, &id).await.at("/status"), "pending");
    work(&app).await;
    let done = job(&app, &id).await;
    assert_eq!((done.at("/status"), counts(&done)), ("completed".to_owned(), [1, 0, 0, 0]));
    assert!(done["finish_time"].is_string());
}

async fn a_list_is_taken_as_lines_are(app: TestApp) {
    let body = json!({ "identities": [jane(), { "email": "joe@acme.example" }, { "email": "?" }] });
    let begun = app.admin_key().post("/v1/identities:import").json(&body).await;
    let id = begun.is(202).at("/id");
    work(&app).await;
    let job = job(&app, &id).await;
    assert_eq!(counts(&job), [2, 0, 0, 1]);
    assert_eq!(errors(&job), [(3, Value::Null, "902".to_owned())]);
}

async fn lines_are_independent_and_each_refusal_says_which(app: TestApp) {
    let body = [
        jane().to_string(),
        String::new(),
        "not json".to_owned(),
        json!({ "email": "jane@acme.example", "external_id": "legacy|2" }).to_string(),
        json!({ "email": "joe@acme.example", "external_id": "legacy|3", "shoe": 43 }).to_string(),
        json!({ "email": "ann@acme.example", "username": "1234" }).to_string(),
        json!({ "external_id": "legacy|6" }).to_string(),
        format!("{{\"email\":\"big@acme.example\",\"first_name\":\"{}\"}}", "x".repeat(300_000)),
        json!({ "email": "last@acme.example", "password_hash": { "algorithm": "bcrypt", "encoded": "x" } })
            .to_string(),
        json!({ "email": "ok@acme.example" }).to_string(),
    ];
    let begun =
        app.admin_key().post("/v1/identities:import").raw("application/x-ndjson", body.join("\r\n")).await;
    let id = begun.is(202).at("/id");
    work(&app).await;
    let job = job(&app, &id).await;
    assert_eq!((job["total"].clone(), counts(&job)), (json!(9), [2, 0, 0, 7]));
    let id = |id: &str| json!(id);
    let expected = [
        (3, Value::Null, "900"),
        (4, id("legacy|2"), "014"),
        (5, id("legacy|3"), "902"),
        (6, Value::Null, "902"),
        (7, id("legacy|6"), "902"),
        (8, Value::Null, "902"),
        (9, Value::Null, "902"),
    ];
    assert_eq!(errors(&job), expected.map(|(line, id, code)| (line, id, code.to_owned())));
    let messages: Vec<&str> = (0..7).filter_map(|at| job["errors"][at]["message"].as_str()).collect();
    assert!(messages[2].contains("shoe") && messages[6].starts_with("password_hash.encoded"), "{messages:?}");
    assert_eq!(found(&app, "email:\"*\"").await.len(), 2);
}

async fn a_repeated_import_changes_nothing(app: TestApp) {
    let lines = [jane(), jane(), json!({ "email": "joe@acme.example", "external_id": "legacy|2" })];
    assert_eq!(counts(&import(&app, &[], &lines).await), [2, 0, 1, 0]);
    let before = found(&app, "external_id:*").await;
    let changed: Vec<Value> =
        lines.iter().map(|line| with(line.clone(), json!({ "first_name": "Other" }))).collect();
    assert_eq!(counts(&import(&app, &[], &changed).await), [0, 0, 3, 0]);
    assert_eq!(found(&app, "external_id:*").await, before);
}

async fn a_proven_address_is_the_same_person_and_another_is_refused(app: TestApp) {
    app.account("jane@acme.example").await;
    app.admin_key()
        .post("/v1/identities")
        .json(&json!({ "identity": { "email": "joe@acme.example" } }))
        .await
        .created();
    let lines = [
        json!({ "email": "JANE@acme.example", "email_verified": true }),
        json!({ "email": "jane@acme.example" }),
        json!({ "email": "joe@acme.example", "email_verified": true }),
    ];
    let job = import(&app, &[], &lines).await;
    assert_eq!(counts(&job), [0, 0, 1, 2]);
    assert!(errors(&job).iter().all(|(_, _, code)| code == "014"));
}

async fn an_update_changes_what_the_line_names_and_leaves_the_password(app: TestApp) {
    let first = with(jane(), json!({ "password_hash": hashes()[1], "traits": { "a": 1, "b": 2 } }));
    import(&app, &[], &[first, json!({ "email": "joe@acme.example", "external_id": "legacy|2" })]).await;
    let person = app.program().signed_in("jane@acme.example").await;
    let lines = [
        with(
            jane(),
            json!({ "last_name": "Doe", "traits": { "b": 3 }, "password": "marble kettle orbit 5" }),
        ),
        json!({ "external_id": "legacy|2", "email": "joe@acme.example", "password_hash": hashes()[4] }),
    ];
    let job = import(&app, &[("on_conflict", "update")], &lines).await;
    assert_eq!(counts(&job), [0, 2, 0, 0], "{}", job.text());
    let after = app.admin_key().get(&format!("/v1/identities/{}", person.id)).await;
    assert_eq!((after["last_name"].clone(), after["first_name"].clone()), (json!("Doe"), json!("Jane")));
    assert_eq!(after["traits"], json!({ "a": 1, "b": 3 }));
    assert_eq!(
        person.client.whoami().await["identity"]["last_name"],
        json!("Doe"),
        "what is in memory is renewed"
    );
    app.program().sign_in("jane@acme.example", PASSWORD).await.ok();
    app.program().sign_in("joe@acme.example", PASSWORD).await.ok();
    let again = import(&app, &[("on_conflict", "update")], &lines).await;
    assert_eq!(counts(&again), [0, 0, 2, 0], "the same once more changes nothing");
}

async fn an_import_can_insist_on_new_people(app: TestApp) {
    import(&app, &[], &[jane()]).await;
    let lines = [jane(), json!({ "email": "joe@acme.example" })];
    let job = import(&app, &[("on_conflict", "fail")], &lines).await;
    assert_eq!((counts(&job), errors(&job)), ([1, 0, 0, 1], vec![(1, json!("legacy|1"), "903".to_owned())]));
}

async fn a_dry_run_counts_and_writes_nothing(app: TestApp) {
    import(&app, &[], &[jane()]).await;
    let (before, hashed) = (app.event_types_after(0).await.len(), app.tenant().hasher.finished());
    let lines = [
        with(jane(), json!({ "first_name": "Other" })),
        json!({ "email": "joe@acme.example", "password": "marble kettle orbit 5" }),
        json!({ "email": "ann@acme.example", "password_hash": hashes()[5] }),
        json!({ "email": "ann@acme.example" }),
    ];
    let job = import(&app, &[("dry_run", "true"), ("on_conflict", "update")], &lines).await;
    assert_eq!(
        (job["dry_run"].clone(), counts(&job), job["legacy"].clone()),
        (json!(true), [2, 1, 0, 1], json!(1))
    );
    assert_eq!(found(&app, "email:\"*\"").await.len(), 1);
    assert_eq!(found(&app, "first_name = \"Other\"").await.len(), 0);
    assert_eq!(app.event_types_after(before).await, [EventType::ImportCompleted]);
    assert_eq!(app.tenant().hasher.finished(), hashed, "nothing is hashed for a dry run");
}

async fn memberships_come_along_and_a_line_without_a_seat_leaves_nothing(app: TestApp) {
    let acme = app.team("Acme", "boss@acme.example").await;
    let full = app.team("Full", "boss@full.example").await;
    full.alter(|organization| organization.seat_limit = Some(1)).await;
    let into = |email: &str, memberships: Value| json!({ "email": email, "memberships": memberships });
    let lines = [
        into("a@x.example", json!([{ "organization_id": acme.id, "role": "admin" }])),
        into("b@x.example", json!([{ "organization_id": acme.slug }, { "organization_id": full.id }])),
        into("c@x.example", json!([{ "organization_id": "nowhere" }])),
        into("d@x.example", json!([{ "organization_id": acme.id, "role": "emperor" }])),
        into("e@x.example", json!([{ "organization_id": acme.id }, { "organization_id": acme.slug }])),
    ];
    let job = import(&app, &[], &lines).await;
    assert_eq!(counts(&job), [1, 0, 0, 4], "{}", job.text());
    let codes: Vec<String> = errors(&job).into_iter().map(|(_, _, code)| code).collect();
    assert_eq!(codes, ["311", "300", "314", "902"]);
    assert_eq!(found(&app, "email ~ \"*@x.example\"").await.len(), 1, "a refused line leaves nobody behind");
    let members = app.admin_key().get(&acme.path("/members")).await;
    let of_import: Vec<&Value> = members["members"]
        .as_array()
        .expect("members")
        .iter()
        .filter(|m| m["role"] == json!("admin"))
        .collect();
    assert_eq!(of_import.len(), 1);
}

async fn everybody_can_be_imported_into_one_organization(app: TestApp) {
    let acme = app.team("Acme", "boss@acme.example").await;
    let query = [("organization_id", acme.slug.as_str()), ("role", "admin")];
    let job = import(&app, &query, &[jane(), json!({ "email": "joe@acme.example" })]).await;
    assert_eq!(counts(&job), [2, 0, 0, 0]);
    let members = app.admin_key().get(&acme.path("/members")).await;
    let roles: Vec<&str> =
        members["members"].as_array().expect("members").iter().filter_map(|m| m["role"].as_str()).collect();
    assert_eq!(roles.iter().filter(|role| **role == "admin").count(), 2);
    send(&app, &[("organization_id", "nowhere")], &[jane()]).await.refused(Code::OrganizationNotFound);
    send(&app, &[("organization_id", &acme.id), ("role", "emperor")], &[jane()])
        .await
        .refused(Code::RoleNotAssignable);
    send(&app, &[("role", "admin")], &[jane()])
        .await
        .refused_fields(Code::ValidationFailed, &[("role", "conflict")]);
}

async fn in_a_strict_tenant_an_organization_is_home(app: TestApp) {
    let acme = app.team("Acme", "boss@acme.example").await;
    let initech = app.team("Initech", "boss@initech.example").await;
    app.finish_organizations().await;
    app.settings(json!({ "identity_federation_mode": "strict" })).await;
    let lines = [
        jane(),
        with(jane(), json!({ "memberships": [{ "organization_id": initech.id }] })),
        with(
            jane(),
            json!({ "memberships": [{ "organization_id": initech.id }, { "organization_id": acme.id }] }),
        ),
    ];
    let job = import(&app, &[], &lines).await;
    assert_eq!(
        errors(&job).iter().map(|(line, _, code)| (*line, code.as_str())).collect::<Vec<_>>(),
        [(1, "902"), (3, "902")]
    );
    let into_acme = import(&app, &[("organization_id", &acme.id)], &[jane()]).await;
    assert_eq!(counts(&into_acme), [1, 0, 0, 0], "the same person is another in another organization");
    let homes: Vec<Value> = found(&app, "email = \"jane@acme.example\"")
        .await
        .iter()
        .map(|i| i["organization_id"].clone())
        .collect();
    assert_eq!(homes.len(), 2);
    assert!(homes.contains(&json!(acme.id)) && homes.contains(&json!(initech.id)));
}

async fn one_import_at_a_time(app: TestApp) {
    let first = send(&app, &[], &[jane()]).await;
    let id = first.is(202).at("/id");
    let refused = send(&app, &[], &[jane()]).await;
    assert_eq!(refused.refused(Code::JobRunning)["id"], json!(id));
    let both = tokio::join!(async { work_on_imports(app.tenant()).await }, async {
        work_on_imports(app.tenant()).await
    });
    assert!(both.0.is_ok() && both.1.is_ok());
    assert_eq!(counts(&job(&app, &id).await), [1, 0, 0, 0], "two workers do it once");
    send(&app, &[], &[jane()]).await.is(202);
}

async fn an_import_whose_sender_went_away_makes_room(app: TestApp) {
    let new = avnology_core::identities::NewImport {
        dry_run: false,
        on_conflict: avnology_model::identities::OnConflict::Skip,
        organization_id: None,
        role: None,
    };
    let cx = app.tenant().system_cx();
    let form = avnology_core::identities::ImportForm::Ndjson;
    let begun = avnology_core::identities::begin_import(app.tenant(), &cx, new, form).await;
    let mut intake = begun.map_err(|error| error.code()).expect("an intake");
    intake.push(b"{\"email\":\"half@acme.example\"}\n{\"em").await.expect("room");
    send(&app, &[], &[jane()]).await.refused(Code::JobRunning);
    work(&app).await;
    app.advance(61);
    let next = send(&app, &[], &[jane()]).await;
    let id = next.is(202).at("/id");
    intake.push(b"ail\":\"x@acme.example\"}\n").await.expect("it is not looked at before a piece is full");
    assert_eq!(intake.finish().await.err().map(|e| e.code()), Some(Code::JobRunning));
    work(&app).await;
    assert_eq!(job(&app, &id).await["created"], json!(1));
    assert_eq!(found(&app, "email:\"*\"").await.len(), 1, "what came of the other is gone");
}

async fn bodies_of_another_shape_are_refused_whole_and_leave_nothing(app: TestApp) {
    let post = |media: &'static str, body: &str| {
        app.admin_key().post("/v1/identities:import").raw(media, body.to_owned())
    };
    post("application/json", "{\"identities\": [{}").await.refused(Code::MalformedRequest);
    post("application/json", "[]").await.refused(Code::MalformedRequest);
    post("application/json", "{\"identities\": [], \"x\": 1}")
        .await
        .refused_fields(Code::ValidationFailed, &[("body", "unknown_field")]);
    post("text/csv", "email\n").await.refused(Code::UnsupportedMediaType);
    post("", "{}").await.refused(Code::UnsupportedMediaType);
    post("application/x-ndjson", &"{}\n".repeat(50_001))
        .await
        .refused_fields(Code::ValidationFailed, &[("body", "too_long")]);
    let large = "{}".to_owned() + &" ".repeat(16 << 20);
    assert_eq!(
        post("application/x-ndjson", &large).await.refused(Code::PayloadTooLarge)["limit_bytes"],
        json!(16 << 20)
    );
    send(&app, &[("on_conflict", "merge")], &[jane()])
        .await
        .refused_fields(Code::ValidationFailed, &[("on_conflict", "not_in_enum")]);
    send(&app, &[("shoe", "1")], &[jane()])
        .await
        .refused_fields(Code::ValidationFailed, &[("shoe", "unknown_field")]);
    // None of them holds the place.
    assert_eq!(counts(&import(&app, &[], &[]).await), [0, 0, 0, 0]);
    app.admin_key()
        .get("/v1/identities/imports/imp_01kjpwd6m0emptw6bw4v8qtn83")
        .await
        .refused(Code::NotFound);
}

async fn hostile_hashes_are_errors_of_their_line(app: TestApp) {
    let long = "A".repeat(43);
    let hash = |hash: Value| json!({ "email": "x@acme.example", "password_hash": hash });
    let lines = [
        hash(json!({ "algorithm": "scrypt", "n": 1 << 30, "r": 8, "p": 1, "salt": "AAAA", "hash": long })),
        hash(json!({ "algorithm": "argon2",
            "encoded": "$argon2id$v=19$m=4194304,t=1,p=1$LvZu2TU7SKWS7o8sc1J+PQ$F9N9jL1GLHfU5Scjw1i/6fsZSeVqG+dpGADyX4z0d/A" })),
        hash(json!({ "algorithm": "firebase-scrypt", "rounds": 8, "mem_cost": 30, "salt": "AAAA",
            "salt_separator": "AA", "signer_key": long, "hash": long })),
        hash(
            json!({ "algorithm": "pbkdf2", "digest": "sha1", "iterations": 4_000_000_000_u32, "salt": "AA", "hash": long }),
        ),
        hash(
            json!({ "algorithm": "bcrypt", "encoded": "$2b$31$e2uWeP8jI9yp94Zr35aYtuFHHnZo7vi/8AVx3pBQz1thnbHgtaoRG" }),
        ),
    ];
    let before = app.tenant().hasher.finished();
    let job = import(&app, &[], &lines).await;
    assert_eq!(counts(&job), [0, 0, 0, 5]);
    assert!(errors(&job).iter().all(|(_, _, code)| code == "902"), "{}", job.text());
    assert_eq!(app.tenant().hasher.finished(), before);
}

async fn providers_are_refused_by_name(app: TestApp) {
    let lines = [
        with(jane(), json!({ "linked_providers": [{ "provider": "google", "subject": "7" }] })),
        with(jane(), json!({ "linked_providers": [] })),
    ];
    let job = import(&app, &[], &lines).await;
    assert_eq!(counts(&job), [1, 0, 0, 1]);
    assert!(job["errors"][0]["message"].as_str().is_some_and(|words| words.starts_with("linked_providers")));
}

/// RFC 6238's secret.
const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

async fn stored(app: &TestApp, email: &str) -> String {
    let people = found(app, &format!("email = \"{email}\"")).await;
    let id: IdentityId = people[0]["id"].as_str().expect("an id").parse().expect("an id");
    let read = app.tenant().store.identity().read(move |tx| passwords::find(tx, id)).await;
    read.expect("a read").expect("a password").phc
}

async fn an_authenticator_app_comes_along_and_the_old_hash_goes_at_the_first_sign_in(app: TestApp) {
    let lines = [
        with(jane(), json!({ "password_hash": hashes()[1], "totp_seed": SEED })),
        json!({ "email": "joe@acme.example", "totp_seed": "not base32!" }),
    ];
    let job = import(&app, &[], &lines).await;
    assert_eq!(counts(&job), [1, 0, 0, 1], "{}", job.text());
    assert!(job["errors"][0]["message"].as_str().is_some_and(|words| words.starts_with("totp_seed")));
    assert_eq!(found(&app, "external_id = \"legacy|1\"").await[0]["mfa_methods"], json!(["totp"]));
    assert!(
        app.mail_to("jane@acme.example").await.is_empty(),
        "nobody is told of what they set up themselves"
    );
    assert!(stored(&app, "jane@acme.example").await.starts_with("$2b$04$"));

    let flow = app.half_signed_in("jane@acme.example").await;
    let now = stored(&app, "jane@acme.example").await;
    assert!(now.starts_with("$argon2id$"), "the second factor is still to come: {now}");
    let code = Authenticator::of_seed(SEED).code(app.now());
    let done = flow.submit("totp", json!({ "totp_code": code })).await;
    assert_eq!(done.ok()["session"]["aal"], json!("aal2"));
    assert_eq!(app.payloads(EventType::UserMfaEnrolled).await.len(), 1);
}

async fn an_app_that_is_there_stays_and_one_that_is_missing_is_added(app: TestApp) {
    let other = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let joe = json!({ "email": "joe@acme.example", "email_verified": true, "password_hash": hashes()[1] });
    let first = with(jane(), json!({ "password_hash": hashes()[1], "totp_seed": SEED }));
    assert_eq!(counts(&import(&app, &[], &[first, joe.clone()]).await), [2, 0, 0, 0]);
    let lines =
        [with(jane(), json!({ "totp_seed": other })), with(joe.clone(), json!({ "totp_seed": other }))];
    assert_eq!(counts(&import(&app, &[("on_conflict", "update")], &lines).await), [0, 1, 1, 0]);
    for (email, seed) in [("jane@acme.example", SEED), ("joe@acme.example", other)] {
        let flow = app.half_signed_in(email).await;
        let code = Authenticator::of_seed(seed).code(app.now());
        flow.submit("totp", json!({ "totp_code": code })).await.ok();
    }
}

async fn a_line_of_an_import_into_an_organization_names_no_other(app: TestApp) {
    let acme = app.team("Acme", "boss@acme.example").await;
    let other = app.team("Other", "boss@other.example").await;
    let into = |email: &str, id: &str, role: &str| json!({ "email": email, "memberships": [{ "organization_id": id, "role": role }] });
    let lines = [into("a@acme.example", &other.id, "member"), into("b@acme.example", &acme.id, "admin")];
    let job = import(&app, &[("organization_id", &acme.id)], &lines).await;
    assert_eq!((counts(&job), errors(&job)), ([1, 0, 0, 1], vec![(1, Value::Null, "303".to_owned())]));
    // The same in the scope of the organization, which is implied there.
    let call = send(&app, &[], &[json!({ "email": "c@acme.example" })]).header("x-avnology-org", &acme.id);
    let id = call.await.is(202).at("/id");
    work(&app).await;
    assert_eq!(counts(&self::job(&app, &id).await), [1, 0, 0, 0]);
    let members = app.admin_key().get(&acme.path("/members")).await;
    assert_eq!(members["members"].as_array().map(Vec::len), Some(3), "{}", members.text());
}

async fn plain_passwords_are_hashed_and_kept_nowhere(app: TestApp) {
    let job = import(&app, &[], &[with(jane(), json!({ "password": "tiny" }))]).await;
    assert_eq!(counts(&job), [1, 0, 0, 0], "people have it already: the rules for new ones do not hold");
    app.program().sign_in("jane@acme.example", "tiny").await.ok();
    app.program().sign_in("jane@acme.example", "tinx").await.refused(Code::WrongCredentials);
}

async fn what_is_kept_of_the_lines_is_sealed_and_goes_with_the_end(app: TestApp) {
    let begun = send(&app, &[], &[with(jane(), json!({ "password": "tiny" }))]).await;
    let id: avnology_model::ids::ImportId = begun.is(202).at("/id").parse().expect("an id");
    let piece = || app.tenant().store.identity().read(move |tx| rows::piece(tx, id, 0));
    let kept = piece().await.expect("a read").expect("a piece");
    for secret in ["tiny", "jane", "email"] {
        assert!(!kept.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} can be read");
    }
    work(&app).await;
    assert_eq!(piece().await.expect("a read"), None);
}

async fn only_the_platform_imports(app: TestApp) {
    let acme = app.team("Acme", "boss@acme.example").await;
    let post = |client: &avnology_testkit::Client| {
        client.post("/v1/identities:import").raw("application/x-ndjson", jane().to_string())
    };
    post(&app.program()).await.refused(Code::SessionInvalid);
    let boss = app.program().signed_in("boss@acme.example").await;
    post(&boss.client).await.refused(Code::ScopeMissing);
    post(&boss.client).header("x-avnology-org", &acme.id).await.refused(Code::ScopeMissing);
    let id = send(&app, &[], &[jane()]).await.is(202).at("/id");
    boss.client.get(&format!("/v1/identities/imports/{id}")).await.refused(Code::ScopeMissing);
}

async fn the_end_of_an_import_is_told_and_it_is_forgotten_later(app: TestApp) {
    let job = import(&app, &[], &[jane(), jane()]).await;
    let told = app.payloads(EventType::ImportCompleted).await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0]["import_id"].clone(), told[0]["created"].clone(), told[0]["skipped"].clone()),
        (job["id"].clone(), json!(1), json!(1))
    );
    let made = app.payloads(EventType::UserCreated).await;
    assert_eq!(made.last().map(|p| p["source"].clone()), Some(json!("import")));
    let by = app
        .events()
        .await
        .into_iter()
        .find(|e| e.event_type == EventType::ImportCompleted)
        .expect("it")
        .actor;
    assert!(by.id.is_some_and(|id| id.starts_with("sa_")), "who asked for it did it");
    app.advance(31 * 24 * 60 * 60);
    app.sweep().await;
    app.admin_key().get(&format!("/v1/identities/imports/{}", job.at("/id"))).await.refused(Code::NotFound);
}

async fn the_first_thousand_errors_are_kept(app: TestApp) {
    let lines: Vec<Value> = (0..1_300).map(|at| json!({ "external_id": at.to_string() })).collect();
    let job = import(&app, &[], &lines).await;
    assert_eq!(counts(&job), [0, 0, 0, 1_300]);
    let errors = errors(&job);
    assert_eq!((errors.len(), errors[999].0), (1_000, 1_000));
}

async fn an_import_that_broke_off_is_gone_on_with_where_it_stood(app: TestApp) {
    let lines: Vec<Value> = (0..600).map(|at| json!({ "email": format!("p{at}@acme.example") })).collect();
    let id = send(&app, &[], &lines).await.is(202).at("/id");
    let import_id: avnology_model::ids::ImportId = id.parse().expect("an id");
    // A node claims it, comes one piece far and dies.
    let now = app.tenant().now();
    let claim = move |tx: &mut avnology_store::IdentityTx<'_>| rows::claim(tx, now, now.plus_seconds(60));
    app.tenant().store.identity().write(claim).await.expect("a write").expect("a claim");
    let counts_of_one = avnology_model::identities::ImportCounts { created: 250, ..Default::default() };
    let advance = move |tx: &mut avnology_store::IdentityTx<'_>| {
        rows::advance(tx, import_id, 0, &counts_of_one, now.plus_seconds(60))
    };
    assert!(app.tenant().store.identity().write(advance).await.expect("a write"));
    work(&app).await;
    assert_eq!(job(&app, &id).await.at("/status"), "running", "its claim is good for a while");
    app.advance(61);
    work(&app).await;
    let done = job(&app, &id).await;
    assert_eq!((done.at("/status"), done["created"].clone()), ("completed".to_owned(), json!(600)));
    let there = app.admin_key().get("/v1/identities").query(&[("include_total", "true")]).await;
    assert_eq!(there["total_size"], json!(350), "the piece that the other node counted was not done again");
}

async fn a_schema_of_traits_holds_for_lines(app: TestApp) {
    let schema = json!({ "type": "object", "properties": { "level": { "type": "integer" } } });
    app.settings(json!({ "identity_schema": schema })).await;
    let lines = [
        with(jane(), json!({ "traits": { "level": 3 } })),
        json!({ "email": "joe@acme.example", "traits": { "level": "x" } }),
    ];
    let job = import(&app, &[], &lines).await;
    assert_eq!(counts(&job), [1, 0, 0, 1]);
    assert!(
        job["errors"][0]["message"].as_str().is_some_and(|m| m.starts_with("traits.level")),
        "{}",
        job.text()
    );
}
