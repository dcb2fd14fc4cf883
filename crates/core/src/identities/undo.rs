//! Taking back a change of address or phone, by the link that the old one was sent (`contract/11` §8).

use avnology_model::{
    Result, Timestamp,
    identities::Identity,
    secret_token::{SecretHash, SecretKind, SecretToken},
};
use avnology_store::{
    IdentityTx,
    flows::links::{self, Link},
};
use serde_json::json;

use super::{email, phone};
use crate::{Cx, Tenant};

/// How long a change can be undone, in seconds.
const UNDO_SECONDS: i64 = 72 * 60 * 60;

/// The link that undoes a change, drawn before the transaction.
#[derive(Clone)]
pub(crate) struct UndoLink {
    token: SecretToken,
    origin: String,
}

impl UndoLink {
    pub(crate) fn draw(app: &Tenant, cx: &Cx) -> Self {
        Self { token: cx.secret(SecretKind::Link), origin: app.config.origin() }
    }

    /// Makes the link back to `old` good for 72 h; what it is, and until when.
    pub(super) fn insert(
        &self,
        tx: &mut IdentityTx<'_>,
        cx: &Cx,
        identity: &Identity,
        (purpose, old): (&str, &str),
    ) -> Result<(String, Timestamp)> {
        let until = cx.now.plus_seconds(UNDO_SECONDS);
        let link = Link { identity_id: identity.id, data: json!({ "old": old, "changed_at": cx.now }) };
        links::insert(tx, &self.token.hash(), purpose, &link, cx.now, until)?;
        Ok((format!("{}/verify?undo={}", self.origin, self.token.expose()), until))
    }
}

/// What a link leads back to.
pub(super) fn old(link: &Link) -> Option<&str> {
    link.data.get("old").and_then(|old| old.as_str())
}

fn hash_of(token: &str) -> Option<SecretHash> {
    SecretToken::parse(token).filter(|token| token.kind() == SecretKind::Link).map(|token| token.hash())
}

/// The address or phone that the link of a change leads back to; `None` when it is unknown, too old or used. Nothing changes.
pub async fn peek(app: &Tenant, cx: &Cx, token: &str) -> Result<Option<String>> {
    let (Some(hash), now) = (hash_of(token), cx.now) else { return Ok(None) };
    let find = move |tx: &mut IdentityTx<'_>| match links::find(tx, &hash, email::UNDO, now)? {
        Some(link) => Ok(Some(link)),
        None => links::find(tx, &hash, phone::UNDO, now),
    };
    let link = app.store.identity().read(find).await?;
    Ok(link.and_then(|link| old(&link).map(str::to_owned)))
}

/// Undoes a change by the link that the old address or phone was sent, whatever was changed since: all sessions end. `false`
/// when the link is unknown, too old or used, or another account has taken the address or phone meanwhile.
pub async fn undo(app: &Tenant, cx: &Cx, token: &str) -> Result<bool> {
    let Some(hash) = hash_of(token) else { return Ok(false) };
    let cx = cx.clone();
    let undone = app.store.identity().write(move |tx| {
        if let Some(link) = links::take(tx, &hash, email::UNDO, cx.now)? {
            return email::undo(tx, &cx, &link);
        }
        match links::take(tx, &hash, phone::UNDO, cx.now)? {
            Some(link) => phone::undo(tx, &cx, &link),
            None => Ok(None),
        }
    });
    let hashes = undone.await?;
    let done = hashes.is_some();
    app.sessions.forget(&hashes.unwrap_or_default());
    Ok(done)
}
