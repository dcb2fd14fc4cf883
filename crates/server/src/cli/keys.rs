//! `avnology keys`: the keys that sign, by way of the API of a running server.

use std::io::Write as _;

use avnology_model::platform::SigningAlgorithm;
use clap::Subcommand;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::{Failure, remote::Server};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the keys that are published.
    List(Server),
    /// Replace keys: the new one is published now, signs after 48 hours, and the old one is removed three days after that.
    Rotate {
        #[command(flatten)]
        server: Server,
        /// Only the key of this algorithm: RS256, ES256, PS256 or `EdDSA`. Default: of each that has one.
        #[arg(long, value_parser = algorithm)]
        alg: Option<SigningAlgorithm>,
        /// A key is in wrong hands: the new one signs now, and every other one is removed. What they signed is good no more;
        /// sessions stay.
        #[arg(long)]
        emergency: bool,
    },
}

#[derive(Debug, Deserialize)]
struct Keys {
    signing_keys: Vec<Key>,
}

#[derive(Debug, Deserialize)]
struct Key {
    kid: String,
    alg: SigningAlgorithm,
    state: String,
    published_at: String,
    activates_at: String,
    retires_at: Option<String>,
}

fn algorithm(text: &str) -> Result<SigningAlgorithm, String> {
    SigningAlgorithm::parse(text).ok_or_else(|| "one of RS256, ES256, PS256, EdDSA".to_owned())
}

pub(super) async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::List(server) => show(&list(&server).await?),
        Command::Rotate { server, alg, emergency } => {
            let algorithms = match alg {
                Some(alg) => vec![alg],
                None => list(&server).await?.algorithms(),
            };
            for alg in algorithms {
                let body = json!({ "alg": alg, "emergency": emergency });
                server.send(Method::POST, "/v1/signing-keys:rotate", Some(&body)).await?;
            }
            show(&list(&server).await?)
        }
    }
}

async fn list(server: &Server) -> Result<Keys, Failure> {
    server.call(Method::GET, "/v1/signing-keys", None).await
}

impl Keys {
    /// Each once.
    fn algorithms(&self) -> Vec<SigningAlgorithm> {
        let mut algorithms: Vec<SigningAlgorithm> = self.signing_keys.iter().map(|key| key.alg).collect();
        algorithms.sort_unstable();
        algorithms.dedup();
        algorithms
    }
}

/// One line for each key.
fn show(keys: &Keys) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for key in &keys.signing_keys {
        let Key { kid, alg, state, published_at, activates_at, retires_at } = key;
        let when = match (state.as_str(), retires_at) {
            ("next", _) => format!("signs from {activates_at}"),
            (_, Some(end)) => format!("published until {end}"),
            _ => format!("published since {published_at}"),
        };
        writeln!(out, "{alg}\t{state}\t{kid}\t{when}")?;
    }
    Ok(())
}
