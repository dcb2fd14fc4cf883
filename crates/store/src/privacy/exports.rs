//! Copies of what is held about people: the work on them, what was gathered, and the files.

use avnology_model::{
    Error, Result, Timestamp,
    ids::{IdentityId, PrivacyExportId},
    privacy::{Category, PrivacyExport, PrivacyExportStatus},
};

use crate::{IdentityTx, Row, params};

crate::statements! {
    INSERT = "INSERT INTO privacy_exports (id, identity_id, requested_by, status, progress, state, version, size, due, \
        create_time, expire_time) VALUES ($1, $2, $3, $4, 0, $5, 0, 0, $6, $6, $7)";
    FIND = "SELECT id, identity_id, requested_by, status, progress, state, version, size, sha256, create_time, expire_time \
        FROM privacy_exports WHERE id = $1";
    OF_IDENTITY = "SELECT id, identity_id, requested_by, status, progress, state, version, size, sha256, create_time, \
        expire_time FROM privacy_exports WHERE identity_id = $1 ORDER BY create_time DESC, id DESC LIMIT $2";
    RUNNING = "SELECT id FROM privacy_exports WHERE identity_id = $1 AND status IN ('pending', 'running')";
    SINCE = "SELECT create_time FROM privacy_exports WHERE identity_id = $1 AND create_time > $2 AND requested_by IS NULL \
        ORDER BY create_time";
    IS_DUE = "SELECT EXISTS (SELECT 1 FROM privacy_exports WHERE status IN ('pending', 'running') AND due <= $1)";
    CLAIM = "UPDATE privacy_exports SET due = $2, status = 'running', version = version + 1 WHERE id IN \
        (SELECT id FROM privacy_exports WHERE status IN ('pending', 'running') AND due <= $1 ORDER BY due LIMIT 1 {skip_locked}) \
        RETURNING id, identity_id, requested_by, status, progress, state, version, size, sha256, create_time, expire_time";
    ADVANCE = "UPDATE privacy_exports SET version = version + 1, progress = $3, state = $4, size = $5, due = $6 \
        WHERE id = $1 AND version = $2 AND status = 'running'";
    FINISH = "UPDATE privacy_exports SET version = version + 1, status = $3, progress = $4, size = $5, sha256 = $6, \
        expire_time = $7 WHERE id = $1 AND version = $2 AND status = 'running'";
    INSERT_PART = "INSERT INTO privacy_export_parts (export_id, category, ordinal, data) VALUES ($1, $2, $3, $4)";
    PART = "SELECT data FROM privacy_export_parts WHERE export_id = $1 AND category = $2 AND ordinal = $3";
    DROP_PARTS = "DELETE FROM privacy_export_parts WHERE export_id = $1";
    INSERT_CHUNK = "INSERT INTO privacy_export_chunks (export_id, start, data) VALUES ($1, $2, $3)";
    CHUNK = "SELECT start, data FROM privacy_export_chunks WHERE export_id = $1 AND start <= $2 ORDER BY start DESC LIMIT 1";
    DROP_CHUNKS = "DELETE FROM privacy_export_chunks WHERE export_id = $1";
    IDS_OF = "SELECT id FROM privacy_exports WHERE identity_id = $1";
    EXPIRED = "SELECT id FROM privacy_exports WHERE expire_time <= $1 AND status IN ('completed', 'failed') LIMIT 100";
    REMOVE = "DELETE FROM privacy_exports WHERE id = $1";
    REMOVE_OLD = "DELETE FROM privacy_exports WHERE expire_time <= $1 AND status IN ('completed', 'failed')";
}

fn from_row(row: &mut Row) -> Result<PrivacyExport> {
    Ok(PrivacyExport {
        id: row.take()?,
        identity_id: row.take()?,
        requested_by: row.take()?,
        status: row.take()?,
        progress: row.take()?,
        state: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        version: row.take()?,
        size: row.take()?,
        sha256: row.take()?,
        create_time: row.take()?,
        expire_time: row.take()?,
    })
}

/// Adds a copy that is to be made.
pub fn insert(tx: &mut IdentityTx<'_>, export: &PrivacyExport) -> Result<()> {
    let params = params![
        export.id,
        export.identity_id,
        export.requested_by.as_ref(),
        export.status,
        serde_json::to_value(&export.state).map_err(Error::internal)?,
        export.create_time,
        export.expire_time,
    ];
    tx.execute(&INSERT, &params).map(drop)
}

/// The copy with this id.
pub fn find(tx: &mut IdentityTx<'_>, id: PrivacyExportId) -> Result<Option<PrivacyExport>> {
    tx.query_one(&FIND, &params![id])?.as_mut().map(from_row).transpose()
}

/// The newest copies of an identity's data.
pub fn of_identity(tx: &mut IdentityTx<'_>, identity: IdentityId, limit: u32) -> Result<Vec<PrivacyExport>> {
    tx.query(&OF_IDENTITY, &params![identity, limit])?.iter_mut().map(from_row).collect()
}

