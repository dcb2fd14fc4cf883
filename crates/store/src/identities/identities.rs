//! The table of identities.

use avnology_model::{
    Code, Error, Result, Timestamp,
    identities::{Deletion, Identity, Metadata, Realm, shown_name},
    ids::{IdentityId, MembershipId, OrganizationId},
};
use serde_json::{Map, Value as Json};

use crate::{IdentityTx, Row, Tx, UniqueViolation, organizations::memberships, params};

/// Columns of an identity as [`from_row`] takes them; `i` is the identity, `l` its lock.
pub const COLUMNS: &str = "i.id, i.state, i.previous_state, i.email, i.email_key, i.email_verified, i.pending_email, \
    i.phone, i.phone_verified, i.username, i.first_name, i.last_name, i.display_name, i.avatar_url, i.locale, i.timezone, \
    i.traits, i.metadata_public, i.metadata_admin, i.external_id, i.has_password, i.password_change_required, \
    i.create_time, i.update_time, i.last_login_at, l.locked_until, i.deletion_id, i.deletion_scheduled_for, \
    i.deletion_cancel_on_login, i.version, i.realm, i.claimed_by, i.mfa_methods, i.pending_phone, \
    CASE WHEN i.realm <> '' THEN i.realm ELSE (SELECT m.organization_id FROM memberships m JOIN domains d \
    ON d.organization_id = m.organization_id WHERE m.organization_id = i.claimed_by AND m.identity_id = i.id \
    AND m.state <> 'pending' AND i.email_verified AND d.status = 'verified' AND i.email_key LIKE '%@' || d.domain) END";

/// The tables that [`COLUMNS`] come from.
pub const FROM: &str = "identities i LEFT JOIN lockouts l ON l.account = i.id";

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT i.id, i.state, i.previous_state, i.email, i.email_key, i.email_verified, i.pending_email, \
             i.phone, i.phone_verified, i.username, i.first_name, i.last_name, i.display_name, i.avatar_url, i.locale, \
             i.timezone, i.traits, i.metadata_public, i.metadata_admin, i.external_id, i.has_password, \
             i.password_change_required, i.create_time, i.update_time, i.last_login_at, l.locked_until, i.deletion_id, \
             i.deletion_scheduled_for, i.deletion_cancel_on_login, i.version, i.realm, i.claimed_by, \
             i.mfa_methods, i.pending_phone, CASE WHEN i.realm <> '' THEN i.realm ELSE (SELECT m.organization_id FROM memberships m JOIN domains d \
             ON d.organization_id = m.organization_id WHERE m.organization_id = i.claimed_by AND m.identity_id = i.id \
             AND m.state <> 'pending' AND i.email_verified AND d.status = 'verified' AND i.email_key LIKE '%@' || d.domain) END \
             FROM identities i LEFT JOIN lockouts l ON l.account = i.id WHERE ",
            $condition
        )
    };
}

