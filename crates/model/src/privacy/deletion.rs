//! A request to delete an account, and where it stands.

use crate::{
    Timestamp,
    ids::{DeletionId, IdentityId},
    text::text_enum,
};

text_enum! {
    /// Why somebody wants their account deleted.
    pub enum DeletionReason {
        /// None of the others.
        Other = "OTHER",
        /// They do not want their data here.
        PrivacyConcern = "PRIVACY_CONCERN",
        /// They have another account.
        DuplicateAccount = "DUPLICATE_ACCOUNT",
        /// They do not use it.
        Unused = "UNUSED",
    }
}

text_enum! {
    /// Where a deletion stands.
    pub enum DeletionStatus {
        /// The grace period runs.
        Scheduled = "scheduled",
        /// It will not come.
        Cancelled = "cancelled",
        /// The account is gone; organizations' databases follow.
        Erasing = "erasing",
        /// Everything is gone, and there is a receipt.
        Completed = "completed",
    }
}

/// A request to delete an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionRequest {
    /// Id.
    pub id: DeletionId,
    /// Whose account; forgotten when everything is gone.
    pub identity_id: Option<IdentityId>,
    /// Where it stands.
    pub status: DeletionStatus,
    /// Whether the owner of the account asked for it.
    pub is_own: bool,
    /// Why.
    pub reason: DeletionReason,
    /// Their words; forgotten with the account.
    pub note: Option<String>,
    /// Whether sessions ended at once.
    pub revoke_sessions: bool,
    /// Whether a new sign-in cancels it.
    pub cancel_on_login: bool,
    /// When it was asked for.
    pub create_time: Timestamp,
    /// When the account goes.
    pub scheduled_for: Timestamp,
    /// When the account went.
    pub removed_at: Option<Timestamp>,
    /// When it was cancelled or everything was gone.
    pub finish_time: Option<Timestamp>,
    /// The signed statement that everything is gone.
    pub receipt: Option<String>,
}
