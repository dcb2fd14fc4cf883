//! Scopes, and what the built-in roles hold of them (`contract/00` §12).

use std::fmt;

use crate::{Code, Error, Result, permissions::ScopeSet, text::text_enum};

/// The table: each scope with its spelling and who holds it: an organization's owner (O), admin (A) and member (M), and
/// whether a service account of an organization may be given it (K).
macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $text:tt, $holders:literal;)*) => {
        text_enum! {
            /// What a token, a key or the role of a person allows.
            pub enum Scope { $($(#[$doc])* $name = $text,)* }
        }

        impl Scope {
            const fn holders(self) -> &'static str {
                match self { $(Self::$name => $holders),* }
            }
        }
    };
}

scopes! {
    /// Own profile, sessions, memberships and flows.
    AccountSelf = "account:self", "OAM";
    /// Own export, deletion and opt-out.
    PrivacySelf = "privacy:self", "OAM";
    /// Browse the catalogue, ask for access, approve and review.
    AccessSelf = "access:self", "OAM";
    /// Read identities; in an organization, its members.
    IdentitiesRead = "identities:read", "OAK";
    /// Create and change identities; in an organization, those it manages.
    IdentitiesWrite = "identities:write", "OAK";
    /// Import identities in bulk.
    IdentitiesImport = "identities:import", "";
    /// Remove identities at once.
    IdentitiesErase = "identities:erase", "";
    /// See other people's sessions and devices.
    SessionsRead = "sessions:read", "OAK";
    /// End other people's sessions.
    SessionsWrite = "sessions:write", "OAK";
    /// Read organizations, their domains and seats.
    OrganizationsRead = "organizations:read", "OAMK";
    /// Change settings and domains of an organization.
    OrganizationsWrite = "organizations:write", "OAK";
    /// Create organizations.
    OrganizationsCreate = "organizations:create", "";
    /// Delete and restore an organization, and hand it over.
    OrganizationsDelete = "organizations:delete", "O";
    /// Read members and invitations.
    MembersRead = "members:read", "OAMK";
    /// Add, invite, change and remove members.
    MembersWrite = "members:write", "OAK";
    /// Read groups.
    GroupsRead = "groups:read", "OAMK";
    /// Change groups.
    GroupsWrite = "groups:write", "OAK";
    /// Read custom roles.
    RolesRead = "roles:read", "OAMK";
    /// Change custom roles.
    RolesWrite = "roles:write", "OAK";
    /// Read branding.
    BrandingRead = "branding:read", "OAMK";
    /// Change branding.
    BrandingWrite = "branding:write", "OAK";
    /// Read message templates.
    TemplatesRead = "templates:read", "OAK";
    /// Change message templates.
    TemplatesWrite = "templates:write", "OAK";
    /// Read and check relation tuples.
    PermissionsRead = "permissions:read", "OAK";
    /// Write relation tuples.
    PermissionsWrite = "permissions:write", "OAK";
    /// Read policies.
    PolicyRead = "policy:read", "OAK";
    /// Change policies.
    PolicyWrite = "policy:write", "OAK";
    /// Read assessments.
    RiskRead = "risk:read", "OAK";
    /// Tune risk signals.
    RiskWrite = "risk:write", "OAK";
    /// Read the audit log.
    AuditRead = "audit:read", "OAK";
    /// Export the audit log.
    AuditExport = "audit:export", "OAK";
    /// Read analytics.
    AnalyticsRead = "analytics:read", "OAK";
    /// Read webhooks.
    WebhooksRead = "webhooks:read", "OAK";
    /// Change webhooks.
    WebhooksWrite = "webhooks:write", "OAK";
    /// Read shared-signals streams.
    SsfRead = "ssf:read", "OAK";
    /// Change shared-signals streams.
    SsfWrite = "ssf:write", "OAK";
    /// Read OAuth clients.
    ClientsRead = "clients:read", "";
    /// Change OAuth clients.
    ClientsWrite = "clients:write", "";
    /// Read SSO connections.
    SsoRead = "sso:read", "OAK";
    /// Change SSO connections.
    SsoWrite = "sso:write", "OAK";
    /// Read directories.
    ScimRead = "scim:read", "OAK";
    /// Change directories.
    ScimWrite = "scim:write", "OAK";
    /// Read the SAML identity provider.
    SamlIdpRead = "saml_idp:read", "";
    /// Change the SAML identity provider.
    SamlIdpWrite = "saml_idp:write", "";
    /// Read service accounts.
    ServiceAccountsRead = "service_accounts:read", "OA";
    /// Change service accounts.
    ServiceAccountsWrite = "service_accounts:write", "OA";
    /// Read API keys.
    KeysRead = "keys:read", "OA";
    /// Make, rotate and revoke API keys.
    KeysWrite = "keys:write", "OA";
    /// Read the catalogue, requests and grants.
    GovernanceRequestsRead = "governance.requests:read", "OAK";
    /// Change the catalogue, requests and grants.
    GovernanceRequestsWrite = "governance.requests:write", "OAK";
    /// Read review campaigns.
    GovernanceReviewsRead = "governance.reviews:read", "OAK";
    /// Change review campaigns.
    GovernanceReviewsWrite = "governance.reviews:write", "OAK";
    /// Read separation of duties.
    GovernanceSodRead = "governance.sod:read", "OAK";
    /// Change separation of duties.
    GovernanceSodWrite = "governance.sod:write", "OAK";
    /// Read the tenant's settings.
    TenantRead = "tenant:read", "";
    /// Change the tenant's settings.
    TenantWrite = "tenant:write", "";
    /// Read captured messages.
    OutboxRead = "outbox:read", "";
}

impl Scope {
    /// Whether the scope is only ever about the caller.
    pub fn is_self(self) -> bool {
        self.as_str().ends_with(":self")
    }

    /// Whether a role of an organization may hold it: what its owner holds.
    pub fn is_of_organizations(self) -> bool {
        self.holders().contains('O')
    }

    /// Whether a service account of an organization may hold it.
    pub fn is_for_keys(self) -> bool {
        self.holders().contains('K')
    }

    /// The scopes with this spelling, the accepted aliases included.
    pub fn parse_alias(text: &str) -> Vec<Self> {
        if let Some(scope) = Self::parse(text) {
            return vec![scope];
        }
        let areas: &[&str] = match text.rsplit_once(':').map_or(text, |(area, _)| area) {
            "admin:users" | "users" => &["identities"],
            "admin:orgs" => &["organizations", "members"],
            "admin:permissions" => &["permissions"],
            "admin:webhooks" => &["webhooks"],
            "admin:service-accounts" => &["service_accounts", "keys"],
            "template" => &["templates"],
            "ssf.read" => return vec![Self::SsfRead],
            "ssf.manage" => return vec![Self::SsfRead, Self::SsfWrite],
            _ => return Vec::new(),
        };
        let verb = text.rsplit_once(':').map_or("", |(_, verb)| verb);
        let scopes = areas.iter().filter_map(|area| Self::parse(&format!("{area}:{verb}")));
        scopes.collect()
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
    /// Whether the role holds `scope`, in tenant scope and in every organization.
    pub fn holds(self, scope: Scope) -> bool {
        match self {
            Self::Admin => true,
            Self::Viewer => {
                scope.is_self() || (scope.as_str().ends_with(":read") && scope != Scope::OutboxRead)
            }
        }
    }

    /// What the role holds.
    pub fn scopes(self) -> ScopeSet {
        Scope::ALL.iter().copied().filter(|scope| self.holds(*scope)).collect()
    }
}

text_enum! {
    /// A role that every organization has.
    pub enum BuiltInRole {
        /// Everything, and who else is owner.
        Owner = "owner",
        /// Everything but owners, deletion and transfer.
        Admin = "admin",
        /// Sees who and what is there.
        Member = "member",
    }
}

impl BuiltInRole {
    /// What the role holds inside its organization.
    pub fn scopes(self) -> ScopeSet {
        let letter = match self {
            Self::Owner => 'O',
            Self::Admin => 'A',
            Self::Member => 'M',
        };
        Scope::ALL.iter().copied().filter(|scope| scope.holders().contains(letter)).collect()
    }
}

/// The key of a role: `owner`, `admin`, `member`, or that of a custom role.
///
/// 2–64 characters, `^[a-z][a-z0-9_-]*$`.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "member")]
pub struct RoleKey(String);

impl RoleKey {
    /// The key with this text; none for a text that cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let good = (2..=64).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
        good.then(|| Self(text.to_owned()))
    }

    /// The key that is named, or `member`. `_314` for a text that cannot be one.
    pub fn named_or_member(text: Option<&str>) -> Result<Self> {
        match text {
            None => Ok(Self::member()),
            Some(text) => Self::parse(text).ok_or_else(|| Error::new(Code::RoleNotAssignable)),
        }
    }

    /// `owner`.
    pub fn owner() -> Self {
        BuiltInRole::Owner.into()
    }

    /// `member`.
    pub fn member() -> Self {
        BuiltInRole::Member.into()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The role that every organization has under this key, if it is one of them.
    pub fn built_in(&self) -> Option<BuiltInRole> {
        BuiltInRole::parse(&self.0)
    }

    /// Whether it is `owner`.
    pub fn is_owner(&self) -> bool {
        self.0 == BuiltInRole::Owner.as_str()
    }
}

impl From<BuiltInRole> for RoleKey {
    fn from(role: BuiltInRole) -> Self {
        Self(role.as_str().to_owned())
    }
}

impl From<RoleKey> for String {
    fn from(key: RoleKey) -> Self {
        key.0
    }
}

impl TryFrom<String> for RoleKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not the key of a role")
    }
}

