//! Giving up a domain.

use std::sync::Arc;

use avnology_model::{Result, events::EventType, ids::DomainId};
use avnology_store::organizations::domains as rows;

use super::{super::Acting, event};
use crate::{Cx, Tenant, events::emit};

/// Removes a domain: nobody joins by it or is led here by it any more, members stay. `_901`.
pub async fn delete(app: &Arc<Tenant>, cx: &Cx, acting: &Acting, id: DomainId) -> Result<()> {
    let (organization, cx) = (acting.id(), cx.clone());
    let removed = app
        .store
        .identity()
        .write(move |tx| {
            let domain = rows::get(tx, organization, id)?;
            rows::delete(tx, id)?;
            emit(tx, &event(&cx, EventType::DomainRemoved, &domain))?;
            Ok(domain)
        })
        .await?;
    app.organizations.forget_domain(&removed.domain);
    Ok(())
}
