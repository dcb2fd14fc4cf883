//! The table of relation tuples: `namespace:object#relation@subject`.

use avnology_model::{
    Result, Timestamp,
    ids::{IdentityId, OrganizationId, ServiceAccountId},
    permissions::PlatformRole,
};

use crate::{IdentityTx, params};

crate::statements! {
    INSERT = "INSERT INTO relation_tuples (namespace, object, relation, subject, create_time) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (namespace, object, relation, subject) DO NOTHING";
    DELETE = "DELETE FROM relation_tuples WHERE namespace = $1 AND object = $2 AND relation = $3 AND subject = $4";
    RELATIONS = "SELECT relation FROM relation_tuples WHERE subject = $1 AND namespace = $2 AND object = $3";
    COUNT_SUBJECTS = "SELECT COUNT(*) FROM relation_tuples WHERE namespace = $1 AND object = $2 AND relation = $3";
    COUNT_OTHER_ACTIVE = "SELECT COUNT(*) FROM relation_tuples t JOIN identities i ON i.id = t.subject \
        WHERE t.namespace = $1 AND t.object = $2 AND t.relation = $3 AND t.subject <> $4 AND i.state = 'active'";
    PUT_IN = "INSERT INTO relation_tuples (namespace, object, relation, subject, create_time, organization_id) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (namespace, object, relation, subject) DO NOTHING";
    DELETE_MATCHING = "DELETE FROM relation_tuples WHERE namespace = $1 AND object = $2 AND relation = $3";
    SINGLE_PERMISSIONS = "SELECT relation FROM relation_tuples WHERE subject = $1 AND namespace = 'organizations' \
        AND object = $2 AND relation LIKE '%:%' AND (expire_time IS NULL OR expire_time > $3)";
    DELETE_OF_MEMBER = "DELETE FROM relation_tuples WHERE organization_id = $1 AND subject = $2";
    DELETE_OF_OBJECT = "DELETE FROM relation_tuples WHERE namespace = $1 AND object = $2";
    DELETE_OF_ORGANIZATION = "DELETE FROM relation_tuples WHERE organization_id = $1 OR object = $1";
    RELATIONS_OF_OBJECT = "SELECT relation, subject FROM relation_tuples WHERE namespace = $1 AND object = $2 \
        ORDER BY relation, subject";
    MOVE = "UPDATE relation_tuples SET object = $4, relation = $5 WHERE namespace = $1 AND object = $2 AND relation = $3";
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

/// Namespaces of tuples that the system writes (`contract/50` §6).
pub mod namespaces {
    /// Roles of members.
    pub const ORGANIZATIONS: &str = "organizations";
    /// Groups and their members.
    pub const GROUPS: &str = "groups";
    /// Holders of custom roles.
    pub const ROLES: &str = "roles";
    /// Service accounts and their owners.
    pub const SERVICE_ACCOUNTS: &str = "service_accounts";
}

/// A tuple `namespace:object#relation@subject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuple<'a> {
    /// Namespace.
    pub namespace: &'a str,
    /// Object.
    pub object: &'a str,
    /// Relation.
    pub relation: &'a str,
    /// Subject: an id, or `namespace:object#relation`.
    pub subject: &'a str,
}

/// Writes a tuple of an organization; whether it was not there.
pub fn put_in(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    tuple: &Tuple<'_>,
    now: Timestamp,
) -> Result<bool> {
    let Tuple { namespace, object, relation, subject } = *tuple;
    Ok(tx.execute(&PUT_IN, &params![namespace, object, relation, subject, now, organization])? > 0)
}

/// Writes a tuple of the tenant; whether it was not there.
pub fn put(tx: &mut IdentityTx<'_>, tuple: &Tuple<'_>, now: Timestamp) -> Result<bool> {
    let Tuple { namespace, object, relation, subject } = *tuple;
    Ok(tx.execute(&INSERT, &params![namespace, object, relation, subject, now])? > 0)
}

/// Removes a tuple; whether it was there.
pub fn remove(tx: &mut IdentityTx<'_>, tuple: &Tuple<'_>) -> Result<bool> {
    let Tuple { namespace, object, relation, subject } = *tuple;
    Ok(tx.execute(&DELETE, &params![namespace, object, relation, subject])? > 0)
}

/// Removes all tuples `namespace:object#relation@…`; how many.
pub fn remove_relation(
    tx: &mut IdentityTx<'_>,
    namespace: &str,
    object: &str,
    relation: &str,
) -> Result<u64> {
    tx.execute(&DELETE_MATCHING, &params![namespace, object, relation])
}

/// Makes every tuple `namespace:object#relation@…` one of another object and relation.
pub fn move_all(
    tx: &mut IdentityTx<'_>,
    namespace: &str,
    (object, relation): (&str, &str),
    (new_object, new_relation): (&str, &str),
) -> Result<()> {
    tx.execute(&MOVE, &params![namespace, object, relation, new_object, new_relation]).map(drop)
}

/// Removes all tuples `namespace:object#…`; how many.
pub fn remove_object(tx: &mut IdentityTx<'_>, namespace: &str, object: &str) -> Result<u64> {
    tx.execute(&DELETE_OF_OBJECT, &params![namespace, object])
}

/// Removes every tuple of an organization that has this subject: what a member holds there.
pub fn remove_of_member(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    identity: IdentityId,
) -> Result<u64> {
    tx.execute(&DELETE_OF_MEMBER, &params![organization, identity])
}

/// Removes every tuple of an organization.
pub fn remove_of_organization(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<u64> {
    tx.execute(&DELETE_OF_ORGANIZATION, &params![organization])
}

/// The permissions that an identity was given singly in an organization.
pub fn single_permissions(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    identity: IdentityId,
    now: Timestamp,
) -> Result<Vec<String>> {
    let mut rows = tx.query(&SINGLE_PERMISSIONS, &params![identity, organization, now])?;
    rows.iter_mut().map(crate::Row::take).collect()
}

/// Relation and subject of every tuple of an object, in order.
pub fn of_object(tx: &mut IdentityTx<'_>, namespace: &str, object: &str) -> Result<Vec<(String, String)>> {
    let mut rows = tx.query(&RELATIONS_OF_OBJECT, &params![namespace, object])?;
    rows.iter_mut().map(|row| Ok((row.take()?, row.take()?))).collect()
}

/// Removes every tuple that names the identity.
pub fn erase(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    tx.execute(&DELETE_OF_SUBJECT, &params![identity]).map(drop)
}

/// Removes every tuple that names the service account.
pub fn erase_service_account(tx: &mut IdentityTx<'_>, account: ServiceAccountId) -> Result<()> {
    tx.execute(&DELETE_OF_SUBJECT, &params![account]).map(drop)
}
