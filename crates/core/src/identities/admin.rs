//! Platform administrators made by the operator.

use avnology_model::{
    Error, FieldCode, Result,
    events::EventType,
    identities::{Email, Identity, Realm},
    ids::IdentityId,
    permissions::PlatformRole,
};
use avnology_store::{IdentityTx, identities::identities, permissions::tuples, sessions::sessions};
use serde_json::json;

use super::recovery_link;
use crate::{Cx, Tenant, events::emit};

/// Life of the first sign-in link, in seconds.
const LINK_SECONDS: i64 = 24 * 60 * 60;

/// A platform administrator and the link to sign in with.
#[derive(Clone, Debug)]
pub struct AdminCreated {
    /// Who.
    pub identity_id: IdentityId,
    /// Signs in once, within 24 h, and leads to a new password.
    pub link: String,
}

/// Makes the identity with this address a platform administrator, and makes the identity if there is none. `_902` for
/// an address that is none. The operator vouches for the address: it counts as proven.
pub async fn create_admin(app: &Tenant, cx: &Cx, address: &str) -> Result<AdminCreated> {
    make(app, cx, address, false).await?.ok_or_else(|| Error::internal("an administrator was not made"))
}

/// The same, only if there is no platform administrator yet; `None` when there is one.
pub async fn ensure_first_admin(app: &Tenant, cx: &Cx, address: &str) -> Result<Option<AdminCreated>> {
    make(app, cx, address, true).await
}

async fn make(app: &Tenant, cx: &Cx, address: &str, only_first: bool) -> Result<Option<AdminCreated>> {
    let email = Email::parse(address)
        .map_err(|(_, message)| Error::field("email", FieldCode::InvalidFormat, message))?;
    let link = recovery_link::Prepared::draw(cx, LINK_SECONDS);
    let id = IdentityId::new(cx.now, cx.random());
    let (cx, origin) = (cx.clone(), app.config.origin());
    let made = app
        .store
        .identity()
        .write(move |tx| {
            if only_first && tuples::count_platform(tx, PlatformRole::Admin)? > 0 {
                return Ok(None);
            }
            let mut identity = if let Some(identity) = identities::by_email(tx, &Realm::Tenant, email.key())?
            {
                identity
            } else {
                let mut identity = Identity::new(id, cx.now);
                identity.email = Some(email.as_str().to_owned());
                identity.email_key = Some(email.key().to_owned());
                identity.email_verified = true;
                super::create::insert_anywhere(tx, &cx, &identity, None, "admin")?;
                identity
            };
            // Whoever made the account before may not have been its owner: nothing of theirs opens it from now on.
            let mut hashes = super::prove_ownership(tx, &cx, &mut identity, None)?;
            grant(tx, &cx, identity.id)?;
            let url = link.insert(tx, &cx, &origin, &identity, email.as_str())?;
            hashes.extend(sessions::token_hashes_of(tx, identity.id)?);
            Ok(Some((AdminCreated { identity_id: identity.id, link: url }, hashes)))
        })
        .await?;
    Ok(made.map(|(created, hashes)| {
        app.sessions.forget(&hashes);
        created
    }))
}

/// Gives the role, and tells of it if it is new.
pub(super) fn grant(tx: &mut IdentityTx<'_>, cx: &Cx, id: IdentityId) -> Result<()> {
    if !tuples::grant_platform(tx, PlatformRole::Admin, id, cx.now)? {
        return Ok(());
    }
    let tuple = json!({ "namespace": "platform", "object": "main", "relation": "admin",
        "subject": format!("identities:{id}"), "expire_time": null });
    emit(tx, &cx.event(EventType::PermissionGranted, tuple).on("identity", &id))
}
