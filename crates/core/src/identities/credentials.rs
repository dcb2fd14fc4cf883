//! What an identity can prove itself with, and taking it away.

use avnology_model::{
    Code, Error, Result, Timestamp,
    credentials::{CredentialKind, Factor, authenticator_name},
    identities::Identity,
    ids::{CredentialId, IdentityId},
    platform::{LoginMethod, TenantSettings},
    secret_token::SecretHash,
    sessions::RevokeReason,
};
use avnology_store::{
    IdentityTx,
    credentials::{
        passkeys::{self, StoredPasskey},
        passwords, recovery_codes, sms, totp,
    },
    identities::identities,
    organizations::memberships,
    sessions::sessions,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    factors::{remove_factors, remove_passkey},
    password::tell,
    reach,
};
use crate::{
    Cx, Tenant,
    sessions::{LiveSession, end_all},
};

/// A credential, without secrets.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Credential)]
pub struct CredentialView {
    /// Id.
    #[schema(value_type = String)]
    pub id: CredentialId,
    /// The kind.
    #[serde(rename = "type")]
    pub kind: CredentialKind,
    /// Name given by the person.
    pub name: Option<String>,
    /// Creation.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// Last use.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
    /// Of passkeys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passkey: Option<PasskeyView>,
    /// Of phones that are sent codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms: Option<SmsView>,
    /// Of backup codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_code: Option<BackupCodesView>,
}

/// What is known of a passkey.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Passkey)]
pub struct PasskeyView {
    /// Model of the authenticator, a UUID.
    pub aaguid: String,
    /// What authenticators of this model are called, where that is known.
    pub authenticator_name: Option<String>,
    /// How it can be reached.
    pub transports: Vec<String>,
    /// Whether it may be copied to other devices.
    pub backup_eligible: bool,
    /// Whether it was.
    pub backed_up: bool,
    /// Whether its maker vouches for the authenticator.
    pub attested: bool,
    /// The domain that it is for.
    pub rp_id: String,
}

/// The phone that is sent codes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SmsPhone)]
pub struct SmsView {
    /// Number, E.164.
    pub phone: String,
}

/// How many backup codes are left.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = BackupCodes)]
pub struct BackupCodesView {
    /// Not used yet.
    pub remaining: u32,
}

impl CredentialView {
    fn new(
        id: CredentialId,
        kind: CredentialKind,
        create_time: Timestamp,
        last_used_at: Option<Timestamp>,
    ) -> Self {
        Self {
            id,
            kind,
            name: None,
            create_time,
            last_used_at,
            passkey: None,
            sms: None,
            recovery_code: None,
        }
    }

    fn passkey(stored: StoredPasskey) -> Self {
        let passkey = PasskeyView {
            authenticator_name: authenticator_name(&stored.aaguid).map(str::to_owned),
            attested: stored.is_attested(),
            aaguid: stored.aaguid,
            transports: stored.transports,
            backup_eligible: stored.backup_eligible,
            backed_up: stored.backed_up,
            rp_id: stored.rp_id,
        };
        Self {
            name: Some(stored.name),
            passkey: Some(passkey),
            ..Self::new(stored.id, CredentialKind::Passkey, stored.create_time, stored.last_used_at)
        }
    }
}

/// The credentials of an identity. `_901`.
pub async fn list(app: &Tenant, cx: &Cx, id: IdentityId) -> Result<Vec<CredentialView>> {
    let cx = cx.clone();
    app.store
        .identity()
        .read(move |tx| {
            reach::manage(tx, &cx, id)?;
            shown(tx, id)
        })
        .await
}

/// What an identity can prove itself with.
pub(crate) fn shown(tx: &mut IdentityTx<'_>, id: IdentityId) -> Result<Vec<CredentialView>> {
    let password = passwords::find(tx, id)?
        .map(|p| CredentialView::new(p.id, CredentialKind::Password, p.create_time, p.last_used_at));
    let totp = totp::find(tx, id)?
        .map(|t| CredentialView::new(t.id, CredentialKind::Totp, t.create_time, t.last_used_at));
    let sms = sms::find(tx, id)?.map(|s| CredentialView {
        sms: Some(SmsView { phone: s.phone }),
        ..CredentialView::new(s.id, CredentialKind::Sms, s.create_time, s.last_used_at)
    });
    let passkeys = passkeys::list(tx, id)?.into_iter().map(CredentialView::passkey);
    let codes = recovery_codes::find(tx, id)?.map(|c| CredentialView {
        recovery_code: Some(BackupCodesView { remaining: c.remaining }),
        ..CredentialView::new(c.id, CredentialKind::RecoveryCode, c.create_time, c.last_used_at)
    });
    Ok(password.into_iter().chain(passkeys).chain(totp).chain(sms).chain(codes).collect())
}

