//! What is wrong with a table of routes, for a test to assert that nothing is.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;
use utoipa::openapi::{RefOr, Schema};

use crate::{
    input::BodyKind,
    openapi::{self, Info},
    route::Route,
    table::parameter_names,
};

/// Complaints about a table, none when it is good. That every route names who may call it needs no check: its type does.
pub fn audit(routes: &[Route]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut ids = HashSet::new();
    let mut places = HashSet::new();
    for route in routes {
        let name = format!("{} {}", route.method, route.path);
        let mut complain = |what: &str| complaints.push(format!("{name}: {what}"));
        if !places.insert((route.method.clone(), crate::table::shape(route.path))) {
            complain("is there twice");
        }
        let of_handler =
            parameter_names(route.path).len() - usize::from(route.rule.has_organization_in_path());
        if of_handler != route.doc.input.path_parameters {
            complain("its input reads another number of path parameters than its path has");
        }
        if route.method == "GET" && route.needs.body != BodyKind::None {
            complain("takes a body on GET");
        }
        if route.doc.answers.is_empty() {
            complain("documents no answer");
        }
        if !route.is_api() {
            continue;
        }
        if route.is_administrative() && route.records.is_none() {
            complain("does not say what it records");
        }
        if route.rule.is_of_page() {
            complain("is an API route with the rule of a page");
        }
        match route.doc.operation_id {
            None => complain("has no operation id"),
            Some(id) if !ids.insert(id) => complain("shares its operation id"),
            Some(_) => {}
        }
        if route.doc.summary.is_empty() || route.doc.tag.is_empty() {
            complain("has no summary or no tag");
        }
        for schema in &route.doc.input.strict {
            if !refuses_unknown(route, schema) {
                complain(&format!(
                    "its body {schema} takes unknown fields; add #[serde(deny_unknown_fields)]"
                ));
            }
        }
    }
    complaints.extend(homonyms(routes));
    complaints.extend(dangling(routes));
    complaints
}

fn refuses_unknown(route: &Route, name: &str) -> bool {
    let schema = route.doc.input.schemas.iter().find(|(n, _)| n == name);
    match schema {
        Some((_, RefOr::T(Schema::Object(object)))) => serde_json::to_value(object)
            .is_ok_and(|o| o.get("additionalProperties") == Some(&Value::Bool(false))),
        // A choice between shapes has no fields of its own.
        Some(_) => true,
        None => false,
    }
}

/// Schemas that share a name and differ: the document would hold one of them for both.
fn homonyms(routes: &[Route]) -> Vec<String> {
    let answers = routes.iter().flat_map(|route| &route.doc.answers).flat_map(|answer| &answer.schemas);
    let inputs = routes.iter().flat_map(|route| &route.doc.input.schemas);
    let mut known = HashMap::new();
    let mut shared = BTreeSet::new();
    for (name, schema) in answers.chain(inputs) {
        let text = serde_json::to_value(schema).unwrap_or_default();
        if known.insert(name, text.clone()).is_some_and(|other| other != text) {
            shared.insert(format!("two schemas are named {name}; add #[schema(as = …)] to one"));
        }
    }
    shared.into_iter().collect()
}

/// References of the document that lead nowhere.
fn dangling(routes: &[Route]) -> Vec<String> {
    let document = openapi::document(routes, Info { title: "", version: "", description: "" });
    let Ok(json) = serde_json::to_value(&document) else {
        return vec!["the document cannot be written".to_owned()];
    };
    let mut wanted = BTreeSet::new();
    collect_references(&json, &mut wanted);
    let missing =
        wanted.into_iter().filter(|reference| json.pointer(reference.trim_start_matches('#')).is_none());
    missing.map(|reference| format!("the document refers to {reference}, which it does not hold")).collect()
}

fn collect_references<'j>(value: &'j Value, into: &mut BTreeSet<&'j str>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                into.insert(reference);
            }
            object.values().for_each(|value| collect_references(value, into));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_references(value, into)),
        _ => {}
    }
}
