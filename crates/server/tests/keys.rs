//! `avnology keys`: the program itself, against a server that runs.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "helpers of tests")]

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use avnology_model::secret_token::{SecretKind, SecretToken};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(20);

struct Server {
    child: Child,
    public: SocketAddr,
    key: String,
    _directory: TempDir,
}

impl Server {
    fn start() -> Self {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (public, admin) = (free(), free());
        let directory = tempfile::tempdir().unwrap();
        let key = SecretToken::new(SecretKind::TestKey, &[7; 32]).expose().to_owned();
        let child = Command::new(env!("CARGO_BIN_EXE_avnology"))
            .arg("serve")
            .env_clear()
            .current_dir(directory.path())
            .env("AVNOLOGY_DATA_DIR", directory.path().join("data"))
            .env("AVNOLOGY_LISTEN", public.to_string())
            .env("AVNOLOGY_ADMIN_ADDR", admin.to_string())
            .env("AVNOLOGY_PUBLIC_URL", format!("http://{public}"))
            .env("AVNOLOGY_ENVIRONMENT", "test")
            .env("AVNOLOGY_PASSWORD_HASH", "cheapest")
            .env("AVNOLOGY_BOOTSTRAP_API_KEY", &key)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, public, key, _directory: directory };
        let since = Instant::now();
        while TcpStream::connect(public).is_err() {
            assert!(since.elapsed() < SOON, "the server listens soon");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn keys(&self, arguments: &[&str]) -> Output {
        self.keys_as(&self.key, arguments)
    }

    fn keys_as(&self, key: &str, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_avnology"))
            .arg("keys")
            .args(arguments)
            .args(["--url", &format!("http://{}", self.public)])
            .env_clear()
            .env("AVNOLOGY_API_KEY", key)
            .output()
            .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
