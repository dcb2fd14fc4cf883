//! Sign-in, registration, recovery, verification.

mod organization;
mod recovery;
mod sign_in;
mod sign_in_link;
mod sign_up;
mod verify;

use avnology_http::{Access, Auth, Response, Route};
use avnology_model::Error;
use avnology_views::{
    Context,
    flows::{FlowExpired, FlowPage},
};

use crate::shell::{brand, entry_page};

/// The page of a flow that is over, or another browser's. One that is over knows where it began.
fn gone<A: Access>(auth: &Auth<A>, page: FlowPage, path: &str, error: &Error) -> Response {
    let brand = brand(&auth.app);
    let origin = auth.app.config.origin();
    let began = error.members().get("new_flow_url").and_then(|url| url.as_str()?.strip_prefix(&origin));
    let path = began.unwrap_or(path);
    let cx = Context::english(&brand, auth.cx.now);
    let html = FlowExpired { cx, page, new_flow_url: path }.render();
    entry_page(auth, html, error.code().status(), Vec::new())
}

pub(crate) fn routes() -> Vec<Route> {
    [
        sign_in::routes(),
        sign_in_link::routes(),
        sign_up::routes(),
        organization::routes(),
        recovery::routes(),
        verify::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
