//! `/v1/privacy` and `/v1/me/activity`: what people see of their account and take from it (`contract/10` §9).

mod activity;
mod deletions;
mod exports;
mod opt_out;

use std::sync::Arc;

use avnology_core::sessions::LiveSession;
use avnology_http::{Auth, Route, TenantScoped, scopes};
use avnology_model::{Error, Result};

/// What is about the person alone, whatever organization the request names.
type Own = Auth<TenantScoped<scopes::PrivacySelf>>;

/// The session of whoever calls: no key holds `privacy:self`.
fn person(auth: &Own) -> Result<&Arc<LiveSession>> {
    auth.caller.session().ok_or_else(|| Error::internal("a program holds privacy:self"))
}

pub(crate) fn routes() -> Vec<Route> {
    [activity::routes(), deletions::routes(), exports::routes(), opt_out::routes()]
        .into_iter()
        .flatten()
        .collect()
}
