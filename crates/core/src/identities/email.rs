//! Proving an address, and taking a pending one into use.

use avnology_model::{
    Error, Result, Timestamp,
    events::{EventType, MessageRequest, MessageType},
    identities::{Email, Identity},
    permissions::PlatformRole,
    secret_token::SecretHash,
    sessions::RevokeReason,
};
use avnology_store::{
    IdentityTx,
    credentials::passwords,
    flows::links::{self, Link},
    identities::identities,
    permissions::tuples,
    sessions::sessions as session_rows,
};
use serde_json::json;

use super::{
    factors::erase_factors,
    undo::{self, UndoLink},
};
use crate::{
    Cx,
    events::{emit, emit_message, seal},
    platform::Keys,
    sessions,
};

/// Purpose of the link that undoes a change of address.
pub(super) const UNDO: &str = "undo_email_change";

/// Notes that the present address is proven. The first such identity with the bootstrap address becomes platform
/// administrator when there is none.
pub(crate) fn mark_verified(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &mut Identity,
    bootstrap_admin: Option<&str>,
) -> Result<()> {
    if identity.email_verified || identity.email.is_none() {
        return Ok(());
    }
    identity.email_verified = true;
    identities::update(tx, identity, cx.now)?;
    let payload = json!({ "user_id": identity.id, "email": identity.email });
    emit(tx, &cx.event(EventType::UserEmailVerified, payload).on("identity", &identity.id))?;
    let bootstrap_key = bootstrap_admin.and_then(|a| Email::parse(a).ok()).map(|e| e.key().to_owned());
    if bootstrap_key.is_some()
        && bootstrap_key == identity.email_key
        && tuples::count_platform(tx, PlatformRole::Admin)? == 0
    {
        super::admin::grant(tx, cx, identity.id)?;
    }
    Ok(())
}

/// An account whose address was never proven may have been made by someone else: when its address is proven by other
/// means than the account's own, what was there before is removed (`contract/11` §5). The hashes of ended tokens.
pub(crate) fn prove_ownership(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &mut Identity,
    bootstrap_admin: Option<&str>,
) -> Result<Vec<SecretHash>> {
    if identity.email_verified {
        return Ok(Vec::new());
    }
    passwords::erase(tx, identity.id)?;
    if std::mem::take(&mut identity.has_password) {
        super::password::tell(tx, cx, identity, "recovery")?;
    }
    erase_factors(tx, identity.id)?;
    identity.mfa_methods.clear();
    identity.password_change_required = false;
    identity.pending_email = None;
    // A phone leads in as well, and whose it is nobody knows.
    identity.phone_verified = false;
    identity.pending_phone = None;
    links::erase(tx, identity.id)?;
    let hashes = sessions::end_all(tx, cx, identity.id, None, RevokeReason::FactorChanged)?;
    mark_verified(tx, cx, identity, bootstrap_admin)?;
    Ok(hashes)
}

/// Makes the pending address the identity's, proven; the old one is told and can undo it for 72 h. `_014` when another
/// account has taken it meanwhile.
pub(crate) fn apply_email(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    keys: &Keys,
    identity: &mut Identity,
    undo: &UndoLink,
) -> Result<()> {
    let Some(new) = identity.pending_email.take() else { return Ok(()) };
    let parsed = Email::parse(&new).map_err(|_| Error::internal("a pending address is malformed"))?;
    let old = identity.email.replace(new.clone());
    let old_was_verified = std::mem::replace(&mut identity.email_verified, true);
    identity.email_key = Some(parsed.key().to_owned());
    identities::update(tx, identity, cx.now)?;
    let payload = json!({ "user_id": identity.id, "old": old, "new": new });
    emit(tx, &cx.event(EventType::UserEmailChanged, payload).on("identity", &identity.id))?;
    let payload = json!({ "user_id": identity.id, "email": new });
    emit(tx, &cx.event(EventType::UserEmailVerified, payload).on("identity", &identity.id))?;
    // An address that was never proven may be anybody's: its owner gets no say in this account.
    let Some(old) = old.filter(|_| old_was_verified) else { return Ok(()) };
    let (url, until) = undo.insert(tx, cx, identity, (UNDO, &old))?;
    let mut notice = MessageRequest::to_person(MessageType::EmailChanged, &old, identity);
    notice.new_address = Some(new);
    notice.until = Some(until);
    let sealed = seal(keys, &old, None, Some(&url))?;
    emit_message(tx, cx, &notice, Some(&sealed))
}

/// Undoes a change of address: a password that was set after it is gone, too. The hashes of the tokens that ended; `None` when
/// another account has taken the address meanwhile.
pub(super) fn undo(tx: &mut IdentityTx<'_>, cx: &Cx, link: &Link) -> Result<Option<Vec<SecretHash>>> {
    let Some(mut identity) = identities::find(tx, link.identity_id)? else { return Ok(None) };
    let old = undo::old(link).map(str::to_owned);
    let Some(parsed) = old.as_deref().and_then(|o| Email::parse(o).ok()) else { return Ok(None) };
    if identities::by_email(tx, &identity.realm, parsed.key())?.is_some_and(|other| other.id != identity.id) {
        return Ok(None);
    }
    let changed_at = link.data.get("changed_at").and_then(|at| at.as_str()).and_then(Timestamp::parse);
    if passwords::find(tx, identity.id)?
        .is_some_and(|password| password.create_time > changed_at.unwrap_or_default())
    {
        passwords::erase(tx, identity.id)?;
        identity.has_password = false;
        super::password::tell(tx, cx, &identity, "recovery")?;
    }
    links::erase(tx, identity.id)?;
    identity.pending_email = None;
    let new = identity.email.take();
    identity.email.clone_from(&old);
    identity.email_key = Some(parsed.key().to_owned());
    identity.email_verified = true;
    identities::update(tx, &mut identity, cx.now)?;
    let payload = json!({ "user_id": identity.id, "old": new, "new": old });
    emit(tx, &cx.event(EventType::UserEmailChanged, payload).on("identity", &identity.id))?;
    let mut hashes = session_rows::token_hashes_of(tx, identity.id)?;
    hashes.extend(sessions::end_all(tx, cx, identity.id, None, RevokeReason::FactorChanged)?);
    Ok(Some(hashes))
}
