//! Pages neither repeat nor skip a row, whatever comes and goes meanwhile.

use std::cmp::Ordering;

use avnology_aip::{Key, OrderKey, order_by};
use avnology_store::list::ListQuery;
use proptest::{prelude::*, sample::select};

use crate::{
    filters::filter,
    things::{Chooser, Thing, fold, many, page, texts, thing, with_things},
};

const ORDERS: &[&str] = &[
    "",
    "made",
    "seen",
    "seen desc",
    "name",
    "name desc",
    "email desc",
    "size, seen desc",
    "size desc, name desc",
    "made desc, size",
    "seen, made desc",
    "email, name",
];

/// How two things stand to each other under an order, those without a value last.
fn compare(left: &Thing, right: &Thing, order: &[OrderKey]) -> Ordering {
    let default = [OrderKey { field: "made".to_owned(), descending: true }];
    let order = if order.is_empty() { &default } else { order };
    let keys = |thing: &Thing, field: &str| match field {
        "made" => (Some(thing.made), None),
        "seen" => (thing.seen, None),
        "size" => (thing.size, None),
        "name" => (None, thing.name.clone()),
        _ => (None, thing.email.as_deref().map(fold)),
    };
    let direct = |ordering: Ordering, descending| if descending { ordering.reverse() } else { ordering };
    for OrderKey { field, descending } in order {
        let (a, b) = (keys(left, field), keys(right, field));
        let none = (None, None);
        let ordering = match (a == none, b == none) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => direct(a.cmp(&b), *descending),
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    direct(left.id.cmp(&right.id), order.last().unwrap().descending)
}

both_engines! {
    async fn rows_that_stay_are_shown_once_and_in_order(store) {
        let mut chooser = Chooser::new(2);
        let mut all = many(&mut chooser, 50);
        let store = with_things(store, &all).await;
        let query = (select(ORDERS.to_vec()), prop::option::of(filter()), 1..12_u32);
        let mut coming = 0;
        for _ in 0..40 {
            let (order, filter, page_size) = chooser.choose(&query);
            let order_by = order_by::parse(order).unwrap();
            let mut query = ListQuery { filter: filter.clone(), order_by, page_size, ..ListQuery::default() };
            let stable: Vec<Thing> = all.iter().filter(|t| t.id.starts_with("thing_00")).cloned().collect();
            let mut shown: Vec<String> = Vec::new();
            loop {
                let answer = page(&store, &query).await.unwrap();
                assert!(answer.items.len() <= page_size as usize);
                shown.extend(answer.items);
                let Some(next) = answer.next else { break };
                assert_ne!(Some(&next), query.after.as_ref(), "{}", texts(&next));
                query.after = Some(next);
                coming += 1;
                // One comes and one that is not stable goes, often the one the page ended with.
                let new = Thing { id: format!("x_{coming:05}"), ..chooser.choose(&thing()) };
                let gone = all.iter().rposition(|t| t.id.starts_with("x_") && shown.contains(&t.id));
                let gone = gone.map(|at| all.remove(at).id);
                shown.retain(|id| Some(id) != gone.as_ref());
                all.push(new.clone());
                let change = store.identity().write(move |tx| {
                    new.insert(tx)?;
                    tx.execute_text("DELETE FROM things WHERE id = $1", &avnology_store::params![gone.clone()])
                });
                change.await.unwrap();
            }
            let is_filtered = |t: &&Thing| filter.as_ref().is_none_or(|f| t.passes(f));
            let mut expected: Vec<&Thing> = stable.iter().filter(is_filtered).collect();
            expected.sort_by(|a, b| compare(a, b, &query.order_by));
            let expected: Vec<&str> = expected.into_iter().map(|t| t.id.as_str()).collect();
            let stable_shown: Vec<&str> = shown.iter().map(String::as_str).filter(|id| id.starts_with("thing_")).collect();
            assert_eq!(stable_shown, expected, "order {order:?}, pages of {page_size}, filter {filter:?}");
            let shown_things: Vec<&Thing> = shown.iter().map(|id| all.iter().find(|t| t.id == *id).unwrap()).collect();
            let sorted = shown_things.is_sorted_by(|a, b| compare(a, b, &query.order_by).is_lt());
            assert!(sorted, "no row twice, all in order {order:?}: {shown:?}");
        }
    }

    async fn the_last_page_says_that_it_is(store) {
        let store = with_things(store, &["a", "b", "c", "d"].map(Thing::new)).await;
        let mut query = ListQuery { page_size: 2, include_total: true, ..ListQuery::default() };
        let first = page(&store, &query).await.unwrap();
        assert_eq!((first.items, first.next.clone()), (vec!["d".to_owned(), "c".to_owned()], Some(vec![Key::Number(0), Key::Text("c".into())])));
        query.after = first.next;
        let last = page(&store, &query).await.unwrap();
        assert_eq!((last.items, last.next), (vec!["b".to_owned(), "a".to_owned()], None));
        assert_eq!(last.total.map(|t| (t.size, t.is_minimum)), Some((4, false)), "the total is that of all pages");
    }
}
