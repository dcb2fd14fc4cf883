//! Graphs of groups in groups and folders in folders, with circles, against a least fixed point worked out by hand.

use std::collections::BTreeSet;

use avnology_rebac::{Index, Limits, Query, Question, Schema, Scope, Subject, Tuple};
use proptest::{collection::vec, prelude::*};

use crate::answers::tree_holds;

const SCHEMA: &str = r#"
class nodes implements Namespace {
  related: {
    member: (identities | SubjectSet<nodes, "member">)[]
    next: nodes[]
    banned: (identities | SubjectSet<nodes, "member">)[]
  }
  permits = {
    reach: (ctx) =>
      this.related.member.includes(ctx.subject) || this.related.next.traverse((n) => n.permits.reach(ctx)),
    both: (ctx) => this.permits.reach(ctx) && this.related.member.includes(ctx.subject),
    unless: (ctx) => this.permits.reach(ctx) && !this.related.banned.includes(ctx.subject),
    above: (ctx) => this.related.next.traverse((n) => n.permits.unless(ctx)) || this.permits.both(ctx),
  }
}"#;

const NODES: usize = 14;
const RELATIONS: [&str; 7] = ["member", "next", "banned", "reach", "both", "unless", "above"];
const PEOPLE: [&str; 3] = ["usr_0", "usr_1", "usr_2"];
const NOW: i64 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Node(usize),
    /// The last stands for anyone.
    Person(usize),
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    from: usize,
    /// 0 `member`, 1 `next`, 2 `banned`.
    relation: usize,
    to: To,
    ended: bool,
}

fn edge() -> impl Strategy<Value = Edge> {
    let to = prop_oneof![
        4 => (0..NODES).prop_map(To::Node),
        1 => (0..=PEOPLE.len()).prop_map(To::Person),
    ];
    let ended = prop_oneof![9 => Just(false), 1 => Just(true)];
    (0..NODES, prop_oneof![3 => Just(0_usize), 3 => Just(1), 1 => Just(2)], to, ended)
        .prop_map(|(from, relation, to, ended)| Edge { from, relation, to, ended })
}

/// Random edges, and a ring or a chain through all nodes so that they lie deep in one another.
fn edges() -> impl Strategy<Value = Vec<Edge>> {
    let ring = prop_oneof![
        2 => Just(Vec::new()),
        3 => (0..2_usize, 1..NODES, any::<bool>()).prop_map(|(relation, step, closed)| {
            let last = if closed { NODES } else { NODES - 1 };
            let node = |at: usize| at * step % NODES;
            let edge = |at| Edge { from: node(at), relation, to: To::Node(node(at + 1)), ended: false };
            (0..last).map(edge).collect()
        }),
    ];
    (ring, vec(edge(), 0..50)).prop_map(|(ring, others)| {
        let mut edges: Vec<Edge> = Vec::new();
        for edge in ring.into_iter().chain(others) {
            // `next` names nodes only; of a tuple that is written twice, the later end counts.
            if edge.relation != 1 || matches!(edge.to, To::Node(_)) {
                edges.retain(|other| {
                    (other.from, other.relation, other.to) != (edge.from, edge.relation, edge.to)
                });
                edges.push(edge);
            }
        }
        edges
    })
}

fn index(edges: &[Edge]) -> Index {
    let schema = Schema::parse(SCHEMA).expect("a schema");
    let mut index = Index::new(&schema, 12);
    for edge in edges {
        let subject = match edge.to {
            To::Node(to) if edge.relation == 1 => Subject::object("nodes", to.to_string()),
            To::Node(to) => Subject::set("nodes", to.to_string(), "member"),
            To::Person(person) => {
                PEOPLE.get(person).map_or(Subject::Anyone, |&person| Subject::identity(person))
            }
        };
        let name = RELATIONS.get(edge.relation).expect("a relation");
        let tuple = Tuple::new("nodes", &edge.from.to_string(), name, subject).expect("a tuple");
        index.insert(&Scope::Tenant, &tuple, edge.ended.then_some(NOW)).expect("written");
    }
    index
}

