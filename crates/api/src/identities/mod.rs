//! `/v1/identities` for administrators, `/v1/me` for everyone.

mod admin;
mod factor_recovery;
mod imports;
mod me;
mod organizations;
mod sessions;
mod verbs;

use avnology_http::Route;

pub(crate) fn routes() -> Vec<Route> {
    [
        admin::routes(),
        verbs::routes(),
        factor_recovery::routes(),
        sessions::routes(),
        organizations::routes(),
        me::routes(),
        imports::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