impl std::str::FromStr for RoleKey {
    type Err = crate::text::NoSuchValue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or(crate::text::NoSuchValue)
    }
}

impl fmt::Display for RoleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RoleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_reads_everything_but_the_outbox_and_writes_nothing() {
        for scope in Scope::ALL {
            let reads = scope.as_str().ends_with(":read") || scope.is_self();
            assert_eq!(PlatformRole::Viewer.holds(*scope), reads && *scope != Scope::OutboxRead, "{scope}");
        }
    }

    #[test]
    fn an_owner_holds_what_an_admin_holds_and_an_admin_what_a_member_holds() {
        let [owner, admin, member] =
            [BuiltInRole::Owner, BuiltInRole::Admin, BuiltInRole::Member].map(BuiltInRole::scopes);
        assert!(owner.contains_all(admin) && admin.contains_all(member));
        let only_owners: Vec<_> = owner.without(admin).iter().collect();
        assert_eq!(only_owners, [Scope::OrganizationsDelete]);
        let members: Vec<_> = member.iter().map(Scope::as_str).collect();
        assert_eq!(
            members,
            [
                "account:self",
                "privacy:self",
                "access:self",
                "organizations:read",
                "members:read",
                "groups:read",
                "roles:read",
                "branding:read"
            ]
        );
    }

    #[test]
    fn the_spellings_of_older_clients_mean_the_canonical_scopes() {
        assert_eq!(Scope::parse_alias("admin:users:read"), [Scope::IdentitiesRead]);
        assert_eq!(Scope::parse_alias("users:write"), [Scope::IdentitiesWrite]);
        assert_eq!(Scope::parse_alias("admin:orgs:write"), [Scope::OrganizationsWrite, Scope::MembersWrite]);
        assert_eq!(Scope::parse_alias("ssf.manage"), [Scope::SsfRead, Scope::SsfWrite]);
        assert_eq!(Scope::parse_alias("tenant:read"), [Scope::TenantRead]);
        assert_eq!(Scope::parse_alias("admin:users:dance"), []);
        assert_eq!(Scope::parse_alias("dance"), []);
    }

    #[test]
    fn the_key_of_a_role_is_short_and_plain() {
        for good in ["owner", "billing-admin", "a1", "x_y"] {
            assert_eq!(RoleKey::parse(good).map(String::from).as_deref(), Some(good));
        }
        for bad in ["", "a", "1a", "Admin", "a b", "-a", "ä1", &"a".repeat(65)] {
            assert!(RoleKey::parse(bad).is_none(), "{bad}");
        }
    }
}
