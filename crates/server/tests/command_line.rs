//! The binary itself, as an operator meets it.

#![expect(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "helpers of tests")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(20);

/// The binary in an empty environment of its own.
fn avnology(data_dir: &Path, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_avnology"));
    command.env_clear().current_dir(data_dir.parent().unwrap());
    command.env("AVNOLOGY_DATA_DIR", data_dir).envs(environment.iter().copied());
    command
}

fn run(data_dir: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    avnology(data_dir, environment).args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn data() -> (TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    (dir, data)
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

struct Server {
    child: Child,
    public: SocketAddr,
    admin: SocketAddr,
}

impl Server {
    fn start(data_dir: &Path, environment: &[(&str, &str)]) -> Self {
        let (public, admin) = (free_port(), free_port());
        let url = format!("http://{public}");
        let mut command = avnology(data_dir, environment);
        command.env("AVNOLOGY_LISTEN", public.to_string()).env("AVNOLOGY_ADMIN_ADDR", admin.to_string());
        command.env("AVNOLOGY_PUBLIC_URL", url).env("AVNOLOGY_PASSWORD_THREADS", "1");
        let child = command.arg("serve").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut server = Self { child, public, admin };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&mut self) {
        let since = Instant::now();
        while !get(self.admin, "/readyz").is_some_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            if let Some(status) = self.child.try_wait().unwrap() {
                let mut text = String::new();
                self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
                panic!("the server ended with {status}: {text}");
            }
            assert!(since.elapsed() < SOON, "the server is ready soon");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Stops it and answers what it wrote: standard output and standard error.
    fn stop(mut self) -> (String, String) {
        self.terminate();
        let (mut out, mut err) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {err}");
        (out, err)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The whole answer to a request; `None` when nobody answers.
fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(SOON)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

#[test]
fn the_configuration_is_printed_with_sources_and_without_secrets() {
    let (_dir, data) = data();
    let environment = [
        ("AVNOLOGY_SMTP_URL", "smtps://me:hunter2@smtp.example.com"),
        ("AVNOLOGY_MAIL_FROM", "id@example.com"),
    ];
    let output = run(&data, &["config", "check"], &environment);
    assert!(output.status.success(), "{}", err(&output));
    assert!(
        out(&output).contains("smtp_url = \"smtps://me:***@smtp.example.com\"  # AVNOLOGY_SMTP_URL"),
        "{}",
        out(&output)
    );
    assert!(!out(&output).contains("hunter2"));
    assert!(!data.exists(), "nothing is written");
}

#[test]
fn a_wrong_configuration_exits_with_2_and_tells_all_of_it() {
    let (_dir, data) = data();
    let output = run(&data, &["serve"], &[("AVNOLOGY_LISTN", "x"), ("AVNOLOGY_ENVIRONMENT", "prod")]);
    assert_eq!(output.status.code(), Some(2));
    let text = err(&output);
    assert!(
        text.contains("Did you mean AVNOLOGY_LISTEN?") && text.contains("`prod` is no environment"),
        "{text}"
    );
}

#[test]
fn the_reference_of_keys_is_printed() {
    let (_dir, data) = data();
    let output = run(&data, &["config", "keys"], &[]);
    assert!(include_str!("../../../docs/configuration.md").ends_with(&out(&output)));
}

#[test]
fn a_server_starts_answers_and_stops_well() {
    let (_dir, data) = data();
    let server = Server::start(&data, &[("AVNOLOGY_LOG_FORMAT", "text")]);
    let metrics = get(server.admin, "/metrics").unwrap();
    assert!(
        metrics.contains("avnology_build_info{version=") && metrics.contains("process_open_fds"),
        "{metrics}"
    );
    assert!(get(server.admin, "/healthz").unwrap().ends_with("{\"status\":\"ok\"}"));
    assert!(get(server.public, "/healthz").unwrap().contains("{\"status\":\"ok\"}"));
    assert!(!get(server.public, "/metrics").unwrap().starts_with("HTTP/1.1 200"), "metrics are not public");
    let url = format!("http://{}", server.public);
    let (_, log) = server.stop();
    assert!(log.contains(&url) && log.contains("SQLite in") && log.contains("stopped"), "{log}");
    assert_eq!(std::fs::metadata(data.join("encryption.key")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_server_on_postgres_leaves_room_for_other_processes() {
    let (_dir, data) = data();
    let database = avnology_throwaway_postgres::ThrowawayPostgres::shared().create_database();
    let environment = [("AVNOLOGY_DATABASE_URL", database.as_str())];
    let server = Server::start(&data, &environment);
    assert!(get(server.public, "/readyz").unwrap().contains("{\"status\":\"ok\"}"));
    let output = run(&data, &["admin", "create", "--email", "admin@example.com"], &environment);
    assert!(output.status.success(), "{}", err(&output));

    let (public, admin) = (server.public.to_string(), server.admin.to_string());
    let environment = [
        ("AVNOLOGY_DATABASE_URL", database.as_str()),
        ("AVNOLOGY_LISTEN", &public),
        ("AVNOLOGY_ADMIN_ADDR", &admin),
    ];
    let text = out(&run(&data, &["doctor"], &environment));
    for part in ["ok    database ", "ok    database clock", "ok    encryption key"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (_, log) = server.stop();
    assert!(log.contains("postgres:///test_"), "{log}");
    assert!(!data.join("identity.db").exists());
}

#[test]
fn log_lines_for_machines_are_json() {
    let (_dir, data) = data();
    let server = Server::start(&data, &[]);
    let (_, log) = server.stop();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["message"] == "serving" && line["environment"] == "live"), "{log}");
}

#[test]
fn a_developer_gets_the_first_sign_in_link_on_standard_output_only() {
    let (_dir, data) = data();
    let mut server = Server::start(&data, &[("AVNOLOGY_BOOTSTRAP_ADMIN_EMAIL", "admin@example.com")]);
    let mut lines = BufReader::new(server.child.stdout.take().unwrap()).lines();
    let link = lines.find_map(|line| line.ok().filter(|l| l.starts_with("http://"))).unwrap();
    assert!(link.starts_with(&format!("http://{}/", server.public)), "{link}");
    server.child.stdout = None;
    server.terminate();
    let mut log = String::new();
    server.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(!log.contains(&link), "the link is a secret");
}

#[test]
fn a_second_server_is_told_what_is_in_its_way() {
    let (_dir, data) = data();
    let first = Server::start(&data, &[]);
    let (public, admin) = (first.public.to_string(), free_port().to_string());
    let environment = [("AVNOLOGY_LISTEN", public.as_str()), ("AVNOLOGY_ADMIN_ADDR", &admin)];
    let output = run(&data, &["serve"], &environment);
    assert_eq!(output.status.code(), Some(1));
    let text = err(&output);
    assert!(
        text.contains(&format!("port {} is in use", first.public.port())) && text.contains("AVNOLOGY_LISTEN"),
        "{text}"
    );

    let public = free_port().to_string();
    let environment = [("AVNOLOGY_LISTEN", public.as_str()), ("AVNOLOGY_ADMIN_ADDR", &admin)];
    let output = run(&data, &["serve"], &environment);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("another process has the data directory"), "{}", err(&output));
}

#[test]
fn administrators_are_made_while_the_server_is_stopped() {
    let (_dir, data) = data();
    let output = run(&data, &["admin", "create", "--email", "admin@example.com"], &[]);
    assert!(output.status.success(), "{}", err(&output));
    assert!(
        out(&output).contains("admin@example.com (usr_") && out(&output).contains("http://localhost:8080/"),
        "{}",
        out(&output)
    );

    let output = run(&data, &["admin", "create", "--email", "not an address"], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));

    let _server = Server::start(&data, &[]);
    let output = run(&data, &["admin", "create", "--email", "admin@example.com"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("another process has the data directory"), "{}", err(&output));
}

#[test]
fn the_federation_mode_is_changed_while_the_server_is_stopped() {
    let (_dir, data) = data();
    // Those who run the platform are in nobody's way.
    assert!(run(&data, &["admin", "create", "--email", "admin@example.com"], &[]).status.success());
    for mode in ["strict", "strict", "shared"] {
        let output = run(&data, &["tenant", "set-federation-mode", mode], &[]);
        assert!(output.status.success(), "{}", err(&output));
        assert_eq!(out(&output), format!("The federation mode is {mode}.\n"));
    }
    let output = run(&data, &["tenant", "set-federation-mode", "both"], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    assert!(err(&output).contains("shared or strict"), "{}", err(&output));
}

#[test]
fn identities_in_the_way_of_a_federation_mode_are_printed() {
    let (_dir, data) = data();
    let key = String::from_utf8(run(&data, &["key", "generate"], &[]).stdout).unwrap();
    let key = key.split_whitespace().find(|word| word.starts_with("ak_")).unwrap().to_owned();
    let server = Server::start(&data, &[("AVNOLOGY_BOOTSTRAP_API_KEY", &key)]);
    let body = "{\"identity\":{\"email\":\"nina@home.example\"}}";
    let mut stream = TcpStream::connect(server.public).unwrap();
    write!(
        stream,
        "POST /v1/identities HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        server.public,
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let id = answer.split('"').find(|text| text.starts_with("usr_")).unwrap().to_owned();
    server.stop();
    let output = run(&data, &["tenant", "set-federation-mode", "strict"], &[]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(
        out(&output).contains(&format!("{id}\tno_membership\n1 identities are in the way")),
        "{}",
        out(&output)
    );
}

#[test]
fn databases_are_migrated_on_demand_and_pending_migrations_can_be_refused() {
    let (_dir, data) = data();
    let (public, admin) = (free_port().to_string(), free_port().to_string());
    let environment = [("AVNOLOGY_LISTEN", public.as_str()), ("AVNOLOGY_ADMIN_ADDR", &admin)];
    let output = run(&data, &["serve", "--no-migrate"], &environment);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(err(&output).contains("migrat"), "{}", err(&output));
    let output = run(&data, &["db", "migrate"], &environment);
    assert!(
        output.status.success() && out(&output).contains("at this version's schema"),
        "{}{}",
        out(&output),
        err(&output)
    );
}

#[test]
fn the_doctor_finds_a_healthy_machine_healthy() {
    let (_dir, data) = data();
    assert!(run(&data, &["db", "migrate"], &[]).status.success());
    let (public, admin) = (free_port().to_string(), free_port().to_string());
    let environment = [
        ("AVNOLOGY_LISTEN", public.as_str()),
        ("AVNOLOGY_ADMIN_ADDR", &admin),
        ("AVNOLOGY_ENCRYPTION_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
    ];
    let output = run(&data, &["doctor", "--json"], &environment);
    let report: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let status =
        |check: &str| findings.iter().find(|f| f["check"] == check).map(|f| f["status"].as_str().unwrap());
    for check in
        ["configuration", "public URL", "public port", "admin port", "database", "encryption key", "mail"]
    {
        assert_eq!(status(check), Some("ok"), "{check}: {report:#}");
    }
    for check in ["disk", "disk space", "clock", "open files", "DNS", "password hash"] {
        assert!(matches!(status(check), Some("ok" | "warn")), "{check}: {report:#}");
    }
    assert!(output.status.success(), "{report:#}");
}

#[test]
fn the_doctor_knows_a_running_server_for_ours() {
    let (_dir, data) = data();
    let server = Server::start(&data, &[]);
    let (public, admin) = (server.public.to_string(), server.admin.to_string());
    let environment = [("AVNOLOGY_LISTEN", public.as_str()), ("AVNOLOGY_ADMIN_ADDR", &admin)];
    let output = run(&data, &["doctor"], &environment);
    let text = out(&output);
    assert!(text.contains(&format!("{public} is served by a running Avnology ID")), "{text}");
    assert!(text.contains("in use by a running Avnology ID"), "{text}");
    assert!(output.status.success(), "{text}");
}

#[test]
fn the_doctor_names_what_is_broken_and_exits_with_1() {
    let (_dir, data) = data();
    assert!(Server::start(&data, &[]).stop().1.contains("serving"));
    std::fs::remove_file(data.join("encryption.key")).unwrap();
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let busy_address = busy.local_addr().unwrap().to_string();
    // It takes connections and never answers, so it is not ours; nobody listens where the mail server should be.
    let (admin, mail) = (free_port().to_string(), format!("smtp://{}", free_port()));
    let environment = [
        ("AVNOLOGY_LISTEN", busy_address.as_str()),
        ("AVNOLOGY_ADMIN_ADDR", &admin),
        ("AVNOLOGY_SMTP_URL", &mail),
        ("AVNOLOGY_MAIL_FROM", "id@example.com"),
    ];
    let output = run(&data, &["doctor"], &environment);
    assert_eq!(output.status.code(), Some(1));
    let text = out(&output);
    for part in ["FAIL  public port", "FAIL  encryption key", "encryption.key is gone", "FAIL  mail"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!data.join("encryption.key").exists(), "the doctor makes no key");

    let output = run(&data, &["doctor"], &[("AVNOLOGY_LISTEN", "x"), ("AVNOLOGY_MAIL_FORM", "y")]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(out(&output).matches("FAIL  configuration").count(), 2, "{}", out(&output));
}

#[test]
fn the_doctor_tells_a_wrong_encryption_key() {
    let (_dir, data) = data();
    Server::start(&data, &[]).stop();
    let output = run(
        &data,
        &["doctor"],
        &[("AVNOLOGY_ENCRYPTION_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("FAIL  encryption key"), "{}", out(&output));
}

#[test]
fn the_openapi_document_is_compared_with_a_file() {
    let (dir, data) = data();
    let output = run(&data, &["openapi"], &[]);
    assert!(output.status.success(), "{}", err(&output));
    let document: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let file = dir.path().join("openapi.json");
    std::fs::write(&file, out(&output)).unwrap();
    let check = |file: &Path| run(&data, &["openapi", "--check", file.to_str().unwrap()], &[]);
    assert!(check(&file).status.success());
    std::fs::write(&file, out(&output).replacen("Avnology ID", "Other", 1)).unwrap();
    let different = check(&file);
    assert_eq!(different.status.code(), Some(1));
    assert!(
        err(&different).contains("is not the present document (first difference in line"),
        "{}",
        err(&different)
    );
}

#[test]
fn a_breach_file_is_made_from_a_published_list_and_a_broken_list_leaves_none() {
    let (dir, data) = data();
    let (list, file) = (dir.path().join("list.txt"), dir.path().join("breaches.bin"));
    let arguments = ["breach-file", list.to_str().unwrap(), file.to_str().unwrap()];
    std::fs::write(&list, "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n").unwrap();
    let output = run(&data, &arguments, &[]);
    assert!(err(&output).contains("line 1 is no SHA-1 hash"), "{}", err(&output));
    assert!(!file.exists());

    let lines =
        "000000005AD76BD555C1D6D771DE417A4B87E4B4:10\r\n5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9\r\n";
    std::fs::write(&list, lines).unwrap();
    let output = run(&data, &arguments, &[]);
    assert!(out(&output).starts_with("2 hashes written"), "{}{}", out(&output), err(&output));
    let check = run(&data, &["config", "check"], &[("AVNOLOGY_BREACH_FILE", file.to_str().unwrap())]);
    assert!(check.status.success(), "{}", err(&check));
}

#[test]
fn a_generated_key_is_well_formed_new_each_time_and_taken_by_its_environment_only() {
    let (_dir, data) = data();
    let generate = |arguments: &[&str]| {
        let output = run(&data, &[&["key", "generate"], arguments].concat(), &[]);
        assert!(output.status.success(), "{}", err(&output));
        out(&output).trim_end().to_owned()
    };
    let (live, test) = (generate(&[]), generate(&["--environment", "test"]));
    assert!(live.starts_with("ak_live_") && test.starts_with("ak_test_"), "{live} {test}");
    assert_ne!(live, generate(&[]));
    let check = |key: &str| run(&data, &["config", "check"], &[("AVNOLOGY_BOOTSTRAP_API_KEY", key)]);
    assert!(check(&live).status.success(), "{}", err(&check(&live)));
    assert_eq!(check(&test).status.code(), Some(2));
    let (body, last) = live.split_at(live.len() - 1);
    let wrong = format!("{body}{}", if last == "0" { "1" } else { "0" });
    assert_eq!(check(&wrong).status.code(), Some(2), "its check digits are wrong");
    assert!(!data.exists(), "a key is kept nowhere");
    let unknown = run(&data, &["key", "generate", "--environment", "prod"], &[]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn an_export_of_an_audit_log_is_checked_by_its_file_alone() {
    let (dir, data) = data();
    let write = |name: &str, text: &str| {
        let file = dir.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let verify = |arguments: &[&str]| run(&data, &[&["audit", "verify"], arguments].concat(), &[]);
    let empty = verify(&[&write("empty.jsonl", "")]);
    assert_eq!((empty.status.code(), out(&empty).as_str()), (Some(0), "No records.\n"), "{}", err(&empty));
    let other = verify(&[&write("other.jsonl", "{}\n")]);
    assert_eq!(other.status.code(), Some(1));
    assert!(err(&other).contains("line 1: has no `integrity`"), "{}", err(&other));
    assert_eq!(verify(&["no-such-file"]).status.code(), Some(1));
    let alone = verify(&[&write("empty.jsonl", ""), "--checkpoint", &write("checkpoint", "x")]);
    assert_eq!(alone.status.code(), Some(2), "a checkpoint wants keys");
    let unsigned = verify(&[
        &write("empty.jsonl", ""),
        "--checkpoint",
        &write("checkpoint", "x"),
        "--keys",
        &write("keys", r#"{"keys":[]}"#),
    ]);
    assert!(err(&unsigned).contains("The checkpoint is not signed by these keys"), "{}", err(&unsigned));
    assert!(!data.exists(), "no server was asked");
}
