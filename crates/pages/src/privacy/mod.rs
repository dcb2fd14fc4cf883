//! `/account/activity`, `/account/privacy`, and the page behind the link that keeps an account.

mod activity;
mod keep;
mod overview;

use avnology_http::Route;

pub(crate) fn routes() -> Vec<Route> {
    [activity::routes(), overview::routes(), keep::routes()].into_iter().flatten().collect()
}
