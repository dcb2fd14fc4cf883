//! Which logs tell about a person, and from which that is to be removed. In the identity layer.

use avnology_model::{Error, Result, audit::Log};
use serde_json::json;

use crate::{IdentityTx, params};

crate::statements! {
    KNOWN = "SELECT person FROM audit_people WHERE log = $1 AND person {in_list:$2}";
    NOTE = "INSERT INTO audit_people (person, log) VALUES ($1, $2) ON CONFLICT (person, log) DO NOTHING";
    LOGS = "SELECT log FROM audit_people WHERE person = $1";
    WANT = "INSERT INTO audit_erasures (log, person) VALUES ($1, $2) ON CONFLICT (log, person) DO NOTHING";
    WANTED = "SELECT person FROM audit_erasures WHERE log = $1 ORDER BY person LIMIT 100";
    ERASED = "DELETE FROM audit_erasures WHERE log = $1 AND person = $2";
    FORGET = "DELETE FROM audit_people WHERE person = $1 AND log = $2";
    LEAVE = "DELETE FROM audit_people WHERE log = $1";
    DROP = "DELETE FROM audit_erasures WHERE log = $1";
    UNMARK = "DELETE FROM audit_backlog WHERE log = $1";
}

/// Which of `people` a log is not yet known to tell about.
pub fn unknown(tx: &mut IdentityTx<'_>, log: Log, people: &[String]) -> Result<Vec<String>> {
    let rows = tx.query(&KNOWN, &params![log.to_string(), json!(people)])?;
    let known: Vec<String> = rows.into_iter().map(|mut row| row.take()).collect::<Result<_>>()?;
    Ok(people.iter().filter(|person| !known.contains(person)).cloned().collect())
}

/// Notes that a log tells about these people.
pub fn note(tx: &mut IdentityTx<'_>, log: Log, people: &[String]) -> Result<()> {
    for person in people {
        tx.execute(&NOTE, &params![person, log.to_string()])?;
    }
    Ok(())
}

/// The logs that tell about a person.
pub fn logs_of(tx: &mut IdentityTx<'_>, person: &str) -> Result<Vec<Log>> {
    let rows = tx.query(&LOGS, &params![person])?;
    rows.into_iter().map(|mut row| row.take::<String>()?.parse().map_err(Error::internal)).collect()
}

/// Wants a person removed from every log that tells about them; which these are.
pub fn want(tx: &mut IdentityTx<'_>, person: &str) -> Result<Vec<Log>> {
    let logs = logs_of(tx, person)?;
    for log in &logs {
        tx.execute(&WANT, &params![log.to_string(), person])?;
    }
    Ok(logs)
}

/// Up to a hundred people to be removed from a log.
pub fn wanted(tx: &mut IdentityTx<'_>, log: Log) -> Result<Vec<String>> {
    tx.query(&WANTED, &params![log.to_string()])?.into_iter().map(|mut row| row.take()).collect()
}

/// A person was removed from a log.
pub fn erased(tx: &mut IdentityTx<'_>, log: Log, person: &str) -> Result<()> {
    tx.execute(&ERASED, &params![log.to_string(), person])?;
    tx.execute(&FORGET, &params![person, log.to_string()]).map(drop)
}

/// Forgets all of a log that is gone.
pub fn leave(tx: &mut IdentityTx<'_>, log: Log) -> Result<()> {
    for statement in [&LEAVE, &DROP, &UNMARK] {
        tx.execute(statement, &params![log.to_string()])?;
    }
    Ok(())
}
