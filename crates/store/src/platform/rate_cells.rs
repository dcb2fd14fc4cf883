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
    let mut next = Vec::with_capacity(limits.len());
    let mut wait = 0;
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
    if wait > 0 {
        let seconds = wait.saturating_add(999_999) / 1_000_000;
        return Ok(Some(u32::try_from(seconds).unwrap_or(u32::MAX)));
    }
    for (cell, arrival) in next {
        tx.execute(&PUT, &params![cell, subject, arrival])?;
    }
    Ok(None)
}

/// Forgets cells that are full again.
pub fn purge(tx: &mut IdentityTx<'_>, now: Timestamp) -> Result<u64> {
    tx.execute(&PURGE, &params![now])
}
