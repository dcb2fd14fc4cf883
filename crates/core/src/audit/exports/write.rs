//! Writing the file of an export, a piece at a time.

use avnology_aip::Key;
use avnology_model::{
    Error, Result,
    audit::{Export, ExportFormat, ExportStatus, Log, Record},
};
use avnology_store::{
    Tx,
    audit::{checkpoints, exports as rows, records},
    list::ListQuery,
};
use aws_lc_rs::digest::{Context, SHA256};

use super::{
    super::{
        home::{self, Home},
        view,
    },
    KEPT, csv,
    request::parse,
};
use crate::{Tenant, hex};

/// Records that one piece is made of.
const PIECE: u32 = 500;
/// Pieces that one visit writes: others wait for their turn, too.
const PIECES: usize = 20;

/// Goes on with the exports of a log; whether there is more to do.
pub(in crate::audit) async fn go_on(app: &Tenant, log: Log, home: &Home) -> Result<bool> {
    write_pieces(app, log, home, PIECES).await
}

/// Writes up to `pieces` pieces of the exports of a log; whether there is more to do.
pub async fn write_exports(app: &Tenant, log: Log, pieces: usize) -> Result<bool> {
    write_pieces(app, log, &home::open(app, log).await?, pieces).await
}

async fn write_pieces(app: &Tenant, log: Log, home: &Home, pieces: usize) -> Result<bool> {
    for _ in 0..pieces {
        let Some(export) = home.read(rows::next).await? else { return Ok(false) };
        let id = export.id;
        if let Err(error) = step(app, home, export.clone()).await {
            if error.is_failure() {
                return Err(error);
            }
            tracing::warn!(%log, export = %id, ?error, "an export cannot be written");
            let failed = Export { status: ExportStatus::Failed, finish_time: Some(app.now()), ..export };
            home.write(move |tx| rows::finish(tx, &failed)).await?;
        }
    }
    home.read(|tx| Ok(rows::next(tx)?.is_some())).await
}

/// Writes the next piece, or finishes the file.
async fn step(app: &Tenant, home: &Home, before: Export) -> Result<()> {
    let mut after = before.clone();
    if after.last_sequence == 0 {
        // All that was recorded when the first piece is written: what happened before the request is among it.
        after.last_sequence = home.read(|tx| Ok(records::head(tx)?.sequence)).await?;
    }
    let from = after.clone();
    let (found, next) = home.scan(move |tx| next(tx, &from)).await?;
    let mut text = String::new();
    if before.position == 0 && before.request.format == ExportFormat::Csv {
        text.push_str(&csv::head(&before.request.columns));
    }
    for record in &found {
        text.push_str(&line(&before, record));
    }
    let length = |n: usize| i64::try_from(n).map_err(Error::internal);
    // Never 0, which is the place before the first piece.
    after.position = next.unwrap_or(after.last_sequence).max(1);
    after.size += length(text.len())?;
    after.event_count += length(found.len())?;
    if after.position > before.position {
        let (before, after) = (before.clone(), after.clone());
        let data = text.into_bytes();
        // If not, another node was here first.
        if !home.write(move |tx| rows::add(tx, &before, &after, &data)).await? {
            return Ok(());
        }
    }
    if next.is_none() { finish(app, home, after).await } else { Ok(()) }
}

fn line(export: &Export, record: &Record) -> String {
    let shown = view::line(record, export.request.include_proof);
    match export.request.format {
        ExportFormat::Csv => csv::row(&export.request.columns, &shown),
        ExportFormat::JsonLines => format!("{shown}\n"),
    }
}

/// The next records of an export in the order of the chain, and after which number there may be more.
fn next(tx: &mut Tx<'_>, export: &Export) -> Result<(Vec<Record>, Option<i64>)> {
    let query = ListQuery {
        filter: parse(&export.request.filter)?,
        page_size: PIECE,
        after: (export.position > 0).then(|| vec![Key::Number(export.position)]),
        ..ListQuery::default()
    };
    let page = records::exported(tx, export, &query)?;
    let next = page.next.and_then(|position| match position.first() {
        Some(Key::Number(sequence)) => Some(*sequence),
        _ => None,
    });
    Ok((page.items, next))
}

async fn finish(app: &Tenant, home: &Home, export: Export) -> Result<()> {
    let mut hash = Context::new(&SHA256);
    let mut at = 0;
    while at < export.size {
        let id = export.id;
        let piece = home.read(move |tx| rows::chunk(tx, id, at)).await?;
        let (start, data) = piece.ok_or_else(|| Error::internal("a piece of an export is missing"))?;
        hash.update(&data);
        at = start + i64::try_from(data.len()).map_err(Error::internal)?;
    }
    let now = app.now();
    let sha256 = Some(hex(hash.finish().as_ref()));
    home.write(move |tx| {
        let checkpoint = checkpoints::last(tx)?.map(|last| last.jws);
        let finished = Export {
            status: ExportStatus::Complete,
            sha256: sha256.clone(),
            checkpoint,
            finish_time: Some(now),
            expire_time: now.plus_seconds(KEPT),
            ..export.clone()
        };
        rows::finish(tx, &finished).map(drop)
    })
    .await
}