crate::statements! {
    INSERT = "INSERT INTO identities (id, state, previous_state, email, email_key, email_verified, pending_email, phone, \
        phone_verified, username, username_key, first_name, last_name, display_name, avatar_url, locale, timezone, traits, \
        metadata_public, metadata_admin, external_id, has_password, password_change_required, create_time, update_time, \
        last_login_at, deletion_id, deletion_scheduled_for, deletion_cancel_on_login, version, realm, claimed_by, mfa_methods, pending_phone, ever_verified) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, \
        $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $6)";
    UPDATE = "UPDATE identities SET state = $2, previous_state = $3, email = $4, email_key = $5, email_verified = $6, \
        pending_email = $7, phone = $8, phone_verified = $9, username = $10, username_key = $11, first_name = $12, \
        last_name = $13, display_name = $14, avatar_url = $15, locale = $16, timezone = $17, traits = $18, \
        metadata_public = $19, metadata_admin = $20, external_id = $21, has_password = $22, \
        password_change_required = $23, create_time = $24, update_time = $25, last_login_at = $26, deletion_id = $27, \
        deletion_scheduled_for = $28, deletion_cancel_on_login = $29, version = $30, realm = $31, claimed_by = $32, mfa_methods = $33, \
        pending_phone = $34, ever_verified = (ever_verified OR $6) WHERE id = $1";
    BY_ID = select!("i.id = $1");
    NAME = "SELECT display_name, first_name, last_name, email, username FROM identities WHERE id = $1";
    MANAGED_BY = "SELECT CASE WHEN i.realm <> '' THEN i.realm ELSE (SELECT m.organization_id FROM memberships m \
        JOIN domains d ON d.organization_id = m.organization_id WHERE m.organization_id = i.claimed_by \
        AND m.identity_id = i.id AND m.state <> 'pending' AND i.email_verified AND d.status = 'verified' \
        AND i.email_key LIKE '%@' || d.domain) END FROM identities i WHERE i.id = $1";
    BY_EMAIL = select!("i.realm = $1 AND i.email_key = $2");
    BY_USERNAME = select!("i.realm = $1 AND i.username_key = $2");
    BY_EXTERNAL_ID = select!("i.realm = $1 AND i.external_id = $2");
    BY_PHONE = select!("i.realm = $1 AND i.phone = $2 AND i.phone_verified");
    OF_MEMBERS = select!(
        "i.id IN (SELECT m.identity_id FROM memberships m WHERE m.organization_id = $1 AND m.id > $2 AND m.id <= $3)"
    );
    BY_DELETION = select!("i.deletion_scheduled_for <= $1 ORDER BY i.deletion_scheduled_for LIMIT $2");
    TOUCH_LOGIN = "UPDATE identities SET last_login_at = $2 WHERE id = $1";
    DELETE = "DELETE FROM identities WHERE id = $1";
    EVER_VERIFIED = "SELECT ever_verified FROM identities WHERE id = $1";
    COUNT = "SELECT COUNT(*) FROM identities";
    BURY = "INSERT INTO tombstones (id, removed_at) VALUES ($1, $2)";
    ADD_CONSENT = "INSERT INTO identity_consents (identity_id, consent_key, label, accepted_at) VALUES ($1, $2, $3, $4)";
    DELETE_CONSENTS = "DELETE FROM identity_consents WHERE identity_id = $1";
}

/// Reads an identity from [`COLUMNS`].
pub fn from_row(row: &mut Row) -> Result<Identity> {
    Ok(Identity {
        id: row.take()?,
        state: row.take()?,
        previous_state: row.take()?,
        email: row.take()?,
        email_key: row.take()?,
        email_verified: row.take()?,
        pending_email: row.take()?,
        phone: row.take()?,
        phone_verified: row.take()?,
        username: row.take()?,
        first_name: row.take()?,
        last_name: row.take()?,
        display_name: row.take()?,
        avatar_url: row.take()?,
        locale: row.take()?,
        timezone: row.take()?,
        traits: object(row.take()?),
        metadata: Metadata { public: object(row.take()?), admin: object(row.take()?) },
        external_id: row.take()?,
        has_password: row.take()?,
        password_change_required: row.take()?,
        create_time: row.take()?,
        update_time: row.take()?,
        last_login_at: row.take()?,
        locked_until: row.take()?,
        deletion: deletion(row)?,
        version: row.take()?,
        realm: row.take()?,
        claimed_by: row.take()?,
        mfa_methods: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        pending_phone: row.take()?,
        managed_by: row.take()?,
    })
}

