//! Imports of identities: jobs, the pieces they were given, and their errors.

use avnology_model::{
    Error, Result, Timestamp,
    identities::{Import, ImportCounts, ImportError, ImportStatus},
    ids::ImportId,
};

use crate::{IdentityTx, Row, params};

/// Most errors that are kept of one import.
const ERRORS: i64 = 1_000;

crate::statements! {
    INSERT = "INSERT INTO imports (id, status, slot, request, pieces, position, total, created, updated, skipped, failed, \
        legacy, claimed_until, create_time) VALUES ($1, 'receiving', 'one', $2, 0, 0, 0, 0, 0, 0, 0, 0, $3, $4)";
    UNFINISHED = "SELECT id FROM imports WHERE slot = 'one'";
    ABANDONED = "SELECT id FROM imports WHERE status = 'receiving' AND claimed_until <= $1";
    BY_ID = "SELECT id, status, request, pieces, position, total, created, updated, skipped, failed, legacy, create_time, \
        finish_time FROM imports WHERE id = $1";
    ADD = "UPDATE imports SET pieces = pieces + 1, total = total + $2, claimed_until = $3 WHERE id = $1 \
        AND status = 'receiving'";
    INSERT_PIECE = "INSERT INTO import_pieces (import_id, number, data) \
        VALUES ($1, (SELECT pieces - 1 FROM imports WHERE id = $1), $2)";
    RECEIVED = "UPDATE imports SET status = 'pending', claimed_until = 0 WHERE id = $1 AND status = 'receiving'";
    IS_DUE = "SELECT EXISTS (SELECT 1 FROM imports WHERE slot = 'one' AND claimed_until <= $1)";
    CLAIM = "UPDATE imports SET status = 'running', claimed_until = $2 WHERE slot = 'one' \
        AND status IN ('pending', 'running') AND claimed_until <= $1 \
        RETURNING id, status, request, pieces, position, total, created, updated, skipped, failed, legacy, create_time, \
        finish_time";
    RENEW = "UPDATE imports SET claimed_until = $2 WHERE id = $1 AND status = 'running'";
    PIECE = "SELECT data FROM import_pieces WHERE import_id = $1 AND number = $2";
    ADVANCE = "UPDATE imports SET position = position + 1, created = created + $3, updated = updated + $4, \
        skipped = skipped + $5, failed = failed + $6, legacy = legacy + $7, claimed_until = $8 \
        WHERE id = $1 AND position = $2 AND status = 'running'";
    INSERT_ERROR = "INSERT INTO import_errors (import_id, line, external_id, code, message) VALUES ($1, $2, $3, $4, $5)";
    ERRORS_OF = "SELECT line, external_id, code, message FROM import_errors WHERE import_id = $1 ORDER BY line LIMIT 1000";
    FINISH = "UPDATE imports SET status = $2, slot = NULL, finish_time = $3 WHERE id = $1 AND slot = 'one' \
        AND position >= $4";
    REMOVE_PIECES = "DELETE FROM import_pieces WHERE import_id = $1";
    REMOVE_ERRORS = "DELETE FROM import_errors WHERE import_id = $1";
    REMOVE = "DELETE FROM imports WHERE id = $1";
    OVER = "SELECT id FROM imports WHERE finish_time < $1";
}

fn from_row(row: &mut Row) -> Result<Import> {
    Ok(Import {
        id: row.take()?,
        status: row.take()?,
        request: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        pieces: row.take()?,
        position: row.take()?,
        counts: ImportCounts {
            total: row.take()?,
            created: row.take()?,
            updated: row.take()?,
            skipped: row.take()?,
            failed: row.take()?,
            legacy: row.take()?,
        },
        create_time: row.take()?,
        finish_time: row.take()?,
    })
}

/// Adds an import whose lines are to come. When there is one that is not over, which one, if that can be told.
pub fn insert(
    tx: &mut IdentityTx<'_>,
    import: &Import,
    claimed_until: Timestamp,
) -> Result<Result<(), Option<ImportId>>> {
    if let Some(mut row) = tx.query_one(&UNFINISHED, &params![])? {
        return Ok(Err(Some(row.take()?)));
    }
    let request = serde_json::to_value(&import.request).map_err(Error::internal)?;
    let params = params![import.id, request, claimed_until, import.create_time];
    // One that another node adds in this moment is not seen before the index tells.
    Ok(tx.execute_unique(&INSERT, &params)?.map(drop).map_err(|_| None))
}

/// Removes the imports whose sender went away.
pub fn remove_abandoned(tx: &mut IdentityTx<'_>, now: Timestamp) -> Result<()> {
    for mut row in tx.query(&ABANDONED, &params![now])? {
        let id: ImportId = row.take()?;
        remove(tx, id)?;
    }
    Ok(())
}

