//! Clients that are a document on the web: its URL is their `client_id` (Client ID Metadata Documents, `contract/30` §11).

use std::{sync::Arc, time::Duration};

use avnology_model::{
    Error, Result, Timestamp,
    clients::{Client, ClientDocument, ClientRegistration, ClientSettings, RegistrationLimits},
    events::EventType,
    ids::ClientId,
    platform::Environment,
    secret_token::sha256,
};
use avnology_oauth::registration::{is_document_url, judge_document};
use avnology_store::{
    IdentityTx,
    clients::{clients as rows, registrations},
};
use serde_json::Value;
use url::Url;

use super::{
    super::{LiveClient, Refusal, cache, view},
    becomes::settings_of,
    check, object,
};
use crate::{Cx, Tenant, events::emit};

/// Shortest and longest time that a document is believed, in seconds.
const KEPT: (u64, u64) = (5 * 60, 24 * 60 * 60);

/// The id under which a client is kept that requests and tokens call so. That of a document's follows from its URL.
pub(in super::super) fn id_named(client_id: &str) -> Option<ClientId> {
    if let Ok(id) = client_id.parse() {
        return Some(id);
    }
    let hash = sha256(client_id.as_bytes());
    is_document_url(client_id).then(|| ClientId::from_bytes(hash.first_chunk().copied().unwrap_or_default()))
}

/// The client that a request calls so; its document is fetched when it is due. None when there is no such client, or its document
/// is not good.
pub(in super::super) async fn named(
    app: &Tenant,
    cx: &Cx,
    client_id: &str,
) -> Result<Option<Arc<LiveClient>>> {
    let Some(id) = id_named(client_id) else { return Ok(None) };
    let live = cache::find(app, cx, id).await?;
    if !is_document_url(client_id) {
        // A document's client has one name, its URL.
        return Ok(live.filter(|live| live.client.document().is_none()));
    }
    if !app.settings().settings.client_id_metadata_documents {
        return Ok(None);
    }
    let is_fresh = |live: &Arc<LiveClient>| {
        live.client
            .document()
            .is_some_and(|document| document.url == client_id && document.fresh_until > cx.now)
    };
    if let Some(live) = live.filter(is_fresh) {
        return Ok(Some(live));
    }
    let (settings, keep) = match fetch(app, cx, client_id).await {
        Ok(read) => read,
        Err(Refusal::Failed(error)) => return Err(error),
        Err(Refusal::OAuth(error)) => {
            tracing::info!(%client_id, why = error.description, "the document of a client is not good");
            return Ok(None);
        }
    };
    keep_it(app, cx, (id, client_id), settings, cx.now.plus_seconds(keep)).await?;
    cache::find(app, cx, id).await
}

/// What a document says, and for how many seconds that holds.
async fn fetch(app: &Tenant, cx: &Cx, url: &str) -> Result<(ClientSettings, i64), Refusal> {
    let address = Url::parse(url).map_err(Error::internal)?;
    let fetched = app.outbound.get(&address).await.map_err(|why| {
        tracing::info!(%url, %why, "the document of a client cannot be had");
        super::super::oauth_error::refuse(
            avnology_oauth::ErrorCode::InvalidClientMetadata,
            "the document cannot be had",
        )
    })?;
    let is_test = app.config.environment == Environment::Test;
    let asked = judge_document(url, &object(&fetched.body)?, is_test)?;
    let known = cache::all_resources(app, cx).await?;
    let mut settings = settings_of(&asked, &RegistrationLimits::default(), &known, None)?;
    check(app, &mut settings)?;
    let keep = fetched.keep.unwrap_or(Duration::ZERO).as_secs().clamp(KEPT.0, KEPT.1);
    Ok((settings, i64::try_from(keep).unwrap_or_default()))
}

async fn keep_it(
    app: &Tenant,
    cx: &Cx,
    (id, url): (ClientId, &str),
    settings: ClientSettings,
    fresh_until: Timestamp,
) -> Result<()> {
    let (cx2, document) = (cx.clone(), ClientDocument { url: url.to_owned(), fresh_until });
    let write = app.store.identity().write(move |tx| put(tx, &cx2, id, &settings, &document));
    let written = write.await;
    app.clients.forget(id);
    match written {
        // Of two who fetch a new one at once, one writes it down first.
        Err(error) => match cache::find(app, cx, id).await? {
            Some(_) => Ok(()),
            None => Err(error),
        },
        done => done,
    }
}

fn put(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    id: ClientId,
    settings: &ClientSettings,
    document: &ClientDocument,
) -> Result<()> {
    let Some(mut client) = rows::find(tx, id)? else {
        let registration = ClientRegistration {
            token_hash: None,
            limits: RegistrationLimits::default(),
            document: Some(document.clone()),
            last_token_at: cx.now,
        };
        let client = Client {
            id,
            settings: settings.clone(),
            secrets: Vec::new(),
            revoked_before: None,
            registration: Some(registration),
            create_time: cx.now,
            update_time: cx.now,
        };
        rows::insert(tx, &client)?;
        return emit(tx, &view::event(cx, EventType::OauthClientCreated, &client, Value::Null));
    };
    registrations::refresh(tx, id, document.fresh_until)?;
    // What an administrator switched off stays off.
    let settings = ClientSettings { state: client.settings.state, ..settings.clone() };
    if settings == client.settings {
        return Ok(());
    }
    let more = view::difference(&client.settings, &settings);
    client.settings = settings;
    rows::update(tx, &mut client, cx.now)?;
    emit(tx, &view::event(cx, EventType::OauthClientUpdated, &client, more))
}
