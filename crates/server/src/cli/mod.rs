//! The command line of `avnology`. Each command is a file; none decides anything of the product.

mod admin;
mod audit;
mod breaches;
mod clients;
mod config;
mod db;
mod doctor;
mod failure;
mod key;
mod keys;
mod migrate;
mod openapi;
mod permissions;
mod progress;
mod remote;
mod serve;
mod tenant;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use failure::Failure;

use crate::config::Config;

/// Avnology ID: sign-in, accounts and organizations for your products.
#[derive(Debug, Parser)]
#[command(name = "avnology", version, propagate_version = true)]
pub struct Cli {
    /// Configuration file (TOML); variables `AVNOLOGY_…` win over it. Default: what `AVNOLOGY_CONFIG` names, if anything.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGTERM or SIGINT.
    Serve(serve::Options),
    /// Look after the databases.
    #[command(subcommand)]
    Db(db::Command),
    /// Look after platform administrators.
    #[command(subcommand)]
    Admin(admin::Command),
    /// Change what a running server may not.
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Check that everything a server needs is in order, and say what to do where it is not.
    Doctor(doctor::Options),
    /// Print the OpenAPI document, or compare it with a file.
    Openapi(openapi::Options),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(config::Command),
    /// Check exports of audit logs.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Bring people over from another provider, with their passwords.
    #[command(subcommand)]
    Migrate(Box<migrate::Command>),
    /// Make API keys.
    #[command(subcommand)]
    Key(key::Command),
    /// Look at the keys that sign, and replace them.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Look after OAuth clients.
    #[command(subcommand)]
    Clients(Box<clients::Command>),
    /// Ask about permissions, and bring relation tuples in and out.
    #[command(subcommand)]
    Permissions(Box<permissions::Command>),
    /// Make a file of breached passwords' hashes for `AVNOLOGY_BREACH_FILE`.
    BreachFile(breaches::Options),
}

impl Cli {
    /// Carries out the command.
    ///
    /// # Errors
    /// What to print, and with which code to exit.
    pub async fn run(self) -> Result<(), Failure> {
        let load =
            || -> Result<Config, Failure> { Ok(Config::load(self.config.as_deref(), std::env::vars_os())?) };
        match self.command {
            Command::Serve(options) => serve::run(load()?, options).await,
            Command::Db(command) => db::run(load()?, command).await,
            Command::Admin(command) => admin::run(load()?, command).await,
            Command::Tenant(command) => tenant::run(load()?, command).await,
            Command::Doctor(options) => {
                doctor::run(Config::load(self.config.as_deref(), std::env::vars_os()), options).await
            }
            Command::Openapi(options) => openapi::run(options),
            Command::Config(config::Command::Check) => config::check(&load()?),
            Command::Config(config::Command::Keys) => config::keys(),
            Command::Audit(command) => audit::run(&command),
            Command::Migrate(command) => migrate::run(*command).await,
            Command::Key(command) => key::run(&command),
            Command::Keys(command) => keys::run(command).await,
            Command::Clients(command) => clients::run(*command).await,
            Command::Permissions(command) => permissions::run(*command).await,
            Command::BreachFile(options) => breaches::run(&options),
        }
    }
}
