//! Exports of the audit log (`contract/70` §3.2): files that are whole or not there.

use avnology_core::audit::{SignedState, Unsound, check_export};
use avnology_jose::{KeySet, jwt};
use avnology_model::Code;
use avnology_testkit::{Answer, Client, ORIGIN, Team, TestApp, on_both_engines};
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

fn body(app: &TestApp, format: &str) -> Value {
    json!({
        "start_time": app.now().plus_seconds(-3_600).to_string(), "end_time": app.now().plus_seconds(60).to_string(),
        "format": format,
    })
}

async fn begin(client: &Client, organization: Option<&str>, body: &Value) -> Answer {
    let mut call = client.post("/v1/audit/events:export").json(body);
    if let Some(organization) = organization {
        call = call.header("x-avnology-org", organization);
    }
    call.await
}

async fn state(client: &Client, organization: Option<&str>, begun: &Answer) -> Answer {
    let mut call = client.get(&format!("/v1/audit/exports/{}", begun.at("/export_id")));
    if let Some(organization) = organization {
        call = call.header("x-avnology-org", organization);
    }
    call.await
}

/// The path of the file of a finished export.
fn path(state: &Answer) -> String {
    let url = state.at("/download_url");
    url.strip_prefix(ORIGIN).expect("our own link").to_owned()
}

async fn exported(team: &Team, body: &Value) -> (Answer, String) {
    let app = team.owner.client.app().clone();
    let begun = begin(&team.owner.client, Some(&team.id), body).await;
    begun.is(202);
    assert_eq!(begun["status"], "pending");
    app.record_audit().await;
    let done = state(&team.owner.client, Some(&team.id), &begun).await;
    assert_eq!(done.ok()["status"], "complete", "{done}");
    let file = app.program().get(&path(&done)).await;
    file.is(200);
    let text = file.text();
    (done, text)
}

fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

async fn a_file_of_lines_holds_every_record_as_it_is_read(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    team.member("jane@acme.example", "member").await;
    let records = app.audit(Some(&team.id), "").await;
    let (done, text) = exported(&team, &body(&app, "JSONL")).await;
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines[..records.len()], records);
    assert_eq!(done["event_count"], lines.len());
    assert_eq!(done["sha256"], sha256(text.as_bytes()));
    assert_eq!((&done["format"], &done["checkpoint"]), (&json!("JSONL"), &Value::Null));

    // That somebody took the log out is in the log.
    let told = app.audit(Some(&team.id), "action = \"audit.exported\"").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["actor"]["id"], team.owner.id.as_str());
    assert_eq!(told[0]["details"]["export_id"], done["export_id"]);
}

async fn a_table_is_safe_to_open_in_a_spreadsheet(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    team.owner.client.patch(&team.path("")).json(&json!({ "name": "=1+1, \"quoted\"" })).await.ok();
    let mut body = body(&app, "CSV");
    body["filter"] = "action = \"organization.updated\"".into();
    let (done, text) = exported(&team, &body).await;
    assert_eq!(done["event_count"], 1);
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].starts_with("id,event_id,sequence,timestamp,action,result,actor.type,actor.id"),
        "{text}"
    );
    assert!(lines[1].contains("\"'=1+1, \"\"quoted\"\"\""), "{text}");
}

async fn only_what_was_asked_for_is_in_the_file(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    app.advance(7_200);
    let later = app.now().to_string();
    team.owner.client.patch(&team.path("")).json(&json!({ "name": "Acme Inc" })).await.ok();
    let mut wanted = body(&app, "JSONL");
    wanted["start_time"] = later.into();
    let (_, text) = exported(&team, &wanted).await;
    assert!(text.contains("organization.updated") && !text.contains("organization.created"), "{text}");
    wanted["filter"] = "action = \"no.such\"".into();
    let (done, text) = exported(&team, &wanted).await;
    assert_eq!((done["event_count"].as_i64(), text.as_str()), (Some(0), ""));
}

async fn with_proof_the_salts_and_a_signed_state_come_along(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    app.record_audit().await;
    app.advance(3_700);
    app.record_audit().await;
    let mut wanted = body(&app, "JSONL");
    wanted["start_time"] = app.now().plus_seconds(-86_400).to_string().into();
    wanted["include_proof"] = true.into();
    let (done, text) = exported(&team, &wanted).await;
    let first: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["proof"]["parts"][0]["salt"].as_str().map(str::len), Some(64), "{first}");
    let covers = first["proof"]["parts"][0]["covers"].as_array().expect("pointers").clone();
    assert!(covers.contains(&json!("/actor/id")), "{covers:?}");
    let keys = KeySet::parse(&app.program().get("/.well-known/jwks.json").await.text()).expect("keys");
    let signed = jwt::verify(&done.at("/checkpoint"), &keys, "avnology-audit-checkpoint+jwt").expect("ours");
    assert_eq!((&signed["log"], &signed["iss"]), (&json!(team.id), &json!(ORIGIN)));
}

