//! Sign-in, registration, recovery, verification.

mod organization;
mod recovery;
mod sign_in;
mod sign_in_link;
mod sign_up;
mod verify;

use avnology_core::{clients::authorize, flows::FlowRequest};
use avnology_http::{Access, Auth, BrowserKeys, Response, Route, Visitor};
use avnology_model::{Error, Result, flows::Flow};
use avnology_views::{
    Context,
    flows::{FlowExpired, FlowPage},
};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

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

/// A page of the sign-in family that leads where this flow leads: nobody loses their way between signing in and signing up.
fn leading_on(path: &str, flow: &Flow) -> String {
    match flow.data.return_to.as_deref() {
        Some(target) => format!("{path}?return_to={}", utf8_percent_encode(target, NON_ALPHANUMERIC)),
        None => path.to_owned(),
    }
}

/// What a flow asks for that continues the authorization request with this challenge; none when that is over, or another
/// browser's.
async fn continuing(auth: &Auth<Visitor>, challenge: &str) -> Result<Option<FlowRequest>> {
    let visitor = authorize::Visitor { session: auth.visitor(), holder: BrowserKeys::of(auth).hash() };
    match authorize::flow_for(&auth.app, &auth.cx, challenge, visitor).await {
        Ok(request) => Ok(Some(request)),
        Err(error) if error.is_failure() => Err(error),
        Err(_) => Ok(None),
    }
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
