//! Domains as their readers see them (`contract/20` §8).

use avnology_model::{
    Timestamp,
    ids::DomainId,
    organizations::{Domain, DomainStatus},
    permissions::RoleKey,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The record that proves a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TxtRecord {
    /// Where it is looked for.
    pub name: String,
    /// What one of its values must be.
    pub value: String,
}

impl TxtRecord {
    pub(super) fn of(domain: &Domain) -> Self {
        Self { name: domain.txt_name(), value: domain.txt_value.clone() }
    }
}

/// A domain of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Domain)]
pub struct DomainView {
    /// Id.
    #[schema(value_type = String)]
    pub id: DomainId,
    /// The domain in ASCII (IDNA), lower case.
    pub domain: String,
    /// Whether it is proven.
    pub status: DomainStatus,
    /// The record that proves it; the same as long as the domain is here.
    pub txt_record: TxtRecord,
    /// Whether people with an address there may join, where the registration mode allows it.
    pub auto_join: bool,
    /// Whether an address there leads to the organization's sign-in.
    pub sign_in_routing: bool,
    /// Role of those who join by it; null for the organization's default.
    pub default_role: Option<RoleKey>,
    /// The connection used for it; null for the organization's default.
    pub connection_id: Option<String>,
    /// When it was proven.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub verified_at: Option<Timestamp>,
    /// When the record was looked for last.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_checked_at: Option<Timestamp>,
    /// When it will be looked for next; null for when somebody asks.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_check_at: Option<Timestamp>,
    /// Creation.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
}

impl DomainView {
    /// A domain.
    pub fn of(domain: &Domain) -> Self {
        let d = domain.clone();
        Self {
            id: d.id,
            txt_record: TxtRecord::of(domain),
            domain: d.domain,
            status: d.status,
            auto_join: d.auto_join,
            sign_in_routing: d.sign_in_routing,
            default_role: d.default_role,
            // Connections cannot be made yet.
            connection_id: None,
            verified_at: d.verified_at,
            last_checked_at: d.last_checked_at,
            next_check_at: d.next_check_at,
            create_time: d.create_time,
        }
    }

    /// As events hold it.
    pub(super) fn for_events(domain: &Domain) -> Value {
        serde_json::to_value(Self::of(domain)).unwrap_or_default()
    }
}
