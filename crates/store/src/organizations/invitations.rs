//! The table of invitations.

use avnology_model::{
    Code, Error, Result, Timestamp,
    ids::{IdentityId, InvitationId, OrganizationId},
    organizations::{Invitation, InvitationStatus},
    permissions::RoleKey,
    secret_token::SecretHash,
};

use crate::{
    IdentityTx, Row,
    list::{self, Field, List, ListQuery, Page, Scope},
    params,
};

const COLUMNS: &str = "v.id, v.organization_id, v.email, v.email_key, v.role, v.group_ids, v.status, v.delivery, v.message, \
    v.return_to, v.invited_by, v.life_seconds, v.expires_at, v.create_time, v.accepted_at, v.accepted_identity_id";

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT v.id, v.organization_id, v.email, v.email_key, v.role, v.group_ids, v.status, v.delivery, v.message, \
             v.return_to, v.invited_by, v.life_seconds, v.expires_at, v.create_time, v.accepted_at, v.accepted_identity_id \
             FROM invitations v WHERE ",
            $condition
        )
    };
}

crate::statements! {
    INSERT = "INSERT INTO invitations (id, organization_id, email, email_key, role, group_ids, status, delivery, message, \
        return_to, invited_by, life_seconds, expires_at, create_time, accepted_at, accepted_identity_id, token_hash) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    BY_ID = select!("v.id = $1");
    BY_TOKEN = select!("v.token_hash = $1");
    OPEN_OF_ADDRESS_IN = select!("v.organization_id = $1 AND v.email_key = $2 AND v.status = 'pending'");
    OPEN_OF_ADDRESS = select!(
        "v.email_key = $1 AND v.status = 'pending' AND v.expires_at > $2 ORDER BY v.create_time, v.id LIMIT $3"
    );
    OPEN_OF_INVITER = select!("v.invited_by = $1 AND v.status = 'pending' ORDER BY v.id");
    DUE = select!("v.status = 'pending' AND v.expires_at <= $1 ORDER BY v.expires_at, v.id LIMIT $2");
    DUE_IN = select!(
        "v.organization_id = $1 AND v.status = 'pending' AND v.expires_at <= $2 ORDER BY v.expires_at, v.id LIMIT $3"
    );
    ACCEPT = "UPDATE invitations SET status = 'accepted', accepted_at = $3, accepted_identity_id = $2 \
        WHERE id = $1 AND status = 'pending' AND expires_at > $3 RETURNING id";
    END = "UPDATE invitations SET status = $2 WHERE id = $1 AND status = 'pending' RETURNING id";
    RENEW = "UPDATE invitations SET token_hash = $2, expires_at = $3 \
        WHERE id = $1 AND status = 'pending' AND expires_at > $4 RETURNING id";
    REPLACE_ROLE = "UPDATE invitations SET role = $3 WHERE organization_id = $1 AND role = $2 AND status = 'pending'";
    ERASE = "DELETE FROM invitations WHERE organization_id = $1";
}

fn from_row(row: &mut Row) -> Result<Invitation> {
    Ok(Invitation {
        id: row.take()?,
        organization_id: row.take()?,
        email: row.take()?,
        email_key: row.take()?,
        role: row.take()?,
        group_ids: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        status: row.take()?,
        delivery: row.take()?,
        message: row.take()?,
        return_to: row.take()?,
        invited_by: row.take()?,
        life_seconds: row.take()?,
        expires_at: row.take()?,
        create_time: row.take()?,
        accepted_at: row.take()?,
        accepted_identity_id: row.take()?,
    })
}

/// Adds an invitation that is used with this token. `_903` when the address has an open one in the organization.
pub fn insert(tx: &mut IdentityTx<'_>, v: &Invitation, token: &SecretHash) -> Result<()> {
    let values = params![
        v.id,
        v.organization_id,
        &v.email,
        &v.email_key,
        &v.role,
        serde_json::to_value(&v.group_ids).map_err(Error::internal)?,
        v.status,
        v.delivery,
        v.message.as_ref(),
        v.return_to.as_ref(),
        v.invited_by.as_ref(),
        v.life_seconds,
        v.expires_at,
        v.create_time,
        v.accepted_at,
        v.accepted_identity_id,
        token,
    ];
    match tx.execute_unique(&INSERT, &values)? {
        Ok(_) => Ok(()),
        Err(violation) if violation.is("invitations_pending") => {
            Err(Error::new(Code::AlreadyExists).with_member("field", "email"))
        }
        Err(other) => Err(Error::internal(format!("unforeseen unique index {}", other.constraint))),
    }
}

