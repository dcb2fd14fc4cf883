//! A device asks for its codes (RFC 8628 §3.1).

use std::sync::Arc;

use avnology_model::{
    Result,
    clients::{DeviceCode, DeviceStage, OrganizationSelection},
    ids::OrganizationId,
    secret_token::SecretKind,
};
use avnology_oauth::{
    ErrorCode, GrantType, Params, Scopes,
    device::{INTERVAL, LIFETIME, UserCode},
    resource,
};
use avnology_store::clients::device_codes;
use serde::Serialize;

use super::super::{
    ClientAuthentication, LiveClient, Refusal, authenticate::authenticate, authorize::may_use, cache,
    oauth_error::refuse, scopes,
};
use crate::{Cx, Tenant, organizations::find_named};

/// How often a code is drawn that no other device has.
const TRIES: usize = 8;

/// What a device is answered.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceAnswer {
    /// What it gets its tokens with.
    pub device_code: String,
    /// What its person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The same with the code, for a picture to be scanned.
    pub verification_uri_complete: String,
    /// For how many seconds the codes are good.
    pub expires_in: i64,
    /// How many seconds it waits between two questions.
    pub interval: i64,
}

/// Gives a device its codes. `unauthorized_client` for a client that may not use the grant, `invalid_scope`, `invalid_target`,
/// `access_denied` for an organization that is unknown or not the client's.
pub async fn begin(
    app: &Arc<Tenant>,
    cx: &Cx,
    shown: &ClientAuthentication<'_>,
) -> Result<DeviceAnswer, Refusal> {
    let live = authenticate(app, cx, shown).await?;
    if !live.rules.may(GrantType::DeviceCode) {
        return Err(refuse(ErrorCode::UnauthorizedClient, "the client may not use this grant"));
    }
    let known = cache::all_resources(app, cx).await?;
    let scopes = match shown.params.get("scope") {
        None => Scopes::of(["openid"]).filtered(|scope| live.rules.scopes.has(scope)),
        Some(text) => {
            let is_known = |scope: &str| scopes::is_known(scope, &known);
            Scopes::parse(text)?.granted(&live.rules.scopes, is_known)?
        }
    };
    let resources = resource::of_request(shown.params)?;
    resource::check(&resources, &live.rules.resources)?;
    let organization = organization(app, cx, &live, shown.params).await?;
    let secret = cx.secret(SecretKind::DeviceCode);
    for _ in 0..TRIES {
        let Some(user_code) = UserCode::draw(&cx.random()) else { continue };
        let code = DeviceCode {
            hash: secret.hash(),
            user_code: user_code.as_str().to_owned(),
            client_id: live.id(),
            scopes: scopes.iter().map(str::to_owned).collect(),
            resources: resources.clone(),
            organization,
            ip: cx.ip.map(|ip| ip.to_string()),
            user_agent: cx.user_agent.to_string(),
            stage: DeviceStage::Pending,
            interval_seconds: INTERVAL,
            asked_at: None,
            approval: None,
            create_time: live.issues_at(cx.now),
            expires_at: cx.now.plus_seconds(LIFETIME),
        };
        if app.store.identity().write(move |tx| device_codes::insert(tx, &code)).await? {
            return Ok(answer(app, secret.expose(), &user_code));
        }
    }
    Err(refuse(ErrorCode::TemporarilyUnavailable, "no code could be drawn"))
}

fn answer(app: &Tenant, device_code: &str, user_code: &UserCode) -> DeviceAnswer {
    let page = format!("{}/device", app.config.origin());
    DeviceAnswer {
        device_code: device_code.to_owned(),
        user_code: user_code.to_string(),
        verification_uri_complete: format!("{page}?user_code={user_code}"),
        verification_uri: page,
        expires_in: LIFETIME,
        interval: INTERVAL,
    }
}

async fn organization(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveClient,
    params: &Params,
) -> Result<Option<OrganizationId>, Refusal> {
    let Some(name) = params.get("organization_id").or_else(|| params.get("organization")) else {
        return Ok(None);
    };
    if live.client.settings.organization_selection == OrganizationSelection::None {
        return Err(refuse(ErrorCode::InvalidRequest, "the client wants no organization"));
    }
    let found = find_named(app, cx, name).await?.filter(|found| may_use(live, found.id()));
    let found = found.ok_or_else(|| refuse(ErrorCode::AccessDenied, "the organization is not available"))?;
    Ok(Some(found.id()))
}
