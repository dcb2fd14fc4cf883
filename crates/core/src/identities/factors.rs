//! Second factors: enrolling and removing them, and what is told of it.
//!
//! The first one brings backup codes along, and who has none left but backup codes has no second factor any more. A passkey
//! that an account was registered with is its way in; it becomes a second factor once there are backup codes or an app, so
//! that nobody is locked out by losing the only one.

use avnology_model::{
    Code, Error, Result,
    credentials::Factor,
    events::{EventType, MessageRequest, MessageType},
    identities::Identity,
    ids::{CredentialId, IdentityId},
    platform::{LoginMethod, TenantSettings},
};
use avnology_store::{
    IdentityTx,
    credentials::{
        passkeys::{self as passkey_rows, StoredPasskey},
        recovery_codes as code_rows, sms as sms_rows, totp as totp_rows,
    },
    identities::identities,
};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    Cx,
    credentials::recovery_codes,
    events::{emit, emit_message, emit_to_manager},
    platform::{Keys, Place},
    sessions::end_trust,
};

/// Most passkeys of an identity (`contract/11` §9).
const MOST_PASSKEYS: u32 = 20;

/// An authenticator application whose first code was right.
#[derive(Clone)]
pub(crate) struct NewTotp {
    credential: CredentialId,
    sealed: Vec<u8>,
    step: i64,
}

impl NewTotp {
    /// Seals `secret` for `identity`; `step` is the time step of the code that was right.
    pub(crate) fn seal(keys: &Keys, cx: &Cx, identity: IdentityId, secret: &[u8], step: i64) -> Result<Self> {
        let sealed = keys.seal(&place(&identity.to_string()), secret)?;
        Ok(Self { credential: CredentialId::new(cx.now, cx.random()), sealed, step })
    }
}

fn place(row: &str) -> Place<'_> {
    let (table, column) = totp_rows::PLACE;
    Place { table, row, column }
}

/// The shared secret of an authenticator application.
pub(crate) fn open_totp(
    keys: &Keys,
    identity: IdentityId,
    stored: &totp_rows::StoredTotp,
) -> Result<Zeroizing<Vec<u8>>> {
    keys.open(&place(&identity.to_string()), &stored.sealed)
}

/// A set of backup codes that was drawn.
#[derive(Clone)]
pub(crate) struct NewCodes {
    credential: CredentialId,
    shown: Vec<Zeroizing<String>>,
}

impl NewCodes {
    pub(crate) fn draw(cx: &Cx) -> Self {
        Self { credential: CredentialId::new(cx.now, cx.random()), shown: recovery_codes::draw(cx) }
    }

    /// The codes as people are shown them, one a line.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.shown.iter().map(|code| code.as_str()).collect::<Vec<_>>().join("\n"))
    }

    /// A set that was drawn in another request and shown since.
    pub(crate) fn shown_before(cx: &Cx, text: &str) -> Self {
        let shown = text.lines().map(|line| Zeroizing::new(line.to_owned())).collect();
        Self { credential: CredentialId::new(cx.now, cx.random()), shown }
    }
}

/// Enrols an authenticator application, and backup codes where there are none; whether there are new ones. `_020` when
/// there is an application already.
pub(crate) fn enroll_totp(
    tx: &mut IdentityTx<'_>,
    keys: &Keys,
    cx: &Cx,
    identity: &mut Identity,
    totp: &NewTotp,
    codes: &NewCodes,
) -> Result<bool> {
    if totp_rows::find(tx, identity.id)?.is_some() {
        return Err(Error::new(Code::FactorEnrolled));
    }
    totp_rows::insert(tx, identity.id, totp.credential, &totp.sealed, totp.step, cx.now)?;
    tell(tx, cx, identity, Change::Enrolled(Factor::Totp, totp.credential))?;
    let brings_codes = code_rows::find(tx, identity.id)?.is_none();
    if brings_codes {
        put_codes(tx, keys, cx, identity, codes)?;
    }
    note(tx, cx, identity)?;
    Ok(brings_codes)
}

/// Enrols a phone that has shown a code, and backup codes where there are none; whether there are new ones. `_020` when
/// there is a phone already.
pub(crate) fn enroll_sms(
    tx: &mut IdentityTx<'_>,
    keys: &Keys,
    cx: &Cx,
    identity: &mut Identity,
    phone: &str,
    codes: &NewCodes,
) -> Result<bool> {
    if sms_rows::find(tx, identity.id)?.is_some() {
        return Err(Error::new(Code::FactorEnrolled));
    }
    let id = CredentialId::new(cx.now, cx.random());
    sms_rows::insert(tx, identity.id, id, phone, cx.now)?;
    tell(tx, cx, identity, Change::Enrolled(Factor::Sms, id))?;
    let brings_codes = code_rows::find(tx, identity.id)?.is_none();
    if brings_codes {
        put_codes(tx, keys, cx, identity, codes)?;
    }
    note(tx, cx, identity)?;
    Ok(brings_codes)
}

