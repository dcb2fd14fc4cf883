//! A client's own conditions, beside those of the organization (`contract/30` §2.4).

use avnology_model::{Result, clients::ClientSettings, ids::OrganizationId, sessions::CompletedMethod};

use super::{
    LiveClient,
    rules::{self, Decided},
};
use crate::{Tenant, organizations::Door};

/// The way of signing in that a client with `sso_required` asks for.
const SSO: &str = "sso";

/// Why somebody may not use a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shut {
    /// They did not come by single sign-on.
    NoSso,
}

impl Shut {
    /// In words for the client's makers.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::NoSso => "the client is for people who came by single sign-on",
        }
    }
}

/// Whether somebody who signed in by these methods passes the conditions of a client.
pub(super) fn check(live: &LiveClient, methods: &[CompletedMethod]) -> Result<(), Shut> {
    if live.client.settings.sso_required && !methods.iter().any(|done| done.method.as_str() == SSO) {
        return Err(Shut::NoSso);
    }
    Ok(())
}

/// The door that a client keeps before those of the tenant and of organizations (`contract/20` §6).
pub(crate) fn door_of(settings: &ClientSettings) -> Door {
    Door { mode: settings.registration_mode.unwrap_or(Door::OPEN.mode), sso_required: settings.sso_required }
}

/// Whether the organization has blocked a client since its members granted something to it.
pub(super) async fn is_blocked(
    app: &Tenant,
    live: &LiveClient,
    organization: Option<OrganizationId>,
) -> Result<bool> {
    let (client, scopes) = (live.id(), live.rules.scopes.clone());
    let read =
        move |tx: &mut avnology_store::IdentityTx<'_>| rules::decided(tx, client, organization, &scopes);
    Ok(app.store.identity().read(read).await? == Decided::Blocked)
}
