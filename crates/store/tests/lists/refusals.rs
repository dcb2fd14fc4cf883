//! What does not fit is refused with `_902`, and what fits is understood by both engines.

use avnology_aip::{Expr, FieldPath, Key, Number, Op, Restriction, Value, filter, order_by};
use avnology_model::{Code, Error};
use avnology_store::list::{self, ListQuery};

use crate::{
    harness::TestStore,
    things::{THINGS, page, with_things},
};

const OPS: [Op; 8] = [Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Has, Op::Match];

fn query(filter: &str, order: &str) -> ListQuery {
    let filter = filter::parse(filter).unwrap();
    ListQuery { filter, order_by: order_by::parse(order).unwrap(), ..ListQuery::default() }
}

#[track_caller]
fn is_refused(error: &Error, field: &str) {
    assert_eq!(error.code(), Code::ValidationFailed, "{error:?}");
    assert_eq!(error.errors().iter().map(|e| e.field.as_str()).collect::<Vec<_>>(), [field], "{error:?}");
}

/// Which operators take which values on a field, by the table of the conventions (§7.2).
fn fits(field: &str, op: Op, value: &Value) -> bool {
    let equality = matches!(op, Op::Eq | Op::Ne);
    let compares = !matches!(op, Op::Has | Op::Match);
    let is_presence = matches!((op, value), (Op::Has, Value::Any) | (Op::Eq | Op::Ne, Value::Null));
    let is_time = matches!(value, Value::Text(text) if text.starts_with("2026"));
    is_presence
        || match (field, value) {
            ("id" | "name" | "email", Value::Text(_)) => true,
            ("state", Value::Text(text)) => equality && text == "active",
            ("flag" | "data.plan", Value::Bool(_)) => equality,
            ("made" | "seen", _) => compares && is_time,
            ("size" | "data.plan", Value::Number(_)) => compares,
            ("tags" | "data" | "meta.public", Value::Text(_)) => op == Op::Has,
            ("data.plan", Value::Text(_)) => equality || op == Op::Has,
            _ => false,
        }
}

async fn every_field_operator_and_value(store: &TestStore) {
    let fields = [
        "id",
        "name",
        "email",
        "state",
        "flag",
        "made",
        "seen",
        "size",
        "tags",
        "data",
        "meta.public",
        "data.plan",
    ];
    let number = |text| Value::Number(Number::parse(text).unwrap());
    let values = [
        Value::Text("active".to_owned()),
        Value::Text("2026-01-01T00:00:00Z".to_owned()),
        Value::Text("é*".to_owned()),
        number("5"),
        number("0.5"),
        number("99999999999999999999"),
        Value::Bool(true),
        Value::Null,
        Value::Any,
    ];
    for field in fields {
        for op in OPS {
            for value in values.clone() {
                let fits = fits(field, op, &value);
                let field = FieldPath(field.split('.').map(str::to_owned).collect());
                let filter = Expr::Restriction(Restriction { field, op, value });
                for order in ["", "seen desc", "email, size desc", "made desc"] {
                    let query = ListQuery { filter: Some(filter.clone()), ..query("", order) };
                    assert_eq!(list::check(&THINGS, &query).is_ok(), fits, "{filter}");
                    match page(store, &query).await {
                        Ok(_) => assert!(fits, "{filter}"),
                        Err(error) => {
                            assert!(!fits, "{filter}: {error:?}");
                            is_refused(&error, "filter");
                        }
                    }
                }
            }
        }
    }
}

both_engines! {
    async fn every_operator_is_understood_or_refused_on_every_field(store) {
        every_field_operator_and_value(&with_things(store, &[]).await).await;
    }

    async fn a_position_of_another_order_is_refused(store) {
        let store = with_things(store, &[]).await;
        let text = || Key::Text("a".to_owned());
        for (order, after) in [
            ("", vec![]),
            ("", vec![text()]),
            ("", vec![text(), text()]),
            ("", vec![Key::Null, text()]),
            ("", vec![Key::Number(1), Key::Null]),
            ("", vec![Key::Number(1), Key::Number(1)]),
            ("", vec![Key::Number(1), text(), text()]),
            ("name", vec![Key::Number(1), text()]),
            ("name", vec![Key::Text("\0".to_owned()), text()]),
        ] {
            let query = ListQuery { after: Some(after.clone()), ..query("", order) };
            is_refused(&list::check(&THINGS, &query).unwrap_err(), "page_token");
            is_refused(&page(&store, &query).await.unwrap_err(), "page_token");
        }
        for (order, after) in [
            ("seen", vec![Key::Null, text()]),
            ("seen desc", vec![Key::Number(1), text()]),
            ("size, seen desc", vec![Key::Null, Key::Null, text()]),
            ("size, seen desc", vec![Key::Number(1), Key::Null, text()]),
            ("size, seen", vec![Key::Null, Key::Number(1), text()]),
            ("email desc, made desc", vec![Key::Null, Key::Number(1), text()]),
        ] {
            let query = ListQuery { after: Some(after.clone()), ..query("", order) };
            assert_eq!(page(&store, &query).await.unwrap().next, None, "{after:?}");
        }
    }
}

#[test]
fn an_unknown_field_is_refused_by_name() {
    for filter in [
        r#"color = "x""#,
        r#"name.first = "x""#,
        r#"meta:"x""#,
        "meta.private.x = 1",
        "NOT (flag = true OR x:*)",
    ] {
        is_refused(&list::check(&THINGS, &query(filter, "")).unwrap_err(), "filter");
    }
    for order in ["color", "flag", "state desc", "made, data.plan", "id"] {
        is_refused(&list::check(&THINGS, &query("", order)).unwrap_err(), "order_by");
    }
}
