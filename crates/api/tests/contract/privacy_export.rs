//! Copies of all that is held about a person, and the choice about the sale of data: `contract/10` §§9, 9.1, 9.4.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use avnology_model::{Code, events::EventType, permissions::PlatformRole, privacy::Category};
use avnology_testkit::{Answer, Client, Engine, ORIGIN, Person, TestApp, on_both_engines};
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

const DAY: i64 = 24 * 3_600;
const JANE: &str = "jane@acme.example";

on_both_engines! {
    the_categories_of_data_are_explained,
    a_copy_holds_one_file_for_each_category_and_a_manifest,
    a_copy_tells_nothing_about_other_people,
    a_copy_needs_a_fresh_sign_in,
    one_copy_is_made_at_a_time_and_three_in_a_day,
    a_copy_is_its_owners_alone_and_its_link_cannot_be_forged,
    a_link_works_for_a_day_and_the_file_is_there_for_a_week,
    what_a_crash_cut_off_is_gone_on_with,
    of_two_workers_one_makes_the_copy,
    a_large_log_is_copied_whole_and_in_order,
    the_data_of_a_deleted_account_goes_with_its_copies,
    administrators_take_a_copy_and_the_person_is_told,
    an_objection_to_the_sale_of_data_is_recorded_once,
}

async fn begin(client: &Client) -> Answer {
    client.post("/v1/privacy:exportMyData").await
}

async fn state(client: &Client, begun: &Answer) -> Answer {
    client.get(&format!("/v1/privacy/exports/{}", begun.at("/export_id"))).await
}

fn local(url: &str) -> String {
    url.strip_prefix(ORIGIN).expect("our own link").to_owned()
}

fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// The files of an archive.
fn unpacked(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    let mut files = BTreeMap::new();
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).expect("a file");
        let mut data = Vec::new();
        file.read_to_end(&mut data).expect("its data, whole");
        let name = file.name().expect("a name").into_owned();
        files.insert(name, data);
    }
    files
}

