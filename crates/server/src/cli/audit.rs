//! `avnology audit`.

use std::{
    fs::File,
    io::{self, BufReader, Write as _},
    path::{Path, PathBuf},
};

use avnology_core::audit::{Checked, SignedState, Unsound, check_export};
use clap::Subcommand;

use super::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check an export of an audit log (JSON Lines, made with `include_proof`) without the server.
    Verify {
        /// The export; `-` reads it from standard input.
        file: PathBuf,
        /// A checkpoint that was kept elsewhere (the text of its `jws`): the export must hold the record it was signed over.
        #[arg(long, value_name = "FILE", requires = "keys")]
        checkpoint: Option<PathBuf>,
        /// The keys it was signed with, as `/.well-known/jwks.json` had them.
        #[arg(long, value_name = "FILE", requires = "checkpoint")]
        keys: Option<PathBuf>,
    },
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let Command::Verify { file, checkpoint, keys } = command;
    let signed = match (checkpoint, keys) {
        (Some(checkpoint), Some(keys)) => {
            Some(SignedState::read(&read(checkpoint)?, &read(keys)?).map_err(|why| told(checkpoint, why))?)
        }
        _ => None,
    };
    let checked = if file.as_os_str() == "-" {
        check_export(io::stdin().lock(), signed.as_ref())
    } else {
        let open = File::open(file).map_err(|why| unreadable(file, &why))?;
        check_export(BufReader::new(open), signed.as_ref())
    };
    let checked = checked.map_err(|why| told(file, why))?;
    say(&checked, signed.as_ref())
}

fn say(checked: &Checked, signed: Option<&SignedState>) -> Result<(), Failure> {
    let mut out = io::stdout();
    let Checked { records, first_sequence, last_sequence, missing } = checked;
    match (first_sequence, last_sequence) {
        (Some(first), Some(last)) => {
            writeln!(out, "{records} records, {first} to {last}: all are as they were recorded.")?;
        }
        _ => writeln!(out, "No records.")?,
    }
    if *missing > 0 {
        writeln!(out, "{missing} records between them are not in the file.")?;
    }
    if let Some(signed) = signed {
        writeln!(out, "Record {} is the one that the checkpoint was signed over.", signed.sequence)?;
    }
    Ok(())
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|why| unreadable(file, &why))
}

fn unreadable(file: &Path, why: &io::Error) -> Failure {
    Failure::new(format!("{} cannot be read: {why}", file.display()))
}

fn told(file: &Path, why: Unsound) -> Failure {
    match why {
        Unsound::Unreadable(why) => unreadable(file, &why),
        Unsound::Line(line, what) => Failure::new(format!("{}, line {line}: {what}", file.display())),
        Unsound::Checkpoint(what) => Failure::new(format!("The checkpoint {what}")),
    }
}