/// Grows a set until nothing more belongs to it.
fn grown(mut known: BTreeSet<usize>, edges: &[Edge], relation: usize) -> BTreeSet<usize> {
    loop {
        let before = known.len();
        for edge in edges.iter().filter(|edge| edge.relation == relation && !edge.ended) {
            if matches!(edge.to, To::Node(to) if known.contains(&to)) {
                known.insert(edge.from);
            }
        }
        if known.len() == before {
            return known;
        }
    }
}

/// The nodes to which a person has each of [`RELATIONS`].
fn truth(edges: &[Edge], person: usize) -> [BTreeSet<usize>; 7] {
    let live = || edges.iter().filter(|edge| !edge.ended);
    let is = |to: To| to == To::Person(person) || to == To::Person(PEOPLE.len());
    let named = |relation| live().filter(move |edge| edge.relation == relation);
    let direct = |relation| named(relation).filter(|edge| is(edge.to)).map(|edge| edge.from).collect();
    let member = grown(direct(0), edges, 0);
    let mut banned: BTreeSet<usize> = direct(2);
    banned.extend(
        named(2).filter(|edge| matches!(edge.to, To::Node(to) if member.contains(&to))).map(|edge| edge.from),
    );
    let reach = grown(member.clone(), edges, 1);
    let both: BTreeSet<usize> = reach.intersection(&member).copied().collect();
    let unless: BTreeSet<usize> = reach.difference(&banned).copied().collect();
    let mut above = both.clone();
    above.extend(
        named(1).filter(|edge| matches!(edge.to, To::Node(to) if unless.contains(&to))).map(|edge| edge.from),
    );
    [member, BTreeSet::new(), banned, reach, both, unless, above]
}

fn agrees(query: &Query<'_>, edges: &[Edge]) -> Result<(), TestCaseError> {
    let nodes: Vec<String> = (0..NODES).map(|node| node.to_string()).collect();
    let mut lists = Vec::new();
    // What shows or works out everything again can be too much to do; then it says so.
    let brief = query.with_limits(Limits { depth: Limits::MAX_DEPTH, nodes: 1_000, ..Limits::default() });
    for (person, &id) in PEOPLE.iter().enumerate() {
        let subject = Subject::identity(id);
        for (relation, holds) in RELATIONS.iter().zip(truth(edges, person)) {
            let questions: Vec<Question<'_>> = nodes
                .iter()
                .map(|object| Question { namespace: "nodes", object, relation, subject: &subject })
                .collect();
            let batch = query.batch_check(&questions);
            for (node, (question, batched)) in questions.iter().zip(batch).enumerate() {
                let expected = holds.contains(&node);
                prop_assert_eq!(query.check(question), Ok(expected), "{:?}", question);
                prop_assert_eq!(batched, Ok(expected), "in a batch: {:?}", question);
                if let Ok(plain) = brief.without_memo().check(question) {
                    prop_assert_eq!(plain, expected, "without memory: {:?}", question);
                }
                let why = query.explain(question).expect("reasons");
                prop_assert_eq!((why.allowed, why.path.is_empty()), (expected, !expected), "{:?}", question);
            }
            let listed = query.list_objects("nodes", relation, &subject).expect("a list");
            let listed: BTreeSet<usize> = listed.iter().map(|id| id.parse().expect("a number")).collect();
            prop_assert_eq!(&listed, &holds, "list of {} for {}", relation, id);
            lists.push((id, *relation, holds));
        }
    }
    for (node, name) in nodes.iter().enumerate() {
        for relation in RELATIONS {
            let listed = query.list_subjects("nodes", name, relation, "identities").expect("a list");
            let tree = brief.expand("nodes", name, relation).ok();
            for (id, _, holds) in lists.iter().filter(|(_, of, _)| *of == relation) {
                let named = |ids: &[String]| ids.iter().any(|listed| listed == id);
                let is_listed = named(&listed.ids) || (listed.anyone && !named(&listed.except));
                prop_assert_eq!(is_listed, holds.contains(&node), "{} {} {}", name, relation, id);
                if let Some(tree) = &tree {
                    prop_assert_eq!(tree_holds(tree, &Subject::identity(*id)), holds.contains(&node));
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn circles_and_depth_change_no_answer(edges in edges()) {
        let snapshot = index(&edges).snapshot();
        let limits = Limits { depth: Limits::MAX_DEPTH, ..Limits::default() };
        agrees(&snapshot.query(&Scope::Tenant, NOW).with_limits(limits), &edges)?;
    }
}
