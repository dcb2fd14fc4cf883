//! Log lines: text for a terminal, one JSON object a line for machines.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::LogFormat;

/// Starts logging for the whole process. A second call changes nothing.
///
/// # Errors
/// When `filter` is none; the configuration refuses that earlier.
pub fn start(filter: &str, format: Option<LogFormat>) -> io::Result<()> {
    let filter = EnvFilter::builder().parse(filter).map_err(io::Error::other)?;
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let started = match effective_format(format) {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started already");
    }
    Ok(())
}

/// The format configured, else the one that suits who reads.
pub fn effective_format(format: Option<LogFormat>) -> LogFormat {
    format.unwrap_or(if io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json })
}
