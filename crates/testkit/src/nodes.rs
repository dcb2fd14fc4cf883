//! Two nodes on one PostgreSQL.

use std::time::Duration;

use avnology_server::wiring::Jobs;

use crate::{Answer, TestApp, wait};

/// Long enough for the followers to find the end of the log.
const FOLLOWERS: Duration = Duration::from_millis(400);

/// Two nodes with their jobs, on the database of the first.
pub struct Nodes {
    /// One of them.
    pub first: TestApp,
    /// The other.
    pub second: TestApp,
    jobs: [Jobs; 2],
}

impl Nodes {
    /// Starts the second one, and the jobs of both.
    pub async fn start(first: TestApp) -> Self {
        let second = first.second_node().await;
        let jobs = [Jobs::start(first.tenant()), Jobs::start(second.tenant())];
        tokio::time::sleep(FOLLOWERS).await;
        Self { first, second, jobs }
    }

    /// Stops the jobs of both.
    pub async fn stop(self) {
        for jobs in self.jobs {
            jobs.stop().await;
        }
    }
}

/// Asks until the answer fits: within a second on a machine with nothing else to do (`contract/00` §8).
///
/// # Panics
/// After a minute.
pub async fn soon<F: Future<Output = Answer>>(ask: impl Fn() -> F, fits: impl Fn(&Answer) -> bool) {
    wait::until("an answer that fits", async || fits(&ask().await).then_some(())).await;
}

/// The same of anything that can be looked at.
///
/// # Panics
/// After a minute.
pub async fn comes_true(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    wait::until(what, async || is_so().await.then_some(())).await;
}
