//! `avnology clients`: the program itself, against a server that runs.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "helpers of tests")]

mod support;

use std::process::{Command, Output};

use serde_json::Value;

use support::Server;

impl Server {
    fn clients(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_avnology"))
            .arg("clients")
            .args(arguments)
            .args(["--url", &format!("http://{}", self.public)])
            .env_clear()
            .env("AVNOLOGY_API_KEY", &self.key)
            .output()
            .unwrap()
    }
}

/// What a command printed, which did what it was to do.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&said(output)).unwrap()
}

#[test]
fn a_client_is_made_listed_changed_and_deleted() {
    let server = Server::start();
    let callback = "https://app.example.com/callback";
    let made = json(&server.clients(&[
        "create",
        "--type",
        "web",
        "--name",
        "Shop",
        "--redirect-uri",
        callback,
        "--first-party",
        "true",
    ]));
    let id = made["id"].as_str().unwrap();
    assert!(made["client_secret"].as_str().unwrap().starts_with("avnl_cs_"));
    assert_eq!(
        (made["first_party"].clone(), made["redirect_uris"].clone()),
        (true.into(), [callback].as_slice().into())
    );
    assert_eq!(said(&server.clients(&["list"])), format!("{id}\tweb\tactive\tShop\n"));
    assert_eq!(said(&server.clients(&["list", "--filter", "type = \"spa\""])), "");
    let file = server.directory.path().join("more.json");
    std::fs::write(&file, r#"{ "name": "File", "access_token_ttl_seconds": 600 }"#).unwrap();
    let changed = json(&server.clients(&["update", id, "--name", "Store", "--json", file.to_str().unwrap()]));
    assert_eq!(
        (changed["name"].clone(), changed["access_token_ttl_seconds"].clone()),
        ("Store".into(), 600.into())
    );
    assert_eq!(json(&server.clients(&["get", id])), changed);
    let rotated = json(&server.clients(&["rotate-secret", id, "--grace", "0"]));
    assert!(rotated["client_secret"].as_str().unwrap() != made["client_secret"].as_str().unwrap());
    assert!(json(&server.clients(&["revoke-tokens", id]))["revoked_before"].is_string());
    assert_eq!(said(&server.clients(&["delete", id])), "");
    let gone = server.clients(&["get", id]);
    assert!(!gone.status.success() && String::from_utf8_lossy(&gone.stderr).contains("901"));
}

#[test]
fn what_the_server_refuses_is_said() {
    let server = Server::start();
    let refused = server.clients(&["create", "--type", "web", "--name", "Shop"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("People must be sent back somewhere."));
    let missing = server.clients(&["update", "cli_x", "--json", "/nowhere.json"]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("cannot be read"));
}
