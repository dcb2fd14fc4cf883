//! Limits that hold for the whole tenant (generic cell rate algorithm).

use avnology_model::{Result, Timestamp, platform::RateLimit};

use crate::{IdentityTx, params};

crate::statements! {
    FIND = "SELECT arrival FROM rate_cells WHERE bucket = $1 AND subject = $2";
    PUT = "INSERT INTO rate_cells (bucket, subject, arrival) VALUES ($1, $2, $3) \
        ON CONFLICT (bucket, subject) DO UPDATE SET arrival = excluded.arrival";
    PURGE = "DELETE FROM rate_cells WHERE arrival < $1";
}

/// Takes one unit of every limit of a bucket for `subject`. When one of them is used up nothing is taken, and the
/// answer is the number of seconds to wait.
pub fn take(
    tx: &mut IdentityTx<'_>,
    bucket: &str,
    subject: &[u8],
    limits: &[RateLimit],
    now: Timestamp,
) -> Result<Option<u32>> {
    let (seconds, next) = draw(tx, bucket, subject, limits, now)?;
    if seconds > 0 {
        return Ok(Some(seconds));
    }
    for (cell, arrival) in next {
        tx.execute(&PUT, &params![cell, subject, arrival])?;
    }
    Ok(None)
}

/// The seconds to wait, or what the cells hold after one more unit.
fn draw(
    tx: &mut IdentityTx<'_>,
    bucket: &str,
    subject: &[u8],
    limits: &[RateLimit],
    now: Timestamp,
) -> Result<(u32, Vec<(String, i64)>)> {
    let mut next = Vec::with_capacity(limits.len());
    let mut wait = 0_i64;
    for (i, limit) in limits.iter().enumerate() {
        let cell = format!("{bucket}/{i}");
        let stored: Option<i64> =
            tx.query_one(&FIND, &params![&cell, subject])?.map(|mut row| row.take()).transpose()?;
        let window = i64::from(limit.window_seconds).saturating_mul(1_000_000);
        let interval = window / i64::from(limit.limit.max(1));
        let arrival = stored.unwrap_or(now.micros()).max(now.micros()).saturating_add(interval);
        wait = wait.max(arrival.saturating_sub(now.micros()).saturating_sub(window));
        next.push((cell, arrival));
    }
    let seconds = wait.max(0).saturating_add(999_999) / 1_000_000;
    Ok((u32::try_from(seconds).unwrap_or(u32::MAX), next))
}

/// Whether a limit of a bucket is used up for `subject`: the number of seconds to wait. Nothing is taken.
pub fn wait(
    tx: &mut IdentityTx<'_>,
    bucket: &str,
    subject: &[u8],
    limits: &[RateLimit],
    now: Timestamp,
) -> Result<Option<u32>> {
    let seconds = draw(tx, bucket, subject, limits, now)?.0;
    Ok((seconds > 0).then_some(seconds))
}

/// Forgets cells that are full again.
pub fn purge(tx: &mut IdentityTx<'_>, now: Timestamp) -> Result<u64> {
    tx.execute(&PURGE, &params![now])
}