/// The caller's own credentials.
pub async fn list_own(app: &Tenant, live: &LiveSession) -> Result<Vec<CredentialView>> {
    let id = live.identity.id;
    app.store.identity().read(move |tx| shown(tx, id)).await
}

/// An administrator removes a credential; the identity's sessions end. `_901`, `_025`.
pub async fn remove(app: &Tenant, cx: &Cx, id: IdentityId, credential: CredentialId) -> Result<()> {
    take_away(app, cx, id, credential, None, "admin").await
}

/// The caller removes one of their own credentials; their other sessions end. `_110`, `_006`; `_100` for a second
/// factor that is asked of them.
pub async fn remove_own(app: &Tenant, cx: &Cx, live: &LiveSession, credential: CredentialId) -> Result<()> {
    live.check_privileged(&app.settings().settings, cx.now)?;
    take_away(app, cx, live.identity.id, credential, Some(live.id()), "self").await
}

async fn take_away(
    app: &Tenant,
    cx: &Cx,
    id: IdentityId,
    credential: CredentialId,
    keep: Option<avnology_model::ids::SessionId>,
    by: &'static str,
) -> Result<()> {
    let (cx, settings) = (cx.clone(), app.settings());
    let hashes = app
        .store
        .identity()
        .write(move |tx| {
            let mut identity =
                if keep.is_none() { reach::manage(tx, &cx, id)? } else { identities::get(tx, id)? };
            let found = shown(tx, id)?.into_iter().find(|held| held.id == credential);
            let kind = found.ok_or_else(Error::not_found)?.kind;
            let factor = match kind {
                CredentialKind::Password => None,
                CredentialKind::Passkey => {
                    remove_passkey(tx, &cx, &settings.settings, &mut identity, credential, keep.is_some())?;
                    return ended(tx, &cx, id, keep);
                }
                CredentialKind::Totp => Some(Factor::Totp),
                CredentialKind::Sms => Some(Factor::Sms),
                CredentialKind::RecoveryCode => Some(Factor::RecoveryCode),
            };
            match factor {
                None => remove_password(tx, &cx, &settings.settings, &mut identity, by)?,
                Some(factor) => {
                    if keep.is_some() {
                        may_do_without(tx, &settings.settings, &identity, factor)?;
                    }
                    remove_factors(tx, &cx, &mut identity, &[factor])?;
                }
            }
            ended(tx, &cx, id, keep)
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(())
}

/// Ends the other sessions; the tokens to be forgotten.
fn ended(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    id: IdentityId,
    keep: Option<avnology_model::ids::SessionId>,
) -> Result<Vec<SecretHash>> {
    let mut hashes = end_all(tx, cx, id, keep, RevokeReason::FactorChanged)?;
    hashes.extend(sessions::token_hashes_of(tx, id)?);
    Ok(hashes)
}

/// `_100` while an organization or the tenant asks for a second factor and nothing but backup codes would be left.
pub(crate) fn may_do_without(
    tx: &mut IdentityTx<'_>,
    settings: &TenantSettings,
    identity: &Identity,
    factor: Factor,
) -> Result<()> {
    let others = identity.mfa_methods.iter().filter(|held| **held != factor);
    let is_last = factor.is_set_up() && !others.into_iter().any(|held| held.is_set_up());
    if is_last && (settings.mfa_required || memberships::asks_for_second_factor(tx, identity.id)?) {
        return Err(Error::new(Code::PermissionDenied));
    }
    Ok(())
}

/// Removes the password in this transaction. `_025` when nothing else would let the person in.
pub(crate) fn remove_password(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    settings: &TenantSettings,
    identity: &mut Identity,
    by: &str,
) -> Result<()> {
    let by_passkey =
        settings.allowed_methods.contains(&LoginMethod::Passkey) && passkeys::count(tx, identity.id)? > 0;
    if !by_passkey && !can_sign_in_by_mail(settings, identity) {
        return Err(Error::new(Code::LastCredential));
    }
    passwords::remove(tx, identity.id)?;
    identity.has_password = false;
    identity.password_change_required = false;
    identities::update(tx, identity, cx.now)?;
    tell(tx, cx, identity, by)
}

/// Whether a code or link to a proven address lets the person in.
pub(super) fn can_sign_in_by_mail(settings: &TenantSettings, identity: &Identity) -> bool {
    let offered = settings.allowed_methods.iter().any(|m| matches!(m, LoginMethod::Code | LoginMethod::Link));
    offered && identity.email_verified
}
