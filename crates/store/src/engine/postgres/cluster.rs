//! A server that holds databases of ours: opens, creates, lists and destroys them.

use std::{path::Path, str::FromStr, sync::Arc};

use avnology_model::{Error, Result, ids::OrganizationId};
use deadpool_postgres::{Client, Object, Pool};
use tokio_postgres::error::SqlState;

use super::{Database, connect::Address, failure::no_such_database};
use crate::engine::Failure;

/// Connections to one organization's database at a time.
const PER_ORGANIZATION: usize = 2;
/// The longest name of a database, in bytes.
const NAME: usize = 63;

/// A server and the database that its URL names, from whose name the organizations' databases have theirs.
pub(crate) struct Cluster {
    address: Address,
    home: Pool,
}

impl Cluster {
    /// Connects, and creates the database that the URL names if it is not there.
    pub(crate) async fn open(url: &str, ca_file: Option<&Path>, connections: usize) -> Result<Self> {
        let address = Address::parse(url, ca_file)?;
        let home = address.pool(connections)?;
        let first = match home.get().await {
            Err(error) if no_such_database(&error) => {
                create(&address.with_database("postgres").pool(1)?, address.database()).await?;
                home.get().await
            }
            other => other,
        };
        let client = first.map_err(|e| Failure::from(e).error())?;
        check_order(&client, address.database()).await?;
        drop(client);
        Ok(Self { address, home })
    }

    /// The database that the URL names.
    pub(crate) fn database(&self) -> Arc<Database> {
        Database::new(self.home.clone())
    }

    /// An organization's database; `None` when there is none.
    pub(crate) async fn organization(&self, id: OrganizationId) -> Result<Option<Arc<Database>>> {
        let name = self.name(id)?;
        let pool = self.address.with_database(&name).pool(PER_ORGANIZATION)?;
        match pool.get().await {
            Ok(client) => check_order(&client, &name).await?,
            Err(error) if no_such_database(&error) => return Ok(None),
            Err(error) => return Err(Failure::from(error).error()),
        }
        Ok(Some(Database::new(pool)))
    }

    /// Creates an organization's empty database, or leaves the one that is there.
    pub(crate) async fn create(&self, id: OrganizationId) -> Result<()> {
        if self.exists(id).await? {
            return Ok(());
        }
        create(&self.home, &self.name(id)?).await
    }

    /// Destroys an organization's database, whoever is connected to it; nothing happens when there is none.
    pub(crate) async fn destroy(&self, id: OrganizationId) -> Result<()> {
        let text = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(&self.name(id)?));
        run_long(self.client().await?, &text)
            .await
            .map_err(|e| Failure::from(e).during("drop a database").error())
    }

    /// Whether an organization has a database.
    pub(crate) async fn exists(&self, id: OrganizationId) -> Result<bool> {
        let name = self.name(id)?;
        let client = self.client().await?;
        let found = client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1::TEXT", &[&name]).await;
        found.map(|row| row.is_some()).map_err(|e| Failure::from(e).error())
    }

    /// Every organization that has a database.
    pub(crate) async fn list(&self) -> Result<Vec<OrganizationId>> {
        let prefix = self.prefix();
        let text = "SELECT CAST(datname AS TEXT) FROM pg_database WHERE starts_with(CAST(datname AS TEXT), $1::TEXT)";
        let rows =
            self.client().await?.query(text, &[&prefix]).await.map_err(|e| Failure::from(e).error())?;
        let mut ids = Vec::new();
        for row in rows {
            let name: String = row.try_get(0).map_err(Error::internal)?;
            ids.extend(name.strip_prefix(&prefix).and_then(|id| OrganizationId::from_str(id).ok()));
        }
        ids.sort();
        Ok(ids)
    }

    /// Closes the connections to the database that the URL names.
    pub(crate) fn close(&self) {
        self.home.close();
    }

    fn prefix(&self) -> String {
        format!("{}_", self.address.database())
    }

    fn name(&self, id: OrganizationId) -> Result<String> {
        let name = format!("{}{id}", self.prefix());
        if name.len() > NAME {
            let text =
                format!("the database name {} is too long to name organizations by", self.address.database());
            return Err(Error::internal(text.clone()).with_detail(text));
        }
        Ok(name)
    }

    async fn client(&self) -> Result<Client> {
        self.home.get().await.map_err(|e| Failure::from(e).error())
    }
}

/// Runs a statement that may wait for a checkpoint of the whole server.
async fn run_long(client: Client, text: &str) -> Result<(), tokio_postgres::Error> {
    client.batch_execute("SET statement_timeout = '2min'").await?;
    let answer = client.batch_execute(text).await;
    if client.batch_execute("RESET statement_timeout").await.is_err() {
        drop(Object::take(client));
    }
    answer
}

/// Creates a database whose texts sort by bytes, or leaves the one that is there.
async fn create(pool: &Pool, name: &str) -> Result<()> {
    let client = pool.get().await.map_err(|e| Failure::from(e).error())?;
    let server: i32 =
        match client.query_one("SELECT CAST(current_setting('server_version_num') AS INT)", &[]).await {
            Ok(row) => row.try_get(0).map_err(Error::internal)?,
            Err(error) => return Err(Failure::from(error).error()),
        };
    let provider = if server >= 150_000 { "LOCALE_PROVIDER libc" } else { "" };
    let text = format!(
        "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' {provider}",
        quoted(name)
    );
    match run_long(client, &text).await {
        Err(error) => match error.code() {
            // Somebody else was faster.
            Some(code) if *code == SqlState::DUPLICATE_DATABASE || *code == SqlState::UNIQUE_VIOLATION => {
                Ok(())
            }
            _ => Err(Failure::from(error).during("create a database").error()),
        },
        Ok(()) => Ok(()),
    }
}

/// Refuses a database whose texts do not sort by bytes: pages and ranges would differ from SQLite's.
async fn check_order(client: &Client, name: &str) -> Result<()> {
    let probe = "SELECT 'B' < 'a' AND 'Zz' < 'aA' AND 'a-b' < 'aa' AND 'z' < 'é' AND lower('É') = 'É'";
    let row = client.query_one(probe, &[]).await.map_err(|e| Failure::from(e).error())?;
    if row.try_get(0).map_err(Error::internal)? {
        return Ok(());
    }
    let text = format!(
        "the database {name} does not sort texts by bytes; let us create it, or create it with \
         TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
    );
    Err(Error::internal(text.clone()).with_detail(text))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
