//! `avnology permissions`: the program itself, against a server that runs.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "helpers of tests")]

mod support;

use std::process::{Command, Output};

use support::Server;

impl Server {
    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_avnology"))
            .arg("permissions")
            .args(arguments)
            .args(["--url", &format!("http://{}", self.public)])
            .env_clear()
            .env("AVNOLOGY_API_KEY", &self.key)
            .current_dir(self.directory.path())
            .output()
            .unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.directory.path().join(name), text).unwrap();
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}", told(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_file_comes_in_is_asked_about_and_comes_out_again() {
    let server = Server::start();
    let lines: Vec<String> = (0..2_500).map(|n| format!("clients:cli_{n:04}#owner@usr_{}", n % 7)).collect();
    server.write("tuples.txt", &format!("// owners\n\n{}\n", lines.join("\n")));
    assert_eq!(good(&server.run(&["import", "tuples.txt"])), "2500 tuples written, 0 were there\n");
    assert_eq!(good(&server.run(&["import", "tuples.txt"])), "0 tuples written, 2500 were there\n");
    assert_eq!(good(&server.run(&["check", "clients:cli_0003#owner@usr_3"])), "allowed\n");
    let no = server.run(&["check", "clients:cli_0003#owner@usr_4"]);
    assert_eq!((no.status.code(), told(&no).contains("not allowed")), (Some(1), true));
    let why = good(&server.run(&["explain", "clients:cli_0003#owner@usr_3"]));
    assert!(
        why.starts_with("clients:cli_0003#owner@identities:usr_3\n") && why.ends_with("allowed\n"),
        "{why}"
    );
    let list = good(&server.run(&["list", "--namespace", "clients", "--subject", "usr_3"]));
    assert_eq!(list.lines().count(), 357);
    good(&server.run(&["export", "--namespace", "clients", "--output", "out.ndjson", "--format", "ndjson"]));
    let out = std::fs::read_to_string(server.directory.path().join("out.ndjson")).unwrap();
    assert_eq!(out.lines().count(), 2_500);
    assert_eq!(good(&server.run(&["import", "out.ndjson"])), "0 tuples written, 2500 were there\n");
}

#[test]
fn a_line_that_is_refused_is_named() {
    let server = Server::start();
    server.write("shape.txt", "clients:cli_1#owner@usr_1\nnothing\n");
    let refused = server.run(&["import", "shape.txt"]);
    assert!(
        !refused.status.success() && told(&refused).contains("line 2: a tuple is written"),
        "{}",
        told(&refused)
    );
    server.write("part.txt", "clients:cli_1#owner@usr_1\nclients:cli 2#owner@usr_1\n");
    let refused = server.run(&["import", "part.txt"]);
    assert!(told(&refused).contains("line 2: An object has"), "{}", told(&refused));
    server.write("unknown.txt", "nothing:a#b@c\n");
    let refused = server.run(&["import", "unknown.txt"]);
    assert!(told(&refused).contains("AVNOLOGY_AUTH_500"), "{}", told(&refused));
    let missing = server.run(&["import", "no-such-file"]);
    assert!(told(&missing).contains("no-such-file"), "{}", told(&missing));
}
