//! What callers may write of a role, checked as a whole.

use avnology_model::{
    Code, Error, FieldCode, FieldError, Result,
    organizations::{CustomRole, Permission, RoleBase},
    permissions::{RoleKey, Scope},
    text::{collect, line, lines},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::super::Acting;

/// Most permissions of one role.
const PERMISSIONS: usize = 200;

/// The writable members of a role.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateRole)]
pub struct RoleInput {
    /// Key, 2–64 lower-case letters, digits, `-` and `_`; never changed.
    #[schema(min_length = 2, max_length = 64)]
    pub key: String,
    /// Name, 1–100 characters.
    #[schema(max_length = 100)]
    pub name: String,
    /// Description, up to 500 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// The built-in role whose scopes are included; `member` when absent.
    #[serde(default = "member")]
    pub base: RoleBase,
    /// Up to 200: system scopes, and permissions that mean something to applications only, as in `invoices:write`.
    #[serde(default)]
    pub permissions: Vec<String>,
}

fn member() -> RoleBase {
    RoleBase::Member
}

/// A role that was checked as far as it can be without the tables.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) key: RoleKey,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) base: RoleBase,
    pub(super) permissions: Vec<Permission>,
}

impl RoleInput {
    /// What may be written of this role, as it is.
    pub(super) fn of(role: &CustomRole) -> Self {
        Self {
            key: role.key.as_str().to_owned(),
            name: role.name.clone(),
            description: role.description.clone(),
            base: role.base,
            permissions: role.permissions.iter().cloned().map(String::from).collect(),
        }
    }

    /// Every member but the key, which never changes, as a merge patch.
    pub fn into_patch(self) -> Map<String, Value> {
        let all = json!({
            "name": self.name, "description": self.description, "base": self.base, "permissions": self.permissions,
        });
        if let Value::Object(map) = all { map } else { Map::new() }
    }

    /// Every value that is not acceptable, each with its field.
    pub(super) fn check(self) -> Result<Draft> {
        let mut errors = Vec::new();
        let key = RoleKey::parse(self.key.trim());
        match &key {
            None => push(
                &mut errors,
                "key",
                FieldCode::InvalidFormat,
                "2–64 of a–z, 0–9, - and _, a letter first.",
            ),
            Some(key) if key.built_in().is_some() => {
                push(&mut errors, "key", FieldCode::NotAllowed, "Every organization has this role.");
            }
            Some(_) => {}
        }
        let name = collect(&mut errors, "name", line(&self.name, 100)).unwrap_or_default();
        if name.is_empty() && !errors.iter().any(|error| error.field == "name") {
            push(&mut errors, "name", FieldCode::Required, "A role needs a name.");
        }
        let description = self.description.as_deref().map(|text| lines(text, 500)).transpose();
        let description = collect(&mut errors, "description", description).flatten();
        let permissions = read_permissions(&mut errors, &self.permissions);
        Error::from_fields(errors)?;
        Ok(Draft {
            key: key.ok_or_else(|| Error::internal("a key that was checked is missing"))?,
            name,
            description: description.filter(|text| !text.is_empty()),
            base: self.base,
            permissions,
        })
    }
}

fn read_permissions(errors: &mut Vec<FieldError>, texts: &[String]) -> Vec<Permission> {
    if texts.len() > PERMISSIONS {
        push(errors, "permissions", FieldCode::TooLong, "At most 200.");
        return Vec::new();
    }
    let mut permissions: Vec<Permission> = Vec::with_capacity(texts.len());
    for (i, text) in texts.iter().enumerate() {
        let field = format!("permissions[{i}]");
        let Some(permission) = Permission::parse(text.trim()) else {
            push(errors, &field, FieldCode::InvalidFormat, "An area and an action, as in invoices:write.");
            continue;
        };
        let scope = Scope::parse(permission.as_str());
        if scope.is_some_and(|scope| !scope.is_of_organizations() || scope == Scope::OrganizationsDelete) {
            push(errors, &field, FieldCode::NotAllowed, "No role of an organization's own holds this scope.");
        } else if permissions.contains(&permission) {
            push(errors, &field, FieldCode::Duplicate, "This permission stands here twice.");
        } else {
            permissions.push(permission);
        }
    }
    permissions
}

/// `_100` unless the caller holds all that `after` allows and `before` did not.
pub(super) fn check_grant(acting: &Acting, before: Option<&CustomRole>, after: &CustomRole) -> Result<()> {
    let had = before.map(CustomRole::scopes).unwrap_or_default();
    let had_already =
        |permission: &&Permission| before.is_some_and(|role| role.permissions.contains(permission));
    let added: Vec<Permission> =
        after.permissions.iter().filter(|permission| !had_already(permission)).cloned().collect();
    if acting.may_grant(after.scopes().without(had), &added) {
        return Ok(());
    }
    Err(Error::new(Code::PermissionDenied).with_detail("A role cannot allow what you may not do yourself."))
}

fn push(errors: &mut Vec<FieldError>, field: &str, code: FieldCode, message: &str) {
    errors.push(FieldError { field: field.to_owned(), code, message: message.to_owned() });
}
