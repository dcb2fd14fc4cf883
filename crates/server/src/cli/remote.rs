//! Talking to a running server: for commands that change what only it may.

use std::time::Duration;

use reqwest::{Client, Response};
use serde::Deserialize;
use serde_json::Value;

use super::Failure;

/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_mins(1);

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
