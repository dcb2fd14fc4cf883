//! Imports.

use std::time::{Duration, Instant};

use avnology_throwaway_postgres::ThrowawayPostgres;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::server::{Caller, Server};

const PEOPLE: usize = 6_000;
/// How long whoever worked on an import is waited for, and what the rest of it takes.
const PATIENCE: Duration = Duration::from_mins(2);

async fn job(caller: &Caller, id: &str) -> Value {
    let path = format!("/v1/identities/imports/{id}");
    let (status, job) = caller.operate(Method::GET, &path, Value::Null).await.unwrap();
    assert_eq!(status, 200, "{job}");
    job
}

/// Waits until so many are made, or the end.
async fn made(caller: &Caller, id: &str, count: u64) -> Value {
    let since = Instant::now();
    loop {
        let job = job(caller, id).await;
        if job["created"].as_u64().unwrap() >= count || job["status"] == json!("completed") {
            return job;
        }
        assert!(since.elapsed() < PATIENCE, "the import goes on: {job}");
        sleep(Duration::from_millis(2)).await;
    }
}

/// Nobody has an id in a source system: a line that was written twice would be refused for its address.
async fn is_killed_at_work(database: Option<&str>) {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start(dir.path(), database).await;
    let people: Vec<Value> =
        (0..PEOPLE).map(|number| json!({ "email": format!("p{number}@example.com") })).collect();
    let body = json!({ "identities": people });
    let begun = server.caller().operate(Method::POST, "/v1/identities:import", body).await;
    let (status, begun) = begun.unwrap();
    assert_eq!((status, begun["total"].as_u64()), (202, Some(6_000)), "{begun}");
    let id = begun["id"].as_str().unwrap().to_owned();
    for count in [500, 2_500] {
        let job = made(&server.caller(), &id, count).await;
        assert_eq!(job["status"], json!("running"), "the end comes in the middle of it");
        server.kill();
        server = Server::start(dir.path(), database).await;
    }
    let caller = server.caller();
    let since = Instant::now();
    while job(&caller, &id).await["status"] != json!("completed") {
        assert!(since.elapsed() < PATIENCE, "the import comes to its end");
        sleep(Duration::from_millis(100)).await;
    }
    let done = job(&caller, &id).await;
    let counts = ["created", "updated", "skipped", "failed"].map(|name| done[name].as_u64().unwrap());
    assert_eq!(counts, [6_000, 0, 0, 0], "every line was written once: {}", done["errors"]);
    let list = "/v1/identities?page_size=1&include_total=true";
    let (_, there) = caller.operate(Method::GET, list, Value::Null).await.unwrap();
    assert_eq!(there["total_size"], json!(PEOPLE));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_on_where_it_stood_when_the_server_is_killed_on_sqlite() {
    is_killed_at_work(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_on_where_it_stood_when_the_server_is_killed_on_postgresql() {
    let url = ThrowawayPostgres::shared().create_database();
    is_killed_at_work(Some(&url)).await;
}