/// Takes an authenticator application over from another system, where there is none; whether there was none. Whoever has it
/// set it up there: no mail tells of it, and no backup codes are made that nobody would see.
pub(super) fn import_totp(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &mut Identity,
    totp: &NewTotp,
) -> Result<bool> {
    if totp_rows::find(tx, identity.id)?.is_some() {
        return Ok(false);
    }
    totp_rows::insert(tx, identity.id, totp.credential, &totp.sealed, totp.step, cx.now)?;
    record(tx, cx, identity, (EventType::UserMfaEnrolled, Factor::Totp, totp.credential))?;
    note(tx, cx, identity)?;
    Ok(true)
}

/// Adds a passkey and, where backup codes are given and there are none, those; whether there are new ones. `_903` when
/// somebody has the passkey already, `_914` for too many.
pub(crate) fn add_passkey(
    tx: &mut IdentityTx<'_>,
    keys: &Keys,
    cx: &Cx,
    identity: &mut Identity,
    passkey: &StoredPasskey,
    codes: Option<&NewCodes>,
) -> Result<bool> {
    if passkey_rows::count(tx, identity.id)? >= MOST_PASSKEYS {
        return Err(Error::new(Code::LimitReached).with_member("limit", MOST_PASSKEYS));
    }
    passkey_rows::insert(tx, passkey)?;
    tell_passkey(tx, cx, identity, passkey, true)?;
    let brings_codes = codes.is_some() && code_rows::find(tx, identity.id)?.is_none();
    if let Some(codes) = codes.filter(|_| brings_codes) {
        put_codes(tx, keys, cx, identity, codes)?;
    }
    note(tx, cx, identity)?;
    Ok(brings_codes)
}

/// Removes a passkey. `_026`; `_025` when nothing else would let the person in; for themselves, `_100` while a second factor
/// is asked of them and none would be left.
pub(crate) fn remove_passkey(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    settings: &TenantSettings,
    identity: &mut Identity,
    id: CredentialId,
    own: bool,
) -> Result<()> {
    let held = passkey_rows::list(tx, identity.id)?;
    let Some(passkey) = held.iter().find(|passkey| passkey.id == id) else {
        return Err(Error::new(Code::FactorNotEnrolled));
    };
    let is_last = held.len() == 1;
    let by_password = identity.has_password && settings.allowed_methods.contains(&LoginMethod::Password);
    if is_last && !by_password && !super::credentials::can_sign_in_by_mail(settings, identity) {
        return Err(Error::new(Code::LastCredential));
    }
    if is_last && own {
        super::may_do_without(tx, settings, identity, Factor::Passkey)?;
    }
    passkey_rows::remove(tx, id, identity.id)?;
    tell_passkey(tx, cx, identity, passkey, false)?;
    remove_factors(tx, cx, identity, &[]).map(drop)
}

fn tell_passkey(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &Identity,
    passkey: &StoredPasskey,
    added: bool,
) -> Result<()> {
    let (event, message) = if added {
        (EventType::UserPasskeyAdded, MessageType::FactorEnrolled)
    } else {
        (EventType::UserPasskeyRemoved, MessageType::FactorRemoved)
    };
    let payload = json!({
        "user_id": identity.id, "credential_id": passkey.id, "name": passkey.name, "aaguid": passkey.aaguid,
    });
    emit_to_manager(tx, &cx.event(event, payload).on("identity", &identity.id), identity.managed_by)?;
    mail(tx, cx, identity, message, Factor::Passkey)
}

/// Gives an identity these backup codes in place of those it has.
pub(crate) fn replace_codes(
    tx: &mut IdentityTx<'_>,
    keys: &Keys,
    cx: &Cx,
    identity: &mut Identity,
    codes: &NewCodes,
) -> Result<()> {
    put_codes(tx, keys, cx, identity, codes)?;
    note(tx, cx, identity)
}

fn put_codes(
    tx: &mut IdentityTx<'_>,
    keys: &Keys,
    cx: &Cx,
    identity: &Identity,
    codes: &NewCodes,
) -> Result<()> {
    let read = codes.shown.iter().filter_map(|code| recovery_codes::read(code));
    let hashes: Vec<_> = read.map(|code| recovery_codes::hash(keys, identity.id, &code)).collect();
    code_rows::replace(tx, identity.id, codes.credential, &hashes, cx.now)?;
    tell(tx, cx, identity, Change::Enrolled(Factor::RecoveryCode, codes.credential))
}

