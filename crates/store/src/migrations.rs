//! Migrations: numbered files for each home, applied in order, each in one transaction, and never edited once released.
//!
//! Each release reads and writes the schema of the one before (expand, then contract). A table in every database says what
//! was applied. Row 0 of it is the lock: whoever migrates updates it first, so two nodes cannot do it at once.

use avnology_model::{Error, Result, Timestamp, secret_token::sha256, text::hex};

use crate::{
    Engine, Tx,
    dialect::render,
    engine::{Database, Failure},
    events::log,
    params, statements,
};

/// Which home a database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schema {
    /// The identity layer.
    Identity,
    /// One organization's own database.
    Organization,
}

/// One step of a schema.
#[derive(Debug)]
struct Migration {
    version: i64,
    name: &'static str,
    text: &'static str,
}

macro_rules! migrations {
    ($home:literal: $($version:literal = $name:literal;)+) => {
        &[$(Migration {
            version: $version,
            name: $name,
            text: include_str!(concat!("../migrations/", $home, "/", $name, ".sql")),
        }),+]
    };
}

static IDENTITY: &[Migration] = migrations! { "identity":
    1 = "0001_foundation";
    2 = "0002_people";
    3 = "0003_avatars";
    4 = "0004_ever_verified";
    5 = "0005_organizations";
    6 = "0006_signing_keys";
    7 = "0007_audit";
    8 = "0008_factors";
    9 = "0009_privacy";
    10 = "0010_imports";
    11 = "0011_phones";
    12 = "0012_factor_recovery";
    13 = "0013_key_rotation";
    14 = "0014_devices";
    15 = "0015_clients";
    16 = "0016_pushed_requests";
    17 = "0017_registration";
    18 = "0018_client_rules";
    19 = "0019_permissions";
};

static ORGANIZATION: &[Migration] = migrations! { "organization":
    1 = "0001_foundation";
    2 = "0002_audit";
};

statements! {
    /// Whether a database was ever migrated.
    EXISTS = "SELECT {table_exists:schema_migrations}";
    /// The first table of every database.
    CREATE = "CREATE TABLE IF NOT EXISTS schema_migrations (
        version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)";
    /// The row that is locked by updating it.
    CREATE_LOCK = "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (0, 'lock', '', $1)
        ON CONFLICT (version) DO NOTHING";
    /// Taken first by whoever migrates.
    LOCK = "UPDATE schema_migrations SET applied_at = $1 WHERE version = 0";
    /// What was applied.
    APPLIED = "SELECT version, checksum FROM schema_migrations WHERE version > 0 ORDER BY version";
    /// Notes one more.
    NOTE = "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)";
    /// Something that every database can answer.
    PING = "SELECT version FROM schema_migrations WHERE version = 0";
}

impl Schema {
    fn migrations(self) -> &'static [Migration] {
        match self {
            Self::Identity => IDENTITY,
            Self::Organization => ORGANIZATION,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Identity => "the identity layer's database",
            Self::Organization => "the organization's database",
        }
    }
}

/// A name for the newest state of a schema, for templates.
pub(crate) fn fingerprint(schema: Schema) -> String {
    let all: String = schema.migrations().iter().map(|migration| checksum(migration.text)).collect();
    checksum(&all).chars().take(16).collect()
}

/// Brings a database to the newest schema and its event log to the server's numbers; how many migrations were applied.
/// With `allowed` off, pending ones are refused instead.
pub(crate) async fn bring_up(
    database: &Database,
    schema: Schema,
    allowed: bool,
    now: Timestamp,
) -> Result<usize> {
    let applied = migrate(database, schema, allowed, now).await?;
    if database.engine() == Engine::Postgres && database.read(|mut tx| log::is_misnumbered(&mut tx)).await? {
        database.write(|mut tx| log::renumber(&mut tx)).await?;
    }
    Ok(applied)
}

async fn migrate(database: &Database, schema: Schema, allowed: bool, now: Timestamp) -> Result<usize> {
    // Not in place: it opens the file.
    let missing = || database.scan(move |mut tx| pending(&mut tx, schema));
    let pending = missing().await?;
    if pending == 0 {
        return Ok(0);
    }
    if !allowed {
        let text = format!(
            "{} has {pending} pending migration(s): run `avnology db migrate`, or start without --no-migrate",
            schema.name()
        );
        return Err(refuse(text));
    }
    prepare(database, now).await?;
    let mut left = pending;
    while left > 0 {
        let one_more = move |mut tx: Tx<'_>| apply_next(&mut tx, schema, now);
        left = match database.migrate(one_more).await {
            Ok(true) => left - 1,
            Ok(false) => 0,
            // Other nodes were faster each time; as long as they get on there is nothing to refuse.
            Err(error) => match missing().await? {
                fewer if fewer < left => fewer,
                _ => return Err(error),
            },
        };
    }
    Ok(pending)
}

