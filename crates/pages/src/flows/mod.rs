//! Sign-in, registration, recovery, verification.

mod organization;
mod recovery;
mod sign_in;
mod sign_in_link;
mod sign_up;
mod verify;

use avnology_core::{Tenant, clients::authorize, flows::FlowRequest};
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
    let began = error.members().get("new_flow_url").and_then(|url| url.as_str());
    let path = began.map_or(path, |url| url.strip_prefix(&origin).unwrap_or(url));
    let cx = Context::english(&brand, auth.cx.now);
    let html = FlowExpired { cx, page, new_flow_url: path }.render();
    entry_page(auth, html, error.code().status(), Vec::new())
}

/// A page of the sign-in family that leads where this flow leads: nobody loses their way between signing in and signing up.
fn leading_on(app: &Tenant, path: &str, flow: &Flow) -> String {
    let target = flow.data.return_to.as_deref();
    let target = target.map(|target| format!("return_to={}", utf8_percent_encode(target, NON_ALPHANUMERIC)));
    // An authorization request says itself whose it is.
    let is_request = authorize::leads_to_request(app, flow);
    let client =
        flow.data.client.as_ref().filter(|_| !is_request).map(|client| format!("client_id={}", client.id));
    let query: Vec<String> = target.into_iter().chain(client).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// How an authorization request goes on.
enum Continuing {
    /// By a flow that asks for this.
    By(Box<FlowRequest>),
    /// It is over, or another browser's, and its client begins anew there.
    Anew(String),
    /// Not at all.
    Over,
}

/// How the authorization request with this challenge goes on.
async fn continuing(auth: &Auth<Visitor>, challenge: &str) -> Result<Continuing> {
    let holder = BrowserKeys::of(auth).hash();
    let visitor = authorize::Visitor { session: auth.visitor(), holder };
    match authorize::flow_for(&auth.app, &auth.cx, challenge, visitor).await {
        Ok(request) => Ok(Continuing::By(Box::new(request))),
        Err(error) if error.is_failure() => Err(error),
        Err(_) => {
            let anew = authorize::begun_anew(&auth.app, &auth.cx, challenge, holder).await?;
            Ok(anew.map_or(Continuing::Over, Continuing::Anew))
        }
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
