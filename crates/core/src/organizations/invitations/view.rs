//! Invitations as their readers see them (`contract/20` §7).

use avnology_model::{
    Timestamp,
    ids::{GroupId, IdentityId, InvitationId, OrganizationId},
    organizations::{Delivery, Invitation, InvitationStatus},
    permissions::RoleKey,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Invitation)]
pub struct InvitationView {
    /// Id.
    #[schema(value_type = String)]
    pub id: InvitationId,
    /// The organization.
    #[schema(value_type = String)]
    pub organization_id: OrganizationId,
    /// Address as entered.
    pub email: String,
    /// Role to be given.
    pub role: RoleKey,
    /// Static groups to be put in.
    #[schema(value_type = Vec<String>)]
    pub group_ids: Vec<GroupId>,
    /// Where it stands.
    pub status: InvitationStatus,
    /// How it reaches the person.
    pub delivery: Delivery,
    /// Words of whoever invites.
    pub message: Option<String>,
    /// Where to go after acceptance.
    pub return_to: Option<String>,
    /// Who invited: `usr_…` or `sa_…`; null for the system.
    pub invited_by: Option<String>,
    /// End.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// Creation.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// Acceptance.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub accepted_at: Option<Timestamp>,
    /// Who accepted.
    #[schema(value_type = Option<String>)]
    pub accepted_identity_id: Option<IdentityId>,
    /// The link to pass on; told once, with `delivery` `link` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_url: Option<String>,
}

impl InvitationView {
    /// An invitation at `now`, without its link.
    pub fn of(invitation: &Invitation, now: Timestamp) -> Self {
        let v = invitation.clone();
        Self {
            id: v.id,
            organization_id: v.organization_id,
            status: invitation.status_at(now),
            email: v.email,
            role: v.role,
            group_ids: v.group_ids,
            delivery: v.delivery,
            message: v.message,
            return_to: v.return_to,
            invited_by: v.invited_by,
            expires_at: v.expires_at,
            create_time: v.create_time,
            accepted_at: v.accepted_at,
            accepted_identity_id: v.accepted_identity_id,
            accept_url: None,
        }
    }

    /// As events hold it.
    pub(super) fn for_events(invitation: &Invitation, now: Timestamp) -> Value {
        serde_json::to_value(Self::of(invitation, now)).unwrap_or_default()
    }
}
