//! The arrows and the few rules of the architecture, checked on the tree itself.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

/// Which of our crates a crate may depend on, besides `libs/`. Tests may use more.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("store", &["model"]),
    ("core", &["model", "store"]),
    ("http", &["model", "core"]),
    ("views", &["model"]),
    ("api", &["model", "core", "http"]),
    ("pages", &["model", "core", "http", "views"]),
    ("server", &["model", "store", "core", "http", "views", "api", "pages"]),
    ("testkit", &["model", "store", "core", "http", "views", "api", "pages", "server", "throwaway-postgres"]),
    ("throwaway-postgres", &[]),
];
/// The same among `libs/`, of which each other one stands alone: OAuth's tokens are JOSE's.
const LIBRARIES: &[(&str, &[&str])] = &[("oauth", &["jose"])];

/// Most lines of a file (`style`).
const LINES: usize = 800;

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("the workspace").to_owned()
}

/// A package: its name without `avnology-`, whether it stands in `libs/`, and its dependencies with their kind.
type Package = (String, bool, Vec<(String, String)>);

/// The packages of the workspace.
fn packages() -> Vec<Package> {
    let run = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let metadata: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    list(&metadata, "packages")
        .iter()
        .map(|package| {
            let is_lib = text(package, "manifest_path").contains("/libs/");
            let dependencies =
                list(package, "dependencies").iter().map(|d| (text(d, "name"), text(d, "kind"))).collect();
            (text(package, "name").replace("avnology-", ""), is_lib, dependencies)
        })
        .collect()
}

/// Every file below these folders with one of these endings, what is generated or fetched left out.
fn files(folders: &[&str], endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> =
        folders.iter().map(|folder| root().join(folder)).filter(|f| f.is_dir()).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() && !matches!(name.as_str(), "target" | "node_modules") && !name.starts_with('.')
            {
                open.push(path);
            } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| endings.contains(&e)) {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "nothing is checked");
    found
}

fn sources_of(package: &str) -> Vec<PathBuf> {
    files(&[&format!("crates/{package}/src")], &["rs"])
}

#[test]
fn dependencies_point_one_way() {
    let packages = packages();
    let libs: BTreeSet<String> = packages.iter().filter(|p| p.1).map(|p| p.0.clone()).collect();
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().chain(LIBRARIES).copied().collect();
    let mut wrong = Vec::new();
    for (name, is_lib, dependencies) in &packages {
        let allowed: &[&str] = match (is_lib, arrows.get(name.as_str())) {
            (_, Some(allowed)) => allowed,
            (true, None) => &[],
            // Black-box tests and the bench use whatever they like.
            (false, None) => continue,
        };
        for (dependency, kind) in dependencies.iter().filter(|(_, kind)| kind != "dev") {
            let Some(ours) = dependency.strip_prefix("avnology-") else { continue };
            let is_fine = allowed.contains(&ours) || (!is_lib && libs.contains(ours));
            if !is_fine {
                wrong.push(format!("{name} -> {ours} {kind}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let known: BTreeSet<&str> = packages.iter().map(|p| p.0.as_str()).collect();
    assert!(arrows.keys().all(|name| known.contains(name)), "an arrow of a crate that is not there");
}

#[test]
fn nothing_below_http_knows_the_web_server() {
    for package in ["model", "store", "core", "views"] {
        for path in sources_of(package) {
            let text = fs::read_to_string(&path).expect("text");
            for word in ["axum", "hyper", "tower"] {
                let named = text.contains(&format!("{word}::"));
                assert!(!named, "{} names {word}", path.display());
            }
        }
    }
    for (name, is_lib, dependencies) in packages() {
        if is_lib || ["model", "store", "core", "views"].contains(&name.as_str()) {
            let web = ["axum", "hyper", "hyper-util", "tower"];
            let named = dependencies.iter().find(|(d, kind)| kind != "dev" && web.contains(&d.as_str()));
            assert_eq!(named, None, "{name}");
        }
    }
}

#[test]
fn api_and_pages_know_neither_each_other_nor_the_store() {
    for (package, others) in
        [("api", ["avnology_pages", "avnology_store"]), ("pages", ["avnology_api", "avnology_store"])]
    {
        for path in sources_of(package) {
            let text = fs::read_to_string(&path).expect("text");
            assert!(!others.iter().any(|other| text.contains(other)), "{}", path.display());
        }
    }
}

#[test]
fn sql_stands_in_store_alone() {
    let drivers = ["rusqlite", "tokio-postgres", "deadpool-postgres"];
    for (name, _, dependencies) in packages().iter().filter(|p| p.0 != "store") {
        let named = dependencies.iter().find(|(d, kind)| kind != "dev" && drivers.contains(&d.as_str()));
        assert_eq!(named, None, "{name}");
    }
    let statements = [
        ["SELECT ", " FROM "],
        ["UPDATE ", " SET "],
        ["INSERT ", "INTO "],
        ["DELETE ", "FROM "],
        ["CREATE ", "TABLE "],
    ];
    for (package, _) in ARROWS.iter().filter(|(name, _)| !matches!(*name, "store" | "throwaway-postgres")) {
        for path in sources_of(package) {
            let text = fs::read_to_string(&path).expect("text");
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                let is_sql = statements.iter().any(|words| words.iter().all(|word| line.contains(word)));
                assert!(!is_sql, "{}: {line}", path.display());
            }
        }
    }
}

#[test]
fn no_file_is_longer_than_eight_hundred_lines() {
    let folders = ["crates", "libs", "tests", "bench"];
    for path in files(&folders, &["rs", "js", "mjs", "ts", "py", "sh", "html", "css", "sql"]) {
        let lines = fs::read_to_string(&path).expect("text").lines().count();
        assert!(lines <= LINES, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_module_says_what_lives_in_it() {
    for path in files(&["crates", "libs"], &["rs"]) {
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if matches!(name, "mod.rs" | "lib.rs" | "main.rs") {
            let text = fs::read_to_string(&path).expect("text");
            let opening = text.lines().take_while(|line| line.starts_with("//!")).count();
            assert!(opening >= 1, "{} does not say what lives there", path.display());
        }
    }
}
