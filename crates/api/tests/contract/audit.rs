//! The audit log (`contract/70` §3): what is recorded where, how it is read, and that nobody can change it unseen.

use avnology_jose::{KeySet, jwt};
use avnology_model::{Code, Timestamp};
use avnology_testkit::{PASSWORD, Team, TestApp, on_both_engines};
use serde_json::{Value, json};

/// The actions of records, in their order.
fn actions(records: &[Value]) -> Vec<&str> {
    records.iter().filter_map(|record| record["action"].as_str()).collect()
}

/// Only the record of this action, which must be there once.
#[track_caller]
fn only<'a>(records: &'a [Value], action: &str) -> &'a Value {
    let mut found = records.iter().filter(|record| record["action"] == action);
    let first = found.next().unwrap_or_else(|| panic!("no {action} in {:?}", actions(records)));
    assert!(found.next().is_none(), "{action} twice");
    first
}

async fn a_change_is_recorded_with_who_what_from_where_and_by_which_request(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let jane = team.member("jane@acme.example", "member").await.id;
    let owner = team.owner.client.clone();
    let made = owner
        .patch(&team.path(&format!("/members/{jane}")))
        .header("x-request-id", "request-of-the-test")
        .json(&json!({ "role": "admin" }))
        .await;
    made.ok();

    let records = app.audit(Some(&team.id), "action = \"organization.member.role_changed\"").await;
    assert_eq!(records.len(), 1, "{records:#?}");
    let record = &records[0];
    assert_eq!(record["result"], "success");
    assert_eq!(record["actor"]["type"], "identity");
    assert_eq!(record["actor"]["id"], team.owner.id.as_str());
    assert_eq!(record["actor"]["session_id"], team.owner.session_id.as_str());
    assert_eq!(record["actor"]["display"], "olivia");
    assert_eq!(record["targets"][0]["type"], "member");
    assert_eq!(record["targets"][0]["id"], made["id"]);
    assert_eq!(record["targets"][1]["type"], "identity");
    assert_eq!(record["targets"][1]["id"], jane.as_str());
    assert_eq!(record["organization_id"], team.id.as_str());
    assert_eq!(record["ip"], "192.0.2.1");
    assert_eq!(record["user_agent"], "curl/8.5.0");
    assert_eq!(record["request_id"], "request-of-the-test");
    assert_eq!(record["details"]["member"]["identity_id"], jane.as_str());
    assert_eq!(record["error_code"], Value::Null);

    let id = record["id"].as_str().expect("an id");
    let one = owner.get_in(&team.id, &format!("/v1/audit/events/{id}")).await;
    assert_eq!(one.ok(), record);
}

async fn events_of_no_organization_are_in_the_log_of_the_tenant(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let jane = app.person("jane@acme.example").await;
    app.program().sign_in("jane@acme.example", "wrong password 1").await.refused(Code::WrongCredentials);

    let records = app.audit(None, "").await;
    let failed = only(&records, "session.login_failed");
    assert_eq!(
        (&failed["result"], &failed["error_code"]),
        (&json!("failure"), &json!(Code::WrongCredentials.text()))
    );
    assert_eq!(failed["actor"]["type"], "anonymous");
    assert_eq!(failed["targets"][0]["id"], jane.id.as_str());
    assert!(actions(&records).contains(&"user.created") && actions(&records).contains(&"session.created"));
    assert!(records.iter().all(|record| record["organization_id"] == Value::Null), "{records:#?}");
    // A wanted message holds secrets and is no event for others.
    assert!(!actions(&records).contains(&"message.requested"));

    let own = app.audit(Some(&team.id), "").await;
    assert_eq!(actions(&own)[..2], ["organization.member.added", "organization.created"]);
    assert!(own.iter().all(|record| record["organization_id"] == team.id.as_str()));
}

async fn numbers_have_no_gaps_and_each_record_follows_on_the_one_before(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    for name in ["anna", "bert", "carl"] {
        team.member(&format!("{name}@acme.example"), "member").await;
        app.record_audit().await;
    }
    for log in [None, Some(team.id.as_str())] {
        let records = app.audit(log, "").await;
        assert!(records.len() > 3);
        let mut before = None;
        for (number, record) in (1..).zip(&records) {
            assert_eq!(record["sequence"], number);
            if let Some(before) = before {
                assert_eq!(&record["integrity"]["prev_hash"], before);
            }
            before = Some(&record["integrity"]["hash"]);
        }
    }
}

