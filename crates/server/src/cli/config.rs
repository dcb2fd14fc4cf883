//! `avnology config`.

use std::io::{self, Write as _};

use clap::Subcommand;

use super::Failure;
use crate::config::{self, Config};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the effective configuration with the source of each value, secrets masked; fail when it is not usable.
    Check,
    /// Print every key with its default and meaning, as a Markdown table.
    Keys,
}

pub(super) fn check(config: &Config) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    config.shown().iter().try_for_each(|shown| writeln!(out, "{shown}"))?;
    Ok(())
}

pub(super) fn keys() -> Result<(), Failure> {
    io::stdout().lock().write_all(config::markdown().as_bytes())?;
    Ok(())
}
