//! `avnology clients`: the program itself, against a server that runs.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "helpers of tests")]

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use avnology_model::secret_token::{SecretKind, SecretToken};
use serde_json::Value;
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(20);

struct Server {
    child: Child,
    public: SocketAddr,
    key: String,
    directory: TempDir,
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
        let server = Self { child, public, key, directory };
        let since = Instant::now();
        while TcpStream::connect(public).is_err() {
            assert!(since.elapsed() < SOON, "the server listens soon");
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

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

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