/// Removes factors; those that there were. Backup codes do not stay alone.
pub(crate) fn remove_factors(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &mut Identity,
    factors: &[Factor],
) -> Result<Vec<Factor>> {
    let mut removed = Vec::new();
    // Whoever chose to skip them on a device is to choose anew.
    end_trust(tx, identity.id, None)?;
    if factors.contains(&Factor::Totp)
        && let Some(totp) = totp_rows::find(tx, identity.id)?
    {
        totp_rows::remove(tx, identity.id)?;
        tell(tx, cx, identity, Change::Removed(Factor::Totp, totp.id))?;
        removed.push(Factor::Totp);
    }
    if factors.contains(&Factor::Passkey) {
        for passkey in passkey_rows::list(tx, identity.id)? {
            passkey_rows::remove(tx, passkey.id, identity.id)?;
            tell_passkey(tx, cx, identity, &passkey, false)?;
            removed.push(Factor::Passkey);
        }
        removed.dedup();
    }
    if factors.contains(&Factor::Sms)
        && let Some(sms) = sms_rows::find(tx, identity.id)?
    {
        sms_rows::remove(tx, identity.id)?;
        tell(tx, cx, identity, Change::Removed(Factor::Sms, sms.id))?;
        removed.push(Factor::Sms);
    }
    let alone = totp_rows::find(tx, identity.id)?.is_none()
        && sms_rows::find(tx, identity.id)?.is_none()
        && passkey_rows::count(tx, identity.id)? == 0;
    if (alone || factors.contains(&Factor::RecoveryCode))
        && let Some(codes) = code_rows::find(tx, identity.id)?
    {
        code_rows::remove(tx, identity.id)?;
        tell(tx, cx, identity, Change::Removed(Factor::RecoveryCode, codes.id))?;
        removed.push(Factor::RecoveryCode);
    }
    note(tx, cx, identity)?;
    Ok(removed)
}

/// Removes all that somebody else may have enrolled, or of an identity that goes. Nothing is told.
pub(super) fn erase_factors(tx: &mut IdentityTx<'_>, id: IdentityId) -> Result<()> {
    totp_rows::remove(tx, id)?;
    sms_rows::remove(tx, id)?;
    passkey_rows::erase(tx, id)?;
    code_rows::remove(tx, id).map(drop)
}

/// Notes with the identity which factors it has.
fn note(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &mut Identity) -> Result<()> {
    let totp = totp_rows::find(tx, identity.id)?.map(|_| Factor::Totp);
    let codes = code_rows::find(tx, identity.id)?.map(|_| Factor::RecoveryCode);
    let sms = sms_rows::find(tx, identity.id)?.map(|_| Factor::Sms);
    let is_second = totp.is_some() || sms.is_some() || codes.is_some();
    let passkey = (is_second && passkey_rows::count(tx, identity.id)? > 0).then_some(Factor::Passkey);
    identity.mfa_methods = totp.into_iter().chain(passkey).chain(sms).chain(codes).collect();
    identities::update(tx, identity, cx.now)
}

#[derive(Clone, Copy)]
enum Change {
    Enrolled(Factor, CredentialId),
    Removed(Factor, CredentialId),
}

/// Tells of a change in the log, and the person by mail; backup codes come and go with what the mail names.
fn tell(tx: &mut IdentityTx<'_>, cx: &Cx, identity: &Identity, change: Change) -> Result<()> {
    let (event, message, factor, credential) = match change {
        Change::Enrolled(factor, id) => (EventType::UserMfaEnrolled, MessageType::FactorEnrolled, factor, id),
        Change::Removed(factor, id) => (EventType::UserMfaRemoved, MessageType::FactorRemoved, factor, id),
    };
    record(tx, cx, identity, (event, factor, credential))?;
    mail(tx, cx, identity, message, factor)
}

/// Tells of a change in the log.
fn record(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &Identity,
    (event, factor, credential): (EventType, Factor, CredentialId),
) -> Result<()> {
    let payload = json!({
        "user_id": identity.id, "method": factor, "label": null, "credential_id": credential,
    });
    let event = cx.event(event, payload).on("identity", &identity.id);
    emit_to_manager(tx, &event, identity.managed_by)
}

fn mail(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &Identity,
    kind: MessageType,
    factor: Factor,
) -> Result<()> {
    let Some(address) = identity.email.as_ref().filter(|_| identity.email_verified) else { return Ok(()) };
    let mut notice = MessageRequest::to_person(kind, address, identity);
    notice.factor = Some(factor);
    emit_message(tx, cx, &notice, None)
}

/// Tells that an administrator reset the factors.
pub(super) fn tell_reset(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    identity: &Identity,
    removed: &[Factor],
    reason: Option<&str>,
) -> Result<()> {
    let payload = json!({ "user_id": identity.id, "methods": removed, "reason": reason });
    emit(tx, &cx.event(EventType::UserMfaReset, payload).on("identity", &identity.id))
}
