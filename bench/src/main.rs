//! Measures ours beside a bare server in one run (`docs/performance.md`). Load goes to loopback only, for seconds, and
//! ends by itself; everything lies in a temporary directory that is removed.
//!
//! `bare` is what we compare with, `seed` fills a database, `server` runs processes and reads `/proc`, `wrk` and
//! `client` make load, `scenes` are the measurements, `report` is the table.

mod authenticator;
mod bare;
mod client;
mod factors;
mod imports;
mod load;
mod oauth;
mod organizations;
mod permissions;
mod privacy;
mod report;
mod scenes;
mod seed;
mod server;
mod storm;
mod wrk;

use std::{io::Write as _, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// What may go wrong here ends the run with its text.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
#[command(about = "Measures Avnology ID beside a bare server")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs every measurement and prints the table.
    All(scenes::Options),
    /// Serves the same bytes to everyone: an axum server with nothing of ours.
    Bare {
        /// Where to listen.
        #[arg(long)]
        listen: SocketAddr,
        /// The response to give: head and body as they were received.
        #[arg(long)]
        response: PathBuf,
        /// What it does besides.
        #[arg(long)]
        work: bare::Bare,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let run = || -> Outcome<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            match cli.command {
                Command::All(options) => scenes::all(options).await,
                Command::Bare { listen, response, work } => bare::serve(listen, &response, work).await,
            }
        })
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bench: {error}");
            ExitCode::FAILURE
        }
    }
}
