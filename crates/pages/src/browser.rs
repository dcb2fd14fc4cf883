//! Opening and reading flows for pages: what the API does for programs, with pages for answers.

use avnology_core::flows::{self, Created, FlowRequest};
use avnology_http::{Access, Auth, BrowserKeys, Reply, Response, SeeOther, cookies};
use avnology_model::{
    Code, Error, Result,
    flows::{Flow, FlowKind, FlowView, Transport},
    ids::FlowId,
};

use crate::shell::with_cookies;

/// A flow that the page shows, and the browser's keys.
pub(crate) struct Held {
    pub(crate) flow: Flow,
    pub(crate) view: FlowView,
}

/// What a page finds at `?flow=`.
pub(crate) enum Found {
    /// The flow.
    Held(Box<Held>),
    /// It is over, was begun in another browser, or never was.
    Gone(Error),
}

/// What came of opening a flow.
pub(crate) enum Opened {
    /// Go to this answer: the same page with the flow.
    Go(Response),
    /// Somebody is signed in, and nothing more is asked.
    SignedIn(String),
}

/// Opens a flow and leads to `path` with it.
pub(crate) async fn open<A: Access>(
    auth: &Auth<A>,
    kind: FlowKind,
    path: &str,
    request: FlowRequest,
) -> Result<Opened> {
    let keys = BrowserKeys::of(auth);
    let live = auth.caller.session().map(|live| &**live);
    let created =
        flows::create(&auth.app, &auth.cx, kind, Transport::Browser, keys.holder(), request, live).await?;
    Ok(match created {
        Created::Flow(flow) => {
            let page = flow.restricted_to().map_or_else(|| path.to_owned(), |_| flows::page_path(&flow));
            Opened::Go(with_cookies(SeeOther(format!("{page}?flow={}", flow.id)).respond(), keys.set))
        }
        // Who is signed in already acts in the organization asked for from now on. In a strict tenant the session is at home
        // there, and the cookie makes it the present one of several.
        Created::Passed(flow, _) => match flow.leads_into() {
            None => Opened::SignedIn(flow.data.return_to.unwrap_or_default()),
            Some(id) => {
                let target = flow.data.return_to.unwrap_or_else(|| "/account".to_owned());
                let cookie = cookies::set_organization(&auth.app, id);
                Opened::Go(with_cookies(SeeOther(target).respond(), vec![cookie]))
            }
        },
    })
}

/// The flow at `?flow=`, with the form token of this browser.
pub(crate) async fn find<A: Access>(auth: &Auth<A>, kinds: &[FlowKind], id: &str) -> Result<Found> {
    let Ok(id) = id.parse::<FlowId>() else { return Ok(Found::Gone(Error::not_found())) };
    let keys = BrowserKeys::of(auth);
    let mut last = Error::not_found();
    for kind in kinds {
        match flows::get(&auth.app, &auth.cx, *kind, id, keys.holder()).await {
            Ok(flow) => return Ok(held(auth, &keys, flow)),
            Err(error) if matches!(error.code(), Code::NotFound | Code::FlowGone) => {
                if error.code() == Code::FlowGone {
                    return Ok(Found::Gone(error));
                }
                last = error;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Found::Gone(last))
}

fn held<A: Access>(auth: &Auth<A>, keys: &BrowserKeys, flow: Flow) -> Found {
    let live = auth.caller.session();
    // A settings flow is for the session that it belongs to.
    if flow.kind == FlowKind::Settings && live.map(|l| l.id()) != flow.session_id {
        return Found::Gone(Error::not_found());
    }
    let token = keys.csrf_token(auth, flow.id);
    let view = flows::view(&auth.app, &flow, Some(&token), live.map(|l| &l.identity));
    Found::Held(Box::new(Held { flow, view }))
}

/// When another message can be asked for.
pub(crate) fn resend_at(flow: &Flow) -> Option<avnology_model::Timestamp> {
    flow.data.challenge.as_ref().map(|challenge| challenge.sent_at.plus_seconds(60))
}
