//! A role as its readers and events see it.

use avnology_model::{
    Timestamp,
    events::{Event, EventType},
    ids::RoleId,
    organizations::{CustomRole, RoleBase},
    permissions::{BuiltInRole, RoleKey},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::super::view::changes;
use crate::Cx;

/// What a role is called that every organization has.
pub(in super::super) fn built_in_name(role: BuiltInRole) -> &'static str {
    match role {
        BuiltInRole::Owner => "Owner",
        BuiltInRole::Admin => "Admin",
        BuiltInRole::Member => "Member",
    }
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Role)]
pub struct RoleView {
    /// Id; omitted for built-in roles.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<RoleId>,
    /// Key.
    pub key: RoleKey,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// The built-in role whose scopes are included; null for built-in roles.
    pub base: Option<RoleBase>,
    /// What it holds besides its base; of a built-in role, its scopes.
    pub permissions: Vec<String>,
    /// Active members that hold it.
    pub member_count: u32,
    /// Groups that give it.
    pub group_count: u32,
    /// Creation; null for built-in roles.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub create_time: Option<Timestamp>,
    /// Last change; null for built-in roles.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub update_time: Option<Timestamp>,
    /// Entity tag.
    pub etag: String,
}

impl RoleView {
    /// The view of a custom role.
    pub fn of(role: &CustomRole) -> Self {
        Self {
            id: Some(role.id),
            key: role.key.clone(),
            name: role.name.clone(),
            description: role.description.clone(),
            base: Some(role.base),
            permissions: role.permissions.iter().cloned().map(String::from).collect(),
            member_count: role.member_count,
            group_count: role.group_count,
            create_time: Some(role.create_time),
            update_time: Some(role.update_time),
            etag: role.etag(),
        }
    }

    /// The view of a built-in role with its counts.
    pub(super) fn of_built_in(role: BuiltInRole, member_count: u32, group_count: u32) -> Self {
        let description = match role {
            BuiltInRole::Owner => "Everything, and who else is owner.",
            BuiltInRole::Admin => "Everything but owners, deletion and transfer.",
            BuiltInRole::Member => "Reads the organization and its members.",
        };
        Self {
            id: None,
            key: role.into(),
            name: built_in_name(role).to_owned(),
            description: Some(description.to_owned()),
            base: None,
            permissions: role.scopes().iter().map(|scope| scope.as_str().to_owned()).collect(),
            member_count,
            group_count,
            create_time: None,
            update_time: None,
            // What it is changes with the program only.
            etag: format!("built-in-{}", role.as_str()),
        }
    }
}

/// An event about a role: with what changed, if `before` is told.
pub(super) fn event(cx: &Cx, event_type: EventType, before: Option<&CustomRole>, role: &CustomRole) -> Event {
    let mut payload = Map::from_iter([("role".to_owned(), json!(RoleView::of(role)))]);
    if let Some(before) = before {
        payload.extend(changes(&json!(RoleView::of(before)), &json!(RoleView::of(role))));
    }
    cx.event(event_type, Value::Object(payload)).in_organization(role.organization_id).on("role", &role.id)
}
