//! Times and addresses of use are written in batches, at most once a minute and key; an unclean stop may lose the last
//! minute.

use avnology_model::Result;
use avnology_store::service_accounts::keys;

use crate::Tenant;

/// Writes the uses noted since the last call; how many. To be called every few seconds and before a stop.
pub async fn flush_uses(app: &Tenant) -> Result<usize> {
    let uses = app.api_keys.drain_uses();
    for batch in uses.chunks(500) {
        let batch = batch.to_vec();
        app.store.identity().write(move |tx| keys::touch(tx, &batch)).await?;
    }
    Ok(uses.len())
}
