//! What the identity layer holds about a person that no other file reads, and its removal from the log of events.

use avnology_model::{
    Result, Timestamp,
    ids::{EventId, IdentityId, OrganizationId},
};

use serde_json::{Value as Json, json};

use crate::{IdentityTx, Row, Tx, events::log::Cursor, params};

crate::statements! {
    CONSENTS = "SELECT consent_key, label, accepted_at FROM identity_consents WHERE identity_id = $1 ORDER BY accepted_at";
    TUPLES = "SELECT namespace, object, relation, create_time FROM relation_tuples WHERE subject = $1 UNION ALL \
        SELECT namespace, object, relation, create_time FROM own_tuples WHERE subject = $1 \
        ORDER BY namespace, object, relation";
    SESSIONS = "SELECT id, kind, aal, authenticated_at, issued_at, last_used_at, expires_at, revoked_at, ip, user_agent, \
        organization_id FROM sessions WHERE identity_id = $1 AND (issued_at, id) > ($2, $3) ORDER BY issued_at, id LIMIT $4";
    MEMBERSHIPS = "SELECT m.id, m.organization_id, o.name, m.role, m.state, m.source, m.create_time, m.joined_at, \
        m.last_active_at, m.expire_time FROM memberships m JOIN organizations o ON o.id = m.organization_id \
        WHERE m.identity_id = $1 ORDER BY m.create_time, m.id";
    GROUPS = "SELECT g.id, g.organization_id, g.name, gm.create_time FROM group_members gm \
        JOIN member_groups g ON g.id = gm.group_id WHERE gm.identity_id = $1 ORDER BY gm.create_time, g.id";
    WINDOW = "SELECT tx_id, position FROM events WHERE {behind:$1:$2} ORDER BY tx_id, position LIMIT 1 OFFSET $3";
    LAST = "SELECT tx_id, position FROM events WHERE {behind:$1:$2} ORDER BY tx_id DESC, position DESC LIMIT 1";
    NAMING = "SELECT tx_id, position, event_id, organization_id, managing_organization_id, body FROM events WHERE {behind:$1:$2} AND (tx_id, position) <= ($3, $4) \
        AND body LIKE $5 ORDER BY tx_id, position";
    REDACT = "UPDATE events SET body = $2, sealed = NULL WHERE event_id = $1";
    SLOWEST = "SELECT tx_id, position FROM event_cursors ORDER BY tx_id, position LIMIT 1";
}

