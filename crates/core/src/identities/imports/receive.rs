//! Receiving an import: piece by piece into the database, so that no more of it is in memory than one.

use std::sync::Arc;

use avnology_model::{
    Code, Error, FieldCode, Result,
    identities::{Import, ImportCounts, ImportRequest, ImportStatus, OnConflict},
    ids::ImportId,
};
use avnology_store::identities::imports as rows;

use super::{
    super::create::named_home,
    LINES, PIECE_BYTES, PIECE_LINES, SENDER_LEASE,
    lines::{Form, Lines},
    place, row,
    view::ImportView,
};
use crate::{Cx, Tenant, platform::take_bulk_turn};

/// How to import.
#[derive(Clone, Debug)]
pub struct NewImport {
    /// Whether nothing is written.
    pub dry_run: bool,
    /// What becomes of those who are there.
    pub on_conflict: OnConflict,
    /// The organization that everybody becomes a member of, by id or slug.
    pub organization_id: Option<String>,
    /// With which role.
    pub role: Option<String>,
}

/// An import that is being received.
pub struct Intake {
    app: Arc<Tenant>,
    import: Import,
    lines: Lines,
    found: Vec<(i64, Vec<u8>)>,
}

/// Begins an import. `_303`, `_300`, `_314`, `_902`, `_021`; `_801` while another one is not over.
pub async fn begin(app: &Arc<Tenant>, cx: &Cx, new: NewImport, form: Form) -> Result<Intake> {
    let home = named_home(app, cx, new.organization_id.as_deref(), new.role.as_deref()).await?;
    let import = Import {
        id: ImportId::new(cx.now, cx.random()),
        status: ImportStatus::Receiving,
        request: ImportRequest {
            dry_run: new.dry_run,
            on_conflict: new.on_conflict,
            membership: home.map(|home| (home.organization.id(), home.role)),
            actor: cx.actor.clone(),
            request_id: cx.request_id.to_string(),
        },
        pieces: 0,
        position: 0,
        counts: ImportCounts::default(),
        create_time: cx.now,
        finish_time: None,
    };
    take_bulk_turn(app, cx).await?;
    let (row, now) = (import.clone(), cx.now);
    let begun = app
        .store
        .identity()
        .write(move |tx| {
            rows::remove_abandoned(tx, now)?;
            rows::insert(tx, &row, now.plus_seconds(SENDER_LEASE))
        })
        .await?;
    begun.map_err(running)?;
    Ok(Intake { app: Arc::clone(app), import, lines: Lines::new(form), found: Vec::new() })
}

fn running(other: Option<ImportId>) -> Error {
    let error = Error::new(Code::JobRunning);
    match other {
        Some(id) => error.with_member("id", id.to_string()),
        None => error,
    }
}

impl Intake {
    /// Takes more of the body. `_900`; `_902` with too many lines.
    pub async fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.lines.push(bytes, &mut self.found)?;
        while self.is_full() {
            self.keep_piece().await?;
        }
        Ok(())
    }

    /// All of it came: it is to be worked on. `_900`.
    pub async fn finish(mut self) -> Result<ImportView> {
        if let Err(error) = self.keep_rest().await {
            self.abandon().await?;
            return Err(error);
        }
        let id = self.import.id;
        let kept = self.app.store.identity().write(move |tx| rows::received(tx, id)).await?;
        if !kept {
            return Err(running(None));
        }
        self.import.status = ImportStatus::Pending;
        Ok(ImportView::of(&self.import, Vec::new()))
    }

    /// The rest will not come: nothing of it is kept.
    pub async fn abandon(self) -> Result<()> {
        let id = self.import.id;
        self.app.store.identity().write(move |tx| rows::remove(tx, id)).await
    }

    async fn keep_rest(&mut self) -> Result<()> {
        self.lines.finish(&mut self.found)?;
        while !self.found.is_empty() {
            self.keep_piece().await?;
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.found.len() >= PIECE_LINES
            || self.found.iter().map(|(_, l)| l.len()).sum::<usize>() >= PIECE_BYTES
    }

    /// Keeps the next piece of what was found.
    async fn keep_piece(&mut self) -> Result<()> {
        let (mut count, mut size) = (0, 0);
        for (_, line) in self.found.iter().take(PIECE_LINES) {
            count += 1;
            size += line.len();
            if size >= PIECE_BYTES {
                break;
            }
        }
        let mut piece = Vec::with_capacity(size + count * 8);
        for (number, line) in self.found.drain(..count) {
            piece.extend_from_slice(format!("{number}\t").as_bytes());
            piece.extend_from_slice(&line);
            piece.push(b'\n');
        }
        let lines = i64::try_from(count).map_err(Error::internal)?;
        self.import.counts.total += lines;
        if usize::try_from(self.import.counts.total).unwrap_or(usize::MAX) > LINES {
            return Err(Error::field("body", FieldCode::TooLong, "At most 50,000 lines."));
        }
        let (id, number) = (self.import.id, self.import.pieces);
        let sealed = self.app.keys.seal(&place(&row(id, number)), &piece)?;
        let lease = self.app.now().plus_seconds(SENDER_LEASE);
        let kept = self
            .app
            .store
            .identity()
            .write(move |tx| rows::add_piece(tx, id, (lines, &sealed), lease))
            .await?;
        self.import.pieces += 1;
        // Whoever sends too slowly loses the place to another.
        if kept { Ok(()) } else { Err(running(None)) }
    }
}
