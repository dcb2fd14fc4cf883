//! What only SQLite does: budgets of reads in place, files.

use avnology_model::Code;

use crate::{
    events::append,
    harness::{NONE, TestStore, first, is, org},
};

/// Counts to a few million, in far more steps than a read in place may take.
const LONG: &str = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3000000) SELECT COUNT(*) FROM n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_read_in_place_is_refused_and_a_scan_is_not() {
    let store = TestStore::on_sqlite().await.with_counter().await;
    for _ in 0..3 {
        let read = store.identity().read(|tx| first::<i64>(tx.query_text(LONG, NONE)?)).await;
        assert!(is(Code::Unavailable)(&read.unwrap_err()));
        assert_eq!(store.counter().await, 0, "the connection serves the next read");
    }
    let scan = store.identity().scan(|tx| first::<i64>(tx.query_text(LONG, NONE)?)).await;
    assert_eq!(scan.unwrap(), 3_000_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_scan_holds_up_neither_reads_nor_writes() {
    let store = TestStore::on_sqlite().await.with_counter().await;
    let identity = store.identity().clone();
    let scan =
        tokio::spawn(async move { identity.scan(|tx| first::<i64>(tx.query_text(LONG, NONE)?)).await });
    store.identity().write(|tx| tx.execute_text("UPDATE counter SET n = 1", NONE)).await.unwrap();
    assert_eq!(store.counter().await, 1);
    assert_eq!(scan.await.unwrap().unwrap(), 3_000_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_directory_holds_what_the_design_says() {
    let store = TestStore::on_sqlite().await;
    store.create_org(org(1)).await.unwrap();
    store.org(org(1)).await.unwrap().write(|tx| append(tx, 1, None)).await.unwrap();
    let orgs = store.config.data_dir.join("orgs");
    assert!(store.config.data_dir.join("identity.db").exists());
    assert!(orgs.join(format!("{}.db", org(1))).exists());
    store.destroy_org(org(1)).await.unwrap();
    assert_eq!(std::fs::read_dir(&orgs).unwrap().count(), 0, "nothing is left of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_left_by_another_file_is_not_played_into_a_new_one() {
    let store = TestStore::on_sqlite().await;
    let path = store.config.data_dir.join("orgs").join(format!("{}.db-wal", org(1)));
    std::fs::write(&path, b"left behind").unwrap();
    store.create_org(org(1)).await.unwrap();
    store.org(org(1)).await.unwrap().write(|tx| append(tx, 1, None)).await.unwrap();
}
