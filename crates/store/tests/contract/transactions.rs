//! Commit, roll back, snapshots, groups, conflicts.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
    mpsc,
};

use avnology_model::{Code, Error};

use crate::harness::{NONE, first, is, number};

const ADD: &str = "UPDATE counter SET n = n + 1";

both_engines! {
    async fn a_write_is_kept_and_a_refused_one_is_not(store) {
        let store = store.with_counter().await;
        store.identity().write(|tx| tx.execute_text(ADD, NONE)).await.unwrap();
        let refused = store.identity().write(|tx| {
            tx.execute_text(ADD, NONE)?;
            Err::<(), _>(Error::new(Code::LastOwner))
        });
        assert!(is(Code::LastOwner)(&refused.await.unwrap_err()));
        assert_eq!(store.counter().await, 1);
    }

    async fn a_read_sees_one_snapshot(store) {
        let store = store.with_counter().await;
        let (go, wait) = mpsc::channel();
        let (done, finished) = mpsc::channel();
        let identity = store.identity().clone();
        let runtime = tokio::runtime::Handle::current();
        std::thread::spawn(move || {
            wait.recv().unwrap();
            runtime.block_on(identity.write(|tx| tx.execute_text(ADD, NONE))).unwrap();
            done.send(()).unwrap();
        });
        let finished = Mutex::new(finished);
        let seen = store.identity().read(move |tx| {
            let before: i64 = first(tx.query_text("SELECT n FROM counter", NONE)?)?;
            go.send(()).unwrap();
            finished.lock().unwrap().recv().unwrap();
            let after: i64 = first(tx.query_text("SELECT n FROM counter", NONE)?)?;
            Ok((before, after))
        });
        assert_eq!(seen.await.unwrap(), (0, 0));
        assert_eq!(store.counter().await, 1);
    }

    async fn closures_that_fail_or_panic_lose_only_themselves(store) {
        let store = store.with_counter().await;
        store.run(&["CREATE TABLE kept (n BIGINT NOT NULL PRIMARY KEY)"]).await;
        let mut writes = Vec::new();
        for n in 0..90_i64 {
            let identity = store.identity().clone();
            writes.push(tokio::spawn(async move {
                loop {
                    let write = identity.write(move |tx| {
                        tx.execute_text("INSERT INTO kept (n) VALUES ($1)", &[n.into()])?;
                        match n % 3 {
                            0 => Ok(()),
                            1 => Err(Error::new(Code::ConflictingState)),
                            _ => panic!("on purpose"),
                        }
                    });
                    match write.await {
                        Err(error) if error.code() == Code::Unavailable => {}
                        other => return other,
                    }
                }
            }));
        }
        for (n, write) in writes.into_iter().enumerate() {
            match (n % 3, write.await.unwrap()) {
                (0, Ok(())) => {}
                (1, Err(error)) => assert_eq!(error.code(), Code::ConflictingState),
                (2, Err(error)) => assert!(format!("{error:?}").contains("on purpose"), "{error:?}"),
                (_, other) => panic!("{n}: {other:?}"),
            }
        }
        assert_eq!(number(store.identity(), "SELECT COUNT(*) FROM kept").await, 30);
        assert_eq!(number(store.identity(), "SELECT COUNT(*) FROM kept WHERE n % 3 <> 0").await, 0);
    }

    async fn concurrent_increments_all_land(store) {
        let store = store.with_counter().await;
        let wanted: i64 = match store.engine() {
            avnology_store::Engine::Sqlite => 1_000,
            avnology_store::Engine::Postgres => 100,
        };
        let mut writes = Vec::new();
        for _ in 0..wanted {
            let identity = store.identity().clone();
            writes.push(tokio::spawn(async move {
                // One row for all is the worst case for PostgreSQL, which may send callers away to come back.
                while let Err(error) = identity.write(|tx| tx.execute_text(ADD, NONE)).await {
                    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
                }
            }));
        }
        for write in writes {
            write.await.unwrap();
        }
        assert_eq!(store.counter().await, wanted);
    }

    async fn of_two_that_decide_by_what_they_read_one_sees_the_other(store) {
        // Write skew: both read that nobody is on duty and both go on duty, which one after the other would not.
        store.run(&["CREATE TABLE duty (name TEXT NOT NULL)"]).await;
        let runs = Arc::new(AtomicU32::new(0));
        let mut writes = Vec::new();
        for name in ["a", "b"] {
            let identity = store.identity().clone();
            let runs = Arc::clone(&runs);
            writes.push(tokio::spawn(async move {
                identity.write(move |tx| {
                    runs.fetch_add(1, Ordering::Relaxed);
                    let on_duty: i64 = first(tx.query_text("SELECT COUNT(*) FROM duty", NONE)?)?;
                    std::thread::sleep(std::time::Duration::from_millis(100));
                    if on_duty == 0 {
                        tx.execute_text("INSERT INTO duty (name) VALUES ($1)", &[name.into()])?;
                    }
                    Ok(on_duty)
                }).await
            }));
        }
        let mut seen = Vec::new();
        for write in writes {
            seen.push(write.await.unwrap().unwrap());
        }
        seen.sort_unstable();
        assert_eq!(seen, [0, 1]);
        assert_eq!(number(store.identity(), "SELECT COUNT(*) FROM duty").await, 1);
        if store.engine() == avnology_store::Engine::Postgres {
            assert_eq!(runs.load(Ordering::Relaxed), 3, "one of the two was run again");
        }
    }

    async fn a_failed_statement_fails_the_transaction_that_ignores_it(store) {
        let store = store.with_counter().await;
        let write = store.identity().write(|tx| {
            tx.execute_text(ADD, NONE)?;
            let _ = tx.execute_text("UPDATE no_such_table SET n = 1", NONE);
            Ok(())
        });
        assert!(is(Code::Internal)(&write.await.unwrap_err()));
        assert_eq!(store.counter().await, 0);
    }

    async fn a_read_cannot_write(store) {
        let store = store.with_counter().await;
        assert!(store.identity().read(|tx| tx.execute_text(ADD, NONE)).await.is_err());
        assert!(store.identity().scan(|tx| tx.execute_text(ADD, NONE)).await.is_err());
        assert_eq!(store.counter().await, 0);
        assert_eq!(store.identity().read(|_| Ok(1)).await.unwrap(), 1);
    }

    async fn a_panicking_read_leaves_the_database_usable(store) {
        let store = store.with_counter().await;
        for _ in 0..20 {
            let read = store.identity().read(|tx| {
                tx.query_text("SELECT n FROM counter", NONE)?;
                panic!("on purpose") as avnology_model::Result<()>
            });
            assert!(is(Code::Internal)(&read.await.unwrap_err()));
        }
        assert_eq!(store.counter().await, 0);
    }

    async fn the_wrong_number_of_parameters_is_refused(store) {
        let store = store.with_counter().await;
        let text = "UPDATE counter SET n = $1 + $2";
        assert!(store.identity().write(move |tx| tx.execute_text(text, &[1.into()])).await.is_err());
        let three = store.identity().write(move |tx| tx.execute_text(text, &[1.into(), 2.into(), 3.into()]));
        assert!(three.await.is_err());
        assert_eq!(store.counter().await, 0);
    }

    async fn a_write_is_finished_when_its_caller_goes_away(store) {
        let store = store.with_counter().await;
        let (started, starts) = mpsc::channel();
        let identity = store.identity().clone();
        let caller = tokio::spawn(async move {
            identity.write(move |tx| {
                let _ = started.send(());
                std::thread::sleep(std::time::Duration::from_millis(50));
                tx.execute_text(ADD, NONE)
            }).await
        });
        tokio::task::spawn_blocking(move || starts.recv().unwrap()).await.unwrap();
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        // On SQLite the next write waits its turn; on PostgreSQL the first may still be on its way.
        for _ in 0..100 {
            if store.counter().await == 1 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("the write was lost");
    }
}
