//! An identity as its readers see it (`contract/10` §2).

use avnology_model::{
    Timestamp,
    credentials::Factor,
    identities::{Deletion, Identity, IdentityState},
    ids::{IdentityId, OrganizationId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Applications' data; the part for administrators is absent where the identity itself reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MetadataView {
    /// Readable by the identity.
    #[schema(value_type = Object)]
    pub public: Map<String, Value>,
    /// For administrators only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub admin: Option<Map<String, Value>>,
}

/// An identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Identity)]
#[expect(clippy::struct_excessive_bools, reason = "the fields of the contract")]
pub struct IdentityView {
    /// Id.
    #[schema(value_type = String)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<IdentityId>,
    /// Whether it may sign in.
    pub state: IdentityState,
    /// E-mail as entered.
    pub email: Option<String>,
    /// Whether the e-mail is proven.
    pub email_verified: bool,
    /// Phone, E.164.
    pub phone: Option<String>,
    /// Whether the phone is proven.
    pub phone_verified: bool,
    /// Username.
    pub username: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Name to show.
    pub display_name: String,
    /// Picture.
    pub avatar_url: Option<String>,
    /// Language, BCP 47.
    pub locale: Option<String>,
    /// Time zone, IANA.
    pub timezone: Option<String>,
    /// The tenant's own fields.
    #[schema(value_type = Object)]
    pub traits: Map<String, Value>,
    /// Applications' data.
    pub metadata: MetadataView,
    /// Id in a source system; absent where the identity itself reads.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Option<String>)]
    pub external_id: Option<Option<String>>,
    /// Home organization; null in `shared` federation.
    #[schema(value_type = Option<String>)]
    pub organization_id: Option<OrganizationId>,
    /// Organization that manages it.
    #[schema(value_type = Option<String>)]
    pub managed_by: Option<OrganizationId>,
    /// Enrolled second factors.
    pub mfa_methods: Vec<Factor>,
    /// Linked providers; omitted in lists unless asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(value_type = Option<Vec<Object>>)]
    pub linked_providers: Option<Vec<Value>>,
    /// Whether a password is set.
    pub has_password: bool,
    /// Whether the next password sign-in must set a new one.
    pub password_change_required: bool,
    /// Creation.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// Last change.
    #[schema(value_type = String, format = DateTime)]
    pub update_time: Timestamp,
    /// Last sign-in.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_login_at: Option<Timestamp>,
    /// End of a lock that lies ahead.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub locked_until: Option<Timestamp>,
    /// The deletion that is to come.
    pub deletion: Option<Deletion>,
    /// Entity tag.
    pub etag: String,
}

impl IdentityView {
    fn base(identity: &Identity, now: Timestamp) -> Self {
        let i = identity.clone();
        Self {
            id: Some(i.id),
            state: i.state,
            display_name: identity.display_name(),
            etag: identity.etag(),
            email: i.email,
            email_verified: i.email_verified,
            phone: i.phone,
            phone_verified: i.phone_verified,
            username: i.username,
            first_name: i.first_name,
            last_name: i.last_name,
            avatar_url: i.avatar_url,
            locale: i.locale,
            timezone: i.timezone,
            traits: i.traits,
            metadata: MetadataView { public: i.metadata.public, admin: None },
            external_id: None,
            organization_id: identity.realm.organization(),
            managed_by: identity.managed_by,
            mfa_methods: i.mfa_methods,
            linked_providers: Some(Vec::new()),
            has_password: i.has_password,
            password_change_required: i.password_change_required,
            create_time: i.create_time,
            update_time: i.update_time,
            last_login_at: i.last_login_at,
            locked_until: i.locked_until.filter(|until| *until > now),
            deletion: i.deletion,
        }
    }

    /// As administrators see it.
    pub fn for_administrators(identity: &Identity, now: Timestamp) -> Self {
        let mut view = Self::base(identity, now);
        view.metadata.admin = Some(identity.metadata.admin.clone());
        view.external_id = Some(identity.external_id.clone());
        view
    }

    /// As the identity itself sees it: without `metadata.admin` and `external_id`.
    pub fn for_itself(identity: &Identity, now: Timestamp) -> Self {
        Self::base(identity, now)
    }

    /// As events hold it: the administrators' view without `metadata.admin`.
    pub fn for_events(identity: &Identity, now: Timestamp) -> Value {
        let mut view = Self::for_administrators(identity, now);
        view.metadata.admin = None;
        serde_json::to_value(view).unwrap_or_default()
    }
}
