//! The sign-in that a request waits for, opened as a flow: what an interface of one's own shows in place of our pages
//! (`contract/11` §1.1, `contract/30` §3).

use std::sync::Arc;

use avnology_model::{
    Error, FieldCode, Result,
    flows::{Flow, FlowClient},
    secret_token::SecretHash,
};
use url::{Url, form_urlencoded};

use super::{Request, Stop, Visitor, before_consent, judged, pending};
use crate::{
    Cx, Tenant,
    clients::{LiveClient, cache},
    flows::FlowRequest,
};

/// A sign-in page that a request leads to, and what it is to ask for.
#[derive(Debug)]
pub(super) struct SignIn {
    pub(super) page: &'static str,
    pub(super) asks: Vec<(&'static str, String)>,
}

impl SignIn {
    pub(super) fn at(page: &'static str) -> Self {
        Self { page, asks: Vec::new() }
    }

    #[must_use]
    pub(super) fn asking(mut self, name: &'static str, value: &str) -> Self {
        self.asks.push((name, value.to_owned()));
        self
    }

    /// Where the page is, which leads back to the request.
    pub(super) fn url(&self, request: &Request) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("return_to", &request.pending.at(PATH));
        query.extend_pairs(&self.asks);
        format!("{}?{}", self.page, query.finish())
    }

    fn asked(&self, name: &str) -> Option<String> {
        self.asks.iter().find(|(one, _)| *one == name).map(|(_, value)| value.clone())
    }
}

/// Where requests are made.
const PATH: &str = "/oauth2/auth";

/// What a flow is to ask for that continues the request with this challenge; its end leads back to the request. `_902` when
/// the request is over, or was begun in another browser.
pub async fn flow_for(
    app: &Arc<Tenant>,
    cx: &Cx,
    challenge: &str,
    visitor: Visitor<'_>,
) -> Result<FlowRequest> {
    let over =
        || Error::field("login_challenge", FieldCode::NotFound, "The request is over, or another browser's.");
    let pending = pending::find(app, cx, challenge, visitor.holder).await?.ok_or_else(over)?;
    let back = format!("{}{}", app.config.origin(), pending.at(PATH));
    let Ok(mut request) = judged(app, cx, pending).await? else { return Err(over()) };
    let mut flow = FlowRequest { return_to: Some(back), ..FlowRequest::default() };
    flow.login_hint = request.asked.login_hint.clone();
    if let Err(Stop::SignIn(wanted)) = before_consent(app, cx, &mut request, visitor).await? {
        flow.aal = wanted.asked("aal");
        flow.refresh = wanted.asked("refresh").is_some();
        flow.organization = wanted.asked("organization_id");
    }
    Ok(flow)
}

/// The challenge of the request that an address of ours leads back to.
pub(crate) fn challenge_in(app: &Tenant, target: &str) -> Option<String> {
    let url = app.config.public_url.join(target).ok()?;
    let is_ours = url.origin() == app.config.public_url.origin() && url.path() == PATH;
    let named = |url: &Url| {
        url.query_pairs().find(|(name, _)| name == "login_challenge").map(|(_, value)| value.into_owned())
    };
    named(&url).filter(|_| is_ours)
}

/// Whether a flow leads back to an authorization request.
pub fn leads_to_request(app: &Tenant, flow: &Flow) -> bool {
    flow.data.return_to.as_deref().is_some_and(|target| challenge_in(app, target).is_some())
}

/// The client of the request that an address of ours leads back to, if this browser began it.
pub(crate) async fn client_of(
    app: &Tenant,
    cx: &Cx,
    target: Option<&str>,
    holder: Option<SecretHash>,
) -> Result<Option<FlowClient>> {
    let challenge = target.and_then(|target| challenge_in(app, target));
    let (Some(challenge), Some(holder)) = (challenge, holder) else { return Ok(None) };
    let Some(pending) = pending::find(app, cx, &challenge, holder).await? else { return Ok(None) };
    let live = cache::find(app, cx, pending.row.client_id).await?;
    Ok(live.map(|live| card(app, &live, pending.params.get("redirect_uri"))))
}

/// The client with this id, if it works. One that a document describes has no id but its URL.
pub(crate) async fn client_named(app: &Tenant, cx: &Cx, id: &str) -> Result<Option<FlowClient>> {
    let Ok(id) = id.parse() else { return Ok(None) };
    let live = cache::find(app, cx, id).await?;
    let live = live.filter(|live| live.is_active() && live.client.document().is_none());
    Ok(live.map(|live| card(app, &live, None)))
}

/// Where the client of a request begins a sign-in anew that is over, or another browser's. One that registered itself takes
/// nobody there who did not come from it: a link of ours must not lead wherever somebody likes (RFC 9700 §4.11).
pub async fn begun_anew(
    app: &Tenant,
    cx: &Cx,
    challenge: &str,
    holder: SecretHash,
) -> Result<Option<String>> {
    let stale = pending::client_of_stale(app, cx, challenge, holder).await?;
    let Some((client, came_from_it)) = stale else { return Ok(None) };
    let live = cache::find(app, cx, client).await?;
    let may =
        |live: &Arc<LiveClient>| live.is_active() && (came_from_it || live.client.registration.is_none());
    Ok(live.filter(may).and_then(|live| anew(app, &live)))
}

/// Where a client begins a sign-in, told who we are (OpenID Connect Core §4).
fn anew(app: &Tenant, live: &LiveClient) -> Option<String> {
    let mut url = Url::parse(live.client.settings.initiate_login_uri.as_deref()?).ok()?;
    url.query_pairs_mut().append_pair("iss", &app.config.origin());
    Some(url.into())
}

/// The host of a URI, or the scheme of an app.
pub fn host_of(uri: &str) -> String {
    let (scheme, rest) = uri.split_once(':').unwrap_or_default();
    if scheme != "https" && scheme != "http" {
        return format!("the app {scheme}");
    }
    rest.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default().to_owned()
}

/// A client as flows tell of it, which sends people back to this URI.
fn card(app: &Tenant, live: &LiveClient, redirect_uri: Option<&str>) -> FlowClient {
    let settings = &live.client.settings;
    let registered_itself = live.client.registration.is_some();
    let uri = redirect_uri.or(settings.redirect_uris.first().map(String::as_str));
    FlowClient {
        redirect_host: uri.filter(|_| registered_itself).map(host_of),
        initiate_login_uri: anew(app, live),
        id: live.id(),
        name: settings.name.clone(),
        logo_url: settings.logo_uri.clone(),
        policy_url: settings.policy_uri.clone(),
        terms_url: settings.tos_uri.clone(),
    }
}
