//! What an organization says of a client for its members (`contract/30` §10.1).

use crate::{
    Timestamp,
    ids::{ClientId, OrganizationId},
    text::text_enum,
};

text_enum! {
    /// What members are asked when a client wants their consent.
    pub enum Ruling {
        /// Nothing: it was agreed to for them.
        Preapproved = "preapproved",
        /// Nothing: it is refused for them.
        Blocked = "blocked",
        /// Themselves.
        Ask = "ask",
    }
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRule {
    /// Whose members it is for.
    pub organization_id: OrganizationId,
    /// Which client.
    pub client_id: ClientId,
    /// What it says.
    pub rule: Ruling,
    /// Preapproved: for which scopes; empty for all that the client may ask for.
    pub scopes: Vec<String>,
    /// When it was first made.
    pub create_time: Timestamp,
    /// When it was changed last.
    pub update_time: Timestamp,
}
