//! `avnology migrate`: the program itself, against a server that runs, with small exports of each provider's shape.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "helpers of tests"
)]

mod support;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use serde_json::{Value, json};

use support::Server;

const SOON: Duration = Duration::from_secs(20);
/// What the hashes below were made of.
const PASSWORD: &str = "velvet otter ladder 7";

impl Server {
    /// The answer of the API.
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(self.public).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.public,
            self.key,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"))
    }

    fn identities(&self) -> Vec<Value> {
        self.call("GET", "/v1/identities", None)["identities"].as_array().unwrap().clone()
    }

    /// Whether an address and [`PASSWORD`] sign in.
    fn lets_in(&self, email: &str) -> bool {
        let flow = self.call("GET", "/v1/flows/login?type=api", None);
        let path = format!("/v1/flows/login/{}:submit", flow["id"].as_str().unwrap());
        let submit = json!({ "method": "password", "body": { "identifier": email, "password": PASSWORD } });
        self.call("POST", &path, Some(&submit))["session_token"].is_string()
    }

    fn migrate(&self, provider: &str, name: &str, export: &str, more: &[&str]) -> Output {
        let file = self.directory.path().join(name);
        std::fs::write(&file, export).unwrap();
        self.run(provider, &file, &self.key, more)
    }

    fn run(&self, provider: &str, file: &Path, key: &str, more: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_avnology"))
            .args(["migrate", provider, "--url", &format!("http://{}", self.public), "--import"])
            .arg(file)
            .args(more)
            .env_clear()
            .env("AVNOLOGY_API_KEY", key)
            .output()
            .unwrap()
    }
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn each_provider_s_people_come_with_their_passwords() {
    let server = Server::start();
    let cases = [
        (
            "auth0",
            "users.json",
            concat!(
                r#"{"_id":{"$oid":"1"},"email":"auth0@x.example","email_verified":true,"#,
                r#""passwordHash":"$2b$04$e2uWeP8jI9yp94Zr35aYtuFHHnZo7vi/8AVx3pBQz1thnbHgtaoRG"}"#,
                "\n"
            ),
            &[][..],
        ),
        (
            "clerk",
            "users.csv",
            concat!(
                "id,first_name,primary_email_address,verified_email_addresses,password_digest,password_hasher\n",
                "user_1,Jane,clerk@x.example,clerk@x.example,",
                "$2a$04$jPih29jeZ5YdnGbkNnS1F.jmiDCau1obH4c2gsPcLsUISez5IpZVy,bcrypt\n"
            ),
            &[],
        ),
        (
            "firebase-auth",
            "firebase.json",
            concat!(
                r#"{"users":[{"localId":"f1","email":"firebase@x.example","emailVerified":true,"salt":"42xEC-ixf3L2lw==","#,
                r#""passwordHash":"J0Fzi-nx3GpBC060JriHNjBRS8g7DVTy6BhdZwXWvgZcTIrvyt4lX03c7MprsZx4oC8xCRtEK4AIRDzzdqA5oA=="}]}"#
            ),
            &[
                "--signer-key",
                "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
                "--salt-separator",
                "Bw==",
                "--rounds",
                "2",
                "--mem-cost",
                "4",
            ],
        ),
        (
            "keycloak",
            "realm.json",
            concat!(
                r#"{"realm":"x","roles":{},"users":[{"id":"k1","username":"keycloak@x.example","email":"keycloak@x.example","#,
                r#""emailVerified":true,"enabled":true,"credentials":[{"type":"password","#,
                r#""secretData":"{\"value\":\"FNUeOwQfnithmOg+Hhpa4Qf4xC43QgNveSU5vF5hL1MRmGHsyRipj1MUIW05CXhP3VE8VNhUPGhsz6eSuKCrrQ==\",\"salt\":\"c2FsdHlzYWx0eQ==\"}","#,
                r#""credentialData":"{\"hashIterations\":1000,\"algorithm\":\"pbkdf2-sha256\"}"}]}],"clients":[]}"#
            ),
            &[],
        ),
    ];
    for (provider, name, export, more) in cases {
        let output = server.migrate(provider, name, export, more);
        let text = out(&output);
        assert!(output.status.success(), "{provider}: {text}");
        assert!(text.contains("1 rows: 1 created, 0 updated, 0 skipped, 0 failed"), "{provider}: {text}");
        let email = format!("{}@x.example", provider.trim_end_matches("-auth"));
        assert!(server.lets_in(&email), "{provider}");
        let again = out(&server.migrate(provider, name, export, more));
        assert!(again.contains("1 rows: 0 created, 0 updated, 1 skipped, 0 failed"), "{provider}: {again}");
    }
    let listed = r#"{"Users":[{"Username":"c1","Enabled":true,"Attributes":[{"Name":"sub","Value":"c1"},
        {"Name":"email","Value":"cognito@x.example"},{"Name":"email_verified","Value":"true"}]}]}"#;
    assert!(server.migrate("cognito", "cognito.json", listed, &[]).status.success());
    assert_eq!(server.identities().len(), 5);
}

#[test]
fn rows_that_fail_are_told_by_their_number_and_the_command_fails() {
    let server = Server::start();
    let export = [
        r#"{"user_id":"auth0|1","email":"a@x.example","email_verified":true}"#,
        r#"{"user_id":"auth0|2","email":"b@x.example","blocked":true}"#,
        r#"{"user_id":"auth0|3","email":"no address"}"#,
        r#"{"user_id":"auth0|4","email":"d@x.example","username":"d d","multifactor":["guardian"]}"#,
    ]
    .join("\n");
    let output = server.migrate("auth0", "users.json", &export, &[]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in [
        "row 2: failed: the account is switched off there",
        "row 3 (auth0|3): failed: email: ",
        "[AVNOLOGY_AUTH_902]",
        "row 4 (auth0|4): note: the username \"d d\"",
        "row 4 (auth0|4): note: the second factor",
        "4 rows: 2 created, 0 updated, 0 skipped, 2 failed",
        "avnology: 2 rows were not imported",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_dry_run_writes_nothing_and_says_so() {
    let server = Server::start();
    let export = r#"[{"user_id":"auth0|1","email":"a@x.example"}]"#;
    let output = server.migrate("auth0", "users.json", export, &["--dry-run"]);
    assert!(
        out(&output).contains("1 created, 0 updated, 0 skipped, 0 failed (dry run: nothing was written)")
    );
    assert!(output.status.success() && server.identities().is_empty());
}

#[test]
fn what_cannot_be_read_or_is_refused_is_said_in_words() {
    let server = Server::start();
    let nowhere = server.directory.path().join("nowhere.json");
    let output = server.run("auth0", &nowhere, &server.key, &[]);
    assert!(
        !output.status.success() && out(&output).contains("nowhere.json cannot be read"),
        "{}",
        out(&output)
    );
    let half = server.migrate("auth0", "half.json", "[{\"email\":\"a@x.example\"},{", &[]);
    assert!(!half.status.success() && out(&half).contains("half.json, after row 1"), "{}", out(&half));
    let file = server.directory.path().join("half.json");
    let refused = server.run("auth0", &file, "ak_test_nonsense", &[]);
    assert!(out(&refused).contains("AVNOLOGY_AUTH_005"), "{}", out(&refused));
    let elsewhere =
        server.migrate("auth0", "a.json", "[{\"email\":\"a@x.example\"}]", &["--organization", "nowhere"]);
    assert!(out(&elsewhere).contains("AVNOLOGY_AUTH_300"), "{}", out(&elsewhere));
}
