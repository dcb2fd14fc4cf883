//! Opening: locks, schemas, who may start.

use avnology_model::Code;
use avnology_store::Store;

use crate::{
    events::append,
    harness::{NONE, first, is, number, org},
};

const EDIT: &str = "UPDATE schema_migrations SET checksum = 'edited' WHERE version = 1";
const NEWER: &str =
    "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (9999, '9999_later', '', 0)";

both_engines! {
    async fn what_was_written_is_there_after_reopening(store) {
        store.create_org(org(1)).await.unwrap();
        store.identity().write(|tx| append(tx, 1, None)).await.unwrap();
        store.org(org(1)).await.unwrap().write(|tx| append(tx, 2, None)).await.unwrap();
        store.ping().await.unwrap();
        store.close().await.unwrap();
        assert!(is(Code::Unavailable)(&store.identity().write(|tx| append(tx, 3, None)).await.unwrap_err()));
        assert!(store.ping().await.is_err());
        assert!(is(Code::Unavailable)(&store.org(org(1)).await.unwrap_err()));
        let (config, _dir) = store.released();
        let again = Store::open(config).await.unwrap();
        assert_eq!(number(again.identity(), "SELECT COUNT(*) FROM events").await, 1);
        let of_org = again.org(org(1)).await.unwrap();
        let count = of_org.read(|tx| first::<i64>(tx.query_text("SELECT COUNT(*) FROM events", NONE)?));
        assert_eq!(count.await.unwrap(), 1);
    }

    async fn an_edited_migration_is_refused(store) {
        store.run(&[EDIT]).await;
        let refused = refused_to_open(store).await;
        assert!(refused.contains("another text of migration 0001_foundation"), "{refused}");
    }

    async fn a_newer_schema_is_refused(store) {
        store.run(&[NEWER]).await;
        let refused = refused_to_open(store).await;
        assert!(refused.contains("migration 9999") && refused.contains("newer"), "{refused}");
    }

    async fn a_newer_organization_is_refused_alone(store) {
        for number in [1, 2] {
            store.create_org(org(number)).await.unwrap();
        }
        store.org(org(1)).await.unwrap().write(|tx| tx.execute_text(NEWER, NONE)).await.unwrap();
        store.close().await.unwrap();
        let (config, _dir) = store.released();
        let again = Store::open(config).await.unwrap();
        assert!(again.org(org(1)).await.unwrap_err().detail().contains("newer"));
        again.org(org(2)).await.unwrap();
        assert!(again.migrate_all_orgs().await.unwrap_err().detail().contains("newer"));
    }

    async fn pending_migrations_are_refused_when_not_allowed(store) {
        store.create_org(org(1)).await.unwrap();
        let forget = "DELETE FROM schema_migrations WHERE version > 0";
        store.org(org(1)).await.unwrap().write(move |tx| tx.execute_text(forget, NONE)).await.unwrap();
        store.close().await.unwrap();
        let (mut config, _dir) = store.released();
        config.migrate = false;
        // The identity layer is up to date, so the store opens; the organization is not.
        let again = Store::open(config).await.unwrap();
        let refused = again.org(org(1)).await.unwrap_err();
        assert!(refused.detail().contains("avnology db migrate"), "{refused}");
    }

    async fn an_empty_database_is_refused_when_migrations_are_not_allowed(store) {
        let mut config = store.config.clone();
        config.migrate = false;
        config.data_dir = config.data_dir.join("other");
        if store.engine() == avnology_store::Engine::Postgres {
            let url = avnology_throwaway_postgres::ThrowawayPostgres::shared().create_database();
            config = config.on_postgres(url);
        }
        let refused = Store::open(config).await.unwrap_err();
        assert!(refused.detail().contains("pending"), "{refused}");
    }
}

async fn refused_to_open(store: crate::harness::TestStore) -> String {
    store.close().await.unwrap();
    let (config, _dir) = store.released();
    Store::open(config).await.unwrap_err().detail().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_is_refused_the_directory() {
    let store = crate::harness::TestStore::on_sqlite().await;
    let refused = Store::open(store.config.clone()).await.unwrap_err();
    assert!(refused.detail().contains("another process has the data directory"), "{refused}");
    store.ping().await.unwrap();
    let (config, _dir) = store.released();
    // The lock goes with the last clone, even without a close.
    Store::open(config).await.unwrap().ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_together_migrate_once() {
    let url = avnology_throwaway_postgres::ThrowawayPostgres::shared().missing_database();
    let mut nodes = Vec::new();
    for _ in 0..5 {
        let url = url.clone();
        nodes.push(tokio::spawn(async move {
            crate::harness::TestStore::open(|config| config.on_postgres(url)).await
        }));
    }
    for node in nodes {
        let store = node.await.unwrap();
        let rows = crate::harness::number(
            store.identity(),
            "SELECT COUNT(*) FROM schema_migrations WHERE version = 1",
        );
        assert_eq!(rows.await, 1);
    }
}
