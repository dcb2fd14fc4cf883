//! What happened to an account, as its owner may see it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    Timestamp,
    events::{ActorType, EventResult, EventType},
    ids::{EventId, OrganizationId, SessionId},
};

/// Who acted, as far as the owner of the account may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActivityActor {
    /// A person, a program, the server itself, or nobody known.
    #[serde(rename = "type")]
    pub kind: ActorType,
    /// Whether it was the owner of the account.
    pub is_self: bool,
}

/// One thing that happened to an account. Of other people nothing stands here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Activity {
    /// Id of the event.
    #[schema(value_type = String)]
    pub id: EventId,
    /// What happened.
    pub action: EventType,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    /// `success` or `failure`.
    pub result: EventResult,
    /// Code of a failure.
    pub error_code: Option<String>,
    /// Who acted.
    pub actor: ActivityActor,
    /// In which organization.
    #[schema(value_type = Option<String>)]
    pub organization_id: Option<OrganizationId>,
    /// The session concerned or used.
    #[schema(value_type = Option<String>)]
    pub session_id: Option<SessionId>,
    /// Network address; null where somebody else acted.
    pub ip: Option<String>,
    /// `User-Agent`; null where somebody else acted.
    pub user_agent: Option<String>,
    /// Browser and system, as in "Firefox on Linux".
    pub device: Option<String>,
    /// The particulars that are the owner's business.
    #[schema(value_type = Object)]
    pub details: Value,
}
