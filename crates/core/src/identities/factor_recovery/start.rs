//! Starting a recovery of factors.

use avnology_model::{
    Code, Error, Result,
    events::{EventType, MessageType},
    identities::{FactorRecovery, FactorRecoveryState, Identity, IdentityState},
    ids::FactorRecoveryId,
};
use avnology_store::{IdentityTx, identities::factor_recoveries as rows};
use serde_json::json;

use super::{
    cancel::{cancel_with, expire},
    notice::{CancelLink, tell},
};
use crate::{Cx, Tenant, events::emit, platform::Keys};

const HOUR: i64 = 60 * 60;
/// The person is reminded so long before the end, or at half of a shorter wait, in seconds.
const REMIND_BEFORE: i64 = 24 * HOUR;
/// How long the factors can be removed once the waiting period is over, in seconds.
const OPEN_SECONDS: i64 = 7 * 24 * HOUR;

/// A recovery of factors to be started, drawn before the transaction.
#[derive(Clone)]
pub(crate) struct Start {
    id: FactorRecoveryId,
    cancel: CancelLink,
    wait_hours: u32,
    is_own: bool,
    reason: Option<String>,
}

impl Start {
    /// By the person.
    pub(crate) fn own(app: &Tenant, cx: &Cx, wait_hours: u32) -> Self {
        let id = FactorRecoveryId::new(cx.now, cx.random());
        Self { id, cancel: CancelLink::draw(app, cx), wait_hours, is_own: true, reason: None }
    }

    /// By an administrator.
    pub(super) fn by_administrator(app: &Tenant, cx: &Cx, wait_hours: u32, reason: Option<String>) -> Self {
        Self { is_own: false, reason, ..Self::own(app, cx, wait_hours) }
    }

    fn recovery(&self, cx: &Cx, identity: &Identity, address: &str) -> FactorRecovery {
        let wait = i64::from(self.wait_hours) * HOUR;
        let effective_time = cx.now.plus_seconds(wait);
        FactorRecovery {
            id: self.id,
            identity_id: identity.id,
            status: FactorRecoveryState::Waiting,
            is_own: self.is_own,
            reason: self.reason.clone(),
            address: address.to_owned(),
            create_time: cx.now,
            effective_time,
            remind_time: effective_time.plus_seconds(-REMIND_BEFORE.min(wait / 2)),
            expire_time: effective_time.plus_seconds(OPEN_SECONDS),
            finish_time: None,
            finished_by: None,
        }
    }
}

/// What came of a start.
pub(crate) enum Started {
    /// It waits now.
    New(FactorRecovery),
    /// One waits already.
    Before(FactorRecovery),
}

/// Starts a recovery, and tells the person. `_003` for an account that is not active, `_022` for one without a proven address,
/// `_026` for one without second factors.
pub(crate) fn start(
    tx: &mut IdentityTx<'_>,
    keys: &Keys,
    cx: &Cx,
    identity: &Identity,
    start: &Start,
) -> Result<Started> {
    if identity.state != IdentityState::Active {
        return Err(Error::new(Code::AccountInactive));
    }
    if !identity.has_second_factor() {
        return Err(Error::new(Code::FactorNotEnrolled));
    }
    let Some(address) = identity.email.as_deref().filter(|_| identity.email_verified) else {
        return Err(Error::new(Code::VerificationRequired));
    };
    if let Some(before) = rows::waiting_of(tx, identity.id)? {
        if before.state(cx.now) == FactorRecoveryState::Expired {
            expire(tx, cx, &before)?;
        } else if before.address == address {
            return Ok(Started::Before(before));
        } else {
            cancel_with(tx, cx, identity, &before, "account_changed")?;
        }
    }
    let recovery = start.recovery(cx, identity, address);
    if !rows::insert(tx, &recovery)? {
        // Another request was faster.
        let before = rows::waiting_of(tx, identity.id)?;
        return before.map(Started::Before).ok_or_else(|| Error::unavailable("it ended in this moment"));
    }
    let payload = json!({
        "user_id": identity.id, "factor_recovery_id": recovery.id, "by": by(&recovery), "reason": recovery.reason,
        "effective_time": recovery.effective_time,
    });
    emit(tx, &cx.event(EventType::UserFactorRecoveryStarted, payload).on("identity", &identity.id))?;
    tell(tx, keys, cx, (identity, &recovery), MessageType::FactorRecoveryStarted, &start.cancel, None)?;
    Ok(Started::New(recovery))
}

fn by(recovery: &FactorRecovery) -> &'static str {
    if recovery.is_own { "self" } else { "admin" }
}
