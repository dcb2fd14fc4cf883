//! What people agreed to, as they and administrators see it, and taking it back (`contract/30` §10.1).

use avnology_model::{
    Error, Result, Timestamp,
    clients::Consent,
    events::EventType,
    ids::{ClientId, ConsentId, IdentityId, OrganizationId},
};
use avnology_store::clients::{clients, consents as rows, grants};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    authorize::{consent_event, described},
    cache,
};
use crate::{Cx, Tenant, events::emit};

/// The client of a consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConsentClient {
    /// Id.
    #[schema(value_type = String)]
    pub id: ClientId,
    /// Name.
    pub name: String,
    /// Its picture.
    pub logo_uri: Option<String>,
}

/// A consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = GivenConsent)]
pub struct ConsentView {
    /// Id.
    #[schema(value_type = String)]
    pub id: ConsentId,
    /// For which client.
    pub client: ConsentClient,
    /// For which organization; null for none.
    #[schema(value_type = Option<String>)]
    pub organization_id: Option<OrganizationId>,
    /// The scopes.
    pub scopes: Vec<String>,
    /// The resources.
    pub resources: Vec<String>,
    /// When it was given.
    #[schema(value_type = String, format = DateTime)]
    pub granted_at: Timestamp,
    /// When it was relied upon last.
    #[schema(value_type = String, format = DateTime)]
    pub last_used_at: Timestamp,
}

/// The consents of a person, the latest used first.
pub async fn consents_of(app: &Tenant, person: IdentityId) -> Result<Vec<ConsentView>> {
    app.store.identity().read(move |tx| views(tx, person)).await
}

pub(crate) fn views(tx: &mut avnology_store::IdentityTx<'_>, person: IdentityId) -> Result<Vec<ConsentView>> {
    let mut shown = Vec::new();
    for consent in rows::of_identity(tx, person)? {
        let Some(client) = clients::find(tx, consent.client_id)? else { continue };
        shown.push(view(consent, client.settings.name, client.settings.logo_uri));
    }
    Ok(shown)
}

fn view(consent: Consent, name: String, logo_uri: Option<String>) -> ConsentView {
    ConsentView {
        id: consent.id,
        client: ConsentClient { id: consent.client_id, name, logo_uri },
        organization_id: consent.organization_id,
        scopes: consent.scopes,
        resources: consent.resources,
        granted_at: consent.granted_at,
        last_used_at: consent.last_used_at,
    }
}

/// These scopes with what their resources say of them; of the server's own nothing, whose words are the page's.
pub async fn scope_words(app: &Tenant, cx: &Cx, scopes: &[String]) -> Result<Vec<(String, Option<String>)>> {
    let known = cache::all_resources(app, cx).await?;
    Ok(scopes.iter().map(|name| (name.clone(), described(name, &known))).collect())
}

/// Takes a consent of a person back: the client's tokens end, and it has to ask again. `_901` for one that is not theirs.
pub async fn revoke_consent(app: &Tenant, cx: &Cx, person: IdentityId, id: ConsentId) -> Result<()> {
    let cx = cx.clone();
    app.store
        .identity()
        .write(move |tx| {
            let consent = rows::find(tx, id)?.filter(|consent| consent.identity_id == person);
            let consent = consent.ok_or_else(Error::not_found)?;
            rows::delete(tx, id)?;
            grants::revoke_of_consent(tx, person, consent.client_id, consent.organization_id, cx.now)?;
            emit(tx, &consent_event(&cx, EventType::OauthConsentRevoked, &consent))
        })
        .await
}
