//! A compiled filter passes exactly the rows that its definition passes.

use avnology_aip::{Expr, FieldPath, Number, Op, Restriction, Value, filter::parse};
use avnology_store::list::ListQuery;
use proptest::{collection::vec, prelude::*, sample::select};

use crate::things::{self, Chooser, STATES, Thing, ids, key, many, page, text, with_things};

const EQUALITY: &[Op] = &[Op::Eq, Op::Ne];
const COMPARISONS: &[Op] = &[Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge];
const EVERY: &[Op] = &[Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Has, Op::Match];

fn wanted_text() -> impl Strategy<Value = String> {
    prop_oneof![3 => text(), 1 => text().prop_map(|t| t + "*"), 1 => text().prop_map(|t| format!("*{t}*"))]
}

fn wanted_number() -> impl Strategy<Value = Value> {
    let texts = vec![
        "0",
        "5",
        "-5",
        "0.5",
        "0.50",
        "5.0",
        "-2.25",
        "0.1",
        "1000",
        "2.5",
        "-0.5",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "1000000000000000000000",
    ];
    select(texts).prop_map(|text| Value::Number(Number::parse(text).unwrap()))
}

fn wanted_time() -> impl Strategy<Value = String> {
    select(vec![
        "2026-01-01T00:00:00Z",
        "2026-01-01T01:00:00.5+01:00",
        "2026-01-01T00:00:01Z",
        "2026-01-01T00:00:01.999999Z",
        "2025-12-31T23:59:59.999Z",
    ])
    .prop_map(str::to_owned)
}

/// A comparison that fits one of the fields.
fn comparison() -> impl Strategy<Value = Expr> {
    fn of(
        field: &[&'static str],
        ops: &[Op],
        value: impl Strategy<Value = Value> + 'static,
    ) -> BoxedStrategy<Expr> {
        let field = select(field.to_vec());
        (field, select(ops.to_vec()), value)
            .prop_map(|(field, op, value)| restriction(field, op, value))
            .boxed()
    }
    let members: &[&str] =
        &["data.plan", "data.seats", "data.x", "data.x.plan", "meta.public.plan", "meta.public.x.seats"];
    let every: &[&str] =
        &["id", "name", "email", "state", "flag", "made", "seen", "size", "tags", "data", "meta.public"];
    let presence = select(vec![(Op::Has, Value::Any), (Op::Ne, Value::Null), (Op::Eq, Value::Null)]);
    prop_oneof![
        4 => of(&["name", "email"], EVERY, wanted_text().prop_map(Value::Text)),
        1 => of(&["state"], EQUALITY, select(STATES.to_vec()).prop_map(|s| Value::Text(s.to_owned()))),
        1 => of(&["flag"], EQUALITY, any::<bool>().prop_map(Value::Bool)),
        2 => of(&["made", "seen"], COMPARISONS, wanted_time().prop_map(Value::Text)),
        2 => of(&["size"], COMPARISONS, wanted_number()),
        1 => of(&["tags"], &[Op::Has], text().prop_map(Value::Text)),
        2 => of(&["data", "meta.public"], &[Op::Has], key().prop_map(Value::Text)),
        2 => of(members, EQUALITY, prop_oneof![text(), Just("5".to_owned())].prop_map(Value::Text)),
        1 => of(members, EQUALITY, any::<bool>().prop_map(Value::Bool)),
        2 => of(members, COMPARISONS, wanted_number()),
        1 => of(members, &[Op::Has], prop_oneof![key(), text()].prop_map(Value::Text)),
        2 => (select([every, members].concat()), presence).prop_map(|(field, (op, value))| restriction(field, op, value)),
    ]
}

fn restriction(field: &str, op: Op, value: Value) -> Expr {
    let field = FieldPath(field.split('.').map(str::to_owned).collect());
    Expr::Restriction(Restriction { field, op, value })
}

pub(crate) fn filter() -> impl Strategy<Value = Expr> {
    comparison().prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Expr::And),
            vec(inner.clone(), 2..4).prop_map(Expr::Or),
            inner.prop_map(|inner| Expr::Not(Box::new(inner))),
        ]
    })
}

