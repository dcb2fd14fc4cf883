//! `avnology keys`: the program itself, against a server that runs.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "helpers of tests")]

mod support;

use std::process::{Command, Output};

use avnology_model::secret_token::{SecretKind, SecretToken};

use support::Server;

impl Server {
    fn keys(&self, arguments: &[&str]) -> Output {
        self.keys_as(&self.key, arguments)
    }

    fn keys_as(&self, key: &str, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_avnology"))
            .arg("keys")
            .args(arguments)
            .args(["--url", &format!("http://{}", self.public)])
            .env_clear()
            .current_dir(self.directory.path())
            .env("AVNOLOGY_API_KEY", key)
            .output()
            .unwrap()
    }
}

/// Algorithm and state of each line, and its kid.
fn lines(output: &Output) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let line = |line: &str| {
        let mut parts = line.split('\t');
        let mut part = || parts.next().unwrap_or_default();
        (format!("{} {}", part(), part()), part().to_owned())
    };
    text.lines().map(line).collect()
}

fn states(output: &Output) -> Vec<String> {
    lines(output).into_iter().map(|(state, _)| state).collect()
}

#[test]
fn keys_are_listed_and_replaced_by_the_command_line() {
    let server = Server::start();
    assert_eq!(states(&server.keys(&["list"])), ["RS256 active", "ES256 active"]);
    let one = server.keys(&["rotate", "--alg", "ES256"]);
    assert_eq!(states(&one), ["RS256 active", "ES256 next", "ES256 active"]);
    let all = server.keys(&["rotate"]);
    assert_eq!(states(&all), ["RS256 next", "RS256 active", "ES256 next", "ES256 active"]);
    let emergency = server.keys(&["rotate", "--alg", "ES256", "--emergency"]);
    assert_eq!(states(&emergency), ["RS256 next", "RS256 active", "ES256 active"]);
    let kids = |output: &Output| lines(output).into_iter().map(|(_, kid)| kid).collect::<Vec<_>>();
    assert!(!kids(&all).contains(&kids(&emergency)[2]));
}

#[test]
fn what_the_server_refuses_is_told() {
    let server = Server::start();
    let refused = server.keys_as(SecretToken::new(SecretKind::TestKey, &[8; 32]).expose(), &["list"]);
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && text.contains("AVNOLOGY_AUTH_005"), "{text}");
    let odd = server.keys(&["rotate", "--alg", "HS256"]);
    let text = String::from_utf8_lossy(&odd.stderr).into_owned();
    assert!(odd.status.code() == Some(2) && text.contains("one of RS256, ES256, PS256, EdDSA"), "{text}");
}
