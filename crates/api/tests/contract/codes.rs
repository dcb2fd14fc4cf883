//! A code stands in the registry when something can answer it, and not before: each is expected by a test of this suite.

use std::{fs, path::Path};

use avnology_model::Code;

#[test]
fn every_code_is_expected_by_a_test() {
    let mut suite = String::new();
    for directory in ["tests/contract", "tests/oauth", "tests/permissions"] {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
        for entry in fs::read_dir(directory).expect("the suite") {
            let path = entry.expect("a file").path();
            if path.file_name().is_none_or(|name| name != "codes.rs") {
                suite.push_str(&fs::read_to_string(path).expect("text"));
            }
        }
    }
    let is_expected = |code: &Code| {
        let name = format!("Code::{code:?}");
        suite
            .match_indices(&name)
            .any(|(at, _)| !suite[at + name.len()..].starts_with(|c: char| c.is_alphanumeric()))
    };
    let missing: Vec<_> = Code::ALL.iter().filter(|code| !is_expected(code)).collect();
    assert!(missing.is_empty(), "no test of the contract expects {missing:?}");
}

#[test]
fn every_code_that_a_route_documents_is_in_the_registry_and_every_route_is_sound() {
    let complaints = avnology_http::audit(&avnology_server::wiring::routes());
    assert_eq!(complaints, Vec::<String>::new());
}
