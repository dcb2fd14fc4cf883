//! Activity, copies of data and deletions, brought to their end.

use std::sync::Arc;

use avnology_core::privacy::{self, ActivityFollower};

use crate::TestApp;

/// How long other nodes have to hear of a removal, in seconds.
const HEARD: i64 = 61;

impl TestApp {
    /// Keeps what happened so far with the accounts that it concerns.
    pub async fn keep_activity(&self) {
        self.follow_to_end(&Arc::new(ActivityFollower)).await;
    }

    /// Makes the copies of data that are wanted.
    pub async fn make_copies(&self) {
        privacy::write_exports(self.tenant()).await.expect("copies are made");
    }

    /// Lets every database follow the deletions of accounts, and signs their receipts; how many.
    pub async fn finish_erasing(&self) -> usize {
        self.advance(HEARD);
        self.record_audit().await;
        self.settle().await;
        self.settle_groups().await;
        self.keep_activity().await;
        privacy::settle_deletions(self.tenant()).await.expect("deletions are looked at")
    }
}
