//! What people are told of a recovery of their factors, and the single-use link that cancels it.

use avnology_model::{
    Result, Timestamp,
    events::{MessageRequest, MessageType},
    flows::Channel,
    identities::{FactorRecovery, Identity},
    ids::FactorRecoveryId,
    secret_token::{SecretKind, SecretToken},
};
use avnology_store::{
    IdentityTx,
    flows::links::{self, Link},
};
use serde_json::json;

use crate::{
    Cx, Tenant,
    events::{Secrets, emit_message, seal_all},
    platform::Keys,
};

/// Purpose of the link that cancels.
pub(super) const CANCEL: &str = "cancel_factor_recovery";

/// The link that cancels a recovery of factors, drawn before the transaction.
#[derive(Clone)]
pub(crate) struct CancelLink {
    token: SecretToken,
    url: String,
    /// Whether a phone can be told, too.
    by_text: bool,
}

impl CancelLink {
    pub(crate) fn draw(app: &Tenant, cx: &Cx) -> Self {
        let token = cx.secret(SecretKind::Link);
        let url = format!("{}/account/factor-recovery?token={}", app.config.origin(), token.expose());
        Self { token, url, by_text: app.sends_texts() }
    }

    fn insert(&self, tx: &mut IdentityTx<'_>, recovery: &FactorRecovery, now: Timestamp) -> Result<()> {
        let link = Link { identity_id: recovery.identity_id, data: data(recovery.id) };
        links::insert(tx, &self.token.hash(), CANCEL, &link, now, recovery.expire_time)
    }
}

fn data(id: FactorRecoveryId) -> serde_json::Value {
    json!({ "factor_recovery_id": id })
}

/// The recovery that a link cancels.
pub(super) fn of_link(link: &Link) -> Option<FactorRecoveryId> {
    link.data.get("factor_recovery_id")?.as_str()?.parse().ok()
}

/// A link to complete a recovery, and until when it is good.
pub(super) struct CompleteLink {
    pub(super) url: String,
    pub(super) until: Timestamp,
}

/// Tells the person of a recovery that waits or that can be completed, with a new link that cancels it: by mail, and on their
/// proven phone. The link that completes goes to the mailbox alone.
pub(super) fn tell(
    tx: &mut IdentityTx<'_>,
    keys: &Keys,
    cx: &Cx,
    (identity, recovery): (&Identity, &FactorRecovery),
    kind: MessageType,
    cancel: &CancelLink,
    complete: Option<&CompleteLink>,
) -> Result<()> {
    cancel.insert(tx, recovery, cx.now)?;
    let mut message = MessageRequest::to_person(kind, &recovery.address, identity);
    message.until = Some(complete.map_or(recovery.effective_time, |link| link.until));
    let secrets = Secrets {
        link: complete.map(|link| link.url.as_str()),
        cancel_link: Some(&cancel.url),
        ..Secrets::default()
    };
    let sealed = seal_all(keys, &recovery.address, secrets)?;
    emit_message(tx, cx, &message, Some(&sealed))?;
    let phone = identity.phone.as_ref().filter(|_| identity.phone_verified && cancel.by_text);
    let Some(phone) = phone else { return Ok(()) };
    let secrets = Secrets { cancel_link: Some(&cancel.url), ..Secrets::default() };
    let text = MessageRequest { channel: Channel::Sms, to: phone.clone(), ..message };
    emit_message(tx, cx, &text, Some(&seal_all(keys, phone, secrets)?))
}

/// Tells the person that the factors stay.
pub(super) fn tell_cancelled(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &Identity,
    recovery: &FactorRecovery,
) -> Result<()> {
    let message =
        MessageRequest::to_person(MessageType::FactorRecoveryCancelled, &recovery.address, identity);
    emit_message(tx, cx, &message, None)
}
