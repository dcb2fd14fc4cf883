//! A device asks whether its person has answered (RFC 8628 §3.4).

use std::sync::Arc;

use avnology_model::{
    Result,
    clients::{GrantType, GrantedRights},
    secret_token::{SecretKind, SecretToken},
};
use avnology_oauth::{
    ErrorCode, OAuthError,
    device::{Poll, poll as by_rule},
    dpop::Proof,
};
use avnology_store::clients::device_codes;

use super::{
    super::{
        LiveClient, Refusal, TokenResponse, cache,
        code::{Approved, Redeemed, answer, turn_into_grant},
        dpop,
        issue::life_of_access_token,
    },
    as_rule,
};
use crate::{Cx, Tenant};

/// What a device is told.
enum Told {
    Tokens(Box<Redeemed>),
    Error(OAuthError),
}

fn says(code: ErrorCode, why: &'static str) -> Told {
    Told::Error(OAuthError::new(code, why))
}

/// Gives a device the tokens that its code stands for, once its person has said yes.
pub(in super::super) async fn poll(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &Arc<LiveClient>,
    (device_code, proof): (&str, Option<Proof>),
) -> Result<TokenResponse, Refusal> {
    let unknown =
        || OAuthError::new(ErrorCode::InvalidGrant, "the device code is not valid for this request");
    let code = SecretToken::parse(device_code).filter(|code| code.kind() == SecretKind::DeviceCode);
    let hash = code.ok_or_else(unknown)?.hash();
    let known = cache::all_resources(app, cx).await?;
    let (job, cx2, client, resources) = (Arc::clone(app), cx.clone(), Arc::clone(live), Arc::clone(&known));
    let jkt = dpop::binding_of_refresh(live, proof.as_ref());
    let write = app.store.identity().write(move |tx| {
        let found = device_codes::find(tx, &hash)?.filter(|found| found.client_id == client.id());
        let Some(found) = found.filter(|found| client.client.honours(found.create_time.seconds())) else {
            return Ok(Told::Error(unknown()));
        };
        let now = cx2.now;
        match by_rule(&as_rule(&found), now.seconds()) {
            Poll::Pending => {
                device_codes::note_question(tx, &hash, now, found.interval_seconds)?;
                Ok(says(ErrorCode::AuthorizationPending, "nobody has answered yet"))
            }
            Poll::SlowDown(interval) => {
                device_codes::note_question(tx, &hash, now, interval)?;
                Ok(says(ErrorCode::SlowDown, "wait five seconds longer between two questions from now on"))
            }
            Poll::Denied => Ok(says(ErrorCode::AccessDenied, "the person said no")),
            Poll::Expired => Ok(says(ErrorCode::ExpiredToken, "the device code is too old")),
            Poll::Used => Ok(Told::Error(unknown())),
            Poll::Tokens if !device_codes::use_once(tx, &hash, now)? => Ok(Told::Error(unknown())),
            Poll::Tokens => {
                let Some(approval) = found.approval else { return Ok(Told::Error(unknown())) };
                let seconds = life_of_access_token(&client, &found.resources, &resources);
                let approved = Approved {
                    grant_id: approval.grant_id,
                    client_id: found.client_id,
                    identity_id: approval.identity_id,
                    session_id: approval.session_id,
                    organization_id: approval.organization_id,
                    rights: GrantedRights { dpop_jkt: jkt.clone(), ..approval.rights },
                    nonce: None,
                    create_time: found.create_time,
                    by: GrantType::DeviceCode,
                };
                let redeemed = turn_into_grant(tx, &job, &cx2, &client, approved, seconds)?;
                Ok(redeemed
                    .map_or_else(|| Told::Error(unknown()), |redeemed| Told::Tokens(Box::new(redeemed))))
            }
        }
    });
    match write.await? {
        Told::Error(error) => Err(error.into()),
        Told::Tokens(redeemed) => answer(app, cx, live, *redeemed, (Vec::new(), proof.as_ref())).await,
    }
}
