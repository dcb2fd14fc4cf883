//! Within what an address or a name is unique (`contract/20` §13).

use std::{fmt, str::FromStr};

use crate::ids::{NotAnId, OrganizationId};

/// Within what e-mail, phone and username of an identity are unique: the tenant, or, in `strict` mode, the one
/// organization that the identity belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Realm {
    /// The tenant.
    #[default]
    Tenant,
    /// One organization.
    Organization(OrganizationId),
}

impl Realm {
    /// The organization, if it is one.
    pub fn organization(self) -> Option<OrganizationId> {
        match self {
            Self::Tenant => None,
            Self::Organization(id) => Some(id),
        }
    }
}

impl From<Option<OrganizationId>> for Realm {
    fn from(organization: Option<OrganizationId>) -> Self {
        organization.map_or(Self::Tenant, Self::Organization)
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant => Ok(()),
            Self::Organization(id) => id.fmt(f),
        }
    }
}

impl FromStr for Realm {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if text.is_empty() { Ok(Self::Tenant) } else { text.parse().map(Self::Organization) }
    }
}
