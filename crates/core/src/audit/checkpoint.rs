//! Signed states of a chain: whoever keeps one can tell later whether what lies before it is what it was.

use avnology_model::{
    Result, Timestamp,
    audit::{Checkpoint, Digest, Log},
    platform::SigningAlgorithm,
};
use avnology_store::audit::{checkpoints, records};
use serde_json::{Map, Value, json};

use super::{chain, home::Home};
use crate::{Tenant, hex, platform};

/// Type of the signed statement.
pub(super) const TYP: &str = "avnology-audit-checkpoint+jwt";
/// Records after which there is one at the latest.
pub(super) const SPAN: i64 = 1_000;
/// Seconds after a record until there is one at the latest.
const HOUR: i64 = 3_600;

/// Signs what is due. When the first record that is not signed yet happened, if there is one.
pub(super) async fn sign_due(app: &Tenant, log: Log, home: &Home) -> Result<Option<Timestamp>> {
    loop {
        let limit = u32::try_from(SPAN).unwrap_or(u32::MAX);
        let (last, hashes, since) = home
            .read(move |tx| {
                let last = checkpoints::last(tx)?;
                let from = last.as_ref().map_or(0, |last| last.sequence);
                Ok((last, records::hashes(tx, from, limit)?, records::first_after(tx, from)?))
            })
            .await?;
        let Some(since) = since else { return Ok(None) };
        let is_full = i64::try_from(hashes.len()).is_ok_and(|count| count >= SPAN);
        if !is_full && since.plus_seconds(HOUR) > app.now() {
            return Ok(Some(since));
        }
        let checkpoint = sign(app, log, last.as_ref(), &hashes).await?;
        home.write(move |tx| checkpoints::insert(tx, &checkpoint)).await?;
    }
}

async fn sign(
    app: &Tenant,
    log: Log,
    last: Option<&Checkpoint>,
    hashes: &[(i64, Digest)],
) -> Result<Checkpoint> {
    let cx = app.system_cx();
    let leaves: Vec<Digest> = hashes.iter().map(|(_, hash)| *hash).collect();
    let (sequence, hash) = hashes.last().copied().unwrap_or_default();
    let root = chain::merkle_root(&leaves);
    let claims = json!({
        "iss": app.config.origin(), "log": log.to_string(), "sequence": sequence, "hash": hex(&hash),
        "root": hex(&root), "timestamp": cx.now, "prev_checkpoint": last.map(|last| hex(&last.hash)),
    });
    let claims = match claims {
        Value::Object(claims) => claims,
        _ => Map::new(),
    };
    let jws = platform::signer(app, &cx, SigningAlgorithm::Es256).await?.sign(TYP, &claims)?;
    Ok(Checkpoint { sequence, hash, root, timestamp: cx.now, jws })
}
