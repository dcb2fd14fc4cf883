//! What an invitation says, to whoever holds its token.

use std::sync::Arc;

use avnology_model::{Result, Timestamp, permissions::RoleKey};
use avnology_store::{identities::identities, organizations::organizations};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::{AuthOptions, OrganizationCard, roles::role_title},
    accept::{find_open, read_token},
    mail::inviter_name,
};
use crate::{Cx, Tenant};

/// An invitation before it is answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InvitationPreview {
    /// The organization.
    pub organization: OrganizationCard,
    /// The address that it is for.
    pub email: String,
    /// The role offered.
    pub role: RoleKey,
    /// What it is called there; pages show it.
    #[serde(skip)]
    pub role_name: String,
    /// Name of the person who invites; null when that is a program, or somebody who is gone.
    pub invited_by_name: Option<String>,
    /// End.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// Whether the address has an account.
    pub account_exists: bool,
    /// How people sign in there.
    pub auth_options: AuthOptions,
}

/// The invitation with this token; nothing is used. `_306`.
pub async fn lookup(app: &Arc<Tenant>, cx: &Cx, token: &str) -> Result<InvitationPreview> {
    let (hash, now, job) = (read_token(token)?, cx.now, Arc::clone(app));
    app.store
        .identity()
        .read(move |tx| {
            let invitation = find_open(tx, &hash, now)?;
            let organization = organizations::get(tx, invitation.organization_id)?;
            let realm = job.realm_of(organization.id);
            Ok(InvitationPreview {
                organization: OrganizationCard::of(&organization),
                role_name: role_title(tx, organization.id, &invitation.role)?,
                invited_by_name: inviter_name(tx, &invitation)?,
                account_exists: identities::by_email(tx, &realm, &invitation.email_key)?.is_some(),
                auth_options: AuthOptions::of(&job.settings().settings, Some(&organization)),
                email: invitation.email,
                role: invitation.role,
                expires_at: invitation.expires_at,
            })
        })
        .await
}
