//! Many tuples: a file into a server, and out again.

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write, stdin, stdout},
    path::Path,
    time::Duration,
};

use reqwest::{Client, Method, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    Failure, Filter, Format, Server,
    text::{Tuple, json_line, line},
};
use crate::cli::{
    progress::Progress,
    remote::{client, read, refusal, unreachable},
};

/// Tuples of one request: as many as a server takes.
const BATCH: usize = 1_000;
/// How often to ask a server that is busy.
const TRIES: u32 = 30;

#[derive(Debug, Default, Deserialize)]
struct Written {
    inserted: u64,
}

/// Lines of a file, and how much of it was read.
struct Lines {
    reader: Box<dyn BufRead + Send>,
    read: u64,
    size: u64,
    number: u64,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self { reader: Box::new(BufReader::new(stdin())), read: 0, size: 0, number: 0 });
        }
        let named = |e: std::io::Error| Failure::new(format!("{}: {e}", path.display()));
        let file = File::open(path).map_err(named)?;
        let size = file.metadata().map_err(named)?.len();
        Ok(Self { reader: Box::new(BufReader::new(file)), read: 0, size, number: 0 })
    }

    /// The next tuples with the numbers of their lines; none at the end. Empty lines and comments are passed over.
    fn batch(&mut self) -> Result<Vec<(u64, Tuple)>, Failure> {
        let mut batch = Vec::with_capacity(BATCH);
        let mut text = String::new();
        while batch.len() < BATCH {
            text.clear();
            let bytes = self.reader.read_line(&mut text)?;
            if bytes == 0 {
                break;
            }
            self.read += u64::try_from(bytes).unwrap_or_default();
            self.number += 1;
            if text.trim().is_empty() || text.starts_with("//") {
                continue;
            }
            let tuple = Tuple::read(&text);
            let tuple = tuple.map_err(|why| Failure::new(format!("line {}: {why}", self.number)))?;
            batch.push((self.number, tuple));
        }
        Ok(batch)
    }

    fn percent(&self) -> u64 {
        (self.read * 100).checked_div(self.size).unwrap_or_default()
    }
}

/// Writes the tuples of a file.
pub(super) async fn import(server: &Server, path: &Path) -> Result<(), Failure> {
    let (client, progress) = (client()?, Progress::new());
    let mut lines = Lines::open(path)?;
    let (mut rows, mut inserted) = (0_u64, 0_u64);
    let done = loop {
        let batch = match lines.batch() {
            Ok(batch) if batch.is_empty() => break Ok(()),
            Ok(batch) => batch,
            Err(why) => break Err(why),
        };
        match write(server, &client, &batch).await {
            Ok(written) => inserted += written.inserted,
            Err(why) => break Err(why),
        }
        rows += u64::try_from(batch.len()).unwrap_or_default();
        progress.show(lines.percent(), rows, "written");
    };
    progress.clear();
    writeln!(stdout(), "{inserted} tuples written, {} were there", rows - inserted)?;
    done
}

/// Writes a batch; a server that is busy is asked again.
async fn write(server: &Server, client: &Client, batch: &[(u64, Tuple)]) -> Result<Written, Failure> {
    let operations: Vec<Value> =
        batch.iter().map(|(_, tuple)| json!({ "action": "insert", "tuple": tuple })).collect();
    let body = json!({ "operations": operations });
    for _ in 0..TRIES {
        let call = (Method::POST, "/v1/permissions:batchWrite");
        let answer = server.send(client, call, &[("on_conflict", "ignore")], Some(&body)).await?;
        match answer.status() {
            StatusCode::OK => return read(answer).await,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let wait =
                    answer.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse().ok());
                sleep(Duration::from_secs(wait.unwrap_or(1))).await;
            }
            _ => return Err(of_line(answer, batch).await),
        }
    }
    Err(Failure::new("the server is too busy"))
}

/// Why a batch was refused, with the line that is to blame where one is.
async fn of_line(answer: reqwest::Response, batch: &[(u64, Tuple)]) -> Failure {
    let lines = match (batch.first(), batch.last()) {
        (Some((first, _)), Some((last, _))) => format!("lines {first} to {last}"),
        _ => String::new(),
    };
    let status = answer.status();
    let Ok(problem) = read::<Value>(answer).await else {
        return Failure::new(format!("{lines}: the server answered {status}"));
    };
    let text = |pointer: &str| problem.pointer(pointer).and_then(Value::as_str);
    let field = text("/errors/0/field").unwrap_or_default();
    let at: Option<usize> =
        field.strip_prefix("operations[").and_then(|rest| rest.split(']').next()?.parse().ok());
    let place = at.and_then(|at| batch.get(at)).map_or(lines, |(line, _)| format!("line {line}"));
    let why = text("/errors/0/message").or(text("/detail")).unwrap_or_default();
    let code = text("/code").unwrap_or_default();
    Failure::new(format!("{place}: {why} [{code}]"))
}

#[derive(Debug, Deserialize)]
struct Page {
    permissions: Vec<Value>,
    next_page_token: String,
}

/// Writes tuples into a file, or to the standard output.
pub(super) async fn export(
    server: &Server,
    filter: &Filter,
    path: Option<&Path>,
    format: Format,
) -> Result<(), Failure> {
    let client = client()?;
    let named = |path: &Path, e: std::io::Error| Failure::new(format!("{}: {e}", path.display()));
    let mut out: Box<dyn Write + Send> = match path {
        Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|e| named(path, e))?)),
        None => Box::new(BufWriter::new(stdout())),
    };
    let (progress, mut rows, mut token) = (Progress::new(), 0_u64, String::new());
    loop {
        let mut query = filter.pairs();
        query.extend([("page_size", "500"), ("page_token", token.as_str())]);
        let answer = server.send(&client, (Method::GET, "/v1/permissions"), &query, None).await?;
        if answer.status() != StatusCode::OK {
            return Err(refusal(answer).await);
        }
        let bytes = answer.bytes().await.map_err(|e| unreachable(&e))?;
        let page: Page = serde_json::from_slice(&bytes)
            .map_err(|e| Failure::new(format!("the server's answer cannot be read: {e}")))?;
        for tuple in &page.permissions {
            let text = if format == Format::Text { line(tuple) } else { json_line(tuple) };
            writeln!(out, "{text}")?;
        }
        rows += u64::try_from(page.permissions.len()).unwrap_or_default();
        if path.is_some() {
            progress.show(0, rows, "read");
        }
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    out.flush()?;
    progress.clear();
    Ok(())
}
