//! What a page looks at is bounded, and what an index finds is found at once.

use avnology_aip::{filter, order_by};
use avnology_store::list::{ListQuery, Page};

use crate::{
    harness::TestStore,
    things::{ids, page, with_things},
};

/// 45,000 rows, made one after the other; a third was never seen; the third from the start is rare.
async fn large(store: TestStore) -> TestStore {
    let store = with_things(store, &[]).await;
    store
        .run(&[
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 45000) \
         INSERT INTO things (id, email, email_key, state, made, seen, data) \
         SELECT 'thing_' || (100000 + n), 'p' || n || '@x', 'p' || n || '@x', 'active', 1000 * n, \
         CASE WHEN n % 3 = 0 THEN NULL ELSE 100000 - n END, \
         CASE WHEN n = 3 THEN '{\"plan\":\"rare\"}' ELSE '{\"plan\":\"common\"}' END FROM numbers",
            "ANALYZE",
        ])
        .await;
    store
}

async fn get(store: &TestStore, filter: &str, order: &str) -> Page<String> {
    let query = ListQuery {
        filter: filter::parse(filter).unwrap(),
        order_by: order_by::parse(order).unwrap(),
        page_size: 2,
        include_total: true,
        ..ListQuery::default()
    };
    page(store, &query).await.unwrap()
}

fn total(page: &Page<String>) -> (u32, bool) {
    page.total.map(|t| (t.size, t.is_minimum)).unwrap()
}

both_engines! {
    async fn a_page_gives_up_after_20_000_rows_and_the_next_goes_on(store) {
        let store = large(store).await;
        for (order, pages) in [("", 2), ("made", 0), ("seen", 3)] {
            let mut query = ListQuery {
                filter: filter::parse(r#"data.plan = "rare""#).unwrap(),
                order_by: order_by::parse(order).unwrap(),
                ..ListQuery::default()
            };
            let mut empty = 0;
            let found = loop {
                let answer = page(&store, &query).await.unwrap();
                if let Some(found) = answer.items.first() {
                    break found.clone();
                }
                empty += 1;
                query.after = Some(answer.next.expect("there is more"));
            };
            assert_eq!((found.as_str(), empty), ("thing_100003", pages), "order {order:?}");
        }
        let rare = get(&store, r#"data.plan = "rare""#, "").await;
        assert_eq!(total(&rare), (1, false));
        assert_eq!(ids(&store, r#"data.plan = "rare""#).await, ["thing_100003"]);
    }

    async fn what_an_index_finds_is_on_the_first_page(store) {
        let store = large(store).await;
        for (filter, order, expected) in [
            (r#"email = "P7@x""#, "", &["thing_100007"][..]),
            (r#"email:"p7@*""#, "seen desc", &["thing_100007"]),
            (r#"email:"P1234*""#, "", &["thing_112349", "thing_112348"]),
            (r#"id = "thing_100003" AND data.plan = "rare""#, "", &["thing_100003"]),
            (r#"made < "1970-01-01T00:00:00.003Z" AND data.plan = "common""#, "", &["thing_100002", "thing_100001"]),
            (r#"made < "1970-01-01T00:00:00.003Z" AND data.plan = "common""#, "seen", &["thing_100002", "thing_100001"]),
            (r#"seen < "1970-01-01T00:00:00.055002Z" AND state = "active""#, "made", &["thing_144999"]),
            (r#"data.plan = "common""#, "made", &["thing_100001", "thing_100002"]),
        ] {
            let answer = get(&store, filter, order).await;
            assert_eq!(answer.items, expected, "{filter} by {order:?}");
        }
    }

    async fn more_than_10_000_are_not_counted(store) {
        let store = large(store).await;
        assert_eq!(total(&get(&store, "", "").await), (10_000, true));
        assert_eq!(total(&get(&store, r#"data.plan = "common""#, "").await), (10_000, true));
        assert_eq!(total(&get(&store, r#"email:"p1*""#, "").await), (10_000, true));
        assert_eq!(total(&get(&store, r#"email:"p12*""#, "").await), (1_111, false));
    }
}
