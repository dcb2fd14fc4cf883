//! What goes in comes out, on both engines.

use avnology_model::{Timestamp, ids::IdentityId};
use avnology_store::{Row, Sql, params};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value as Json, json};

use crate::harness::{NONE, TestStore, first};

static INSERT: Sql = Sql::new(
    "test",
    "INSERT INTO kinds (id, number, flag, words, bytes, hash, time, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
);
static SELECT: Sql = Sql::new("test", "SELECT id, number, flag, words, bytes, hash, time, body FROM kinds");
static DELETE: Sql = Sql::new("test", "DELETE FROM kinds");

type Kinds =
    (IdentityId, Option<i64>, Option<bool>, Option<String>, Option<Vec<u8>>, [u8; 32], Timestamp, Json);

fn kinds() -> impl Strategy<Value = Kinds> {
    let text = proptest::option::of("[^\0]{0,40}");
    let json = prop_oneof![
        any::<i64>().prop_map(|n| json!({ "n": n, "list": [n, null] })),
        "[^\0]{0,20}".prop_map(|s| json!({ "key \" ": s })),
        any::<bool>().prop_map(Json::from),
    ];
    (
        any::<[u8; 16]>(),
        any::<Option<i64>>(),
        any::<Option<bool>>(),
        text,
        any::<Option<Vec<u8>>>(),
        any::<[u8; 32]>(),
        any::<i64>(),
        json,
    )
        .prop_map(|(id, number, flag, words, bytes, hash, time, body)| {
            (IdentityId::from_bytes(id), number, flag, words, bytes, hash, Timestamp::from_micros(time), body)
        })
}

fn read(mut row: Row) -> avnology_model::Result<Kinds> {
    Ok((
        row.take()?,
        row.take()?,
        row.take()?,
        row.take()?,
        row.take()?,
        row.take()?,
        row.take()?,
        row.take()?,
    ))
}

both_engines! {
    async fn every_value_reads_back(store) {
        store.run(&["CREATE TABLE kinds (id TEXT NOT NULL, number BIGINT, flag BOOLEAN, words TEXT, bytes BYTEA, \
            hash BYTEA NOT NULL, time BIGINT NOT NULL, body TEXT NOT NULL)"]).await;
        let runtime = tokio::runtime::Handle::current();
        let identity = store.identity().clone();
        let cases = tokio::task::spawn_blocking(move || {
            let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
            runner.run(&kinds(), |sent| {
                let wanted = sent.clone();
                let back = runtime.block_on(identity.write(move |tx| {
                    let (id, number, flag, words, bytes, hash, time, body) = sent.clone();
                    tx.execute(&DELETE, &params![])?;
                    tx.execute(&INSERT, &params![id, number, flag, words, bytes, hash, time, body])?;
                    tx.query_one(&SELECT, &params![])?.map(read).transpose()
                }));
                prop_assert_eq!(back.unwrap(), Some(wanted));
                Ok(())
            })
            .map_err(Box::new)
        });
        cases.await.unwrap().unwrap();
    }

    async fn a_text_with_a_nul_is_refused(store) {
        let write = store.identity().write(|tx| tx.query_text("SELECT CAST($1 AS TEXT)", &["a\0b".into()]));
        assert!(write.await.is_err());
    }

    async fn texts_sort_by_bytes(store) {
        store.run(&["CREATE TABLE words (word TEXT NOT NULL)"]).await;
        let mut words = ["b", "B", "a", "ä", "Z", "z", "_", "-", "a-b", "aa", "é", "\u{1F600}", "\u{FFFD}", "1", "10", "2"];
        for word in words {
            let insert = move |tx: &mut avnology_store::IdentityTx<'_>| {
                tx.execute_text("INSERT INTO words (word) VALUES ($1)", &[word.into()])
            };
            store.identity().write(insert).await.unwrap();
        }
        words.sort_unstable();
        let sorted = store.identity().read(|tx| {
            let rows = tx.query_text("SELECT word FROM words ORDER BY word", NONE)?;
            rows.into_iter().map(|mut row| row.take::<String>()).collect::<avnology_model::Result<Vec<_>>>()
        });
        assert_eq!(sorted.await.unwrap(), words);
        let above: i64 = store.identity().read(|tx| {
            first(tx.query_text("SELECT COUNT(*) FROM words WHERE word > $1", &["a".into()])?)
        }).await.unwrap();
        assert_eq!(usize::try_from(above).unwrap(), words.iter().filter(|word| **word > "a").count());
    }

    async fn a_column_of_another_kind_is_refused(store) {
        let store: TestStore = store.with_counter().await;
        let read = store.identity().read(|tx| first::<String>(tx.query_text("SELECT n FROM counter", NONE)?));
        let error = format!("{:?}", read.await.unwrap_err());
        assert!(error.contains("column 1") && error.contains("String"), "{error}");
        let read = store.identity().read(|tx| {
            let mut row = tx.query_text("SELECT n FROM counter", NONE)?.remove(0);
            row.take::<i64>()?;
            assert_eq!(row.columns_left(), 0);
            row.take::<i64>()
        });
        assert!(read.await.is_err());
    }
}
