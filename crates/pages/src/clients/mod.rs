//! Universal Login: the authorization endpoint, consent, choices, and signing out at the wish of a client.

mod applications;
mod authorize;
mod choose;
mod consent;
mod device;
mod sign_out;

use avnology_core::clients::authorize::{Next, Visitor};
use avnology_http::{Access, Auth, BrowserKeys, Reply, Response, Route, SeeOther};
use avnology_oauth::{AuthorizationResponse, OAuthError};
use avnology_views::{
    Context,
    clients::{FormPost, refusal_words},
    platform::ErrorPage,
};

use crate::shell::{brand, entry_page, with_cookies};

/// Who stands before the endpoint.
fn visitor<'v, A: Access>(auth: &'v Auth<A>, keys: &BrowserKeys) -> Visitor<'v> {
    Visitor { session: auth.caller.session(), holder: keys.hash() }
}

/// The answer, a page, or the way to one.
fn respond<A: Access>(auth: &Auth<A>, keys: BrowserKeys, next: Next) -> Response {
    match next {
        Next::Go(path) => with_cookies(SeeOther(path).respond(), keys.set),
        Next::Page(error) => refused(auth, &error),
        Next::Answer(AuthorizationResponse::Redirect(url)) => SeeOther(url).respond(),
        Next::Answer(AuthorizationResponse::FormPost { action, fields }) => {
            let brand = brand(&auth.app);
            let cx = Context::english(&brand, auth.cx.now);
            let html = FormPost { cx, action: &action, fields: &fields }.render();
            entry_page(auth, html, 200, Vec::new())
        }
    }
}

/// An error that no client can be told.
fn refused<A: Access>(auth: &Auth<A>, error: &OAuthError) -> Response {
    let brand = brand(&auth.app);
    let (title, detail) = refusal_words(error.code.name());
    let detail = format!("{detail} ({}.)", error.description);
    let html = ErrorPage {
        cx: Context::english(&brand, auth.cx.now),
        title,
        detail: &detail,
        code: error.code.name(),
        request_id: &auth.cx.request_id,
        back: None,
    }
    .render();
    entry_page(auth, html, 400, Vec::new())
}

pub(crate) fn routes() -> Vec<Route> {
    [
        applications::routes(),
        authorize::routes(),
        consent::routes(),
        device::routes(),
        choose::routes(),
        sign_out::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
