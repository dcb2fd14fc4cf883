//! A table with a field of every kind, and what a filter over it means.

use std::collections::BTreeMap;

use avnology_aip::{Datum, Expr, FieldPath, Key, Number};
use avnology_model::Result;
use avnology_store::{
    Tx,
    list::{self, Field, List, ListQuery, Page, Scope},
    params,
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Map, Value as Json, json};

use crate::harness::TestStore;

pub(crate) const STATES: &[&str] = &["active", "inactive"];

pub(crate) static THINGS: List = List {
    columns: "t.id",
    from: "things t",
    id: "t.id",
    default_order: &[("made", true)],
    fields: &[
        Field::text("id", "t.id").indexed(),
        Field::text("name", "t.name").nullable().sortable(),
        Field::folded("email", "t.email", "t.email_key", fold).nullable().sortable().indexed(),
        Field::choice("state", "t.state", STATES),
        Field::boolean("flag", "t.flag").nullable(),
        Field::time("made", "t.made").sortable().indexed(),
        Field::time("seen", "t.seen").nullable().sortable().indexed(),
        Field::number("size", "t.size").nullable().sortable(),
        Field::texts("tags", "t.tags").nullable(),
        Field::map("data", "t.data"),
        Field::map("meta.public", "t.meta").nullable(),
    ],
};

const TABLE: &[&str] = &[
    "CREATE TABLE things (id TEXT PRIMARY KEY, name TEXT, email TEXT, email_key TEXT, state TEXT NOT NULL, flag BOOLEAN, \
     made BIGINT NOT NULL, seen BIGINT, size BIGINT, tags TEXT, data TEXT NOT NULL, meta TEXT)",
    "CREATE INDEX things_email ON things (email_key)",
    "CREATE INDEX things_made ON things (made, id)",
    "CREATE INDEX things_seen ON things (seen, id)",
];

pub(crate) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Thing {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) state: &'static str,
    pub(crate) flag: Option<bool>,
    pub(crate) made: i64,
    pub(crate) seen: Option<i64>,
    pub(crate) size: Option<i64>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) data: Map<String, Json>,
    pub(crate) meta: Option<Map<String, Json>>,
}

impl Thing {
    pub(crate) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: None,
            email: None,
            state: "active",
            flag: None,
            made: 0,
            seen: None,
            size: None,
            tags: None,
            data: Map::new(),
            meta: None,
        }
    }

    pub(crate) fn insert(&self, tx: &mut Tx<'_>) -> Result<()> {
        let object = |map: &Map<String, Json>| Json::Object(map.clone());
        let params = params![
            &self.id,
            self.name.as_ref(),
            self.email.as_ref(),
            self.email.as_deref().map(fold),
            self.state,
            self.flag,
            self.made,
            self.seen,
            self.size,
            self.tags.as_ref().map(|tags| json!(tags)),
            object(&self.data),
            self.meta.as_ref().map(object),
        ];
        let text = "INSERT INTO things (id, name, email, email_key, state, flag, made, seen, size, tags, data, meta) \
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        tx.execute_text(text, &params).map(drop)
    }

    /// The value of a field, as the meaning of filters wants it.
    pub(crate) fn lookup(&self, field: &FieldPath) -> Option<Datum> {
        match field.to_string().as_str() {
            "id" => Some(Datum::text(&self.id)),
            "name" => self.name.as_ref().map(Datum::text),
            "email" => self.email.as_ref().map(Datum::folded_text),
            "state" => Some(Datum::text(self.state)),
            "flag" => self.flag.map(Datum::Bool),
            "made" => Some(Datum::Time(self.made)),
            "seen" => self.seen.map(Datum::Time),
            "size" => self.size.map(|size| Datum::Number(size.into())),
            "tags" => self.tags.clone().map(Datum::List),
            "data" => Some(object(&self.data)),
            "meta.public" => self.meta.as_ref().map(object),
            _ => None,
        }
    }

    pub(crate) fn passes(&self, filter: &Expr) -> bool {
        filter.matches(&|field| self.lookup(field))
    }
}

fn object(map: &Map<String, Json>) -> Datum {
    let members = map.iter().filter_map(|(name, json)| Some((name.clone(), datum(json)?)));
    Datum::Map(members.collect::<BTreeMap<_, _>>())
}

fn datum(json: &Json) -> Option<Datum> {
    Some(match json {
        Json::Null => return None,
        Json::Bool(flag) => Datum::Bool(*flag),
        Json::Number(number) => Datum::Number(match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().and_then(Number::from_f64).unwrap(),
        }),
        Json::String(text) => Datum::text(text),
        Json::Array(items) => {
            Datum::List(items.iter().filter_map(|i| i.as_str().map(str::to_owned)).collect())
        }
        Json::Object(map) => object(map),
    })
}

/// Chooses from strategies with a seed of its own, the same in every run.
pub(crate) struct Chooser(TestRunner);

