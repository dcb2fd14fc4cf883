//! Pages of organizations, "Create a team", and one's own organizations.
//!
//! To people without memberships and invitations none of this is there, but for `/organizations/new`.

mod accounts;
mod audit;
mod domain;
mod domains;
mod frame;
mod group;
mod group_form;
mod groups;
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
mod permissions;
mod role;
mod role_form;
mod roles;
mod settings;
mod switch;

use avnology_http::Route;
pub(crate) use members::paging;

pub(crate) fn routes() -> Vec<Route> {
    [
        new_team::routes(),
        overview::routes(),
        members::routes(),
        member::routes(),
        invitations::routes(),
        invitation::routes(),
        groups::routes(),
        group_form::routes(),
        group::routes(),
        roles::routes(),
        role_form::routes(),
        role::routes(),
        domains::routes(),
        domain::routes(),
        keys::routes(),
        accounts::routes(),
        permissions::routes(),
        audit::routes(),
        settings::routes(),
        ownership::routes(),
        mine::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
