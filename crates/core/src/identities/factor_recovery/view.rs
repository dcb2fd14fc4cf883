//! A recovery of factors as people and administrators see it. No secret is part of it.

use avnology_model::{
    Timestamp,
    identities::{FactorRecovery, FactorRecoveryState},
    ids::FactorRecoveryId,
};
use serde::Serialize;
use utoipa::ToSchema;

/// Who asked for a recovery of factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StartedBy {
    /// The person.
    #[serde(rename = "self")]
    Person,
    /// An administrator.
    Administrator,
}

/// A recovery of second factors that were lost.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FactorRecovery)]
pub struct FactorRecoveryView {
    /// Id.
    #[schema(value_type = String)]
    pub id: FactorRecoveryId,
    /// Where it stands.
    pub state: FactorRecoveryState,
    /// Who asked for it.
    pub started_by: StartedBy,
    /// Why, as an administrator said it; for administrators only.
    pub reason: Option<String>,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    pub create_time: Timestamp,
    /// When the waiting period is over.
    #[schema(value_type = String, format = DateTime)]
    pub effective_time: Timestamp,
    /// Until when the factors can be removed.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finish_time: Option<Timestamp>,
    /// What ended it: `self`, `link`, `second_factor`, `admin`, `account_changed`, `time`.
    pub finished_by: Option<String>,
}

impl FactorRecoveryView {
    /// As administrators see it.
    pub(super) fn for_administrators(recovery: FactorRecovery, now: Timestamp) -> Self {
        Self {
            id: recovery.id,
            state: recovery.state(now),
            started_by: if recovery.is_own { StartedBy::Person } else { StartedBy::Administrator },
            reason: recovery.reason,
            create_time: recovery.create_time,
            effective_time: recovery.effective_time,
            expires_at: recovery.expire_time,
            finish_time: recovery.finish_time,
            finished_by: recovery.finished_by,
        }
    }

    /// As the person sees it.
    pub(super) fn for_itself(recovery: FactorRecovery, now: Timestamp) -> Self {
        Self { reason: None, ..Self::for_administrators(recovery, now) }
    }
}