impl Chooser {
    pub(crate) fn new(seed: u8) -> Self {
        Self(TestRunner::new_with_rng(
            Config::default(),
            TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]),
        ))
    }

    pub(crate) fn choose<T>(&mut self, from: &impl Strategy<Value = T>) -> T {
        from.new_tree(&mut self.0).unwrap().current()
    }
}

/// Creates the table and fills it.
pub(crate) async fn with_things(store: TestStore, things: &[Thing]) -> TestStore {
    store.run(TABLE).await;
    insert(&store, things).await;
    store
}

pub(crate) async fn insert(store: &TestStore, things: &[Thing]) {
    let things = things.to_vec();
    store.identity().write(move |tx| things.iter().try_for_each(|thing| thing.insert(tx))).await.unwrap();
}

/// One page of ids.
pub(crate) async fn page(store: &TestStore, query: &ListQuery) -> Result<Page<String>> {
    let query = query.clone();
    store
        .identity()
        .scan(move |tx| list::page(tx, &THINGS, &Scope::all(), &query, avnology_store::Row::take))
        .await
}

/// All ids that pass, page by page.
pub(crate) async fn ids(store: &TestStore, filter: &str) -> Vec<String> {
    let filter = avnology_aip::filter::parse(filter).unwrap();
    let mut query = ListQuery { filter, page_size: 100, ..ListQuery::default() };
    let mut ids = Vec::new();
    loop {
        let page = page(store, &query).await.unwrap();
        ids.extend(page.items);
        query.after = match page.next {
            Some(next) => Some(next),
            None => return ids,
        };
    }
}

pub(crate) fn texts(position: &[Key]) -> String {
    format!("{position:?}")
}

/// Short texts of few characters, so that they often meet: letters with and without a case, and what SQL, patterns and
/// JSON give a meaning to.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["ab", "Ab", "aB*", "é", "É", "a@b", "A@B.c", "", "a*", "a", "%", "ss", "ß", "ẞ"])
            .prop_map(str::to_owned),
        1 => "[aAbB]{1,3}",
        1 => r#"[aAéÉσΣς中%_\\*?"'\[\]\^.$@{}:!-]{0,4}"#,
    ]
}

fn number() -> impl Strategy<Value = Json> {
    prop::sample::select(vec![
        json!(0),
        json!(5),
        json!(-5),
        json!(0.5),
        json!(5.0),
        json!(1e3),
        json!(0.1),
        json!(-2.25),
        json!(9_007_199_254_740_993_i64),
        json!(9_007_199_254_740_992_i64),
        json!(i64::MAX),
        json!(1e300),
    ])
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        3 => text().prop_map(Json::String),
        3 => number(),
        2 => any::<bool>().prop_map(Json::Bool),
        1 => Just(Json::Null),
        1 => prop::sample::select(vec![json!("5"), json!("true"), json!("null"), json!("{}"), json!("nul: \0")]),
    ]
}

fn member() -> impl Strategy<Value = Json> {
    prop_oneof![
        6 => scalar(),
        1 => prop::collection::vec(scalar(), 0..3).prop_map(Json::Array),
        1 => prop::collection::btree_map(key(), scalar(), 0..3).prop_map(|map| Json::Object(map.into_iter().collect())),
    ]
}

/// Names that a path can say, and others.
pub(crate) fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["plan", "seats", "x"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["a\"b", "a\\b", "a.b", "$", "", "a'b", "é", "0", "[0]", "*"]).prop_map(str::to_owned),
    ]
}

fn map() -> impl Strategy<Value = Map<String, Json>> {
    prop::collection::btree_map(key(), member(), 0..5).prop_map(|map| map.into_iter().collect())
}

/// Points in time around the start of 2026, in microseconds, few enough to meet.
pub(crate) fn time() -> impl Strategy<Value = i64> {
    (0..5_i64).prop_map(|step| 1_767_225_600_000_000 + step * 500_000)
}

pub(crate) fn thing() -> impl Strategy<Value = Thing> {
    let texts = (prop::option::of(text()), prop::option::of(text()), prop::sample::select(STATES.to_vec()));
    let others =
        (prop::option::of(any::<bool>()), time(), prop::option::of(time()), prop::option::of(-3..4_i64));
    let tags = prop::option::of(prop::collection::vec(text(), 0..3));
    (texts, others, tags, map(), prop::option::of(map())).prop_map(
        |((name, email, state), (flag, made, seen, size), tags, data, meta)| Thing {
            id: String::new(),
            name,
            email,
            state,
            flag,
            made,
            seen,
            size,
            tags,
            data,
            meta,
        },
    )
}

/// So many things, with ids of their own.
pub(crate) fn many(chooser: &mut Chooser, count: usize) -> Vec<Thing> {
    (0..count).map(|n| Thing { id: format!("thing_{n:04}"), ..chooser.choose(&thing()) }).collect()
}
