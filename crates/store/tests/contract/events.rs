//! The event log.

use std::collections::HashSet;

use avnology_model::{
    Result, Timestamp,
    ids::{EventId, OrganizationId},
};
use avnology_store::{
    IdentityDb, Tx,
    events::log::{self, Cursor, NewEvent, StoredEvent},
};
use serde_json::json;

use crate::harness::{NOW, org, until};

pub(crate) fn event(number: u64) -> EventId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    EventId::from_bytes(bytes)
}

pub(crate) fn append(tx: &mut Tx<'_>, number: u64, organization_id: Option<OrganizationId>) -> Result<()> {
    let body = json!({ "number": number });
    let create_time = Timestamp::from_micros(i64::try_from(number).unwrap());
    log::append(
        tx,
        &NewEvent {
            event_id: event(number),
            organization_id,
            managing_organization_id: None,
            event_type: "test.made",
            body: &body,
            sealed: Some(b"secret"),
            create_time,
        },
    )
}

/// All numbers behind `cursor`, read in steps of two.
pub(crate) async fn follow(db: &IdentityDb, cursor: &mut Cursor) -> Vec<u64> {
    let mut numbers = Vec::new();
    loop {
        let after = *cursor;
        let page: Vec<StoredEvent> = db.read(move |tx| log::read_after(tx, after, 2)).await.unwrap();
        let Some(last) = page.last() else { return numbers };
        assert!(last.cursor > after);
        *cursor = last.cursor;
        numbers.extend(page.iter().map(|e| e.body["number"].as_u64().unwrap()));
    }
}

/// Follows until as many events came as are wanted, which must be those.
pub(crate) async fn expect(db: &IdentityDb, cursor: &mut Cursor, wanted: &[u64]) {
    let mut came = Vec::new();
    let read = async || {
        came.extend(follow(db, cursor).await);
        came.len()
    };
    until(read, |count| *count >= wanted.len()).await;
    assert_eq!(came, wanted);
}

/// The first events of a log, once there are so many.
async fn page(db: &IdentityDb, count: usize) -> Vec<StoredEvent> {
    let read = async || db.read(|tx| log::read_after(tx, Cursor::START, 9)).await.unwrap();
    until(read, |page| page.len() >= count).await
}

