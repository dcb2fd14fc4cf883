//! `avnology db`.

use std::io::Write as _;

use avnology_core::{Clock as _, SystemClock};
use avnology_store::Store;
use clap::Subcommand;

use super::Failure;
use crate::{config::Config, telemetry, wiring};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Bring the identity layer's database and every organization's own to this version's schema.
    Migrate,
}

pub(super) async fn run(config: Config, command: Command) -> Result<(), Failure> {
    telemetry::start_log(&config.log, config.log_format)?;
    let Command::Migrate = command;
    let store = Store::open(wiring::store_config(&config, SystemClock.now(), true)).await?;
    let organizations = store.list_orgs().await?.len();
    let migrated = store.migrate_all_orgs().await;
    store.close().await?;
    let pending = migrated?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}: the identity layer is at this version's schema", config.database())?;
    writeln!(
        out,
        "{organizations} organizations' databases are too; {pending} of them had migrations pending"
    )?;
    Ok(())
}
