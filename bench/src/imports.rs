//! Importing many people whose passwords are hashed already.

use std::{fmt::Write as _, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{Outcome, client::Client, server::Server};

/// People of one request: as many as it may have.
const BATCH: usize = 50_000;
/// How often is looked how far it is, and how much memory it takes.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long one request may take.
const PATIENCE: Duration = Duration::from_mins(10);
/// A hash that is never computed here.
const HASH: &str = "$2b$10$e2uWeP8jI9yp94Zr35aYtuFHHnZo7vi/8AVx3pBQz1thnbHgtaoRG";

/// What an import took.
pub(crate) struct Imported {
    pub(crate) people: usize,
    /// From the first byte that was sent to the end of the last job.
    pub(crate) took: Duration,
    /// The most memory of its own that the server had while each request was worked on, in MiB.
    pub(crate) peaks_mib: Vec<f64>,
}

/// Imports so many requests' worth of people, one request after the other.
pub(crate) async fn import(server: &Server, api_key: &str, requests: usize) -> Outcome<Imported> {
    let mut client = Client::connect(server.address).await?;
    let (mut took, mut peaks_mib) = (Duration::ZERO, Vec::new());
    for request in 0..requests {
        let lines = lines(request * BATCH)?;
        let begin = Instant::now();
        peaks_mib.push(send(server, &mut client, api_key, (&lines, BATCH)).await?);
        took += begin.elapsed();
    }
    Ok(Imported { people: requests * BATCH, took, peaks_mib })
}

/// Imports so many people, each a line, and waits for the end of it; the most memory that was seen.
pub(crate) async fn send(
    server: &Server,
    client: &mut Client,
    api_key: &str,
    (lines, count): (&[u8], usize),
) -> Outcome<f64> {
    let answer = client.post_lines("/v1/identities:import", api_key, lines).await?;
    if answer.status != 202 {
        return Err(format!("an import was answered {}", answer.status).into());
    }
    let id = text(&answer.json()?, "id");
    finish(server, client, api_key, &id, count).await
}

fn lines(first: usize) -> Outcome<Vec<u8>> {
    let mut lines = String::new();
    for number in first..first + BATCH {
        writeln!(
            lines,
            "{{\"external_id\":\"old|{number}\",\"email\":\"imported-{number}@example.com\",\"email_verified\":true,\
             \"first_name\":\"Ada\",\"last_name\":\"Lovelace\",\
             \"password_hash\":{{\"algorithm\":\"bcrypt\",\"encoded\":\"{HASH}\"}}}}"
        )?;
    }
    Ok(lines.into_bytes())
}

fn text(value: &serde_json::Value, name: &str) -> String {
    value.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

/// Waits for the end of a job; the most memory that was seen.
async fn finish(server: &Server, client: &mut Client, api_key: &str, id: &str, count: usize) -> Outcome<f64> {
    let begin = Instant::now();
    let (path, mut peak) = (format!("/v1/identities/imports/{id}"), 0.0_f64);
    while begin.elapsed() < PATIENCE {
        peak = peak.max(server.own_mib()?);
        let job = client.get(&path, Some(api_key)).await?.json()?;
        match text(&job, "status").as_str() {
            "completed"
                if job.get("created").and_then(serde_json::Value::as_u64) == u64::try_from(count).ok() =>
            {
                return Ok(peak);
            }
            "pending" | "running" => sleep(LOOK_EVERY).await,
            _ => return Err(format!("the import came to {job}").into()),
        }
    }
    Err("the import does not come to its end".into())
}