both_engines! {
    async fn events_come_in_order_and_whole(store) {
        store.identity().write(|tx| {
            append(tx, 1, Some(org(1)))?;
            append(tx, 2, None)
        }).await.unwrap();
        store.identity().write(|tx| append(tx, 3, Some(org(1)))).await.unwrap();
        let mut cursor = Cursor::START;
        expect(store.identity(), &mut cursor, &[1, 2, 3]).await;
        assert_eq!(follow(store.identity(), &mut cursor).await, [0_u64; 0]);
        let head = async || store.identity().read(|tx| log::head(tx)).await.unwrap();
        assert_eq!(until(head, |head| *head == cursor).await, cursor);
        let read = async || {
            let read = store.identity().read(|tx| log::read_organization_after(tx, org(1), Cursor::START, 9));
            read.await.unwrap()
        };
        let of_org = until(read, |page| page.len() >= 2).await;
        assert_eq!(of_org.iter().map(|e| e.event_id).collect::<Vec<_>>(), [event(1), event(3)]);
        let first = &of_org[0];
        assert_eq!((first.organization_id, first.event_type.as_str()), (Some(org(1)), "test.made"));
        assert_eq!((first.sealed.as_deref(), first.create_time.micros()), (Some(&b"secret"[..]), 1));
        assert_eq!(store.identity().read(|tx| log::read_organization_after(tx, org(2), Cursor::START, 9)).await.unwrap(), []);
    }

    async fn the_log_of_an_organization_is_its_own(store) {
        store.create_org(org(1)).await.unwrap();
        let db = store.org(org(1)).await.unwrap();
        let mut commits = db.commits();
        db.write(|tx| append(tx, 9, None)).await.unwrap();
        assert!(commits.has_changed().unwrap());
        commits.mark_unchanged();
        let count = async || db.read(|tx| log::read_after(tx, Cursor::START, 9)).await.unwrap().len();
        assert_eq!(until(count, |count| *count == 1).await, 1);
        let mut cursor = Cursor::START;
        assert_eq!(follow(store.identity(), &mut cursor).await, [0_u64; 0]);
    }

    async fn followers_wake_for_committed_events_only(store) {
        let mut commits = store.identity().commits();
        store.identity().write(|tx| log::advance(tx, "c", Cursor { tx_id: 1, position: 1 }, NOW)).await.unwrap();
        let refused = store.identity().write(|tx| {
            append(tx, 1, None)?;
            Err::<(), _>(avnology_model::Error::not_found())
        });
        assert!(refused.await.is_err());
        assert!(!commits.has_changed().unwrap());
        store.identity().write(|tx| append(tx, 2, None)).await.unwrap();
        assert!(commits.has_changed().unwrap());
        commits.mark_unchanged();
        let mut cursor = Cursor::START;
        expect(store.identity(), &mut cursor, &[2]).await;
    }

    async fn a_follower_beside_many_writers_skips_and_repeats_nothing(store) {
        let mut writers = Vec::new();
        for writer in 0..6_u64 {
            let identity = store.identity().clone();
            writers.push(tokio::spawn(async move {
                for number in 0..30_u64 {
                    let number = writer * 1_000 + number;
                    while let Err(error) = identity.write(move |tx| append(tx, number, None)).await {
                        assert_eq!(error.code(), avnology_model::Code::Unavailable, "{error:?}");
                    }
                }
            }));
        }
        let (mut cursor, mut seen) = (Cursor::START, Vec::new());
        while writers.iter().any(|writer| !writer.is_finished()) {
            seen.extend(follow(store.identity(), &mut cursor).await);
            tokio::task::yield_now().await;
        }
        for writer in writers {
            writer.await.unwrap();
        }
        let rest = async || {
            seen.extend(follow(store.identity(), &mut cursor).await);
            seen.len()
        };
        assert_eq!(until(rest, |count| *count >= 180).await, 180);
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 180);
        for writer in 0..6_u64 {
            let own: Vec<u64> = seen.iter().copied().filter(|number| number / 1_000 == writer).collect();
            assert!(own.is_sorted(), "a writer's events keep their order: {own:?}");
        }
    }

    async fn a_cursor_never_goes_back(store) {
        let db = store.identity();
        let (early, late) = (Cursor { tx_id: 3, position: 9 }, Cursor { tx_id: 4, position: 1 });
        assert_eq!(db.read(|tx| log::cursor(tx, "audit")).await.unwrap(), Cursor::START);
        assert!(db.write(move |tx| log::advance(tx, "audit", late, NOW)).await.unwrap());
        assert!(!db.write(move |tx| log::advance(tx, "audit", early, NOW)).await.unwrap());
        assert!(!db.write(move |tx| log::advance(tx, "audit", late, NOW)).await.unwrap());
        assert_eq!(db.read(|tx| log::cursor(tx, "audit")).await.unwrap(), late);
        assert!(db.write(|tx| log::forget(tx, "audit")).await.unwrap());
        assert!(!db.write(|tx| log::forget(tx, "audit")).await.unwrap());
    }

    async fn a_secret_is_cleared_once_and_the_event_stays(store) {
        let db = store.identity();
        db.write(|tx| append(tx, 1, None)).await.unwrap();
        assert!(db.write(|tx| log::clear_sealed(tx, event(1))).await.unwrap());
        assert!(!db.write(|tx| log::clear_sealed(tx, event(1))).await.unwrap());
        let page = page(db, 1).await;
        assert_eq!((page.len(), page[0].sealed.as_ref()), (1, None));
    }

    async fn an_event_id_is_written_once(store) {
        store.identity().write(|tx| append(tx, 1, None)).await.unwrap();
        assert!(store.identity().write(|tx| append(tx, 1, None)).await.is_err());
    }

    async fn only_what_is_old_and_consumed_is_pruned(store) {
        let db = store.identity();
        for number in 1..=5 {
            db.write(move |tx| append(tx, number, None)).await.unwrap();
        }
        let page = page(db, 5).await;
        let (fourth, head) = (page[3].cursor, page[4].cursor);
        let old = Timestamp::from_micros(3);
        assert_eq!(db.write(move |tx| log::prune(tx, old, page[0].cursor, 9)).await.unwrap(), 1);
        assert_eq!(db.write(move |tx| log::prune(tx, old, fourth, 9)).await.unwrap(), 1);
        assert_eq!(db.write(move |tx| log::prune(tx, NOW, fourth, 1)).await.unwrap(), 1);
        // The newest is kept whatever is asked.
        assert_eq!(db.write(move |tx| log::prune(tx, NOW, head, 9)).await.unwrap(), 1);
        let mut cursor = Cursor::START;
        expect(db, &mut cursor, &[5]).await;
        db.write(|tx| append(tx, 6, None)).await.unwrap();
        expect(db, &mut cursor, &[6]).await;
    }
}
