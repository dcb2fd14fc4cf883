//! Where identities belong: to the tenant, or each to one organization; and the change from one to the other
//! (`contract/20` §13).

use avnology_model::{
    Result, Timestamp,
    ids::{IdentityId, OrganizationId},
    platform::FederationMode,
};

use crate::{Engine, IdentityTx, Row, params};

macro_rules! unfit_for_strict {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            " FROM identities i LEFT JOIN (SELECT m.identity_id, COUNT(*) AS number FROM memberships m \
             GROUP BY m.identity_id) h ON h.identity_id = i.id WHERE COALESCE(h.number, 0) <> 1 \
             AND NOT (h.number IS NULL AND EXISTS (SELECT 1 FROM relation_tuples t WHERE t.subject = i.id \
             AND t.namespace = 'platform' AND t.object = 'main'))",
            $tail
        )
    };
}

macro_rules! unfit_for_shared {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            " FROM (SELECT i.id, CASE \
             WHEN i.email_key IN (SELECT e.email_key FROM identities e WHERE e.email_key IS NOT NULL \
             GROUP BY e.email_key HAVING COUNT(*) > 1) THEN 'email' \
             WHEN i.phone_verified AND i.phone IN (SELECT p.phone FROM identities p WHERE p.phone_verified \
             GROUP BY p.phone HAVING COUNT(*) > 1) THEN 'phone' \
             WHEN i.username_key IN (SELECT u.username_key FROM identities u WHERE u.username_key IS NOT NULL \
             GROUP BY u.username_key HAVING COUNT(*) > 1) THEN 'username' \
             WHEN i.external_id IN (SELECT x.external_id FROM identities x WHERE x.external_id IS NOT NULL \
             GROUP BY x.external_id HAVING COUNT(*) > 1) THEN 'external_id' END AS reason FROM identities i) c \
             WHERE c.reason IS NOT NULL",
            $tail
        )
    };
}

crate::statements! {
    MODE = "SELECT federation_mode FROM tenant_settings WHERE id = 'main'";
    UNFIT_FOR_STRICT = unfit_for_strict!(
        "SELECT i.id, CASE WHEN h.number IS NULL THEN 'no_membership' ELSE 'several_memberships' END",
        " ORDER BY i.id LIMIT $1"
    );
    COUNT_UNFIT_FOR_STRICT = unfit_for_strict!("SELECT COUNT(*)", "");
    UNFIT_FOR_SHARED = unfit_for_shared!("SELECT c.id, c.reason", " ORDER BY c.id LIMIT $1");
    COUNT_UNFIT_FOR_SHARED = unfit_for_shared!("SELECT COUNT(*)", "");
    TAKE_HOME = "UPDATE identities SET realm = (SELECT m.organization_id FROM memberships m WHERE m.identity_id = \
        identities.id), version = version + 1, update_time = $1 \
        WHERE EXISTS (SELECT 1 FROM memberships m WHERE m.identity_id = identities.id)";
    ACT_AT_HOME = "UPDATE sessions SET organization_id = (SELECT i.realm FROM identities i WHERE i.id = \
        sessions.identity_id) WHERE revoked_at IS NULL AND expires_at > $1 \
        AND EXISTS (SELECT 1 FROM identities i WHERE i.id = sessions.identity_id AND i.realm <> '')";
    SET_FREE = "UPDATE identities SET realm = '', version = version + 1, update_time = $1 WHERE realm <> ''";
    END_FLOWS = "UPDATE flows SET expires_at = $1 WHERE expires_at > $1 AND completed_at IS NULL";
    OF_REALM = "SELECT id FROM identities WHERE realm = $1 ORDER BY id LIMIT $2";
}

/// An identity that stands in the way of a change of mode, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Which.
    pub identity_id: IdentityId,
    /// `no_membership` or `several_memberships`; `email`, `phone`, `username` or `external_id`.
    pub reason: String,
}

fn conflict(row: &mut Row) -> Result<Conflict> {
    Ok(Conflict { identity_id: row.take()?, reason: row.take()? })
}

/// The mode that holds in this transaction, whatever memory says: who makes an identity or a membership and reads it here
/// cannot cross a change of mode.
pub fn mode(tx: &mut IdentityTx<'_>) -> Result<FederationMode> {
    let row = tx.query_one(&MODE, &params![])?;
    let text: Option<String> = row.map(|mut row| row.take()).transpose()?;
    Ok(text.and_then(|text| FederationMode::parse(&text)).unwrap_or(FederationMode::Shared))
}

/// Keeps everybody else from making identities and memberships until the end of this transaction, in which it must be the
/// first statement. On SQLite nobody else writes anyway.
pub fn lock(tx: &mut IdentityTx<'_>) -> Result<()> {
    match tx.engine() {
        Engine::Sqlite => Ok(()),
        Engine::Postgres => tx.batch("LOCK TABLE identities, memberships IN SHARE ROW EXCLUSIVE MODE"),
    }
}

/// The first `limit` identities that cannot be taken over into a mode, and how many there are.
pub fn conflicts(tx: &mut IdentityTx<'_>, to: FederationMode, limit: u32) -> Result<(Vec<Conflict>, u64)> {
    let (list, count) = match to {
        FederationMode::Strict => (&UNFIT_FOR_STRICT, &COUNT_UNFIT_FOR_STRICT),
        FederationMode::Shared => (&UNFIT_FOR_SHARED, &COUNT_UNFIT_FOR_SHARED),
    };
    let first = tx.query(list, &params![limit])?.iter_mut().map(conflict).collect::<Result<Vec<_>>>()?;
    let total = tx.query_one(count, &params![])?.map_or(Ok(0), |mut row| row.take())?;
    Ok((first, total))
}

/// Makes every identity its organization's, or the tenant's. There must be no [`conflicts`]. Dialogues that are open end:
/// they were begun under other rules.
pub fn rewrite(tx: &mut IdentityTx<'_>, to: FederationMode, now: Timestamp) -> Result<u64> {
    let changed = match to {
        FederationMode::Strict => {
            let changed = tx.execute(&TAKE_HOME, &params![now])?;
            tx.execute(&ACT_AT_HOME, &params![now])?;
            changed
        }
        FederationMode::Shared => tx.execute(&SET_FREE, &params![now])?,
    };
    tx.execute(&END_FLOWS, &params![now])?;
    Ok(changed)
}

/// At most `limit` identities that belong to an organization, by id.
pub fn of_organization(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    limit: u32,
) -> Result<Vec<IdentityId>> {
    tx.query(&OF_REALM, &params![organization, limit])?.iter_mut().map(Row::take).collect()
}
