//! What an identity can prove itself with, and taking it away.

use avnology_model::{
    Code, Error, Result, Timestamp,
    credentials::CredentialKind,
    identities::Identity,
    ids::{CredentialId, IdentityId},
    platform::{LoginMethod, TenantSettings},
    sessions::RevokeReason,
};
use avnology_store::{IdentityTx, credentials::passwords, identities::identities, sessions::sessions};
use serde::Serialize;
use utoipa::ToSchema;

use super::{password::tell, reach};
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
    let password = passwords::find(tx, id)?.map(|p| CredentialView {
        id: p.id,
        kind: CredentialKind::Password,
        name: None,
        create_time: p.create_time,
        last_used_at: p.last_used_at,
    });
    Ok(password.into_iter().collect())
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

/// The caller removes one of their own credentials; their other sessions end. `_110` without a fresh sign-in.
pub async fn remove_own(app: &Tenant, cx: &Cx, live: &LiveSession, credential: CredentialId) -> Result<()> {
    if !live.is_fresh(&app.settings().settings.session_policy, cx.now) {
        return Err(Error::new(Code::StepUpRequired));
    }
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
            let found = passwords::find(tx, id)?.filter(|p| p.id == credential);
            found.ok_or_else(Error::not_found)?;
            remove_password(tx, &cx, &settings.settings, &mut identity, by)?;
            let mut hashes = end_all(tx, &cx, id, keep, RevokeReason::FactorChanged)?;
            hashes.extend(sessions::token_hashes_of(tx, id)?);
            Ok(hashes)
        })
        .await?;
    app.sessions.forget(&hashes);
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
    if !can_sign_in_by_mail(settings, identity) {
        return Err(Error::new(Code::LastCredential));
    }
    passwords::remove(tx, identity.id)?;
    identity.has_password = false;
    identity.password_change_required = false;
    identities::update(tx, identity, cx.now)?;
    tell(tx, cx, identity, by)
}

/// Whether a code or link to a proven address lets the person in.
fn can_sign_in_by_mail(settings: &TenantSettings, identity: &Identity) -> bool {
    let offered = settings.allowed_methods.iter().any(|m| matches!(m, LoginMethod::Code | LoginMethod::Link));
    offered && identity.email_verified
}
