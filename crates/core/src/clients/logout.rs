//! Telling clients that a session in which they got tokens has ended (OpenID Connect Back-Channel Logout 1.0, `contract/30`
//! §10.3). What is to be told is written in the transaction that ends the session, so nothing is lost; each call is made by
//! whichever node claims it.

use std::sync::Arc;

use avnology_model::{
    Error, Result,
    clients::PendingLogout,
    ids::{IdentityId, SessionId},
};
use avnology_oauth::tokens::{LOGOUT_TOKEN, logout_claims};
use avnology_store::{
    IdentityTx,
    clients::{clients, grants, logouts},
};
use url::Url;

use super::{LiveClient, cache};
use crate::{Cx, Tenant, ports::CallRefusal};

/// How long a call that nobody reports of is left to whoever makes it, in seconds; longer than any call takes.
const LEASE: i64 = 30;
/// After how long a call that failed is made again, in seconds.
const AGAIN: [i64; 3] = [5, 60, 600];
/// How many calls are made side by side.
const BATCH: u32 = 20;

/// Notes in this transaction which clients have to be told of the end of a session.
pub(crate) fn note(tx: &mut IdentityTx<'_>, cx: &Cx, session: SessionId, identity: IdentityId) -> Result<()> {
    for id in grants::clients_of_session(tx, session)? {
        let client = clients::find(tx, id)?;
        if client.is_some_and(|client| client.settings.backchannel_logout_uri.is_some()) {
            logouts::insert(tx, session, id, identity, cx.now)?;
        }
    }
    Ok(())
}

/// Makes the calls that are due; how many.
pub async fn tell_clients(app: &Arc<Tenant>) -> Result<usize> {
    let mut made = 0;
    loop {
        let now = app.now();
        // Mostly there is nothing, and whoever looks often should not write.
        if !app.store.identity().read(move |tx| logouts::is_due(tx, now)).await? {
            return Ok(made);
        }
        let lease = now.plus_seconds(LEASE);
        let batch = app.store.identity().write(move |tx| logouts::claim(tx, now, lease, BATCH)).await?;
        if batch.is_empty() {
            return Ok(made);
        }
        made += batch.len();
        let mut calling = tokio::task::JoinSet::new();
        for call in batch {
            let app = Arc::clone(app);
            calling.spawn(async move { tell(&app, call).await });
        }
        while let Some(result) = calling.join_next().await {
            if let Err(error) = result.map_err(Error::internal).and_then(|told| told) {
                tracing::warn!(
                    ?error,
                    "the fate of a call could not be noted; it is due again after its lease"
                );
            }
        }
    }
}

async fn tell(app: &Tenant, call: PendingLogout) -> Result<()> {
    let cx = app.system_cx();
    let live = cache::find(app, &cx, call.client_id).await?;
    let uri = live.as_ref().and_then(|live| live.client.settings.backchannel_logout_uri.as_deref());
    let told = match (&live, uri.and_then(|uri| Url::parse(uri).ok())) {
        (Some(live), Some(uri)) => post(app, &cx, live, &uri, &call).await?,
        // The client does not want to be told any more.
        _ => Ok(()),
    };
    let again = match &told {
        Ok(()) => None,
        Err(refusal) => {
            tracing::info!(client = %call.client_id, tries = call.tries, ?refusal, "a client was not told of a sign-out");
            let next = usize::try_from(call.tries).ok().and_then(|tries| AGAIN.get(tries.checked_sub(1)?));
            next.map(|seconds| app.now().plus_seconds(*seconds))
        }
    };
    app.store
        .identity()
        .write(move |tx| match again {
            Some(due_at) => logouts::again(tx, &call, due_at),
            None => logouts::done(tx, &call),
        })
        .await
}

/// Posts a logout token: 200 and 204 are an answer.
async fn post(
    app: &Tenant,
    cx: &Cx,
    live: &LiveClient,
    uri: &Url,
    call: &PendingLogout,
) -> Result<Result<(), CallRefusal>> {
    let jti = crate::hex(&cx.random::<16>());
    let (subject, session) = (call.identity_id.to_string(), call.session_id.to_string());
    let issuer = app.config.origin();
    let claims = logout_claims(&issuer, &live.rules.id, &subject, &session, &jti, cx.now.seconds());
    let signer = crate::platform::signer(app, cx, live.client.settings.id_token_alg()).await?;
    let token = signer.sign(LOGOUT_TOKEN, &claims)?;
    Ok(match app.outbound.post_form(uri, &[("logout_token", &token)]).await {
        Ok(200 | 204) => Ok(()),
        Ok(status) => Err(CallRefusal::Failed(format!("it answered {status}"))),
        Err(refusal) => Err(refusal),
    })
}
