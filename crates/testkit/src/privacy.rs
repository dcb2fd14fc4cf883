//! Activity, copies of data and deletions, brought to their end.

use std::{sync::Arc, time::Duration};

use avnology_core::{
    events::follow_once,
    privacy::{self, ActivityFollower},
};
use avnology_store::events::log;

use crate::TestApp;

const PATIENCE: usize = 400;
/// How long other nodes have to hear of a removal, in seconds.
const HEARD: i64 = 61;

impl TestApp {
    /// Keeps what happened so far with the accounts that it concerns.
    pub async fn keep_activity(&self) {
        let (marker, _) = self.mark().await;
        let follower = Arc::new(ActivityFollower);
        for _ in 0..PATIENCE {
            follow_once(self.tenant(), &follower).await.expect("the follower goes on");
            let store = self.tenant().store.identity();
            if store.read(|tx| log::cursor(tx, "activity")).await.expect("a cursor") >= marker {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the follower did not come to the end of the log");
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
