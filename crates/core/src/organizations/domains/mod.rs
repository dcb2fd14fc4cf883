//! Domains of organizations: claimed, proven by a TXT record, looked at again, lost and removed (`contract/20` §8).
//!
//! What a domain is good for stands elsewhere: joining in `join`, finding the way to sign in in `discovery`. DNS is asked by
//! the port `TxtLookup`, never within a transaction.

mod create;
mod delete;
mod due;
mod look;
mod read;
mod update;
mod verify;
mod view;

use avnology_model::{
    Code, Error, FieldCode, Result,
    events::{Event, EventType},
    organizations::Domain,
    permissions::RoleKey,
};
use serde_json::json;

pub use create::{NewDomain, create};
pub(super) use create::{add_all, check_free, read_names};
pub use delete::delete;
pub use due::check_due;
pub use read::{get, list};
pub use update::{DomainChange, update};
pub use verify::{verify, verify_named};
pub use view::{DomainView, TxtRecord};

use super::Acting;
use crate::Cx;

/// An event about a domain.
fn event(cx: &Cx, event_type: EventType, domain: &Domain) -> Event {
    let payload = json!({ "domain": DomainView::for_events(domain) });
    cx.event(event_type, payload).in_organization(domain.organization_id).on("domain", &domain.id)
}

/// The role of those who join by a domain. `_902` for that of owners; `_314` for one that is not there, or not the
/// caller's to give.
fn read_role(acting: &Acting, text: Option<&str>) -> Result<Option<RoleKey>> {
    let Some(text) = text else { return Ok(None) };
    let role = RoleKey::parse(text.trim()).ok_or_else(|| Error::new(Code::RoleNotAssignable))?;
    if role.is_owner() {
        let words = "Nobody becomes owner by joining.";
        return Err(Error::field("default_role", FieldCode::NotAllowed, words));
    }
    acting.check_assignable(&role)?;
    Ok(Some(role))
}

/// `_902` for a connection: no organization has one.
fn check_connection(id: Option<&str>) -> Result<()> {
    match id {
        None => Ok(()),
        Some(_) => Err(Error::field("connection_id", FieldCode::NotFound, "There is no such connection.")),
    }
}
