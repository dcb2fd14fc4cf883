//! A flow that somebody goes through.

use avnology_http::{Cookie, csrf};
use avnology_model::Code;
use serde_json::{Value, json};

use crate::{Answer, Client};

/// A flow and who holds it. Browsers send the form token of the flow by themselves.
#[derive(Clone)]
pub struct FlowRun {
    client: Client,
    /// Id.
    pub id: String,
    /// `login`, `registration`, …
    pub kind: String,
    /// The answer that opened it.
    pub opened: Answer,
    csrf: Option<String>,
}

impl Client {
    /// Opens a flow.
    pub async fn open(&self, kind: &str) -> FlowRun {
        self.open_with(kind, &[]).await
    }

    /// Opens a flow with these parameters.
    pub async fn open_with(&self, kind: &str, query: &[(&str, &str)]) -> FlowRun {
        let mut call = self.get(&format!("/v1/flows/{kind}"));
        if !query.is_empty() {
            call = call.query(query);
        }
        let opened = call.await;
        opened.ok();
        self.follow(&opened)
    }

    /// Goes on with the flow of an answer.
    #[track_caller]
    pub fn follow(&self, answer: &Answer) -> FlowRun {
        let flow = answer.flow();
        let text = |name: &str| flow[name].as_str().unwrap_or_default().to_owned();
        let csrf =
            answer.node("csrf_token").and_then(|n| n["attributes"]["value"].as_str()).map(str::to_owned);
        FlowRun { client: self.clone(), id: text("id"), kind: text("type"), opened: answer.clone(), csrf }
    }

    /// Reads a flow by its id and goes on with it.
    pub async fn resume(&self, kind: &str, id: &str) -> FlowRun {
        let read = self.get(&format!("/v1/flows/{kind}/{id}")).await;
        read.ok();
        self.follow(&read)
    }
}

impl FlowRun {
    /// Where it is read.
    pub fn path(&self) -> String {
        format!("/v1/flows/{}/{}", self.kind, self.id)
    }

    /// Where it is submitted.
    pub fn submit_path(&self) -> String {
        format!("{}:submit", self.path())
    }

    /// The form token; empty for programs.
    pub fn csrf(&self) -> String {
        self.csrf.clone().unwrap_or_default()
    }

    /// What a submit sends.
    pub fn body(&self, method: &str, fields: &Value) -> Value {
        let mut fields = fields.clone();
        if let (Some(token), Value::Object(map)) = (&self.csrf, &mut fields)
            && !map.contains_key("csrf_token")
        {
            map.insert("csrf_token".to_owned(), json!(token));
        }
        json!({ "method": method, "body": fields })
    }

    /// Submits one step.
    pub async fn submit(&self, method: &str, fields: Value) -> Answer {
        self.client.post(&self.submit_path()).json(&self.body(method, &fields)).await
    }

    /// Submits the same step so many times at once; how many won. The others were refused with one of `losing`.
    pub async fn race(&self, times: usize, method: &str, fields: &Value, losing: &[Code]) -> usize {
        let tries = (0..times).map(|_| {
            let (flow, method, fields) = (self.clone(), method.to_owned(), fields.clone());
            tokio::spawn(async move { flow.submit(&method, fields).await })
        });
        winners(tries.collect(), losing).await
    }

    /// Submits one step for somebody else than who opened the flow.
    pub async fn submit_as(&self, client: &Client, method: &str, fields: Value) -> Answer {
        client.post(&self.submit_path()).json(&self.body(method, &fields)).await
    }

    /// Reads it again.
    pub async fn read(&self) -> Answer {
        self.client.get(&self.path()).await
    }
}

impl Client {
    /// The form token of a flow for this browser, as the page of a mailed link writes it.
    pub fn csrf_of(&self, flow: &str) -> String {
        let cookie = self.cookie(Cookie::Csrf.name(true)).expect("a browser that has seen a form");
        csrf::token(self.app().tenant(), &cookie, flow.parse().expect("a flow"))
    }
}

/// How many of calls at the same time won; the others were refused with one of `losing`.
pub async fn winners(tries: Vec<tokio::task::JoinHandle<Answer>>, losing: &[Code]) -> usize {
    let mut won = 0;
    for one in tries {
        let answer = one.await.expect("an answer");
        match answer.status {
            200 => won += 1,
            _ => assert!(answer.code().is_some_and(|code| losing.contains(&code)), "{answer}"),
        }
    }
    won
}
