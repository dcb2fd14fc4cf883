//! The table of relation tuples of the built-in namespaces: `namespace:object#relation@subject`.
//!
//! A subject that is an identity, a service account or a client is kept as its id; another object as
//! `namespace:object#`, a set as `namespace:object#relation`.

use avnology_model::{
    Result, Timestamp,
    ids::{IdentityId, OrganizationId, ServiceAccountId},
    permissions::{PlatformRole, TupleSource},
};

use super::{
    changes::{self, BUILT_IN, StoredTuple},
    own_tuples::{self, TupleFacts},
};
use crate::{IdentityTx, Row, Sql, Value, params};

/// What is written into the log of the tuples that a condition holds for.
macro_rules! note {
    ($kind:literal, $condition:literal) => {
        concat!(
            "INSERT INTO permission_changes (tx_id, kind, store, namespace, object, relation, subject, expire_time, \
             create_time) SELECT {current_tx} + (SELECT shift FROM event_numbering), '",
            $kind,
            "', '', namespace, object, relation, subject, expire_time, {server_micros} FROM relation_tuples WHERE ",
            $condition
        )
    };
}

macro_rules! delete {
    ($condition:literal) => {
        concat!("DELETE FROM relation_tuples WHERE ", $condition)
    };
}

crate::statements! {
    DELETE = delete!("namespace = $1 AND object = $2 AND relation = $3 AND subject = $4");
    RELATIONS = "SELECT relation FROM relation_tuples WHERE subject = $1 AND namespace = $2 AND object = $3";
    COUNT_SUBJECTS = "SELECT COUNT(*) FROM relation_tuples WHERE namespace = $1 AND object = $2 AND relation = $3";
    COUNT_OTHER_ACTIVE = "SELECT COUNT(*) FROM relation_tuples t JOIN identities i ON i.id = t.subject \
        WHERE t.namespace = $1 AND t.object = $2 AND t.relation = $3 AND t.subject <> $4 AND i.state = 'active'";
    PUT = "INSERT INTO relation_tuples (namespace, object, relation, subject, organization_id, source, create_time, \
        expire_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (namespace, object, relation, subject) DO UPDATE \
        SET organization_id = excluded.organization_id, source = excluded.source, create_time = excluded.create_time, \
        expire_time = excluded.expire_time WHERE relation_tuples.expire_time <= excluded.create_time";
    FIND = "SELECT source, create_time, expire_time FROM relation_tuples WHERE namespace = $1 AND object = $2 \
        AND relation = $3 AND subject = $4 AND (expire_time IS NULL OR expire_time > $5)";
    NOTE_RELATION = note!("delete", "namespace = $1 AND object = $2 AND relation = $3");
    DELETE_RELATION = delete!("namespace = $1 AND object = $2 AND relation = $3");
    SINGLE_PERMISSIONS = "SELECT relation FROM relation_tuples WHERE subject = $1 AND namespace = 'organizations' \
        AND object = $2 AND relation LIKE '%:%' AND (expire_time IS NULL OR expire_time > $3)";
    NOTE_OF_MEMBER = note!("delete", "organization_id = $1 AND subject = $2 AND source <> 'api'");
    DELETE_OF_MEMBER = delete!("organization_id = $1 AND subject = $2 AND source <> 'api'");
    EXPIRE_OF_MEMBER = "UPDATE relation_tuples SET expire_time = $3 WHERE organization_id = $1 AND subject = $2 \
        AND namespace IN ('organizations', 'groups', 'roles') AND source = 'system'";
    NOTE_EXPIRY_OF_MEMBER = note!("put", "organization_id = $1 AND subject = $2 \
        AND namespace IN ('organizations', 'groups', 'roles') AND source = 'system'");
    NOTE_OBJECT = note!("delete", "namespace = $1 AND object = $2");
    DELETE_OF_OBJECT = delete!("namespace = $1 AND object = $2");
    NOTE_ORGANIZATION = note!("delete", "organization_id = $1 OR object = $1");
    DELETE_OF_ORGANIZATION = delete!("organization_id = $1 OR object = $1");
    RELATIONS_OF_OBJECT = "SELECT relation, subject FROM relation_tuples WHERE namespace = $1 AND object = $2 \
        ORDER BY relation, subject";
    MOVE = "UPDATE relation_tuples SET object = $4, relation = $5 WHERE namespace = $1 AND object = $2 AND relation = $3";
    NOTE_MOVED = note!("put", "namespace = $1 AND object = $2 AND relation = $3");
    NOTE_SUBJECT = note!("delete", "subject = $1 OR object = $1");
    DELETE_OF_SUBJECT = delete!("subject = $1 OR object = $1");
    NOTE_EXPIRED = note!("delete", "expire_time <= $1 AND source <> 'system'");
    DELETE_EXPIRED = delete!("expire_time <= $1 AND source <> 'system'");
    HAS_RELATION = "SELECT subject FROM relation_tuples WHERE namespace = $1 AND object = $2 AND relation = $3 LIMIT 1";
    ALL_AFTER = "SELECT namespace, object, relation, subject, expire_time FROM relation_tuples \
        WHERE (namespace, object, relation, subject) > ($1, $2, $3, $4) \
        ORDER BY namespace, object, relation, subject LIMIT $5";
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
    let subject = to.to_string();
    put(tx, &Tuple { namespace: PLATFORM, object: MAIN, relation: role.as_str(), subject: &subject }, now)
}

