//! `avnology migrate`: people of another provider, from the export that it gives, by way of the import of a running server.
//!
//! `records` reads a file record by record, a file for each provider says what a record becomes, `batches` packs them as
//! large as the server takes them, and `send` waits for the jobs.

mod auth0;
mod batches;
mod clerk;
mod cognito;
mod firebase;
mod keycloak;
mod line;
mod records;
mod send;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use secrecy::SecretString;
use url::Url;

use self::line::{Line, Refusal};
use super::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Auth0: an export of users (a list or lines of JSON), with `passwordHash` or `custom_password_hash`.
    Auth0(Options),
    /// Clerk: an export of users (CSV or JSON), with `password_digest` and `password_hasher`.
    Clerk(Options),
    /// Firebase: the JSON of `firebase auth:export`, with the hash parameters that the console shows.
    FirebaseAuth {
        #[command(flatten)]
        options: Options,
        #[command(flatten)]
        parameters: firebase::Parameters,
    },
    /// Amazon Cognito: the JSON of `list-users`, or CSV. It gives no passwords away.
    Cognito(Options),
    /// Keycloak: an export of a realm with its users.
    Keycloak(Options),
}

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The export.
    #[arg(long = "import", value_name = "FILE")]
    file: PathBuf,
    /// Origin of the server.
    #[arg(long, default_value = "http://localhost:8080")]
    url: Url,
    /// An API key with the scope `identities:import`. Better given in the environment, where no list of processes shows it.
    #[arg(long, env = "AVNOLOGY_API_KEY", hide_env_values = true)]
    api_key: SecretString,
    /// Check only, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// What becomes of people who are there already.
    #[arg(long, value_enum, default_value_t = OnConflict::Skip)]
    on_conflict: OnConflict,
    /// Make everybody a member of this organization, by id or slug.
    #[arg(long)]
    organization: Option<String>,
    /// With which role.
    #[arg(long, requires = "organization")]
    role: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnConflict {
    /// Leave them as they are.
    Skip,
    /// Change what the export says; passwords stay.
    Update,
    /// Report them.
    Fail,
}

impl OnConflict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Update => "update",
            Self::Fail => "fail",
        }
    }
}

/// What a record of an export becomes.
type Map = Box<dyn Fn(&serde_json::Value) -> Result<Line, Refusal> + Send>;

pub(super) async fn run(command: Command) -> Result<(), Failure> {
    // The list within the one object that some exports are, and what its members become.
    let (options, list, map): (Options, Option<&'static str>, Map) = match command {
        Command::Auth0(options) => (options, None, Box::new(auth0::line)),
        Command::Clerk(options) => (options, None, Box::new(clerk::line)),
        Command::FirebaseAuth { options, parameters } => {
            (options, Some("users"), Box::new(move |record| firebase::line(record, &parameters)))
        }
        Command::Cognito(options) => (options, Some("Users"), Box::new(cognito::line)),
        Command::Keycloak(options) => (options, Some("users"), Box::new(keycloak::line)),
    };
    let batches = batches::read(&options.file, list, map)?;
    send::all(&options, batches).await
}

#[cfg(test)]
mod tests;
