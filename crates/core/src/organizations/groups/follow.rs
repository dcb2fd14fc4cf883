//! A change of one person or membership is tried against the rules of that person's organizations.

use std::sync::Arc;

use avnology_model::{
    Result,
    events::{Event, EventType},
    ids::{IdentityId, OrganizationId},
    organizations::{Group, Membership},
};
use avnology_store::{
    IdentityTx,
    events::log::StoredEvent,
    identities::identities,
    organizations::{group_members, groups, memberships},
};
use parking_lot::Mutex;

use super::{
    membership::{Put, put, take},
    rule::Rule,
};
use crate::{Cx, Tenant, events::Consumer};

/// Most memberships of one person that a change of theirs is tried in.
const MEMBERSHIPS: u32 = 10_000;

/// Follows the log for those whom rules may put into other groups. What it does for an event depends on the present only,
/// so it may do it again.
pub struct GroupFollower {
    app: Arc<Tenant>,
    changed: Mutex<Vec<(OrganizationId, IdentityId)>>,
}

impl GroupFollower {
    /// One that has nothing to forget yet.
    pub fn new(app: Arc<Tenant>) -> Self {
        Self { app, changed: Mutex::new(Vec::new()) }
    }
}

impl Consumer for GroupFollower {
    fn name(&self) -> &'static str {
        "groups"
    }

    fn wants(&self, event_type: &str) -> bool {
        EventType::parse(event_type)
            .is_some_and(|kind| is_of_person(kind) || is_of_member(kind) || is_of_all(kind))
    }

    fn take(&self, tx: &mut IdentityTx<'_>, event: &Event, _: &StoredEvent) -> Result<()> {
        let target = event.targets.iter().find(|target| target.kind == "identity");
        let identity = target.and_then(|target| target.id.parse::<IdentityId>().ok());
        let concerned = match (event.organization_id, identity) {
            (Some(organization), _) if is_of_all(event.event_type) => {
                return groups::restart_rules(tx, organization);
            }
            (Some(organization), Some(identity)) if is_of_member(event.event_type) => {
                memberships::of_person(tx, organization, identity)?.into_iter().collect()
            }
            (_, Some(identity)) if is_of_person(event.event_type) => {
                memberships::of_identity(tx, identity, MEMBERSHIPS)?
            }
            _ => Vec::new(),
        };
        let cx = self.app.system_cx();
        for membership in concerned {
            if try_rules(tx, &cx, &membership)? {
                self.changed.lock().push((membership.organization_id, membership.identity_id));
            }
        }
        Ok(())
    }

    fn committed(&self) {
        for (organization, identity) in std::mem::take(&mut *self.changed.lock()) {
            self.app.organizations.forget_member(organization, identity);
        }
    }
}

/// Whether something that rules read of a person may be different.
fn is_of_person(kind: EventType) -> bool {
    matches!(
        kind,
        EventType::UserUpdated
            | EventType::UserEmailVerified
            | EventType::UserEmailChanged
            | EventType::UserDisabled
            | EventType::UserEnabled
            | EventType::UserDeletionScheduled
            | EventType::UserDeletionCancelled
    )
}

/// Whether something that rules read of a membership may be different.
fn is_of_member(kind: EventType) -> bool {
    matches!(kind, EventType::MemberAdded | EventType::MemberRoleChanged | EventType::MemberReactivated)
}

/// Whether the organization may see more or less of all its members: it manages those at its domains.
fn is_of_all(kind: EventType) -> bool {
    matches!(kind, EventType::DomainVerified | EventType::DomainVerificationLost | EventType::DomainRemoved)
}

/// Puts one member into the dynamic groups whose rules say so, and out of the others; whether that changed anything.
fn try_rules(tx: &mut IdentityTx<'_>, cx: &Cx, membership: &Membership) -> Result<bool> {
    let rules = groups::dynamic(tx, membership.organization_id)?;
    if rules.is_empty() {
        return Ok(false);
    }
    let Some(identity) = identities::find(tx, membership.identity_id)? else { return Ok(false) };
    let held = group_members::of_person(tx, membership.organization_id, identity.id)?;
    let mut is_changed = false;
    for group in &rules {
        let Some(rule) = read_rule(group) else { continue };
        let belongs = rule.matches(&identity, membership);
        is_changed |= settle(tx, cx, group, membership, (belongs, held.contains(&group.id)))?;
    }
    Ok(is_changed)
}

/// The rule of a group. One that a newer version has written is left as it stands.
pub(super) fn read_rule(group: &Group) -> Option<Rule> {
    match Rule::parse(group.rule.as_deref()?) {
        Ok(rule) => Some(rule),
        Err(error) => {
            tracing::warn!(group = %group.id, %error, "the rule of a group could not be read");
            None
        }
    }
}

/// Puts a member in or takes them out, if they belong elsewhere than they are; whether that changed anything.
pub(super) fn settle(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    group: &Group,
    membership: &Membership,
    (belongs, is_in): (bool, bool),
) -> Result<bool> {
    match (belongs, is_in) {
        (true, false) => match put(tx, cx, group, membership)? {
            Put::Added => Ok(true),
            Put::Present => Ok(false),
            Put::Full => {
                tracing::warn!(group = %group.id, "a group is full: its rule would put more people in");
                Ok(false)
            }
        },
        (false, true) => take(tx, cx, group, membership.identity_id),
        _ => Ok(false),
    }
}
