//! Whatever a caller sends is a value and never a piece of SQL, of a pattern or of a path.

use avnology_aip::{Expr, FieldPath, Op, Restriction, Value};
use avnology_model::{Code, Error};
use avnology_store::list::ListQuery;
use serde_json::json;

use crate::things::{Thing, page, with_things};

const HOSTILE: &[&str] = &[
    "'",
    "\"",
    "''",
    "\\",
    "\\'",
    "%",
    "_",
    "a%",
    "a_c",
    "[a-z]",
    "[",
    "]",
    "^",
    "$",
    "$1",
    "?1",
    "{json_kind:x:y}",
    "{",
    "}",
    "'; DROP TABLE things; --",
    "\" OR \"\" = \"",
    "/*",
    "--",
    "$.plan",
    "$.\"plan\"",
    "a\"b",
    "a\\\"b",
    ".*",
    "(a|b)",
    "***:a",
    "(?i)a",
    "a{2}",
    "\u{202e}",
    "\\u0000",
    "é'",
    "\u{1f600}",
];

fn one(path: &[&str], op: Op, value: Value) -> Expr {
    let field = FieldPath(path.iter().map(|&name| name.to_owned()).collect());
    Expr::Restriction(Restriction { field, op, value })
}

fn refused(error: &Error) -> bool {
    error.code() == Code::ValidationFailed
}

both_engines! {
    async fn hostile_values_find_exactly_themselves(store) {
        let things: Vec<Thing> = HOSTILE.iter().enumerate().map(|(n, text)| Thing {
            name: Some((*text).to_owned()), email: Some(format!("{text}é")), tags: Some(vec![(*text).to_owned()]),
            data: [("plan".to_owned(), json!(text)), ((*text).to_owned(), json!(1))].into_iter().collect(),
            ..Thing::new(&format!("{n:02}"))
        }).collect();
        let store = with_things(store, &things).await;
        for text in HOSTILE {
            let value = || Value::Text((*text).to_owned());
            let with_e = || Value::Text(format!("{text}É"));
            for filter in [
                one(&["name"], Op::Eq, value()),
                one(&["name"], Op::Has, value()),
                one(&["name"], Op::Has, Value::Text(format!("{text}*"))),
                one(&["name"], Op::Match, value()),
                one(&["email"], Op::Eq, with_e()),
                one(&["email"], Op::Has, with_e()),
                one(&["email"], Op::Match, with_e()),
                one(&["tags"], Op::Has, value()),
                one(&["data"], Op::Has, value()),
                one(&["data", "plan"], Op::Eq, value()),
            ] {
                let expected: Vec<&str> = things.iter().rev().filter(|t| t.passes(&filter)).map(|t| t.id.as_str()).collect();
                assert!(!expected.is_empty(), "{filter}");
                let query = ListQuery { filter: Some(filter.clone()), page_size: 100, ..ListQuery::default() };
                assert_eq!(page(&store, &query).await.unwrap().items, expected, "{filter}");
            }
        }
    }

    async fn hostile_names_and_the_character_0_are_refused(store) {
        let store = with_things(store, &[Thing::new("a")]).await;
        let get = async |filter: Expr| {
            page(&store, &ListQuery { filter: Some(filter), ..ListQuery::default() }).await.unwrap_err()
        };
        for text in ["a\"b", "\\", "", "\0"] {
            let error = get(one(&["data", text], Op::Has, Value::Any)).await;
            assert!(refused(&error), "{text}: {error:?}");
        }
        for text in HOSTILE {
            assert!(refused(&get(one(&[*text], Op::Has, Value::Any)).await), "{text}");
        }
        for path in [&["name"][..], &["email"], &["tags"], &["data"], &["data", "plan"]] {
            for op in [Op::Eq, Op::Has, Op::Match] {
                assert!(refused(&get(one(path, op, Value::Text("a\0b".to_owned()))).await), "{path:?} {op}");
            }
        }
    }
}
