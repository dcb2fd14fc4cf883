//! An organization's database is away: that organization is told so, all others go on, and nothing is lost.

use std::{fs, path::PathBuf};

use avnology_model::{Code, ids::OrganizationId};
use avnology_server::wiring::Jobs;
use avnology_testkit::{Engine, Setup, Team, TestApp, on_both_engines, run};
use serde_json::{Value, json};

/// Longer than the longest wait before another try, in seconds.
const WAIT: i64 = 120;
/// How often it is tried again what a busy machine did not come to.
const TRIES: usize = 10;

async fn rename(team: &Team, name: &str) {
    team.owner.client.patch(&team.path("")).json(&json!({ "name": name })).await.ok();
}

fn names(records: &[Value]) -> Vec<&str> {
    let updates = records.iter().filter(|record| record["action"] == "organization.updated");
    updates.filter_map(|record| record["details"]["new_values"]["name"].as_str()).collect()
}

/// What `harm` does to a database is seen by its organization alone, and undone by `mend` without loss.
async fn goes_on_without<H, M>(app: &TestApp, harm: H, mend: M)
where
    H: AsyncFn(&Team),
    M: AsyncFn(&Team),
{
    let hurt = app.team("Acme", "olivia@acme.example").await;
    let well = app.team("Initech", "bill@initech.example").await;
    let key = hurt.owner.client.post(&hurt.path("/api-keys")).json(&json!({ "name": "Key" })).await;
    key.created();
    let robot = app.program().with_token(&key.at("/key"));
    rename(&hurt, "Before").await;
    app.record_audit().await;
    harm(&hurt).await;

    rename(&hurt, "During").await;
    rename(&well, "Well").await;
    app.record_audit().await;
    let told = hurt.owner.client.get_in(&hurt.id, "/v1/audit/events").await;
    told.refused(Code::Unavailable);
    assert_ne!(told.header("retry-after"), "");
    let export =
        json!({ "start_time": "2026-01-01T00:00:00Z", "end_time": "2027-01-01T00:00:00Z", "format": "CSV" });
    let asked =
        hurt.owner.client.post("/v1/audit/events:export").header("x-avnology-org", &hurt.id).json(&export);
    asked.await.refused(Code::Unavailable);
    // All others go on, and so does whatever decides who gets in.
    for _ in 0..TRIES {
        if !names(&well.owner.client.audit(Some(&well.id), "").await).is_empty() {
            break;
        }
        app.advance(WAIT);
        app.record_audit().await;
    }
    assert_eq!(names(&well.owner.client.audit(Some(&well.id), "").await), ["Well"]);
    hurt.owner.client.whoami().await.ok();
    hurt.owner.client.get(&hurt.path("/members")).await.ok();
    robot.get(&hurt.path("/members")).await.ok();
    app.program().signed_in("olivia@acme.example").await;
    assert!(!app.audit(None, "action = \"session.created\"").await.is_empty());

    app.advance(WAIT);
    app.record_audit().await;
    mend(&hurt).await;
    app.advance(WAIT);
    rename(&hurt, "After").await;
    app.record_audit().await;
    let records = hurt.owner.client.audit(Some(&hurt.id), "").await;
    assert_eq!(names(&records), ["Before", "During", "After"], "nothing is lost and nothing is there twice");
    assert!(records.iter().zip(1..).all(|(record, number)| record["sequence"] == number));
}

/// The file of a team's database, closed and whole.
fn file(app: &TestApp, team: &Team) -> PathBuf {
    app.data_dir().join("orgs").join(format!("{}.db", team.id))
}

/// Moves a database's file and what SQLite keeps beside it.
fn carry(from: &std::path::Path, to: &std::path::Path) {
    for ending in ["", "-wal", "-shm"] {
        let with = |path: &std::path::Path| PathBuf::from(format!("{}{ending}", path.display()));
        if with(from).exists() {
            fs::rename(with(from), with(to)).expect("a file is moved");
        }
    }
}

#[test]
fn a_missing_file_is_its_organizations_trouble_alone() {
    run(Engine::Sqlite, |app: TestApp| async move {
        let aside = |team: &Team| file(&app, team).with_extension("aside");
        let harm = async |team: &Team| carry(&file(&app, team), &aside(team));
        let mend = async |team: &Team| carry(&aside(team), &file(&app, team));
        goes_on_without(&app, harm, mend).await;
    });
}

#[test]
fn a_damaged_file_is_its_organizations_trouble_alone() {
    run(Engine::Sqlite, |app: TestApp| async move {
        let aside = |team: &Team| file(&app, team).with_extension("aside");
        let harm = async |team: &Team| {
            carry(&file(&app, team), &aside(team));
            fs::write(file(&app, team), "this is no database ".repeat(4_096)).expect("rubbish");
        };
        let mend = async |team: &Team| {
            fs::remove_file(file(&app, team)).expect("the rubbish goes");
            carry(&aside(team), &file(&app, team));
        };
        goes_on_without(&app, harm, mend).await;
    });
}

