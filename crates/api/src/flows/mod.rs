//! `/v1/flows`: opening, reading and submitting flows (`contract/11` §1). The hosted pages submit here too.

mod answer;
mod open;
mod submit;

use std::str::FromStr;

use avnology_http::{Access, Auth, Cookie, Route};
use avnology_model::{flows::FlowKind, ids::FlowId};

/// The kind of a flow in a path.
#[derive(Clone, Copy)]
struct Kind(FlowKind);

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        FlowKind::parse(text).map(Self).ok_or(())
    }
}

/// The form token of a flow for this browser.
fn csrf_token<A: Access>(auth: &Auth<A>, id: FlowId) -> Option<String> {
    auth.cookie(Cookie::Csrf).map(|cookie| avnology_http::csrf::token(&auth.app, cookie, id))
}

pub(crate) fn routes() -> Vec<Route> {
    [open::routes(), submit::routes()].into_iter().flatten().collect()
}
