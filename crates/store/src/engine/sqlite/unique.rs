//! Which unique index a statement would have broken, under the name that PostgreSQL gives it.

use rusqlite::{Connection, Error, ffi};

use crate::engine::Failure;

/// The longest name that PostgreSQL keeps, in bytes.
const NAME: usize = 63;

/// The index that `error` names; `None` when the error is another.
pub(super) fn violated(connection: &Connection, error: &Error) -> Result<Option<String>, Failure> {
    let Error::SqliteFailure(code, Some(message)) = error else { return Ok(None) };
    let unique =
        [ffi::SQLITE_CONSTRAINT_UNIQUE, ffi::SQLITE_CONSTRAINT_PRIMARYKEY, ffi::SQLITE_CONSTRAINT_ROWID];
    if !unique.contains(&code.extended_code) {
        return Ok(None);
    }
    let Some((_, what)) = message.split_once("UNIQUE constraint failed: ") else { return Ok(None) };
    // An index over an expression is named; any other is told by its columns.
    if let Some(name) = what.strip_prefix("index '").and_then(|rest| rest.strip_suffix('\'')) {
        return Ok(Some(name.to_owned()));
    }
    let mut table = "";
    let mut columns = Vec::new();
    for part in what.split(", ") {
        let Some((of, column)) = part.rsplit_once('.') else { return Ok(None) };
        table = of;
        columns.push(column);
    }
    by_columns(connection, table, &columns).map(Some)
}

/// The name of the unique index of `table` over exactly these columns.
fn by_columns(connection: &Connection, table: &str, columns: &[&str]) -> Result<String, Failure> {
    let mut indexes =
        connection.prepare_cached("SELECT name, origin FROM pragma_index_list(?1) WHERE \"unique\"")?;
    let mut rows = indexes.query([table])?;
    while let Some(row) = rows.next()? {
        let (name, origin): (String, String) = (row.get(0)?, row.get(1)?);
        if index_columns(connection, &name)? == columns {
            return Ok(match origin.as_str() {
                "c" => name,
                "u" => postgres_name(table, &columns.join("_"), "key"),
                _ => postgres_name(table, "", "pkey"),
            });
        }
    }
    // An INTEGER PRIMARY KEY is the row's own number and has no index.
    Ok(postgres_name(table, "", "pkey"))
}

fn index_columns(connection: &Connection, index: &str) -> Result<Vec<String>, Failure> {
    let mut columns = connection.prepare_cached("SELECT name FROM pragma_index_info(?1) ORDER BY seqno")?;
    let names = columns.query_map([index], |row| row.get::<_, Option<String>>(0))?;
    names.map(|name| Ok(name?.unwrap_or_default())).collect()
}

fn postgres_name(table: &str, columns: &str, ending: &str) -> String {
    let parts = [table, columns, ending].into_iter().filter(|part| !part.is_empty());
    let mut name = parts.collect::<Vec<_>>().join("_");
    name.truncate(NAME);
    name
}
