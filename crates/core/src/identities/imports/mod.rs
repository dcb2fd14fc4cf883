//! Imports of identities (`contract/10` §4): received in pieces, kept sealed, and worked on by whichever node comes first.
//!
//! `lines` cuts what is sent, `receive` keeps it, `line` reads one line, `prepare` does what no transaction may (hashing),
//! `apply` writes it, and `work` goes from piece to piece.

mod apply;
mod line;
mod lines;
mod prepare;
mod receive;
mod view;
mod work;

pub use line::ImportBody;
pub use lines::Form as ImportForm;
pub use receive::{Intake, NewImport, begin};
pub use view::{ImportView, get, purge};
pub use work::{run, work};

use avnology_model::ids::ImportId;

/// Most bytes of a request.
pub const IMPORT_BYTES: usize = 16 << 20;
/// Most lines of a request.
const LINES: usize = 50_000;
/// Longest line, in bytes.
const LINE: usize = 256 << 10;
/// Lines of a piece, which is one transaction.
const PIECE_LINES: usize = 250;
/// Bytes after which a piece is full.
const PIECE_BYTES: usize = 256 << 10;
/// After how long of silence whoever sends an import is taken to have gone away, in seconds.
const SENDER_LEASE: i64 = 60;
/// After how long of silence whoever works on an import is taken to have died, in seconds.
const LEASE: i64 = 30;

fn place(row: &str) -> crate::platform::Place<'_> {
    crate::platform::Place { table: "import_pieces", row, column: "data" }
}

/// What tells a piece from all others, so that none can be put in another's place.
fn row(id: ImportId, number: i64) -> String {
    format!("{id}/{number}")
}
