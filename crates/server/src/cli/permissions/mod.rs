//! `avnology permissions`: questions about relation tuples, and tuples in and out, by way of the API of a running server.
//!
//! `text` reads and writes tuples as lines, `transfer` moves many of them.

mod text;
mod transfer;

use std::{io::Write as _, path::PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use reqwest::{Client, Method, Response, StatusCode, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::{
    Failure,
    remote::{client, read, refusal, unreachable},
};
use text::{Tuple, line};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Ask whether a tuple follows: `folders:plans#view@usr_…`. Exits with 1 when it does not.
    Check {
        #[command(flatten)]
        server: Server,
        /// `namespace:object#relation@subject`.
        tuple: String,
    },
    /// The same, and why.
    Explain {
        #[command(flatten)]
        server: Server,
        /// `namespace:object#relation@subject`.
        tuple: String,
    },
    /// List tuples, one a line.
    List {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        filter: Filter,
    },
    /// Write the tuples of a file: one a line, as text or as JSON. Those that are there are passed over, so whoever runs it
    /// once more goes on.
    Import {
        #[command(flatten)]
        server: Server,
        /// The file; `-` for the standard input.
        file: PathBuf,
    },
    /// Write tuples into a file, one a line.
    Export {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        filter: Filter,
        /// The file; the standard output when absent.
        #[arg(long)]
        output: Option<PathBuf>,
        /// As text, or as JSON, which keeps when a tuple ends.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// `namespace:object#relation@subject`.
    Text,
    /// A JSON object a line.
    Ndjson,
}

#[derive(Debug, Args)]
pub(super) struct Server {
    /// Origin of the server.
    #[arg(long, default_value = "http://localhost:8080")]
    url: Url,
    /// An API key with the scopes `permissions:read` and, to import, `permissions:write`. Better given in the environment,
    /// where no list of processes shows it.
    #[arg(long, env = "AVNOLOGY_API_KEY", hide_env_values = true)]
    api_key: SecretString,
    /// In this organization, by id or slug; in the tenant when absent.
    #[arg(long)]
    organization: Option<String>,
}

#[derive(Debug, Default, Args)]
pub(super) struct Filter {
    /// Only of this namespace.
    #[arg(long)]
    namespace: Option<String>,
    /// Only of this object.
    #[arg(long)]
    object: Option<String>,
    /// Only with this relation.
    #[arg(long)]
    relation: Option<String>,
    /// Only with this subject.
    #[arg(long)]
    subject: Option<String>,
}

impl Filter {
    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let named = [
            ("namespace", &self.namespace),
            ("object", &self.object),
            ("relation", &self.relation),
            ("subject", &self.subject),
        ];
        named.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }
}

pub(super) async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Check { server, tuple } => server.check(&tuple).await,
        Command::Explain { server, tuple } => server.explain(&tuple).await,
        Command::List { server, filter } => transfer::export(&server, &filter, None, Format::Text).await,
        Command::Import { server, file } => transfer::import(&server, &file).await,
        Command::Export { server, filter, output, format } => {
            transfer::export(&server, &filter, output.as_deref(), format).await
        }
    }
}

impl Server {
    /// Sends a request; the answer, whatever it is.
    async fn send(
        &self,
        client: &Client,
        (method, path): (Method, &str),
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Response, Failure> {
        let mut url = self.url.clone();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let authorization = format!("Bearer {}", self.api_key.expose_secret().trim());
        let mut request = client.request(method, url).header(header::AUTHORIZATION, authorization);
        if let Some(organization) = &self.organization {
            request = request.header("x-avnology-org", organization);
        }
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }
        request.send().await.map_err(|e| unreachable(&e))
    }

    async fn ask(&self, verb: &str, tuple: &str) -> Result<Value, Failure> {
        let tuple = Tuple::read(tuple).map_err(Failure::new)?;
        let path = format!("/v1/permissions:{verb}");
        let body = json!(tuple);
        let answer = self.send(&client()?, (Method::POST, &path), &[], Some(&body)).await?;
        if answer.status() == StatusCode::OK { read(answer).await } else { Err(refusal(answer).await) }
    }

    async fn check(&self, tuple: &str) -> Result<(), Failure> {
        let told = self.ask("check", tuple).await?;
        verdict(&told)
    }

    async fn explain(&self, tuple: &str) -> Result<(), Failure> {
        let told = self.ask("explain", tuple).await?;
        let mut out = std::io::stdout().lock();
        for tuple in list(&told, "path") {
            writeln!(out, "{}", line(tuple))?;
        }
        for step in list(&told, "steps").rev() {
            let part = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
            let depth = step.get("depth").and_then(Value::as_u64).unwrap_or(1);
            let indent = "  ".repeat(usize::try_from(depth).unwrap_or(1));
            let what = format!("{}:{}#{}", part("namespace"), part("object"), part("relation"));
            let rule = part("rule");
            let rule = if rule.is_empty() { String::new() } else { format!("  = {rule}") };
            writeln!(out, "{indent}{}  {what}{rule}", part("outcome"))?;
        }
        drop(out);
        verdict(&told)
    }
}

fn list<'v>(told: &'v Value, name: &str) -> impl DoubleEndedIterator<Item = &'v Value> {
    told.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}

fn verdict(told: &Value) -> Result<(), Failure> {
    if told.get("allowed").and_then(Value::as_bool) == Some(true) {
        writeln!(std::io::stdout(), "allowed")?;
        return Ok(());
    }
    Err(Failure::new("not allowed"))
}
