//! `avnology breach-file`: turns a published list of breached passwords' hashes into the file we search.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
};

use avnology_core::credentials::write_breach_file;
use clap::Args;

use super::Failure;

#[derive(Args, Debug)]
pub(super) struct Options {
    /// Lines of `SHA1` or `SHA1:COUNT` in hexadecimal digits, sorted, as published by Have I Been Pwned.
    input: PathBuf,
    /// The file to make or replace.
    output: PathBuf,
}

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let about = |what: String| Failure::new(format!("{}: {what}", options.input.display()));
    let lines = BufReader::new(File::open(&options.input).map_err(|e| about(e.to_string()))?).lines();
    let mut broken = None;
    let hashes = lines.enumerate().map_while(|(i, line)| {
        let hash = line
            .map_err(|e| e.to_string())
            .and_then(|line| hash_of(&line).ok_or("is no SHA-1 hash".to_owned()));
        hash.map_err(|what| broken = Some(format!("line {} {what}", i + 1))).ok()
    });
    let written = write_breach_file(hashes, &options.output);
    if let Some(what) = broken {
        // What was written is the part before that line: worse than nothing, because it looks whole.
        let _ = std::fs::remove_file(&options.output);
        return Err(about(what));
    }
    writeln!(std::io::stdout(), "{} hashes written to {}", written?, options.output.display())?;
    Ok(())
}

fn hash_of(line: &str) -> Option<[u8; 20]> {
    let digits = line.split(':').next()?.trim();
    let mut hash = [0; 20];
    if digits.len() != 40 || !digits.is_ascii() {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(hash)
}
