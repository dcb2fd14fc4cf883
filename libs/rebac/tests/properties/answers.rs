//! Check, batch check, lists, expansions and explanations against the reference, and against each other.

use std::collections::BTreeSet;

use avnology_rebac::{
    Index, Kept, Limit, Limits, Outcome, Query, QueryError, Question, Scope, Subject, Tree, TreeKind, Tuple,
};
use proptest::prelude::*;

use crate::{
    reference::Reference,
    world::{NOW, OBJECTS, World, world},
};

const WIDE: Limits = Limits { depth: 50, nodes: 1_000_000, list: 1_000_000 };

fn scopes() -> [Scope; 3] {
    [Scope::Tenant, Scope::Organization("a".into()), Scope::Organization("nobody".into())]
}

fn question<'q>(
    (namespace, object, relation): (&'q str, &'q str, &'q str),
    subject: &'q Subject,
) -> Question<'q> {
    Question { namespace, object, relation, subject }
}

/// What a tree says of a subject.
pub(crate) fn tree_holds(tree: &Tree, asker: &Subject) -> bool {
    let is_person = matches!(asker, Subject::Anyone)
        || matches!(asker, Subject::Object { namespace, .. } if namespace == "identities");
    let mut children = tree.children.iter().map(|child| tree_holds(child, asker));
    match tree.kind {
        TreeKind::Leaf => {
            tree.subject.as_ref().is_some_and(|s| s == asker || (is_person && *s == Subject::Anyone))
        }
        TreeKind::Union | TreeKind::TupleToSubjectSet | TreeKind::ComputedSubjectSet => {
            children.any(|holds| holds)
        }
        TreeKind::Intersection => children.all(|holds| holds),
        TreeKind::Exclusion => children.next() == Some(true) && !children.any(|holds| holds),
        TreeKind::Not => !children.any(|holds| holds),
    }
}

/// Objects that a tuple names which is seen.
fn named(tuples: &[&Tuple], of: &str) -> BTreeSet<String> {
    let mut objects = BTreeSet::new();
    for tuple in tuples {
        let subject = match &tuple.subject {
            Subject::Object { namespace, object } | Subject::Set { namespace, object, .. } => {
                Some((namespace, object))
            }
            _ => None,
        };
        for (namespace, object) in [Some((&tuple.namespace, &tuple.object)), subject].into_iter().flatten() {
            if namespace == of {
                objects.insert(object.clone());
            }
        }
    }
    objects
}

fn lists_agree(
    query: &Query<'_>,
    reference: &Reference<'_>,
    subject: &Subject,
    true_of: &dyn Fn(&str, &str, &str) -> bool,
) -> Result<(), TestCaseError> {
    for namespace in ["n0", "n1"] {
        for name in ["r0", "r1", "up", "p0", "p1", "p2"] {
            let listed: BTreeSet<String> =
                query.list_objects(namespace, name, subject).expect("a list").into_iter().collect();
            let holds: BTreeSet<String> =
                OBJECTS.iter().filter(|o| true_of(namespace, o, name)).map(|&o| o.to_owned()).collect();
            let sure: BTreeSet<String> =
                named(&reference.seen, namespace).intersection(&holds).cloned().collect();
            prop_assert!(listed.is_subset(&holds), "{namespace}#{name}@{subject}: {listed:?} {holds:?}");
            prop_assert!(sure.is_subset(&listed), "{namespace}#{name}@{subject}: {listed:?} {sure:?}");
        }
    }
    for name in ["admin", "member", "invoices:write", "x:y"] {
        let listed = query.list_objects("organizations", name, subject).expect("a list");
        prop_assert_eq!(!listed.is_empty(), true_of("organizations", "org", name), "{}", name);
    }
    Ok(())
}

fn subjects_agree(query: &Query<'_>) -> Result<(), TestCaseError> {
    for target in World::targets() {
        let (namespace, object, relation) = target;
        let is = |subject: Subject| query.check(&question(target, &subject)).expect("an answer");
        let people = query.list_subjects(namespace, object, relation, "identities").expect("a list");
        prop_assert_eq!(people.anyone, is(Subject::identity("usr_new")));
        for id in ["usr_0", "usr_1", "usr_2", "usr_new"] {
            let id = id.to_owned();
            let listed = people.ids.contains(&id) || (people.anyone && !people.except.contains(&id));
            prop_assert_eq!(listed, is(Subject::identity(id.clone())), "{:?} {} {:?}", target, id, people);
        }
        match query.list_subjects(namespace, object, relation, "n0") {
            Ok(listed) => {
                for object in OBJECTS {
                    let listed = listed.ids.iter().any(|id| id == object);
                    prop_assert_eq!(listed, is(Subject::object("n0", object)), "{:?} {}", target, object);
                }
            }
            Err(error) => {
                prop_assert_eq!(error, QueryError::Endless);
                prop_assert!(is(Subject::object("n0", "new")));
            }
        }
    }
    Ok(())
}

