//! Packing the lines of an export into requests as large as the server takes them. A thread reads; no more than two requests
//! are in memory.

use std::{
    fs::File,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    Failure, Map,
    records::{self, Counted},
};

/// Most lines of a request.
const LINES: usize = 50_000;
/// Bytes of a request, with room for one more line below what the server takes.
const BYTES: usize = 15 << 20;

/// What is told of a row.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) row: u64,
    pub(super) external_id: Option<String>,
    pub(super) what: String,
}

/// One request, and what is told of rows before it.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) body: Vec<u8>,
    /// The row of the export that each line came from.
    pub(super) rows: Vec<u64>,
    /// Rows that are not imported.
    pub(super) refused: Vec<Told>,
    /// What of imported rows does not come along.
    pub(super) notes: Vec<Told>,
    /// How much of the export was read when this was packed, in per cent.
    pub(super) percent: u64,
}

/// The requests of an export, one after the other.
pub(super) type Batches = mpsc::Receiver<Result<Batch, String>>;

/// Begins to read an export.
pub(super) fn read(path: &Path, list: Option<&'static str>, map: Map) -> Result<Batches, Failure> {
    let unreadable = |why: std::io::Error| Failure::new(format!("{} cannot be read: {why}", path.display()));
    let file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let read = Arc::new(AtomicU64::new(0));
    let (sender, coming) = mpsc::channel(1);
    let (counted, path) = (Counted::new(file, Arc::clone(&read)), path.to_owned());
    let percent = move || (read.load(Ordering::Relaxed) * 100).checked_div(size).unwrap_or(100).min(100);
    tokio::task::spawn_blocking(move || {
        let mut packer = Packer { batch: Batch::default(), row: 0, map, percent: Box::new(percent), sender };
        let done = records::each(&path, counted, list, &mut |record| packer.take(&record));
        packer.send();
        if let Err(why) = done {
            let text = format!("{}, after row {}: {why}", path.display(), packer.row);
            // Nobody listens any more when the sending failed.
            let _ = packer.sender.blocking_send(Err(text));
        }
    });
    Ok(coming)
}

struct Packer {
    batch: Batch,
    row: u64,
    map: Map,
    percent: Box<dyn Fn() -> u64 + Send>,
    sender: mpsc::Sender<Result<Batch, String>>,
}

impl Packer {
    /// Takes a record; `false` when nobody wants more.
    fn take(&mut self, record: &Value) -> bool {
        self.row += 1;
        let row = self.row;
        match (self.map)(record) {
            Ok(line) => {
                let external_id = line.members.get("external_id").and_then(Value::as_str).map(str::to_owned);
                self.batch.notes.extend(line.notes.into_iter().map(|what| Told {
                    row,
                    external_id: external_id.clone(),
                    what,
                }));
                self.batch.body.extend_from_slice(Value::Object(line.members).to_string().as_bytes());
                self.batch.body.push(b'\n');
                self.batch.rows.push(row);
            }
            Err(what) => self.batch.refused.push(Told { row, external_id: None, what }),
        }
        let is_full = self.batch.rows.len() >= LINES
            || self.batch.body.len() >= BYTES
            || self.batch.refused.len() + self.batch.notes.len() >= LINES;
        !is_full || self.send()
    }

    fn send(&mut self) -> bool {
        self.batch.percent = (self.percent)();
        self.sender.blocking_send(Ok(std::mem::take(&mut self.batch))).is_ok()
    }
}
