//! The audit logs as a test reads them.

use avnology_model::{audit::Log, ids::OrganizationId};
use avnology_store::{IdentityTx, audit::backlog};
use serde_json::Value;

use crate::{Client, TestApp};

impl TestApp {
    /// Brings the audit logs up to date with all that happened.
    pub async fn record_audit(&self) {
        // On PostgreSQL an event is held back while another transaction runs.
        self.mark().await;
        self.take_over().await;
    }

    /// Takes over what can be seen of the event log.
    pub async fn take_over(&self) {
        avnology_core::audit::take_over(self.tenant()).await.expect("the logs are taken over");
    }

    /// Notes that an organization has news, whether it has or not.
    pub async fn mark_news(&self, organization: OrganizationId) {
        self.mark().await;
        let now = self.now();
        let note = move |tx: &mut IdentityTx<'_>| backlog::mark(tx, Log::Organization(organization), now);
        self.tenant().store.identity().write(note).await.expect("a note");
    }

    /// The records of an organization's log, or of the tenant's, that pass `filter`, the oldest first.
    pub async fn audit(&self, organization: Option<&str>, filter: &str) -> Vec<Value> {
        self.record_audit().await;
        self.admin_key().audit(organization, filter).await
    }
}

impl Client {
    /// The records that this caller reads.
    pub async fn audit(&self, organization: Option<&str>, filter: &str) -> Vec<Value> {
        let mut call = self.get("/v1/audit/events").query(&[("filter", filter), ("page_size", "500")]);
        if let Some(organization) = organization {
            call = call.header("x-avnology-org", organization);
        }
        let page = call.await;
        let mut events = page.ok()["events"].as_array().cloned().unwrap_or_default();
        events.reverse();
        events
    }
}
