//! OAuth: `/v1/clients`, `/v1/resources`, and the endpoints at which programs speak the protocol (`contract/30`).

mod consents;
mod management;
mod protocol;
mod registration;
mod resources;
mod rules;

use avnology_http::Route;

pub(crate) fn routes() -> Vec<Route> {
    [
        consents::routes(),
        management::routes(),
        resources::routes(),
        rules::routes(),
        protocol::routes(),
        registration::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
