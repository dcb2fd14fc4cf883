//! `avnology admin`.

use std::io::Write as _;

use avnology_core::identities;
use avnology_model::identities::Email;
use clap::Subcommand;

use super::Failure;
use crate::{
    config::Config,
    telemetry,
    wiring::{self, Parts},
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make someone platform administrator, with an account if there is none, and print a link that signs in once.
    Create {
        /// E-mail address. You vouch for it: it counts as verified.
        #[arg(long, value_parser = email)]
        email: Email,
    },
}

fn email(text: &str) -> Result<Email, String> {
    Email::parse(text).map_err(|(_, message)| message.to_owned())
}

pub(super) async fn run(config: Config, command: Command) -> Result<(), Failure> {
    telemetry::start_log(&config.log, config.log_format)?;
    let Command::Create { email } = command;
    let app = wiring::open(&config, Parts::of(&config)?).await?;
    let created = identities::create_admin(&app, &app.system_cx(), email.as_str()).await;
    app.store.close().await?;
    let created = created?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{email} ({}) is a platform administrator.", created.identity_id)?;
    writeln!(out, "This link signs in once, within 24 hours, and sets a password:\n{}", created.link)?;
    Ok(())
}