/// The copy that is being made of an identity's data.
pub fn running(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Option<PrivacyExportId>> {
    tx.query_one(&RUNNING, &params![identity])?.map(|mut row| row.take()).transpose()
}

/// When an identity asked for copies since `since`, the oldest first.
pub fn asked_since(
    tx: &mut IdentityTx<'_>,
    identity: IdentityId,
    since: Timestamp,
) -> Result<Vec<Timestamp>> {
    tx.query(&SINCE, &params![identity, since])?.into_iter().map(|mut row| row.take()).collect()
}

/// Whether there is a copy to be worked on.
pub fn is_any_due(tx: &mut IdentityTx<'_>, now: Timestamp) -> Result<bool> {
    tx.query_one(&IS_DUE, &params![now])?.map_or(Ok(false), |mut row| row.take())
}

/// Takes a copy that is to be worked on. Who does not go on by `lease` is taken to have died.
pub fn claim(tx: &mut IdentityTx<'_>, now: Timestamp, lease: Timestamp) -> Result<Option<PrivacyExport>> {
    tx.query_one(&CLAIM, &params![now, lease])?.as_mut().map(from_row).transpose()
}

/// Notes how far a copy is, which stood at `before`; whether nobody else did meanwhile. It is due again at `due`.
pub fn advance(
    tx: &mut IdentityTx<'_>,
    before: &PrivacyExport,
    after: &PrivacyExport,
    due: Timestamp,
) -> Result<bool> {
    let state = serde_json::to_value(&after.state).map_err(Error::internal)?;
    let params = params![before.id, before.version, after.progress, state, after.size, due];
    Ok(tx.execute(&ADVANCE, &params)? > 0)
}

/// Ends a copy as `after` says; whether nobody else did. What was gathered is packed, and goes.
pub fn finish(tx: &mut IdentityTx<'_>, before: &PrivacyExport, after: &PrivacyExport) -> Result<bool> {
    let params = params![
        before.id,
        before.version,
        after.status,
        after.progress,
        after.size,
        after.sha256.as_ref(),
        after.expire_time,
    ];
    if tx.execute(&FINISH, &params)? == 0 {
        return Ok(false);
    }
    tx.execute(&DROP_PARTS, &params![before.id])?;
    if after.status == PrivacyExportStatus::Failed {
        tx.execute(&DROP_CHUNKS, &params![before.id])?;
    }
    Ok(true)
}

/// Adds what was gathered of a category.
pub fn add_part(
    tx: &mut IdentityTx<'_>,
    id: PrivacyExportId,
    category: Category,
    ordinal: i64,
    data: &[u8],
) -> Result<()> {
    tx.execute(&INSERT_PART, &params![id, category, ordinal, data]).map(drop)
}

/// A piece of what was gathered of a category.
pub fn part(
    tx: &mut IdentityTx<'_>,
    id: PrivacyExportId,
    category: Category,
    ordinal: i64,
) -> Result<Option<Vec<u8>>> {
    tx.query_one(&PART, &params![id, category, ordinal])?.map(|mut row| row.take()).transpose()
}

/// Adds a piece of the file.
pub fn add_chunk(tx: &mut IdentityTx<'_>, id: PrivacyExportId, start: i64, data: &[u8]) -> Result<()> {
    tx.execute(&INSERT_CHUNK, &params![id, start, data]).map(drop)
}

/// The piece of a file that holds the byte at `at`, and where the piece begins.
pub fn chunk(tx: &mut IdentityTx<'_>, id: PrivacyExportId, at: i64) -> Result<Option<(i64, Vec<u8>)>> {
    let row = tx.query_one(&CHUNK, &params![id, at])?;
    row.map(|mut row| Ok((row.take()?, row.take()?))).transpose()
}

/// Removes what there is of a file.
pub fn drop_chunks(tx: &mut IdentityTx<'_>, id: PrivacyExportId) -> Result<()> {
    tx.execute(&DROP_CHUNKS, &params![id]).map(drop)
}

/// Removes the copies of an identity's data.
pub fn erase(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    for mut row in tx.query(&IDS_OF, &params![identity])? {
        let id: String = row.take()?;
        for statement in [&DROP_PARTS, &DROP_CHUNKS, &REMOVE] {
            tx.execute(statement, &params![&id])?;
        }
    }
    Ok(())
}

/// Removes files whose time is over, and forgets the copies whose time was over at `forgotten`.
pub fn purge(tx: &mut IdentityTx<'_>, now: Timestamp, forgotten: Timestamp) -> Result<()> {
    for mut row in tx.query(&EXPIRED, &params![now])? {
        let id: String = row.take()?;
        tx.execute(&DROP_CHUNKS, &params![&id])?;
    }
    tx.execute(&REMOVE_OLD, &params![forgotten]).map(drop)
}
