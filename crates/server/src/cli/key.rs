//! `avnology key`.

use std::io::Write as _;

use avnology_core::{Entropy as _, OsEntropy};
use avnology_model::{
    platform::Environment,
    secret_token::{SecretKind, SecretToken},
};
use clap::Subcommand;
use secrecy::zeroize::Zeroizing;

use super::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a new API key for `AVNOLOGY_BOOTSTRAP_API_KEY`. It is kept nowhere, and good once a server is given it.
    Generate {
        /// The environment of the server that will take it: `live` or `test`.
        #[arg(long, default_value = "live", value_parser = environment)]
        environment: Environment,
    },
}

fn environment(text: &str) -> Result<Environment, String> {
    Environment::parse(text).ok_or_else(|| "one of live, test".to_owned())
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let Command::Generate { environment } = command;
    let kind = match environment {
        Environment::Live => SecretKind::LiveKey,
        Environment::Test => SecretKind::TestKey,
    };
    let mut random = Zeroizing::new([0; 32]);
    OsEntropy.fill(random.as_mut_slice());
    writeln!(std::io::stdout(), "{}", SecretToken::new(kind, &random).expose())?;
    Ok(())
}
