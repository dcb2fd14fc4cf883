//! Graphs that are too deep, too wide, or go in circles: an answer or an error, in bounded time and on a small stack.

#![expect(clippy::expect_used, reason = "tests stop where something is not as it must be")]

use std::cell::Cell;

use avnology_rebac::{Index, Limit, Limits, QueryError, Question, Schema, Scope, Subject, Tuple};

const SCHEMA: &str = r#"
class nodes implements Namespace {
  related: { member: (identities | SubjectSet<nodes, "member">)[], next: nodes[] }
  permits = {
    reach: (ctx) => this.related.member.includes(ctx.subject) || this.related.next.traverse((n) => n.permits.reach(ctx)),
    not_reach: (ctx) => !this.permits.reach(ctx),
  }
}"#;

fn index(tuples: impl IntoIterator<Item = (String, &'static str, Subject)>) -> Index {
    let mut index = Index::new(&Schema::parse(SCHEMA).expect("a schema"), 3);
    for (object, relation, subject) in tuples {
        let tuple = Tuple::new("nodes", &object, relation, subject).expect("a tuple");
        index.insert(&Scope::Tenant, &tuple, None).expect("written");
    }
    index
}

fn jane() -> Subject {
    Subject::identity("usr_jane")
}

fn ask<'q>(object: &'q str, relation: &'q str, subject: &'q Subject) -> Question<'q> {
    Question { namespace: "nodes", object, relation, subject }
}

const DEPTH: Result<bool, QueryError> = Err(QueryError::Limit(Limit::Depth));
const WIDTH: Result<bool, QueryError> = Err(QueryError::Limit(Limit::Width));

#[test]
fn a_chain_of_ten_thousand_is_an_error_of_depth_and_never_a_no() {
    for (relation, asked) in [("member", "member"), ("next", "reach")] {
        let index = index((0..10_000).map(|n| {
            let subject = if relation == "next" {
                Subject::object("nodes", (n + 1).to_string())
            } else {
                Subject::set("nodes", (n + 1).to_string(), "member")
            };
            (n.to_string(), relation, subject)
        }));
        let snapshot = index.snapshot();
        let query = snapshot.query(&Scope::Tenant, 0);
        let jane = jane();
        assert_eq!(query.check(&ask("0", asked, &jane)), DEPTH);
        assert_eq!(query.check(&ask("0", "not_reach", &jane)), DEPTH);
        assert_eq!(query.check(&ask("9990", asked, &jane)), Ok(false));
        assert!(
            query.expand("nodes", "0", asked).is_err() && query.explain(&ask("0", asked, &jane)).is_err()
        );
        assert!(query.list_subjects("nodes", "0", asked, "identities").is_err());
    }
}

#[test]
fn what_is_found_within_the_limits_is_a_yes_whatever_lies_beyond() {
    let chain = (0..100).map(|n| (n.to_string(), "next", Subject::object("nodes", (n + 1).to_string())));
    let end = ("20".to_owned(), "member", jane());
    let index = index(chain.chain([end]));
    let snapshot = index.snapshot();
    let jane = jane();
    let within = |depth| {
        let limits = Limits { depth, ..Limits::default() };
        snapshot.query(&Scope::Tenant, 0).with_limits(limits).check(&ask("0", "reach", &jane))
    };
    assert_eq!([within(22), within(50), within(99)], [Ok(true), Ok(true), Ok(true)]);
    assert_eq!([within(0), within(1), within(21)], [DEPTH, DEPTH, DEPTH]);
}

#[test]
fn circles_end() {
    let ring = (0..20).flat_map(|n| {
        let next = ((n + 1) % 20).to_string();
        [
            (n.to_string(), "next", Subject::object("nodes", next.clone())),
            (n.to_string(), "member", Subject::set("nodes", next, "member")),
            (n.to_string(), "member", Subject::set("nodes", n.to_string(), "member")),
        ]
    });
    let index = index(ring.chain([("19".to_owned(), "member", jane())]));
    let snapshot = index.snapshot();
    let query = snapshot.query(&Scope::Tenant, 0);
    let (jane, john) = (jane(), Subject::identity("usr_john"));
    for relation in ["member", "reach"] {
        assert_eq!(query.check(&ask("0", relation, &jane)), Ok(true));
        let limits = Limits { depth: 50, ..Limits::default() };
        assert_eq!(query.with_limits(limits).check(&ask("0", relation, &john)), Ok(false));
        assert_eq!(query.list_objects("nodes", relation, &jane).map(|listed| listed.len()), Ok(20));
    }
}