/// Removes an import and all that belongs to it.
pub fn remove(tx: &mut IdentityTx<'_>, id: ImportId) -> Result<()> {
    tx.execute(&REMOVE_PIECES, &params![id])?;
    tx.execute(&REMOVE_ERRORS, &params![id])?;
    tx.execute(&REMOVE, &params![id]).map(drop)
}

/// The import with this id.
pub fn find(tx: &mut IdentityTx<'_>, id: ImportId) -> Result<Option<Import>> {
    tx.query_one(&BY_ID, &params![id])?.as_mut().map(from_row).transpose()
}

/// Adds a piece of so many lines; `false` when the import is no longer being received.
pub fn add_piece(
    tx: &mut IdentityTx<'_>,
    id: ImportId,
    (lines, data): (i64, &[u8]),
    claimed_until: Timestamp,
) -> Result<bool> {
    if tx.execute(&ADD, &params![id, lines, claimed_until])? == 0 {
        return Ok(false);
    }
    tx.execute(&INSERT_PIECE, &params![id, data])?;
    Ok(true)
}

/// All lines are there; `false` when the import is no longer being received.
pub fn received(tx: &mut IdentityTx<'_>, id: ImportId) -> Result<bool> {
    Ok(tx.execute(&RECEIVED, &params![id])? > 0)
}

/// Whether there is an import to work on.
pub fn is_due(tx: &mut IdentityTx<'_>, now: Timestamp) -> Result<bool> {
    tx.query_one(&IS_DUE, &params![now])?.map_or(Ok(false), |mut row| row.take())
}

/// Takes the import that is to be worked on. Who does not renew it by `lease_until` is taken to have died.
pub fn claim(tx: &mut IdentityTx<'_>, now: Timestamp, lease_until: Timestamp) -> Result<Option<Import>> {
    tx.query_one(&CLAIM, &params![now, lease_until])?.as_mut().map(from_row).transpose()
}

/// Keeps a claim.
pub fn renew(tx: &mut IdentityTx<'_>, id: ImportId, lease_until: Timestamp) -> Result<()> {
    tx.execute(&RENEW, &params![id, lease_until]).map(drop)
}

/// The piece of this number.
pub fn piece(tx: &mut IdentityTx<'_>, id: ImportId, number: i64) -> Result<Option<Vec<u8>>> {
    tx.query_one(&PIECE, &params![id, number])?.map(|mut row| row.take()).transpose()
}

/// Moves on behind the piece at `position` with what came of it; `false` when somebody else did.
pub fn advance(
    tx: &mut IdentityTx<'_>,
    id: ImportId,
    position: i64,
    counts: &ImportCounts,
    lease_until: Timestamp,
) -> Result<bool> {
    let params = params![
        id,
        position,
        counts.created,
        counts.updated,
        counts.skipped,
        counts.failed,
        counts.legacy,
        lease_until,
    ];
    Ok(tx.execute(&ADVANCE, &params)? > 0)
}

/// Keeps errors, as long as there are fewer than a thousand; `before` is how many lines failed earlier.
pub fn add_errors(tx: &mut IdentityTx<'_>, id: ImportId, before: i64, errors: &[ImportError]) -> Result<()> {
    let room = usize::try_from(ERRORS.saturating_sub(before)).unwrap_or(0);
    for error in errors.iter().take(room) {
        let params = params![id, error.line, error.external_id.as_ref(), &error.code, &error.message];
        tx.execute(&INSERT_ERROR, &params)?;
    }
    Ok(())
}

/// The first errors.
pub fn errors(tx: &mut IdentityTx<'_>, id: ImportId) -> Result<Vec<ImportError>> {
    let rows = tx.query(&ERRORS_OF, &params![id])?;
    rows.into_iter()
        .map(|mut row| {
            Ok(ImportError {
                line: row.take()?,
                external_id: row.take()?,
                code: row.take()?,
                message: row.take()?,
            })
        })
        .collect()
}

/// Ends an import that stands at `position` or behind, and forgets its lines; `false` when it was over.
pub fn finish(
    tx: &mut IdentityTx<'_>,
    id: ImportId,
    status: ImportStatus,
    position: i64,
    now: Timestamp,
) -> Result<bool> {
    if tx.execute(&FINISH, &params![id, status, now, position])? == 0 {
        return Ok(false);
    }
    tx.execute(&REMOVE_PIECES, &params![id])?;
    Ok(true)
}

/// Removes the imports that were over before this time.
pub fn purge(tx: &mut IdentityTx<'_>, before: Timestamp) -> Result<()> {
    for mut row in tx.query(&OVER, &params![before])? {
        let id: ImportId = row.take()?;
        remove(tx, id)?;
    }
    Ok(())
}
