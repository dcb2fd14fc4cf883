//! Scenarios: a schema, tuples, questions and answers, one file each in `scenarios/`.

#![expect(clippy::expect_used, clippy::panic, reason = "tests stop where something is not as it must be")]

use std::{collections::BTreeMap, fs, path::Path};

use avnology_rebac::{Index, Misfit, Question, Schema, Scope, Subject, Tuple};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// What it shows, for whoever reads it.
    about: String,
    #[serde(default)]
    schema: String,
    tuples: Vec<String>,
    /// Tuples that must be refused.
    #[serde(default)]
    refused: Vec<String>,
    allowed: Vec<String>,
    denied: Vec<String>,
    /// `namespace#relation@subject` to objects.
    #[serde(default)]
    objects: BTreeMap<String, Vec<String>>,
    /// `namespace:object#relation` to identities; `*` for anyone, `-id` for who is excepted.
    #[serde(default)]
    subjects: BTreeMap<String, Vec<String>>,
    /// A tuple to ask for, to the tuples it follows from.
    #[serde(default)]
    because: BTreeMap<String, Vec<String>>,
}

fn run(path: &Path) {
    let text = fs::read_to_string(path).expect("a file");
    let scenario: Scenario =
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = format!("{}: {}", path.display(), scenario.about);
    let schema = Schema::parse(&scenario.schema).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
    let tuple =
        |text: &str| Tuple::parse(text, &schema).unwrap_or_else(|error| panic!("{name}: {text}: {error}"));
    let mut index = Index::new(&schema, 1);
    for text in &scenario.tuples {
        index
            .insert(&Scope::Tenant, &tuple(text), None)
            .unwrap_or_else(|error| panic!("{name}: {text}: {error}"));
    }
    for text in &scenario.refused {
        let refused: Result<(), Misfit> = schema.check_tuple(&tuple(text));
        assert!(refused.is_err(), "{name}: {text} is taken");
    }
    let snapshot = index.snapshot();
    let query = snapshot.query(&Scope::Tenant, 0);
    for (texts, expected) in [(&scenario.allowed, true), (&scenario.denied, false)] {
        for text in texts {
            let asked = tuple(text);
            let answer = query.check(&question(&asked));
            assert_eq!(answer, Ok(expected), "{name}: {text}");
            assert_eq!(
                query.explain(&question(&asked)).map(|why| why.allowed),
                Ok(expected),
                "{name}: {text}"
            );
        }
    }
    for (text, expected) in &scenario.objects {
        let (kind, who) = text.split_once('@').expect("a subject");
        let (namespace, relation) = kind.split_once('#').expect("a relation");
        let subject = Subject::parse(who, &schema).expect("a subject");
        assert_eq!(
            query.list_objects(namespace, relation, &subject).as_ref(),
            Ok(expected),
            "{name}: {text}"
        );
    }
    for (text, expected) in &scenario.subjects {
        let asked = tuple(&format!("{text}@*"));
        let listed = query
            .list_subjects(&asked.namespace, &asked.object, &asked.relation, "identities")
            .unwrap_or_else(|error| panic!("{name}: {text}: {error}"));
        let anyone = listed.anyone.then(|| "*".to_owned());
        let except = listed.except.iter().map(|id| format!("-{id}"));
        let all: Vec<String> = anyone.into_iter().chain(listed.ids.clone()).chain(except).collect();
        assert_eq!(&all, expected, "{name}: {text}");
    }
    for (text, expected) in &scenario.because {
        let why = query.explain(&question(&tuple(text))).expect("an answer");
        let path: Vec<String> = why.path.iter().map(ToString::to_string).collect();
        assert_eq!(&path, expected, "{name}: {text}");
    }
}

fn question(tuple: &Tuple) -> Question<'_> {
    Question {
        namespace: &tuple.namespace,
        object: &tuple.object,
        relation: &tuple.relation,
        subject: &tuple.subject,
    }
}

#[test]
fn every_scenario_is_answered_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut paths: Vec<_> =
        fs::read_dir(folder).expect("scenarios").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(paths.len() >= 6, "{paths:?}");
    for path in paths {
        run(&path);
    }
}
