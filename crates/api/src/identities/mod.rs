//! `/v1/identities` for administrators, `/v1/me` for everyone.

mod admin;
mod me;
mod sessions;
mod verbs;

use avnology_http::Route;

pub(crate) fn routes() -> Vec<Route> {
    [admin::routes(), verbs::routes(), sessions::routes(), me::routes()].into_iter().flatten().collect()
}
