//! What callers may write of a group, checked as a whole.

use avnology_model::{
    Code, Error, FieldCode, FieldError, Result,
    organizations::{Group, GroupSource, GroupType},
    permissions::RoleKey,
    text::{collect, line, lines},
};
use avnology_store::IdentityTx;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{
    super::{Acting, membership},
    check_rule_role,
    rule::Rule,
};

/// Most characters of a rule.
const RULE: usize = 2_000;

/// The writable members of a group.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateGroup)]
pub struct GroupInput {
    /// Name, 1–100 characters, unique in the organization whatever its case.
    #[schema(max_length = 100)]
    pub name: String,
    /// Description, up to 500 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// Who decides on the members: people (`static`, when absent) or a rule.
    #[serde(default = "by_people", rename = "type")]
    pub kind: GroupType,
    /// The rule of a dynamic group: a filter over the person and the membership, as in `locale = "de"`.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub rule: Option<String>,
    /// Key of a role given to every member.
    #[serde(default)]
    pub role: Option<String>,
}

fn by_people() -> GroupType {
    GroupType::Static
}

/// A group that was checked as far as it can be without the tables.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) kind: GroupType,
    pub(super) rule: Option<String>,
    pub(super) role: Option<RoleKey>,
}

impl GroupInput {
    /// What may be written of this group, as it is.
    pub(super) fn of(group: &Group) -> Self {
        Self {
            name: group.name.clone(),
            description: group.description.clone(),
            kind: group.kind,
            rule: group.rule.clone(),
            role: group.role.as_ref().map(|role| role.as_str().to_owned()),
        }
    }

    /// Every member as a merge patch.
    pub fn into_patch(self) -> Map<String, Value> {
        let all = json!({
            "name": self.name, "description": self.description, "type": self.kind, "rule": self.rule, "role": self.role,
        });
        if let Value::Object(map) = all { map } else { Map::new() }
    }

    /// Every value that is not acceptable, each with its field; `_314` for what cannot be the key of a role.
    pub(super) fn check(self) -> Result<Draft> {
        let mut errors = Vec::new();
        let name = collect(&mut errors, "name", line(&self.name, 100)).unwrap_or_default();
        if name.is_empty() && !errors.iter().any(|error| error.field == "name") {
            push(&mut errors, "name", FieldCode::Required, "A group needs a name.");
        }
        let description = self.description.as_deref().map(|text| lines(text, 500)).transpose();
        let description = collect(&mut errors, "description", description).flatten();
        let rule = self.rule.as_deref().map(|text| lines(text, RULE)).transpose();
        let rule = collect(&mut errors, "rule", rule).flatten();
        match (self.kind, &rule) {
            (GroupType::Static, Some(_)) => {
                push(
                    &mut errors,
                    "rule",
                    FieldCode::NotAllowed,
                    "People decide on the members of this group.",
                );
            }
            (GroupType::Dynamic, text) if !errors.iter().any(|error| error.field == "rule") => {
                if let Err(error) = Rule::parse(text.as_deref().unwrap_or_default()) {
                    errors.extend_from_slice(error.errors());
                }
            }
            _ => {}
        }
        Error::from_fields(errors)?;
        let given = self
            .role
            .as_deref()
            .map(|text| RoleKey::parse(text.trim()).ok_or_else(|| Error::new(Code::RoleNotAssignable)));
        Ok(Draft {
            name,
            description: description.filter(|text| !text.is_empty()),
            kind: self.kind,
            rule,
            role: given.transpose()?,
        })
    }
}

/// `_314` unless the group may give its role: not `owner`, one that is there, that the caller may give where this change
/// gives it to somebody, and for a rule one that does not run the organization.
pub(super) fn check_role(
    tx: &mut IdentityTx<'_>,
    acting: &Acting,
    before: Option<&Group>,
    after: &Group,
) -> Result<()> {
    let Some(role) = &after.role else { return Ok(()) };
    if role.is_owner() {
        return Err(Error::new(Code::RoleNotAssignable).with_detail("No group makes its members owners."));
    }
    membership::check_role(tx, after.organization_id, role)?;
    if after.kind == GroupType::Dynamic {
        check_rule_role(tx, after.organization_id, role)?;
    }
    let is_same = before.is_some_and(|before| {
        before.role == after.role && before.rule == after.rule && before.kind == after.kind
    });
    if is_same { Ok(()) } else { acting.check_assignable(role) }
}

/// `_910` for a group that a directory keeps.
pub(super) fn check_source(group: &Group) -> Result<()> {
    if group.source != GroupSource::Scim {
        return Ok(());
    }
    Err(Error::new(Code::ConflictingState)
        .with_member("state", group.source.as_str())
        .with_detail("A directory keeps this group."))
}

fn push(errors: &mut Vec<FieldError>, field: &str, code: FieldCode, message: &str) {
    errors.push(FieldError { field: field.to_owned(), code, message: message.to_owned() });
}
