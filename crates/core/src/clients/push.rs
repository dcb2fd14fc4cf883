//! Taking authorization requests that clients push (RFC 9126, `contract/30` §8).

use avnology_model::{Result, clients::PushedRequest, secret_token::sha256};
use avnology_oauth::{
    OAuthError, Params,
    authorize::{Channel, Refused, judge},
    dpop::{Proof, binding},
    par, request_object,
};
use avnology_store::clients::pushed_requests;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;

use super::{
    ClientAuthentication, LiveClient, Refusal, authenticate::authenticate, cache, dpop, keys, scopes,
};
use crate::{Cx, Tenant};

/// The parameters that show who the client is: they are no part of the request.
const SHOWN: [&str; 4] = ["client_id", "client_secret", "client_assertion", "client_assertion_type"];

/// What the client begins an authorization with.
#[derive(Clone, Debug, Serialize)]
pub struct PushedUri {
    /// The value of `request_uri`.
    pub request_uri: String,
    /// For how many seconds it can be begun with.
    pub expires_in: i64,
}

/// Judges a request as the authorization endpoint would, and keeps it for the client.
pub async fn push(app: &Tenant, cx: &Cx, shown: &ClientAuthentication<'_>) -> Result<PushedUri, Refusal> {
    let live = authenticate(app, cx, shown).await?;
    par::check_body(shown.params)?;
    let proof = dpop::of_request(app, cx, &live, shown).await?;
    let params = bound(parameters(app, cx, &live, shown.params).await?, proof.as_ref())?;
    let known = cache::all_resources(app, cx).await?;
    let is_known = |scope: &str| scopes::is_known(scope, &known);
    match judge(&params, &live.rules, Channel::Pushed, is_known) {
        Ok(_) => {}
        Err(Refused::Page(error) | Refused::Redirect(_, error)) => return Err(error.into()),
    }
    let reference = BASE64_URL_SAFE_NO_PAD.encode(cx.random::<32>());
    let pushed = PushedRequest {
        hash: sha256(reference.as_bytes()),
        client_id: live.id(),
        parameters: params.to_query(),
        expires_at: cx.now.plus_seconds(par::LIFETIME),
        used_at: None,
    };
    app.store.identity().write(move |tx| pushed_requests::insert(tx, &pushed)).await?;
    Ok(PushedUri { request_uri: par::request_uri(&reference), expires_in: par::LIFETIME })
}

/// The parameters with the key that the code is bound to: the one that was proven, or the one that is named.
fn bound(params: Params, proof: Option<&Proof>) -> Result<Params, OAuthError> {
    let Some(proof) = proof else { return Ok(params) };
    let jkt = binding(params.get("dpop_jkt"), Some(proof))?;
    let others = params.pairs().iter().filter(|(name, _)| name != "dpop_jkt").cloned();
    Ok(Params::from_pairs(others.chain(jkt.map(|jkt| ("dpop_jkt".to_owned(), jkt))).collect()))
}

/// The parameters that count: those of a request object when there is one, or else the form's.
async fn parameters(app: &Tenant, cx: &Cx, live: &LiveClient, form: &Params) -> Result<Params, Refusal> {
    if let Some(object) = form.get("request") {
        let rules = keys::rules_for(app, cx, live, object).await;
        return Ok(request_object::verify(object, &rules, &app.config.origin(), cx.now.seconds())?);
    }
    let own = form.pairs().iter().filter(|(name, _)| !SHOWN.contains(&name.as_str())).cloned();
    let client = ("client_id".to_owned(), live.rules.id.clone());
    Ok(Params::from_pairs(std::iter::once(client).chain(own).collect()))
}
