//! What only PostgreSQL does: transactions that overtake each other, lost connections, other collations.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use avnology_model::Code;
use avnology_store::{Placement, Store, events::log::Cursor};
use avnology_throwaway_postgres::{Stop, ThrowawayPostgres};
use tokio_postgres::{Client, NoTls};

use crate::{
    events::{append, event, expect, follow},
    harness::{NONE, TestStore, first},
};

async fn raw(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn url(store: &TestStore) -> String {
    match &store.config.identity {
        Placement::Postgres { url } => url.clone(),
        Placement::Sqlite => panic!("this test is for PostgreSQL"),
    }
}

fn insert(number: u64) -> String {
    format!(
        "INSERT INTO events (tx_id, event_id, event_type, body, create_time) VALUES \
         (CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT), '{}', 'test.made', '{{\"number\": {number}}}', 0)",
        event(number)
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_whose_transaction_commits_late_is_not_skipped() {
    let store = TestStore::on_postgres().await;
    let (early, late) = (raw(&url(&store)).await, raw(&url(&store)).await);
    early.batch_execute(&format!("BEGIN; {}", insert(1))).await.unwrap();
    late.batch_execute(&format!("BEGIN; {}; COMMIT", insert(2))).await.unwrap();
    let mut cursor = Cursor::START;
    // Event 2 is committed, but taking it would step over event 1.
    assert_eq!(follow(store.identity(), &mut cursor).await, [0_u64; 0]);
    early.batch_execute("COMMIT").await.unwrap();
    expect(store.identity(), &mut cursor, &[1, 2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_took_its_place_early_in_a_late_transaction_is_not_skipped() {
    let store = TestStore::on_postgres().await;
    let (first, second) = (raw(&url(&store)).await, raw(&url(&store)).await);
    // The first transaction has the lower number and takes the later position.
    first.batch_execute("BEGIN; SELECT pg_current_xact_id()").await.unwrap();
    second.batch_execute(&format!("BEGIN; {}", insert(2))).await.unwrap();
    first.batch_execute(&format!("{}; COMMIT", insert(1))).await.unwrap();
    let mut cursor = Cursor::START;
    expect(store.identity(), &mut cursor, &[1]).await;
    second.batch_execute("COMMIT").await.unwrap();
    // Its position is lower, its place is not.
    expect(store.identity(), &mut cursor, &[2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_in_another_database_holds_back_nothing() {
    let (store, other) = (TestStore::on_postgres().await, TestStore::on_postgres().await);
    let idle = raw(&url(&other)).await;
    idle.batch_execute(&format!("BEGIN; {}", insert(9))).await.unwrap();
    store.identity().write(|tx| append(tx, 1, None)).await.unwrap();
    let mut cursor = Cursor::START;
    expect(store.identity(), &mut cursor, &[1]).await;
    assert_eq!(follow(other.identity(), &mut Cursor::START.clone()).await, [0_u64; 0]);
    idle.batch_execute("COMMIT").await.unwrap();
    expect(other.identity(), &mut Cursor::START.clone(), &[9]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_goes_on_after_a_move_to_a_younger_server() {
    let store = TestStore::on_postgres().await;
    store.identity().write(|tx| append(tx, 1, None)).await.unwrap();
    // As if the server that wrote this had counted far further.
    store.run(&["UPDATE events SET tx_id = tx_id + 1000000000000"]).await;
    store.close().await.unwrap();
    let (config, _dir) = store.released();
    let moved = Store::open(config).await.unwrap();
    let mut cursor = Cursor::START;
    expect(moved.identity(), &mut cursor, &[1]).await;
    moved.identity().write(|tx| append(tx, 2, None)).await.unwrap();
    expect(moved.identity(), &mut cursor, &[2]).await;
}

/// The process that serves this transaction.
const PID: &str = "SELECT pg_backend_pid()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_before_commit_is_replaced_once() {
    let store = TestStore::on_postgres().await.with_counter().await;
    let killer = Arc::new(raw(&url(&store)).await);
    let runtime = tokio::runtime::Handle::current();
    for (deaths, lands) in [(1, true), (2, false)] {
        let runs = Arc::new(AtomicU32::new(0));
        let (counted, killer, runtime) = (Arc::clone(&runs), Arc::clone(&killer), runtime.clone());
        let write = store.identity().write(move |tx| {
            let run = counted.fetch_add(1, Ordering::Relaxed);
            tx.execute_text("UPDATE counter SET n = n + 1", NONE)?;
            if run < deaths {
                let pid: i32 = first(tx.query_text(PID, NONE)?)?;
                runtime.block_on(killer.execute("SELECT pg_terminate_backend($1)", &[&pid])).unwrap();
            }
            // A lost connection shows here or at COMMIT's door; make it show here.
            tx.query_text(PID, NONE).map(|_| ())
        });
        match write.await {
            Ok(()) => assert!(lands),
            Err(error) => assert!(!lands && error.code() == Code::Unavailable, "{error:?}"),
        }
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    }
    assert_eq!(store.counter().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_at_commit_is_never_called_a_success() {
    let store = TestStore::on_postgres().await.with_counter().await;
    let killer = Arc::new(raw(&url(&store)).await);
    let runtime = tokio::runtime::Handle::current();
    let write = store.identity().write(move |tx| {
        tx.execute_text("UPDATE counter SET n = n + 1", NONE)?;
        let pid: i32 = first(tx.query_text(PID, NONE)?)?;
        runtime.block_on(killer.execute("SELECT pg_terminate_backend($1)", &[&pid])).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        Ok(())
    });
    let error = write.await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
    assert_eq!(store.counter().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crashed_server_keeps_what_was_acknowledged_and_is_found_again() {
    // A server of its own: the other tests need theirs.
    let server = tokio::task::spawn_blocking(ThrowawayPostgres::start).await.unwrap().unwrap();
    let url = server.missing_database();
    let store = TestStore::open(|config| config.on_postgres(url)).await.with_counter().await;
    for _ in 0..5 {
        store.identity().write(|tx| tx.execute_text("UPDATE counter SET n = n + 1", NONE)).await.unwrap();
    }
    let server = tokio::task::spawn_blocking(move || {
        server.stop(Stop::Immediate);
        server
    });
    let server = server.await.unwrap();
    let away = store.identity().read(|tx| tx.query_text("SELECT n FROM counter", NONE)).await;
    assert_eq!(away.unwrap_err().code(), Code::Unavailable);
    assert!(store.ping().await.is_err());
    let restarted = tokio::task::spawn_blocking(move || {
        server.start_again();
        server
    });
    let _server = restarted.await.unwrap();
    assert_eq!(store.counter().await, 5);
    store.identity().write(|tx| tx.execute_text("UPDATE counter SET n = n + 1", NONE)).await.unwrap();
    assert_eq!(store.counter().await, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_pool_makes_callers_wait_and_then_sends_them_away() {
    // Others wait as long as a busy machine needs.
    let url =
        ThrowawayPostgres::shared().missing_database().replace("connect_timeout=60", "connect_timeout=2");
    let store = TestStore::open(|mut config| {
        config.pg_pool = 1;
        config.on_postgres(url)
    })
    .await
    .with_counter()
    .await;
    let identity = store.identity().clone();
    let slow = tokio::spawn(async move {
        identity
            .read(|_| {
                std::thread::sleep(Duration::from_secs(4));
                Ok(())
            })
            .await
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let waits = store.identity().read(|tx| tx.query_text(PID, NONE)).await;
    assert_eq!(waits.unwrap_err().code(), Code::Unavailable);
    slow.await.unwrap().unwrap();
    assert_eq!(store.counter().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_sort_by_bytes_is_refused() {
    let server = ThrowawayPostgres::shared();
    let admin = raw(&server.create_database()).await;
    let text = "CREATE DATABASE sorted TEMPLATE template0 LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'";
    admin.batch_execute(text).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config = avnology_store::StoreConfig::new(dir.path(), crate::harness::NOW);
    let refused = Store::open(config.on_postgres(server.url("sorted"))).await.unwrap_err();
    assert!(refused.detail().contains("sort texts by bytes"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_url_that_is_none_is_refused_without_showing_it() {
    let dir = tempfile::tempdir().unwrap();
    let config = avnology_store::StoreConfig::new(dir.path(), crate::harness::NOW);
    let config = config.on_postgres("postgres://me:hunter2@host:notaport/db");
    assert!(!format!("{config:?}").contains("hunter2"));
    let refused = Store::open(config).await.unwrap_err();
    assert!(refused.detail().contains("URL is not valid"), "{refused}");
    assert!(!format!("{refused:?}").contains("hunter2"));
}
