//! Whether the person agrees to what a client asks for (`contract/30` §10.1).

use std::sync::Arc;

use avnology_model::{
    Code, Error, Result,
    clients::{ApiResource, ClientAbout, Consent},
    events::EventType,
    ids::ConsentId,
};
use avnology_oauth::{
    ErrorCode, OAuthError, Scopes,
    consent::{Asked, Rule, must_ask},
};
use avnology_store::{
    IdentityTx,
    clients::{consents, requests},
};
use serde_json::json;

use super::{Next, Request, Stop, Visitor, judged, organization, pending};
use crate::{
    Cx, Tenant,
    clients::{
        cache,
        person::Place,
        rules::{self, Decided},
        scopes,
    },
    events::emit,
    sessions::LiveSession,
};

/// One scope as people are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedScope {
    /// Its name.
    pub name: String,
    /// What its resource says of it; none for scopes of the server, whose words are the page's.
    pub description: Option<String>,
    /// Whether it can be left out.
    pub is_optional: bool,
}

/// What the page of consent tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedFor {
    /// The client.
    pub client: ClientAbout,
    /// The document that describes the client, if one does.
    pub document: Option<String>,
    /// Where the person is sent back to.
    pub redirect_uri: String,
    /// The scopes.
    pub scopes: Vec<AskedScope>,
    /// What the resources are called.
    pub resources: Vec<String>,
    /// The organization that it is for.
    pub organization: Option<String>,
}

fn gone() -> Error {
    Error::new(Code::NotFound).with_detail("The request is over, or was begun in another browser.")
}

/// Goes on, with the consent that there is, or to the page of consent.
pub(super) async fn settle(
    app: &Tenant,
    request: &Request,
    live: &LiveSession,
    place: Option<&Place>,
) -> Result<Result<Option<ConsentId>, Stop>> {
    let (identity, client) = (live.identity.id, request.live.id());
    let organization = place.map(|place| place.organization.id());
    let may_ask_for = request.live.rules.scopes.clone();
    let read = app.store.identity().read(move |tx| {
        let kept = consents::of(tx, identity, client, organization)?;
        Ok((kept, rules::decided(tx, client, organization, &may_ask_for)?))
    });
    let (kept, decided) = read.await?;
    let is_document = request.live.client.document().is_some();
    let rule = match &decided {
        Decided::Ask => Rule::Ask,
        Decided::Preapproved(_) if is_document => Rule::Ask,
        Decided::Preapproved(scopes) => Rule::Preapproved(scopes),
        Decided::Blocked => Rule::Blocked,
    };
    let kept_scopes = kept.as_ref().map(|kept| Scopes::of(kept.scopes.iter().map(String::as_str)));
    let consent = kept.as_ref().zip(kept_scopes.as_ref());
    let asked = Asked {
        kind: request.live.rules.kind,
        is_first_party: request.live.client.settings.first_party,
        scopes: &request.asked.scopes,
        resources: &request.asked.resources,
        prompt: request.asked.prompt,
        was_given: request.pending.row.consented_by == Some(identity),
        rule,
        // A document may say something else tomorrow.
        consent: consent.filter(|_| !is_document).map(|(kept, scopes)| (scopes, kept.resources.as_slice())),
    };
    Ok(match must_ask(&asked) {
        Ok(false) => Ok(kept.map(|kept| kept.id)),
        Ok(true) => Err(Stop::Go(request.pending.at("/consent"))),
        Err(error) => Err(error.into()),
    })
}

/// The request behind the page, with the organization that was chosen for it.
async fn waiting(
    app: &Arc<Tenant>,
    cx: &Cx,
    challenge: &str,
    visitor: Visitor<'_>,
) -> Result<(Request, Option<Place>)> {
    let pending = pending::find(app, cx, challenge, visitor.holder).await?.ok_or_else(gone)?;
    let live = visitor.live().ok_or_else(gone)?;
    let Ok(request) = judged(app, cx, pending).await? else { return Err(gone()) };
    match organization::choose(app, cx, &request, live).await? {
        Ok(place) => Ok((request, place)),
        Err(_) => Err(gone()),
    }
}

