//! The table of what organizations say of clients.

use avnology_model::{
    Error, Result,
    clients::ClientRule,
    ids::{ClientId, OrganizationId},
};

use crate::{IdentityTx, Row, params};

crate::statements! {
    PUT = "INSERT INTO oauth_client_rules (organization_id, client_id, rule, scopes, create_time, update_time) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organization_id, client_id) \
        DO UPDATE SET rule = excluded.rule, scopes = excluded.scopes, update_time = excluded.update_time";
    OF = "SELECT organization_id, client_id, rule, scopes, create_time, update_time FROM oauth_client_rules \
        WHERE organization_id = $1 AND client_id = $2";
    OF_ORGANIZATION = "SELECT organization_id, client_id, rule, scopes, create_time, update_time \
        FROM oauth_client_rules WHERE organization_id = $1 ORDER BY create_time DESC, client_id";
    COUNT = "SELECT COUNT(*) FROM oauth_client_rules WHERE organization_id = $1";
    DELETE = "DELETE FROM oauth_client_rules WHERE organization_id = $1 AND client_id = $2 RETURNING client_id";
    ERASE_CLIENT = "DELETE FROM oauth_client_rules WHERE client_id = $1";
    ERASE_ORGANIZATION = "DELETE FROM oauth_client_rules WHERE organization_id = $1";
}

fn from_row(row: &mut Row) -> Result<ClientRule> {
    Ok(ClientRule {
        organization_id: row.take()?,
        client_id: row.take()?,
        rule: row.take()?,
        scopes: serde_json::from_value(row.take()?).map_err(Error::internal)?,
        create_time: row.take()?,
        update_time: row.take()?,
    })
}

/// Writes a rule, in place of the one that is there.
pub fn put(tx: &mut IdentityTx<'_>, rule: &ClientRule) -> Result<()> {
    let values = params![
        rule.organization_id,
        rule.client_id,
        rule.rule,
        serde_json::to_value(&rule.scopes).map_err(Error::internal)?,
        rule.create_time,
        rule.update_time,
    ];
    tx.execute(&PUT, &values).map(drop)
}

/// What an organization says of a client.
pub fn of(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    client: ClientId,
) -> Result<Option<ClientRule>> {
    tx.query_one(&OF, &params![organization, client])?.as_mut().map(from_row).transpose()
}

/// All rules of an organization, the newest first.
pub fn of_organization(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<Vec<ClientRule>> {
    tx.query(&OF_ORGANIZATION, &params![organization])?.iter_mut().map(from_row).collect()
}

/// How many rules an organization has.
pub fn count(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<u32> {
    tx.query_one(&COUNT, &params![organization])?.map_or(Ok(0), |mut row| row.take())
}

/// Removes a rule; `false` when there was none.
pub fn delete(tx: &mut IdentityTx<'_>, organization: OrganizationId, client: ClientId) -> Result<bool> {
    Ok(tx.query_one(&DELETE, &params![organization, client])?.is_some())
}

/// Forgets the rules about a client.
pub fn erase_client(tx: &mut IdentityTx<'_>, client: ClientId) -> Result<()> {
    tx.execute(&ERASE_CLIENT, &params![client]).map(drop)
}

/// Forgets the rules of an organization.
pub fn erase_organization(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    tx.execute(&ERASE_ORGANIZATION, &params![organization]).map(drop)
}
