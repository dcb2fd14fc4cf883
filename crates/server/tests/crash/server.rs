//! The binary as a process of its own, and a program that calls it.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use avnology_model::secret_token::{SecretKind, SecretToken};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::time::sleep;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const PASSWORD: &str = "violet-harbour-quilt-93";

fn operators_key() -> String {
    SecretToken::new(SecretKind::TestKey, &[11; 32]).expose().to_owned()
}

/// The binary as a process of its own, which is killed without a word when dropped.
pub(crate) struct Server {
    child: Child,
    public: SocketAddr,
}

impl Server {
    pub(crate) async fn start(data_dir: &Path, database: Option<&str>) -> Self {
        let (public, admin) = (free_port(), free_port());
        let mut command = Command::new(env!("CARGO_BIN_EXE_avnology"));
        command.env_clear().current_dir(data_dir).env("AVNOLOGY_DATA_DIR", data_dir.join("data"));
        command.env("AVNOLOGY_LISTEN", public.to_string()).env("AVNOLOGY_ADMIN_ADDR", admin.to_string());
        command.env("AVNOLOGY_PUBLIC_URL", format!("http://{public}")).env("AVNOLOGY_LOG", "off");
        command.env("AVNOLOGY_ENVIRONMENT", "test").env("AVNOLOGY_PASSWORD_HASH", "cheapest");
        command.env("AVNOLOGY_BOOTSTRAP_API_KEY", operators_key());
        command.envs(database.map(|url| ("AVNOLOGY_DATABASE_URL", url)));
        let child = command.arg("serve").stdout(Stdio::null()).spawn().unwrap();
        let mut server = Self { child, public };
        let (since, ready) = (Instant::now(), format!("http://{admin}/readyz"));
        while !reqwest::get(&ready).await.is_ok_and(|answer| answer.status() == 200) {
            assert!(server.child.try_wait().unwrap().is_none(), "the server ended at its start");
            assert!(since.elapsed() < PATIENCE, "the server is ready soon");
            sleep(Duration::from_millis(20)).await;
        }
        server
    }

    /// SIGKILL: no handler runs, nothing is written out.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn caller(&self) -> Caller {
        let http = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Caller { http, url: format!("http://{}", self.public) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A program that calls the API.
#[derive(Clone)]
pub(crate) struct Caller {
    http: Client,
    url: String,
}

impl Caller {
    /// Status and body; nothing when the connection broke off.
    pub(crate) async fn call(&self, path: &str, body: Option<Value>) -> Option<(u16, Value)> {
        let url = format!("{}{path}", self.url);
        let request = match body {
            Some(body) => {
                self.http.post(url).header("content-type", "application/json").body(body.to_string())
            }
            None => self.http.get(url),
        };
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let body = serde_json::from_slice(&answer.bytes().await.ok()?).unwrap();
        Some((status, body))
    }

    /// The same with the operator's key; a body of null is none.
    pub(crate) async fn operate(&self, method: Method, path: &str, body: Value) -> Option<(u16, Value)> {
        let request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(operators_key());
        let request = match body {
            Value::Null => request,
            body => request.header("content-type", "application/json").body(body.to_string()),
        };
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await.ok()?;
        Some((status, if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() }))
    }

    /// Opens a flow and submits one step of it.
    async fn flow(&self, kind: &str, body: Value) -> Option<(u16, Value)> {
        let (status, flow) = self.call(&format!("/v1/flows/{kind}?type=api"), None).await?;
        if status != 200 {
            return Some((status, flow));
        }
        let id = flow["id"].as_str().unwrap();
        self.call(&format!("/v1/flows/{kind}/{id}:submit"), Some(body)).await
    }

    pub(crate) async fn register(&self, email: &str) -> Option<(u16, Value)> {
        let body = json!({ "traits": { "email": email }, "password": PASSWORD });
        self.flow("registration", json!({ "method": "password", "body": body })).await
    }

    pub(crate) async fn sign_in(&self, email: &str) -> (u16, Value) {
        let body = json!({ "identifier": email, "password": PASSWORD });
        self.flow("login", json!({ "method": "password", "body": body })).await.unwrap()
    }

    pub(crate) async fn whoami(&self, token: &str) -> u16 {
        let request = self.http.get(format!("{}/v1/sessions/whoami", self.url)).bearer_auth(token);
        request.send().await.unwrap().status().as_u16()
    }
}
