//! Where the parameters of a request are: in itself, in a JWT that the client signed, at a URI of the client, or pushed before
//! (`contract/30` §3.1, §8).

use avnology_model::{
    Result,
    secret_token::{SecretHash, sha256},
};
use avnology_oauth::{
    ErrorCode, OAuthError, Params, par,
    request_object::{self, Source},
};
use avnology_store::clients::pushed_requests;
use url::Url;

use super::unknown_client;
use crate::{
    Cx, Tenant,
    clients::{LiveClient, keys, registration},
};

/// The parameters that count. An error is a page of its own: where the client may be told of it stands in what cannot be read.
pub(super) async fn read(app: &Tenant, cx: &Cx, params: &Params) -> Result<Result<Params, OAuthError>> {
    let source = match Source::of_request(params) {
        Ok(Source::Plain) => return Ok(Ok(params.clone())),
        Ok(source) => source,
        Err(error) => return Ok(Err(error)),
    };
    let live = match params.get("client_id") {
        Some(id) => registration::named(app, cx, id).await?,
        None => None,
    };
    let Some(live) = live else { return Ok(Err(unknown_client())) };
    match source {
        Source::Uri(uri) => match par::reference(uri) {
            Some(reference) => pushed(app, cx, &live, uri, reference).await,
            None => Ok(at(app, cx, &live, uri).await),
        },
        Source::Object(object) => Ok(signed(app, cx, &live, object).await),
        Source::Plain => Ok(Ok(params.clone())),
    }
}

/// The hash by which the request was pushed that these parameters are of, if they are of one.
pub(super) fn pushed_as(params: &Params) -> Option<SecretHash> {
    params.get("request_uri").and_then(par::reference).map(|reference| sha256(reference.as_bytes()))
}

/// Those that were pushed, and the URI that tells so.
async fn pushed(
    app: &Tenant,
    cx: &Cx,
    live: &LiveClient,
    uri: &str,
    reference: &str,
) -> Result<Result<Params, OAuthError>> {
    let hash = sha256(reference.as_bytes());
    let row = app.store.identity().read(move |tx| pushed_requests::find(tx, &hash)).await?;
    let is_own = row.as_ref().is_some_and(|row| row.client_id == live.id());
    let owner = if is_own { live.rules.id.clone() } else { String::new() };
    let kept = row.as_ref().map(|row| par::Pushed {
        client_id: &owner,
        expires_at: row.expires_at.seconds(),
        is_used: row.used_at.is_some(),
    });
    if let Err(error) = par::check(kept.as_ref(), &live.rules.id, cx.now.seconds()) {
        return Ok(Err(error));
    }
    let parameters = row.map(|row| row.parameters).unwrap_or_default();
    Ok(Params::parse(parameters.as_bytes()).map(|params| {
        let mut pairs = params.pairs().to_vec();
        pairs.push(("request_uri".to_owned(), uri.to_owned()));
        Params::from_pairs(pairs)
    }))
}

/// Those of a request object at a URI that the client registered.
async fn at(app: &Tenant, cx: &Cx, live: &LiveClient, uri: &str) -> Result<Params, OAuthError> {
    request_object::check_registered(uri, &live.rules)?;
    let unreachable =
        || OAuthError::new(ErrorCode::InvalidRequestUri, "nothing can be fetched from request_uri");
    let url = Url::parse(uri).map_err(|_| unreachable())?;
    let fetched = app.outbound.get(&url).await.map_err(|why| {
        tracing::info!(client = %live.id(), %why, "a request object cannot be had");
        unreachable()
    })?;
    let object = String::from_utf8(fetched.body).map_err(|_| unreachable())?;
    signed(app, cx, live, object.trim()).await
}

/// Those of a request object.
async fn signed(app: &Tenant, cx: &Cx, live: &LiveClient, object: &str) -> Result<Params, OAuthError> {
    let rules = keys::rules_for(app, cx, live, object).await;
    request_object::verify(object, &rules, &app.config.origin(), cx.now.seconds())
}
