//! Whether the tenant can serve (`/readyz`).

use avnology_model::Result;

use crate::Tenant;

/// One thing that must be well.
#[derive(Debug)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// How it is.
    pub result: Result<()>,
}

/// Asks everything that a request needs.
pub async fn checks(app: &Tenant) -> Vec<Check> {
    vec![Check { name: "database", result: app.store.ping().await }]
}
