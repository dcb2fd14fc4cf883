//! Which unique index was broken is told alike on both engines.

use avnology_store::{Sql, params};

use crate::harness::{NONE, TestStore, number};

static BY_ALL: Sql = Sql::new(
    "test",
    "INSERT INTO people (id, email, a, b, name, gone, tag) VALUES ($1, $2, $3, $4, $5, $6, $7)",
);
static BY_NUMBER: Sql = Sql::new("test", "INSERT INTO numbered (n) VALUES ($1)");

async fn with_people(store: TestStore) -> TestStore {
    store
        .run(&[
            "CREATE TABLE people (id TEXT NOT NULL PRIMARY KEY, email TEXT, a TEXT, b TEXT, name TEXT, gone BOOLEAN, \
             tag TEXT UNIQUE)",
            "CREATE UNIQUE INDEX people_email_key ON people (email)",
            "CREATE UNIQUE INDEX people_pair ON people (a, b)",
            "CREATE UNIQUE INDEX people_name_lower ON people (lower(name))",
            "CREATE UNIQUE INDEX people_b_alive ON people (b) WHERE NOT gone",
            "CREATE TABLE numbered (n INTEGER PRIMARY KEY)",
        ])
        .await;
    store
}

async fn broken(store: &TestStore, row: [&'static str; 7]) -> Option<String> {
    let insert = store.identity().write(move |tx| {
        let [id, email, a, b, name, gone, tag] = row;
        let params = params![id, email, a, b, name, gone == "gone", tag];
        let outcome = tx.execute_unique(&BY_ALL, &params)?;
        // The transaction goes on after a violation.
        tx.query_text("SELECT id FROM people", NONE)?;
        Ok(outcome.err().map(|violation| violation.constraint))
    });
    insert.await.unwrap()
}

both_engines! {
    async fn the_broken_index_is_named(store) {
        let store = with_people(store).await;
        assert_eq!(broken(&store, ["1", "e", "a", "b", "Name", "here", "t"]).await, None);
        let expected = [
            (["1", "e2", "a2", "b2", "n2", "here", "t2"], "people_pkey"),
            (["2", "e", "a2", "b2", "n2", "here", "t2"], "people_email_key"),
            (["2", "e2", "a", "b", "n2", "gone", "t2"], "people_pair"),
            (["2", "e2", "a2", "b2", "nAME", "here", "t2"], "people_name_lower"),
            (["2", "e2", "a2", "b", "n2", "here", "t2"], "people_b_alive"),
            (["2", "e2", "a2", "b2", "n2", "here", "t"], "people_tag_key"),
        ];
        for (row, index) in expected {
            assert_eq!(broken(&store, row).await.as_deref(), Some(index), "{row:?}");
        }
        assert_eq!(number(store.identity(), "SELECT COUNT(*) FROM people").await, 1);
        assert_eq!(broken(&store, ["2", "e2", "a2", "b", "n2", "gone", "t2"]).await, None);
    }

    async fn a_numbered_primary_key_is_named(store) {
        let store = with_people(store).await;
        let twice = store.identity().write(|tx| {
            tx.execute(&BY_NUMBER, &params![7])?;
            tx.execute_unique(&BY_NUMBER, &params![7])
        });
        assert!(twice.await.unwrap().unwrap_err().is("numbered_pkey"));
    }

    async fn another_broken_constraint_is_a_failure(store) {
        let store = with_people(store).await;
        let missing = store.identity().write(|tx| {
            tx.execute_unique(&BY_ALL, &params![None::<&str>, "e", "a", "b", "n", true, "t"])
        });
        assert!(missing.await.is_err());
        // The rest of the store is well.
        assert_eq!(number(store.identity(), "SELECT COUNT(*) FROM people").await, 0);
    }
}
