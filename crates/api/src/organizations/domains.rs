//! Domains of organizations (`contract/20` §8).

use avnology_core::organizations::{self, DomainChange, DomainView, NewDomain};
use avnology_http::{
    Auth, Body, Created, Idempotency, InOrganization, Json, NoContent, NoInput, Patch, Path1, Reply,
    Response, Route, scopes,
};
use avnology_model::{Code, Result, events::EventType, ids::DomainId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::once::once;

type Reader = Auth<InOrganization<scopes::OrganizationsRead>>;
type Writer = Auth<InOrganization<scopes::OrganizationsWrite>>;

/// The domains of an organization.
#[derive(Serialize, ToSchema)]
struct DomainList {
    /// All of them, the oldest first.
    domains: Vec<DomainView>,
}

async fn list(auth: Reader, _: NoInput) -> Result<Json<DomainList>> {
    let domains = organizations::list_domains(&auth.app, auth.acting()?).await?;
    Ok(Json(DomainList { domains }))
}

async fn create(
    auth: Writer,
    (Idempotency(key), Body(new)): (Idempotency, Body<NewDomain>),
) -> Result<Response> {
    let acting = auth.acting()?;
    let place = acting.id();
    let path = move |id: &str| format!("/v1/organizations/{place}/domains/{id}");
    let call = async {
        let made = organizations::create_domain(&auth.app, &auth.cx, acting, new, key.as_ref()).await?;
        Ok(Created { location: path(&made.id.to_string()), body: made }.respond())
    };
    let location = |body: &serde_json::Value| body.get("id")?.as_str().map(path);
    once(&auth.app, &auth.cx, key, location, Box::pin(call)).await
}

async fn get(auth: Reader, Path1(id): Path1<DomainId>) -> Result<Json<DomainView>> {
    organizations::get_domain(&auth.app, auth.acting()?, id).await.map(Json)
}

async fn update(
    auth: Writer,
    (Path1(id), Patch(change)): (Path1<DomainId>, Patch<DomainChange>),
) -> Result<Json<DomainView>> {
    organizations::update_domain(&auth.app, &auth.cx, auth.acting()?, id, change).await.map(Json)
}

async fn delete(auth: Writer, Path1(id): Path1<DomainId>) -> Result<NoContent> {
    organizations::delete_domain(&auth.app, &auth.cx, auth.acting()?, id).await?;
    Ok(NoContent)
}

async fn verify(auth: Writer, Path1(id): Path1<DomainId>) -> Result<Json<DomainView>> {
    organizations::verify_domain(&auth.app, &auth.cx, auth.acting()?, id).await.map(Json)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerifyDomain {
    /// A domain that the organization has claimed.
    #[schema(max_length = 253)]
    domain: String,
}

async fn verify_named(auth: Writer, Body(body): Body<VerifyDomain>) -> Result<Json<DomainView>> {
    organizations::verify_domain_named(&auth.app, &auth.cx, auth.acting()?, &body.domain).await.map(Json)
}

pub(super) fn routes() -> Vec<Route> {
    let one = "The domain.";
    vec![
        Route::get("/v1/organizations/{id}/domains", list)
            .operation_id("listDomains")
            .summary("List the domains of an organization")
            .tag("domains")
            .answers::<DomainList>(200, "All of them."),
        Route::post("/v1/organizations/{id}/domains", create)
            .operation_id("createDomain")
            .records(EventType::DomainAdded)
            .summary("Claim a domain, which is still to be proven")
            .tag("domains")
            .answers::<DomainView>(201, "The domain, with the TXT record that proves it.")
            .creates()
            .refuses(&[
                Code::RoleNotAssignable,
                Code::DomainNotAcceptable,
                Code::DomainTaken,
                Code::AlreadyExists,
                Code::LimitReached,
            ]),
        Route::post("/v1/organizations/{id}/domains:verify", verify_named)
            .operation_id("verifyDomainByName")
            .records(EventType::DomainVerified)
            .summary("Look for the TXT record of a domain, by its name")
            .tag("domains")
            .answers::<DomainView>(200, "The domain, which is proven now.")
            .refuses(&[Code::DomainNotAcceptable, Code::DomainNotVerified, Code::DomainTaken]),
        Route::get("/v1/organizations/{id}/domains/{dom}", get)
            .operation_id("getDomain")
            .summary("Read a domain")
            .tag("domains")
            .answers::<DomainView>(200, one),
        Route::patch("/v1/organizations/{id}/domains/{dom}", update)
            .operation_id("updateDomain")
            .records(EventType::OrganizationUpdated)
            .summary("Change what a domain is good for")
            .tag("domains")
            .answers::<DomainView>(200, one)
            .refuses(&[Code::RoleNotAssignable]),
        Route::delete("/v1/organizations/{id}/domains/{dom}", delete)
            .operation_id("deleteDomain")
            .records(EventType::DomainRemoved)
            .summary("Give a domain up")
            .tag("domains")
            .answers_empty(204),
        Route::post("/v1/organizations/{id}/domains/{dom}:verify", verify)
            .operation_id("verifyDomain")
            .records(EventType::DomainVerified)
            .summary("Look for the TXT record of a domain")
            .tag("domains")
            .answers::<DomainView>(200, "The domain, which is proven now.")
            .refuses(&[Code::DomainNotVerified, Code::DomainTaken]),
    ]
}
