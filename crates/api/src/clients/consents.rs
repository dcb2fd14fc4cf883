//! Consents: one's own, and those of others for the platform.

use avnology_core::clients::{self, ConsentView};
use avnology_http::{Auth, Json, NoContent, NoInput, Path1, Path2, Route, SignedIn, TenantScoped, scopes};
use avnology_model::{
    Result,
    events::EventType,
    ids::{ConsentId, IdentityId},
};
use serde::Serialize;
use utoipa::ToSchema;

/// Consents, the latest used first.
#[derive(Serialize, ToSchema)]
struct ConsentList {
    consents: Vec<ConsentView>,
}

async fn own(auth: Auth<SignedIn>, _: NoInput) -> Result<Json<ConsentList>> {
    let person = auth.session().identity.id;
    Ok(Json(ConsentList { consents: clients::consents_of(&auth.app, person).await? }))
}

async fn revoke_own(auth: Auth<SignedIn>, Path1(id): Path1<ConsentId>) -> Result<NoContent> {
    clients::revoke_consent(&auth.app, &auth.cx, auth.session().identity.id, id).await?;
    Ok(NoContent)
}

async fn of_person(
    auth: Auth<TenantScoped<scopes::ClientsRead>>,
    Path1(person): Path1<IdentityId>,
) -> Result<Json<ConsentList>> {
    avnology_core::identities::get(&auth.app, &auth.cx, person).await?;
    Ok(Json(ConsentList { consents: clients::consents_of(&auth.app, person).await? }))
}

async fn revoke(
    auth: Auth<TenantScoped<scopes::ClientsWrite>>,
    Path2(person, id): Path2<IdentityId, ConsentId>,
) -> Result<NoContent> {
    clients::revoke_consent(&auth.app, &auth.cx, person, id).await?;
    Ok(NoContent)
}

pub(super) fn routes() -> Vec<Route> {
    let all = "What was agreed to, the latest used first.";
    vec![
        Route::get("/v1/me/consents", own)
            .operation_id("listMyConsents")
            .summary("List what one agreed to for clients")
            .tag("me")
            .answers::<ConsentList>(200, all),
        Route::delete("/v1/me/consents/{con_id}", revoke_own)
            .operation_id("revokeMyConsent")
            .summary("Take a consent back; the client's tokens end")
            .tag("me")
            .answers_empty(204),
        Route::get("/v1/identities/{id}/consents", of_person)
            .operation_id("listConsents")
            .summary("List what a person agreed to for clients")
            .tag("clients")
            .answers::<ConsentList>(200, all),
        Route::delete("/v1/identities/{id}/consents/{con_id}", revoke)
            .operation_id("revokeConsent")
            .records(EventType::OauthConsentRevoked)
            .summary("Take a person's consent back; the client's tokens end")
            .tag("clients")
            .answers_empty(204),
    ]
}
