//! `/v1/organizations` and what hangs on them.

use avnology_http::Route;

pub(crate) fn routes() -> Vec<Route> {
    [
        resource::routes(),
        members::routes(),
        invitations::routes(),
        domains::routes(),
        join::routes(),
        mine::routes(),
        discovery::routes(),
        roles::routes(),
        groups::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

mod discovery;
mod domains;
mod groups;
mod invitations;
mod join;
mod members;
mod mine;
mod resource;
mod roles;
