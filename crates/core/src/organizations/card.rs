//! What may be shown of an organization to people who do not belong to it.

use avnology_model::{
    ids::OrganizationId,
    organizations::{Organization, Slug},
};
use serde::Serialize;
use utoipa::ToSchema;

/// An organization as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrganizationCard {
    /// Id.
    #[schema(value_type = String)]
    pub id: OrganizationId,
    /// Display name.
    pub name: String,
    /// Name in URLs.
    #[schema(value_type = String)]
    pub slug: Slug,
    /// Logo.
    pub logo_url: Option<String>,
}

impl OrganizationCard {
    /// The card of an organization.
    pub fn of(organization: &Organization) -> Self {
        // Logos cannot be set yet.
        Self {
            id: organization.id,
            name: organization.name.clone(),
            slug: organization.slug.clone(),
            logo_url: None,
        }
    }
}