/// What the page of consent tells. `_901` when the request is over or another browser's.
pub async fn asked_for(
    app: &Arc<Tenant>,
    cx: &Cx,
    challenge: &str,
    visitor: Visitor<'_>,
) -> Result<AskedFor> {
    let (request, place) = waiting(app, cx, challenge, visitor).await?;
    let known = cache::all_resources(app, cx).await?;
    let settings = &request.live.client.settings;
    let of_scope = |name: &str| AskedScope {
        name: name.to_owned(),
        description: described(name, &known),
        is_optional: name != "openid",
    };
    let named = |identifier: &String| {
        let resource = known.iter().find(|resource| resource.settings.identifier == *identifier)?;
        Some(resource.settings.name.clone())
    };
    Ok(AskedFor {
        client: settings.into(),
        document: request.live.client.document().map(|document| document.url.clone()),
        redirect_uri: request.asked.return_to.redirect_uri.clone(),
        scopes: request.asked.scopes.iter().map(of_scope).collect(),
        resources: request.asked.resources.iter().filter_map(named).collect(),
        organization: place.map(|place| place.organization.organization.name.clone()),
    })
}

pub(in crate::clients) fn described(name: &str, known: &[ApiResource]) -> Option<String> {
    if scopes::is_openid(name) || scopes::system(name).is_some() {
        return None;
    }
    let own =
        |resource: &ApiResource| resource.settings.scopes.iter().find(|scope| scope.name == name).cloned();
    known.iter().find_map(own).and_then(|scope| scope.description)
}

/// Takes a consent to these scopes of those that are asked for, and remembers it. `_901` when the request is over.
pub async fn allow(
    app: &Arc<Tenant>,
    cx: &Cx,
    challenge: &str,
    visitor: Visitor<'_>,
    ticked: &[String],
) -> Result<()> {
    let (request, place) = waiting(app, cx, challenge, visitor).await?;
    let live = visitor.live().ok_or_else(gone)?;
    let agreed = request.asked.scopes.filtered(|name| name == "openid" || ticked.iter().any(|t| t == name));
    let agreed: Vec<String> = agreed.iter().map(str::to_owned).collect();
    let organization = place.map(|place| place.organization.id());
    let consent = Consent {
        id: ConsentId::new(cx.now, cx.random()),
        identity_id: live.identity.id,
        client_id: request.live.id(),
        organization_id: organization,
        scopes: agreed.clone(),
        resources: request.asked.resources.clone(),
        granted_at: cx.now,
        last_used_at: cx.now,
    };
    let mut row = request.pending.row.clone();
    row.consented_by = Some(live.identity.id);
    row.consented_scopes = agreed;
    let cx = cx.clone();
    app.store
        .identity()
        .write(move |tx| {
            requests::update(tx, &row)?;
            remember(tx, &cx, consent.clone())
        })
        .await
}

/// Remembers what somebody agreed to, besides what they agreed to before.
pub(in crate::clients) fn remember(tx: &mut IdentityTx<'_>, cx: &Cx, mut consent: Consent) -> Result<()> {
    if let Some(before) = consents::of(tx, consent.identity_id, consent.client_id, consent.organization_id)? {
        consent.id = before.id;
        merge(&mut consent.scopes, before.scopes);
        merge(&mut consent.resources, before.resources);
    }
    consents::put(tx, &consent)?;
    emit(tx, &event(cx, EventType::OauthConsentGranted, &consent))
}

fn merge(into: &mut Vec<String>, more: Vec<String>) {
    for one in more {
        if !into.contains(&one) {
            into.push(one);
        }
    }
}

/// An event about a consent.
pub(in crate::clients) fn event(
    cx: &Cx,
    kind: EventType,
    consent: &Consent,
) -> avnology_model::events::Event {
    let payload = json!({
        "consent": {
            "id": consent.id, "client_id": consent.client_id, "organization_id": consent.organization_id,
            "scopes": consent.scopes, "resources": consent.resources, "granted_at": consent.granted_at,
        },
        "user_id": consent.identity_id,
    });
    let event = cx.event(kind, payload).on("client", &consent.client_id).on("identity", &consent.identity_id);
    match consent.organization_id {
        Some(organization) => event.in_organization(organization),
        None => event,
    }
}

/// Says no: the client is told `access_denied`. `_901` when the request is over.
pub async fn deny(app: &Arc<Tenant>, cx: &Cx, challenge: &str, visitor: Visitor<'_>) -> Result<Next> {
    let pending = pending::find(app, cx, challenge, visitor.holder).await?.ok_or_else(gone)?;
    let request = match judged(app, cx, pending).await? {
        Ok(request) => request,
        Err(next) => return Ok(next),
    };
    request.pending.end(app, cx.now).await?;
    let no = OAuthError::new(ErrorCode::AccessDenied, "the person said no");
    Ok(Next::Answer(request.asked.return_to.with_error(&no, &app.config.origin())))
}