/// Takes a platform role; whether the identity had it.
pub fn revoke_platform(tx: &mut IdentityTx<'_>, role: PlatformRole, from: IdentityId) -> Result<bool> {
    let subject = from.to_string();
    remove(tx, &Tuple { namespace: PLATFORM, object: MAIN, relation: role.as_str(), subject: &subject })
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

/// An organization as the subject of a tuple.
pub fn organization_subject(organization: OrganizationId) -> String {
    format!("{}:{organization}#", namespaces::ORGANIZATIONS)
}

impl<'a> Tuple<'a> {
    pub(super) fn parts(&self) -> [&'a str; 4] {
        [self.namespace, self.object, self.relation, self.subject]
    }
}

/// Writes a tuple of an organization; whether it was not there.
pub fn put_in(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    tuple: &Tuple<'_>,
    now: Timestamp,
) -> Result<bool> {
    put_until(tx, organization, tuple, None, now)
}

/// Writes a tuple of an organization that ends by itself, if that is said; whether it was not there.
pub fn put_until(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    tuple: &Tuple<'_>,
    expire_time: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool> {
    let facts = TupleFacts { source: TupleSource::System, create_time: now, expire_time };
    put_with(tx, Some(organization), tuple, facts)
}

/// Writes a tuple of the tenant; whether it was not there.
pub fn put(tx: &mut IdentityTx<'_>, tuple: &Tuple<'_>, now: Timestamp) -> Result<bool> {
    let facts = TupleFacts { source: TupleSource::System, create_time: now, expire_time: None };
    put_with(tx, None, tuple, facts)
}

/// Writes a tuple with all that is known of it; whether it was not there. One that has ended is not there.
pub fn put_with(
    tx: &mut IdentityTx<'_>,
    organization: Option<OrganizationId>,
    tuple: &Tuple<'_>,
    facts: TupleFacts,
) -> Result<bool> {
    let Tuple { namespace, object, relation, subject } = *tuple;
    let TupleFacts { source, create_time, expire_time } = facts;
    let values =
        params![namespace, object, relation, subject, organization, source, create_time, expire_time];
    if tx.execute(&PUT, &values)? == 0 {
        return Ok(false);
    }
    changes::put(tx, BUILT_IN, tuple.parts(), expire_time)?;
    Ok(true)
}

/// What is known of a tuple that counts.
pub fn find(tx: &mut IdentityTx<'_>, tuple: &Tuple<'_>, now: Timestamp) -> Result<Option<TupleFacts>> {
    let Tuple { namespace, object, relation, subject } = *tuple;
    let row = tx.query_one(&FIND, &params![namespace, object, relation, subject, now])?;
    row.map(|mut row| TupleFacts::take(&mut row)).transpose()
}

/// Notes and removes; how many.
fn remove_noted(tx: &mut IdentityTx<'_>, note: &Sql, delete: &Sql, values: &[Value]) -> Result<u64> {
    if tx.execute(note, values)? == 0 {
        return Ok(0);
    }
    tx.mark_permissions();
    tx.execute(delete, values)
}

/// Removes a tuple; whether it was there.
pub fn remove(tx: &mut IdentityTx<'_>, tuple: &Tuple<'_>) -> Result<bool> {
    let Tuple { namespace, object, relation, subject } = *tuple;
    if tx.execute(&DELETE, &params![namespace, object, relation, subject])? == 0 {
        return Ok(false);
    }
    changes::delete(tx, BUILT_IN, tuple.parts())?;
    Ok(true)
}

/// Removes all tuples `namespace:object#relation@…`; how many.
pub fn remove_relation(
    tx: &mut IdentityTx<'_>,
    namespace: &str,
    object: &str,
    relation: &str,
) -> Result<u64> {
    remove_noted(tx, &NOTE_RELATION, &DELETE_RELATION, &params![namespace, object, relation])
}

/// Makes every tuple `namespace:object#relation@…` one of another object and relation.
pub fn move_all(
    tx: &mut IdentityTx<'_>,
    namespace: &str,
    (object, relation): (&str, &str),
    (new_object, new_relation): (&str, &str),
) -> Result<()> {
    if tx.execute(&NOTE_RELATION, &params![namespace, object, relation])? == 0 {
        return Ok(());
    }
    tx.mark_permissions();
    tx.execute(&MOVE, &params![namespace, object, relation, new_object, new_relation])?;
    tx.execute(&NOTE_MOVED, &params![namespace, new_object, new_relation]).map(drop)
}

/// Removes all tuples `namespace:object#…`; how many.
pub fn remove_object(tx: &mut IdentityTx<'_>, namespace: &str, object: &str) -> Result<u64> {
    remove_noted(tx, &NOTE_OBJECT, &DELETE_OF_OBJECT, &params![namespace, object])
}

/// Removes every tuple of an organization that has this subject: what a member holds there. What was written through the
/// API stays: free relations need no membership.
pub fn remove_of_member(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    identity: IdentityId,
) -> Result<u64> {
    remove_noted(tx, &NOTE_OF_MEMBER, &DELETE_OF_MEMBER, &params![organization, identity])
}

/// Lets what a member holds through roles and groups end at another time.
pub fn expire_of_member(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    identity: IdentityId,
    expire_time: Option<Timestamp>,
) -> Result<()> {
    if tx.execute(&EXPIRE_OF_MEMBER, &params![organization, identity, expire_time])? == 0 {
        return Ok(());
    }
    tx.mark_permissions();
    tx.execute(&NOTE_EXPIRY_OF_MEMBER, &params![organization, identity]).map(drop)
}

/// Removes every tuple of an organization, and its store; how many of the former.
pub fn remove_of_organization(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<u64> {
    own_tuples::remove_store(tx, organization)?;
    remove_noted(tx, &NOTE_ORGANIZATION, &DELETE_OF_ORGANIZATION, &params![organization])
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

/// Removes every tuple that names the identity, in all stores.
pub fn erase(tx: &mut IdentityTx<'_>, identity: IdentityId) -> Result<()> {
    own_tuples::erase(tx, identity)?;
    remove_noted(tx, &NOTE_SUBJECT, &DELETE_OF_SUBJECT, &params![identity]).map(drop)
}

/// Removes every tuple that names the service account.
pub fn erase_service_account(tx: &mut IdentityTx<'_>, account: ServiceAccountId) -> Result<()> {
    remove_noted(tx, &NOTE_SUBJECT, &DELETE_OF_SUBJECT, &params![account]).map(drop)
}

/// Removes the tuples that have ended by themselves; how many. Those of the system go with what they belong to.
pub fn remove_expired(tx: &mut IdentityTx<'_>, now: Timestamp) -> Result<u64> {
    remove_noted(tx, &NOTE_EXPIRED, &DELETE_EXPIRED, &params![now])
}

/// Whether anybody has this relation to an object.
pub fn has_relation(
    tx: &mut IdentityTx<'_>,
    (namespace, object, relation): (&str, &str, &str),
) -> Result<bool> {
    Ok(tx.query_one(&HAS_RELATION, &params![namespace, object, relation])?.is_some())
}

/// Up to `limit` tuples behind this one, in order, those that ended included.
pub fn all_after(
    tx: &mut IdentityTx<'_>,
    after: &StoredTuple,
    limit: u32,
) -> Result<Vec<(StoredTuple, Option<Timestamp>)>> {
    let StoredTuple { namespace, object, relation, subject, .. } = after;
    let rows = tx.query(&ALL_AFTER, &params![namespace, object, relation, subject, limit])?;
    let take = |mut row: Row| {
        let tuple = StoredTuple {
            store: BUILT_IN.to_owned(),
            namespace: row.take()?,
            object: row.take()?,
            relation: row.take()?,
            subject: row.take()?,
        };
        Ok((tuple, row.take()?))
    };
    rows.into_iter().map(take).collect()
}