fn explained(
    query: &Query<'_>,
    reference: &Reference<'_>,
    target: (&str, &str, &str),
    subject: &Subject,
    holds: bool,
) -> Result<(), TestCaseError> {
    let why = query.explain(&question(target, subject)).expect("an answer");
    prop_assert_eq!(why.allowed, holds);
    prop_assert!(holds || why.path.is_empty());
    for tuple in &why.path {
        prop_assert!(reference.seen.contains(&tuple), "{}", tuple);
    }
    let last = why.steps.last().expect("the question");
    prop_assert_eq!((&*last.namespace, &*last.object, &*last.relation), target);
    prop_assert_eq!(last.outcome == Outcome::Yes, holds);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_way_to_ask_gives_the_same_answer(world in world()) {
        let snapshot = world.index.snapshot();
        for scope in scopes() {
            let reference = Reference::new(&world, &scope);
            let query = snapshot.query(&scope, NOW).with_limits(WIDE);
            for subject in World::subjects() {
                let facts = reference.facts(&subject);
                let true_of = |namespace: &str, object: &str, name: &str| {
                    facts.contains(&(namespace.to_owned(), object.to_owned(), name.to_owned()))
                };
                let targets = World::targets();
                let questions: Vec<Question<'_>> = targets.iter().map(|&target| question(target, &subject)).collect();
                let batch = query.batch_check(&questions);
                for ((target, question), batched) in targets.iter().zip(&questions).zip(batch) {
                    let holds = true_of(target.0, target.1, target.2);
                    prop_assert_eq!(query.check(question), Ok(holds), "{:?} {:?} {}", scope, target, subject);
                    prop_assert_eq!(batched, Ok(holds), "in a batch: {:?} {}", target, subject);
                    // Without what was found out before, the work may be too much; the answer is never another.
                    let plain = query.without_memo().with_limits(Limits { nodes: 2_000, ..WIDE }).check(question);
                    prop_assert!(plain == Ok(holds) || plain == Err(QueryError::Limit(Limit::Width)));
                    explained(&query, &reference, *target, &subject, holds)?;
                    if !matches!(subject, Subject::Set { .. }) {
                        match query.with_limits(Limits { nodes: 2_000, ..WIDE }).expand(target.0, target.1, target.2) {
                            Ok(tree) => prop_assert_eq!(tree_holds(&tree, &subject), holds, "{:#?}", tree),
                            Err(error) => prop_assert!(matches!(error, QueryError::Limit(_))),
                        }
                    }
                }
                lists_agree(&query, &reference, &subject, &true_of)?;
            }
            subjects_agree(&query)?;
        }
    }

    #[test]
    fn a_limit_never_makes_an_answer_wrong(world in world(), depth in 1..8_u32, nodes in 1..40_u32) {
        let snapshot = world.index.snapshot();
        let scope = Scope::Organization("a".into());
        let wide = snapshot.query(&scope, NOW).with_limits(WIDE);
        let narrow = snapshot.query(&scope, NOW).with_limits(Limits { depth, nodes, list: nodes * 20 });
        for subject in World::subjects() {
            for target in World::targets() {
                let question = question(target, &subject);
                if let Ok(answer) = narrow.check(&question) {
                    prop_assert_eq!(Ok(answer), wide.check(&question), "{:?} {}", target, subject);
                }
                if let Ok(listed) = narrow.list_objects(target.0, target.2, &subject) {
                    prop_assert_eq!(Ok(listed), wide.list_objects(target.0, target.2, &subject));
                }
            }
        }
        for (namespace, object, relation) in World::targets() {
            if let Ok(listed) = narrow.list_subjects(namespace, object, relation, "identities") {
                prop_assert_eq!(Ok(listed), wide.list_subjects(namespace, object, relation, "identities"));
            }
        }
    }

    #[test]
    fn an_index_built_from_the_tuples_of_another_holds_the_same(world in world()) {
        let kept: BTreeSet<Kept> = world.index.snapshot().tuples().collect();
        let expected: BTreeSet<Kept> = world
            .tuples
            .iter()
            .map(|((scope, tuple), &expire_time)| Kept { scope: scope.clone(), tuple: tuple.clone(), expire_time })
            .collect();
        prop_assert_eq!(&kept, &expected);
        prop_assert_eq!(world.index.snapshot().len(), expected.len() as u64);
        let mut again = Index::new(&world.schema, 5);
        for kept in &kept {
            prop_assert!(again.insert(&kept.scope, &kept.tuple, kept.expire_time).is_ok());
        }
        prop_assert_eq!(again.snapshot().tuples().collect::<BTreeSet<_>>(), kept.clone());
        for kept in &kept {
            prop_assert!(again.delete(&kept.scope, &kept.tuple));
        }
        prop_assert!(again.snapshot().is_empty() && again.snapshot().tuples().next().is_none());
    }
}