both_engines! {
    async fn a_filter_passes_what_its_definition_passes(store) {
        let mut chooser = Chooser::new(1);
        let things = many(&mut chooser, 60);
        let store = with_things(store, &things).await;
        let (filters, mut passed) = (filter(), 0);
        for _ in 0..600 {
            let filter = chooser.choose(&filters);
            let mut expected: Vec<&str> = things.iter().filter(|t| t.passes(&filter)).map(|t| t.id.as_str()).collect();
            let query = ListQuery { filter: Some(filter.clone()), page_size: 100, include_total: true, ..ListQuery::default() };
            let answer = page(&store, &query).await.unwrap_or_else(|e| panic!("{filter}: {e:?}"));
            let mut found = answer.items.clone();
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{filter}\n{:#?}", differing(&things, &found, &expected));
            assert_eq!(answer.next, None, "{filter}");
            assert_eq!(answer.total.map(|t| (t.size as usize, t.is_minimum)), Some((found.len(), false)), "{filter}");
            passed += found.len();
        }
        assert!((3_000..33_000).contains(&passed), "the filters are neither all true nor all false: {passed}");
    }

    async fn letters_of_every_script_match_in_either_case(store) {
        let named = |id: &str, name: &str| Thing { name: Some(name.to_owned()), ..Thing::new(id) };
        let store = with_things(store, &[named("a", "Élodie"), named("b", "ÅNGSTRÖM"), named("c", "ΣΊΣΥΦΟΣ")]).await;
        assert_eq!(ids(&store, r#"name:"éLO*""#).await, ["a"]);
        assert_eq!(ids(&store, r#"name ~ "?ngström""#).await, ["b"]);
        assert_eq!(ids(&store, r#"name:"σίσυφοσ""#).await, ["c"]);
        assert_eq!(ids(&store, r#"name = "élodie""#).await, [""; 0]);
    }

    async fn texts_are_ordered_by_code_point(store) {
        let named = |name: &str| Thing { name: Some(name.to_owned()), ..Thing::new(name) };
        let store = with_things(store, &["Z", "a", "b", "é", "\u{ffee}", "\u{10400}"].map(named)).await;
        let filter = parse(r#"name > "Z""#).unwrap();
        let order_by = avnology_aip::order_by::parse("name desc").unwrap();
        let answer = page(&store, &ListQuery { filter, order_by, ..ListQuery::default() }).await.unwrap();
        assert_eq!(answer.items, ["\u{10400}", "\u{ffee}", "é", "b", "a"]);
    }

    async fn an_email_is_found_by_its_key_and_by_what_it_begins_with(store) {
        let mailed = |id: &str, email: &str| Thing { email: Some(email.to_owned()), ..Thing::new(id) };
        let store = with_things(store, &[
            mailed("a", "Jane@Acme.example"), mailed("b", "jane@Bücher.example"), mailed("c", "janet@acme.example"),
        ]).await;
        for (filter, expected) in [
            (r#"email = "JANE@acme.EXAMPLE""#, &["a"][..]),
            (r#"email:"JANE*""#, &["c", "b", "a"]),
            (r#"email:"jane@*""#, &["b", "a"]),
            (r#"email:"jane@BÜ*""#, &["b"]),
            (r#"email:"jane@b*""#, &["b"]),
            (r#"email ~ "j?net@*""#, &["c"]),
            (r#"email ~ "jane?@*""#, &["c"]),
        ] {
            assert_eq!(ids(&store, filter).await, expected, "{filter}");
        }
    }
}

fn differing<'a>(things: &'a [Thing], found: &[String], expected: &[&str]) -> Vec<&'a things::Thing> {
    let differs = |thing: &&Thing| found.contains(&thing.id) != expected.contains(&thing.id.as_str());
    things.iter().filter(differs).collect()
}