/// The boxes that a person ticked.
pub fn consents(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Vec<Json>> {
    let take = |mut row: Row| {
        let (key, label, accepted_at): (String, String, Timestamp) = (row.take()?, row.take()?, row.take()?);
        Ok(json!({ "key": key, "label": label, "accepted_at": accepted_at }))
    };
    tx.query(&CONSENTS, &params![identity])?.into_iter().map(take).collect()
}

/// The relations that a person has.
pub fn relations(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Vec<Json>> {
    let take = |mut row: Row| {
        let (namespace, object, relation): (String, String, String) = (row.take()?, row.take()?, row.take()?);
        let since: Timestamp = row.take()?;
        Ok(json!({ "namespace": namespace, "object": object, "relation": relation, "create_time": since }))
    };
    tx.query(&TUPLES, &params![identity])?.into_iter().map(take).collect()
}

/// Where a page of sessions ends: begin and id of its last one.
pub type SessionPlace = (Timestamp, String);

/// Up to `limit` sessions of a person behind `after`, those that ended included, the oldest first.
pub fn sessions(
    tx: &mut IdentityTx<'_>,
    identity: IdentityId,
    after: &SessionPlace,
    limit: u32,
) -> Result<Vec<(SessionPlace, Json)>> {
    let take = |mut row: Row| {
        let (id, kind, aal): (String, String, String) = (row.take()?, row.take()?, row.take()?);
        let (authenticated_at, issued_at): (Timestamp, Timestamp) = (row.take()?, row.take()?);
        let (last_used_at, expires_at): (Timestamp, Timestamp) = (row.take()?, row.take()?);
        let revoked_at: Option<Timestamp> = row.take()?;
        let (ip, user_agent): (String, String) = (row.take()?, row.take()?);
        let organization: Option<String> = row.take()?;
        let shown = json!({
            "id": &id, "kind": kind, "aal": aal, "authenticated_at": authenticated_at, "issued_at": issued_at,
            "last_used_at": last_used_at, "expires_at": expires_at, "revoked_at": revoked_at, "ip": ip,
            "user_agent": user_agent, "organization_id": organization,
        });
        Ok(((issued_at, id), shown))
    };
    tx.query(&SESSIONS, &params![identity, after.0, &after.1, limit])?.into_iter().map(take).collect()
}

/// The memberships and groups of a person.
pub fn organizations(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Vec<Json>> {
    let membership = |mut row: Row| {
        let (id, organization, name): (String, String, String) = (row.take()?, row.take()?, row.take()?);
        let (role, state, source): (String, String, String) = (row.take()?, row.take()?, row.take()?);
        let create_time: Timestamp = row.take()?;
        let (joined_at, last_active_at, expire_time): (
            Option<Timestamp>,
            Option<Timestamp>,
            Option<Timestamp>,
        ) = (row.take()?, row.take()?, row.take()?);
        Ok(json!({
            "type": "membership", "id": id, "organization_id": organization, "organization_name": name, "role": role,
            "state": state, "source": source, "create_time": create_time, "joined_at": joined_at,
            "last_active_at": last_active_at, "expire_time": expire_time,
        }))
    };
    let group = |mut row: Row| {
        let (id, organization, name): (String, String, String) = (row.take()?, row.take()?, row.take()?);
        let since: Timestamp = row.take()?;
        Ok(
            json!({ "type": "group", "id": id, "organization_id": organization, "name": name, "create_time": since }),
        )
    };
    let memberships: Vec<Json> =
        tx.query(&MEMBERSHIPS, &params![identity])?.into_iter().map(membership).collect::<Result<_>>()?;
    let groups = tx.query(&GROUPS, &params![identity])?.into_iter().map(group).collect::<Result<Vec<_>>>()?;
    Ok(memberships.into_iter().chain(groups).collect())
}

/// An event that names a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Naming {
    /// Where it stands.
    pub cursor: Cursor,
    /// Its id.
    pub event_id: EventId,
    /// The organization that it concerns.
    pub organization_id: Option<OrganizationId>,
    /// The organization that manages the person.
    pub managing_organization_id: Option<OrganizationId>,
    /// What it says.
    pub body: Json,
}

/// The events behind `after` that name a person, among the next `window` of the log, and where that window ends; none at
/// the end of the log.
pub fn naming(
    tx: &mut Tx<'_>,
    after: Cursor,
    window: u32,
    person: IdentityId,
) -> Result<Option<(Vec<Naming>, Cursor)>> {
    let offset = window.saturating_sub(1);
    let end = match tx.query_one(&WINDOW, &params![after.tx_id, after.position, offset])? {
        Some(row) => Some(row),
        None => tx.query_one(&LAST, &params![after.tx_id, after.position])?,
    };
    let Some(mut end) = end else { return Ok(None) };
    let end = Cursor { tx_id: end.take()?, position: end.take()? };
    let params = params![after.tx_id, after.position, end.tx_id, end.position, format!("%{person}%")];
    let take = |mut row: Row| {
        let cursor = Cursor { tx_id: row.take()?, position: row.take()? };
        Ok(Naming {
            cursor,
            event_id: row.take()?,
            organization_id: row.take()?,
            managing_organization_id: row.take()?,
            body: row.take()?,
        })
    };
    let found = tx.query(&NAMING, &params)?.into_iter().map(take).collect::<Result<_>>()?;
    Ok(Some((found, end)))
}

/// Replaces what an event says.
pub fn redact(tx: &mut Tx<'_>, event: EventId, body: &Json) -> Result<()> {
    tx.execute(&REDACT, &params![event, body]).map(drop)
}

/// The place that every follower of the identity layer's log has passed; none when there is no follower.
pub fn slowest(tx: &mut IdentityTx<'_>) -> Result<Option<Cursor>> {
    let row = tx.query_one(&SLOWEST, &params![])?;
    row.map(|mut row| Ok(Cursor { tx_id: row.take()?, position: row.take()? })).transpose()
}
