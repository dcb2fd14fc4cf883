//! Scopes, and what the platform roles hold of them.

use crate::text::text_enum;

text_enum! {
    /// What a token, a key or the role of a person allows (`contract/00` §12).
    pub enum Scope {
        /// Own profile, sessions and flows.
        AccountSelf = "account:self",
        /// Read identities.
        IdentitiesRead = "identities:read",
        /// Create and change identities.
        IdentitiesWrite = "identities:write",
        /// Remove identities at once.
        IdentitiesErase = "identities:erase",
        /// See other people's sessions.
        SessionsRead = "sessions:read",
        /// End other people's sessions.
        SessionsWrite = "sessions:write",
        /// Read the tenant's settings.
        TenantRead = "tenant:read",
        /// Change the tenant's settings.
        TenantWrite = "tenant:write",
        /// Read captured messages.
        OutboxRead = "outbox:read",
    }
}

impl Scope {
    /// Whether the scope is only ever about the caller.
    pub fn is_self(self) -> bool {
        self.as_str().ends_with(":self")
    }

    /// The scope with this spelling, the accepted aliases included.
    pub fn parse_alias(text: &str) -> Option<Self> {
        let canonical = text.strip_prefix("admin:users:").or_else(|| text.strip_prefix("users:"));
        match canonical {
            Some(verb) => Self::parse(&format!("identities:{verb}")),
            None => Self::parse(text),
        }
    }
}

text_enum! {
    /// A role on the whole tenant, held as the tuple `platform:main#<role>@<identity>`.
    pub enum PlatformRole {
        /// Everything.
        Admin = "admin",
        /// Everything that can be read.
        Viewer = "viewer",
    }
}

impl PlatformRole {
    /// Whether the role holds `scope` in tenant scope.
    pub fn holds(self, scope: Scope) -> bool {
        match self {
            Self::Admin => true,
            Self::Viewer => {
                scope.is_self() || (scope.as_str().ends_with(":read") && scope != Scope::OutboxRead)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_reads_everything_but_the_outbox_and_writes_nothing() {
        let held: Vec<_> =
            Scope::ALL.iter().filter(|s| PlatformRole::Viewer.holds(**s)).map(|s| s.as_str()).collect();
        assert_eq!(held, ["account:self", "identities:read", "sessions:read", "tenant:read"]);
    }

    #[test]
    fn the_spellings_of_older_clients_mean_the_canonical_scopes() {
        assert_eq!(Scope::parse_alias("admin:users:read"), Some(Scope::IdentitiesRead));
        assert_eq!(Scope::parse_alias("users:write"), Some(Scope::IdentitiesWrite));
        assert_eq!(Scope::parse_alias("tenant:read"), Some(Scope::TenantRead));
        assert_eq!(Scope::parse_alias("admin:users:dance"), None);
    }
}
