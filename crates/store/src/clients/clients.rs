//! The tables of clients and their secrets.

use avnology_model::{
    Error, Result, Timestamp,
    clients::{Client, ClientSecret, ClientSettings},
    ids::ClientId,
    secret_token::SecretHash,
};

use super::{origins, registrations};
use crate::{
    IdentityTx, Row,
    list::{self, Field, List, ListQuery, Page, Scope},
    params,
};

const COLUMNS: &str = "c.id, c.settings, c.revoked_before, c.create_time, c.update_time, r.client_id, r.token_hash, \
    r.limits, r.document_url, r.fresh_until, r.last_token_at";
const FROM: &str = "oauth_clients c LEFT JOIN oauth_registrations r ON r.client_id = c.id";

crate::statements! {
    INSERT = "INSERT INTO oauth_clients (id, name, type, state, first_party, settings, revoked_before, create_time, \
        update_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    UPDATE = "UPDATE oauth_clients SET name = $2, state = $3, first_party = $4, settings = $5, revoked_before = $6, \
        update_time = $7 WHERE id = $1";
    BY_ID = "SELECT c.id, c.settings, c.revoked_before, c.create_time, c.update_time, r.client_id, r.token_hash, \
        r.limits, r.document_url, r.fresh_until, r.last_token_at FROM oauth_clients c LEFT JOIN oauth_registrations r ON r.client_id = c.id \
        WHERE c.id = $1";
    DELETE = "DELETE FROM oauth_clients WHERE id = $1";
    REDIRECT_URIS = "SELECT c.settings FROM oauth_clients c LEFT JOIN oauth_registrations r ON r.client_id = c.id \
        WHERE c.state = 'active' AND r.client_id IS NULL";
    SECRETS = "SELECT hash, prefix, create_time, expires_at FROM oauth_client_secrets WHERE client_id = $1 \
        ORDER BY create_time DESC, hash";
    INSERT_SECRET = "INSERT INTO oauth_client_secrets (hash, client_id, prefix, create_time, expires_at) \
        VALUES ($1, $2, $3, $4, $5)";
    END_SECRET = "UPDATE oauth_client_secrets SET expires_at = $2 WHERE hash = $1";
    DELETE_SECRET = "DELETE FROM oauth_client_secrets WHERE hash = $1";
    DELETE_SECRETS = "DELETE FROM oauth_client_secrets WHERE client_id = $1";
}

fn from_row(row: &mut Row) -> Result<Client> {
    let id = row.take()?;
    let settings: ClientSettings = serde_json::from_value(row.take()?).map_err(Error::internal)?;
    Ok(Client {
        id,
        settings,
        secrets: Vec::new(),
        revoked_before: row.take()?,
        create_time: row.take()?,
        update_time: row.take()?,
        registration: registrations::from_row(row)?,
    })
}

/// Adds a client with its secrets.
pub fn insert(tx: &mut IdentityTx<'_>, client: &Client) -> Result<()> {
    let settings = &client.settings;
    let values = params![
        client.id,
        &settings.name,
        settings.kind.as_str(),
        settings.state.as_str(),
        settings.first_party,
        serde_json::to_value(settings).map_err(Error::internal)?,
        client.revoked_before,
        client.create_time,
        client.update_time,
    ];
    tx.execute(&INSERT, &values)?;
    if let Some(registration) = &client.registration {
        registrations::insert(tx, client.id, registration)?;
    }
    origins::write(tx, client)?;
    client.secrets.iter().try_for_each(|secret| insert_secret(tx, client.id, secret))
}

/// Writes what may change of a client, which must have been read in this transaction; not its secrets.
pub fn update(tx: &mut IdentityTx<'_>, client: &mut Client, now: Timestamp) -> Result<()> {
    // Two changes at the same moment must not have the same tag.
    client.update_time = now.max(Timestamp::from_micros(client.update_time.micros().saturating_add(1)));
    let settings = &client.settings;
    let values = params![
        client.id,
        &settings.name,
        settings.state.as_str(),
        settings.first_party,
        serde_json::to_value(settings).map_err(Error::internal)?,
        client.revoked_before,
        client.update_time,
    ];
    tx.execute(&UPDATE, &values)?;
    origins::write(tx, client)
}

