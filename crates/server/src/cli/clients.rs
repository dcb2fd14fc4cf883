//! `avnology clients`: OAuth clients, by way of the API of a running server.

use std::{
    io::{Read as _, Write as _},
    path::PathBuf,
};

use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::{Failure, remote::Server};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the clients: id, type, state and name.
    List {
        #[command(flatten)]
        server: Server,
        /// Only those that match, as in `type = "web"`.
        #[arg(long)]
        filter: Option<String>,
    },
    /// Print a client as JSON.
    Get {
        #[command(flatten)]
        server: Server,
        /// Its id.
        id: String,
    },
    /// Create a client and print it; its secret is in this answer and never again.
    Create {
        #[command(flatten)]
        server: Server,
        /// Where it runs: web, spa, native, device or machine.
        #[arg(long = "type")]
        kind: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Change what is named of a client, and print it.
    Update {
        #[command(flatten)]
        server: Server,
        /// Its id.
        id: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Delete a client, its tokens and the consents to it.
    Delete {
        #[command(flatten)]
        server: Server,
        /// Its id.
        id: String,
    },
    /// Replace the secret of a client and print the new one.
    RotateSecret {
        #[command(flatten)]
        server: Server,
        /// Its id.
        id: String,
        /// For how many seconds the former one is good still.
        #[arg(long, default_value_t = 86_400)]
        grace: u32,
    },
    /// End everything that was issued to a client until now.
    RevokeTokens {
        #[command(flatten)]
        server: Server,
        /// Its id.
        id: String,
    },
}

/// What is said of a client.
#[derive(Debug, Args)]
pub(super) struct Settings {
    /// Name.
    #[arg(long)]
    name: Option<String>,
    /// Where people may be sent back to; once for each.
    #[arg(long = "redirect-uri")]
    redirect_uris: Vec<String>,
    /// Where people may be sent after they signed out; once for each.
    #[arg(long = "post-logout-redirect-uri")]
    post_logout_redirect_uris: Vec<String>,
    /// The most that it may ask for; once for each.
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// Whether it is the makers' own, which nobody is asked about.
    #[arg(long)]
    first_party: Option<bool>,
    /// `active` or `disabled`.
    #[arg(long)]
    state: Option<String>,
    /// A file with a JSON object of further members, as the API takes them; `-` reads the standard input.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Settings {
    /// The members that were named; those of options win over those of the file.
    fn members(self) -> Result<Map<String, Value>, Failure> {
        let mut members = match &self.json {
            None => Map::new(),
            Some(path) => read_object(path)?,
        };
        let one = |value: Option<Value>| value.unwrap_or_default();
        let many = |list: Vec<String>| if list.is_empty() { Value::Null } else { json!(list) };
        let named = [
            ("name", one(self.name.map(Value::from))),
            ("redirect_uris", many(self.redirect_uris)),
            ("post_logout_redirect_uris", many(self.post_logout_redirect_uris)),
            ("scopes", many(self.scopes)),
            ("first_party", one(self.first_party.map(Value::from))),
            ("state", one(self.state.map(Value::from))),
        ];
        let said = named.into_iter().filter(|(_, value)| !value.is_null());
        members.extend(said.map(|(name, value)| (name.to_owned(), value)));
        Ok(members)
    }
}

fn read_object(path: &PathBuf) -> Result<Map<String, Value>, Failure> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(path)
            .map_err(|e| Failure::new(format!("{} cannot be read: {e}", path.display())))?;
    }
    serde_json::from_str(&text)
        .map_err(|e| Failure::new(format!("{} holds no JSON object: {e}", path.display())))
}

#[derive(Debug, Deserialize)]
struct Page {
    clients: Vec<Listed>,
    next_page_token: String,
}

#[derive(Debug, Deserialize)]
struct Listed {
    id: String,
    name: String,
    r#type: String,
    state: String,
}

pub(super) async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::List { server, filter } => list(&server, filter.as_deref()).await,
        Command::Get { server, id } => print(&server.call(Method::GET, &at(&id, ""), None).await?),
        Command::Create { server, kind, settings } => {
            let mut body = settings.members()?;
            body.insert("type".to_owned(), Value::from(kind));
            print(&server.call(Method::POST, "/v1/clients", Some(&Value::Object(body))).await?)
        }
        Command::Update { server, id, settings } => {
            let body = Value::Object(settings.members()?);
            print(&server.call(Method::PATCH, &at(&id, ""), Some(&body)).await?)
        }
        Command::Delete { server, id } => {
            server.send(Method::DELETE, &at(&id, ""), None).await?;
            Ok(())
        }
        Command::RotateSecret { server, id, grace } => {
            let body = json!({ "grace_period_seconds": grace });
            print(&server.call(Method::POST, &at(&id, ":rotateSecret"), Some(&body)).await?)
        }
        Command::RevokeTokens { server, id } => {
            print(&server.call(Method::POST, &at(&id, ":revokeTokens"), None).await?)
        }
    }
}

/// The path of a client, whatever its id holds.
fn at(id: &str, verb: &str) -> String {
    let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
    format!("/v1/clients/{id}{verb}")
}

/// One line for each client, page by page.
async fn list(server: &Server, filter: Option<&str>) -> Result<(), Failure> {
    let mut next = String::new();
    loop {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(filter.map(|filter| ("filter", filter)));
        if !next.is_empty() {
            query.append_pair("page_token", &next);
        }
        let path = format!("/v1/clients?{}", query.finish());
        let page: Page = server.call(Method::GET, &path, None).await?;
        let mut out = std::io::stdout().lock();
        for Listed { id, name, r#type, state } in &page.clients {
            writeln!(out, "{id}\t{type}\t{state}\t{name}")?;
        }
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        next = page.next_page_token;
    }
}

fn print(answer: &Value) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(answer).map_err(|e| Failure::new(e.to_string()))?;
    writeln!(std::io::stdout().lock(), "{text}")?;
    Ok(())
}
