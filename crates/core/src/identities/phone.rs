//! The phone of an identity: held until it is proven, taken into use, removed. Only a proven one is somebody's alone.

use avnology_model::{
    Code, Error, FieldCode, Result,
    events::{EventType, MessageRequest, MessageType},
    flows::Channel,
    identities::{Identity, phone},
    platform::TenantSettings,
    secret_token::SecretHash,
    sessions::RevokeReason,
};
use avnology_store::{
    IdentityTx, credentials::passkeys, flows::links::Link, identities::identities,
    sessions::sessions as session_rows,
};
use serde_json::{Value, json};

use super::undo::{self, UndoLink};
use crate::{
    Cx, Tenant,
    events::{emit, emit_message, seal},
    platform::Keys,
    sessions,
};

/// Purpose of the link that undoes a change of phone.
pub(super) const UNDO: &str = "undo_phone_change";

/// What a person wants of their phone.
pub(super) enum Wish {
    /// Another number, once it is proven.
    Replace(String),
    /// None.
    Remove,
}

/// What is asked for, if it is a change. `_902` for what is no number, for none where one is required, and for a new one
/// where no text message could prove it.
pub(super) fn read(app: &Tenant, identity: &Identity, value: &Value, required: bool) -> Result<Option<Wish>> {
    let text = match value {
        Value::Null => "",
        Value::String(text) => text.trim(),
        _ => return Err(Error::field("phone", FieldCode::InvalidFormat, "This must be a text.")),
    };
    if text.is_empty() {
        if required {
            return Err(Error::field("phone", FieldCode::Required, "An account needs a phone here."));
        }
        let has_one = identity.phone.is_some() || identity.pending_phone.is_some();
        return Ok(has_one.then_some(Wish::Remove));
    }
    let number = phone(text).map_err(|(code, message)| Error::field("phone", code, message))?;
    if identity.phone.as_ref() == Some(&number) {
        return Ok(None);
    }
    if !app.sends_texts() {
        let message = "A number is proven by a text message, and none can be sent here.";
        return Err(Error::field("phone", FieldCode::NotAllowed, message));
    }
    Ok(Some(Wish::Replace(number)))
}

/// Takes the phone off an identity that is about to be written. `_025` when nothing else would let the person in.
pub(super) fn remove(
    tx: &mut IdentityTx<'_>,
    settings: &TenantSettings,
    identity: &mut Identity,
) -> Result<()> {
    let leads_in = identity.phone_verified
        && !identity.has_password
        && !super::credentials::can_sign_in_by_mail(settings, identity)
        && passkeys::count(tx, identity.id)? == 0;
    if leads_in {
        return Err(Error::new(Code::LastCredential));
    }
    (identity.phone, identity.phone_verified, identity.pending_phone) = (None, false, None);
    Ok(())
}

/// Holds a new number until it is proven. `_023` when somebody else has proven it, where that may be told.
pub(super) fn hold(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    settings: &TenantSettings,
    identity: &mut Identity,
    number: &str,
) -> Result<()> {
    if settings.registration.discloses_accounts
        && identities::by_phone(tx, &identity.realm, number)?.is_some()
    {
        return Err(Error::new(Code::HandleTaken).with_member("field", "phone"));
    }
    identity.pending_phone = Some(number.to_owned());
    identities::update(tx, identity, cx.now)
}

/// Notes that the present number is proven. `_023` when somebody else has proven it.
pub(crate) fn mark_phone_verified(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &mut Identity) -> Result<()> {
    if identity.phone_verified || identity.phone.is_none() {
        return Ok(());
    }
    identity.phone_verified = true;
    identities::update(tx, identity, cx.now)?;
    tell_verified(tx, cx, identity)
}

fn tell_verified(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &Identity) -> Result<()> {
    let payload = json!({ "user_id": identity.id, "phone": identity.phone });
    emit(tx, &cx.event(EventType::UserPhoneVerified, payload).on("identity", &identity.id))
}

/// Makes the pending number the identity's, proven. The proven address is told, and the old number, which can undo it for
/// 72 h. `_023` when another account has taken the number meanwhile.
pub(crate) fn apply_phone(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    keys: &Keys,
    identity: &mut Identity,
    undo: &UndoLink,
) -> Result<()> {
    let before = identity.clone();
    let Some(new) = identity.pending_phone.take() else { return Ok(()) };
    identity.phone = Some(new);
    identity.phone_verified = true;
    identities::update(tx, identity, cx.now)?;
    tell_of_change(tx, cx, &before, identity)?;
    // A number that was never proven may be anybody's.
    let Some(old) = before.phone.as_deref().filter(|_| before.phone_verified) else { return Ok(()) };
    let (url, until) = undo.insert(tx, cx, identity, (UNDO, old))?;
    let mut notice = MessageRequest::to_person(MessageType::PhoneChanged, old, identity);
    notice.channel = Channel::Sms;
    notice.until = Some(until);
    emit_message(tx, cx, &notice, Some(&seal(keys, old, None, Some(&url))?))
}

/// Tells of a number that was replaced, removed or proven, in the log, and the person by mail.
pub(super) fn tell_of_change(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    before: &Identity,
    identity: &Identity,
) -> Result<()> {
    let changed = before.phone != identity.phone;
    if changed {
        let payload = json!({ "user_id": identity.id, "old": before.phone, "new": identity.phone });
        emit(tx, &cx.event(EventType::UserPhoneChanged, payload).on("identity", &identity.id))?;
    }
    if identity.phone_verified && (changed || !before.phone_verified) {
        tell_verified(tx, cx, identity)?;
    }
    let Some(address) = identity.email.as_ref().filter(|_| changed && identity.email_verified) else {
        return Ok(());
    };
    let mut notice = MessageRequest::to_person(MessageType::PhoneChanged, address, identity);
    notice.new_address.clone_from(&identity.phone);
    emit_message(tx, cx, &notice, None)
}

/// Undoes a change of phone. The hashes of the tokens that ended; `None` when another account has taken the number meanwhile.
pub(super) fn undo(tx: &mut IdentityTx<'_>, cx: &Cx, link: &Link) -> Result<Option<Vec<SecretHash>>> {
    let Some(mut identity) = identities::find(tx, link.identity_id)? else { return Ok(None) };
    let Some(old) = undo::old(link) else { return Ok(None) };
    if identities::by_phone(tx, &identity.realm, old)?.is_some_and(|other| other.id != identity.id) {
        return Ok(None);
    }
    let before = identity.clone();
    identity.phone = Some(old.to_owned());
    identity.phone_verified = true;
    identity.pending_phone = None;
    identities::update(tx, &mut identity, cx.now)?;
    tell_of_change(tx, cx, &before, &identity)?;
    let mut hashes = session_rows::token_hashes_of(tx, identity.id)?;
    hashes.extend(sessions::end_all(tx, cx, identity.id, None, RevokeReason::FactorChanged)?);
    Ok(Some(hashes))
}
