//! Refusals that many routes answer in the same words stand in the document once, and are referred to.

use std::collections::BTreeMap;

use utoipa::openapi::{Paths, Ref, RefOr, Response, path::Operation};

use crate::problem::PROBLEM_JSON;

/// Moves every refusal into the answers returned, by names that tell status and codes.
pub(super) fn refusals(paths: &mut Paths) -> BTreeMap<String, RefOr<Response>> {
    let mut shared = BTreeMap::new();
    for item in paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            move_refusals(operation, &mut shared);
        }
    }
    shared
}

fn move_refusals(operation: &mut Operation, shared: &mut BTreeMap<String, RefOr<Response>>) {
    for (status, place) in &mut operation.responses.responses {
        let RefOr::T(response) = &*place else { continue };
        if !response.content.contains_key(PROBLEM_JSON) {
            continue;
        }
        let name = name(status, response);
        let reference = RefOr::Ref(Ref::from_response_name(&name));
        shared.insert(name, std::mem::replace(place, reference));
    }
}

/// `Refusal404.300.901`: status and codes; `.limited` where the limits are told.
fn name(status: &str, response: &Response) -> String {
    let mut name = format!("Refusal{status}");
    for part in response.description.split("AVNOLOGY_AUTH_").skip(1) {
        name.push('.');
        name.extend(part.chars().take_while(char::is_ascii_digit));
    }
    if response.headers.contains_key("RateLimit-Limit") {
        name.push_str(".limited");
    }
    name
}