async fn taking_over_again_records_nothing_twice(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let first = app.audit(Some(&team.id), "").await;
    app.record_audit().await;
    let (one, other) = tokio::join!(app.audit(Some(&team.id), ""), app.audit(Some(&team.id), ""));
    assert_eq!((&one, &other), (&first, &first));
}

async fn what_happens_to_a_managed_person_is_also_in_the_log_of_who_manages_them(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    team.holds_domain("acme.example", |_| {}).await;
    let body = json!({
        "identity": { "email": "jane@acme.example", "email_verified": true }, "initial_password": PASSWORD,
    });
    let made = team.owner.client.post("/v1/identities").header("x-avnology-org", &team.id).json(&body).await;
    made.created();
    let jane = made.at("/id");
    let stranger = app.account("john@elsewhere.example").await;
    app.program().signed_in("jane@acme.example").await;
    app.program().signed_in("john@elsewhere.example").await;
    app.admin_key().post(&format!("/v1/identities/{jane}:deactivate")).await.ok();
    app.admin_key().post(&format!("/v1/identities/{stranger}:deactivate")).await.ok();

    let about = |records: &[Value], id: &str| {
        let names = |record: &&Value| {
            record["targets"].as_array().is_some_and(|targets| targets.iter().any(|t| t["id"] == id))
        };
        records
            .iter()
            .filter(names)
            .map(|r| r["action"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let own = app.audit(Some(&team.id), "").await;
    let told = about(&own, &jane);
    assert!(
        told.contains(&"session.created".to_owned()) && told.contains(&"user.disabled".to_owned()),
        "{told:?}"
    );
    assert!(about(&own, &stranger).is_empty());
    let tenant = app.audit(None, "").await;
    assert!(!about(&tenant, &jane).contains(&"user.disabled".to_owned()), "it reached an organization");
    assert!(about(&tenant, &stranger).contains(&"user.disabled".to_owned()));
}

async fn an_organization_reads_its_own_log_and_no_other(app: TestApp) {
    let acme = app.team("Acme", "olivia@acme.example").await;
    let initech = app.team("Initech", "bill@initech.example").await;
    let member = acme.member("jane@acme.example", "member").await;
    app.record_audit().await;
    let foreign = initech.owner.client.audit(Some(&initech.id), "").await;
    let id = foreign[0]["id"].as_str().expect("an id").to_owned();
    let owner = &acme.owner.client;

    assert!(owner.audit(Some(&acme.id), "").await.iter().all(|r| r["organization_id"] == acme.id.as_str()));
    let path = format!("/v1/audit/events/{id}");
    owner.get_in(&acme.id, &path).await.refused(Code::NotFound);
    owner.get_in(&initech.id, &path).await.refused(Code::NotAMember);
    let named = owner.get_in(&acme.id, "/v1/audit/events").query(&[("organization_id", &initech.id)]).await;
    named.refused(Code::OrganizationMismatch);
    member.client.get_in(&acme.id, "/v1/audit/events").await.refused(Code::ScopeMissing);
    // The tenant's log is the platform's.
    owner.get("/v1/audit/events").header("x-avnology-org", "personal").await.refused(Code::ScopeMissing);
    let key = app.admin_key();
    key.get("/v1/audit/events")
        .query(&[("organization_id", "no-such-place")])
        .await
        .refused(Code::OrganizationNotFound);
    let named = key.get(&path).query(&[("organization_id", &initech.slug)]).await;
    assert_eq!(named.ok()["id"], id.as_str());
    key.get(&path).await.refused(Code::NotFound);
    key.get("/v1/audit/events/evt_1").await.refused(Code::NotFound);
}

async fn records_are_found_by_every_field_of_the_contract(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let jane = team.member("jane@acme.example", "member").await;
    let renamed = team
        .owner
        .client
        .patch(&team.path(""))
        .header("x-request-id", "a-rename")
        .json(&json!({ "name": "Acme Inc" }))
        .await;
    renamed.ok();
    let all = app.audit(Some(&team.id), "").await;
    let update = only(&all, "organization.updated");
    let at = update["timestamp"].as_str().expect("a time");
    let session = &team.owner.session_id;
    for (filter, found) in [
        ("action = \"organization.updated\"".to_owned(), 1),
        ("request_id = \"a-rename\"".to_owned(), 1),
        (
            format!(
                "actor.id = \"{}\" AND session_id = \"{session}\" AND action = \"organization.updated\"",
                team.owner.id
            ),
            1,
        ),
        ("actor.type = \"identity\" AND ip = \"192.0.2.1\" AND request_id = \"a-rename\"".to_owned(), 1),
        (format!("target.id = \"{}\"", jane.id), 1),
        (format!("target.id != \"{}\"", jane.id), all.len() - 1),
        ("target.type = \"member\"".to_owned(), 2),
        (
            format!(
                "target.id = \"{}\" AND target.type = \"organization\" AND action = \"organization.updated\"",
                team.id
            ),
            1,
        ),
        (format!("timestamp >= \"{at}\""), all.len()),
        (format!("timestamp < \"{at}\""), 0),
        ("result = \"failure\"".to_owned(), 0),
        ("error_code = \"AVNOLOGY_AUTH_001\"".to_owned(), 0),
    ] {
        let records = app.audit(Some(&team.id), &filter).await;
        assert_eq!(records.len(), found, "{filter}: {:?}", actions(&records));
    }
    let list = |query: &'static [(&'static str, &'static str)]| {
        team.owner.client.get_in(&team.id, "/v1/audit/events").query(query)
    };
    list(&[("filter", "details.x = 1")])
        .await
        .refused_fields(Code::ValidationFailed, &[("filter", "unknown_field")]);
    list(&[("order_by", "action")])
        .await
        .refused_fields(Code::ValidationFailed, &[("order_by", "unknown_field")]);
    list(&[("page_size", "0")]).await.refused_fields(Code::ValidationFailed, &[("page_size", "too_small")]);
}

async fn pages_show_each_record_once_in_either_order(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    for number in 0..4 {
        team.member(&format!("person{number}@acme.example"), "member").await;
    }
    let all = app.audit(Some(&team.id), "").await;
    for (order, reversed) in [("timestamp asc", false), ("timestamp desc", true), ("", true)] {
        let mut seen = Vec::new();
        let mut token = String::new();
        loop {
            let query = [("page_size", "2"), ("order_by", order), ("page_token", &token)];
            let page = team.owner.client.get_in(&team.id, "/v1/audit/events").query(&query).await;
            seen.extend(page.ok()["events"].as_array().cloned().unwrap_or_default());
            token = page.at("/next_page_token");
            if token.is_empty() {
                break;
            }
        }
        if reversed {
            seen.reverse();
        }
        assert_eq!(seen, all, "{order}");
    }
}

async fn a_page_has_fifty_records_when_nobody_says(app: TestApp) {
    for number in 0..55 {
        app.account(&format!("person{number}@acme.example")).await;
    }
    app.record_audit().await;
    let page = app.admin_key().get("/v1/audit/events").query(&[("include_total", "true")]).await;
    let shown = page.ok()["events"].as_array().map(Vec::len).unwrap_or_default();
    let total = page["total_size"].as_u64().expect("a total");
    assert!(total > 50 && shown == 50, "{shown} of {total}");
}

async fn what_happened_how_often_is_counted_by_the_hour(app: TestApp) {
    let start = app.now();
    app.person("jane@acme.example").await;
    app.program().sign_in("jane@acme.example", "wrong password 1").await.refused(Code::WrongCredentials);
    app.advance(3_600);
    app.program().signed_in("jane@acme.example").await;
    app.record_audit().await;
    let hour = |hours: i64| Timestamp::from_micros(start.micros()).plus_seconds(hours * 3_600).to_string();
    let ask = |from: i64, to: i64| {
        let query = [("start_time", hour(from)), ("end_time", hour(to))];
        let query: Vec<(&str, String)> = query.to_vec();
        let key = app.admin_key();
        async move {
            let query: Vec<(&str, &str)> =
                query.iter().map(|(name, value)| (*name, value.as_str())).collect();
            key.get("/v1/audit/events:summary").query(&query).await
        }
    };
    let count = |answer: &Value, action: &str| {
        let bucket =
            answer["buckets"].as_array().and_then(|b| b.iter().find(|b| b["action"] == action).cloned());
        bucket.map(|b| (b["count"].as_i64(), b["failure_count"].as_i64()))
    };
    let first = ask(0, 1).await;
    assert_eq!(count(first.ok(), "session.created"), Some((Some(1), Some(0))));
    assert_eq!(count(first.ok(), "session.login_failed"), Some((Some(1), Some(1))));
    let both = ask(0, 2).await;
    assert_eq!(count(both.ok(), "session.created"), Some((Some(2), Some(0))));
    let sum: i64 =
        both["buckets"].as_array().expect("buckets").iter().filter_map(|b| b["count"].as_i64()).sum();
    assert_eq!(both["total"], sum);
    ask(5, 5).await.refused_fields(Code::ValidationFailed, &[("end_time", "too_small")]);
    ask(0, 93 * 24).await.refused_fields(Code::ValidationFailed, &[("end_time", "too_large")]);
    let missing = app.admin_key().get("/v1/audit/events:summary").await;
    missing.refused_fields(Code::ValidationFailed, &[("start_time", "required")]);
}

/// A record without what is personal: `deleted` in the place of what told about the person.
async fn an_erased_person_is_nowhere_in_any_log_and_the_chain_stands(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let initech = app.team("Initech", "bill@initech.example").await;
    let jane = team.member("jane@acme.example", "member").await;
    let former = initech.add(&jane.id, "member").await;
    app.admin_key().delete(&initech.path(&format!("/members/{former}"))).await.no_content();
    let before = app.audit(Some(&team.id), "").await;
    assert!(Value::from(before.clone()).to_string().contains(&jane.id));

    let gone =
        app.admin_key().delete(&format!("/v1/identities/{}", jane.id)).query(&[("force", "true")]).await;
    assert!(gone.status < 300, "{gone}");
    for log in [None, Some(team.id.as_str()), Some(initech.id.as_str())] {
        let records = app.audit(log, "").await;
        let text = Value::from(records.clone()).to_string();
        for trace in [jane.id.as_str(), "jane@acme.example", jane.session_id.as_str()] {
            assert!(!text.contains(trace), "{log:?} tells about {trace}: {records:#?}");
        }
        assert!(text.contains("deleted"));
        assert!(
            app.audit(log, &format!("target.id = \"{}\" OR actor.id = \"{}\"", jane.id, jane.id))
                .await
                .is_empty()
        );
    }
    let after = app.audit(Some(&team.id), "").await;
    let hashes = |records: &[Value]| records.iter().map(|r| r["integrity"].clone()).collect::<Vec<_>>();
    assert_eq!(hashes(&after[..before.len()]), hashes(&before), "the chain holds hashes only");
    assert!(Value::from(after).to_string().contains(&team.owner.id), "others' parts stay");
}

async fn a_state_is_signed_after_an_hour_and_covers_what_was_recorded(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let before = app.audit(Some(&team.id), "").await;
    let list = || team.owner.client.get_in(&team.id, "/v1/audit/checkpoints");
    assert_eq!(list().await.ok()["checkpoints"], json!([]));
    app.advance(3_601);
    app.record_audit().await;
    let listed = list().await;
    let checkpoint = listed.ok()["checkpoints"][0].clone();
    let end = before.last().expect("a record");
    assert_eq!((&checkpoint["sequence"], &checkpoint["hash"]), (&end["sequence"], &end["integrity"]["hash"]));
    let keys = KeySet::parse(&app.program().get("/.well-known/jwks.json").await.text()).expect("keys");
    let jws = checkpoint["jws"].as_str().expect("a statement");
    let signed = jwt::verify(jws, &keys, "avnology-audit-checkpoint+jwt").expect("our signature");
    for (name, expected) in [
        ("iss", json!("https://id.example.com")),
        ("log", json!(team.id)),
        ("sequence", checkpoint["sequence"].clone()),
        ("hash", checkpoint["hash"].clone()),
        ("root", checkpoint["root"].clone()),
        ("timestamp", checkpoint["timestamp"].clone()),
        ("prev_checkpoint", Value::Null),
    ] {
        assert_eq!(signed[name], expected, "{name}");
    }
    // The next one follows on it.
    team.owner.client.patch(&team.path("")).json(&json!({ "name": "Acme Inc" })).await.ok();
    app.record_audit().await;
    app.advance(3_601);
    app.record_audit().await;
    let client = app.program().signed_in("olivia@acme.example").await.client;
    let listed = client.get_in(&team.id, "/v1/audit/checkpoints").await;
    assert_eq!(listed.ok()["checkpoints"].as_array().map(Vec::len), Some(2));
    let newest = listed["checkpoints"][0]["jws"].as_str().expect("a statement");
    let signed = jwt::verify(newest, &keys, "avnology-audit-checkpoint+jwt").expect("our signature");
    assert_eq!(signed["prev_checkpoint"], checkpoint["hash"]);
}

async fn a_log_that_was_tampered_with_is_found_out(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    team.member("jane@acme.example", "member").await;
    let records = app.audit(Some(&team.id), "").await;
    let start = records[0]["timestamp"].clone();
    let period = json!({ "start_time": start, "end_time": app.now().plus_seconds(60).to_string() });
    let verify = |body: &Value| {
        team.owner.client.post("/v1/audit/events:verify").header("x-avnology-org", &team.id).json(body)
    };
    let sound = verify(&period).await;
    assert_eq!((&sound.ok()["valid"], &sound["checked"]), (&json!(true), &json!(records.len())));
    assert_eq!((&sound["first_sequence"], &sound["first_broken_sequence"]), (&json!(1), &Value::Null));
    let event = json!({ "event_id": records[1]["event_id"] });
    let early = verify(&event).await;
    assert_eq!((&early.ok()["valid"], &early["checkpoint"]), (&json!(true), &Value::Null));
    app.advance(3_601);
    app.record_audit().await;
    let proven = verify(&event).await;
    assert_eq!(proven.ok()["checkpoint"]["sequence"], json!(records.len()));
    assert!(proven["inclusion_proof"].as_array().is_some_and(|path| !path.is_empty()), "{proven}");

    let org = app.tenant().store.org(team.id.parse().expect("an organization")).await.expect("a database");
    let text = "UPDATE audit_events SET record = REPLACE(record, 'success', 'failure') WHERE sequence = 2";
    org.write(move |tx| tx.execute_text(text, &[]).map(drop)).await.expect("a forgery");
    let forged = verify(&period).await;
    assert_eq!((&forged.ok()["valid"], &forged["first_broken_sequence"]), (&json!(false), &json!(2)));
    assert_eq!(verify(&event).await.ok()["valid"], json!(false));
    for (body, field, code) in [
        (json!({}), "start_time", "required"),
        (json!({ "start_time": start }), "end_time", "required"),
        (json!({ "start_time": start, "event_id": records[0]["event_id"] }), "event_id", "conflict"),
    ] {
        verify(&body).await.refused_fields(Code::ValidationFailed, &[(field, code)]);
    }
    verify(&json!({ "event_id": "evt_01kjpwhdn0fn79mxqawvcc2sa1" })).await.refused(Code::NotFound);
}

async fn old_records_go_in_whole_spans_and_the_chain_can_still_be_checked(app: TestApp) {
    let team = app.team_with("Acme", "olivia@acme.example", json!({ "audit_retention_days": 30 })).await;
    app.record_audit().await;
    app.advance(3_601);
    let old = app.audit(Some(&team.id), "").await;
    let day = 24 * 3_600;
    app.advance(20 * day);
    app.admin_key().patch(&team.path("")).json(&json!({ "name": "Acme Inc" })).await.ok();
    app.record_audit().await;
    app.advance(15 * day);
    avnology_core::audit::remove_old(app.tenant()).await.expect("a cut");
    let kept = app.audit(Some(&team.id), "").await;
    assert_eq!(actions(&kept), ["organization.updated"]);
    assert_eq!(kept[0]["sequence"], json!(old.len() + 1));
    let period = json!({ "start_time": kept[0]["timestamp"], "end_time": app.now().to_string() });
    let key = app.admin_key();
    let checked = key.post("/v1/audit/events:verify").header("x-avnology-org", &team.id).json(&period).await;
    assert_eq!((&checked.ok()["valid"], &checked["checked"]), (&json!(true), &json!(1)));
    // The tenant keeps its own for longer.
    assert!(!app.audit(None, "action = \"user.created\"").await.is_empty());
}

async fn walked(app: &TestApp, team: &Team) -> Vec<Value> {
    app.audit(Some(&team.id), "").await
}

async fn every_kind_of_change_in_an_organization_is_in_its_log(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let owner = team.owner.client.clone();
    let jane = team.member("jane@acme.example", "member").await;
    let post = |path: &str, body: Value| owner.post(&team.path(path)).json(&body);
    owner.patch(&team.path("")).json(&json!({ "name": "Acme Inc" })).await.ok();
    owner.patch(&team.path(&format!("/members/{}", jane.id))).json(&json!({ "role": "admin" })).await.ok();
    owner
        .patch(&team.path(&format!("/members/{}", jane.id)))
        .json(&json!({ "state": "suspended" }))
        .await
        .ok();
    owner.patch(&team.path(&format!("/members/{}", jane.id))).json(&json!({ "state": "active" })).await.ok();
    let invited = post("/invitations", json!({ "email": "kim@acme.example", "role": "member" })).await;
    invited.created();
    owner.post(&team.path(&format!("/invitations/{}:resend", invited.at("/id")))).await.ok();
    owner.post(&team.path(&format!("/invitations/{}:revoke", invited.at("/id")))).await;
    let account = owner
        .post("/v1/service-accounts")
        .header("x-avnology-org", &team.id)
        .json(&json!({ "name": "Robot", "scopes": ["members:read"] }))
        .await;
    account.created();
    let keys = format!("/v1/service-accounts/{}/keys", account.at("/id"));
    let key = owner.post(&keys).header("x-avnology-org", &team.id).json(&json!({ "name": "Key" })).await;
    key.created();
    owner.delete(&team.path(&format!("/members/{}", jane.id))).await.no_content();

    let records = walked(&app, &team).await;
    for action in [
        "organization.created",
        "organization.activated",
        "organization.updated",
        "organization.member.role_changed",
        "organization.member.suspended",
        "organization.member.reactivated",
        "organization.member.removed",
        "organization.invitation.created",
        "organization.invitation.resent",
        "organization.invitation.revoked",
        "service_account.created",
        "api_key.created",
    ] {
        let record = only(&records, action);
        assert_eq!(record["result"], "success", "{action}");
        assert!(record["targets"][0]["id"].is_string(), "{action} names no target");
        if action == "organization.activated" {
            continue;
        }
        assert_eq!(record["actor"]["id"], team.owner.id.as_str(), "{action}");
        assert_eq!(record["ip"], "192.0.2.1", "{action}");
        assert!(record["request_id"].is_string(), "{action} names no request");
    }
    let key = key["secret"].as_str().or_else(|| key["key"].as_str()).unwrap_or("no secret");
    assert!(!Value::from(records).to_string().contains(key), "a secret is in the log");
}

on_both_engines!(
    a_change_is_recorded_with_who_what_from_where_and_by_which_request,
    events_of_no_organization_are_in_the_log_of_the_tenant,
    numbers_have_no_gaps_and_each_record_follows_on_the_one_before,
    taking_over_again_records_nothing_twice,
    what_happens_to_a_managed_person_is_also_in_the_log_of_who_manages_them,
    an_organization_reads_its_own_log_and_no_other,
    records_are_found_by_every_field_of_the_contract,
    pages_show_each_record_once_in_either_order,
    a_page_has_fifty_records_when_nobody_says,
    what_happened_how_often_is_counted_by_the_hour,
    an_erased_person_is_nowhere_in_any_log_and_the_chain_stands,
    a_state_is_signed_after_an_hour_and_covers_what_was_recorded,
    a_log_that_was_tampered_with_is_found_out,
    old_records_go_in_whole_spans_and_the_chain_can_still_be_checked,
    every_kind_of_change_in_an_organization_is_in_its_log,
);
