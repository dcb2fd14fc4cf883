//! A request to remove the second factors that somebody has lost: it waits, so that whoever has not lost them can say so.

use crate::{
    Timestamp,
    ids::{FactorRecoveryId, IdentityId},
    text::text_enum,
};

text_enum! {
    /// Where a recovery of factors stands.
    pub enum FactorRecoveryState {
        /// It waits, and can be cancelled.
        Waiting = "waiting",
        /// The waiting period is over: the person can remove the factors.
        Ready = "ready",
        /// The factors were removed.
        Completed = "completed",
        /// It will not come.
        Cancelled = "cancelled",
        /// Nobody came in time.
        Expired = "expired",
    }
}

/// A recovery of factors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorRecovery {
    /// Id.
    pub id: FactorRecoveryId,
    /// Whose factors.
    pub identity_id: IdentityId,
    /// How it ended; `waiting` until then, also when the waiting period is over.
    pub status: FactorRecoveryState,
    /// Whether the person asked for it; else an administrator.
    pub is_own: bool,
    /// Why, in an administrator's words.
    pub reason: Option<String>,
    /// The address that was told; with another one it is void.
    pub address: String,
    /// When it was asked for.
    pub create_time: Timestamp,
    /// When the waiting period is over.
    pub effective_time: Timestamp,
    /// When the person is reminded.
    pub remind_time: Timestamp,
    /// Until when the factors can be removed.
    pub expire_time: Timestamp,
    /// When it ended.
    pub finish_time: Option<Timestamp>,
    /// What ended it: `self`, `link`, `second_factor`, `admin`, `account_changed`, `time`.
    pub finished_by: Option<String>,
}

impl FactorRecovery {
    /// Where it stands at `now`.
    pub fn state(&self, now: Timestamp) -> FactorRecoveryState {
        match self.status {
            FactorRecoveryState::Waiting if self.expire_time <= now => FactorRecoveryState::Expired,
            FactorRecoveryState::Waiting if self.effective_time <= now => FactorRecoveryState::Ready,
            status => status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_moves_a_waiting_recovery_on_and_no_other() {
        let at = Timestamp::from_micros;
        let mut recovery = FactorRecovery {
            id: FactorRecoveryId::from_bytes([1; 16]),
            identity_id: IdentityId::from_bytes([2; 16]),
            status: FactorRecoveryState::Waiting,
            is_own: true,
            reason: None,
            address: String::new(),
            create_time: at(0),
            effective_time: at(10),
            remind_time: at(5),
            expire_time: at(20),
            finish_time: None,
            finished_by: None,
        };
        let states = |r: &FactorRecovery| [9, 10, 19, 20].map(|now| r.state(at(now)).as_str());
        assert_eq!(states(&recovery), ["waiting", "ready", "ready", "expired"]);
        recovery.status = FactorRecoveryState::Cancelled;
        assert_eq!(states(&recovery), ["cancelled"; 4]);
    }
}
