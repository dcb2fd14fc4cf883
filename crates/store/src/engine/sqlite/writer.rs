//! The thread that writes: takes what waits, a few dozen closures at a time, and commits them together.

use std::{sync::Arc, thread::JoinHandle, time::Duration};

use avnology_model::{Error, Result};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{Database, job::Job};
use crate::engine::Failure;

/// Closures that share one commit at most.
const GROUP: usize = 64;
/// Closures that may wait; more callers wait outside, and are refused after [`PATIENCE`].
const QUEUE: usize = 1_024;
const PATIENCE: Duration = Duration::from_secs(5);

/// A job and the database it is for.
pub(super) struct Request {
    pub(super) database: Arc<Database>,
    pub(super) job: Box<dyn Job>,
}

/// The way to a writing thread. The thread ends when every way to it is gone or [`Writer::stop`] was called.
#[derive(Clone)]
pub(crate) struct Writer {
    sender: mpsc::Sender<Option<Request>>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Writer {
    /// Starts a thread of this name.
    pub(crate) fn start(name: String) -> Result<Self> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new().name(name).spawn(move || serve(receiver));
        let thread = thread.map_err(Error::unavailable)?;
        Ok(Self { sender, thread: Arc::new(Mutex::new(Some(thread))) })
    }

    pub(super) async fn send(&self, request: Request) -> Result<()> {
        let sent = self.sender.send_timeout(Some(request), PATIENCE).await;
        sent.map_err(|_| Error::unavailable("the writer is overloaded or stopped"))
    }

    /// Lets the thread finish what waits, and waits for its end.
    pub(crate) async fn stop(&self) {
        if self.sender.send(None).await.is_err() {
            return;
        }
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

fn serve(mut receiver: mpsc::Receiver<Option<Request>>) {
    while let Some(Some(first)) = receiver.blocking_recv() {
        let mut waiting = vec![first];
        let mut last = false;
        while waiting.len() < GROUP {
            match receiver.try_recv() {
                Ok(Some(request)) => waiting.push(request),
                Ok(None) => {
                    last = true;
                    break;
                }
                Err(_) => break,
            }
        }
        for (database, jobs) in by_database(waiting) {
            commit_together(&database, jobs);
        }
        if last {
            return;
        }
    }
}

/// The closures that one database waits for.
type Group = (Arc<Database>, Vec<Box<dyn Job>>);

/// The same requests, sorted by database, each database's in the order they came.
fn by_database(requests: Vec<Request>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for Request { database, job } in requests {
        match groups.iter_mut().find(|(other, _)| Arc::ptr_eq(other, &database)) {
            Some((_, jobs)) => jobs.push(job),
            None => groups.push((database, vec![job])),
        }
    }
    groups
}

fn commit_together(database: &Database, mut jobs: Vec<Box<dyn Job>>) {
    let commit: Result<(), Failure> = database.commit(&mut jobs);
    for job in jobs {
        job.answer(&commit);
    }
}
