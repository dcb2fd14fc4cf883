//! Writing events, in the transaction that makes the change.

use avnology_model::{
    Error, Result,
    events::{Event, EventType, MessageOrigin, MessageRequest},
    ids::OrganizationId,
};
use avnology_store::{
    Tx,
    events::log::{self, NewEvent},
    identities::identities,
};

use crate::Cx;

/// Writes an event.
pub(crate) fn emit(tx: &mut Tx<'_>, event: &Event) -> Result<()> {
    let manager = manager(tx, event)?;
    append(tx, event, manager, None)
}

/// Writes an event about a person whom this organization manages, or did until just now.
pub(crate) fn emit_to_manager(tx: &mut Tx<'_>, event: &Event, manager: Option<OrganizationId>) -> Result<()> {
    append(tx, event, manager, None)
}

/// Asks for a message to a person, and notes who made it necessary. `sealed` holds its secrets, see [`super::seal`].
pub(crate) fn emit_message(
    tx: &mut Tx<'_>,
    cx: &Cx,
    request: &MessageRequest,
    sealed: Option<&[u8]>,
) -> Result<()> {
    let mut request = request.clone();
    request.origin =
        Some(MessageOrigin { device: cx.device_name(), place: cx.ip.map(|ip| ip.to_string()), at: cx.now });
    let payload = serde_json::to_value(&request).map_err(Error::internal)?;
    append(tx, &cx.event(EventType::MessageRequested, payload), None, sealed)
}

fn append(
    tx: &mut Tx<'_>,
    event: &Event,
    managing_organization_id: Option<OrganizationId>,
    sealed: Option<&[u8]>,
) -> Result<()> {
    touched(event).for_each(|subject| tx.touch(subject));
    let body = serde_json::to_value(event).map_err(Error::internal)?;
    log::append(
        tx,
        &NewEvent {
            event_id: event.event_id,
            organization_id: event.organization_id,
            managing_organization_id,
            event_type: event.event_type.as_str(),
            body: &body,
            sealed,
            create_time: event.timestamp,
        },
    )
}

/// What is touched ([`avnology_store::Marks`]) when an organization comes to be used, is used no longer or is called otherwise.
pub(crate) const ORGANIZATIONS_CHANGE: &str = "organizations";

/// What memory stands on that an event says may be different now: people, accounts and clients on whom access tokens stand, and
/// what organizations are called. A token that was just given changes nothing for those that were before; where one is ended
/// that speaks of a person, those that speak of others stay.
pub(super) fn touched(event: &Event) -> impl Iterator<Item = &str> {
    let is_issue = event.event_type == EventType::OauthTokenIssued;
    let is_of_person = event.targets.iter().any(|target| target.kind == "identity");
    let ends_of_client = match event.event_type {
        EventType::OauthTokenRevoked => !is_of_person,
        EventType::OauthClientRuleUpdated => true,
        _ => false,
    };
    let concerns = move |kind: &str| match kind {
        "identity" | "service_account" => !is_issue,
        "client" => ends_of_client,
        _ => false,
    };
    let organizations = matches!(
        event.event_type,
        EventType::OrganizationUpdated
            | EventType::OrganizationActivated
            | EventType::OrganizationSuspended
            | EventType::OrganizationDeletionScheduled
            | EventType::OrganizationRestored
            | EventType::OrganizationDeleted
    );
    let subjects = event.targets.iter().filter(move |target| concerns(&target.kind));
    let subjects = subjects.map(|target| target.id.as_str());
    subjects.chain(organizations.then_some(ORGANIZATIONS_CHANGE))
}

/// The organization that manages the person whom the event is about, when that is not the event's own: it is told, too
/// (`contract/70` §1).
fn manager(tx: &mut Tx<'_>, event: &Event) -> Result<Option<OrganizationId>> {
    let name = event.event_type.as_str();
    if !["user.", "session.", "device."].iter().any(|area| name.starts_with(area)) {
        return Ok(None);
    }
    let person = event.targets.iter().find(|target| target.kind == "identity");
    let Some(person) = person.and_then(|target| target.id.parse().ok()) else { return Ok(None) };
    let manager = identities::managed_by(tx, person)?;
    Ok(manager.filter(|manager| event.organization_id != Some(*manager)))
}
