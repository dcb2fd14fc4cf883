//! Setting passwords.

use std::sync::Arc;

use avnology_model::{
    Result,
    events::{EventType, MessageRequest, MessageType},
    identities::Identity,
    ids::{CredentialId, IdentityId},
    platform::Precondition,
    sessions::RevokeReason,
};
use avnology_store::{IdentityTx, credentials::passwords, identities::identities};
use secrecy::SecretString;
use serde_json::json;

use super::{IdentityView, administer::administer, reach, words_of};
use crate::{
    Cx, Tenant,
    credentials::check_new_password,
    events::{emit, emit_message},
    sessions::end_trust,
};

/// A password that was checked and hashed and is to be stored.
#[derive(Clone, Debug)]
pub(crate) struct PasswordChange {
    pub(crate) credential: CredentialId,
    pub(crate) phc: String,
    /// `self`, `recovery` or `admin`.
    pub(crate) by: &'static str,
}

/// An administrator sets a password. `_901`, `_905`, `_010`, `_011`, `_024`.
pub async fn set(
    app: &Arc<Tenant>,
    cx: &Cx,
    id: IdentityId,
    expected: &Precondition,
    password: &SecretString,
    require_change: bool,
    revoke_sessions: bool,
) -> Result<IdentityView> {
    let policy = app.settings().settings.password_policy.clone();
    let history = policy.history;
    let first = cx.clone();
    let (identity, former) = app
        .store
        .identity()
        .read(move |tx| Ok((reach::manage(tx, &first, id)?, passwords::history(tx, id, history)?)))
        .await?;
    expected.check(&identity.etag())?;
    check_new_password(app, &policy, password, &words_of(&identity), &former).await?;
    let phc = app.hasher.hash(password, cx.random()).await?;
    let change = PasswordChange { credential: CredentialId::new(cx.now, cx.random()), phc, by: "admin" };
    let ends = revoke_sessions.then_some(RevokeReason::PasswordChanged);
    let store = move |tx: &mut IdentityTx<'_>, cx: &Cx, identity: &mut Identity| {
        identity.password_change_required = require_change;
        store_password(tx, cx, identity, &change)
    };
    administer(app, cx, id, expected, ends, store).await
}

/// Stores a password, tells of it in the log and to the person.
pub(crate) fn store_password(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &mut Identity,
    change: &PasswordChange,
) -> Result<()> {
    passwords::set(tx, identity.id, change.credential, &change.phc, cx.now)?;
    // Also where other sessions may go on.
    end_trust(tx, identity.id, None)?;
    identity.has_password = true;
    identities::update(tx, identity, cx.now)?;
    tell(tx, cx, identity, change.by)
}

/// Tells that a password was set, changed or removed.
pub(crate) fn tell(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &Identity, by: &str) -> Result<()> {
    let payload = json!({ "user_id": identity.id, "by": by });
    emit(tx, &cx.event(EventType::UserPasswordChanged, payload).on("identity", &identity.id))?;
    let Some(address) = identity.email.as_ref().filter(|_| identity.email_verified) else { return Ok(()) };
    let notice = MessageRequest::to_person(MessageType::PasswordChanged, address, identity);
    emit_message(tx, cx, &notice, None)
}
