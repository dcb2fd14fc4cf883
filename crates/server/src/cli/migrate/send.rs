//! Sending the requests one after the other, waiting for each job, and telling what came of it.

use std::{
    io::{Write as _, stderr, stdout},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use reqwest::{Client, Response, StatusCode, header};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use tokio::time::sleep;
use url::Url;

use super::{
    Failure, Options,
    batches::{Batch, Batches, Told},
};
use crate::cli::{
    progress::Progress,
    remote::{client, read, refusal, unreachable},
};

/// How often to look at a job.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long to wait for an import of somebody else before asking again.
const BUSY: Duration = Duration::from_secs(2);
/// How often to ask a server that does not answer before giving up on it.
const TRIES: u32 = 30;

/// A job, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
struct Job {
    id: String,
    status: String,
    total: u64,
    created: u64,
    updated: u64,
    skipped: u64,
    failed: u64,
    legacy: u64,
    errors: Vec<JobError>,
}

impl Job {
    /// Lines that it is done with.
    fn done(&self) -> u64 {
        self.created + self.updated + self.skipped + self.failed
    }
}

#[derive(Debug, Deserialize)]
struct JobError {
    line: u64,
    external_id: Option<String>,
    code: String,
    message: String,
}

#[derive(Debug, Default)]
struct Sum {
    rows: u64,
    created: u64,
    updated: u64,
    skipped: u64,
    failed: u64,
    legacy: u64,
}

/// Imports an export, and ends with what came of it however far it came. Whoever runs it once more goes on: rows that are
/// there are skipped.
pub(super) async fn all(options: &Options, mut batches: Batches) -> Result<(), Failure> {
    let server = Server::new(options)?;
    let (progress, mut sum) = (Progress::new(), Sum::default());
    let mut broken = None;
    let mut percent = 0;
    while let Some(batch) = batches.recv().await {
        let batch = match batch {
            Ok(batch) => batch,
            Err(why) => {
                broken = Some(Failure::new(why));
                break;
            }
        };
        let step = batch.percent.saturating_sub(percent);
        // How far it is while so many lines of the request are done.
        let show = |done: u64, of: u64, what: &str| {
            let part = (step * done).checked_div(of).unwrap_or_default();
            progress.show(percent + part, sum.rows + done, what);
        };
        show(0, 0, "sending");
        let job = if batch.rows.is_empty() {
            Job::default()
        } else {
            match server.import(&batch, &progress, &show).await {
                Ok(job) => job,
                Err(why) => {
                    broken = Some(why);
                    break;
                }
            }
        };
        progress.clear();
        tell(&batch, &job)?;
        sum.add(&batch, &job);
        percent = batch.percent;
    }
    progress.clear();
    sum.tell(options.dry_run)?;
    match (broken, sum.failed) {
        (Some(why), _) => Err(why),
        (None, 0) => Ok(()),
        (None, failed) => Err(Failure::new(format!("{failed} rows were not imported"))),
    }
}

impl Sum {
    fn add(&mut self, batch: &Batch, job: &Job) {
        let count = |list: usize| u64::try_from(list).unwrap_or(u64::MAX);
        self.rows += count(batch.rows.len() + batch.refused.len());
        self.created += job.created;
        self.updated += job.updated;
        self.skipped += job.skipped;
        self.failed += job.failed + count(batch.refused.len());
        self.legacy += job.legacy;
    }

    fn tell(&self, dry_run: bool) -> Result<(), Failure> {
        let Self { rows, created, updated, skipped, failed, legacy } = self;
        let mut out = stdout();
        let kind = if dry_run { " (dry run: nothing was written)" } else { "" };
        writeln!(
            out,
            "{rows} rows: {created} created, {updated} updated, {skipped} skipped, {failed} failed{kind}"
        )?;
        if *legacy > 0 {
            writeln!(out, "{legacy} passwords are hashed with MD5 or bare SHA until their owners sign in")?;
        }
        Ok(())
    }
}

/// Tells of each row that was not imported, and of what did not come along, in the order of the rows.
fn tell(batch: &Batch, job: &Job) -> Result<(), Failure> {
    let id = |id: &Option<String>| id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
    let mut told: Vec<(u64, String)> = Vec::new();
    for (kind, list) in [("failed", &batch.refused), ("note", &batch.notes)] {
        told.extend(list.iter().map(|Told { row, external_id, what }| {
            (*row, format!("row {row}{}: {kind}: {what}", id(external_id)))
        }));
    }
    for JobError { line, external_id, code, message } in &job.errors {
        let place = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        let row = batch.rows.get(place).copied().unwrap_or(*line);
        told.push((row, format!("row {row}{}: failed: {message} [{code}]", id(external_id))));
    }
    told.sort_by_key(|(row, _)| *row);
    let mut out = stdout();
    for (_, text) in told {
        writeln!(out, "{text}")?;
    }
    let untold = job.failed.saturating_sub(u64::try_from(job.errors.len()).unwrap_or(u64::MAX));
    if untold > 0 {
        writeln!(out, "{untold} more rows failed; the server keeps the first 1,000 of a request")?;
    }
    Ok(())
}

struct Server {
    client: Client,
    import: Url,
    authorization: String,
    /// Whether it ever answered: one that never did is not waited for.
    answered: AtomicBool,
}

impl Server {
    fn new(options: &Options) -> Result<Self, Failure> {
        let client = client()?;
        let mut import = options.url.clone();
        import.set_path("/v1/identities:import");
        {
            let mut query = import.query_pairs_mut();
            query.clear().append_pair("on_conflict", options.on_conflict.as_str());
            query.append_pair("dry_run", if options.dry_run { "true" } else { "false" });
            for (name, value) in [("organization_id", &options.organization), ("role", &options.role)] {
                query.extend_pairs(value.as_ref().map(|value| (name, value)));
            }
        }
        let authorization = format!("Bearer {}", options.api_key.expose_secret().trim());
        Ok(Self { client, import, authorization, answered: AtomicBool::new(false) })
    }

    /// Sends a request and waits for the end of its job.
    async fn import(
        &self,
        batch: &Batch,
        progress: &Progress,
        show: &impl Fn(u64, u64, &str),
    ) -> Result<Job, Failure> {
        let begun = self.begin(batch, progress).await?;
        let mut url = self.import.clone();
        url.set_path(&format!("/v1/identities/imports/{}", begun.id));
        url.set_query(None);
        let mut tries = 0;
        loop {
            sleep(LOOK_EVERY).await;
            let request = self.client.get(url.clone()).header(header::AUTHORIZATION, &self.authorization);
            let answer = request.send().await;
            let job: Job = match answer {
                Ok(answer) if answer.status() == StatusCode::OK => read(answer).await?,
                // A server that is started anew goes on with the job.
                Ok(answer) if tries < TRIES && answer.status().is_server_error() => {
                    tries += 1;
                    sleep(BUSY).await;
                    continue;
                }
                Err(_) if tries < TRIES => {
                    tries += 1;
                    sleep(BUSY).await;
                    continue;
                }
                Ok(answer) => return Err(refusal(answer).await),
                Err(error) => return Err(unreachable(&error)),
            };
            tries = 0;
            match job.status.as_str() {
                "completed" => return Ok(job),
                "failed" => return Err(Failure::new(format!("the server could not carry out {}", job.id))),
                _ => show(job.done(), job.total, "working"),
            }
        }
    }

    /// Begins a job, when it is our turn.
    async fn begin(&self, batch: &Batch, progress: &Progress) -> Result<Job, Failure> {
        let mut tries = 0;
        loop {
            let request = self
                .client
                .post(self.import.clone())
                .header(header::AUTHORIZATION, &self.authorization)
                .header(header::CONTENT_TYPE, "application/x-ndjson")
                .body(batch.body.clone());
            let answer = match request.send().await {
                Ok(answer) => answer,
                // It is being started anew, and got nothing of this.
                Err(error)
                    if error.is_connect() && self.answered.load(Ordering::Relaxed) && tries < TRIES =>
                {
                    tries += 1;
                    sleep(BUSY).await;
                    continue;
                }
                Err(error) => return Err(unreachable(&error)),
            };
            self.answered.store(true, Ordering::Relaxed);
            let wait = match answer.status() {
                StatusCode::ACCEPTED => return read(answer).await,
                StatusCode::TOO_MANY_REQUESTS => retry_after(&answer),
                StatusCode::CONFLICT => BUSY,
                StatusCode::SERVICE_UNAVAILABLE if tries < TRIES => {
                    tries += 1;
                    BUSY
                }
                _ => return Err(refusal(answer).await),
            };
            progress.clear();
            writeln!(stderr(), "avnology: the server takes the next rows in {} s", wait.as_secs())?;
            sleep(wait).await;
        }
    }
}

fn retry_after(answer: &Response) -> Duration {
    let seconds =
        answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(60))
}