async fn an_export_with_proof_is_checked_without_the_server(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let jane = team.member("jane@acme.example", "member").await;
    jane.client.delete(&team.path("")).await.refused(Code::ScopeMissing);
    app.admin_key().delete(&format!("/v1/identities/{}", jane.id)).query(&[("force", "true")]).await;
    app.record_audit().await;
    app.advance(3_700);
    app.record_audit().await;
    let mut wanted = body(&app, "JSONL");
    wanted["start_time"] = app.now().plus_seconds(-86_400).to_string().into();
    wanted["include_proof"] = true.into();
    let client = app.program().signed_in("olivia@acme.example").await;
    let team = Team { owner: client, ..team };
    let (done, text) = exported(&team, &wanted).await;
    assert!(text.contains("\"deleted\""), "somebody was erased: {text}");
    let keys = app.program().get("/.well-known/jwks.json").await.text();
    let signed = SignedState::read(&done.at("/checkpoint"), &keys).expect("our signature");
    let checked = check_export(text.as_bytes(), Some(&signed)).expect("sound");
    assert_eq!(checked.records, u64::try_from(text.lines().count()).expect("a count"));
    assert_eq!((checked.first_sequence, checked.missing), (Some(1), 0));

    let forged = text.replacen("organization.member.added", "organization.member.removed", 1);
    assert!(matches!(check_export(forged.as_bytes(), None), Err(Unsound::Line(1, _))));
    let before = usize::try_from(signed.sequence - 1).expect("a count");
    let cut: String = text.split_inclusive('\n').take(before).collect();
    assert!(matches!(check_export(cut.as_bytes(), Some(&signed)), Err(Unsound::Checkpoint(_))));
}

async fn a_download_that_was_cut_off_is_gone_on_with(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let (done, text) = exported(&team, &body(&app, "JSONL")).await;
    let get = || app.program().get(&path(&done));
    let half = text.len() / 2;
    let rest = get().header("range", &format!("bytes={half}-")).await;
    rest.is(206);
    assert_eq!(format!("{}{}", &text[..half], rest.text()), text);
    let range = format!("bytes {half}-{}/{}", text.len() - 1, text.len());
    assert_eq!((rest.header("content-range"), rest.header("accept-ranges")), (range.as_str(), "bytes"));
    let same = get().header("range", "bytes=0-0").header("if-range", rest.header("etag")).await;
    assert_eq!((same.status, same.text()), (206, text[..1].to_owned()));
    let other = get().header("range", "bytes=0-0").header("if-range", "\"other\"").await;
    assert_eq!((other.status, other.text()), (200, text.clone()));
    get().header("range", &format!("bytes={}-", text.len())).await.is(416);
    assert_eq!(get().await.text(), text, "the link is good again and again");
}

async fn a_link_is_good_for_a_day_and_a_file_for_a_week(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let (done, _) = exported(&team, &body(&app, "JSONL")).await;
    let first = path(&done);
    app.advance(24 * 3_600 + 1);
    app.program().get(&first).await.refused(Code::ExportExpired);
    let client = app.program().signed_in("olivia@acme.example").await.client;
    let again = state(&client, Some(&team.id), &done).await;
    again.ok();
    app.program().get(&path(&again)).await.is(200);
    app.advance(6 * 24 * 3_600);
    let client = app.program().signed_in("olivia@acme.example").await.client;
    state(&client, Some(&team.id), &done).await.refused(Code::ExportExpired);
    avnology_core::audit::remove_old(app.tenant()).await.expect("a cut");
    state(&client, Some(&team.id), &done).await.refused(Code::ExportExpired);
}

async fn a_link_of_ones_own_making_leads_nowhere(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let (done, _) = exported(&team, &body(&app, "JSONL")).await;
    let path = path(&done);
    let forged = path.replace(&team.id, "tenant");
    app.program().get(&forged).await.refused(Code::NotFound);
    let (before, _) = path.split_once("&signature=").expect("a signature");
    app.program().get(&format!("{before}&signature=00")).await.refused(Code::NotFound);
    let longer = path.replace("until=1", "until=2");
    app.program().get(&longer).await.refused(Code::NotFound);
    let other = app.team("Initech", "bill@initech.example").await;
    state(&other.owner.client, Some(&other.id), &done).await.refused(Code::NotFound);
    let member = team.member("jane@acme.example", "member").await;
    state(&member.client, Some(&team.id), &done).await.refused(Code::ScopeMissing);
}

