//! Times of use are written in batches, at most once a minute and session; an unclean stop may lose the last minute.

use avnology_model::Result;
use avnology_store::{organizations::memberships, sessions::sessions};

use crate::Tenant;

/// Writes the uses noted since the last call; how many. To be called every few seconds and before a stop.
pub async fn flush_uses(app: &Tenant) -> Result<usize> {
    let uses = app.sessions.drain_uses();
    let count = uses.len();
    for batch in uses.chunks(500) {
        let batch = batch.to_vec();
        app.store.identity().write(move |tx| sessions::touch(tx, &batch)).await?;
    }
    let members = app.organizations.drain_uses();
    for batch in members.chunks(500) {
        let batch = batch.to_vec();
        app.store.identity().write(move |tx| memberships::touch(tx, &batch)).await?;
    }
    Ok(count + members.len())
}
