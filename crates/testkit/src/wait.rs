//! Waiting for what happens in the background.

use std::{sync::Arc, time::Duration};

use avnology_core::events::{Consumer, follow_once};
use avnology_store::events::log;
use tokio::time::timeout;

use crate::TestApp;

/// How long a test waits before it gives up: longer than a busy machine needs.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(5);

/// Looks again and again until `look` finds something.
///
/// # Panics
/// After a minute.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

impl TestApp {
    /// Lets a consumer take everything that happened so far.
    pub(crate) async fn follow_to_end(&self, consumer: &Arc<impl Consumer>) {
        let (marker, _) = self.mark().await;
        let (store, name) = (self.tenant().store.identity(), consumer.name());
        until(name, async || {
            follow_once(self.tenant(), consumer).await.expect("the consumer goes on");
            let at = store.read(move |tx| log::cursor(tx, name)).await.expect("a cursor");
            (at >= marker).then_some(())
        })
        .await;
    }
}
