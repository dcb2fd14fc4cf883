//! A group as its readers and events see it.

use avnology_model::{
    Timestamp,
    events::{Event, EventType},
    ids::GroupId,
    organizations::{Group, GroupSource, GroupType},
    permissions::RoleKey,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::Cx;

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = MemberGroup)]
pub struct GroupView {
    /// Id.
    #[schema(value_type = String)]
    pub id: GroupId,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Who decides on the members.
    #[serde(rename = "type")]
    pub kind: GroupType,
    /// The rule of a dynamic group.
    pub rule: Option<String>,
    /// Role given to every member.
    pub role: Option<RoleKey>,
    /// Where it comes from.
    pub source: GroupSource,
    /// Id in a source system.
    pub external_id: Option<String>,
    /// How many members it has.
    pub member_count: u32,
    /// Creation.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// Last change.
    #[schema(value_type = String, format = DateTime)]
    pub update_time: Timestamp,
    /// Entity tag.
    pub etag: String,
}

impl GroupView {
    /// The view of a group.
    pub fn of(group: &Group) -> Self {
        let etag = group.etag();
        let g = group.clone();
        Self {
            id: g.id,
            name: g.name,
            description: g.description,
            kind: g.kind,
            rule: g.rule,
            role: g.role,
            source: g.source,
            external_id: g.external_id,
            member_count: g.member_count,
            create_time: g.create_time,
            update_time: g.update_time,
            etag,
        }
    }
}

/// An event about a group: with what changed, if `before` is told.
pub(crate) fn event(cx: &Cx, event_type: EventType, before: Option<&Group>, group: &Group) -> Event {
    let mut payload = Map::from_iter([("group".to_owned(), json!(GroupView::of(group)))]);
    if let Some(before) = before {
        payload
            .extend(super::super::view::changes(&json!(GroupView::of(before)), &json!(GroupView::of(group))));
    }
    cx.event(event_type, Value::Object(payload)).in_organization(group.organization_id).on("group", &group.id)
}
