//! Talking to a running server: for commands that change what only it may.

use std::time::Duration;

use clap::Args;
use reqwest::{Client, Method, Response, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::Failure;

/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running server, and the key by which it is called.
#[derive(Debug, Args)]
pub(super) struct Server {
    /// Origin of the server.
    #[arg(long, default_value = "http://localhost:8080")]
    url: Url,
    /// An API key with the scopes that the command needs. Better given in the environment, where no list of processes shows it.
    #[arg(long, env = "AVNOLOGY_API_KEY", hide_env_values = true)]
    api_key: SecretString,
}

impl Server {
    /// Calls a path, which may hold a query.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, Failure> {
        let url = self.url.join(path).map_err(|e| Failure::new(e.to_string()))?;
        let authorization = format!("Bearer {}", self.api_key.expose_secret().trim());
        let mut request = client()?.request(method, url).header(header::AUTHORIZATION, authorization);
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let answer = request.send().await.map_err(|e| unreachable(&e))?;
        if answer.status().is_success() { Ok(answer) } else { Err(refusal(answer).await) }
    }

    /// The same; what the answer says.
    pub(super) async fn call<T: for<'de> Deserialize<'de>>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        read(self.send(method, path, body).await?).await
    }
}

pub(super) fn client() -> Result<Client, Failure> {
    let client = Client::builder().connect_timeout(PATIENCE).read_timeout(PATIENCE).build();
    client.map_err(|e| Failure::new(e.to_string()))
}

pub(super) fn unreachable(error: &reqwest::Error) -> Failure {
    Failure::new(format!("the server cannot be reached: {error}"))
}

pub(super) async fn read<T: for<'de> Deserialize<'de>>(answer: Response) -> Result<T, Failure> {
    let bytes = answer.bytes().await.map_err(|e| unreachable(&e))?;
    serde_json::from_slice(&bytes)
        .map_err(|e| Failure::new(format!("the server's answer cannot be read: {e}")))
}

/// What a problem document says.
pub(super) async fn refusal(answer: Response) -> Failure {
    let status = answer.status();
    let problem: Value = match read(answer).await {
        Ok(problem) => problem,
        Err(_) => return Failure::new(format!("the server answered {status}")),
    };
    let part = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default();
    let flaws = problem.get("errors").and_then(Value::as_array).into_iter().flatten();
    let flaws: Vec<&str> = flaws.filter_map(|flaw| flaw.get("message")?.as_str()).collect();
    let detail = if flaws.is_empty() { part("detail").to_owned() } else { flaws.join(" ") };
    Failure::new(format!("the server refused it: {detail} [{}]", part("code")))
}