async fn three_exports_of_a_log_run_at_once(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let wanted = body(&app, "CSV");
    let client = &team.owner.client;
    let calls = tokio::join!(
        begin(client, Some(&team.id), &wanted),
        begin(client, Some(&team.id), &wanted),
        begin(client, Some(&team.id), &wanted),
        begin(client, Some(&team.id), &wanted),
    );
    let calls = [calls.0, calls.1, calls.2, calls.3];
    let begun = calls.iter().filter(|call| call.status == 202).count();
    assert_eq!(begun, 3);
    let refused = calls.iter().find(|call| call.status != 202).expect("one too many");
    let running = refused.refused(Code::JobRunning)["id"].clone();
    assert!(calls.iter().any(|call| call["export_id"] == running), "{running}");
    app.record_audit().await;
    begin(client, Some(&team.id), &wanted).await.is(202);
}

async fn a_caller_has_ten_exports_an_hour(app: TestApp) {
    app.limit("export", 2, 3_600).await;
    let key = app.admin_key();
    for _ in 0..2 {
        begin(&key, None, &body(&app, "JSONL")).await.is(202);
        app.record_audit().await;
    }
    begin(&key, None, &body(&app, "JSONL")).await.refused(Code::TooManyRequests);
}

async fn an_organization_without_the_feature_exports_nothing(app: TestApp) {
    let more = json!({ "feature_flags": { "audit_export": false } });
    let team = app.team_with("Acme", "olivia@acme.example", more).await;
    let refused = begin(&team.owner.client, Some(&team.id), &body(&app, "CSV")).await;
    assert_eq!(refused.refused(Code::FeatureDisabled)["feature"], "audit_export");
    begin(&app.admin_key(), None, &body(&app, "CSV")).await.is(202);
}

async fn what_cannot_be_exported_is_named(app: TestApp) {
    let key = app.admin_key();
    let mut wanted = body(&app, "CSV");
    wanted["end_time"] = wanted["start_time"].clone();
    begin(&key, None, &wanted).await.refused_fields(Code::ValidationFailed, &[("end_time", "too_small")]);
    let mut wanted = body(&app, "CSV");
    wanted["filter"] = "nothing = 1".into();
    begin(&key, None, &wanted).await.refused_fields(Code::ValidationFailed, &[("filter", "unknown_field")]);
    begin(&key, None, &body(&app, "XML"))
        .await
        .refused_fields(Code::ValidationFailed, &[("format", "not_in_enum")]);
    key.get("/v1/audit/exports/exp_01kjpwd6m0emptw6bw4v8qtn83").await.refused(Code::NotFound);
}

/// Longer than one piece, and stopped between the pieces.
async fn an_export_that_was_cut_off_half_way_is_finished(app: TestApp) {
    for number in 0..520 {
        let body = json!({ "identity": { "email": format!("person{number}@acme.example") } });
        app.admin_key().post("/v1/identities").json(&body).await.created();
    }
    let records = {
        app.record_audit().await;
        let page = app
            .admin_key()
            .get("/v1/audit/events")
            .query(&[("include_total", "true"), ("page_size", "1")])
            .await;
        page.ok()["total_size"].as_u64().expect("a total")
    };
    assert!(records > 500, "{records}");
    let begun = begin(&app.admin_key(), None, &body(&app, "JSONL")).await;
    begun.is(202);
    let log = avnology_model::audit::Log::Tenant;
    // Its log is taken over by nobody yet, so one piece is all that is written.
    assert!(avnology_core::audit::write_exports(app.tenant(), log, 1).await.expect("a piece"));
    let half = state(&app.admin_key(), None, &begun).await;
    assert_eq!((&half.ok()["status"], &half["event_count"]), (&json!("pending"), &json!(500)));
    assert_eq!(half["download_url"], Value::Null);
    let id = begun.at("/export_id");

    let app = app.restarted().await;
    app.record_audit().await;
    let done = app.admin_key().get(&format!("/v1/audit/exports/{id}")).await;
    assert_eq!(done.ok()["status"], "complete");
    let file = app.program().get(&path(&done)).await.text();
    let sequences: Vec<i64> = file
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).expect("JSON")["sequence"].as_i64().expect("a number")
        })
        .collect();
    assert!(
        sequences.iter().zip(1..).all(|(found, expected)| *found == expected),
        "a record is missing or twice"
    );
    assert!(sequences.len() as u64 >= records);
    assert_eq!(done["sha256"], sha256(file.as_bytes()));
}

on_both_engines!(
    a_file_of_lines_holds_every_record_as_it_is_read,
    a_table_is_safe_to_open_in_a_spreadsheet,
    only_what_was_asked_for_is_in_the_file,
    with_proof_the_salts_and_a_signed_state_come_along,
    an_export_with_proof_is_checked_without_the_server,
    a_download_that_was_cut_off_is_gone_on_with,
    a_link_is_good_for_a_day_and_a_file_for_a_week,
    a_link_of_ones_own_making_leads_nowhere,
    three_exports_of_a_log_run_at_once,
    a_caller_has_ten_exports_an_hour,
    an_organization_without_the_feature_exports_nothing,
    what_cannot_be_exported_is_named,
    an_export_that_was_cut_off_half_way_is_finished,
);
