//! Seats: kept counters, one row per organization and day with a change (`contract/20` §9).

use std::collections::BTreeMap;

use avnology_model::{Error, Result, Timestamp, ids::OrganizationId, permissions::RoleKey};

use super::organizations;
use crate::{IdentityTx, Row, params};

crate::statements! {
    LAST = "SELECT active, suspended, pending, invited, by_role FROM organization_seats \
        WHERE organization_id = $1 AND day <= $2 ORDER BY day DESC LIMIT 1";
    PUT = "INSERT INTO organization_seats (organization_id, day, active, suspended, pending, invited, by_role) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (organization_id, day) DO UPDATE SET active = excluded.active, \
        suspended = excluded.suspended, pending = excluded.pending, invited = excluded.invited, by_role = excluded.by_role";
    ERASE = "DELETE FROM organization_seats WHERE organization_id = $1";
}

const DAY: i64 = 86_400;

/// How many there are of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seats {
    /// Active memberships.
    pub active: u32,
    /// Suspended ones.
    pub suspended: u32,
    /// Those that wait for acceptance.
    pub pending: u32,
    /// Open invitations.
    pub invited: u32,
    /// Active memberships by role.
    pub by_role: BTreeMap<RoleKey, u32>,
}

/// The seats at the end of the day of `at`, or now if that is today; none taken before the first change.
pub fn at(tx: &mut IdentityTx<'_>, organization: OrganizationId, at: Timestamp) -> Result<Seats> {
    let row = tx.query_one(&LAST, &params![organization, at.seconds().div_euclid(DAY)])?;
    row.map_or_else(|| Ok(Seats::default()), from_row)
}

fn from_row(mut row: Row) -> Result<Seats> {
    Ok(Seats {
        active: row.take()?,
        suspended: row.take()?,
        pending: row.take()?,
        invited: row.take()?,
        by_role: serde_json::from_value(row.take()?).map_err(Error::internal)?,
    })
}

/// Changes the seats of today; the number of active members follows.
pub fn change(
    tx: &mut IdentityTx<'_>,
    organization: OrganizationId,
    now: Timestamp,
    change: impl FnOnce(&mut Seats),
) -> Result<Seats> {
    let mut seats = at(tx, organization, now)?;
    let before = seats.active;
    change(&mut seats);
    seats.by_role.retain(|_, count| *count > 0);
    let by_role = serde_json::to_value(&seats.by_role).map_err(Error::internal)?;
    let day = now.seconds().div_euclid(DAY);
    let values =
        params![organization, day, seats.active, seats.suspended, seats.pending, seats.invited, by_role];
    tx.execute(&PUT, &values)?;
    if seats.active != before {
        organizations::set_member_count(tx, organization, seats.active)?;
    }
    Ok(seats)
}

/// Removes the counters of an organization.
pub fn erase(tx: &mut IdentityTx<'_>, organization: OrganizationId) -> Result<()> {
    tx.execute(&ERASE, &params![organization]).map(drop)
}
