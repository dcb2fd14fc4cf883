//! The table of relation tuples: `namespace:object#relation@subject`.

use avnology_model::{Result, Timestamp, ids::IdentityId, permissions::PlatformRole};

use crate::{IdentityTx, params};

crate::statements! {
    INSERT = "INSERT INTO relation_tuples (namespace, object, relation, subject, create_time) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (namespace, object, relation, subject) DO NOTHING";
    DELETE = "DELETE FROM relation_tuples WHERE namespace = $1 AND object = $2 AND relation = $3 AND subject = $4";
    RELATIONS = "SELECT relation FROM relation_tuples WHERE subject = $1 AND namespace = $2 AND object = $3";
    COUNT_SUBJECTS = "SELECT COUNT(*) FROM relation_tuples WHERE namespace = $1 AND object = $2 AND relation = $3";
    COUNT_OTHER_ACTIVE = "SELECT COUNT(*) FROM relation_tuples t JOIN identities i ON i.id = t.subject \
        WHERE t.namespace = $1 AND t.object = $2 AND t.relation = $3 AND t.subject <> $4 AND i.state = 'active'";
    DELETE_OF_SUBJECT = "DELETE FROM relation_tuples WHERE subject = $1 OR object = $1";
}

const PLATFORM: &str = "platform";
const MAIN: &str = "main";

/// Gives a platform role; whether the identity did not have it.
pub fn grant_platform(
    tx: &mut IdentityTx<'_>,
    role: PlatformRole,
    to: IdentityId,
    now: Timestamp,
) -> Result<bool> {
    Ok(tx.execute(&INSERT, &params![PLATFORM, MAIN, role, to, now])? > 0)
}

/// Takes a platform role; whether the identity had it.
pub fn revoke_platform(tx: &mut IdentityTx<'_>, role: PlatformRole, from: IdentityId) -> Result<bool> {
    Ok(tx.execute(&DELETE, &params![PLATFORM, MAIN, role, from])? > 0)
}

/// The highest platform role of an identity.
pub fn platform_role(tx: &mut IdentityTx<'_>, of: IdentityId) -> Result<Option<PlatformRole>> {
    let mut rows = tx.query(&RELATIONS, &params![of, PLATFORM, MAIN])?;
    let mut highest = None;
    for row in &mut rows {
        let role = PlatformRole::parse(&row.take::<String>()?);
        highest = match (highest, role) {
            (Some(PlatformRole::Admin), _) | (_, Some(PlatformRole::Admin)) => Some(PlatformRole::Admin),
            (held, other) => other.or(held),
        };
    }
    Ok(highest)
}

/// How many identities hold a platform role.
pub fn count_platform(tx: &mut IdentityTx<'_>, role: PlatformRole) -> Result<u64> {
    tx.query_one(&COUNT_SUBJECTS, &params![PLATFORM, MAIN, role])?.map_or(Ok(0), |mut row| row.take())
}

/// How many other identities that may sign in hold a platform role.
pub fn count_other_active(tx: &mut IdentityTx<'_>, role: PlatformRole, than: IdentityId) -> Result<u64> {
    let row = tx.query_one(&COUNT_OTHER_ACTIVE, &params![PLATFORM, MAIN, role, than])?;
    row.map_or(Ok(0), |mut row| row.take())
}

/// Removes every tuple that names the identity.
pub fn erase(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    tx.execute(&DELETE_OF_SUBJECT, &params![identity]).map(drop)
}
