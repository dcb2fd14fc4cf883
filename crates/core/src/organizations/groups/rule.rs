//! What the rule of a dynamic group means: a filter over one person and the membership.
//!
//! A rule sees the role that the member holds directly and never those that groups give, so that no rule can make itself
//! true. Of a person it sees what the organization sees (`contract/10` §2.2).

use std::collections::BTreeMap;

use avnology_aip::{
    Expr, Number,
    filter::{self, Datum},
};
use avnology_model::{
    Code, Error, FieldCode, Result,
    identities::{Identity, IdentityState},
    ids::OrganizationId,
    organizations::{Membership, RoleBase},
    permissions::{BuiltInRole, RoleKey},
};
use avnology_store::{
    IdentityTx,
    list::{self, ListQuery},
    organizations::{groups::RULES, roles},
};
use serde_json::{Map, Value};

/// The rule of a dynamic group.
#[derive(Clone, Debug)]
pub(super) struct Rule(Expr);

impl Rule {
    /// Reads a rule in Unicode NFC. `_902` names `rule`: for one that is empty or cannot be read, for a field that no rule has, and for
    /// what does not fit its type.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let flaw = |code, message: String| Error::field("rule", code, message);
        let read = filter::parse(text).map_err(|error| flaw(FieldCode::InvalidFormat, error.to_string()))?;
        let Some(expr) = read else {
            return Err(flaw(FieldCode::Required, "A dynamic group needs a rule.".to_owned()));
        };
        let query = ListQuery { filter: Some(expr.clone()), ..ListQuery::default() };
        list::check(&RULES, &query).map_err(|error| match error.errors().first() {
            Some(first) => flaw(first.code, first.message.clone()),
            None => error,
        })?;
        Ok(Self(expr))
    }

    /// Whether somebody belongs to the group.
    pub(super) fn matches(&self, identity: &Identity, membership: &Membership) -> bool {
        let is_managed = identity.managed_by == Some(membership.organization_id);
        self.0.matches(&|path| {
            let names: Vec<&str> = path.0.iter().map(String::as_str).collect();
            match names.as_slice() {
                ["member", name] => of_membership(membership, name),
                names => card(identity, names).or_else(|| account(identity, names).filter(|_| is_managed)),
            }
        })
    }
}

fn of_membership(membership: &Membership, name: &str) -> Option<Datum> {
    match name {
        "role" => Some(Datum::text(membership.role.as_str())),
        "source" => Some(Datum::text(membership.source.as_str())),
        "joined_at" => membership.joined_at.map(|at| Datum::Time(at.micros())),
        _ => None,
    }
}

/// What an organization sees of each of its members.
fn card(identity: &Identity, names: &[&str]) -> Option<Datum> {
    let text = |value: &Option<String>| value.as_deref().map(Datum::text);
    match names {
        ["id"] => Some(Datum::text(identity.id.to_string())),
        ["email"] => identity.email.as_deref().map(Datum::folded_text),
        ["first_name"] => text(&identity.first_name),
        ["last_name"] => text(&identity.last_name),
        ["display_name"] => Some(Datum::text(identity.display_name())),
        ["avatar_url"] => text(&identity.avatar_url),
        ["state"] => {
            let is_active = identity.state == IdentityState::Active;
            let state = if is_active { IdentityState::Active } else { IdentityState::Inactive };
            Some(Datum::text(state.as_str()))
        }
        ["locale"] => text(&identity.locale),
        ["timezone"] => text(&identity.timezone),
        ["create_time"] => Some(Datum::Time(identity.create_time.micros())),
        _ => None,
    }
}

/// What it sees besides of those whom it manages.
fn account(identity: &Identity, names: &[&str]) -> Option<Datum> {
    match names {
        ["email_verified"] => Some(Datum::Bool(identity.email_verified)),
        ["phone"] => identity.phone.as_deref().map(Datum::text),
        ["username"] => identity.username.as_deref().map(Datum::folded_text),
        ["external_id"] => identity.external_id.as_deref().map(Datum::text),
        ["traits"] => Some(map(&identity.traits)),
        ["metadata", "public"] => Some(map(&identity.metadata.public)),
        ["metadata", "admin"] => Some(map(&identity.metadata.admin)),
        _ => None,
    }
}

fn map(members: &Map<String, Value>) -> Datum {
    let set = members.iter().filter_map(|(name, value)| Some((name.clone(), datum(value)?)));
    Datum::Map(set.collect::<BTreeMap<_, _>>())
}

fn datum(value: &Value) -> Option<Datum> {
    match value {
        Value::Null => None,
        Value::Bool(flag) => Some(Datum::Bool(*flag)),
        Value::Number(number) => Number::parse(&number.to_string()).map(Datum::Number),
        Value::String(text) => Some(Datum::text(text.as_str())),
        Value::Array(elements) => {
            Some(Datum::List(elements.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
        }
        Value::Object(members) => Some(map(members)),
    }
}

/// `_314` unless a rule may give this role: people can edit some of what rules read, so it is neither `admin` nor based on
/// it, and surely not `owner`.
pub(crate) fn check_rule_role(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    role: &RoleKey,
) -> Result<()> {
    let may = match role.built_in() {
        Some(role) => role == BuiltInRole::Member,
        None => roles::by_key(tx, organization, role)?.is_some_and(|custom| custom.base == RoleBase::Member),
    };
    if may {
        return Ok(());
    }
    Err(Error::new(Code::RoleNotAssignable).with_detail("No rule gives a role that runs the organization."))
}

#[cfg(test)]
mod tests;