/// The client with this id, and its secrets.
pub fn find(tx: &mut IdentityTx<'_>, id: ClientId) -> Result<Option<Client>> {
    let Some(mut row) = tx.query_one(&BY_ID, &params![id])? else { return Ok(None) };
    let mut client = from_row(&mut row)?;
    client.secrets = secrets(tx, id)?;
    Ok(Some(client))
}

/// The client with this id; `_901`.
pub fn get(tx: &mut IdentityTx<'_>, id: ClientId) -> Result<Client> {
    find(tx, id)?.ok_or_else(Error::not_found)
}

/// Where people are sent back to by the clients that work and did not register themselves.
pub fn redirect_uris(tx: &mut IdentityTx<'_>) -> Result<Vec<String>> {
    let mut uris = Vec::new();
    for mut row in tx.query(&REDIRECT_URIS, &params![])? {
        let settings: ClientSettings = serde_json::from_value(row.take()?).map_err(Error::internal)?;
        uris.extend(settings.redirect_uris);
    }
    Ok(uris)
}

/// Removes a client and its secrets.
pub fn delete(tx: &mut IdentityTx<'_>, id: ClientId) -> Result<()> {
    tx.execute(&DELETE_SECRETS, &params![id])?;
    registrations::delete(tx, id)?;
    origins::erase(tx, id)?;
    tx.execute(&DELETE, &params![id]).map(drop)
}

fn secrets(tx: &mut IdentityTx<'_>, id: ClientId) -> Result<Vec<ClientSecret>> {
    let mut rows = tx.query(&SECRETS, &params![id])?;
    let secret = |row: &mut Row| {
        Ok(ClientSecret {
            hash: row.take()?,
            prefix: row.take()?,
            create_time: row.take()?,
            expires_at: row.take()?,
        })
    };
    rows.iter_mut().map(secret).collect()
}

/// Adds a secret to a client.
pub fn insert_secret(tx: &mut IdentityTx<'_>, id: ClientId, secret: &ClientSecret) -> Result<()> {
    let values = params![secret.hash, id, &secret.prefix, secret.create_time, secret.expires_at];
    tx.execute(&INSERT_SECRET, &values).map(drop)
}

/// Sets the end of a secret.
pub fn end_secret(tx: &mut IdentityTx<'_>, hash: &SecretHash, end: Timestamp) -> Result<()> {
    tx.execute(&END_SECRET, &params![hash, end]).map(drop)
}

/// Removes a secret.
pub fn delete_secret(tx: &mut IdentityTx<'_>, hash: &SecretHash) -> Result<()> {
    tx.execute(&DELETE_SECRET, &params![hash]).map(drop)
}

/// What clients are filtered and sorted by.
pub static CLIENTS: List = List {
    columns: COLUMNS,
    from: FROM,
    id: "c.id",
    default_order: &[("create_time", true)],
    fields: &[
        Field::text("id", "c.id"),
        Field::text("name", "c.name").sortable(),
        Field::text("type", "c.type"),
        Field::text("state", "c.state"),
        Field::boolean("first_party", "c.first_party"),
        Field::time("create_time", "c.create_time").sortable(),
    ],
};

/// One page of the clients, with their secrets. `_902` for a filter or an order that [`CLIENTS`] does not offer.
pub fn list(tx: &mut IdentityTx<'_>, query: &ListQuery) -> Result<Page<Client>> {
    let mut page = list::page(tx, &CLIENTS, &Scope::of("1 = 1", params![]), query, from_row)?;
    for client in &mut page.items {
        client.secrets = secrets(tx, client.id)?;
    }
    Ok(page)
}
