//! What do people do? The hosted pages: sign-in, registration, recovery, verification, the account, errors.
//!
//! A page opens or reads what the API has, and draws it with `views`. Forms post to the API's flows; the few that do not
//! stand here. Nothing is decided here.

mod browser;
mod clients;
mod credentials;
mod flows;
mod identities;
mod organizations;
mod platform;
mod privacy;
mod sessions;
mod shell;

use avnology_http::Route;

pub use platform::html_error;

/// Every page.
pub fn routes() -> Vec<Route> {
    [
        flows::routes(),
        identities::routes(),
        privacy::routes(),
        credentials::routes(),
        sessions::routes(),
        organizations::routes(),
        clients::routes(),
        platform::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
