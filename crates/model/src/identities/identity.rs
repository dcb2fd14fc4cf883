//! The identity.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    Timestamp,
    credentials::Factor,
    identities::{Realm, shown_name},
    ids::{DeletionId, IdentityId, OrganizationId},
    text::text_enum,
};

text_enum! {
    /// Whether an identity may sign in (`contract/10` §2.1).
    pub enum IdentityState {
        /// May sign in.
        Active = "active",
        /// May not.
        Inactive = "inactive",
        /// Will be removed when its grace period ends.
        ScheduledDeletion = "scheduled_deletion",
    }
}

/// Data that applications keep with an identity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    /// Readable by the identity, writable by administrators.
    #[schema(value_type = Object)]
    pub public: Map<String, Value>,
    /// For administrators only.
    #[schema(value_type = Object)]
    pub admin: Map<String, Value>,
}

/// A deletion that is to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deletion {
    /// Id of the request.
    #[schema(value_type = String)]
    pub id: DeletionId,
    /// When the identity is removed.
    #[schema(value_type = String, format = DateTime)]
    pub scheduled_for: Timestamp,
    /// Whether a new sign-in cancels it.
    pub cancel_on_login: bool,
}

/// An identity as the server keeps it.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "the fields of the contract")]
pub struct Identity {
    /// Id.
    pub id: IdentityId,
    /// Whether it may sign in.
    pub state: IdentityState,
    /// State to return to when a deletion is cancelled.
    pub previous_state: Option<IdentityState>,
    /// E-mail as entered.
    pub email: Option<String>,
    /// What e-mails are compared by.
    pub email_key: Option<String>,
    /// Whether the e-mail is proven.
    pub email_verified: bool,
    /// E-mail that takes effect once proven.
    pub pending_email: Option<String>,
    /// Phone, E.164.
    pub phone: Option<String>,
    /// Whether the phone is proven.
    pub phone_verified: bool,
    /// Phone that takes effect once proven.
    pub pending_phone: Option<String>,
    /// Username as entered.
    pub username: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Name to show, when set.
    pub display_name: Option<String>,
    /// Picture.
    pub avatar_url: Option<String>,
    /// Language.
    pub locale: Option<String>,
    /// Time zone.
    pub timezone: Option<String>,
    /// The tenant's own fields.
    pub traits: Map<String, Value>,
    /// Applications' data.
    pub metadata: Metadata,
    /// Id in a source system.
    pub external_id: Option<String>,
    /// Whether a password is set.
    pub has_password: bool,
    /// Whether the next password sign-in must set a new one.
    pub password_change_required: bool,
    /// Second factors that are enrolled.
    pub mfa_methods: Vec<Factor>,
    /// Creation.
    pub create_time: Timestamp,
    /// Last change.
    pub update_time: Timestamp,
    /// Last sign-in.
    pub last_login_at: Option<Timestamp>,
    /// End of the lock that too many failures brought, if it lies ahead.
    pub locked_until: Option<Timestamp>,
    /// The deletion that is to come.
    pub deletion: Option<Deletion>,
    /// Counts changes; the base of the `etag`.
    pub version: i64,
    /// Within what its addresses and names are unique.
    pub realm: Realm,
    /// The organization that manages it (`contract/10` §2.2), as the database tells; never written.
    pub managed_by: Option<OrganizationId>,
    /// The organization that made or claimed it; whether that manages it follows from domain and membership.
    pub claimed_by: Option<OrganizationId>,
}

impl Identity {
    /// An active identity with nothing but its id.
    pub fn new(id: IdentityId, now: Timestamp) -> Self {
        Self {
            id,
            state: IdentityState::Active,
            previous_state: None,
            email: None,
            email_key: None,
            email_verified: false,
            pending_email: None,
            phone: None,
            phone_verified: false,
            pending_phone: None,
            username: None,
            first_name: None,
            last_name: None,
            display_name: None,
            avatar_url: None,
            locale: None,
            timezone: None,
            traits: Map::new(),
            metadata: Metadata::default(),
            external_id: None,
            has_password: false,
            password_change_required: false,
            mfa_methods: Vec::new(),
            create_time: now,
            update_time: now,
            last_login_at: None,
            locked_until: None,
            deletion: None,
            version: 1,
            realm: Realm::Tenant,
            managed_by: None,
            claimed_by: None,
        }
    }

    /// The name to show: the one set, else first and last name, else the part of the e-mail before `@`.
    pub fn display_name(&self) -> String {
        let names = [&self.first_name, &self.last_name].map(Option::as_deref);
        shown_name(self.display_name.as_deref(), names, self.email.as_deref(), self.username.as_deref())
    }

    /// The second factors that the identity has and the tenant offers; none where nothing but backup codes is left.
    pub fn second_factors(&self, offered: &[Factor]) -> Vec<Factor> {
        let held: Vec<Factor> =
            self.mfa_methods.iter().copied().filter(|factor| offered.contains(factor)).collect();
        if held.iter().any(|factor| factor.is_set_up()) { held } else { Vec::new() }
    }

    /// Whether it has a second factor that was set up: backup codes only come along.
    pub fn has_second_factor(&self) -> bool {
        self.mfa_methods.iter().any(|factor| factor.is_set_up())
    }

    /// Strong entity tag (RFC 9110 §8.8.3) of this version, without quotes.
    pub fn etag(&self) -> String {
        let bits = self.id.bytes().iter().fold(self.version.cast_unsigned(), |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(*byte))
        });
        format!("{}-{:04x}", self.version, bits & 0xffff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shown_name_falls_back_from_set_to_names_to_address() {
        let mut identity = Identity::new(IdentityId::from_bytes([1; 16]), Timestamp::from_micros(0));
        identity.email = Some("jane@acme.example".to_owned());
        assert_eq!(identity.display_name(), "jane");
        identity.last_name = Some("Doe".to_owned());
        identity.first_name = Some("Jane".to_owned());
        assert_eq!(identity.display_name(), "Jane Doe");
        identity.display_name = Some("JD".to_owned());
        assert_eq!(identity.display_name(), "JD");
    }

    #[test]
    fn the_etag_changes_with_the_version() {
        let mut identity = Identity::new(IdentityId::from_bytes([1; 16]), Timestamp::from_micros(0));
        let before = identity.etag();
        identity.version += 1;
        assert_ne!(before, identity.etag());
    }
}
