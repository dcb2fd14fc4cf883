//! One log for each organization, and one for the tenant.

use std::{fmt, str::FromStr};

use crate::ids::{NotAnId, OrganizationId};

/// An audit log. As text it is the organization's id, or `tenant`; the chain of its records begins with that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Log {
    /// What reaches no organization.
    Tenant,
    /// What happened in an organization, and to the people whom it manages.
    Organization(OrganizationId),
}

const TENANT: &str = "tenant";

impl Log {
    /// The organization whose log it is.
    pub fn organization(self) -> Option<OrganizationId> {
        match self {
            Self::Tenant => None,
            Self::Organization(id) => Some(id),
        }
    }
}

impl From<Option<OrganizationId>> for Log {
    fn from(organization: Option<OrganizationId>) -> Self {
        organization.map_or(Self::Tenant, Self::Organization)
    }
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant => f.write_str(TENANT),
            Self::Organization(id) => id.fmt(f),
        }
    }
}

impl FromStr for Log {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if text == TENANT { Ok(Self::Tenant) } else { text.parse().map(Self::Organization) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    #[test]
    fn a_log_reads_back_from_its_text() {
        let id = OrganizationId::new(Timestamp::from_micros(1_772_442_000_000_000), [3; 10]);
        for log in [Log::Tenant, Log::Organization(id)] {
            assert_eq!(log.to_string().parse(), Ok(log));
        }
        assert_eq!("usr_01kjpwd6m0emptw6bw4v8qtn83".parse::<Log>(), Err(NotAnId));
    }
}
