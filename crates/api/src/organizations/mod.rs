//! `/v1/organizations` and what hangs on them.

use avnology_http::Route;

pub(crate) fn routes() -> Vec<Route> {
    [organizations::routes(), members::routes()].into_iter().flatten().collect()
}

mod members;
mod organizations;
