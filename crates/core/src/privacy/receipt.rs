//! When everything of a person is gone from every database, a signed receipt says so (`contract/10` §9.3).
//!
//! The account itself goes in one transaction. The audit logs follow by event, and the log of events is gone over last, when
//! every follower has passed what it says about the person. Whatever is interrupted begins again: each step does nothing
//! the second time.

use std::sync::Arc;

use avnology_model::{
    Error, Result, Timestamp,
    audit::Log,
    ids::DeletionId,
    platform::SigningAlgorithm,
    privacy::{Category, DeletionRequest, DeletionStatus},
};
use avnology_store::{organizations::organizations, privacy::deletions as rows};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::{Tenant, audit, platform};

/// What the signatures of links to receipts are for.
const PURPOSE: &str = "deletion-receipt";
/// Type of the signed statement.
const TYP: &str = "avnology-deletion-receipt+jwt";
/// How long other nodes have to hear of a removal before the log forgets it, in seconds.
const HEARD: i64 = 60;
/// How many deletions are looked at together.
const BATCH: u32 = 20;

/// What is known of a deletion by its link.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeletionReceipt {
    /// Id of the deletion.
    #[schema(value_type = String)]
    pub deletion_id: DeletionId,
    /// Where it stands.
    pub status: DeletionStatus,
    /// When the account goes or went.
    #[schema(value_type = String, format = DateTime)]
    pub scheduled_for: Timestamp,
    /// When the account went.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub removed_at: Option<Timestamp>,
    /// When everything was gone, or the deletion was cancelled.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finish_time: Option<Timestamp>,
    /// The signed statement that everything is gone (JWS, ES256; its key is in the JWKS); null until then.
    pub receipt: Option<String>,
}

/// Where the receipt of a deletion is. Whoever has the link can read it: nobody can sign in any more.
pub(crate) fn receipt_url(app: &Tenant, id: DeletionId) -> String {
    let signature = app.keys.sign_link(PURPOSE, &id.to_string());
    format!("{}/v1/privacy/deletions/{id}:receipt?signature={signature}", app.config.origin())
}

/// The receipt of a deletion by its link. `_901` for a link of somebody's own making.
pub async fn get_receipt(app: &Tenant, id: DeletionId, signed: &str) -> Result<DeletionReceipt> {
    app.keys.check_link(PURPOSE, &id.to_string(), signed)?;
    let found = app.store.identity().read(move |tx| rows::find(tx, id)).await?;
    let request = found.ok_or_else(Error::not_found)?;
    Ok(DeletionReceipt {
        deletion_id: id,
        status: request.status,
        scheduled_for: request.scheduled_for,
        removed_at: request.removed_at,
        finish_time: request.finish_time,
        receipt: request.receipt,
    })
}

/// Goes over the deletions whose accounts are gone and signs the receipts of those of which nothing is left; how many. One
/// whose database is away waits for the next time.
pub async fn settle_deletions(app: &Arc<Tenant>) -> Result<usize> {
    let (mut signed, mut after) = (0, None);
    loop {
        let until = app.now().plus_seconds(-HEARD);
        let page = app.store.identity().read(move |tx| rows::erasing(tx, until, after, BATCH)).await?;
        let Some(last) = page.last() else { return Ok(signed) };
        after = Some(last.id);
        for request in page {
            match settle(app, &request).await {
                Ok(done) => signed += usize::from(done),
                Err(error) => {
                    tracing::warn!(deletion = %request.id, ?error, "a deletion is not at its end; it is looked at again");
                }
            }
        }
    }
}

async fn settle(app: &Tenant, request: &DeletionRequest) -> Result<bool> {
    let Some(person) = request.identity_id else { return Ok(false) };
    let id = request.id;
    let now = app.now();
    if app.store.identity().read(move |tx| rows::is_open(tx, id, person, now)).await? {
        return Ok(false);
    }
    // An organization that the person left long ago may not have taken its events over yet.
    let concerned = audit::concerned(app, person).await?;
    let (is_open, logs) = app
        .store
        .identity()
        .write(move |tx| {
            concerned.iter().try_for_each(|org| rows::add_log(tx, id, Log::Organization(*org)))?;
            Ok((rows::is_open(tx, id, person, now)?, rows::logs(tx, id)?))
        })
        .await?;
    if is_open || !audit::forget(app, Log::Tenant, person).await?.is_nothing {
        return Ok(false);
    }
    let mut databases = 1;
    for log in &logs {
        let Log::Organization(organization) = log.parse().map_err(Error::internal)? else { continue };
        // One that was destroyed took everything with it.
        let found = app.store.identity().read(move |tx| organizations::find(tx, organization)).await?;
        if found.is_some() && !audit::forget(app, Log::Organization(organization), person).await?.is_nothing {
            return Ok(false);
        }
        databases += 1;
    }
    sign(app, request, databases).await
}

async fn sign(app: &Tenant, request: &DeletionRequest, databases: usize) -> Result<bool> {
    let cx = app.system_cx();
    let categories: Vec<&str> = Category::ALL.iter().map(|category| category.as_str()).collect();
    let claims = json!({
        "iss": app.config.origin(), "iat": cx.now.seconds(), "deletion_id": request.id,
        "requested_at": request.create_time, "removed_at": request.removed_at, "completed_at": cx.now,
        "databases": databases, "categories": categories,
    });
    let Value::Object(claims) = claims else { return Ok(false) };
    let receipt = platform::signer(app, &cx, SigningAlgorithm::Es256).await?.sign(TYP, &claims)?;
    let (id, now) = (request.id, cx.now);
    app.store.identity().write(move |tx| rows::finish(tx, id, &receipt, now)).await
}