#[test]
fn a_wide_node_costs_no_more_than_the_limit() {
    let sets =
        (0..20_000).map(|n| ("wide".to_owned(), "member", Subject::set("nodes", n.to_string(), "member")));
    let parents = (0..20_000).map(|n| ("wide".to_owned(), "next", Subject::object("nodes", n.to_string())));
    let index = index(sets.chain(parents));
    let snapshot = index.snapshot();
    let query = snapshot.query(&Scope::Tenant, 0);
    let jane = jane();
    assert_eq!(query.check(&ask("wide", "member", &jane)), WIDTH);
    assert_eq!(query.check(&ask("wide", "reach", &jane)), WIDTH);
    assert_eq!(query.check(&ask("wide", "not_reach", &jane)), WIDTH);
    assert_eq!(query.expand("nodes", "wide", "member"), Err(QueryError::Limit(Limit::Width)));
    let narrow = query.with_limits(Limits { list: 1_000, ..Limits::default() });
    let width = Err(QueryError::Limit(Limit::Width));
    assert_eq!(narrow.list_subjects("nodes", "wide", "member", "identities"), width);
}

#[test]
fn many_members_of_one_node_are_no_work() {
    let index =
        index((0..30_000).map(|n| ("wide".to_owned(), "member", Subject::identity(format!("usr_{n}")))));
    let snapshot = index.snapshot();
    let query = snapshot.query(&Scope::Tenant, 0).with_limits(Limits { nodes: 3, ..Limits::default() });
    assert_eq!(query.check(&ask("wide", "reach", &Subject::identity("usr_29999"))), Ok(true));
    assert_eq!(query.check(&ask("wide", "reach", &jane())), Ok(false));
    assert_eq!(query.list_subjects("nodes", "wide", "reach", "identities").map(|s| s.ids.len()), Ok(30_000));
}

#[test]
fn a_fan_out_of_a_million_is_answered_whole_or_refused() {
    let members =
        (0..1_000_000).map(|n| ("vast".to_owned(), "member", Subject::identity(format!("usr_{n}"))));
    let index = index(members);
    let snapshot = index.snapshot();
    let query = snapshot.query(&Scope::Tenant, 0);
    assert_eq!(query.check(&ask("vast", "reach", &Subject::identity("usr_999999"))), Ok(true));
    assert_eq!(query.check(&ask("vast", "reach", &jane())), Ok(false));
    assert_eq!(
        query.list_subjects("nodes", "vast", "member", "identities").map(|s| s.ids.len()),
        Ok(1_000_000)
    );
    assert_eq!(query.expand("nodes", "vast", "member"), Err(QueryError::Limit(Limit::Width)));
}

#[test]
fn a_deadline_ends_a_question() {
    let index =
        index((0..5_000).map(|n| ("wide".to_owned(), "next", Subject::object("nodes", n.to_string()))));
    let snapshot = index.snapshot();
    let looks = Cell::new(0);
    let is_late = || {
        looks.set(looks.get() + 1);
        looks.get() > 3
    };
    let query = snapshot.query(&Scope::Tenant, 0).with_deadline(&is_late);
    assert_eq!(query.check(&ask("wide", "reach", &jane())), Err(QueryError::Limit(Limit::Time)));
    let late = || true;
    let query = snapshot.query(&Scope::Tenant, 0).with_deadline(&late);
    assert_eq!(
        query.list_subjects("nodes", "wide", "reach", "identities"),
        Err(QueryError::Limit(Limit::Time))
    );
}

#[test]
fn unknown_names_are_errors_and_unknown_objects_a_no() {
    let index = index([("a".to_owned(), "member", jane())]);
    let snapshot = index.snapshot();
    let query = snapshot.query(&Scope::Tenant, 0);
    let jane = jane();
    let unknown = |question: &Question<'_>| query.check(question).expect_err("an error").number();
    assert_eq!(unknown(&Question { namespace: "other", ..ask("a", "member", &jane) }), 500);
    assert_eq!(unknown(&ask("a", "other", &jane)), 500);
    assert_eq!(unknown(&ask("a", "member", &Subject::set("other", "x", "y"))), 500);
    assert_eq!(unknown(&ask("a", "member", &Subject::set("nodes", "x", "y"))), 500);
    assert_eq!(query.check(&ask("b", "member", &jane)), Ok(false));
    assert_eq!(query.check(&ask("b", "not_reach", &jane)), Ok(true));
    assert_eq!(query.check(&ask("a", "member", &Subject::Opaque("who".into()))), Ok(false));
}
