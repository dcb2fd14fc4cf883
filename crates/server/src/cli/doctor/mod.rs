//! `avnology doctor`: looks at everything a server needs and says what to do where it is not in order.
//!
//! It changes nothing but a file that it removes again, and what opening a database does.

mod data;
mod finding;
mod machine;
mod network;
mod passwords;

use std::io::Write as _;

use clap::Args;

use self::finding::{Finding, Status};
use super::Failure;
use crate::config::{Config, Key};

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Print a JSON document instead of lines.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    config: Result<Config, crate::config::ConfigError>,
    options: Options,
) -> Result<(), Failure> {
    let findings = match config {
        Ok(config) => examine(&config).await,
        Err(error) => {
            let problem = |p: crate::config::Problem| {
                Finding::fail("configuration", format!("{}: {}", p.place, p.what), p.remedy)
            };
            let machine = [machine::clock(), machine::open_files()];
            error.0.into_iter().map(problem).chain(machine).collect()
        }
    };
    let failed = findings.iter().filter(|f| f.status == Status::Fail).count();
    let mut out = std::io::stdout().lock();
    if options.json {
        let worst = findings.iter().map(|f| f.status).max().unwrap_or(Status::Ok);
        let report = serde_json::json!({ "status": worst, "findings": findings });
        writeln!(out, "{report:#}")?;
    } else {
        findings.iter().try_for_each(|finding| writeln!(out, "{finding}"))?;
    }
    out.flush()?;
    match failed {
        0 => Ok(()),
        1 => Err(Failure::new("one check failed")),
        n => Err(Failure::new(format!("{n} checks failed"))),
    }
}

async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![
        Finding::ok("configuration", format!("usable; environment {}", config.environment)),
        network::public_url(config),
        network::port("public port", Key::Listen, config.listen).await,
        network::port("admin port", Key::AdminAddr, config.admin_addr).await,
        machine::privacy(&config.data_dir),
        machine::disk(&config.data_dir),
        machine::space(&config.data_dir),
        machine::clock(),
        machine::open_files(),
    ];
    findings.extend(data::database(config).await);
    findings.push(network::dns(config).await);
    findings.push(network::mail(config).await);
    findings.push(network::sms(config).await);
    findings.push(passwords::hashing(config).await);
    findings
}
