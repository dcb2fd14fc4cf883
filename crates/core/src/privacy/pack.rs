//! Packing what was gathered into one ZIP file, which is written to the database as it grows: memory holds one piece of it.

use std::{
    io::{self, Write},
    sync::Arc,
};

use avnology_model::{
    Error, Result,
    privacy::{Category, PrivacyExport, PrivacyExportStatus},
};
use avnology_store::privacy::exports as rows;
use aws_lc_rs::digest::{Context, SHA256};
use parking_lot::Mutex;
use serde_json::{Value, json};
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

use super::{
    exports::{KEPT, tell_completed},
    work::LEASE,
};
use crate::{Tenant, hex};

/// Bytes after which a piece goes to the database.
const PIECE: usize = 256 * 1024;

/// What the packer writes to, and what is taken from there.
#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that is being written.
struct File<'a> {
    app: &'a Tenant,
    export: PrivacyExport,
    buffer: Buffer,
    hash: Context,
}

impl File<'_> {
    /// Moves what was packed to the database, once it is a piece or when `all` of it is wanted; `false` when somebody else
    /// works on the copy.
    async fn flush(&mut self, all: bool, progress: i64) -> Result<bool> {
        let data = {
            let mut held = self.buffer.0.lock();
            if held.len() < PIECE && !all {
                return Ok(true);
            }
            std::mem::take(&mut *held)
        };
        self.hash.update(&data);
        let before = self.export.clone();
        let mut after = before.clone();
        after.size += i64::try_from(data.len()).map_err(Error::internal)?;
        after.version += 1;
        after.progress = after.progress.max(progress);
        self.export = after.clone();
        let due = self.app.now().plus_seconds(LEASE);
        self.app
            .store
            .identity()
            .write(move |tx| {
                if !rows::advance(tx, &before, &after, due)? {
                    return Ok(false);
                }
                if !data.is_empty() {
                    rows::add_chunk(tx, before.id, before.size, &data)?;
                }
                Ok(true)
            })
            .await
    }
}

/// Packs what was gathered from its begin and ends the copy. What a packer before this one left is removed first.
pub(super) async fn pack(app: &Tenant, export: PrivacyExport) -> Result<()> {
    let fresh = PrivacyExport { size: 0, version: export.version + 1, ..export.clone() };
    let (before, begun) = (export, fresh.clone());
    let due = app.now().plus_seconds(LEASE);
    let is_ours = app.store.identity().write(move |tx| {
        if !rows::advance(tx, &before, &begun, due)? {
            return Ok(false);
        }
        rows::drop_chunks(tx, before.id)?;
        Ok(true)
    });
    if !is_ours.await? {
        return Ok(());
    }
    let buffer = Buffer::default();
    let mut zip = ZipWriter::new_stream(buffer.clone());
    let mut file = File { app, export: fresh, buffer, hash: Context::new(&SHA256) };
    let mut files = Vec::new();
    for (done, category) in (0_i64..).zip(Category::ALL) {
        match add_category(&mut zip, &mut file, *category, 85 + done).await? {
            Some(entry) => files.push(entry),
            None => return Ok(()),
        }
    }
    let manifest = manifest(app, &file.export, &files)?;
    start(&mut zip, "manifest.json")?;
    zip.write_all(&manifest).map_err(Error::internal)?;
    zip.finish().map_err(Error::internal)?;
    if !file.flush(true, 99).await? {
        return Ok(());
    }
    complete(app, file).await
}

fn start(zip: &mut ZipWriter<StreamWriter<Buffer>>, name: &str) -> Result<()> {
    zip.start_file(name, SimpleFileOptions::default()).map_err(Error::internal)
}

/// Adds the file of a category; its line in the manifest, or `None` when somebody else works on the copy.
async fn add_category(
    zip: &mut ZipWriter<StreamWriter<Buffer>>,
    file: &mut File<'_>,
    category: Category,
    progress: i64,
) -> Result<Option<Value>> {
    let name = format!("{category}.json");
    start(zip, &name)?;
    let (mut size, mut hash) = (0_u64, Context::new(&SHA256));
    let mut write = |zip: &mut ZipWriter<StreamWriter<Buffer>>, data: &[u8]| -> Result<()> {
        hash.update(data);
        size += u64::try_from(data.len()).map_err(Error::internal)?;
        zip.write_all(data).map_err(Error::internal)
    };
    write(zip, format!("{{\"category\":\"{category}\",\"entries\":[\n").as_bytes())?;
    for ordinal in 0.. {
        let id = file.export.id;
        let part = file.app.store.identity().read(move |tx| rows::part(tx, id, category, ordinal)).await?;
        let Some(part) = part else { break };
        if ordinal > 0 {
            write(zip, b",\n")?;
        }
        write(zip, &part)?;
        if !file.flush(false, progress).await? {
            return Ok(None);
        }
    }
    write(zip, b"\n]}\n")?;
    let entries = file.export.state.entries.get(category.as_str()).copied().unwrap_or_default();
    Ok(Some(json!({
        "file": name, "category": category, "title": category.title(), "entries": entries, "bytes": size,
        "sha256": hex(hash.finish().as_ref()),
    })))
}

fn manifest(app: &Tenant, export: &PrivacyExport, files: &[Value]) -> Result<Vec<u8>> {
    let manifest = json!({
        "format_version": 1, "issuer": app.config.origin(), "export_id": export.id,
        "identity_id": export.identity_id, "requested_at": export.create_time, "made_at": app.now(),
        "files": files, "unavailable": export.state.missing,
    });
    let mut text = serde_json::to_vec_pretty(&manifest).map_err(Error::internal)?;
    text.push(b'\n');
    Ok(text)
}

async fn complete(app: &Tenant, file: File<'_>) -> Result<()> {
    let cx = app.system_cx();
    let before = file.export;
    let after = PrivacyExport {
        status: PrivacyExportStatus::Completed,
        progress: 100,
        sha256: Some(hex(file.hash.finish().as_ref())),
        expire_time: cx.now.plus_seconds(KEPT),
        ..before.clone()
    };
    let write = move |tx: &mut avnology_store::IdentityTx<'_>| {
        if rows::finish(tx, &before, &after)? {
            tell_completed(tx, &cx, &after)?;
        }
        Ok(())
    };
    app.store.identity().write(write).await
}
