//! What callers write of an invitation, checked once.

use avnology_model::{
    Error, FieldCode, FieldError, Result,
    identities::Email,
    ids::GroupId,
    organizations::Delivery,
    permissions::RoleKey,
    text::{collect, lines},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::{Acting, members::read_role};
use crate::{Tenant, flows::resolve_return_to};

/// Life of an invitation when nothing is said, in seconds.
const LIFE: u32 = 604_800;
/// Shortest and longest life.
const SHORTEST: u32 = 3_600;
const LONGEST: u32 = 2_592_000;
/// Most characters of the words that go along.
const MESSAGE: usize = 500;
/// Most groups of one invitation.
const GROUPS: usize = 100;

/// Whom to invite, and as what.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateInvitation)]
pub struct NewInvitation {
    /// Address.
    #[schema(max_length = 254)]
    pub email: String,
    /// Role; the organization's `default_role` when absent.
    #[serde(default)]
    pub role: Option<String>,
    /// Static groups to be put in.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub group_ids: Vec<GroupId>,
    /// `email` when absent; `link` answers `accept_url` and sends nothing.
    #[serde(default)]
    pub delivery: Option<Delivery>,
    /// Plain text in the mail, up to 500 characters.
    #[serde(default)]
    pub message: Option<String>,
    /// Life in seconds, 3600–2592000.
    #[serde(default)]
    #[schema(minimum = 3600, maximum = 2_592_000, default = 604_800)]
    pub expires_in_seconds: Option<u32>,
    /// Where to go after acceptance.
    #[serde(default)]
    pub return_to: Option<String>,
}

impl NewInvitation {
    /// An invitation by mail, of the usual life.
    pub fn of(email: String, role: Option<String>) -> Self {
        Self {
            email,
            role,
            group_ids: Vec::new(),
            delivery: None,
            message: None,
            expires_in_seconds: None,
            return_to: None,
        }
    }
}

/// An invitation that was checked as far as it can be without the tables.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) email: Email,
    pub(super) role: RoleKey,
    pub(super) group_ids: Vec<GroupId>,
    pub(super) delivery: Delivery,
    pub(super) message: Option<String>,
    pub(super) return_to: Option<String>,
    pub(super) life_seconds: u32,
}

impl NewInvitation {
    /// `_902` for what does not fit; `_314` for a role that is not there or not the caller's to give.
    pub(super) fn check(self, app: &Tenant, acting: &Acting) -> Result<Draft> {
        let mut errors = Vec::new();
        let email = collect(&mut errors, "email", Email::parse(&self.email));
        let message = self.message.as_deref().map(|text| lines(text, MESSAGE)).transpose();
        let message = collect(&mut errors, "message", message).flatten().filter(|text| !text.is_empty());
        let life_seconds = self.expires_in_seconds.unwrap_or(LIFE);
        if !(SHORTEST..=LONGEST).contains(&life_seconds) {
            let code = if life_seconds < SHORTEST { FieldCode::TooSmall } else { FieldCode::TooLarge };
            push(&mut errors, "expires_in_seconds", code, "Between 3600 and 2592000.");
        }
        let target = self.return_to.as_deref().map(str::trim).filter(|target| !target.is_empty());
        let return_to = target.and_then(|target| resolve_return_to(app, target));
        if target.is_some() && return_to.is_none() {
            push(&mut errors, "return_to", FieldCode::NotAllowed, "This address is not allowed.");
        }
        check_list(&mut errors, &self.group_ids);
        Error::from_fields(errors)?;
        let role = read_role(acting, self.role.as_deref())?;
        acting.check_assignable(&role)?;
        Ok(Draft {
            email: email.ok_or_else(|| Error::internal("an address that was checked is missing"))?,
            role,
            group_ids: self.group_ids,
            delivery: self.delivery.unwrap_or(Delivery::Email),
            message,
            return_to,
            life_seconds,
        })
    }
}

fn check_list(errors: &mut Vec<FieldError>, groups: &[GroupId]) {
    if groups.len() > GROUPS {
        push(errors, "group_ids", FieldCode::TooLong, "At most 100 groups.");
    }
    for (i, group) in groups.iter().enumerate() {
        if groups.iter().take(i).any(|other| other == group) {
            push(errors, &format!("group_ids[{i}]"), FieldCode::Duplicate, "This group stands here twice.");
        }
    }
}

fn push(errors: &mut Vec<FieldError>, field: &str, code: FieldCode, message: &str) {
    errors.push(FieldError { field: field.to_owned(), code, message: message.to_owned() });
}