/// Permissions do not stop the superuser that tests may run as; a file of a format that may only be read stops everybody.
#[test]
fn a_file_that_can_only_be_read_takes_nothing_and_loses_nothing() {
    run(Engine::Sqlite, |app: TestApp| async move {
        let team = app.team("Acme", "olivia@acme.example").await;
        let other = app.team("Initech", "bill@initech.example").await;
        rename(&team, "Before").await;
        app.record_audit().await;
        let path = file(&app, &team);
        let (id, other_id) = (team.id.clone(), other.id.clone());
        drop((team, other));
        let app = app.restarted().await;
        write_version(&path, 9);
        let owner = app.program().signed_in("olivia@acme.example").await.client;
        let bill = app.program().signed_in("bill@initech.example").await.client;
        for (client, id, name) in [(&owner, &id, "During"), (&bill, &other_id, "Well")] {
            client.patch(&format!("/v1/organizations/{id}")).json(&json!({ "name": name })).await.ok();
        }
        app.record_audit().await;
        assert_eq!(names(&bill.audit(Some(&other_id), "").await), ["Well"]);
        owner.whoami().await.ok();
        write_version(&path, 2);
        app.advance(WAIT);
        app.record_audit().await;
        assert_eq!(names(&owner.audit(Some(&id), "").await), ["Before", "During"]);
    });
}

/// Writes into a file's head which version of the format may write it; SQLite only reads what is newer than itself.
fn write_version(path: &std::path::Path, version: u8) {
    let mut bytes = fs::read(path).expect("the file");
    bytes[18] = version;
    // Put in its place as an operator restores a file: whole.
    let new = path.with_extension("new");
    fs::write(&new, bytes).expect("the file is written");
    fs::rename(new, path).expect("the file is put in its place");
}

#[test]
fn a_database_that_was_dropped_is_its_organizations_trouble_alone() {
    run(Engine::Postgres, |app: TestApp| async move {
        let id = |team: &Team| team.id.parse::<OrganizationId>().expect("an organization");
        let harm = async |team: &Team| app.tenant().store.destroy_org(id(team)).await.expect("it is dropped");
        let mend = async |team: &Team| app.tenant().store.create_org(id(team)).await.expect("it is made");
        goes_on_without(&app, harm, mend).await;
    });
}

/// With the jobs of the program, which nobody pushes.
async fn records_follow_within_a_second_and_only_what_has_news_is_opened(engine: Engine) {
    let app = TestApp::start(Setup::on(engine)).await;
    let teams =
        [app.team("Acme", "olivia@acme.example").await, app.team("Initech", "bill@initech.example").await];
    app.record_audit().await;
    let ids = teams.clone().map(|team| team.id);
    drop(teams);
    let app = app.restarted().await;
    let jobs = Jobs::start(app.tenant());
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    assert_eq!(app.tenant().store.open_orgs(), 0, "there was no news");
    let owner = app.program().signed_in("olivia@acme.example").await.client;
    owner.patch(&format!("/v1/organizations/{}", ids[0])).json(&json!({ "name": "Acme Inc" })).await.ok();
    let mut found = Vec::new();
    for _ in 0..60 {
        found = owner.audit(Some(&ids[0]), "action = \"organization.updated\"").await;
        if !found.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(names(&found), ["Acme Inc"]);
    assert_eq!(app.tenant().store.open_orgs(), 1);
    jobs.stop().await;
}

/// The organization is there before its database is.
async fn events_wait_for_a_database_that_is_being_made(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let records = app.audit(Some(&team.id), "").await;
    let created = records.iter().find(|record| record["action"] == "organization.created");
    assert!(created.is_some() && records[0]["sequence"] == 1, "{records:#?}");
}

async fn two_who_take_over_at_once_record_everything_once(app: TestApp) {
    let team = app.team("Acme", "olivia@acme.example").await;
    let id: OrganizationId = team.id.parse().expect("an organization");
    for round in 0..5 {
        for number in 0..4 {
            rename(&team, &format!("Acme {round}.{number}")).await;
        }
        app.mark_news(id).await;
        let both = tokio::join!(app.take_over(), app.take_over(), app.take_over());
        let _: ((), (), ()) = both;
    }
    let records = app.audit(Some(&team.id), "").await;
    assert_eq!(names(&records).len(), 20);
    assert!(records.iter().zip(1..).all(|(record, number)| record["sequence"] == number));
    let mut before = None;
    for record in &records {
        if let Some(before) = before {
            assert_eq!(record["integrity"]["prev_hash"], before, "{record}");
        }
        before = Some(record["integrity"]["hash"].clone());
    }
}

on_both_engines!(
    records_follow_within_a_second_and_only_what_has_news_is_opened,
    events_wait_for_a_database_that_is_being_made,
    two_who_take_over_at_once_record_everything_once,
);
