//! `avnology openapi`.

use std::{fs, io::Write as _, path::PathBuf};

use avnology_http::openapi;
use clap::Args;

use super::Failure;
use crate::wiring;

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Fail when this file is not the document, instead of printing it.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
}

pub(super) fn run(options: Options) -> Result<(), Failure> {
    let document = document()?;
    let Some(path) = options.check else {
        std::io::stdout().lock().write_all(document.as_bytes())?;
        return Ok(());
    };
    let file = fs::read_to_string(&path).map_err(|e| Failure::new(format!("{}: {e}", path.display())))?;
    let first_difference = file.lines().zip(document.lines()).position(|(a, b)| a != b);
    if file == document {
        return Ok(());
    }
    let line = first_difference.unwrap_or_else(|| file.lines().count().min(document.lines().count())) + 1;
    Err(Failure::new(format!(
        "{} is not the present document (first difference in line {line}); write it anew: avnology openapi > {}",
        path.display(),
        path.display()
    )))
}

/// The document of `/v1`, with a line end at its end.
fn document() -> Result<String, Failure> {
    let info = openapi::Info {
        title: "Avnology ID",
        version: env!("CARGO_PKG_VERSION"),
        description: "Identities, sessions and self-service flows. Errors are problem documents (RFC 9457).",
    };
    let document = openapi::document(&wiring::routes(), info);
    let text = serde_json::to_string_pretty(&document).map_err(|e| Failure::new(e.to_string()))?;
    Ok(text + "\n")
}