/// Makes the table of migrations and its lock.
async fn prepare(database: &Database, now: Timestamp) -> Result<()> {
    let create = move |mut tx: Tx<'_>| {
        tx.execute(&CREATE, &params![])?;
        // A lock that another node holds is there: to try to make it once more would meet that node until it is done.
        if tx.query_one(&PING, &params![])?.is_none() {
            tx.execute(&CREATE_LOCK, &params![now])?;
        }
        Ok(())
    };
    match database.migrate(create).await {
        Ok(()) => Ok(()),
        // PostgreSQL refuses the second of two nodes that create one table at the same moment.
        Err(_) => database.migrate(create).await,
    }
}

fn pending(tx: &mut Tx<'_>, schema: Schema) -> Result<usize> {
    let exists = match tx.query_one(&EXISTS, &params![])? {
        Some(mut row) => row.take::<bool>()?,
        None => false,
    };
    let applied = if exists { applied(tx)? } else { Vec::new() };
    plan(schema, &applied).map(<[Migration]>::len)
}

/// Applies the first migration that is missing; whether there was one.
fn apply_next(tx: &mut Tx<'_>, schema: Schema, now: Timestamp) -> Result<bool> {
    tx.execute(&LOCK, &params![now])?;
    let applied = applied(tx)?;
    let Some(next) = plan(schema, &applied)?.first() else { return Ok(false) };
    let text = render(next.text, tx.engine())
        .map_err(|why| Failure::fault(format!("{}: {why}", next.name)).error())?;
    tx.batch(&text)?;
    tx.execute(&NOTE, &params![next.version, next.name, checksum(next.text), now])?;
    tracing::info!(migration = next.name, schema = ?schema, "applied");
    Ok(true)
}

fn applied(tx: &mut Tx<'_>) -> Result<Vec<(i64, String)>> {
    tx.query(&APPLIED, &params![])?.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
}

/// What is still to be applied. Refuses a database that is newer than we are, or was made by other migrations.
fn plan(schema: Schema, applied: &[(i64, String)]) -> Result<&'static [Migration]> {
    let known = schema.migrations();
    for (at, (version, sum)) in applied.iter().enumerate() {
        let Some(migration) = known.get(at).filter(|migration| migration.version == *version) else {
            let text = format!(
                "{} has migration {version}, which this version of avnology does not know: it was used by a newer \
                 version; start that one",
                schema.name()
            );
            return Err(refuse(text));
        };
        if checksum(migration.text) != *sum {
            let text = format!(
                "{} was made with another text of migration {}: this is not the avnology that made it",
                schema.name(),
                migration.name
            );
            return Err(refuse(text));
        }
    }
    Ok(known.get(applied.len()..).unwrap_or_default())
}

fn refuse(text: String) -> Error {
    Error::internal(text.clone()).with_detail(text)
}

fn checksum(text: &str) -> String {
    hex(&sha256(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed_under_its_number() {
        for (folder, schema) in [("identity", Schema::Identity), ("organization", Schema::Organization)] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
            let mut files: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            let listed: Vec<String> = schema.migrations().iter().map(|m| format!("{}.sql", m.name)).collect();
            assert_eq!(files, listed);
            for (at, migration) in schema.migrations().iter().enumerate() {
                assert_eq!(usize::try_from(migration.version).unwrap(), at + 1);
                assert!(migration.name.starts_with(&format!("{:04}_", migration.version)));
            }
        }
    }

    #[test]
    fn what_was_applied_is_not_planned_again() {
        let first = (1, checksum(IDENTITY[0].text));
        assert_eq!(plan(Schema::Identity, &[]).unwrap().len(), IDENTITY.len());
        assert_eq!(plan(Schema::Identity, &[first]).unwrap().len(), IDENTITY.len() - 1);
    }

    #[test]
    fn a_changed_text_and_an_unknown_number_are_refused() {
        let changed = plan(Schema::Identity, &[(1, checksum("something else"))]).unwrap_err();
        assert!(changed.detail().contains("another text of migration 0001_foundation"), "{changed}");
        let unknown = plan(Schema::Identity, &[(9_999, String::new())]).unwrap_err();
        assert!(unknown.detail().contains("newer"), "{unknown}");
    }
}