fn json_of(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Value {
    serde_json::from_slice(&files[name]).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A finished copy and its files.
async fn copied(person: &Person) -> (Answer, BTreeMap<String, Vec<u8>>) {
    let app = person.client.app();
    let begun = begin(&person.client).await;
    begun.is(202);
    assert_eq!(begun["status"], "pending");
    app.make_copies().await;
    let done = state(&person.client, &begun).await;
    assert_eq!((&done.ok()["status"], &done["progress"]), (&json!("completed"), &json!(100)), "{done}");
    let file = app.program().get(&local(&done.at("/download_url"))).await;
    file.is(200);
    assert_eq!(file.header("content-type"), "application/zip");
    assert_eq!(done["size_bytes"], file.body.len());
    assert_eq!(done["sha256"], sha256(&file.body));
    let files = unpacked(&file.body);
    (done, files)
}

async fn the_categories_of_data_are_explained(app: TestApp) {
    let jane = app.person(JANE).await;
    let list = jane.client.get("/v1/privacy:getDataCategories").await;
    let categories = list.ok()["categories"].as_array().expect("categories").clone();
    assert_eq!(categories.len(), Category::ALL.len());
    for category in &categories {
        for member in ["key", "title", "description", "purpose", "legal_basis", "retention"] {
            assert!(category[member].as_str().is_some_and(|text| !text.is_empty()), "{member} of {category}");
        }
        assert_eq!((&category["exported"], &category["erased"]), (&json!(true), &json!(true)));
    }
    app.program().get("/v1/privacy:getDataCategories").await.refused(Code::SessionInvalid);
}

async fn a_copy_holds_one_file_for_each_category_and_a_manifest(app: TestApp) {
    let team = app.team("Acme", JANE).await;
    let jane = &team.owner;
    jane.client.patch("/v1/me").json(&json!({ "first_name": "Jane" })).await.ok();
    jane.client.patch("/v1/me").json(&json!({ "email": "jane@new.example" })).await.ok();
    app.record_audit().await;
    app.keep_activity().await;
    let (done, files) = copied(jane).await;
    let manifest = json_of(&files, "manifest.json");
    assert_eq!((&manifest["identity_id"], &manifest["export_id"]), (&json!(jane.id), &done["export_id"]));
    assert_eq!((&manifest["issuer"], &manifest["unavailable"]), (&json!(ORIGIN), &json!([])));
    let listed = manifest["files"].as_array().expect("files");
    assert_eq!((listed.len(), files.len()), (Category::ALL.len(), Category::ALL.len() + 1));
    for entry in listed {
        let name = entry["file"].as_str().expect("a name");
        assert_eq!(entry["sha256"], sha256(&files[name]), "{name}");
        let held = json_of(&files, name);
        assert_eq!(held["category"], entry["category"]);
        assert_eq!(
            held["entries"].as_array().map(Vec::len),
            entry["entries"].as_u64().map(|n| usize::try_from(n).expect("a count")),
            "{name}"
        );
    }
    let profile = &json_of(&files, "profile.json")["entries"][0];
    assert_eq!((&profile["email"], &profile["first_name"]), (&json!(JANE), &json!("Jane")));
    assert_eq!(profile["pending_email"], "jane@new.example");
    let sessions = json_of(&files, "sessions.json");
    assert!(
        sessions["entries"].as_array().expect("sessions").iter().any(|s| s["id"] == jane.session_id.as_str())
    );
    let organizations = json_of(&files, "organizations.json");
    assert_eq!(
        (&organizations["entries"][0]["organization_id"], &organizations["entries"][0]["role"]),
        (&json!(team.id), &json!("owner"))
    );
    assert_eq!(json_of(&files, "credentials.json")["entries"][0]["type"], "password");
    let audit = serde_json::to_string(&json_of(&files, "audit.json")).expect("JSON");
    assert!(audit.contains("user.updated") && audit.contains("organization.created"), "{audit}");
    assert!(!files["activity.json"].is_empty() && !audit.contains("\"integrity\""));
    assert_eq!(
        app.payloads(EventType::PrivacyExportRequested).await,
        [json!({ "export_id": done["export_id"], "user_id": jane.id })]
    );
    assert_eq!(app.payloads(EventType::PrivacyExportCompleted).await.len(), 1);
}

async fn a_copy_tells_nothing_about_other_people(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let jane = team.member(JANE, "member").await;
    let path = team.path(&format!("/members/{}", jane.id));
    team.owner.client.patch(&path).json(&json!({ "role": "admin" })).await.ok();
    app.record_audit().await;
    let (_, files) = copied(&jane).await;
    let all: String = files.values().map(|file| String::from_utf8_lossy(file).into_owned()).collect();
    assert!(all.contains("organization.member.role_changed") && all.contains("withheld"), "{all}");
    assert!(!all.contains("olivia") && !all.contains(&team.owner.id), "{all}");
}

async fn a_copy_needs_a_fresh_sign_in(app: TestApp) {
    let jane = app.person(JANE).await;
    app.advance(1_000);
    assert_eq!(begin(&jane.client).await.refused(Code::StepUpRequired)["continue_flow"]["type"], "login");
}

async fn one_copy_is_made_at_a_time_and_three_in_a_day(app: TestApp) {
    let jane = app.person(JANE).await;
    let first = begin(&jane.client).await;
    assert_eq!(begin(&jane.client).await.refused(Code::JobRunning)["id"], first["export_id"]);
    for _ in 0..2 {
        app.make_copies().await;
        begin(&jane.client).await.is(202);
    }
    app.make_copies().await;
    let refused = begin(&jane.client).await;
    assert_eq!(refused.refused(Code::TooManyRequests)["retry_after"], DAY);
    app.advance(DAY);
    let again = app.program().signed_in(JANE).await;
    begin(&again.client).await.is(202);
}

async fn a_copy_is_its_owners_alone_and_its_link_cannot_be_forged(app: TestApp) {
    let (jane, joe) = (app.person(JANE).await, app.person("joe@acme.example").await);
    let begun = begin(&jane.client).await;
    state(&joe.client, &begun).await.refused(Code::NotFound);
    let pending = state(&jane.client, &begun).await;
    assert_eq!((&pending.ok()["download_url"], &pending["size_bytes"]), (&Value::Null, &Value::Null));
    app.make_copies().await;
    let link = local(&state(&jane.client, &begun).await.at("/download_url"));
    let (start, signature) = link.split_once("signature=").expect("signed");
    let other = if signature.starts_with('0') { "1" } else { "0" };
    app.program().get(&format!("{start}signature={other}{}", &signature[1..])).await.refused(Code::NotFound);
    let part = app.program().get(&link).header("range", "bytes=0-3").await;
    assert_eq!(part.is(206).body, b"PK\x03\x04");
}

async fn a_link_works_for_a_day_and_the_file_is_there_for_a_week(app: TestApp) {
    let jane = app.person(JANE).await;
    let (done, _) = copied(&jane).await;
    let link = local(&done.at("/download_url"));
    app.advance(DAY);
    app.program().get(&link).await.refused(Code::ExportExpired);
    let again = app.program().signed_in(JANE).await;
    let fresh = local(&state(&again.client, &done).await.at("/download_url"));
    app.program().get(&fresh).await.is(200);
    app.advance(6 * DAY);
    app.sweep().await;
    let again = app.program().signed_in(JANE).await;
    state(&again.client, &done).await.refused(Code::ExportExpired);
    app.program().get(&fresh).await.refused(Code::ExportExpired);
}

async fn what_a_crash_cut_off_is_gone_on_with(app: TestApp) {
    let jane = app.person(JANE).await;
    app.record_audit().await;
    let begun = begin(&jane.client).await;
    // A worker takes the copy and is never heard of again.
    let (now, store) = (app.now(), app.tenant().store.identity());
    let taken =
        store.write(move |tx| avnology_store::privacy::exports::claim(tx, now, now.plus_seconds(60))).await;
    let taken = taken.expect("written").expect("a copy");
    app.make_copies().await;
    assert_eq!(state(&jane.client, &begun).await.ok()["status"], "running");
    app.advance(61);
    app.make_copies().await;
    assert_eq!(state(&jane.client, &begun).await.ok()["status"], "completed");
    // Should it come back, it changes nothing.
    let late = store.write(move |tx| avnology_store::privacy::exports::advance(tx, &taken, &taken, now));
    assert!(!late.await.expect("written"));
}

async fn of_two_workers_one_makes_the_copy(app: TestApp) {
    let jane = app.person(JANE).await;
    let other = if app.engine() == Engine::Postgres { app.second_node().await } else { app.clone() };
    let begun = begin(&jane.client).await;
    let (one, two) = tokio::join!(
        avnology_core::privacy::write_exports(app.tenant()),
        avnology_core::privacy::write_exports(other.tenant()),
    );
    assert_eq!(one.expect("made") + two.expect("made"), 1);
    assert_eq!(state(&jane.client, &begun).await.ok()["status"], "completed");
    assert_eq!(app.payloads(EventType::PrivacyExportCompleted).await.len(), 1);
}

async fn a_large_log_is_copied_whole_and_in_order(app: TestApp) {
    let jane = app.person(JANE).await;
    for round in 0..1_200 {
        jane.client.patch("/v1/me").json(&json!({ "first_name": format!("Jane {round}") })).await.ok();
    }
    app.record_audit().await;
    app.advance(1_000);
    let again = app.program().signed_in(JANE).await;
    let (_, files) = copied(&again).await;
    let audit = json_of(&files, "audit.json");
    let numbers: Vec<i64> = audit["entries"]
        .as_array()
        .expect("records")
        .iter()
        .map(|r| r["sequence"].as_i64().expect("a number"))
        .collect();
    assert!(numbers.len() >= 1_202, "{}", numbers.len());
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "each once, in their order");
}

async fn the_data_of_a_deleted_account_goes_with_its_copies(app: TestApp) {
    let jane = app.person(JANE).await;
    let (done, _) = copied(&jane).await;
    app.admin_key()
        .delete(&format!("/v1/identities/{}", jane.id))
        .query(&[("force", "true")])
        .await
        .no_content();
    app.program().get(&local(&done.at("/download_url"))).await.refused(Code::ExportExpired);
}

async fn administrators_take_a_copy_and_the_person_is_told(app: TestApp) {
    let jane = app.person(JANE).await;
    let path = format!("/v1/identities/{}", jane.id);
    let viewer = app.person_with_role("view@acme.example", PlatformRole::Viewer).await;
    viewer.client.post(&format!("{path}:exportData")).await.refused(Code::ScopeMissing);
    let admin = app.admin_key();
    let begun = admin.post(&format!("{path}:exportData")).await;
    begun.is(202);
    assert_eq!(app.latest_mail(JANE).await.kind, "data_exported");
    app.make_copies().await;
    let done = admin.get(&local(&begun.at("/status_url"))).await;
    assert_eq!(done.ok()["status"], "completed");
    let link = local(&done.at("/download_url"));
    app.program().get(&link).await.refused(Code::SessionInvalid);
    jane.client.get(&link).await.refused(Code::ScopeMissing);
    let file = admin.get(&link).await;
    assert_eq!(json_of(&unpacked(&file.is(200).body), "profile.json")["entries"][0]["email"], JANE);
    // What others had made is not the person's, who may have one made.
    jane.client.get(&format!("/v1/privacy/exports/{}", begun.at("/export_id"))).await.refused(Code::NotFound);
    // An organization takes copies of the data of people whom it manages, and of nobody else.
    let team = app.team("Acme", "olivia@acme.example").await;
    let guest = team.member("guest@other.example", "member").await;
    let theirs = format!("/v1/identities/{}:exportData", guest.id);
    team.owner.client.post(&theirs).header("x-avnology-org", &team.id).await.refused(Code::PermissionDenied);
}

async fn an_objection_to_the_sale_of_data_is_recorded_once(app: TestApp) {
    let jane = app.person(JANE).await;
    let said = jane.client.post("/v1/privacy:optOutOfSale").await;
    assert_eq!(said.ok()["recorded_at"], "2026-03-02T09:00:00.000Z");
    app.advance(60);
    assert_eq!(jane.client.post("/v1/privacy:optOutOfSale").await.ok(), said.ok());
    let me = jane.client.get("/v1/me").await;
    assert_eq!(me.ok()["metadata"]["public"]["sale_opt_out_at"], said["recorded_at"]);
    assert_eq!(app.payloads(EventType::PrivacyOptOutRecorded).await, [json!({ "user_id": jane.id })]);
    let body = json!({ "email": "joe@acme.example", "captcha_token": "x" });
    let refused = app.program().post("/v1/privacy:optOutOfSale").json(&body).await;
    assert_eq!(
        refused.refused(Code::CaptchaWrong)["captcha"],
        json!({ "provider": "none", "site_key": null })
    );
    app.recovering("max@acme.example")
        .await
        .client
        .post("/v1/privacy:optOutOfSale")
        .await
        .refused(Code::CaptchaWrong);
}
