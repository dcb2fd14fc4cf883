//! Exports and their files, kept in pieces beside the log that they are of.

use avnology_model::{Error, Result, Timestamp, audit::Export, ids::ExportId};

use crate::{Row, Tx, params};

crate::statements! {
    INSERT = "INSERT INTO audit_exports (id, status, request, last_sequence, position, size, event_count, create_time, \
        expire_time) VALUES ($1, $2, $3, $4, 0, 0, 0, $5, $6)";
    BY_ID = "SELECT id, status, request, last_sequence, position, size, event_count, sha256, checkpoint, create_time, \
        finish_time, expire_time FROM audit_exports WHERE id = $1";
    NEXT = "SELECT id, status, request, last_sequence, position, size, event_count, sha256, checkpoint, create_time, \
        finish_time, expire_time FROM audit_exports WHERE status = 'pending' ORDER BY create_time, id LIMIT 1";
    RUNNING = "SELECT id FROM audit_exports WHERE status = 'pending' ORDER BY create_time, id";
    PROGRESS = "UPDATE audit_exports SET last_sequence = $3, position = $4, size = $5, event_count = $6 \
        WHERE id = $1 AND position = $2 AND status = 'pending'";
    FINISH = "UPDATE audit_exports SET status = $2, sha256 = $3, checkpoint = $4, finish_time = $5, expire_time = $6 \
        WHERE id = $1 AND status = 'pending'";
    INSERT_CHUNK = "INSERT INTO audit_export_chunks (export_id, start, data) VALUES ($1, $2, $3)";
    CHUNK = "SELECT start, data FROM audit_export_chunks WHERE export_id = $1 AND start <= $2 \
        ORDER BY start DESC LIMIT 1";
    EXPIRED = "SELECT id FROM audit_exports WHERE expire_time <= $1 AND status <> 'pending'";
    IS_OVER = "SELECT EXISTS (SELECT 1 FROM audit_exports WHERE expire_time <= $1 AND status <> 'pending')";
    REMOVE_CHUNKS = "DELETE FROM audit_export_chunks WHERE export_id = $1";
    REMOVE = "DELETE FROM audit_exports WHERE id = $1 AND expire_time <= $2";
}

fn from_row(row: &mut Row) -> Result<Export> {
    Ok(Export {
        id: row.take()?,
        status: row.take()?,
        request: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        last_sequence: row.take()?,
        position: row.take()?,
        size: row.take()?,
        event_count: row.take()?,
        sha256: row.take()?,
        checkpoint: row.take()?,
        create_time: row.take()?,
        finish_time: row.take()?,
        expire_time: row.take()?,
    })
}

/// Adds an export that is to be written.
pub fn insert(tx: &mut Tx<'_>, export: &Export) -> Result<()> {
    let request = serde_json::to_value(&export.request).map_err(Error::internal)?;
    let params = params![
        export.id,
        export.status,
        request,
        export.last_sequence,
        export.create_time,
        export.expire_time,
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// The export with this id.
pub fn find(tx: &mut Tx<'_>, id: ExportId) -> Result<Option<Export>> {
    tx.query_one(&BY_ID, &params![id])?.as_mut().map(from_row).transpose()
}

/// The oldest export that is to be written.
pub fn next(tx: &mut Tx<'_>) -> Result<Option<Export>> {
    tx.query_one(&NEXT, &params![])?.as_mut().map(from_row).transpose()
}

/// The exports that are being written, the oldest first.
pub fn running(tx: &mut Tx<'_>) -> Result<Vec<String>> {
    tx.query(&RUNNING, &params![])?.into_iter().map(|mut row| row.take()).collect()
}

/// Adds a piece to the file of an export that stood at `before`; `false` when somebody else did meanwhile.
pub fn add(tx: &mut Tx<'_>, before: &Export, after: &Export, data: &[u8]) -> Result<bool> {
    let params = params![
        before.id,
        before.position,
        after.last_sequence,
        after.position,
        after.size,
        after.event_count
    ];
    if tx.execute(&PROGRESS, &params)? == 0 {
        return Ok(false);
    }
    if !data.is_empty() {
        tx.execute(&INSERT_CHUNK, &params![before.id, before.size, data])?;
    }
    Ok(true)
}

/// Ends an export as `export` says; `false` when it had ended.
pub fn finish(tx: &mut Tx<'_>, export: &Export) -> Result<bool> {
    let params = params![
        export.id,
        export.status,
        export.sha256.as_ref(),
        export.checkpoint.as_ref(),
        export.finish_time,
        export.expire_time,
    ];
    Ok(tx.execute(&FINISH, &params)? > 0)
}

/// The piece of a file that holds the byte at `at`, and where the piece begins.
pub fn chunk(tx: &mut Tx<'_>, id: ExportId, at: i64) -> Result<Option<(i64, Vec<u8>)>> {
    let row = tx.query_one(&CHUNK, &params![id, at])?;
    row.map(|mut row| Ok((row.take()?, row.take()?))).transpose()
}

/// Whether there is an export whose time is over.
pub fn is_any_over(tx: &mut Tx<'_>, now: Timestamp) -> Result<bool> {
    tx.query_one(&IS_OVER, &params![now])?.map_or(Ok(false), |mut row| row.take())
}

/// Removes the files whose time is over, and the exports that were over a while before.
pub fn purge(tx: &mut Tx<'_>, now: Timestamp, forgotten: Timestamp) -> Result<()> {
    for mut row in tx.query(&EXPIRED, &params![now])? {
        let id: String = row.take()?;
        tx.execute(&REMOVE_CHUNKS, &params![&id])?;
        tx.execute(&REMOVE, &params![id, forgotten])?;
    }
    Ok(())
}
