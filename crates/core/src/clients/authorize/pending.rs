//! A request that waits while the person is at a page: 30 minutes, for one browser, known by its `login_challenge`.

use avnology_model::{
    Result, Timestamp,
    clients::AuthorizationRequestRow,
    ids::ClientId,
    secret_token::{SecretHash, sha256},
};
use avnology_oauth::Params;
use avnology_store::clients::{pushed_requests, requests};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

use super::source;
use crate::{Cx, Tenant, clients::registration};

/// How long it waits, in seconds.
const LIFETIME: i64 = 30 * 60;

/// A request, kept or new.
pub(super) struct Pending {
    pub(super) row: AuthorizationRequestRow,
    pub(super) params: Params,
    challenge: String,
    is_kept: bool,
}

impl Pending {
    /// A request that begins.
    pub(super) fn begin(cx: &Cx, params: Params, holder: SecretHash) -> Self {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(cx.random::<32>());
        let row = AuthorizationRequestRow {
            hash: sha256(challenge.as_bytes()),
            // Judged before the request is kept.
            client_id: ClientId::from_bytes([0; 16]),
            parameters: params.to_query(),
            holder,
            began_at: cx.now,
            account_was_chosen: false,
            consented_by: None,
            consented_scopes: Vec::new(),
            chosen_organization: None,
            expires_at: cx.now.plus_seconds(LIFETIME),
        };
        Self { row, params, challenge, is_kept: false }
    }

    /// When it began.
    pub(super) fn began_at(&self) -> Timestamp {
        self.row.began_at
    }

    /// A path of ours that goes on with it.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{path}?login_challenge={}", self.challenge)
    }

    /// Keeps it for the next visit.
    pub(super) async fn keep(&mut self, app: &Tenant) -> Result<()> {
        if self.is_kept {
            return Ok(());
        }
        if let Some(client) = self.params.get("client_id").and_then(registration::id_named) {
            self.row.client_id = client;
        }
        let row = self.row.clone();
        app.store.identity().write(move |tx| requests::insert(tx, &row)).await?;
        self.is_kept = true;
        Ok(())
    }

    /// Writes what the person decided.
    pub(super) async fn save(&self, app: &Tenant) -> Result<()> {
        let row = self.row.clone();
        app.store.identity().write(move |tx| requests::update(tx, &row)).await
    }

    /// Ends it, if it was kept, and uses it up, if it was pushed.
    pub(super) async fn end(&self, app: &Tenant, now: Timestamp) -> Result<()> {
        let (kept, pushed) = (self.kept_as(), self.pushed_as());
        if kept.is_none() && pushed.is_none() {
            return Ok(());
        }
        let write = app.store.identity().write(move |tx| {
            if let Some(hash) = kept {
                requests::end(tx, &hash)?;
            }
            if let Some(hash) = pushed {
                pushed_requests::use_once(tx, &hash, now)?;
            }
            Ok(())
        });
        write.await
    }

    /// Under which hash it is kept; none for one that was never kept.
    pub(super) fn kept_as(&self) -> Option<SecretHash> {
        self.is_kept.then_some(self.row.hash)
    }

    /// Under which hash it was pushed; none for one that came through the browser.
    pub(super) fn pushed_as(&self) -> Option<SecretHash> {
        source::pushed_as(&self.params)
    }
}

/// The request with this challenge, if this browser began it and it waits still.
pub(super) async fn find(
    app: &Tenant,
    cx: &Cx,
    challenge: &str,
    holder: SecretHash,
) -> Result<Option<Pending>> {
    let hash = sha256(challenge.as_bytes());
    let row = app.store.identity().read(move |tx| requests::find(tx, &hash)).await?;
    let Some(row) = row.filter(|row| is_good(row, cx, &holder)) else { return Ok(None) };
    let Ok(params) = Params::parse(row.parameters.as_bytes()) else { return Ok(None) };
    Ok(Some(Pending { row, params, challenge: challenge.to_owned(), is_kept: true }))
}

/// The client of a request that is kept, but over, or another browser's; and whether this browser began it.
pub(super) async fn client_of_stale(
    app: &Tenant,
    cx: &Cx,
    challenge: &str,
    holder: SecretHash,
) -> Result<Option<(ClientId, bool)>> {
    let hash = sha256(challenge.as_bytes());
    let row = app.store.identity().read(move |tx| requests::find(tx, &hash)).await?;
    let row = row.filter(|row| !is_good(row, cx, &holder));
    Ok(row.map(|row| (row.client_id, is_begun_by(&row, &holder))))
}

fn is_good(row: &AuthorizationRequestRow, cx: &Cx, holder: &SecretHash) -> bool {
    row.expires_at > cx.now && is_begun_by(row, holder)
}

fn is_begun_by(row: &AuthorizationRequestRow, holder: &SecretHash) -> bool {
    verify_slices_are_equal(&row.holder, holder).is_ok()
}
