//! Service accounts and keys as their readers see them (`contract/20` §15).

use avnology_model::{
    Timestamp,
    events::{Event, EventType},
    ids::{ApiKeyId, IdentityId, OrganizationId, ServiceAccountId},
    permissions::Scope,
    secret_token::SecretToken,
    service_accounts::{ApiKey, ServiceAccount},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::Cx;

/// A service account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ServiceAccount)]
pub struct ServiceAccountView {
    /// Id.
    #[schema(value_type = String)]
    pub id: ServiceAccountId,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// The human who answers for it.
    #[schema(value_type = Option<String>)]
    pub owner_id: Option<IdentityId>,
    /// The organization it belongs to; null for the tenant.
    #[schema(value_type = Option<String>)]
    pub organization_id: Option<OrganizationId>,
    /// Most that its keys may allow.
    pub scopes: Vec<Scope>,
    /// Whether its keys work.
    pub active: bool,
    /// Last use of one of its keys, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
    /// Creation.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// Last change.
    #[schema(value_type = String, format = DateTime)]
    pub update_time: Timestamp,
}

impl ServiceAccountView {
    /// The view of an account.
    pub fn of(account: &ServiceAccount) -> Self {
        let a = account.clone();
        Self {
            id: a.id,
            name: a.name,
            description: a.description,
            owner_id: a.owner_id,
            organization_id: a.organization_id,
            scopes: a.scopes,
            active: a.active,
            last_used_at: a.last_used_at,
            create_time: a.create_time,
            update_time: a.update_time,
        }
    }
}

/// A secret that is in one answer and in no log.
#[derive(Clone, Debug)]
pub struct ShownOnce(SecretString);

impl ShownOnce {
    /// The text of a secret.
    pub(crate) fn of(token: &SecretToken) -> Self {
        Self(token.expose().into())
    }

    /// The secret.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl Serialize for ShownOnce {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

/// An API key.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct ApiKeyView {
    /// Id.
    #[schema(value_type = String)]
    pub id: ApiKeyId,
    /// The account it belongs to.
    #[schema(value_type = String)]
    pub service_account_id: ServiceAccountId,
    /// The organization that the account belongs to; null for the tenant.
    #[schema(value_type = Option<String>)]
    pub organization_id: Option<OrganizationId>,
    /// Name.
    pub name: String,
    /// Type prefix and first four characters.
    pub prefix: String,
    /// What it allows; all that the account may when empty.
    pub scopes: Vec<Scope>,
    /// Networks that it may be used from; any when empty.
    pub allowed_cidrs: Vec<String>,
    /// End; null for never.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expire_time: Option<Timestamp>,
    /// Whether it works.
    pub active: bool,
    /// Last use, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
    /// Address of the last use.
    pub last_used_ip: Option<String>,
    /// Creation.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// The key itself: in the answer that makes it, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub key: Option<ShownOnce>,
}

impl ApiKeyView {
    /// The view of a key as of `now`.
    pub fn of(key: &ApiKey, now: Timestamp) -> Self {
        let active = key.is_active(now);
        let k = key.clone();
        Self {
            id: k.id,
            service_account_id: k.service_account_id,
            organization_id: k.organization_id,
            name: k.name,
            prefix: k.prefix,
            scopes: k.scopes,
            allowed_cidrs: k.allowed_cidrs.iter().map(ToString::to_string).collect(),
            expire_time: k.expire_time,
            active,
            last_used_at: k.last_used_at,
            last_used_ip: k.last_used_ip,
            create_time: k.create_time,
            key: None,
        }
    }

    /// The same with the key itself, for the one answer that shows it.
    pub(super) fn with_secret(mut self, token: &SecretToken) -> Self {
        self.key = Some(ShownOnce::of(token));
        self
    }
}

/// An event about an account; `more` goes into its payload besides the account.
pub(super) fn account_event(cx: &Cx, kind: EventType, account: &ServiceAccount, more: Value) -> Event {
    let mut payload = json!({ "service_account": ServiceAccountView::of(account) });
    extend(&mut payload, more);
    placed(cx.event(kind, payload), account.organization_id).on("service_account", &account.id)
}

/// An event about a key, of which it tells the prefix only.
pub(super) fn key_event(cx: &Cx, kind: EventType, key: &ApiKey, more: Value) -> Event {
    let mut payload = json!({ "key": ApiKeyView::of(key, cx.now) });
    extend(&mut payload, more);
    // Other nodes forget the keys of the account that is named here.
    placed(cx.event(kind, payload), key.organization_id)
        .on("api_key", &key.id)
        .on("service_account", &key.service_account_id)
}

fn placed(event: Event, organization: Option<OrganizationId>) -> Event {
    match organization {
        Some(organization) => event.in_organization(organization),
        None => event,
    }
}

fn extend(payload: &mut Value, more: Value) {
    if let (Value::Object(payload), Value::Object(more)) = (payload, more) {
        payload.extend(more);
    }
}