fn deletion(row: &mut Row) -> Result<Option<Deletion>> {
    let id = row.take()?;
    let scheduled_for = row.take()?;
    let cancel_on_login = row.take::<Option<bool>>()?.unwrap_or_default();
    Ok(match (id, scheduled_for) {
        (Some(id), Some(scheduled_for)) => Some(Deletion { id, scheduled_for, cancel_on_login }),
        _ => None,
    })
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

fn values(identity: &Identity) -> [crate::Value; 34] {
    let deletion = identity.deletion.as_ref();
    params![
        identity.id,
        identity.state,
        identity.previous_state,
        identity.email.as_ref(),
        identity.email_key.as_ref(),
        identity.email_verified,
        identity.pending_email.as_ref(),
        identity.phone.as_ref(),
        identity.phone_verified,
        identity.username.as_ref(),
        identity.username.as_ref().map(|u| u.to_ascii_lowercase()),
        identity.first_name.as_ref(),
        identity.last_name.as_ref(),
        identity.display_name.as_ref(),
        identity.avatar_url.as_ref(),
        identity.locale.as_ref(),
        identity.timezone.as_ref(),
        Json::Object(identity.traits.clone()),
        Json::Object(identity.metadata.public.clone()),
        Json::Object(identity.metadata.admin.clone()),
        identity.external_id.as_ref(),
        identity.has_password,
        identity.password_change_required,
        identity.create_time,
        identity.update_time,
        identity.last_login_at,
        deletion.map(|d| d.id),
        deletion.map(|d| d.scheduled_for),
        deletion.map(|d| d.cancel_on_login),
        identity.version,
        &identity.realm,
        identity.claimed_by,
        identity.mfa_methods.iter().map(|factor| Json::from(factor.as_str())).collect::<Json>(),
        identity.pending_phone.as_ref(),
    ]
}

/// What a unique index means to the caller.
fn taken(violation: &UniqueViolation) -> Error {
    match violation.constraint.as_str() {
        "identities_email_key" => Error::new(Code::EmailTaken),
        "identities_username_key" => Error::new(Code::HandleTaken).with_member("field", "username"),
        "identities_phone" => Error::new(Code::HandleTaken).with_member("field", "phone"),
        "identities_external_id" => Error::new(Code::AlreadyExists).with_member("field", "external_id"),
        other => Error::internal(format!("unforeseen unique index {other}")),
    }
}

/// Adds an identity. `_014`, `_023` or `_903` when an address, name or external id is taken.
pub fn insert(tx: &mut IdentityTx<'_>, identity: &Identity) -> Result<()> {
    tx.execute_unique(&INSERT, &values(identity))?.map_err(|v| taken(&v))?;
    Ok(())
}

/// Writes an identity, which must have been read in this transaction, as its next version. Refuses as [`insert`].
pub fn update(tx: &mut IdentityTx<'_>, identity: &mut Identity, now: Timestamp) -> Result<()> {
    identity.version += 1;
    identity.update_time = now;
    tx.execute_unique(&UPDATE, &values(identity))?.map_err(|v| taken(&v))?;
    memberships::follow_email(tx, identity)
}

/// The identity with this id.
pub fn find(tx: &mut IdentityTx<'_>, id: IdentityId) -> Result<Option<Identity>> {
    tx.query_one(&BY_ID, &params![id])?.as_mut().map(from_row).transpose()
}

/// What an identity is called, without the rest of it; `None` when there is none.
pub fn name(tx: &mut Tx<'_>, id: IdentityId) -> Result<Option<String>> {
    let Some(mut row) = tx.query_one(&NAME, &params![id])? else { return Ok(None) };
    let mut next = || row.take::<Option<String>>();
    let (set, first, last, email, username) = (next()?, next()?, next()?, next()?, next()?);
    let names = [first.as_deref(), last.as_deref()];
    Ok(Some(shown_name(set.as_deref(), names, email.as_deref(), username.as_deref())))
}

/// The organization that manages an identity, if one does.
pub fn managed_by(tx: &mut Tx<'_>, id: IdentityId) -> Result<Option<OrganizationId>> {
    Ok(tx.query_one(&MANAGED_BY, &params![id])?.map(|mut row| row.take()).transpose()?.flatten())
}

/// The identity with this id, or `_901`.
pub fn get(tx: &mut IdentityTx<'_>, id: IdentityId) -> Result<Identity> {
    find(tx, id)?.ok_or_else(Error::not_found)
}

/// The identity with this e-mail ([`avnology_model::identities::Email::key`]).
pub fn by_email(tx: &mut IdentityTx<'_>, realm: &Realm, key: &str) -> Result<Option<Identity>> {
    tx.query_one(&BY_EMAIL, &params![realm, key])?.as_mut().map(from_row).transpose()
}

/// The identity with this username ([`avnology_model::identities::Username::key`]).
pub fn by_username(tx: &mut IdentityTx<'_>, realm: &Realm, key: &str) -> Result<Option<Identity>> {
    tx.query_one(&BY_USERNAME, &params![realm, key])?.as_mut().map(from_row).transpose()
}

/// The identity that has proven this phone number.
pub fn by_phone(tx: &mut IdentityTx<'_>, realm: &Realm, phone: &str) -> Result<Option<Identity>> {
    tx.query_one(&BY_PHONE, &params![realm, phone])?.as_mut().map(from_row).transpose()
}

/// The identity with this id in a source system.
pub fn by_external_id(tx: &mut IdentityTx<'_>, realm: &Realm, id: &str) -> Result<Option<Identity>> {
    tx.query_one(&BY_EXTERNAL_ID, &params![realm, id])?.as_mut().map(from_row).transpose()
}

/// Whether an address of this identity was ever proven, one that it has left behind included.
pub fn was_ever_verified(tx: &mut IdentityTx<'_>, id: IdentityId) -> Result<bool> {
    let row = tx.query_one(&EVER_VERIFIED, &params![id])?;
    row.map_or(Ok(false), |mut row| row.take())
}

/// The people whose memberships in an organization lie behind `after` and up to `last`, by id.
pub fn of_members(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    (after, last): (&str, MembershipId),
) -> Result<Vec<Identity>> {
    tx.query(&OF_MEMBERS, &params![organization, after, last])?.iter_mut().map(from_row).collect()
}

/// At most `limit` identities whose grace period is over at `now`, the longest due first.
pub fn due_for_deletion(tx: &mut IdentityTx<'_>, now: Timestamp, limit: u32) -> Result<Vec<Identity>> {
    tx.query(&BY_DELETION, &params![now, limit])?.iter_mut().map(from_row).collect()
}

/// Notes a sign-in.
pub fn touch_login(tx: &mut IdentityTx<'_>, id: IdentityId, now: Timestamp) -> Result<()> {
    tx.execute(&TOUCH_LOGIN, &params![id, now]).map(drop)
}

/// Takes back an identity that this transaction has added.
pub fn discard(tx: &mut IdentityTx<'_>, id: IdentityId) -> Result<()> {
    tx.execute(&DELETE, &params![id]).map(drop)
}

/// How many identities there are.
pub fn count(tx: &mut IdentityTx<'_>) -> Result<u64> {
    tx.query_one(&COUNT, &params![])?.map_or(Ok(0), |mut row| row.take())
}

/// Removes an identity and everything that stands in its row, and keeps its id from being given again.
pub fn bury(tx: &mut IdentityTx<'_>, id: IdentityId, now: Timestamp) -> Result<()> {
    tx.execute(&DELETE_CONSENTS, &params![id])?;
    tx.execute(&DELETE, &params![id])?;
    tx.execute(&BURY, &params![id, now]).map(drop)
}

/// Notes that the person ticked a box.
pub fn add_consent(
    tx: &mut IdentityTx<'_>,
    id: IdentityId,
    key: &str,
    label: &str,
    now: Timestamp,
) -> Result<()> {
    tx.execute(&ADD_CONSENT, &params![id, key, label, now]).map(drop)
}