/// The invitation with this id.
pub fn find(tx: &mut IdentityTx<'_>, id: InvitationId) -> Result<Option<Invitation>> {
    tx.query_one(&BY_ID, &params![id])?.as_mut().map(from_row).transpose()
}

/// The invitation with this id in an organization, or `_901`.
pub fn get(tx: &mut IdentityTx<'_>, organization: OrganizationId, id: InvitationId) -> Result<Invitation> {
    find(tx, id)?.filter(|v| v.organization_id == organization).ok_or_else(Error::not_found)
}

/// The invitation that is, or was, used with this token.
pub fn by_token(tx: &mut IdentityTx<'_>, token: &SecretHash) -> Result<Option<Invitation>> {
    tx.query_one(&BY_TOKEN, &params![token])?.as_mut().map(from_row).transpose()
}

/// The open invitation of an address into an organization; it may have run out a moment ago.
pub fn open_of_address_in(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    email_key: &str,
) -> Result<Option<Invitation>> {
    tx.query_one(&OPEN_OF_ADDRESS_IN, &params![organization, email_key])?.as_mut().map(from_row).transpose()
}

/// At most `limit` invitations of an address that are good at `now`, the oldest first.
pub fn open_of_address(
    tx: &mut IdentityTx<'_>,
    email_key: &str,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Invitation>> {
    tx.query(&OPEN_OF_ADDRESS, &params![email_key, now, limit])?.iter_mut().map(from_row).collect()
}

/// The open invitations that an identity has sent.
pub fn open_of_inviter(tx: &mut IdentityTx<'_>, inviter: IdentityId) -> Result<Vec<Invitation>> {
    tx.query(&OPEN_OF_INVITER, &params![inviter])?.iter_mut().map(from_row).collect()
}

/// At most `limit` open invitations whose time is over at `now`, in one organization or in all.
pub fn due(
    tx: &mut IdentityTx<'_>,
    organization: Option<OrganizationId>,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Invitation>> {
    let mut rows = match organization {
        Some(organization) => tx.query(&DUE_IN, &params![organization, now, limit])?,
        None => tx.query(&DUE, &params![now, limit])?,
    };
    rows.iter_mut().map(from_row).collect()
}

/// Uses an invitation; `false` when it was used, ended or has run out.
pub fn accept(tx: &mut IdentityTx<'_>, id: InvitationId, by: IdentityId, now: Timestamp) -> Result<bool> {
    Ok(tx.query_one(&ACCEPT, &params![id, by, now])?.is_some())
}

/// Ends an open invitation; `false` when it was used or had ended.
pub fn end(tx: &mut IdentityTx<'_>, id: InvitationId, status: InvitationStatus) -> Result<bool> {
    Ok(tx.query_one(&END, &params![id, status])?.is_some())
}

/// Gives an open invitation another token and end; `false` when it was used, ended or has run out.
pub fn renew(
    tx: &mut IdentityTx<'_>,
    id: InvitationId,
    token: &SecretHash,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    Ok(tx.query_one(&RENEW, &params![id, token, expires_at, now])?.is_some())
}

/// Offers another role by the open invitations that offer one that goes.
pub fn replace_role(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    gone: &RoleKey,
    instead: &RoleKey,
) -> Result<()> {
    tx.execute(&REPLACE_ROLE, &params![organization, gone, instead]).map(drop)
}

/// Removes every invitation of an organization.
pub fn erase(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    tx.execute(&ERASE, &params![organization]).map(drop)
}

/// What invitations are filtered and sorted by.
pub static INVITATIONS: List = List {
    columns: COLUMNS,
    from: "invitations v",
    id: "v.id",
    default_order: &[("create_time", true)],
    fields: &[
        Field::folded("email", "v.email", "v.email_key", crate::identities::list::email_key)
            .sortable()
            .indexed(),
        Field::choice("status", "v.status", &["pending", "accepted", "declined", "expired", "revoked"])
            .sortable()
            .indexed(),
        Field::text("role", "v.role").sortable().indexed(),
        Field::time("create_time", "v.create_time").sortable().indexed(),
        Field::time("expires_at", "v.expires_at").sortable().indexed(),
    ],
};

/// One page of the invitations of an organization, of the open ones only unless `any_status`. `_902` for a filter or an
/// order that [`INVITATIONS`] does not offer.
pub fn list(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    any_status: bool,
    query: &ListQuery,
) -> Result<Page<Invitation>> {
    let condition =
        if any_status { "v.organization_id = $1" } else { "v.organization_id = $1 AND v.status = 'pending'" };
    list::page(tx, &INVITATIONS, &Scope::of(condition, params![organization]), query, from_row)
}
