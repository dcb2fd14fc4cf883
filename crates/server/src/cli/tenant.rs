//! `avnology tenant`.

use std::io::Write as _;

use avnology_core::platform;
use avnology_model::{Code, Error, platform::FederationMode};
use clap::Subcommand;

use super::Failure;
use crate::{
    config::Config,
    telemetry,
    wiring::{self, Parts},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Let identities belong to their humans (shared), or each to one organization (strict), however many there are.
    SetFederationMode {
        /// `shared` or `strict`.
        #[arg(value_parser = mode)]
        mode: FederationMode,
    },
}

fn mode(text: &str) -> Result<FederationMode, String> {
    FederationMode::parse(text).ok_or_else(|| "shared or strict".to_owned())
}

pub(super) async fn run(config: Config, command: Command) -> Result<(), Failure> {
    telemetry::start_log(&config.log, config.log_format)?;
    let Command::SetFederationMode { mode } = command;
    let app = wiring::open(&config, Parts::of(&config)?).await?;
    let changed = platform::set_federation_mode(&app, &app.system_cx(), mode).await;
    app.store.close().await?;
    match changed {
        Ok(()) => {
            writeln!(std::io::stdout().lock(), "The federation mode is {mode}.")?;
            Ok(())
        }
        Err(error) if error.code() == Code::FederationConflict => {
            print_conflicts(&error)?;
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// One line for each identity that is named.
fn print_conflicts(error: &Error) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let (conflicts, total) = (error.members().get("conflicts"), error.members().get("total"));
    let conflicts = conflicts.and_then(|list| list.as_array()).map(Vec::as_slice).unwrap_or_default();
    for conflict in conflicts {
        let text = |name: &str| conflict.get(name).and_then(|value| value.as_str()).unwrap_or_default();
        writeln!(out, "{}\t{}", text("identity_id"), text("reason"))?;
    }
    let named = conflicts.len();
    let total = total.and_then(serde_json::Value::as_u64).unwrap_or_default();
    writeln!(out, "{total} identities are in the way; {named} are named above. Nothing was changed.")
}
