//! Custom roles and the permissions in them (`contract/20` §4).

use std::fmt;

use crate::{
    Timestamp,
    ids::{OrganizationId, RoleId},
    permissions::{BuiltInRole, RoleKey, Scope, ScopeSet},
    text::text_enum,
};

text_enum! {
    /// The built-in role that a custom role extends.
    pub enum RoleBase {
        /// `member`.
        Member = "member",
        /// `admin`.
        Admin = "admin",
    }
}

impl RoleBase {
    /// The built-in role.
    pub fn role(self) -> BuiltInRole {
        match self {
            Self::Member => BuiltInRole::Member,
            Self::Admin => BuiltInRole::Admin,
        }
    }
}

/// A permission: `^[a-z][a-z0-9_.-]{0,63}:[a-z*][a-z0-9_.*-]{0,63}$`. One that equals a system scope grants that scope;
/// any other means something to applications only.
#[derive(
    Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "invoices:write")]
pub struct Permission(String);

impl Permission {
    /// The permission with this text; none for a text that cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let (area, action) = text.split_once(':')?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.' | '-');
        let good = (1..=64).contains(&area.len())
            && (1..=64).contains(&action.len())
            && area.starts_with(|c: char| c.is_ascii_lowercase())
            && area.chars().all(plain)
            && action.starts_with(|c: char| c.is_ascii_lowercase() || c == '*')
            && action.chars().all(|c| plain(c) || c == '*');
        good.then(|| Self(text.to_owned()))
    }

    /// The system scopes that it grants. `area:*` grants those of that area that custom roles may hold: deleting an
    /// organization stays with its owners.
    pub fn scopes(&self) -> ScopeSet {
        let granted = Scope::ALL.iter().copied().filter(|scope| self.covers(scope.as_str()));
        granted.filter(|scope| scope.is_of_organizations() && *scope != Scope::OrganizationsDelete).collect()
    }

    /// Whether holding this one means holding `other`: they are equal, or this is `area:*` of its area.
    pub fn covers(&self, other: &str) -> bool {
        self.0 == other
            || self.0.strip_suffix('*').is_some_and(|area| area.ends_with(':') && other.starts_with(area))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Permission> for String {
    fn from(permission: Permission) -> Self {
        permission.0
    }
}

impl TryFrom<String> for Permission {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a permission, as in invoices:write")
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A custom role as the server keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomRole {
    /// Id.
    pub id: RoleId,
    /// The organization.
    pub organization_id: OrganizationId,
    /// Key, unique in the organization and never changed.
    pub key: RoleKey,
    /// Name, 1–100 characters.
    pub name: String,
    /// Description, at most 500 characters.
    pub description: Option<String>,
    /// What it extends.
    pub base: RoleBase,
    /// What it holds besides, at most 200.
    pub permissions: Vec<Permission>,
    /// Members that hold it.
    pub member_count: u32,
    /// Groups that give it.
    pub group_count: u32,
    /// Creation.
    pub create_time: Timestamp,
    /// Last change.
    pub update_time: Timestamp,
    /// Counts changes.
    pub version: i64,
}

impl CustomRole {
    /// The system scopes it holds, those of its base included.
    pub fn scopes(&self) -> ScopeSet {
        let granted = self.permissions.iter().map(Permission::scopes);
        granted.fold(self.base.role().scopes(), ScopeSet::union)
    }

    /// Strong entity tag, without quotes. It tells versions apart; how many hold the role is no part of them.
    pub fn etag(&self) -> String {
        format!("{}-{}", self.version, self.id.to_string().chars().rev().take(4).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(text: &str) -> Permission {
        Permission::parse(text).expect("a permission")
    }

    #[test]
    fn a_permission_has_an_area_and_an_action() {
        for good in ["invoices:write", "a:*", "governance.requests:read", "x-1_y.z:a*b"] {
            assert!(Permission::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "invoices",
            "Invoices:write",
            ":x",
            "x:",
            "*:read",
            "a:b:c",
            "a: b",
            &format!("{}:b", "a".repeat(65)),
        ] {
            assert!(Permission::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_star_covers_its_area_and_no_other() {
        assert!(
            permission("invoices:*").covers("invoices:write")
                && permission("invoices:*").covers("invoices:*")
        );
        assert!(
            !permission("invoices:*").covers("invoices2:write")
                && !permission("invoices:w*").covers("invoices:write")
        );
    }

    #[test]
    fn system_scopes_are_granted_only_where_roles_may_hold_them() {
        assert_eq!(
            permission("audit:*").scopes(),
            [Scope::AuditRead, Scope::AuditExport].into_iter().collect()
        );
        assert_eq!(permission("tenant:write").scopes(), ScopeSet::EMPTY);
        let of_organizations = permission("organizations:*").scopes();
        assert_eq!(
            of_organizations,
            [Scope::OrganizationsRead, Scope::OrganizationsWrite].into_iter().collect()
        );
        assert_eq!(permission("invoices:write").scopes(), ScopeSet::EMPTY);
    }
}
