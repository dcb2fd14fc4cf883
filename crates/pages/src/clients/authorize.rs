//! `/oauth2/auth`.

use avnology_core::clients::authorize;
use avnology_http::{
    Auth, BrowserKeys, Bucket, NoInput, ProtocolForm, Public, Reply, Response, Route, SeeOther, Visitor,
};
use avnology_model::Result;
use avnology_oauth::Params;

use super::{refused, respond, visitor};

async fn show(auth: Auth<Visitor>, _: NoInput) -> Result<Response> {
    let params = match Params::parse(auth.uri.query().unwrap_or_default().as_bytes()) {
        Ok(params) => params,
        Err(error) => return Ok(refused(&auth, &error)),
    };
    let keys = BrowserKeys::of(&auth);
    let next = authorize::authorize(&auth.app, &auth.cx, &params, visitor(&auth, &keys)).await?;
    Ok(respond(&auth, keys, next))
}

/// A request that was posted goes on by GET: from another site no cookie of ours came along.
async fn post(auth: Auth<Public>, form: ProtocolForm) -> Result<Response> {
    match Params::parse(&form.0) {
        Ok(params) => Ok(SeeOther(format!("/oauth2/auth?{}", params.to_query())).respond()),
        Err(error) => Ok(refused(&auth, &error)),
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/oauth2/auth", show).limited(Bucket::IpAuth).answers_html(200),
        Route::post("/oauth2/auth", post).limited(Bucket::IpAuth).answers_redirect(303),
    ]
}
