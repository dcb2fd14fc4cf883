//! Types of the model that are kept in one TEXT column: their text is what `Display` writes and `FromStr` reads.
//!
//! A new id type or a new type with one text gets its line here, and can then be a parameter and be taken from a row.

use avnology_model::{
    audit, clients, events, flows, identities, ids, organizations, permissions, platform, privacy, sessions,
};

use crate::{FromValue, Value, engine::unreadable};

/// Makes types with `Display` and `FromStr` parameters and columns.
macro_rules! text_columns {
    ($($type:ty),* $(,)?) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::Text(value.to_string())
            }
        }

        impl From<&$type> for Value {
            fn from(value: &$type) -> Self {
                Self::Text(value.to_string())
            }
        }

        impl FromValue for $type {
            fn from_value(value: Value) -> avnology_model::Result<Self> {
                match value {
                    Value::Text(text) => text.parse().map_err(|_| unreadable(stringify!($type), &Value::Text(text))),
                    other => Err(unreadable(stringify!($type), &other)),
                }
            }
        }
    )*};
}

text_columns! {
    ids::IdentityId,
    ids::SessionId,
    ids::CredentialId,
    ids::DeviceId,
    ids::FlowId,
    ids::OrganizationId,
    ids::EventId,
    ids::MessageId,
    ids::ServiceAccountId,
    ids::ApiKeyId,
    ids::ClientId,
    ids::ResourceId,
    ids::GrantId,
    ids::ConsentId,
    clients::Ruling,
    ids::DeletionId,
    ids::FactorRecoveryId,
    ids::MembershipId,
    ids::InvitationId,
    ids::DomainId,
    ids::GroupId,
    ids::RoleId,
    ids::AuditId,
    ids::ExportId,
    ids::PrivacyExportId,
    ids::ImportId,
    identities::IdentityState,
    identities::FactorRecoveryState,
    identities::Realm,
    platform::FederationMode,
    sessions::SessionKind,
    sessions::Aal,
    flows::FlowKind,
    flows::Transport,
    flows::FlowState,
    permissions::PlatformRole,
    permissions::TupleSource,
    permissions::RoleKey,
    organizations::Slug,
    organizations::OrganizationState,
    organizations::RegistrationMode,
    organizations::BreakGlass,
    organizations::MemberState,
    organizations::MembershipSource,
    organizations::RoleSource,
    organizations::RoleBase,
    organizations::GroupType,
    organizations::GroupSource,
    organizations::InvitationStatus,
    organizations::Delivery,
    organizations::DomainStatus,
    events::MessageType,
    audit::ExportStatus,
    privacy::Category,
    privacy::DeletionReason,
    privacy::DeletionStatus,
    privacy::PrivacyExportStatus,
    identities::ImportStatus,
}
