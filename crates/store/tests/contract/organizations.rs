//! The life of organizations' databases.

use avnology_model::Code;
use avnology_store::{Engine, OrgDb, events::log};

use crate::{
    events::append,
    harness::{NONE, TestStore, first, is, org},
};

async fn count(db: &OrgDb) -> i64 {
    db.read(|tx| first(tx.query_text("SELECT COUNT(*) FROM events", NONE)?)).await.unwrap()
}

async fn small(on: Engine) -> TestStore {
    let url = avnology_throwaway_postgres::ThrowawayPostgres::shared().missing_database();
    TestStore::open(|mut config| {
        config.max_open_organizations = 3;
        config.pg_open_organizations = 3;
        match on {
            Engine::Sqlite => config,
            Engine::Postgres => config.on_postgres(url),
        }
    })
    .await
}

both_engines! {
    async fn each_step_of_a_life_can_be_repeated(store) {
        for _ in 0..2 {
            assert!(!store.org_exists(org(1)).await.unwrap());
            assert!(is(Code::NotFound)(&store.org(org(1)).await.unwrap_err()));
            store.create_org(org(1)).await.unwrap();
            store.org(org(1)).await.unwrap().write(|tx| append(tx, 1, None)).await.unwrap();
            store.create_org(org(1)).await.unwrap();
            assert!(store.org_exists(org(1)).await.unwrap());
            assert_eq!(count(&store.org(org(1)).await.unwrap()).await, 1, "creating it again changed nothing");
            assert_eq!(store.migrate_all_orgs().await.unwrap(), 0);
            assert_eq!(store.list_orgs().await.unwrap(), [org(1)]);
            store.destroy_org(org(1)).await.unwrap();
            store.destroy_org(org(1)).await.unwrap();
        }
        assert_eq!(store.list_orgs().await.unwrap(), []);
    }

    async fn organizations_do_not_see_each_other(store) {
        for number in [1, 2] {
            store.create_org(org(number)).await.unwrap();
        }
        store.org(org(1)).await.unwrap().write(|tx| append(tx, 1, None)).await.unwrap();
        assert_eq!(count(&store.org(org(1)).await.unwrap()).await, 1);
        assert_eq!(count(&store.org(org(2)).await.unwrap()).await, 0);
        store.destroy_org(org(1)).await.unwrap();
        assert_eq!(count(&store.org(org(2)).await.unwrap()).await, 0);
    }

    async fn a_kept_handle_is_dead_after_destruction(store) {
        store.create_org(org(1)).await.unwrap();
        let kept = store.org(org(1)).await.unwrap();
        kept.write(|tx| append(tx, 1, None)).await.unwrap();
        store.destroy_org(org(1)).await.unwrap();
        assert!(kept.write(|tx| append(tx, 2, None)).await.is_err());
        assert!(kept.read(|tx| log::head(tx)).await.is_err());
        store.create_org(org(1)).await.unwrap();
        assert!(kept.write(|tx| append(tx, 3, None)).await.is_err());
        assert_eq!(count(&store.org(org(1)).await.unwrap()).await, 0);
    }

    async fn many_may_create_and_open_at_once(store) {
        let mut tasks = Vec::new();
        for number in 0..24_u64 {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                let id = org(u8::try_from(number % 3).unwrap());
                store.create_org(id).await?;
                store.org(id).await?.write(move |tx| append(tx, number, None)).await
            }));
        }
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        for number in 0..3 {
            assert_eq!(count(&store.org(org(number)).await.unwrap()).await, 8);
        }
    }
}

async fn the_oldest_unused_is_closed(store: TestStore) {
    store.create_org(org(0)).await.unwrap();
    let used = store.org(org(0)).await.unwrap();
    for number in 1..=6 {
        store.create_org(org(number)).await.unwrap();
        let db = store.org(org(number)).await.unwrap();
        db.write(move |tx| append(tx, u64::from(number), None)).await.unwrap();
        drop(db);
        assert!(store.open_orgs() <= 3, "{}", store.open_orgs());
    }
    // The one in use was not closed and is the one that everybody gets.
    let mut commits = used.commits();
    store.org(org(0)).await.unwrap().write(|tx| append(tx, 7, None)).await.unwrap();
    assert!(commits.has_changed().unwrap());
    commits.mark_unchanged();
    for number in 1..=6 {
        assert_eq!(count(&store.org(org(number)).await.unwrap()).await, 1, "{number} was kept while closed");
    }
    // More than the limit may be open while all are used.
    let mut all = Vec::new();
    for number in 1..=6 {
        all.push(store.org(org(number)).await.unwrap());
    }
    for db in &all {
        assert_eq!(count(db).await, 1);
    }
    drop(all);
    store.org(org(99)).await.unwrap_err();
    assert!(store.open_orgs() <= 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_unused_is_closed_on_sqlite() {
    the_oldest_unused_is_closed(small(Engine::Sqlite).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_unused_is_closed_on_postgres() {
    the_oldest_unused_is_closed(small(Engine::Postgres).await).await;
}
