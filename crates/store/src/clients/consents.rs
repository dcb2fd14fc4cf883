//! The table of consents.

use avnology_model::{
    Error, Result, Timestamp,
    clients::Consent,
    ids::{ClientId, ConsentId, IdentityId, OrganizationId},
};

use crate::{IdentityTx, Row, params};

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT o.id, o.identity_id, o.client_id, o.organization_id, o.scopes, o.resources, o.granted_at, o.last_used_at \
             FROM oauth_consents o WHERE ",
            $condition
        )
    };
}

crate::statements! {
    PUT = "INSERT INTO oauth_consents (id, identity_id, client_id, organization_id, scopes, resources, granted_at, \
        last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (identity_id, client_id, organization_id) \
        DO UPDATE SET scopes = excluded.scopes, resources = excluded.resources, granted_at = excluded.granted_at, \
        last_used_at = excluded.last_used_at";
    OF = select!("o.identity_id = $1 AND o.client_id = $2 AND o.organization_id = $3");
    BY_ID = select!("o.id = $1");
    OF_IDENTITY = select!("o.identity_id = $1 ORDER BY o.last_used_at DESC, o.id");
    TOUCH = "UPDATE oauth_consents SET last_used_at = $2 WHERE id = $1";
    DELETE = "DELETE FROM oauth_consents WHERE id = $1 RETURNING id";
    ERASE_IDENTITY = "DELETE FROM oauth_consents WHERE identity_id = $1";
    ERASE_CLIENT = "DELETE FROM oauth_consents WHERE client_id = $1";
    ERASE_ORGANIZATION = "DELETE FROM oauth_consents WHERE organization_id = $1";
}

fn from_row(row: &mut Row) -> Result<Consent> {
    let (id, identity_id, client_id) = (row.take()?, row.take()?, row.take()?);
    let organization: String = row.take()?;
    let organization_id = (!organization.is_empty()).then(|| organization.parse()).transpose();
    Ok(Consent {
        id,
        identity_id,
        client_id,
        organization_id: organization_id.map_err(Error::internal)?,
        scopes: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        resources: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        granted_at: row.take()?,
        last_used_at: row.take()?,
    })
}

fn column_of(organization: Option<OrganizationId>) -> String {
    organization.map(|id| id.to_string()).unwrap_or_default()
}

/// Writes a consent, in place of the one for the same client and organization, whose id stays.
pub fn put(tx: &mut IdentityTx<'_>, consent: &Consent) -> Result<()> {
    let values = params![
        consent.id,
        consent.identity_id,
        consent.client_id,
        column_of(consent.organization_id),
        serde_json::to_value(&consent.scopes).map_err(Error::internal)?,
        serde_json::to_value(&consent.resources).map_err(Error::internal)?,
        consent.granted_at,
        consent.last_used_at,
    ];
    tx.execute(&PUT, &values).map(drop)
}

/// What a person agreed to for a client and an organization, or none.
pub fn of(
    tx: &mut IdentityTx<'_>,
    identity: IdentityId,
    client: ClientId,
    organization: Option<OrganizationId>,
) -> Result<Option<Consent>> {
    let values = params![identity, client, column_of(organization)];
    tx.query_one(&OF, &values)?.as_mut().map(from_row).transpose()
}

/// The consent with this id.
pub fn find(tx: &mut IdentityTx<'_>, id: ConsentId) -> Result<Option<Consent>> {
    tx.query_one(&BY_ID, &params![id])?.as_mut().map(from_row).transpose()
}

/// What a person agreed to, the latest used first.
pub fn of_identity(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<Vec<Consent>> {
    tx.query(&OF_IDENTITY, &params![identity])?.iter_mut().map(from_row).collect()
}

/// Notes that a consent was relied upon.
pub fn touch(tx: &mut IdentityTx<'_>, id: ConsentId, now: Timestamp) -> Result<()> {
    tx.execute(&TOUCH, &params![id, now]).map(drop)
}

/// Removes a consent; `false` when it was removed before.
pub fn delete(tx: &mut IdentityTx<'_>, id: ConsentId) -> Result<bool> {
    Ok(tx.query_one(&DELETE, &params![id])?.is_some())
}

/// Forgets the consents of a person.
pub fn erase_identity(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    tx.execute(&ERASE_IDENTITY, &params![identity]).map(drop)
}

/// Forgets the consents for a client.
pub fn erase_client(tx: &mut IdentityTx<'_>, client: ClientId) -> Result<()> {
    tx.execute(&ERASE_CLIENT, &params![client]).map(drop)
}

/// Forgets the consents for an organization.
pub fn erase_organization(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    tx.execute(&ERASE_ORGANIZATION, &params![organization.to_string()]).map(drop)
}
