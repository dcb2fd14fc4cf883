//! Groups of members (`contract/20` §5).

use crate::{
    Timestamp,
    ids::{GroupId, OrganizationId},
    permissions::RoleKey,
    text::text_enum,
};

text_enum! {
    /// Who decides on the members.
    pub enum GroupType {
        /// People.
        Static = "static",
        /// A rule.
        Dynamic = "dynamic",
    }
}

text_enum! {
    /// Where a group comes from.
    pub enum GroupSource {
        /// People.
        Manual = "manual",
        /// A directory.
        Scim = "scim",
        /// An identity provider.
        Sso = "sso",
    }
}

/// A group as the server keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Id.
    pub id: GroupId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// Name, 1–100 characters, unique in the organization whatever its case.
    pub name: String,
    /// Description, at most 500 characters.
    pub description: Option<String>,
    /// Who decides on the members.
    pub kind: GroupType,
    /// The rule of a dynamic group: a filter over the person and the membership.
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
    pub create_time: Timestamp,
    /// Last change.
    pub update_time: Timestamp,
    /// Counts changes.
    pub version: i64,
}

impl Group {
    /// Strong entity tag, without quotes. It tells versions apart; the number of members is no part of them.
    pub fn etag(&self) -> String {
        format!("{}-{}", self.version, self.id.to_string().chars().rev().take(4).collect::<String>())
    }
}
