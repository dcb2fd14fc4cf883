//! Pages of organizations, "Create a team", and one's own organizations.
//!
//! To people without memberships and invitations none of this is there, but for `/organizations/new`.

mod accounts;
mod audit;
mod frame;
mod invitation;
mod invitations;
mod keys;
mod member;
mod members;
mod mine;
mod new_team;
mod outcome;
mod overview;
mod ownership;
mod settings;
mod switch;

use avnology_http::Route;

pub(crate) fn routes() -> Vec<Route> {
    [
        new_team::routes(),
        overview::routes(),
        members::routes(),
        member::routes(),
        invitations::routes(),
        invitation::routes(),
        keys::routes(),
        accounts::routes(),
        audit::routes(),
        settings::routes(),
        ownership::routes(),
        mine::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
